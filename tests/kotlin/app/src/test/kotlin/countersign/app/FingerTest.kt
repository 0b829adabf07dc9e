package countersign.app

import android.hardware.biometrics.CryptoObject
import countersign.android.Dialog
import kotlin.test.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements

private const val RECOGNISED = 2

/** The Keystore's number of what is to be unlocked; Java's own cryptography has none. */
@Implements(CryptoObject::class)
class Unlocked {
    @Implementation @Suppress("unused") fun getOpId(): Long = 1
}

/** A5, A12: a finger in the place of the PIN. The system's dialog is answered by the test. */
@Config(shadows = [Dialog::class, Unlocked::class])
class FingerTest : Hand() {
    private var answered: Dialog? = null

    @Before
    fun nothingIsShown() {
        Dialog.latest = null
    }

    /** A finger for every dialog, until the screen says this. */
    private fun fingerUntil(text: String) =
        until(text) {
            val dialog = Dialog.latest
            if (dialog != null && dialog !== answered && dialog.isShown()) {
                answered = dialog
                dialog.say("onAuthenticationSucceeded", RECOGNISED)
            }
            sees(text)
        }

    private fun initialiseWithFinger() {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        press("Yes, go on")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        person.waitWhile("open")
        person.type(code())
        waitFor("Use your fingerprint or face?")
        press("Yes")
        pin(PIN)
        fingerUntil("Welcome")
        press("Continue")
        assertTrue(session.account!!.biometrics)
    }

    @Test
    fun `A5 YES asks the PIN, then the finger, then comes Welcome, and a finger approves`() {
        initialiseWithFinger()
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("$number")
        press("Use fingerprint or face")
        fingerUntil("The computer goes on by itself.")
        person.waitWhile("open")
        assertTrue(person.isSignedIn())
    }

    @Test
    fun `A5 who does not confirm goes back to the PIN`() {
        initialiseWithFinger()
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("$number")
        press("Use fingerprint or face")
        until("the dialog") { Dialog.latest !== answered && Dialog.latest?.isShown() == true }
        Dialog.latest!!.say(
            "onDialogDismissed",
            android.hardware.biometrics.BiometricPrompt.DISMISSED_REASON_NEGATIVE,
        )
        waitFor("Fingerprint or face did not unlock it. Use the PIN.")
        pin(PIN, "Approve")
        waitFor("The computer goes on by itself.")
    }

    @Test
    fun `A12 biometrics are turned off and on`() {
        initialiseWithFinger()
        settings()
        press("Fingerprint or face")
        until("they are off") { session.account?.biometrics == false }
        until("they are offered") { find("Fingerprint or face") != null }
        press("Fingerprint or face")
        pin(PIN)
        fingerUntil("Fingerprint or face is on")
        assertTrue(session.account!!.biometrics)
    }
}
