package countersign.app

import android.view.KeyEvent
import android.view.View
import android.view.ViewGroup
import android.view.accessibility.AccessibilityEvent
import countersign.PinEntry

const val PIN_LENGTH = 4

/**
 * The keys and dots of a PIN. A digit goes from its key into Rust and is nowhere else: the dots know how many there are, keys that are pressed tell no
 * accessibility service so, and a screen reader says the number of digits only.
 */
class PinPad(private val entry: () -> PinEntry, private val changed: () -> Unit) {
    var enabled = true

    private fun push(digit: Int) {
        if (!enabled) return
        entry().push(digit)
        changed()
    }

    private fun erase() {
        if (!enabled) return
        entry().erase()
        changed()
    }

    fun set(view: View) {
        KEYS.forEachIndexed { digit, id -> view.requireViewById<View>(id).silent().setOnClickListener { push(digit) } }
        view.requireViewById<View>(R.id.erase).setOnClickListener { erase() }
        view.requireViewById<View>(R.id.erase).setOnLongClickListener {
            if (enabled) entry().clear()
            changed()
            true
        }
    }

    fun draw(view: View) {
        val length = entry().length()
        val dots = view.requireViewById<ViewGroup>(R.id.dots)
        for (at in 0 until PIN_LENGTH) dots.getChildAt(at).isActivated = at < length
        dots.contentDescription = view.resources.getQuantityString(R.plurals.pin_digits_typed, length, length, PIN_LENGTH)
        for (id in KEYS + R.id.erase) view.requireViewById<View>(id).isEnabled = enabled
    }

    /** Digits of a keyboard. */
    fun key(event: KeyEvent): Boolean {
        val digit = when (val code = event.keyCode) {
            in KeyEvent.KEYCODE_0..KeyEvent.KEYCODE_9 -> code - KeyEvent.KEYCODE_0
            in KeyEvent.KEYCODE_NUMPAD_0..KeyEvent.KEYCODE_NUMPAD_9 -> code - KeyEvent.KEYCODE_NUMPAD_0
            KeyEvent.KEYCODE_DEL -> ERASE
            else -> return false
        }
        if (event.action == KeyEvent.ACTION_DOWN && event.repeatCount == 0) if (digit == ERASE) erase() else push(digit)
        return true
    }

    /** Whoever listens hears that the screen changed, and not which key it was. */
    private fun View.silent() = apply {
        accessibilityDelegate = object : View.AccessibilityDelegate() {
            override fun sendAccessibilityEvent(host: View, type: Int) {
                if (type !in TELLING) super.sendAccessibilityEvent(host, type)
            }
        }
    }

    private companion object {
        const val ERASE = -1
        val KEYS = listOf(
            R.id.key_0, R.id.key_1, R.id.key_2, R.id.key_3, R.id.key_4, R.id.key_5, R.id.key_6, R.id.key_7, R.id.key_8, R.id.key_9,
        )
        val TELLING = setOf(
            AccessibilityEvent.TYPE_VIEW_CLICKED, AccessibilityEvent.TYPE_VIEW_LONG_CLICKED, AccessibilityEvent.TYPE_VIEW_SELECTED,
        )
    }
}
