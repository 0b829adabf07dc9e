package countersign.app

import android.content.res.Configuration
import android.content.res.Resources
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.ImageButton
import android.widget.ScrollView
import android.widget.TextView
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import java.util.Locale
import kotlin.math.pow
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue

/** A13: languages, screen readers, large text, contrast. */
class LanguageTest : Hand() {
    private fun resources(language: String, night: Boolean = false): Resources {
        val configuration = Configuration(app.resources.configuration)
        configuration.setLocale(Locale.forLanguageTag(language))
        configuration.uiMode = if (night) Configuration.UI_MODE_NIGHT_YES else Configuration.UI_MODE_NIGHT_NO
        return app.createConfigurationContext(configuration).resources
    }

    private fun ids(kind: Class<*>) = kind.fields.associate { it.name to it.getInt(null) }

    @Test
    fun `A13 every text is there in Latvian, and asks for the same values`() {
        val (english, latvian) = listOf("en", "lv").map(::resources)
        val same = setOf("app_name", "link_host", "app_at_host", "quoted", "pin_for", "account_and_label", "history_when", "history_detail")
        val values = Regex("%\\d\\$[sd]")
        for ((name, id) in ids(R.string::class.java)) {
            val (there, here) = english.getString(id) to latvian.getString(id)
            if (name !in same) assertNotEquals(there, here, name)
            assertEquals(values.findAll(there).map { it.value }.toSet(), values.findAll(here).map { it.value }.toSet(), name)
        }
    }

    @Test
    fun `A13 numbers have their forms`() {
        val latvian = resources("lv")
        val told = listOf(1, 2, 10, 11, 21).map { latvian.getQuantityString(R.plurals.wrong_pin, it, it).substringAfter(". ") }
        assertEquals(
            listOf("Atlicis 1 mēģinājums.", "Atlikuši 2 mēģinājumi.", "Atlikuši 10 mēģinājumi.", "Atlikuši 11 mēģinājumi.", "Atlicis 21 mēģinājums."),
            told,
        )
        assertEquals("The PIN was wrong. 1 try left.", resources("en").getQuantityString(R.plurals.wrong_pin, 1, 1))
    }

    @Test
    fun `A13 the app speaks Latvian where the phone does`() {
        RuntimeEnvironment.setQualifiers("+lv")
        start()
        assertTrue(sees("Inicializējiet šo tālruni") && sees("Skenēt kvadrātkodu"))
    }

    private fun Int.light(): Double {
        fun part(shift: Int) = (this shr shift and 0xff).let { it / 255.0 }.let { if (it <= 0.04045) it / 12.92 else ((it + 0.055) / 1.055).pow(2.4) }
        return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    private fun contrast(one: Int, other: Int): Double {
        val (dark, light) = listOf(one.light(), other.light()).sorted()
        return (light + 0.05) / (dark + 0.05)
    }

    @Test
    fun `A13 text stands out from what it stands on, by day and by night`() {
        val text = 4.5
        val outline = 3.0
        for (night in listOf(false, true)) {
            val colour = { id: Int -> resources("en", night).getColor(id, null) }
            val pairs = listOf(R.color.paper, R.color.card).flatMap { on ->
                listOf(R.color.ink, R.color.faint, R.color.main, R.color.danger).map { Triple(it, on, text) } + Triple(R.color.line, on, outline)
            } + Triple(R.color.on_main, R.color.main, text) + Triple(R.color.on_note, R.color.note, text)
            for ((one, other, least) in pairs) {
                val is_ = contrast(colour(one), colour(other))
                assertTrue(is_ >= least, "${app.resources.getResourceEntryName(one)} on ${app.resources.getResourceEntryName(other)}, night $night: $is_")
            }
        }
    }

    @Test
    fun `A13 with large text everything can be scrolled to, nothing is cut off, and a finger finds it`() {
        RuntimeEnvironment.setFontScale(2f)
        initialise()
        press("Settings of this account")
        waitFor("PIN tries left")
        whole()
        press("Change PIN")
        whole()
    }

    private fun whole() {
        val least = (48 * activity.resources.displayMetrics.density).toInt()
        assertTrue(activity.requireViewById<ViewGroup>(R.id.screen).getChildAt(0) is ScrollView)
        for (view in visible<TextView>()) {
            val layout = view.layout ?: continue
            assertTrue((0 until layout.lineCount).all { layout.getEllipsisCount(it) == 0 }, "${view.text}")
            assertTrue(layout.height <= view.height, "${view.text} is cut off")
        }
        for (view in visible<View> { it.isClickable && it !is ScrollView }) assertTrue(view.height >= least && view.width >= least, "$view is too small")
    }

    @Test
    fun `A13 a screen reader has a name for everything that can be used, and hears where it is`() {
        initialise()
        press("Scan QR code")
        press("Paste a link")
        named("Paste a link")
        assertTrue(activity.requireViewById<TextView>(R.id.title).isAccessibilityHeading)
        press("Cancel")
        @Suppress("DEPRECATION")
        activity.onBackPressed()
        press("Settings of this account")
        press("Change PIN")
        named("Type your present PIN")
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_POLITE, activity.requireViewById<View>(R.id.dots).accessibilityLiveRegion)
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_ASSERTIVE, activity.requireViewById<View>(R.id.note).accessibilityLiveRegion)
    }

    private fun named(title: String) {
        assertEquals(title, activity.requireViewById<ViewGroup>(R.id.screen).getChildAt(0).accessibilityPaneTitle)
        for (view in visible<View> { it.isClickable && it !is ScrollView }) {
            val labels = visible<TextView> { it.labelFor == view.id }
            val name = when (view) {
                is EditText -> labels.singleOrNull()?.text
                is ImageButton -> view.contentDescription
                is Button -> view.text
                else -> view.contentDescription
            }
            assertTrue(!name.isNullOrBlank(), "$view has no name")
        }
    }
}
