package countersign.app

import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateListOf
import androidx.compose.runtime.setValue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** A key of a keyboard. */
sealed class Key {
    class Digit(val digit: Int) : Key()

    data object Erase : Key()

    data object Enter : Key()
}

/**
 * One screen: what it knows and does. How it looks is in ui/. It outlives what is drawn, which goes
 * when the phone is turned or the app leaves the display, and it goes with the process: nothing of
 * it is saved.
 */
abstract class Screen(val session: Session) {
    /** What the screen does while it is there; it ends when the screen is left. */
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    /** Goes up with every change: who draws the screen looks at it, and draws again. */
    var version by mutableIntStateOf(0)
        private set

    fun redraw() {
        version++
    }

    /** Does something while the screen is there; [failed] is told why it did not work. */
    fun attempt(failed: suspend (Said) -> Unit, work: suspend () -> Unit) {
        scope.attempt(failed, work)
    }

    /** The screen is on the display. */
    open fun appear() = Unit

    /** The app is not on the display any more, or another screen covers this one. */
    open fun hide() = Unit

    /** The screen was left. */
    open fun close() = scope.cancel()

    /** Something runs that a link or picture of another app must not end. */
    open val underway: Boolean
        get() = false

    /** A key of a keyboard; whether it was of use. */
    open fun key(key: Key): Boolean = false

    /** A picture that the person chose. */
    open fun picked(picture: Picture) = Unit

    /** The person has answered whether the app may use the camera. */
    open fun permitted() = Unit
}

fun CoroutineScope.attempt(failed: suspend (Said) -> Unit, work: suspend () -> Unit) = launch {
    try {
        work()
    } catch (error: CancellationException) {
        throw error
    } catch (error: Exception) {
        failed(error.said())
    }
}

/** The screens that lie on each other. The lowest one stays. */
class Screens {
    private val stack = mutableStateListOf<Screen>()
    private var seen = false
    private var shown: Screen? = null

    val top: Screen
        get() = stack.last()

    val all: List<Screen>
        get() = stack

    fun open(screen: Screen) = change { stack.add(screen) }

    /** Another screen in the place of the top one. */
    fun replace(screen: Screen) = change {
        if (stack.size > 1) stack.removeAt(stack.lastIndex)
        stack.add(screen)
    }

    /** Leaves all but the lowest screen, for [then] or for itself. */
    fun home(then: Screen? = null) = change {
        while (stack.size > 1) stack.removeAt(stack.lastIndex)
        then?.let(stack::add)
    }

    /** Leaves this screen, wherever it lies. */
    fun leave(screen: Screen) = change { if (stack.size > 1) stack.remove(screen) }

    private fun change(work: () -> Unit) {
        val before = stack.toList()
        work()
        show()
        (before - stack.toSet()).forEach(Screen::close)
    }

    /** The app has come to the display, or left it. */
    fun seen(on: Boolean) {
        seen = on
        show()
    }

    private fun show() {
        val now = if (seen) stack.lastOrNull() else null
        if (now === shown) return
        shown?.hide()
        shown = now
        now?.appear()
    }

    /** One back; whether there was a screen to leave. */
    fun back(): Boolean {
        if (stack.size < 2) return false
        leave(top)
        return true
    }
}
