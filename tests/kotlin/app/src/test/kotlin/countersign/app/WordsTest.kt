package countersign.app

import android.content.res.Configuration
import android.content.res.Resources
import androidx.compose.material3.ColorScheme
import countersign.app.ui.DarkColours
import countersign.app.ui.LightColours
import java.io.File
import java.util.Locale
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.w3c.dom.Element

/** A13: languages and contrast. */
class WordsTest : Hand() {
    private fun resources(language: String): Resources {
        val configuration = Configuration(app.resources.configuration)
        configuration.setLocale(Locale.forLanguageTag(language))
        return app.createConfigurationContext(configuration).resources
    }

    /** A language's table: each key with its texts, one for each form. */
    private fun table(folder: String): Map<String, Map<String, String>> {
        val parser = DocumentBuilderFactory.newInstance().newDocumentBuilder()
        val files =
            File("../../../android/app/src/main/res/$folder").listFiles()!!.filter {
                it.extension == "xml"
            }
        return files
            .flatMap { file ->
                val all = parser.parse(file).documentElement.childNodes
                (0 until all.length).map(all::item).filterIsInstance<Element>().filter {
                    it.tagName in setOf("string", "plurals")
                }
            }
            .filter { it.getAttribute("translatable") != "false" }
            .associate { entry ->
                val items = entry.getElementsByTagName("item")
                val forms =
                    (0 until items.length)
                        .map { items.item(it) as Element }
                        .associate { it.getAttribute("quantity") to it.textContent }
                entry.getAttribute("name") to forms.ifEmpty { mapOf("" to entry.textContent) }
            }
    }

    @Test
    fun `A13 both languages have the same keys, with the same values in them, and every number its forms`() {
        val (english, latvian) = table("values") to table("values-lv")
        assertEquals(english.keys, latvian.keys)
        val values = Regex("%\\d\\$[sd]")
        for ((key, there) in english) {
            val here = latvian.getValue(key)
            val asks =
                there.values.flatMap { values.findAll(it).map { found -> found.value } }.toSet()
            for (text in here.values) assertEquals(
                asks,
                values.findAll(text).map { it.value }.toSet(),
                key,
            )
            if (there.size == 1) assertEquals(setOf(""), here.keys, key)
            else assertEquals(setOf("zero", "one", "other"), here.keys, key)
            if (there.size > 1) assertEquals(setOf("one", "other"), there.keys, key)
            assertNotEquals(there.values.first(), here.values.first(), key)
        }
    }

    @Test
    fun `A13 numbers have their forms`() {
        val latvian = resources("lv")
        val told =
            listOf(1, 2, 10, 11, 21).map {
                latvian.getQuantityString(R.plurals.wrong_pin, it, it).substringAfter(". ")
            }
        assertEquals(
            listOf(
                "Atlicis 1 mēģinājums.",
                "Atlikuši 2 mēģinājumi.",
                "Atlikuši 10 mēģinājumi.",
                "Atlikuši 11 mēģinājumi.",
                "Atlicis 21 mēģinājums.",
            ),
            told,
        )
        assertEquals(
            "The PIN was wrong. 1 try left.",
            resources("en").getQuantityString(R.plurals.wrong_pin, 1, 1),
        )
    }

    @Test
    fun `A13 the app speaks Latvian where the phone does, in its notifications and the system's dialogs too`() {
        RuntimeEnvironment.setQualifiers("+lv")
        start()
        assertTrue(sees("Inicializējiet šo tālruni") && sees("Skenēt kvadrātkodu"))
        session.bell.ring()
        val told =
            org.robolectric.Shadows.shadowOf(
                    app.getSystemService(android.app.NotificationManager::class.java)
                )
                .allNotifications
                .single()
        assertEquals("Gaida pierakstīšanās", told.extras.getString("android.title"))
        assertEquals("Lai parakstītu: X", reasonIn(activity.resources, "to sign: X"))
        assertEquals("Skenēt", activity.getString(R.string.shortcut_scan))
    }

    @Test
    fun `A13 amounts have the separators of the language, and account numbers are grouped`() {
        assertEquals("1,234.50", amount("1234.50").of(resources("en")))
        assertEquals("1 234,50", amount("1234.50").of(resources("lv")).replace('\u00a0', ' '))
        assertEquals(
            "LV80 BANK 0000 4351 9500 1",
            grouped("LV80BANK0000435195001").of(resources("en")),
        )
    }

    @Test
    fun `A13 text stands out from what it stands on, by day and by night`() {
        for (colours in listOf(LightColours, DarkColours)) for ((ink, ground) in pairs(colours)) {
            val is_ = contrast(ink, ground)
            assertTrue(is_ >= 4.5, "$ink on $ground: $is_")
        }
        for (colours in listOf(LightColours, DarkColours)) for (ground in
            listOf(colours.background, colours.surfaceContainerLow)) {
            assertTrue(contrast(colours.outline, ground) >= 3.0, "outlines")
        }
    }

    private fun pairs(colours: ColorScheme) =
        colours.run {
            listOf(background, surfaceContainerLow).flatMap { ground ->
                listOf(onSurface, onSurfaceVariant, primary, error).map { it to ground }
            } +
                listOf(
                    onPrimary to primary,
                    onPrimaryContainer to primaryContainer,
                    onSecondaryContainer to secondaryContainer,
                    onTertiaryContainer to tertiaryContainer,
                    onErrorContainer to errorContainer,
                    onSurface to surfaceContainerHigh,
                )
        }
}
