package countersign.phone

import countersign.*
import countersign.Refusal
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import java.nio.file.Path
import kotlin.io.path.Path
import kotlin.io.path.readText
import kotlin.test.Test
import kotlin.test.assertContains
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** An app whose person types what a test has written down. What it shows is kept. */
private class App(private val folder: String) {
    private val keys = SoftKeys(Path(folder))
    private val lock = AlwaysThere
    val pins = Channel<String>(Channel.UNLIMITED)
    val numbers = Channel<Int>(Channel.UNLIMITED)
    val fields = mutableMapOf<String, MutableList<String>>()
    val shown = Channel<String>(Channel.UNLIMITED)

    private fun show(text: String) {
        shown.trySend(text)
    }

    private suspend fun askForPin() = pin(pins.receive())
    private suspend fun askForNumber() = numbers.receive()
    private fun askFor(field: FormField) = fields.getValue(field.id).removeFirst()

    suspend fun open(): Authenticator {
        val phone = Authenticator.open(
            folder = folder,
            platform = Platform(keyStore = keys, presence = lock, system = "JVM", model = "my first phone"),
        )
        for (resumed in phone.resume()) {
            when (resumed) {
                Resumed.Reinstalled -> show("the app was here before, and its data are gone: initialise every account again")
                is Resumed.Waiting -> show("type ${resumed.claimed.confirmationCode} on the page")
                is Resumed.PinChanged -> show("the new PIN of ${resumed.account.name} holds")
                is Resumed.PinAsBefore -> show("the PIN of ${resumed.account.name} is as it was")
                else -> Unit
            }
        }
        return phone
    }

    suspend fun initialise(phone: Authenticator, picture: ByteArray): Account {
        val text = Scanner().use { it.picture(picture).single().text }
        val offer = phone.beginEnrolment(text, Source.CAMERA)
        val details = offer.details()
        show("${details.accountLabel} at ${details.host}") // before any PIN is asked
        val claimed = claim(phone, offer)
        claimed.confirmationCode?.let { show("type $it on the page") }
        val account = phone.complete(claimed) // waits for the page
        return account
    }

    suspend fun claim(phone: Authenticator, offer: EnrolmentOffer): Claimed {
        while (true) {
            try {
                return if (offer.details().pinChosenInBrowser) {
                    phone.claimWithBrowserPin(offer, askForPin())
                } else {
                    phone.claimWithNewPin(offer, askForPin(), askForPin())
                }
            } catch (error: ClaimException.PinsDiffer) {
                show("$error")
            } catch (error: ClaimException.GuessablePin) {
                show("$error") // in English; error.reason says which kind of PIN it is
            } catch (error: ClaimException.WrongPin) {
                show("$error") // error.triesLeft
            }
        }
    }

    suspend fun collect(phone: Authenticator) {
        phone.requests().collect { request -> answer(phone, request) }
    }

    suspend fun answer(phone: Authenticator, request: PendingRequest) {
        show(request.details.rows.joinToString("\n") { "${it.label}: ${it.value}" }) // all of it, before any PIN is asked
        val number = if (request.numberAsked) askForNumber() else null
        while (true) {
            try {
                phone.approve(request, askForPin(), number)
                return show("approved")
            } catch (error: ApproveException.Refused) {
                val wrong = error.refusal as? Refusal.WrongPin ?: return show("$error")
                show("${wrong.triesLeft} tries left") // the request is still open
            } catch (error: ApproveException) {
                return show("$error") // closed, expired, no network: each is a type of its own
            }
        }
    }

    suspend fun scanned(phone: Authenticator, text: String) {
        when (val scanned = phone.scan(text, Source.CAMERA)) {
            is Scanned.Code -> show(phone.code(scanned.request, pinFor(scanned.request.unlock)).code)
            is Scanned.Transaction -> show(sign(phone, scanned.form).code)
            is Scanned.OnMobile -> show("open this link on the phone itself")
            is Scanned.Enrolment -> show("this code initialises a phone")
        }
    }

    suspend fun pinFor(unlock: Unlock): PinEntry? = if (unlock == Unlock.NOTHING) null else askForPin()

    suspend fun sign(phone: Authenticator, form: TransactionForm): SignedTransaction {
        show(form.advice)
        val typed = mutableMapOf<String, String>()
        for (field in form.fields) {
            do {
                typed[field.id] = askFor(field)
                val problem = try {
                    phone.check(form, field, typed.getValue(field.id))
                    null
                } catch (error: FormException.Value) {
                    error.advice
                }
                problem?.let { show(it) }
            } while (problem != null)
        }
        for (value in phone.review(form, typed)) show("${value.label}: ${value.value}")
        return phone.sign(form, typed, pinFor(form.unlock))
    }
}

/** The page "Your first approval": its code is this file's, and does what the page says. */
class FirstApprovalTest {
    @Test
    fun `the page's code initialises, approves, makes a code and signs`() = job {
        val folder = newFolder()
        val person = Person(Service.shared)
        val app = App(folder.toString())
        app.open().use { phone ->
            for (digits in listOf(PIN, WRONG_PIN, "1234", "1234", PIN, PIN)) app.pins.send(digits)
            person.addDevice()
            coroutineScope {
                launch { app.initialise(phone, person.picture()) }
                assertContains(app.shown.receive(), " at ")
                assertContains(app.shown.receive(), "not the same")
                assertContains(app.shown.receive(), "guess")
                val code = app.shown.receive()
                person.waitWhile("open")
                person.type(Regex("type (\\d{6}) on the page").matchEntire(code)!!.groupValues[1])
            }

            coroutineScope {
                val screen = launch { app.collect(phone) }
                app.numbers.send(person.askApp())
                assertContains(app.shown.receive(), "Firefox")
                app.pins.send(WRONG_PIN)
                assertEquals("4 tries left", app.shown.receive())
                app.pins.send(PIN)
                assertEquals("approved", app.shown.receive())
                person.waitWhile("open")
                assertTrue(person.isSignedIn())
                screen.cancel()
            }

            person.beginTransfer()
            for ((id, value) in TRANSFER) app.fields[id] = mutableListOf(value)
            app.fields.getValue("amount").add(0, "much")
            app.pins.send(PIN)
            app.scanned(phone, person.link())
            val shown = generateSequence { app.shown.tryReceive().getOrNull() }.toList()
            // The advice, one problem, the four values, the code.
            assertEquals(7, shown.size, "$shown")
            person.type(shown.last())
            assertContains(person.text(), "Signed", ignoreCase = true)

            person.askCode()
            app.scanned(phone, person.link())
            person.type(app.shown.receive())
            assertTrue(person.isSignedIn())
        }
        folder.toFile().deleteRecursively()
    }

    @Test
    fun `the page's code is this file's`() {
        val page = lines(Path("../../../bindings/kotlin/FIRST-APPROVAL.md"))
        val here = lines(Path("src/test/kotlin/countersign/phone/FirstApprovalTest.kt")).joinToString("\n")
        val blocks = ArrayList<MutableList<String>>()
        var inside = false
        for (line in page) {
            if (line.startsWith("```")) {
                inside = line == "```kotlin"
                if (inside) blocks.add(ArrayList())
            } else if (inside) {
                blocks.last().add(line)
            }
        }
        assertTrue(blocks.size >= 8, "${blocks.size} blocks")
        for (block in blocks) assertContains("\n$here\n", block.joinToString("\n", "\n", "\n"))
    }

    private fun lines(file: Path) = file.readText().lines().map { it.trim() }.filter { it.isNotEmpty() }
}
