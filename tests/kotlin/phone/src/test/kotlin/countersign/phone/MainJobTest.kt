package countersign.phone

import countersign.AccountState
import countersign.ApproveException
import countersign.EventKind
import countersign.FieldKind
import countersign.FieldProblem
import countersign.FormException
import countersign.PixelFormat
import countersign.Purpose
import countersign.Refusal
import countersign.Scanned
import countersign.Scanner
import countersign.SignException
import countersign.Source
import countersign.Unlock
import countersign.approve
import countersign.check
import countersign.code
import countersign.decline
import countersign.frame
import countersign.refresh
import countersign.remove
import countersign.rename
import countersign.report
import countersign.review
import countersign.sign
import java.awt.RenderingHints
import java.awt.image.BufferedImage
import java.awt.image.DataBufferByte
import java.io.ByteArrayInputStream
import java.time.Duration
import java.time.Instant
import javax.imageio.ImageIO
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertTrue

private const val WIDTH = 320
private const val HEIGHT = 280

/** What the app is for. */
class MainJobTest {
    @Test
    fun `a phone is initialised with what the page shows`() = job {
        val folder = newFolder()
        val person = Person(Service.shared)
        open(folder).use { phone ->
            assertEquals(emptyList(), phone.accounts())
            assertEquals(emptyList(), phone.resume())
            person.addDevice()
            val text = textOf(person.picture())
            assertIs<Scanned.Enrolment>(phone.scan(text, Source.CAMERA))
            val offer = phone.beginEnrolment(text, Source.CAMERA)
            val details = offer.details()
            assertEquals("Countersign", details.appName)
            assertTrue(details.host in Service.shared.origin && !details.pinChosenInBrowser)
            val claimed = phone.claimWithNewPin(offer, pin(PIN), pin(PIN))
            assertEquals(AccountState.UNFINISHED, claimed.account.state)
            person.waitWhile("open")
            person.type(claimed.confirmationCode!!)
            val account = phone.completeEnrolment(claimed.account.number)
            assertEquals(AccountState.ACTIVE, account.state)
            assertEquals("My phone", account.deviceName)
            assertTrue(
                Duration.between(account.createdAt, Instant.now()).abs() < Duration.ofMinutes(5)
            )
        }
        // The same phone at the next start of the app.
        open(folder).use { phone -> assertEquals("My phone", phone.accounts().single().deviceName) }
    }

    @Test
    fun `a sign-in is approved by number and PIN, and a wrong PIN costs a try`() = job {
        World.create().use { world ->
            val number = world.person.askApp()
            val request = world.request()
            assertEquals(Purpose.SIGN_IN, request.details.purpose)
            assertTrue(request.numberAsked && request.details.expiresAt > Instant.now())
            val entry = pin(WRONG_PIN)
            val wrong =
                assertFailsWith<ApproveException.Refused> {
                    world.phone.approve(request, entry, number)
                }
            assertEquals(4, (wrong.refusal as Refusal.WrongPin).triesLeft)
            assertEquals(0, entry.length(), "the digits are gone")
            assertEquals("the PIN was wrong: 4 tries left", wrong.toString())
            val approved = world.phone.approve(request, pin(PIN), number)
            assertEquals(5, approved.triesLeft)
            world.person.waitWhile("open")
            assertTrue(world.person.isSignedIn())
            val kinds = world.phone.history().map { it.kind }
            assertEquals(
                listOf(EventKind.APPROVED, EventKind.WRONG_PIN, EventKind.ACCOUNT_ADDED),
                kinds,
            )
            assertTrue("approved" in world.phone.exportHistory())
        }
    }

    @Test
    fun `a request is declined, or reported as fraud`() = job {
        World.create().use { world ->
            world.person.askApp()
            world.phone.decline(world.request())
            world.person.waitWhile("open")
            assertFalse(world.person.isSignedIn())
        }
        World.create().use { world ->
            world.person.askApp()
            world.phone.report(world.request())
            // That ends the browser's session too.
            assertFalse(world.person.isSignedIn())
        }
    }

    @Test
    fun `a code without a network comes from a picture's bytes`() = job {
        World.create().use { world ->
            world.person.askCode()
            val picture = world.person.picture()
            val request = assertIs<Scanned.Code>(world.scanned()).request
            assertEquals(Unlock.NOTHING, request.unlock)
            val shown = world.phone.code(request)
            assertTrue(Regex("[0-9A-Z]{4}-[0-9A-Z]{4}").matches(shown.code))
            val again =
                assertIs<Scanned.Code>(world.phone.scan(textOf(picture), Source.CAMERA)).request
            assertTrue(again.sameAsBefore)
            assertEquals(shown.code, world.phone.code(again).code)
            world.person.type(shown.code)
            assertTrue(world.person.isSignedIn())
        }
    }

    @Test
    fun `a code is read from a camera's frame`() = job {
        World.create().use { world ->
            world.person.askCode()
            val png = ImageIO.read(ByteArrayInputStream(world.person.picture()))
            // As a camera sees it while the hand comes nearer: what one frame does not show in its
            // eight milliseconds, another will.
            val frames =
                listOf(200, 220, 240, 260).map { side ->
                    val frame = BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY)
                    frame.createGraphics().run {
                        fillRect(0, 0, WIDTH, HEIGHT)
                        setRenderingHint(
                            RenderingHints.KEY_INTERPOLATION,
                            RenderingHints.VALUE_INTERPOLATION_BILINEAR,
                        )
                        drawImage(png, 20, 10, side, side, null)
                        dispose()
                    }
                    (frame.raster.dataBuffer as DataBufferByte).data
                }
            Scanner().use { scanner ->
                val code =
                    generateSequence(0) { it + 1 }
                        .take(1000)
                        .map {
                            scanner.frame(
                                frames[it % frames.size],
                                WIDTH,
                                HEIGHT,
                                WIDTH,
                                PixelFormat.LUMA,
                            )
                        }
                        .first { it.isNotEmpty() }
                        .single()
                assertEquals(world.person.link().uppercase(), code.text)
                assertEquals(8, code.corners.size)
                assertTrue(code.corners.all { it in 0f..320f })
            }
        }
    }

    @Test
    fun `a transaction is signed when every field is right, and not before`() = job {
        World.create().use { world ->
            world.person.beginTransfer()
            val form = assertIs<Scanned.Transaction>(world.scanned()).form
            assertEquals(Unlock.PIN, form.unlock)
            assertEquals(TRANSFER.keys.toList(), form.fields.map { it.id })
            val iban = form.fields.first { it.kind == FieldKind.IBAN }
            val wrong =
                assertFailsWith<FormException.Value> {
                    world.phone.check(form, iban, "LV80 BANK 0000 4351 9500 2")
                }
            assertEquals(FieldProblem.IbanCheck, wrong.problem)
            assertEquals(iban.id, wrong.id)
            assertEquals("${iban.label}: ${wrong.advice}", wrong.text)
            assertEquals(
                TRANSFER["iban"],
                world.phone.check(form, iban, "lv80 bank 0000 4351 9500 1"),
            )
            val typed = TRANSFER + ("amount" to "1234,5")
            val missing =
                assertFailsWith<FormException.Value> { world.phone.review(form, typed - "name") }
            assertEquals(FieldProblem.Empty, missing.problem)
            val refused =
                assertFailsWith<SignException.Form> {
                    world.phone.sign(form, typed + ("amount" to "much"), pin(PIN))
                }
            assertEquals(FieldProblem.Amount, assertIs<FormException.Value>(refused.error).problem)
            assertEquals(TRANSFER.values.toList(), world.phone.review(form, typed).map { it.value })
            val signed = world.phone.sign(form, typed, pin(PIN))
            assertEquals(TRANSFER.values.toList(), signed.values.map { it.value })
            world.person.type(signed.code)
            assertTrue("signed" in world.person.text().lowercase(), world.person.text())
        }
    }

    @Test
    fun `on the same phone the browser goes on where the app sends it`() = job {
        World.create().use { world ->
            val link = world.person.onMobile()
            val request =
                assertIs<Scanned.OnMobile>(world.phone.scan(link, Source.VERIFIED_LINK)).request
            val account = request.accounts.single()
            val wrong =
                assertFailsWith<ApproveException.Refused> {
                    world.phone.approve(request, account, pin(WRONG_PIN))
                }
            assertEquals(4, (wrong.refusal as Refusal.WrongPin).triesLeft)
            val approved = world.phone.approve(request, account, pin(PIN))
            world.person.follow(approved.open!!)
            assertTrue(world.person.isSignedIn())
        }
    }

    @Test
    fun `an account is renamed, asked about and removed`() = job {
        World.create().use { world ->
            assertEquals("Work", world.phone.rename(world.account, " Work ").name)
            assertEquals("Work", world.phone.refresh(world.account).name)
            val removed = world.phone.remove(world.account)
            assertTrue(removed.told, removed.next)
            assertEquals(emptyList(), world.phone.accounts())
        }
    }
}
