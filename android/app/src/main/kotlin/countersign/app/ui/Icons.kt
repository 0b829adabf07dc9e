package countersign.app.ui

import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.graphics.vector.addPathNodes
import androidx.compose.ui.unit.dp

/** The app's own pictures: strokes of one width on a square of 24. */
object Icons {
    val Mark = icon("M5,11 L10,16 L20,5 M6,21 H18")
    val Tick = icon("M5,13 L10,18 L20,7")
    val Warning = icon("M12,4 L21,20 H3 Z M12,10 V14 M12,17 V17.1")
    val Finger =
        icon(
            "M5,10 C5,4 19,4 19,10 V13 M8,20 C9,17 8,15 8,11 C8,7 16,7 16,11 C16,15 " +
                "16,17 15,20 M12,11 C12,15 12,17 11.5,20.5 M5,14 V16 M19,16 V17.5"
        )
    val Phone =
        icon(
            "M8,3 H16 A1.5,1.5 0 0 1 17.5,4.5 V19.5 A1.5,1.5 0 0 1 16,21 H8 " +
                "A1.5,1.5 0 0 1 6.5,19.5 V4.5 A1.5,1.5 0 0 1 8,3 Z M11,18 H13"
        )
    val Computer = icon("M4,5 H20 V16 H4 Z M9,20 H15 M12,16 V20")
    val Code =
        icon(
            "M4,4 H10 V10 H4 Z M14,4 H20 V10 H14 Z M4,14 H10 V20 H4 " +
                "Z M14,14 H16.5 M20,14 V17 M14,20 V17.5 M17.5,20 H20"
        )
    val Scan = icon("M4,9 V4 H9 M15,4 H20 V9 M20,15 V20 H15 M9,20 H4 V15 M7,12 H17")
    val Bell =
        icon("M6,16 V11 C6,7 8.5,5 12,5 C15.5,5 18,7 18,11 " +
                "V16 L19.5,18 H4.5 Z M10,21 H14 M12,3 V5")
    val Erase = icon("M9,6 H20 V18 H9 L4,12 Z M12,10 L16,14 M16,10 L12,14")
    val Back = icon("M19,12 H5 M11,6 L5,12 L11,18", mirrored = true)
    val On = icon("M9,5 L16,12 L9,19", mirrored = true)
    val Torch = icon("M13,3 L6,14 H12 L11,21 L18,10 H12 Z")
    val Picture = icon("M4,5 H20 V19 H4 Z M4,16 L9,11 L13,15 L16,12 L20,16 M15,8.5 V8.6")
    val Paste = icon("M9,5 H6 V20 H18 V5 H15 M9,3.5 H15 V7 H9 Z M9,12 H15 M9,16 H13")
    val Plus = icon("M12,5 V19 M5,12 H19")
    val History = icon("M5,6 V10 H9 M5.5,10 A7.5,7.5 0 1 1 5,14 M12,8 V13 L15,15")
    val Place = icon("M12,21 C8,16 6,13 6,9.5 A6,6 0 0 1 18,9.5 C18,13 16,16 12,21 Z M12,9 V10")
    val Clock = icon("M12,4 A8,8 0 1 1 11.99,4 Z M12,8 V12 L15,14")

    private fun icon(path: String, mirrored: Boolean = false): ImageVector =
        ImageVector.Builder("", 24.dp, 24.dp, 24f, 24f, autoMirror = mirrored)
            .addPath(
                addPathNodes(path),
                stroke = SolidColor(Color.Black),
                strokeLineWidth = 1.9f,
                strokeLineCap = StrokeCap.Round,
                strokeLineJoin = StrokeJoin.Round,
            )
            .build()
}
