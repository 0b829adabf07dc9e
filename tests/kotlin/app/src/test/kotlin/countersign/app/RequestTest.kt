package countersign.app

import android.content.Intent
import android.net.Uri
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf

/** A6, A7, A9, A11: requests are answered. */
class RequestTest : Hand() {
    /** A request that the person began arrives by itself. */
    private fun request(): Int {
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        return number
    }

    @Test
    fun `A6, A7 a sign-in is approved by number and PIN, and a wrong PIN tells the tries left`() {
        initialise()
        val number = request()
        assertTrue(listOf("Sign-in", "“Countersign” at", "Firefox on Linux").all(::sees))
        assertTrue(find("Approve") == null && find("Next") == null, "no PIN without the number")
        approve(number, WRONG_PIN)
        waitFor("The PIN was wrong. 4 tries left.")
        assertEquals(0, (session.screens.top as PinScreen).length)
        assertTrue(sees("Number: $number"), "it stays shown")
        pin(PIN, "Approve")
        waitFor("The computer goes on by itself.")
        person.waitWhile("open")
        assertTrue(person.isSignedIn())
        home()
        press("History")
        waitFor("Wrong PIN")
        assertTrue(sees("Approved"))
    }

    /** From a success, which closes by itself, or by its button. */
    private fun home() = until("the first screen") { session.screens.top is HomeScreen }

    @Test
    fun `A7 the name of the device that goes stays in its place, whatever is in it`() {
        initialise()
        var before = "My phone"
        for (name in listOf("Old, Safari on iOS", "Old”, Safari on iOS, LV")) {
            person.rename(before, name)
            before = name
            person.withDevice(name, "remove")
            waitFor("Approve only what you began yourself")
            assertTrue(sees("Remove a device or another way to sign in"))
            assertEquals("“${name.replace('”', '\'')}”", fact("About the device"))
            assertEquals("Firefox on Linux", fact("Computer"))
            assertEquals("place not known", fact("Where"))
            assertTrue(sees("“Countersign” at ${session.account!!.host} asks for this."))
            press("Decline")
            waitFor("Nobody was signed in.")
            press("Continue")
        }
    }

    @Test
    fun `A7 the data of an online transaction come before the PIN`() {
        initialise()
        val number = person.beginOnlineTransfer()
        waitFor("Approve only what you began yourself")
        assertEquals("“Transfer to another account”", fact("You sign"))
        for ((label, value) in
            listOf(
                "IBAN" to "LV80BANK0000435195001",
                "Recipient" to "Jānis Kalniņš",
                "Amount, EUR" to "1234.50",
                "Reference" to "RF2026",
            )) assertEquals("“$value”", fact("“$label”"))
        approve(number)
        waitFor("The computer goes on by itself.")
        person.waitWhile("open")
        assertTrue("signed" in person.text())
    }

    @Test
    fun `A7 a wrong number ends the request`() {
        initialise()
        val number = request()
        approve(if (number == 99) 10 else number + 1)
        waitFor("The number was wrong, so the request is closed.")
        assertFalse(person.isSignedIn())
        press("Continue")
        assertFalse(sees("A sign-in is waiting: show it"), "it is not offered again")
        controller.pause().stop().start().resume()
        assertTrue(sees("Sign-in requests appear here by themselves."))
    }

    @Test
    fun `A7 a request is declined without a PIN`() {
        initialise()
        request()
        press("Decline")
        waitFor("Nobody was signed in.")
        person.waitWhile("open")
        assertFalse(person.isSignedIn())
    }

    @Test
    fun `A7 a request is reported as fraud after one more question`() {
        initialise()
        request()
        press("I did not ask for this")
        press("Back to the request")
        press("I did not ask for this")
        press("Report it")
        waitFor("that session is over")
        assertFalse(person.isSignedIn())
    }

    @Test
    fun `A9 a link of the browser opens the app, and the app the browser`() {
        initialise()
        val link = person.onMobile().replaceFirst(Regex("^https?"), "countersign")
        controller.newIntent(Intent(Intent.ACTION_VIEW, Uri.parse(link)))
        waitFor("A page in this phone’s browser asks.")
        press("Approve")
        pin(WRONG_PIN, "Approve")
        waitFor("4 tries left")
        pin(PIN, "Approve")
        waitFor("The browser goes on.")
        val opened = opened()
        assertTrue(
            Intent.CATEGORY_BROWSABLE in opened.categories &&
                opened.`package` == null &&
                opened.component == null
        )
        assertEquals("https:", opened.selector!!.dataString, "what opens any page")
        person.follow(opened.data.toString())
        assertTrue(person.isSignedIn())
    }

    private fun opened() =
        generateSequence { shadowOf(activity).nextStartedActivity }
            .first { it.action == Intent.ACTION_VIEW }

    @Test
    fun `A9 what began on this phone is declined, or reported`() {
        initialise()
        declined(person.onMobile(), "Decline", "Nobody was signed in.")
        val other = countersign.phone.Person(countersign.phone.Service.shared)
        declined(other.onMobile(), "I did not ask for this", "that session is over")
    }

    private fun declined(link: String, button: String, told: String) {
        controller.newIntent(
            Intent(
                Intent.ACTION_VIEW,
                Uri.parse(link.replaceFirst(Regex("^https?"), "countersign")),
            )
        )
        waitFor("A page in this phone’s browser asks.")
        press(button)
        if (sees("Report it")) press("Report it")
        waitFor(told)
        press("Continue")
    }

    @Test
    fun `A9 a link that initialises is refused where any app may have made it`() {
        start()
        person.addDevice()
        controller.newIntent(Intent(Intent.ACTION_VIEW, Uri.parse(person.link())))
        waitFor("This link can’t be used")
        assertTrue(sees("Scan the QR code on a computer’s page"))
    }

    @Test
    fun `A6 a request that comes while something is typed waits above it`() {
        initialise()
        settings()
        press("Rename")
        type("Name of the account", "Half a na")
        person.askApp()
        waitFor("A sign-in is waiting: show it")
        press("A sign-in is waiting: show it")
        waitFor("Approve only what you began yourself")
        assertFalse(sees("A sign-in is waiting: show it"))
        back()
        assertTrue(sees("Half a na"))
    }

    /**
     * A second account, of somebody else at the same computer; it is the one that is looked at
     * then.
     */
    private fun initialiseAnother() {
        val other = countersign.phone.Person(countersign.phone.Service.shared)
        press("Add an account")
        press("Scan the QR code")
        other.addDevice("My other phone")
        choosePicture(other.picture())
        press("Yes, go on")
        pin(NEW_PIN, "Next")
        pin(NEW_PIN)
        waitFor("Type this code on the page")
        other.waitWhile("open")
        other.type(code())
        press("Skip")
        waitFor("Welcome")
        press("Continue")
        waitFor("My other phone")
    }

    @Test
    fun `A11 a request for another account says so and offers to switch`() {
        initialise()
        val first = session.account!!
        initialiseAnother()
        request()
        assertTrue(sees("This is for another account: “${first.name}”."))
        press("Switch to “${first.name}”")
        assertFalse(sees("This is for another account"))
        assertEquals(first.number, session.account!!.number)
    }

    @Test
    fun `A11 with several accounts the person chooses which one a link of the browser is for`() {
        initialise()
        val first = session.account!!
        initialiseAnother()
        val link = person.onMobile().replaceFirst(Regex("^https?"), "countersign")
        controller.newIntent(Intent(Intent.ACTION_VIEW, Uri.parse(link)))
        waitFor("A page in this phone’s browser asks.")
        press("Use “${first.name}” instead")
        press("Approve")
        pin(PIN, "Approve")
        waitFor("The browser goes on.")
    }

    @Test
    fun `A6 a notification tells that a sign-in waits, and nothing of whose`() {
        initialise()
        controller.pause().stop()
        person.askApp()
        val manager = shadowOf(app.getSystemService(android.app.NotificationManager::class.java))
        until("a notification") { manager.size() == 1 }
        val told = manager.allNotifications.single()
        val words = told.extras.keySet().mapNotNull { told.extras.get(it)?.toString() }
        assertTrue("A sign-in is waiting" in words)
        assertTrue(
            words.none { session.account!!.accountLabel in it || session.account!!.host in it }
        )
        assertEquals(
            MainActivity::class.java.name,
            shadowOf(told.contentIntent).savedIntent.component?.className,
        )
        controller.start().resume()
        waitFor("Approve only what you began yourself")
        assertEquals(0, manager.size())
    }
}
