package countersign.app

import countersign.approve
import countersign.phone.enrolHere
import countersign.phone.newFolder
import countersign.phone.open
import countersign.requests
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.junit.Test

/** A12: an account's settings. */
class SettingsTest : Hand() {
    private fun begin() {
        initialise()
        settings()
    }

    @Test
    fun `A12 the PIN is changed, with the present one, and the new one twice`() {
        begin()
        press("Change PIN")
        pin(WRONG_PIN, "Next")
        pin(NEW_PIN, "Next")
        pin(NEW_PIN, "Change PIN")
        waitFor("The PIN was wrong. 4 tries left.")
        pin(PIN, "Next")
        pin("1234", "Next")
        assertTrue(sees("Digits in a row are easy to guess."))
        pin(NEW_PIN, "Next")
        pin(NEW_PIN, "Change PIN")
        waitFor("PIN changed")
        press("Continue")
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        approve(number, NEW_PIN)
        waitFor("The computer goes on by itself.")
    }

    @Test
    fun `A12 an account is renamed`() {
        begin()
        press("Rename")
        type("Name of the account", " ")
        press("Save")
        waitFor("A name has 1 to 40 characters.")
        type("Name of the account", "Work")
        press("Save")
        until("the name") { session.account?.name == "Work" }
        assertTrue(sees("Work"))
    }

    @Test
    fun `A12 an account is removed after one more question`() {
        begin()
        press("Remove this account")
        waitFor("To use it again it must be initialised anew.")
        press("Remove it")
        waitFor("has removed the device.")
        press("Continue")
        waitFor("Initialise this phone")
        assertEquals(0, session.accounts!!.size)
    }

    @Test
    fun `A12 a forgotten PIN is set again when another phone approves`() {
        initialise()
        person.addDevice("My tablet")
        approveHere()
        person.waitWhile("open")
        val tablet = runBlocking { open(newFolder()) }
        tablet.use {
            val there = runBlocking { enrolHere(person, tablet) }
            settings()
            press("Forgotten PIN")
            waitFor("Approve it there with another phone or key.")
            person.withDevice("My phone", "unblock")
            runBlocking {
                tablet.approve(
                    tablet.requests(there).first(),
                    countersign.phone.pin(PIN),
                    person.number(),
                )
            }
            person.waitWhile("open")
            waitFor("Choose a new PIN")
            pin(NEW_PIN, "Next")
            pin(NEW_PIN, "Change PIN")
            waitFor("PIN changed")
        }
    }

    /** The request that adding a device makes: it names what it is for. */
    private fun approveHere() {
        waitFor("Add a device")
        approve(person.number())
        waitFor("The computer goes on by itself.")
        until("it closes") { session.screens.top is HomeScreen }
    }
}
