package countersign.app

import android.content.ComponentName
import android.content.Intent
import android.content.IntentFilter
import countersign.phone.Service
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf

private const val DISTRIBUTOR = "org.distributor"
private const val CONNECTOR = "org.unifiedpush.android.connector"

/** A6: a push message wakes the app. The distributor is played by the test. */
class PushTest : Hand(service) {
    private companion object {
        val service: Service by lazy {
            Service("--push-host", "push.example.eu").also {
                Runtime.getRuntime().addShutdownHook(Thread(it::close))
            }
        }
    }

    private fun install(name: String) {
        val packages = shadowOf(app.packageManager)
        val receiver = ComponentName(name, "$name.Receiver")
        packages.addReceiverIfNotPresent(receiver)
        packages.addIntentFilterForReceiver(
            receiver,
            IntentFilter("org.unifiedpush.android.distributor.REGISTER"),
        )
    }

    @Test
    fun `A6 a message makes the app look, and a notification tells that a sign-in waits`() {
        install(DISTRIBUTOR)
        initialise()
        until("the distributor is asked") {
            shadowOf(app).broadcastIntents.any { it.`package` == DISTRIBUTOR }
        }
        val token =
            shadowOf(app)
                .broadcastIntents
                .first { it.`package` == DISTRIBUTOR }
                .getStringExtra("token")
        controller.pause().stop()
        session.sleep()
        person.askApp()
        val manager = shadowOf(app.getSystemService(android.app.NotificationManager::class.java))
        assertEquals(0, manager.size())
        Push()
            .onReceive(
                app,
                Intent("$CONNECTOR.MESSAGE")
                    .putExtra("token", "somebody else's")
                    .putExtra("id", "1"),
            )
        Push()
            .onReceive(
                app,
                Intent("$CONNECTOR.MESSAGE").putExtra("token", token).putExtra("id", "2"),
            )
        until("a notification") { manager.size() == 1 }
        controller.start().resume()
        waitFor("Approve only what you began yourself")
    }

    @Test
    fun `A6 among several distributors the person chooses`() {
        install(DISTRIBUTOR)
        install("org.other")
        initialise()
        settings()
        press("Waking this phone")
        assertTrue(sees("None: requests appear when this app is open"))
        press("org.other")
        until("it is chosen") { countersign.android.UnifiedPush(app).distributor == "org.other" }
        press("None")
        until("none is chosen") { countersign.android.UnifiedPush(app).distributor == null }
    }

    @Test
    fun `A6 a message whose inbox can't be read rings all the same, with the general text and no button`() {
        install(DISTRIBUTOR)
        initialise()
        until("the distributor is asked") {
            shadowOf(app).broadcastIntents.any { it.`package` == DISTRIBUTOR }
        }
        val token =
            shadowOf(app)
                .broadcastIntents
                .first { it.`package` == DISTRIBUTOR }
                .getStringExtra("token")
        controller.pause().stop()
        session.sleep()
        kotlinx.coroutines.runBlocking { session.phone().close() }
        Push()
            .onReceive(
                app,
                Intent("$CONNECTOR.MESSAGE").putExtra("token", token).putExtra("id", "2"),
            )
        val manager = shadowOf(app.getSystemService(android.app.NotificationManager::class.java))
        until("a notification") { manager.size() == 1 }
        assertEquals(
            "A sign-in is waiting",
            manager.allNotifications.single().extras.getString("android.title"),
        )
        assertEquals(null, manager.allNotifications.single().actions)
    }
}
