package countersign.app

import countersign.phone.Service
import countersign.phone.TRANSFER
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test

/**
 * What becomes of a screen when the phone is turned, folded or set otherwise, when the person goes
 * back, and when time runs out.
 */
class LifeTest : Hand() {
    private val changes: List<Pair<String, () -> Unit>> =
        listOf(
            "turned" to { again("+w891dp-h411dp-land") },
            "unfolded" to { again("+w840dp-h900dp-port") },
            "dark" to { again("+w411dp-h891dp-port-night") },
            "larger letters" to { again("+notnight", 2f) },
            "another language" to { again("+lv", 1f) },
            "back again" to { again("+en", 1f) },
        )

    @Test
    fun `A7 a number that is typed stays when the phone is turned, folded, darkened or speaks another language`() {
        initialise()
        person.askApp()
        waitFor("Approve only what you began yourself")
        keys("4")
        for ((what, change) in changes) {
            change()
            assertEquals("4", (session.screens.top as RequestScreen).number, what)
        }
    }

    @Test
    fun `A6 the digits of a PIN go when the phone is turned or set otherwise, and the number before it stays`() {
        initialise()
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("$number")
        for ((what, change) in changes) {
            until("the pad") { pad('0')?.enabled == true }
            keys(PIN.take(2))
            assertEquals(2, (session.screens.top as PinScreen).length, what)
            change()
            assertEquals(0, (session.screens.top as PinScreen).length, what)
            assertTrue(sees("$number"), what)
        }
        pin(PIN, "Approve")
        waitFor("The computer goes on by itself.")
    }

    @Test
    fun `A10 what was typed into a form stays`() {
        initialise()
        person.beginTransfer()
        press("Scan QR code")
        choosePicture()
        waitFor("Type from your own papers, not from the page.")
        val label = nodes.labels().first()
        type(label, TRANSFER.getValue("iban"))
        for ((what, change) in changes) {
            change()
            assertTrue(
                nodes.any { node ->
                    node.said.any { it.replace(" ", "") == TRANSFER.getValue("iban") }
                },
                what,
            )
        }
    }

    @Test
    fun `A3 the scanner stays a scanner`() {
        start()
        press("Scan the QR code")
        for ((what, change) in changes) {
            change()
            assertTrue(session.screens.top is ScanScreen, what)
        }
        assertTrue(sees("Scan QR code"))
    }

    @Test
    fun `A7 back changes the number, and nothing was sent`() {
        initialise()
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("${if (number == 10) 11 else 10}")
        waitFor("Back changes it.")
        back()
        press("Erase a digit")
        press("Erase a digit")
        approve(number)
        waitFor("The computer goes on by itself.")
        person.waitWhile("open")
        assertTrue(person.isSignedIn())
    }

    @Test
    fun `A6 from the notification to the approval the glass is touched eight times`() {
        initialise()
        controller.pause().stop()
        val number = person.askApp()
        val bells =
            org.robolectric.Shadows.shadowOf(
                app.getSystemService(android.app.NotificationManager::class.java)
            )
        until("a notification") { bells.size() == 1 }
        touches = 1
        controller.start().resume()
        waitFor("Approve only what you began yourself")
        approve(number)
        waitFor("The computer goes on by itself.")
        assertEquals(8, touches)
        println("touches from the notification to the approval: $touches")
        until("it closes by itself") { session.screens.top is HomeScreen }
    }

    @Test
    fun `A6 the fourth digit sends where the person wants it so, and not with few tries left`() {
        initialise()
        assertFalse(session.sendsByItself, "off at first")
        settings()
        press("Send with the fourth digit")
        assertTrue(session.sendsByItself)
        back()
        for (wrong in 1..3) {
            if (wrong == 1)
                keys("${person.askApp().also { waitFor("Approve only what you began yourself") }}")
            keys(WRONG_PIN)
            if (wrong < 4) waitFor("${5 - wrong} tries left")
        }
        // Two are left now: the fourth digit sends nothing any more.
        keys(PIN)
        idle(30)
        assertEquals(4, (session.screens.top as PinScreen).length)
        press("Approve")
        waitFor("The computer goes on by itself.")
    }

    @Test
    fun `A13 with a screen reader nothing goes on or closes by itself`() {
        initialise()
        listen()
        session.sendByItself(true)
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("$number")
        assertTrue(session.screens.top is RequestScreen)
        press("Next")
        keys(PIN)
        idle(30)
        press("Approve")
        waitFor("The computer goes on by itself.")
        idle(400)
        assertTrue(sees("The computer goes on by itself."))
        press("Continue")
    }

    @Test
    fun `A7 a request that expires while it is shown loses its buttons and says so`() {
        initialise()
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        keys("$number".take(1))
        later(Duration.ofMinutes(10))
        waitFor("The request was not answered in time.")
        for (button in listOf("Decline", "I did not ask for this", "Next", "0")) assertEquals(
            null,
            find(button),
            button,
        )
        press("Continue")
        assertTrue(session.waiting.isEmpty())
    }

    @Test
    fun `A7 the pad of a request that expires takes no digit any more`() {
        initialise()
        keys("${person.askApp().also { waitFor("Approve only what you began yourself") }}")
        keys(PIN.take(3))
        later(Duration.ofMinutes(10))
        waitFor("The request was not answered in time.")
        assertEquals(0, (session.screens.top as PinScreen).length)
        assertEquals(null, pad('0'))
    }

    private fun later(by: Duration) {
        session.clock = Clock.fixed(Instant.now().plus(by), ZoneOffset.UTC)
    }

    @Test
    fun `A12 back during a change of the PIN leaves it running, and home says so`() {
        initialise()
        settings()
        press("Change PIN")
        pin(PIN, "Next")
        pin(NEW_PIN, "Next")
        keys(NEW_PIN)
        Service.shared.silent {
            press("Change PIN", settle = false)
            back()
            back()
            assertTrue(session.screens.top is HomeScreen)
            assertTrue(sees("The PIN of “${session.account!!.name}” is being changed."), "$texts")
        }
        waitFor("PIN changed")
        press("Continue")
        approveWith(NEW_PIN)
    }

    private fun approveWith(digits: String) {
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        approve(number, digits)
        waitFor("The computer goes on by itself.")
    }

    @Test
    fun `A4 who leaves before the code on the page finishes initialising from home`() {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        press("Yes, go on")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        back()
        waitFor("Finish initialising")
        press("Finish initialising")
        waitFor("Type this code on the page")
        person.waitWhile("open")
        person.type(code())
        press("Skip")
        waitFor("Welcome")
    }

    @Test
    fun `at home no back callback is enabled, and elsewhere one is`() {
        initialise()
        assertFalse(activity.onBackPressedDispatcher.hasEnabledCallbacks())
        settings()
        assertTrue(activity.onBackPressedDispatcher.hasEnabledCallbacks())
        back()
        assertFalse(activity.onBackPressedDispatcher.hasEnabledCallbacks())
    }
}
