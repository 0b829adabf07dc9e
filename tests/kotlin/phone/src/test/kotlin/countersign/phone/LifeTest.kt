package countersign.phone

import countersign.AccountState
import countersign.ApproveException
import countersign.ChangeException
import countersign.EventKind
import countersign.ForgottenException
import countersign.Guessable
import countersign.PinEntry
import countersign.Purpose
import countersign.Refusal
import countersign.Subject
import countersign.approve
import countersign.awaitNewPinGrant
import countersign.changePin
import countersign.requests
import countersign.rotateKeys
import countersign.setForgottenPin
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first

private const val NEW_PIN = "5830"

/** A PIN's life. */
class LifeTest {
    private suspend fun signsIn(world: World, digits: String) {
        val number = world.person.askApp()
        world.phone.approve(world.request(), pin(digits), number)
        world.person.waitWhile("open")
    }

    @Test
    fun `a PIN is changed, and only the new one works`() = job {
        World.create().use { world ->
            val wrong =
                assertFailsWith<ChangeException.Refused> {
                    world.phone.changePin(world.account, pin(WRONG_PIN), pin(NEW_PIN), pin(NEW_PIN))
                }
            assertEquals(4, (wrong.refusal as Refusal.WrongPin).triesLeft)
            val entry = pin(NEW_PIN)
            assertFailsWith<ChangeException.PinsDiffer> {
                world.phone.changePin(world.account, pin(PIN), entry, pin(WRONG_PIN))
            }
            assertEquals(0, entry.length())
            assertFailsWith<ChangeException.SamePin> {
                world.phone.changePin(world.account, pin(PIN), pin(PIN), pin(PIN))
            }
            assertFailsWith<ChangeException.PinIncomplete> {
                world.phone.changePin(world.account, PinEntry(), pin(NEW_PIN), pin(NEW_PIN))
            }
            val easy =
                assertFailsWith<ChangeException.GuessablePin> {
                    world.phone.changePin(world.account, pin(PIN), pin("0000"), pin("0000"))
                }
            assertEquals(Guessable.FOUR_EQUAL, easy.reason)
            val changed = world.phone.changePin(world.account, pin(PIN), pin(NEW_PIN), pin(NEW_PIN))
            assertEquals(5, changed.triesLeft)
            assertFalse(changed.changeUnfinished)
            val number = world.person.askApp()
            val request = world.request()
            val old =
                assertFailsWith<ApproveException.Refused> {
                    world.phone.approve(request, pin(PIN), number)
                }
            assertIs<Refusal.WrongPin>(old.refusal)
            world.phone.approve(request, pin(NEW_PIN), number)
            world.person.waitWhile("open")
            world.phone.rotateKeys(world.account, pin(NEW_PIN))
            signsIn(world, NEW_PIN)
            assertEquals(1, world.phone.history().count { it.kind == EventKind.KEYS_ROTATED })
        }
    }

    @Test
    fun `a PIN that was blocked is set again when another phone approves`() = job {
        World.create().use { world ->
            world.person.addDevice("My tablet")
            world.phone.approve(world.request(), pin(PIN), world.person.number())
            world.person.waitWhile("open")
            open(newFolder()).use { tablet ->
                val there = enrolHere(world.person, tablet)
                assertFailsWith<ForgottenException.NotGranted> {
                    world.phone.setForgottenPin(world.account, pin(NEW_PIN), pin(NEW_PIN))
                }
                val granted = async { world.phone.awaitNewPinGrant(world.account) }
                world.person.withDevice("My phone", "unblock")
                val request = tablet.requests(there).first()
                assertEquals(
                    Purpose.UNBLOCK to Subject.Device("My phone"),
                    request.details.purpose to request.details.subject,
                )
                tablet.approve(request, pin(PIN), world.person.number())
                world.person.waitWhile("open")
                granted.await()
                val account = world.phone.setForgottenPin(world.account, pin(NEW_PIN), pin(NEW_PIN))
                assertEquals(AccountState.ACTIVE, account.state)
            }
        }
    }
}
