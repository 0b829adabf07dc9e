package countersign.app

import android.os.Looper
import android.view.accessibility.AccessibilityEvent
import androidx.compose.ui.semantics.SemanticsProperties
import countersign.android.Dialog
import countersign.phone.TRANSFER
import java.time.Clock
import java.time.Duration
import java.time.ZoneOffset
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

private const val RECOGNISED = 1

/** The transfer's values, as people read them. */
private val READ = listOf("LV80 BANK 0000 4351 9500 1", "Jānis Kalniņš", "1,234.50", "RF2026")

/** A8, A10, A14: codes without a network. */
@Config(shadows = [Dialog::class])
class CodeTest : Hand() {
    @Test
    fun `A8 a scanned QR code gives a code after the phone's own lock, and the same one when it is scanned again`() {
        initialise()
        person.askCode()
        val picture = person.picture()
        val code = scanned(picture)
        assertTrue(Regex("[0-9A-Z]{4}-[0-9A-Z]{4}").matches(code))
        assertTrue(
            sees("Code: " + code.replace("-", ",").toList().joinToString(" ")),
            "spoken digit by digit",
        )
        press("Continue")
        press("Scan QR code")
        choosePicture(picture)
        press("Show the code")
        waitFor("Same code as before.")
        person.type(code())
        assertTrue(person.isSignedIn())
    }

    private fun scanned(picture: ByteArray): String {
        press("Scan QR code")
        choosePicture(picture)
        waitFor("Show a code only if you opened that page yourself.")
        assertTrue(sees("Firefox on Linux"))
        press("Show the code")
        until("the phone's own lock") { Dialog.latest?.isShown() == true }
        Dialog.latest!!.say("onAuthenticationSucceeded", RECOGNISED)
        waitFor("Type it on the page.")
        return code()
    }

    @Test
    fun `A8 the time that is left is said twice in all, and read out when it is looked for`() {
        start()
        listen()
        val from = Examples.NOW
        session.clock = Clock.fixed(from, ZoneOffset.UTC)
        session.screens.open(
            CodeScreen(
                session,
                words(R.string.code_title),
                "7KQ4-M2XD",
                from.plusSeconds(40),
                sameAsBefore = false,
            )
        )
        val told = heard {
            for (second in 1L..42) {
                session.clock = Clock.fixed(from.plusSeconds(second), ZoneOffset.UTC)
                shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
                if (second == 25L) assertTrue(sees("15 seconds"))
                assertTrue(nodes.none { SemanticsProperties.LiveRegion in it.config })
            }
        }
        val said =
            told
                .filter { it.eventType == AccessibilityEvent.TYPE_ANNOUNCEMENT }
                .map { it.text.joinToString() }
        assertEquals(listOf("30 seconds", "expired"), said)
        assertTrue(
            sees("expired") && texts.none { "Code:" in it || "7KQ4" in it },
            "the code is gone",
        )
    }

    @Test
    fun `A10 only valid data give a code`() {
        initialise()
        person.beginTransfer()
        press("Scan QR code")
        choosePicture()
        waitFor("Type from your own papers, not from the page.")
        press("Next")
        waitFor("This is needed.")
        val labels = nodes.labels()
        val typed = labels.zip(TRANSFER.values).toMap()
        typed.forEach(::type)
        assertFalse(sees("This is needed."))
        type(labels[0], "LV80 BANK 0000 4351 9500 2")
        waitFor("There is a typing error in this account number.")
        press("Next")
        assertFalse(sees("This will be signed."))
        type(labels[0], "lv80 bank 0000 4351 9500 1")
        type(labels[2], "1234,5")
        press("Next")
        waitFor("This will be signed.")
        assertTrue(READ.all(::sees), "as it is signed")
        press("It is right, sign it")
        pin(PIN, "Sign")
        waitFor("Type it on the page.")
        assertTrue(READ.all(::sees), "beside the code")
        person.type(code())
        assertTrue("signed" in person.text().lowercase(), person.text())
    }

    @Test
    fun `A14 a pasted link does what the camera does, and what is none of ours is refused`() {
        initialise()
        person.beginTransfer()
        press("Scan QR code")
        press("Paste a link")
        type("Link", "https://example.eu/other")
        press("Next")
        waitFor("This is no code of this app.")
        type("Link", person.link())
        press("Next")
        waitFor("Type from your own papers, not from the page.")
    }

    @Test
    fun `A14 a picture without a code says what is wrong with it`() {
        initialise()
        press("Scan QR code")
        choosePicture(byteArrayOf(1, 2, 3))
        waitFor("This is no picture that can be read.")
        person.askCode()
        choosePicture()
        waitFor("Show a code only if you opened that page yourself.")
    }
}
