package countersign.android

import android.app.Application
import android.app.PendingIntent
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.util.Base64
import countersign.PushAddress
import countersign.PushAddressException
import countersign.PushKind
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotEquals
import kotlin.test.assertNull
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

private const val CONNECTOR = "org.unifiedpush.android.connector"
private const val REGISTRATION = "org.unifiedpush.android.distributor"
private const val ORIGIN = "https://sign.example.eu"
private val KEY = ByteArray(65) { it.toByte() }

/** An app's receiver; what it hears is a test's. */
class HeardReceiver : PushReceiver() {
    override suspend fun look(context: Context) = heard.send("look")

    override suspend fun addressChanged(context: Context) {
        heard.send("address")
        throw IllegalStateException("an app's own fault")
    }

    companion object {
        val heard = Channel<String>(Channel.UNLIMITED)
    }
}

/** UnifiedPush on Android's own classes; the distributor is played by the test. */
@RunWith(RobolectricTestRunner::class)
class UnifiedPushTest {
    private val app: Application = RuntimeEnvironment.getApplication()
    private val push = UnifiedPush(app)

    private fun install(distributor: String) {
        val packages = shadowOf(app.packageManager)
        val receiver = ComponentName(distributor, "$distributor.Receiver")
        packages.addReceiverIfNotPresent(receiver)
        packages.addIntentFilterForReceiver(receiver, IntentFilter("$REGISTRATION.REGISTER"))
    }

    /** What distributors were told since this was last asked. */
    private fun told(): List<Intent> =
        shadowOf(app).broadcastIntents.toList().also { shadowOf(app).clearBroadcastIntents() }

    private fun says(action: String, token: String?, vararg extras: Pair<String, String>) {
        val intent = Intent("$CONNECTOR.$action").putExtra("token", token)
        extras.forEach { (name, value) -> intent.putExtra(name, value) }
        HeardReceiver().onReceive(app, intent)
    }

    private suspend fun heard() = withTimeout(10_000) { HeardReceiver.heard.receive() }

    private suspend fun nothingIsHeard() {
        delay(200)
        assertNull(HeardReceiver.heard.tryReceive().getOrNull())
    }

    /**
     * Asks for the address at the service where there is none yet; the token that the distributor
     * was given.
     */
    private suspend fun registered(origin: String = ORIGIN): String {
        assertFailsWith<PushAddressException.Unavailable> { push.address(origin, KEY) }
        return told().single().getStringExtra("token")!!
    }

    @Test
    fun `a distributor is asked, answers, and its messages make the app look`() = runBlocking {
        install("org.distributor")
        assertFailsWith<PushAddressException.Unavailable> { push.address(ORIGIN, KEY) }
        val asked = told().single()
        assertEquals("$REGISTRATION.REGISTER" to "org.distributor", asked.action to asked.`package`)
        val key = Base64.decode(asked.getStringExtra("vapid"), Base64.URL_SAFE)
        assertEquals(KEY.toList() to 87, key.toList() to asked.getStringExtra("vapid")!!.length)
        @Suppress("DEPRECATION")
        assertEquals(
            app.packageName,
            asked.getParcelableExtra<PendingIntent>("pi")!!.creatorPackage,
        )
        val token = asked.getStringExtra("token")!!

        says("NEW_ENDPOINT", token, "endpoint" to "https://push.example.eu/up/1")
        assertEquals("address", heard())
        assertEquals(
            PushAddress(PushKind.WEB_PUSH, "https://push.example.eu/up/1"),
            push.address(ORIGIN, KEY),
        )
        // Asked again with the same token, to which the same answer is no news.
        assertEquals(token, told().single().getStringExtra("token"))
        says("NEW_ENDPOINT", token, "endpoint" to "https://push.example.eu/up/1")
        nothingIsHeard()

        says("MESSAGE", token, "id" to "7")
        assertEquals("look", heard())
        val acknowledged = told().single()
        assertEquals(
            "$REGISTRATION.MESSAGE_ACK" to "7",
            acknowledged.action to acknowledged.getStringExtra("id"),
        )
        says("MESSAGE", token)
        assertEquals("look", heard())
    }

    @Test
    fun `who does not know the token is not heard, and rubbish is not kept`() = runBlocking {
        install("org.distributor")
        val token = registered()
        for (wrong in listOf(null, "", "another", token.uppercase())) {
            says("NEW_ENDPOINT", wrong, "endpoint" to "https://evil.example/")
            says("MESSAGE", wrong)
            says("UNREGISTERED", wrong)
        }
        says("NEW_ENDPOINT", token)
        says("NEW_ENDPOINT", token, "endpoint" to "https://evil.example/" + "a".repeat(600))
        says("ANOTHER", token)
        nothingIsHeard()
        assertFailsWith<PushAddressException.Unavailable> { push.address(ORIGIN, KEY) }
        assertEquals(token, told().last().getStringExtra("token"))
    }

    @Test
    fun `each service has an address of its own, and another key another one`() = runBlocking {
        install("org.distributor")
        val tokens = listOf(registered(), registered("https://another.example.eu"))
        assertNotEquals(tokens[0], tokens[1])
        says("NEW_ENDPOINT", tokens[0], "endpoint" to "https://push.example.eu/up/1")
        heard()
        assertFailsWith<PushAddressException.Unavailable> {
            push.address("https://another.example.eu", KEY)
        }
        told()
        assertFailsWith<PushAddressException.Unavailable> { push.address(ORIGIN, ByteArray(65)) }
        val (ended, begun) = told()
        assertEquals(
            "$REGISTRATION.UNREGISTER" to tokens[0],
            ended.action to ended.getStringExtra("token"),
        )
        assertFalse(begun.getStringExtra("token") in tokens)
        // A service without a key sends none.
        assertNull(push.address("https://another.example.eu", null))
        assertEquals(tokens[1], told().single().getStringExtra("token"))
    }

    @Test
    fun `the person chooses among several distributors, or none`() = runBlocking {
        assertNull(push.address(ORIGIN, KEY))
        install("org.distributor")
        install("org.another")
        assertEquals(setOf("org.distributor", "org.another"), push.distributors().toSet())
        assertNull(push.distributor, "nobody chooses for the person")
        assertNull(push.address(ORIGIN, KEY))
        push.choose("org.another")
        val token = registered()
        push.choose(null)
        assertEquals(token, told().single().getStringExtra("token"))
        assertNull(push.address(ORIGIN, KEY))
        push.choose("org.removed")
        assertNull(push.distributor)
        assertEquals(0, told().size)
    }

    @Test
    fun `another app that calls itself a distributor later takes nothing away`() = runBlocking {
        install("org.distributor")
        val token = registered()
        says("NEW_ENDPOINT", token, "endpoint" to "https://push.example.eu/up/1")
        heard()
        install("org.another")
        assertEquals("org.distributor", push.distributor)
        assertEquals(
            PushAddress(PushKind.WEB_PUSH, "https://push.example.eu/up/1"),
            push.address(ORIGIN, KEY),
        )
        val asked = told().single()
        assertEquals(token to "org.distributor", asked.getStringExtra("token") to asked.`package`)
    }

    @Test
    fun `an address that ended is told, and the next one is asked with a token that is new`() =
        runBlocking {
            install("org.distributor")
            val first = registered()
            says("REGISTRATION_FAILED", first, "reason" to "NETWORK")
            nothingIsHeard()
            val second = registered()
            assertNotEquals(first, second)
            says("NEW_ENDPOINT", second, "endpoint" to "https://push.example.eu/up/2")
            assertEquals("address", heard())
            says("UNREGISTERED", second)
            assertEquals("address", heard())
            assertNotEquals(second, registered())
        }
}
