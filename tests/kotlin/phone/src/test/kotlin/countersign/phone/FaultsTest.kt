package countersign.phone

import countersign.ApproveException
import countersign.Clock
import countersign.CodeException
import countersign.CreatedKey
import countersign.KeyStoreException
import countersign.OpenException
import countersign.PhoneProblem
import countersign.PresenceException
import countersign.Scanned
import countersign.UserPresence
import countersign.approve
import countersign.code
import countersign.refresh
import java.nio.file.Path
import java.time.Instant
import java.util.concurrent.CountDownLatch
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch

/** A key store that does what a test wants while it wants it. */
private class FaultyKeys(folder: Path) : SoftKeys(folder) {
    @Volatile var sealing: ((ByteArray) -> ByteArray)? = null

    @Volatile var unsealing: ((ByteArray) -> ByteArray)? = null

    @Volatile var signing: ((ByteArray) -> ByteArray)? = null

    @Volatile var creating: (() -> CreatedKey)? = null

    override fun seal(secret: ByteArray) = sealing?.invoke(secret) ?: super.seal(secret)

    override fun unseal(sealed: ByteArray) = unsealing?.invoke(sealed) ?: super.unseal(sealed)

    override fun sign(handle: ByteArray, message: ByteArray) =
        signing?.invoke(message) ?: super.sign(handle, message)

    override fun createKey() = creating?.invoke() ?: super.createKey()

    fun heal() {
        sealing = null
        unsealing = null
        signing = null
        creating = null
    }
}

/**
 * An app's own code may fail in any way: nothing comes of it but a typed error, and the phone goes
 * on when it works again.
 */
class FaultsTest {
    private val throwing =
        listOf<() -> ByteArray>(
            { throw IllegalStateException("the key store is ill") },
            { throw StackOverflowError("an error, not an exception") },
            { throw KeyStoreException.Unavailable("the phone is locked") },
            { throw KeyStoreException.NotOurs() },
        )
    private val rubbish =
        listOf(
            ByteArray(0),
            ByteArray(1),
            ByteArray(48),
            ByteArray(72) { 0x30 },
            ByteArray(100_000),
        )

    @Test
    fun `a phone does not open with a key store that fails`() = job {
        for (failing in throwing) {
            val keys = FaultyKeys(newFolder()).apply { sealing = { failing() } }
            val failed = assertFailsWith<OpenException.Phone> { open(newFolder(), keys) }
            assertTrue(
                failed.problem in listOf(PhoneProblem.KEYS_UNAVAILABLE, PhoneProblem.KEYS_NOT_OURS),
                "$failed",
            )
        }
        val locked =
            FaultyKeys(newFolder()).apply {
                sealing = { throw KeyStoreException.Unavailable("the phone is locked") }
            }
        assertTrue(
            "the phone is locked" in
                assertFailsWith<OpenException.Phone> { open(newFolder(), locked) }.text
        )
    }

    @Test
    fun `a key store that fails or errs costs no try and loses nothing`() = job {
        val folder = newFolder()
        val keys = FaultyKeys(folder)
        World.create(folder = folder, keys = keys).use { world ->
            val number = world.person.askApp()
            val request = world.request()
            val faults = throwing + rubbish.map { bytes -> { bytes } }
            for (fault in faults) {
                keys.unsealing = { fault() }
                assertFailsWith<ApproveException.Phone> {
                    world.phone.approve(request, pin(PIN), number)
                }
                keys.heal()
                keys.signing = { fault() }
                assertFailsWith<ApproveException.Phone> {
                    world.phone.approve(request, pin(PIN), number)
                }
                keys.heal()
            }
            assertEquals(5, world.phone.refresh(world.account).triesLeft)
            world.phone.approve(request, pin(PIN), number)
            world.person.waitWhile("open")

            world.person.askCode()
            val code = assertIs<Scanned.Code>(world.scanned()).request
            for (fault in faults) {
                keys.sealing = { fault() }
                assertFailsWith<CodeException.Phone> { world.phone.code(code) }
                keys.heal()
            }
            world.person.type(world.phone.code(code).code)
            assertTrue(world.person.isSignedIn(), "no step of the chain was lost")
        }
    }

    @Test
    fun `an enrolment with a key store that makes no keys leaves nothing behind`() = job {
        val folder = newFolder()
        val keys = FaultyKeys(folder)
        val person = Person(Service.shared)
        open(folder, keys).use { phone ->
            person.addDevice()
            phone.beginEnrolment(textOf(person.picture()), countersign.Source.CAMERA).use { offer ->
                val wrong =
                    listOf<() -> CreatedKey>(
                        { throw IllegalStateException("no room for a key") },
                        { CreatedKey(ByteArray(10), ByteArray(65) { 4 }, inHardware = true) },
                        { CreatedKey(ByteArray(100_000), ByteArray(0), inHardware = true) },
                    )
                for (fault in wrong) {
                    keys.creating = fault
                    assertFailsWith<countersign.ClaimException.Phone> {
                        phone.claimWithNewPin(offer, pin(PIN), pin(PIN))
                    }
                }
                keys.heal()
                assertEquals(emptyList(), phone.accounts())
            }
            enrol(person, phone)
        }
    }

    @Test
    fun `a key store that hangs is given up, and works again afterwards`() = job {
        val folder = newFolder()
        val keys = FaultyKeys(folder)
        World.create(folder = folder, keys = keys).use { world ->
            val number = world.person.askApp()
            val request = world.request()
            val latch = CountDownLatch(1)
            keys.signing = {
                latch.await()
                ByteArray(0)
            }
            val began = System.nanoTime()
            val hung =
                assertFailsWith<ApproveException.Phone> {
                    world.phone.approve(request, pin(PIN), number)
                }
            assertEquals(PhoneProblem.KEYS_UNAVAILABLE, hung.problem)
            assertTrue((System.nanoTime() - began) / 1e9 in 9.0..15.0)
            assertEquals(5, world.phone.accounts().single().triesLeft, "others go on meanwhile")
            latch.countDown()
            keys.heal()
            world.phone.approve(request, pin(PIN), number)
        }
    }

    @Test
    fun `a lock that is not confirmed, fails or hangs gives no code`() = job {
        var confirm: suspend () -> Unit = {}
        val presence =
            object : UserPresence {
                override suspend fun confirm(reason: String) = confirm()
            }
        World.create(presence = presence).use { world ->
            world.person.askCode()
            val request = assertIs<Scanned.Code>(world.scanned()).request
            confirm = { throw PresenceException.NotConfirmed() }
            assertFailsWith<CodeException.NotConfirmed> { world.phone.code(request) }
            confirm = { throw IllegalStateException("no sensor") }
            assertFailsWith<CodeException.NotConfirmed> { world.phone.code(request) }
            val cancelled = CompletableDeferred<Unit>()
            val asked = CompletableDeferred<Unit>()
            confirm = {
                try {
                    asked.complete(Unit)
                    awaitCancellation()
                } finally {
                    cancelled.complete(Unit)
                }
            }
            val waiting = launch { world.phone.code(request) }
            asked.await()
            waiting.cancelAndJoin()
            cancelled.await()
            confirm = {}
            world.person.type(world.phone.code(request).code)
            assertTrue(world.person.isSignedIn())
        }
    }

    @Test
    fun `a clock that fails is replaced by the system's`() = job {
        val clocks =
            listOf<() -> Instant>(
                { throw IllegalStateException("no time") },
                { Instant.EPOCH },
                { Instant.MAX },
                {
                    Thread.sleep(Long.MAX_VALUE)
                    Instant.now()
                },
            )
        for (time in clocks) {
            val clock =
                object : Clock {
                    override fun now() = time()
                }
            World.create(clock = clock).use { world ->
                val number = world.person.askApp()
                world.phone.approve(world.request(), pin(PIN), number)
            }
        }
    }
}
