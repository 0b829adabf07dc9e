package countersign.phone

import com.sun.net.httpserver.HttpServer
import countersign.PushAddress
import countersign.PushAddressException
import countersign.PushAddresses
import countersign.PushKind
import countersign.approve
import countersign.pending
import java.net.InetSocketAddress
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeoutOrNull

/** A push service: whoever has an address there gets what is posted to it. */
private class PushServer : AutoCloseable {
    private val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)

    /** The paths of the messages that came; each had no content. */
    val knocks = Channel<String>(Channel.UNLIMITED)
    val host = "127.0.0.1:${server.address.port}"

    init {
        server.createContext("/") { exchange ->
            val content = exchange.requestBody.readBytes()
            val asked =
                exchange.requestMethod == "POST" &&
                    content.isEmpty() &&
                    exchange.requestHeaders.getFirst("TTL") != null
            exchange.sendResponseHeaders(if (asked) 201 else 400, -1)
            exchange.close()
            if (asked) knocks.trySend(exchange.requestURI.path)
        }
        server.start()
    }

    fun address(name: String) = PushAddress(PushKind.WEB_PUSH, "http://$host/up/$name")

    override fun close() = server.stop(0)
}

/** Where messages for the phone go: what a test wants. */
private class Addresses(@Volatile var answer: suspend () -> PushAddress?) : PushAddresses {
    val asked = mutableListOf<Pair<String, ByteArray?>>()

    override suspend fun address(origin: String, pushKey: ByteArray?): PushAddress? {
        synchronized(asked) { asked += origin to pushKey }
        return answer()
    }
}

class PushTest {
    private val push = PushServer()
    private val service = Service("--push-host", push.host)

    @AfterTest
    fun stop() {
        service.close()
        push.close()
    }

    @Test
    fun `a knock makes the phone look, and it finds what is asked`() = job {
        val addresses = Addresses { push.address("first") }
        World.create(service, push = addresses).use { world ->
            val (origin, key) = addresses.asked.single()
            assertEquals(service.origin, origin)
            assertEquals(65, key!!.size)
            assertTrue(world.phone.pending(world.account).isEmpty())
            assertNull(push.knocks.tryReceive().getOrNull())

            val number = world.person.askApp()
            assertEquals("/up/first", push.knocks.receive())
            world.phone.approve(world.phone.pendingAll().requests.single(), pin(PIN), number)
            world.person.waitWhile("open")
            assertTrue(world.person.isSignedIn())
        }
    }

    @Test
    fun `another address is told by one call, and none ends the knocks`() = job {
        val addresses = Addresses { push.address("first") }
        World.create(service, push = addresses).use { world ->
            addresses.answer = { push.address("second") }
            assertTrue(world.phone.pushAddressChanged())
            val number = world.person.askApp()
            assertEquals("/up/second", push.knocks.receive())
            world.phone.approve(world.request(), pin(PIN), number)
            world.person.waitWhile("open")

            addresses.answer = { null }
            assertTrue(world.phone.pushAddressChanged())
            world.person.askApp()
            delay(500.milliseconds)
            assertNull(push.knocks.tryReceive().getOrNull())
            assertEquals(1, world.phone.pendingAll().requests.size, "the phone looks by itself")
        }
    }

    @Test
    fun `an app that throws, hangs or returns rubbish harms nothing`() = job {
        val faults =
            listOf<suspend () -> PushAddress?>(
                { throw PushAddressException.Unavailable("no distributor") },
                { throw IllegalStateException("the app is ill") },
                { throw StackOverflowError("an error, not an exception") },
                { awaitCancellation() },
                { PushAddress(PushKind.WEB_PUSH, "") },
                { PushAddress(PushKind.WEB_PUSH, "http://example.eu/not/encrypted") },
                { PushAddress(PushKind.WEB_PUSH, "https://example.eu/" + "a".repeat(1_000_000)) },
                { PushAddress(PushKind.APNS, "no token") },
            )
        val addresses = Addresses { push.address("first") }
        World.create(service, push = addresses).use { world ->
            for (fault in faults) {
                addresses.answer = fault
                assertFalse(world.phone.pushAddressChanged())
                assertTrue(world.phone.resume().isEmpty())
            }
            // Nothing was changed: the knock goes where it went before.
            val number = world.person.askApp()
            assertEquals("/up/first", withTimeoutOrNull(10.seconds) { push.knocks.receive() })
            world.phone.approve(world.request(), pin(PIN), number)
            world.person.waitWhile("open")
            assertTrue(world.person.isSignedIn())
        }
        // Nor does an enrolment fail with it.
        val ill = Addresses { throw IllegalStateException("the app is ill") }
        World.create(service, push = ill).use { world ->
            ill.answer = { push.address("healed") }
            world.phone.resume()
            world.person.askApp()
            assertEquals("/up/healed", withTimeoutOrNull(10.seconds) { push.knocks.receive() })
        }
    }
}
