package countersign.app

import android.content.Context
import android.view.View
import android.view.accessibility.AccessibilityEvent
import android.widget.FrameLayout

/**
 * What lies around all that is drawn. It takes no touch while another window lies over it, keeps
 * autofill and the capture of contents away, and lets no event out that tells which key of a PIN
 * pad was pressed.
 *
 * @param secret whether such a pad is shown now.
 */
class QuietFrame(context: Context, private val secret: () -> Boolean) : FrameLayout(context) {
    init {
        filterTouchesWhenObscured = true
        importantForAutofill = IMPORTANT_FOR_AUTOFILL_NO_EXCLUDE_DESCENDANTS
        if (android.os.Build.VERSION.SDK_INT >= android.os.Build.VERSION_CODES.R) {
            importantForContentCapture = IMPORTANT_FOR_CONTENT_CAPTURE_NO_EXCLUDE_DESCENDANTS
        }
    }

    override fun requestSendAccessibilityEvent(child: View, event: AccessibilityEvent): Boolean =
        !(secret() && event.eventType in TELLING) &&
            super.requestSendAccessibilityEvent(child, event)

    companion object {
        /**
         * A key that is looked for is read out, or nobody who can't see could find it; a key that
         * was pressed is not told.
         */
        val TELLING =
            setOf(
                AccessibilityEvent.TYPE_VIEW_CLICKED,
                AccessibilityEvent.TYPE_VIEW_LONG_CLICKED,
                AccessibilityEvent.TYPE_VIEW_SELECTED,
                AccessibilityEvent.TYPE_VIEW_TEXT_CHANGED,
            )
    }
}
