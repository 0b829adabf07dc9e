package countersign.app.ui

import androidx.activity.compose.BackHandler
import androidx.compose.animation.core.Animatable
import androidx.compose.animation.core.tween
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawing
import androidx.compose.foundation.layout.windowInsetsPadding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.key
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.graphicsLayer
import androidx.compose.ui.hapticfeedback.HapticFeedbackType
import androidx.compose.ui.platform.LocalHapticFeedback
import androidx.compose.ui.unit.dp
import countersign.app.Action
import countersign.app.AddScreen
import countersign.app.CodeScreen
import countersign.app.HomeScreen
import countersign.app.PageScreen
import countersign.app.PinScreen
import countersign.app.R
import countersign.app.RequestScreen
import countersign.app.ScanScreen
import countersign.app.Screen
import countersign.app.Session
import countersign.app.Sign
import countersign.app.words

/** Everything that is drawn: the top screen, and a line above it where a request waits. */
@Composable
fun Root(session: Session) = CountersignTheme {
    val top = session.screens.top
    // At home there is nothing to go back to: the system's own way out is seen there.
    BackHandler(session.screens.all.size > 1) { session.screens.back() }
    Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.background) {
        BoxWithConstraints(Modifier.fillMaxSize().windowInsetsPadding(WindowInsets.safeDrawing)) {
            val low = isLow(maxWidth, maxHeight)
            val way =
                @Composable {
                    if (top !is HomeScreen) {
                        SymbolButton(
                            Icons.Back,
                            say(R.string.back),
                            Modifier.padding(start = 4.dp),
                        ) {
                            session.screens.back()
                        }
                    }
                }
            Column(Modifier.fillMaxSize()) {
                if (session.hidden) Waiting(session)
                if (!low) way()
                key(top) { Entering { ScreenView(top) } }
            }
            if (low) way()
        }
    }
}

/** A line above the screen where a request waits that no screen shows. */
@Composable
private fun Waiting(session: Session) =
    Box(Modifier.padding(horizontal = 16.dp, vertical = 6.dp)) {
        ActionButton(Action(words(R.string.waiting_show), run = { session.show() }))
    }

@Composable
fun ScreenView(screen: Screen) =
    when (screen) {
        is HomeScreen -> HomeView(screen)
        is AddScreen -> FirstView(screen::scan, screen::paste)
        is RequestScreen -> RequestView(screen)
        is PinScreen -> PinView(screen)
        is ScanScreen -> ScanView(screen)
        is CodeScreen -> CodeView(screen)
        is PageScreen -> {
            Felt(screen)
            PageView(screen)
        }
        else -> Unit
    }

/** A success is felt in the hand, and so is a warning. */
@Composable
private fun Felt(screen: PageScreen) {
    val feel = LocalHapticFeedback.current
    val sign = remember(screen) { screen.page().sign }
    LaunchedEffect(screen) {
        when (sign) {
            Sign.DONE -> feel.performHapticFeedback(HapticFeedbackType.Confirm)
            Sign.WARNING -> feel.performHapticFeedback(HapticFeedbackType.Reject)
            else -> Unit
        }
    }
}

private const val ENTERS_IN = 180
private val FROM = 12.dp

/**
 * A screen comes in from below, shortly; the one before is gone at once, with what was typed on it.
 */
@Composable
private fun Entering(content: @Composable () -> Unit) {
    val there = remember { Animatable(0f) }
    LaunchedEffect(Unit) { there.animateTo(1f, tween(ENTERS_IN)) }
    Box(
        Modifier.fillMaxWidth().graphicsLayer {
            alpha = there.value
            translationY = FROM.toPx() * (1 - there.value)
        }
    ) {
        content()
    }
}
