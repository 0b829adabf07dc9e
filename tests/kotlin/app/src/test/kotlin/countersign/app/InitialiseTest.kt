package countersign.app

import android.hardware.biometrics.BiometricManager
import java.net.URI
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowBiometricManager

/** A1 to A5: a phone is initialised. */
class InitialiseTest : Hand() {
    @Test
    fun `A1 the first start says how a phone is initialised`() {
        start()
        assertTrue(sees("Initialise this phone") && sees("On a computer"))
        assertTrue(isEnabled("Scan the QR code") && isEnabled("Paste a link"))
    }

    @Test
    fun `A2 to A5 account and host come before any PIN, an easy PIN is refused with the reason, biometrics are offered, Welcome ends it`() {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        waitFor("Is this your account?")
        assertTrue(sees(URI(countersign.phone.Service.shared.origin).authority) && pad('0') == null)
        press("Yes, go on")
        pin("7777", "Next")
        assertTrue(sees("Four equal digits are easy to guess."))
        pin(PIN, "Next")
        pin(WRONG_PIN)
        waitFor("The two PINs are not the same.")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        assertEquals(6, code().length)
        person.waitWhile("open")
        person.type(code())
        waitFor("Use your fingerprint or face?")
        press("Yes")
        assertTrue(sees("first the PIN, then the finger or face"))
        back()
        waitFor("Sign-in requests appear here by themselves.")
    }

    @Test
    fun `A5 biometrics are skipped where there are none`() {
        val manager: ShadowBiometricManager =
            Shadow.extract(app.getSystemService(BiometricManager::class.java))
        manager.setCanAuthenticate(false)
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
        waitFor("Welcome")
        press("Continue")
        waitFor("Sign-in requests appear here by themselves.")
    }

    @Test
    fun `A4, A14 begun in a browser on the same phone, its link is pasted, and the way back is offered`() {
        start()
        press("Paste a link")
        person.addDevice()
        type("Link", person.link())
        press("Next")
        press("Yes, go on")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        press("Back to the browser")
        person.waitWhile("open")
        person.type(code())
        press("Skip")
        waitFor("Welcome")
        press("Back to the browser")
        assertTrue(sees("Sign-in requests appear here by themselves."))
    }
}
