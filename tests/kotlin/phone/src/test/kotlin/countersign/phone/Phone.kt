package countersign.phone

import countersign.Account
import countersign.Authenticator
import countersign.Biometrics
import countersign.Clock
import countersign.KeyStore
import countersign.PendingRequest
import countersign.PinEntry
import countersign.Platform
import countersign.PushAddresses
import countersign.Scanned
import countersign.Scanner
import countersign.Source
import countersign.UserPresence
import countersign.complete
import countersign.requests
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

const val PIN = "4071"
const val WRONG_PIN = "1704"

/** What a keypad does. */
fun pin(digits: String) = PinEntry().apply { digits.forEach { push(it.digitToInt()) } }

fun job(block: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(120.seconds, block) }

/** Opens a phone in a folder. */
suspend fun open(
    folder: Path,
    keys: KeyStore = SoftKeys(folder),
    presence: UserPresence = AlwaysThere,
    clock: Clock? = null,
    biometrics: Biometrics? = null,
    push: PushAddresses? = null,
): Authenticator =
    Authenticator.open(
        folder.toString(),
        Platform(
            keyStore = keys,
            presence = presence,
            system = "JVM",
            model = "test",
            biometrics = biometrics,
            pushAddresses = push,
            clock = clock,
        ),
    )

fun newFolder(): Path =
    Files.createTempDirectory("countersign-phone-").also { it.toFile().deleteOnExit() }

/** A person with a computer and a phone that is initialised. */
class World(val person: Person, val phone: Authenticator, val account: Account, val folder: Path) :
    AutoCloseable {
    /** The request that comes next. */
    suspend fun request(): PendingRequest = phone.requests(account).first()

    /** What the QR code on the page asks for. */
    suspend fun scanned(): Scanned = phone.scan(textOf(person.picture()), Source.CAMERA)

    override fun close() {
        phone.close()
        folder.toFile().deleteRecursively()
    }

    companion object {
        suspend fun create(
            service: Service = Service.shared,
            folder: Path = newFolder(),
            keys: KeyStore = SoftKeys(folder),
            presence: UserPresence = AlwaysThere,
            clock: Clock? = null,
            biometrics: Biometrics? = null,
            push: PushAddresses? = null,
        ): World {
            val person = Person(service)
            val phone = open(folder, keys, presence, clock, biometrics, push)
            return World(person, phone, enrol(person, phone), folder)
        }
    }
}

/** The text of the QR code in a picture. */
suspend fun textOf(picture: ByteArray): String = Scanner().use { it.picture(picture).single().text }

/**
 * Initialises a phone: the page's QR code is scanned, a PIN chosen, and six digits typed on the
 * page.
 */
suspend fun enrol(person: Person, phone: Authenticator): Account {
    person.addDevice()
    return enrolHere(person, phone)
}

/** The same where the page shows the QR code already. */
suspend fun enrolHere(person: Person, phone: Authenticator): Account {
    val claimed =
        phone.beginEnrolment(textOf(person.picture()), Source.CAMERA).use { offer ->
            phone.claimWithNewPin(offer, pin(PIN), pin(PIN))
        }
    person.waitWhile("open")
    person.type(claimed.confirmationCode!!)
    return phone.complete(claimed)
}
