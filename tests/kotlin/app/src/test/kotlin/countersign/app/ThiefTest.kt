package countersign.app

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.MotionEvent
import android.view.View
import android.view.WindowManager
import android.view.accessibility.AccessibilityEvent
import android.view.inputmethod.EditorInfo
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.shadows.ShadowLog

/**
 * What a thief, a screen reader or another app learns of a PIN that is being typed: how many digits
 * there are.
 */
class ThiefTest : Hand() {
    private fun typing(digits: Int) {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        press("Yes, go on")
        keys(PIN.take(digits))
    }

    private val typed
        get() = (session.screens.top as PinScreen).length

    @Test
    fun `the screen knows how many digits there are, and no more`() {
        typing(3)
        assertEquals(3, typed)
        val dots = nodes.single { "3 of 4 digits typed" in it.said }
        assertEquals(listOf("3 of 4 digits typed"), dots.below, "the dots have no text")
        // The keys' own labels are all that has digits.
        assertEquals(10, texts.count { text -> text.any(Char::isDigit) && text.length < 4 })
    }

    @Test
    fun `a key that is pressed tells no accessibility service which one it was`() {
        listen()
        typing(0)
        idle(20)
        val drawn = activity.drawn as View
        val told = heard {
            key('4')
            idle()
        }
        assertEquals(1, typed)
        assertTrue(told.none { it.eventType in QuietFrame.TELLING }, "$told")
        // Whatever the drawing would tell, the frame around it lets none of that out.
        val frame =
            generateSequence(drawn.parent) { it.parent }.filterIsInstance<QuietFrame>().single()
        for (type in QuietFrame.TELLING) {
            assertFalse(
                frame.requestSendAccessibilityEvent(drawn, AccessibilityEvent(type)),
                "$type",
            )
        }
        // A key that is looked for is read out, or nobody who can't see could find it.
        val found = heard {
            frame.requestSendAccessibilityEvent(
                drawn,
                AccessibilityEvent(AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUSED),
            )
        }
        assertTrue(found.any { it.eventType == AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUSED })
        for (digit in '0'..'9') {
            val sensitive = pad(digit)!!.config.getOrNull(SemanticsProperties.IsSensitiveData)
            assertEquals(
                true,
                sensitive,
                "hidden from services that are no tools for disabled people",
            )
        }
    }

    @Test
    fun `no picture is taken of the screen, no other app lies over it, and autofill keeps away`() {
        typing(1)
        assertTrue(activity.window.attributes.flags and WindowManager.LayoutParams.FLAG_SECURE != 0)
        val drawn = activity.drawn as View
        val frame =
            generateSequence(drawn.parent) { it.parent }.filterIsInstance<QuietFrame>().single()
        assertTrue(frame.filterTouchesWhenObscured)
        assertFalse(drawn.isImportantForAutofill || drawn.isImportantForContentCapture)
        assertEquals(1, typed)
        val key = pad('4')!!.boundsInWindow.center
        val at = android.os.SystemClock.uptimeMillis()
        for (action in listOf(MotionEvent.ACTION_DOWN, MotionEvent.ACTION_UP)) {
            val finger = MotionEvent.PointerProperties()
            val place =
                MotionEvent.PointerCoords().apply {
                    x = key.x
                    y = key.y
                }
            val covered =
                MotionEvent.obtain(
                    at,
                    at,
                    action,
                    1,
                    arrayOf(finger),
                    arrayOf(place),
                    0,
                    0,
                    1f,
                    1f,
                    0,
                    0,
                    0,
                    MotionEvent.FLAG_WINDOW_IS_OBSCURED,
                )
            activity.window.decorView.dispatchTouchEvent(covered)
        }
        idle()
        assertEquals(1, typed, "a touch through another window types nothing")
    }

    @Test
    fun `keyboards are asked to learn nothing from what is typed`() {
        start()
        press("Scan the QR code")
        press("Paste a link")
        field("Link").config[SemanticsActions.RequestFocus].action!!()
        val asked = EditorInfo()
        until("a keyboard is asked for") {
            (activity.drawn as View).onCreateInputConnection(asked) != null
        }
        assertTrue(asked.imeOptions and EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING != 0)
    }

    @Test
    fun `what was typed goes with the screen, and nothing of it is saved or logged`() {
        typing(3)
        val saved = Bundle()
        controller.saveInstanceState(saved).pause().stop()
        // Android's own note that the app has asked for the camera.
        assertEquals(emptySet(), saved.keySet() - "android:hasCurrentPermissionsRequest")
        controller.restart().resume()
        idle()
        assertEquals(0, typed, "the app was in the background")
        keys("4")
        again("+land")
        assertEquals(0, typed, "the phone was turned")
        assertTrue(sees("Choose a new PIN"), "and the screen is where it was")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        assertTrue(ShadowLog.getLogs().none { PIN in it.msg.orEmpty() })
        val kept =
            File(app.applicationInfo.dataDir).walk().filter(File::isFile).filter {
                it.extension == "xml"
            }
        assertTrue(kept.none { PIN in it.readText() })
    }

    @Test
    fun `no other app comes into this one's task, and its links end nothing that runs`() {
        val about =
            app.packageManager.getActivityInfo(
                android.content.ComponentName(app, MainActivity::class.java),
                0,
            )
        assertTrue(about.taskAffinity.isNullOrEmpty())
        typing(0)
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        val forged = Intent(Intent.ACTION_VIEW, Uri.parse("countersign://sign.example.eu/Q/forged"))
        repeat(2) {
            controller.newIntent(forged)
            waitFor("This link can’t be used")
            press("Continue")
            waitFor("Type this code on the page")
        }
        assertEquals(
            null,
            linkOf(app, Intent(forged).addFlags(Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY)),
            "nobody followed it",
        )
        person.waitWhile("open")
        person.type(code())
        press("Skip")
        waitFor("Welcome")
    }

    @Test
    fun `back leaves the PIN, and the first screen has none of its own`() {
        typing(2)
        back()
        assertTrue(sees("Initialise this phone"))
        assertFalse(
            activity.onBackPressedDispatcher.hasEnabledCallbacks(),
            "the system's own way out is seen at home",
        )
    }

    @Test
    fun `a process that was killed begins at the first screen`() {
        initialise()
        settings()
        controller.pause().stop().destroy()
        // What the system would give back: nothing.
        val screens = session.screens
        screens.home()
        controller =
            org.robolectric.Robolectric.buildActivity(MainActivity::class.java)
                .create(Bundle())
                .start()
                .resume()
                .visible()
        waitFor("Sign-in requests appear here by themselves.")
    }
}
