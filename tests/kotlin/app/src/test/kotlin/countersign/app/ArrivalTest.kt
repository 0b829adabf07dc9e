package countersign.app

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Intent
import android.net.Uri
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf

/** A9, A14: what other apps hand to this one, and the way back to the browser. */
class ArrivalTest : Hand() {
    private val bells
        get() = shadowOf(app.getSystemService(android.app.NotificationManager::class.java))

    private fun share(
        picture: ByteArray,
        uri: Uri = Uri.parse("content://pictures/${System.nanoTime()}"),
        type: String = "image/png",
    ) {
        shadowOf(app.contentResolver).registerInputStream(uri, picture.inputStream())
        controller.newIntent(
            Intent(Intent.ACTION_SEND).setType(type).putExtra(Intent.EXTRA_STREAM, uri)
        )
        idle()
    }

    @Test
    fun `A14 a picture that another app shares gives a code after the person confirms, and ends nothing that is underway`() {
        initialise()
        settings()
        press("Rename")
        type("Name of the account", "Half a na")
        person.askCode()
        share(person.picture())
        waitFor("Read the code in it only if you have just shared it yourself.")
        press("Read the code")
        waitFor("Show a code only if you opened that page yourself.")
        back()
        assertTrue(sees("Half a na"))
    }

    @Test
    fun `A14 what signs in on this phone itself is not taken from a shared picture`() {
        initialise()
        val link = person.onMobile()
        session.link(link, countersign.Source.SHARED_IMAGE)
        waitFor("Another app, such as the camera, passes on a code.")
        press("Read the code")
        waitFor("This can’t be taken that way.")
    }

    @Test
    fun `A14 one picture of another app's provider is taken, and no file, text or provider of our own`() {
        start()
        for ((uri, type) in
            listOf(
                "file:///data/data/countersign.app/shared_prefs/app.xml" to "image/png",
                "content://countersign.app.files/x" to "image/png",
                "content://pictures/x" to "text/plain",
                "https://example.eu/x.png" to "image/png",
            )) {
            share(byteArrayOf(), Uri.parse(uri), type)
            waitFor("This can’t be taken.")
        }
        controller.newIntent(
            Intent(Intent.ACTION_SEND)
                .setType("image/png")
                .putExtra(Intent.EXTRA_STREAM, "no address")
        )
        waitFor("This can’t be taken.")
    }

    @Test
    fun `A9 approved in the background one notification leads back to the browser, once, and holds no address`() {
        initialise()
        val url = "https://sign.example.eu/return?r=1"
        controller.pause().stop()
        session.return_.begin(url, Instant.now().plusSeconds(60))
        val bell = bells.allNotifications.single()
        val words = bell.extras.keySet().mapNotNull { bell.extras.get(it)?.toString() }
        assertTrue("Approved" in words && "Tap to go on" in words)
        assertTrue(words.none { "sign.example" in it || session.account!!.accountLabel in it })
        assertEquals(Notification.VISIBILITY_PRIVATE, bell.visibility)
        assertTrue(
            bell.flags and Notification.FLAG_LOCAL_ONLY != 0 && bell.timeoutAfter in 1..60_000
        )
        assertEquals(null, bell.actions)
        val tap = shadowOf(bell.contentIntent)
        assertTrue(
            tap.flags and PendingIntent.FLAG_IMMUTABLE != 0 &&
                tap.flags and PendingIntent.FLAG_ONE_SHOT != 0
        )
        assertEquals(null, tap.savedIntent.data)
        controller.restart().resume()
        controller.newIntent(tap.savedIntent)
        idle()
        val opened =
            generateSequence { shadowOf(activity).nextStartedActivity }
                .first { it.action == Intent.ACTION_VIEW }
        assertEquals(url, opened.dataString)
        assertTrue(
            opened.selector != null &&
                opened.`package` == null &&
                opened.getParcelableExtra(Intent.EXTRA_REFERRER, Uri::class.java) == null
        )
        assertEquals(0, bells.size())
        assertFalse(session.return_.open, "it is used up")
        controller.newIntent(tap.savedIntent)
        waitFor("Begin again in the browser.")
    }

    @Test
    fun `A9 when its time is over the way back is gone, and the app says to begin again`() {
        initialise()
        controller.pause().stop()
        session.return_.begin("https://sign.example.eu/return?r=1", Instant.now().plusSeconds(60))
        val tap = shadowOf(bells.allNotifications.single().contentIntent).savedIntent
        session.clock = Clock.fixed(Instant.now().plus(Duration.ofMinutes(5)), ZoneOffset.UTC)
        controller.restart().resume()
        assertEquals(0, bells.size(), "who opens the app otherwise finds no way that leads nowhere")
        controller.newIntent(tap)
        waitFor("Begin again in the browser.")
        assertEquals(
            null,
            generateSequence { shadowOf(activity).nextStartedActivity }
                .firstOrNull { it.action == Intent.ACTION_VIEW },
        )
    }

    @Test
    fun `A9 the package manager's own matcher gives this app its links, in lower and in upper case`() {
        val packages = app.packageManager
        fun opens(link: String) =
            packages
                .queryIntentActivities(
                    Intent(Intent.ACTION_VIEW, Uri.parse(link))
                        .addCategory(Intent.CATEGORY_BROWSABLE),
                    0,
                )
                .any { it.activityInfo.name == MainActivity::class.java.name }
        assertTrue(opens("https://sign.example.eu/Q/ABC"))
        assertTrue(opens("HTTPS://SIGN.EXAMPLE.EU/Q/ABC"))
        assertTrue(opens("countersign://other.example.eu/Q/ABC"))
        assertFalse(opens("https://sign.example.eu/account"))
        assertFalse(opens("https://other.example.eu/Q/ABC"))
        assertFalse(opens("HTTPS://OTHER.EXAMPLE.EU/Q/ABC"))
    }

    @Test
    fun `A3 the launcher's shortcut opens the scanner`() {
        start()
        controller.newIntent(Intent(MainActivity.SCAN))
        idle()
        assertTrue(session.screens.top is ScanScreen)
    }

    @Test
    fun `A6 a banner says that notifications are off, and leads to where they are turned on`() {
        initialise()
        bells.setNotificationsEnabled(false)
        controller.pause().stop()
        controller.restart().resume()
        session.screens.top.redraw()
        waitFor("Notifications are off")
    }

    @Test
    fun `A6 the same banner comes where only the channel of requests is silent`() {
        shadowOf(app).grantPermissions(android.Manifest.permission.POST_NOTIFICATIONS)
        start()
        session.accounts = listOf(Examples.account)
        idle()
        assertFalse(sees("Notifications are off"))
        val silent = NotificationChannel("requests", "", NotificationManager.IMPORTANCE_NONE)
        app.getSystemService(NotificationManager::class.java).createNotificationChannel(silent)
        controller.pause().stop()
        controller.restart().resume()
        waitFor("Notifications are off")
        press("Turn on")
        assertEquals(
            android.provider.Settings.ACTION_APP_NOTIFICATION_SETTINGS,
            shadowOf(activity).nextStartedActivity.action,
        )
        session.bell.ring()
        assertFalse(session.bell.heard, "the app does not turn it on again by itself")
    }

    @Test
    fun `the app asks for nothing that wakes or keeps it in the background`() {
        val about =
            app.packageManager.getPackageInfo(
                app.packageName,
                android.content.pm.PackageManager.GET_PERMISSIONS or
                    android.content.pm.PackageManager.GET_SERVICES,
            )
        assertEquals(
            setOf(
                "INTERNET",
                "USE_BIOMETRIC",
                "CAMERA",
                "POST_NOTIFICATIONS",
                "HIDE_OVERLAY_WINDOWS",
            ),
            about.requestedPermissions!!.map { it.substringAfterLast('.') }.toSet(),
        )
        assertEquals(0, about.services.orEmpty().size)
    }
}
