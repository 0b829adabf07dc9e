package countersign.app

import android.app.NotificationManager
import android.hardware.biometrics.BiometricPrompt
import android.view.View
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.text.style.ResolvedTextDirection
import countersign.android.Dialog
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers
import org.xmlpull.v1.XmlPullParser

private const val ANDROID = "http://schemas.android.com/apk/res/android"

/**
 * A13: the language that is chosen reaches everything, and every screen holds longer words and runs
 * the other way.
 */
@Config(shadows = [Dialog::class])
class LanguageTest : Hand() {
    private val folder = System.getenv("SCREENSHOTS")?.let(::File)?.also(File::mkdirs)

    /** The five main screens as they are in a language that no table has. */
    private fun each(qualifiers: String, look: (String) -> Unit) {
        start()
        Examples.begin(session)
        Examples.show(session, AddScreen(session))
        again(qualifiers)
        for ((name, screen) in Examples.screens(session)) {
            Examples.show(session, screen)
            idle(40)
            for (node in nodes) for (text in node.layouts) assertTrue(
                text.whole,
                "${node.said} is cut off: $name",
            )
            look(name)
            val drawn = activity.picture()
            folder?.let { save(drawn, File(it, "$name-${qualifiers.take(4).drop(1)}.png")) }
        }
    }

    private val SemanticsNode.shown: String
        get() = layouts.joinToString(" ") { it.layoutInput.text.text }

    @Test
    fun `A13 in a made-up language with longer words nothing is cut off, and no text is missing from the table`() {
        // aapt2 makes up no plurals.
        val plural = app.resources.getQuantityString(R.plurals.code_seconds, 45, 45)
        val known = setOf(app.getString(R.string.app_name), "A", "W", plural)
        val strange = ArrayList<String>()
        each("+en-rXA-w360dp-h640dp-port-mdpi") { name ->
            val texts = nodes.map { it.shown }.filter { text -> text.any(Char::isLetter) }
            assertTrue(texts.count { it.startsWith("[") } >= 3, "$name: $texts")
            strange +=
                texts.filter { text ->
                    !text.startsWith("[") && text !in known && DATA.none { it in text }
                }
        }
        assertEquals(
            emptyList(),
            strange,
            "only what the service or the person has named comes from elsewhere",
        )
    }

    @Test
    fun `A13 from right to left the screens are mirrored, and codes, hosts, account numbers and the pad are not`() {
        val exact = HashSet<String>()
        each("+ar-rXB-ldrtl-w360dp-h640dp-port-mdpi") { name ->
            assertEquals(
                View.LAYOUT_DIRECTION_RTL,
                activity.resources.configuration.layoutDirection,
            )
            if (name != "home") {
                val back = merged.first { it.pressable && it.boundsInWindow.top < BAR }
                assertTrue(
                    back.boundsInWindow.center.x > activity.window.decorView.width / 2,
                    "$name: the way back is at the right",
                )
            }
            pad('1')?.let { one ->
                assertTrue(one.boundsInWindow.left < pad('3')!!.boundsInWindow.left, name)
            }
            if (name == "request")
                assertTrue(ink(0) > 0 && ink(1) == 0, "the first digit is in the box at the left")
            for (node in nodes) {
                val text = node.shown
                for (host in HOSTS) if (host in text && '@' !in text) {
                    val whole = text == host && node.direction == ResolvedTextDirection.Ltr
                    assertTrue(whole || "\u2066$host\u2069" in text, "$name: $text")
                    exact += host
                }
                for (code in CODES) if (code in text) {
                    assertEquals(ResolvedTextDirection.Ltr, node.direction, "$name: $text")
                    exact += code
                }
            }
        }
        assertTrue(CODES.all { it in exact } && HOSTS.all { it in exact }, "$exact")
    }

    /** How many pixels within one of the two boxes of the number are not of its ground. */
    private fun ink(box: Int): Int {
        val place =
            nodes
                .single { node ->
                    node.layouts.isEmpty() && node.said.any { "4" in it } && !node.pressable
                }
                .boundsInWindow
        val drawn = activity.picture()
        val (left, top) = place.left.toInt() + 56 * box to place.top.toInt()
        val ground = drawn.getPixel(left + EDGE, top + EDGE)
        return (EDGE until 48 - EDGE).sumOf { x ->
            (EDGE until 56 - EDGE).count { y -> drawn.getPixel(left + x, top + y) != ground }
        }
    }

    private val SemanticsNode.direction
        get() = layouts.first().getParagraphDirection(0)

    @Test
    fun `A13 a language that is chosen while the app runs reaches its notifications, the system's dialogs and the shortcut`() {
        initialise()
        again("+lv")
        session.bell.ring()
        val told =
            shadowOf(app.getSystemService(NotificationManager::class.java))
                .allNotifications
                .single()
        assertEquals("Gaida pierakstīšanās", told.extras.getString("android.title"))
        assertEquals(
            app.getString(R.string.bell_channel),
            app.getSystemService(NotificationManager::class.java)
                .getNotificationChannel(told.channelId)
                .name,
        )
        assertEquals(listOf("Skenēt", "Skenēt kvadrātkodu"), shortcut())
        person.askCode()
        press("Skenēt kvadrātkodu")
        choosePicture(button = "Izvēlēties attēlu")
        press("Rādīt kodu")
        until("the phone's own lock") { Dialog.latest?.isShown() == true }
        val asked = ReflectionHelpers.getField<Any>(Dialog.latest!!.prompt, "mPromptInfo")
        assertEquals(
            "Vai tas esat jūs?",
            ReflectionHelpers.callInstanceMethod<CharSequence>(asked, "getTitle"),
        )
        assertEquals(
            "Lai parādītu kodu",
            ReflectionHelpers.callInstanceMethod<CharSequence>(asked, "getSubtitle"),
        )
        Dialog.latest!!.say(
            "onAuthenticationSucceeded",
            BiometricPrompt.AUTHENTICATION_RESULT_TYPE_DEVICE_CREDENTIAL,
        )
        until("the code") { session.screens.top is CodeScreen }
    }

    /** What the launcher reads from the app for its shortcut, in the language of the app. */
    private fun shortcut(): List<String> {
        val xml = app.resources.getXml(R.xml.shortcuts)
        while (xml.next() != XmlPullParser.END_DOCUMENT) {
            if (xml.eventType != XmlPullParser.START_TAG || xml.name != "shortcut") continue
            return listOf("shortcutShortLabel", "shortcutLongLabel").map {
                app.getString(xml.getAttributeResourceValue(ANDROID, it, 0))
            }
        }
        error("no shortcut")
    }

    private companion object {
        const val BAR = 48f
        const val EDGE = 8
        val HOSTS = listOf("sign.example.eu", "riga.example.eu")
        val CODES = listOf("7KQ4", "LV80 BANK")

        /** What screens show as it is. */
        val DATA =
            listOf(
                "anna@example.eu",
                "Work",
                "My phone",
                "Example",
                "City of Riga",
                "Firefox",
                "Latvia",
                "AM",
                "IBAN",
                "Recipient",
                "Amount",
                "Jānis",
                "LV80",
                "Transfer",
                "7KQ4",
            )
    }
}
