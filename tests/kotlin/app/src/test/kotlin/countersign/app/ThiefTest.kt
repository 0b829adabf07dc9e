package countersign.app

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.view.accessibility.AccessibilityEvent
import android.view.accessibility.AccessibilityNodeInfo
import android.widget.TextView
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowLog
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** What a thief, a screen reader or another app learns of a PIN that is being typed: how many digits there are. */
class ThiefTest : Hand() {
    private fun typing(digits: Int) {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        press("Yes, go on")
        PIN.take(digits).forEach(::key)
    }

    private fun dots() = activity.requireViewById<ViewGroup>(R.id.dots)

    private fun typed() = (0 until dots().childCount).count { dots().getChildAt(it).isActivated }

    @Test
    fun `the screen knows how many digits there are, and no more`() {
        typing(3)
        assertEquals(3, typed())
        assertEquals("3 of 4 digits typed", dots().contentDescription)
        assertTrue((0 until dots().childCount).none { dots().getChildAt(it) is TextView })
        // The keys' own labels are all that has digits.
        assertEquals(10, visible<TextView> { view -> view.text.any(Char::isDigit) && view.text.length < 4 }.size)
    }

    @Test
    fun `a key that is pressed tells no accessibility service which one it was`() {
        typing(0)
        val heard = ArrayList<Int>()
        val key = activity.requireViewById<View>(R.id.key_4)
        (key.parent as ViewGroup).accessibilityDelegate = object : View.AccessibilityDelegate() {
            override fun onRequestSendAccessibilityEvent(host: ViewGroup, child: View, event: AccessibilityEvent): Boolean {
                heard += event.eventType
                return true
            }
        }
        val manager = app.getSystemService(android.view.accessibility.AccessibilityManager::class.java)
        shadowOf(manager).setEnabled(true)
        key.performClick()
        assertFalse(AccessibilityEvent.TYPE_VIEW_CLICKED in heard)
        assertEquals(1, typed())
        // A key that is looked for is read out, or nobody who can't see could find it.
        key.sendAccessibilityEvent(AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUSED)
        assertTrue(AccessibilityEvent.TYPE_VIEW_ACCESSIBILITY_FOCUSED in heard)
        val node = AccessibilityNodeInfo.obtain()
        key.onInitializeAccessibilityNodeInfo(node)
        assertTrue(node.isAccessibilityDataSensitive, "hidden from services that are no tools for disabled people")
    }

    @Test
    fun `no picture is taken of the screen, no other app lies over it, and autofill keeps away`() {
        typing(1)
        assertTrue(activity.window.attributes.flags and WindowManager.LayoutParams.FLAG_SECURE != 0)
        val pad = activity.requireViewById<View>(R.id.pad)
        assertTrue(pad.filterTouchesWhenObscured)
        assertFalse(pad.isImportantForAutofill || pad.isImportantForContentCapture)
    }

    @Test
    fun `what was typed goes with the screen, and nothing of it is saved or logged`() {
        typing(3)
        val saved = Bundle()
        controller.saveInstanceState(saved).pause().stop()
        // Android's own note that the app has asked for the camera.
        assertEquals(emptySet(), saved.keySet() - "android:hasCurrentPermissionsRequest")
        controller.start().resume()
        assertEquals(0, typed(), "the app was in the background")
        key('4')
        controller.recreate()
        assertEquals(0, typed(), "the phone was turned")
        assertTrue(sees("Choose a new PIN"), "and the screen is where it was")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        assertTrue(ShadowLog.getLogs().none { PIN in it.msg.orEmpty() })
        val kept = File(app.applicationInfo.dataDir).walk().filter(File::isFile).filter { it.extension == "xml" }
        assertTrue(kept.none { PIN in it.readText() })
    }

    @Test
    fun `no other app comes into this one's task, and its links end nothing that runs`() {
        val about = app.packageManager.getActivityInfo(android.content.ComponentName(app, MainActivity::class.java), 0)
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
        assertEquals(null, linkOf(app, Intent(forged).addFlags(Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY)), "nobody followed it")
        person.waitWhile("open")
        person.type(code())
        press("Skip")
        waitFor("Welcome")
    }

    @Test
    fun `back leaves the PIN, and the app after its first screen`() {
        typing(2)
        @Suppress("DEPRECATION")
        activity.onBackPressed()
        assertTrue(sees("Initialise this phone"))
        @Suppress("DEPRECATION")
        activity.onBackPressed()
        assertFalse(activity.isFinishing, "it goes to the background")
    }

    @Test
    fun `a process that was killed begins at the first screen`() {
        initialise()
        press("Settings of this account")
        controller.pause().stop().destroy()
        // What the system would give back: nothing.
        val screens = session.screens
        screens.home()
        controller = org.robolectric.Robolectric.buildActivity(MainActivity::class.java).create(Bundle()).start().resume().visible()
        waitFor("Sign-in requests appear here by themselves.")
    }
}
