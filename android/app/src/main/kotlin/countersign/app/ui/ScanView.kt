package countersign.app.ui

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.FilledTonalIconToggleButton
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.hapticfeedback.HapticFeedbackType
import androidx.compose.ui.platform.LocalHapticFeedback
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import countersign.app.Action
import countersign.app.CameraPreview
import countersign.app.Leave
import countersign.app.Look
import countersign.app.R
import countersign.app.ScanScreen
import countersign.app.words

@Composable
fun ScanView(screen: ScanScreen) {
    screen.version
    val pane = say(R.string.scan_title)
    val feel = LocalHapticFeedback.current
    LaunchedEffect(screen.taken) {
        if (screen.taken > 0) feel.performHapticFeedback(HapticFeedbackType.Confirm)
    }
    val leave = screen.leave
    Halves(
        Modifier.semantics { paneTitle = pane },
        read = {
            screen.version
            Title(words(R.string.scan_title))
            screen.note?.let { Note(it) }
            when {
                leave == Leave.NOT_ASKED -> {
                    Body(words(R.string.scan_why_title))
                    Body(words(R.string.scan_why))
                }
                leave == Leave.REFUSED -> Body(words(R.string.scan_refused))
                screen.noCamera -> Body(words(R.string.scan_no_camera))
                leave == Leave.GIVEN -> {
                    Body(words(R.string.scan_text))
                    Seen(screen)
                }
            }
            if (screen.busy) Busy()
        },
    ) {
        screen.version
        Column(Modifier.fillMaxWidth(), Arrangement.spacedBy(10.dp)) {
            if (leave == Leave.NOT_ASKED)
                ActionButton(Action(words(R.string.scan_allow), run = screen::allow))
            if (leave == Leave.REFUSED)
                ActionButton(Action(words(R.string.scan_settings), run = screen::settings))
            Two(
                {
                    ActionButton(
                        Action(
                            words(R.string.scan_picture),
                            Look.PLAIN,
                            !screen.busy,
                            screen::choose,
                        ),
                        it,
                    )
                },
                {
                    ActionButton(
                        Action(words(R.string.scan_paste), Look.PLAIN, !screen.busy, screen::paste),
                        it,
                    )
                },
            )
        }
    }
}

/** What the camera sees, with a frame for the code and its light. */
@Composable
private fun Seen(screen: ScanScreen) =
    Box(
        Modifier.fillMaxWidth()
            .heightIn(max = 420.dp)
            .aspectRatio(1f)
            .clip(MaterialTheme.shapes.large),
        Alignment.Center,
    ) {
        screen.version
        val name = say(R.string.scan_camera)
        CameraPreview(
            screen.torch,
            Modifier.fillMaxSize().semantics { contentDescription = name },
            screen::saw,
            screen::lost,
        )
        Canvas(Modifier.fillMaxSize().padding(36.dp)) { frame() }
        val torch = say(if (screen.torch) R.string.scan_torch_off else R.string.scan_torch_on)
        FilledTonalIconToggleButton(
            screen.torch,
            { screen.switchTorch() },
            Modifier.align(Alignment.BottomEnd).padding(12.dp),
        ) {
            Icon(Icons.Torch, torch)
        }
    }

/** Four corners. */
private fun DrawScope.frame() {
    val arm = size.minDimension / ARM
    for ((x, y) in
        listOf(0f to 0f, size.width to 0f, 0f to size.height, size.width to size.height)) {
        val across = if (x == 0f) arm else -arm
        val down = if (y == 0f) arm else -arm
        for (end in listOf(Offset(x + across, y), Offset(x, y + down))) {
            drawLine(
                Color.White,
                Offset(x, y),
                end,
                strokeWidth = 4.dp.toPx(),
                cap = StrokeCap.Round,
            )
        }
    }
}

private const val ARM = 6f
