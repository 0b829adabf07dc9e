package countersign.app

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import android.view.ViewGroup
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.luminance
import androidx.compose.ui.node.RootForTest
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.getAllSemanticsNodes
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.TextLayoutResult
import java.io.File

fun View.roots(): List<RootForTest> =
    when (this) {
        is RootForTest -> listOf(this)
        is ViewGroup -> (0 until childCount).flatMap { getChildAt(it).roots() }
        else -> emptyList()
    }

/** The view that Compose draws into. */
val Activity.drawn: RootForTest
    get() = window.decorView.roots().single()

/**
 * What an activity says to whoever looks or listens; ui-test, which has this too, is not on this
 * machine's registry as a whole.
 */
fun Activity.semantics(merged: Boolean): List<SemanticsNode> =
    window.decorView
        .roots()
        .onEach { it.measureAndLayoutForTest() }
        .flatMap { it.semanticsOwner.getAllSemanticsNodes(mergingEnabled = merged) }

/** The labels of the fields on the screen. */
fun List<SemanticsNode>.labels(): List<String> =
    filter { SemanticsActions.SetText in it.config }
        .map { field -> field.children.flatMap { it.below }.first(String::isNotEmpty) }

/** What is on the display. */
fun Activity.picture(): Bitmap {
    val view = window.decorView
    return Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888).also {
        view.draw(Canvas(it))
    }
}

fun save(picture: Bitmap, file: File) {
    file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
}

/** How the text of a node is laid out; nothing where it has none. */
val SemanticsNode.layouts: List<TextLayoutResult>
    get() =
        ArrayList<TextLayoutResult>().also {
            config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(it)
        }

/** All of it is on the display, and nothing lies over it. */
val SemanticsNode.whole: Boolean
    get() = boundsInWindow.run { width >= size.width - 1 && height >= size.height - 1 }

val TextLayoutResult.whole: Boolean
    get() = multiParagraph.run { !didExceedMaxLines && height <= this@whole.size.height + 1 }

/** The contrast of two colours, as WCAG 2.2 has it. */
fun contrast(one: Color, other: Color): Double {
    val (dark, light) = listOf(one.luminance(), other.luminance()).sorted()
    return (light + 0.05) / (dark + 0.05)
}
