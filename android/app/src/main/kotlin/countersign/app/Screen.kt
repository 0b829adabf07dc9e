package countersign.app

import android.net.Uri
import android.view.KeyEvent
import android.view.View
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/**
 * One screen: what it knows, and how it draws that. It outlives its views, which go when the phone is turned or the app leaves the screen, and it goes
 * with the process: nothing of it is saved.
 */
abstract class Screen(protected val session: Session) {
    abstract val layout: Int

    /** What the screen does while it is there; it ends when the screen is left. */
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    protected var view: View? = null
        private set

    fun appear(view: View) {
        this.view = view
        set(view)
        draw(view)
    }

    /** These views go; others may have come in their place already. */
    fun disappear(view: View) {
        if (this.view !== view) return
        this.view = null
        hide()
    }

    /** Once for new views: what is done when they are touched. */
    protected open fun set(view: View) = Unit

    /** Whenever what the screen knows has changed. */
    protected abstract fun draw(view: View)

    fun redraw() {
        view?.let(::draw)
    }

    /** Does something while the screen is there; [failed] is told why it did not work. */
    fun attempt(failed: suspend (Said) -> Unit, work: suspend () -> Unit) {
        scope.launch {
            try {
                work()
            } catch (error: CancellationException) {
                throw error
            } catch (error: Exception) {
                failed(error.said())
            }
        }
    }

    /** The app is not on the display any more, or another screen covers this one. */
    protected open fun hide() = Unit

    /** The screen was left. */
    open fun close() = scope.cancel()

    /** Something runs that a link, which any app can send, must not end. */
    open val underway: Boolean get() = false

    /** A key of a keyboard; whether it was of use. */
    open fun key(event: KeyEvent): Boolean = false

    /** A picture that the person chose. */
    open fun picked(picture: Uri) = Unit

    /** The person has answered whether the app may use the camera. */
    open fun permitted() = Unit
}

/** The screens that lie on each other. The lowest one stays. */
class Screens {
    private val stack = ArrayDeque<Screen>()
    var changed: () -> Unit = {}

    val top: Screen get() = stack.last()
    val all: List<Screen> get() = stack

    fun open(screen: Screen) = change { stack.addLast(screen) }

    /** Another screen in the place of the top one. */
    fun replace(screen: Screen) = change {
        if (stack.size > 1) stack.removeLast()
        stack.addLast(screen)
    }

    /** Leaves all but the lowest screen, for [then] or for itself. */
    fun home(then: Screen? = null) = change {
        while (stack.size > 1) stack.removeLast()
        then?.let(stack::addLast)
    }

    /** Leaves this screen, wherever it lies. */
    fun leave(screen: Screen) = change { if (stack.size > 1) stack.remove(screen) }

    private fun change(work: () -> Unit) {
        val before = stack.toList()
        work()
        changed()
        // After another one was drawn in its place.
        (before - stack.toSet()).forEach(Screen::close)
    }

    /** One back; whether there was a screen to leave. */
    fun back(): Boolean {
        if (stack.size < 2) return false
        leave(top)
        return true
    }
}
