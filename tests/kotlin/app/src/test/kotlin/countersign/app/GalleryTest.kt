package countersign.app

import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.TextLayoutResult
import countersign.android.Dialog
import countersign.phone.TRANSFER
import org.junit.Test
import org.robolectric.annotation.Config
import java.io.File
import kotlin.test.assertTrue

/** How a screen is looked at: a small phone upright with letters of double size, in Latvian, and the same phone on its side. */
private class View(val name: String, val qualifiers: String, val fontScale: Float)

private val VIEWS = listOf(
    View("large-lv", "+lv-w360dp-h640dp-port-notnight-mdpi", 2f),
    View("land", "+en-w640dp-h360dp-land-notnight-mdpi", 1f),
)
private val USUAL = View("light", "+en-w360dp-h640dp-port-notnight-mdpi", 1f)

/** A13: every screen, for who can't see it well, or not at all. With SCREENSHOTS as a folder, every screen as a picture. */
@Config(shadows = [Dialog::class])
class GalleryTest : Hand() {
    private val folder = System.getenv("SCREENSHOTS")?.let(::File)?.also(File::mkdirs)
    private var count = 0

    private fun shot(name: String, all: List<String> = emptyList()) {
        count++
        for (view in VIEWS) {
            again(view.qualifiers, view.fontScale)
            val where = "$name, ${view.name}"
            check(where)
            val shown = all.map { if (view.name == "land") it else LATVIAN[it] ?: it }
            for (words in shown) assertTrue(whole(find(words) ?: error("$words: $where, $texts")), "$words is in sight: $where")
            save("%02d-%s-%s.png".format(count, name, view.name))
        }
        again(USUAL.qualifiers, USUAL.fontScale)
        save("%02d-%s-%s.png".format(count, name, USUAL.name))
    }

    private fun whole(node: SemanticsNode) = node.boundsInWindow.run { width >= node.size.width - 1 && height >= node.size.height - 1 }

    private fun whole(text: TextLayoutResult) = text.multiParagraph.run { !didExceedMaxLines && height <= text.size.height + 1 }

    /** Targets, labels, headings, and no text that is cut off. */
    private fun check(where: String) {
        val least = 48 * activity.resources.displayMetrics.density - 1
        for (node in merged.filter { it.pressable || it.config.getOrNull(SemanticsActions.SetText) != null }) {
            assertTrue(node.below.any(String::isNotBlank), "something without a name: $where")
            val touch = node.touchBoundsInRoot
            assertTrue(maxOf(touch.width, node.size.width.toFloat()) >= least, "${node.below} is too narrow: $where")
            assertTrue(maxOf(touch.height, node.size.height.toFloat()) >= least, "${node.below} is too low: $where")
        }
        assertTrue(nodes.any { it.config.getOrNull(SemanticsProperties.Heading) != null }, "a heading: $where")
        for (node in nodes) {
            val layout = ArrayList<TextLayoutResult>()
            node.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(layout)
            for (text in layout) assertTrue(whole(text), "${node.said} is cut off: $where, ${text.size}, ${text.multiParagraph.run { "$width $height" }}")
        }
        val panes = nodes.mapNotNull { it.config.getOrNull(SemanticsProperties.PaneTitle) }
        assertTrue(panes.size == 1 || session.screens.top is HomeScreen || session.screens.top is AddScreen, "one pane: $panes, $where")
    }

    private fun save(file: String) {
        val view = activity.window.decorView
        val to = folder ?: return
        idle(30)
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        File(to, file).outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    @Test
    fun `A13 every screen has targets for a finger, names, headings and whole words, at double size, in Latvian, and on its side`() {
        again0()
        shot("first", listOf("Scan the QR code", "Paste a link"))
        press("Scan the QR code")
        shot("scan", listOf("Use the camera"))
        press("Paste a link")
        type("Link", "https://example.eu/other")
        press("Next")
        waitFor("This is no code of this app.")
        shot("paste", listOf("Next"))
        press("Cancel")
        person.addDevice()
        choosePicture()
        waitFor("Is this your account?")
        shot("offer", listOf("Yes, go on", "No, this is not mine"))
        press("Yes, go on")
        pin("7777", "Next")
        shot("pin-easy", PAD)
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        shot("confirm")
        person.waitWhile("open")
        person.type(code())
        waitFor("Use your fingerprint or face?")
        shot("biometrics", listOf("Yes", "Skip"))
        press("Skip")
        waitFor("Welcome")
        shot("welcome", listOf("Continue"))
        press("Continue")
        shot("home")
        requests()
        codes()
        settings_()
    }

    private fun again0() {
        org.robolectric.RuntimeEnvironment.setQualifiers(USUAL.qualifiers)
        start()
    }

    private fun requests() {
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        shot("request", PAD + listOf("Decline", "I did not ask for this"))
        press("I did not ask for this")
        shot("report", listOf("Report it", "Back to the request"))
        press("Back to the request")
        approve(number, WRONG_PIN)
        waitFor("The PIN was wrong.")
        shot("wrong-pin", PAD)
        pin(PIN, "Approve")
        waitFor("The computer goes on by itself.")
        shot("approved")
        person.waitWhile("open")
        until("it closes") { session.screens.top is HomeScreen }
    }

    private fun codes() {
        person.askCode()
        press("Scan QR code")
        choosePicture()
        waitFor("Show a code only if you opened that page yourself.")
        shot("code-request", listOf("Show the code"))
        press("Show the code")
        until("the phone's own lock") { Dialog.latest?.isShown() == true }
        Dialog.latest!!.say("onAuthenticationSucceeded", 1)
        waitFor("Type it on the page.")
        shot("code")
        person.type(code())
        press("Continue")
        person.beginTransfer()
        press("Scan QR code")
        choosePicture()
        waitFor("Type from your own papers, not from the page.")
        val labels = nodes.labels()
        type(labels[0], "LV80 BANK 0000 4351 9500 2")
        type(labels[2], "1234,5")
        press("Next")
        waitFor("There is a typing error in this account number.")
        shot("form", listOf("Next"))
        labels.zip(TRANSFER.values).forEach { (label, value) -> type(label, value) }
        press("Next")
        waitFor("This will be signed.")
        shot("review", listOf("It is right, sign it"))
        press("It is right, sign it")
        pin(PIN, "Sign")
        waitFor("Type it on the page.")
        shot("signed")
        press("Continue")
    }

    private fun settings_() {
        settings()
        shot("settings")
        press("Forgotten PIN")
        shot("forgotten")
        press("Cancel")
        press("Rename")
        shot("rename", listOf("Save"))
        press("Cancel")
        press("Help, privacy, licences")
        shot("about")
        back()
        press("Remove this account")
        shot("remove", listOf("Remove it", "Cancel"))
        press("Cancel")
        back()
        press("History")
        waitFor("Transaction signed")
        shot("history")
    }

    private companion object {
        val PAD = ('0'..'9').map { "$it" }
        val LATVIAN = mapOf(
            "Scan the QR code" to "Skenēt kvadrātkodu", "Paste a link" to "Ielīmēt saiti", "Use the camera" to "Lietot kameru", "Next" to "Tālāk",
            "Yes" to "Jā", "Skip" to "Izlaist", "Continue" to "Turpināt", "Decline" to "Noraidīt", "I did not ask for this" to "Es to neprasīju",
            "Report it" to "Ziņot", "Back to the request" to "Atpakaļ pie pieprasījuma", "Show the code" to "Rādīt kodu",
            "It is right, sign it" to "Pareizi, parakstīt", "Save" to "Saglabāt", "Remove it" to "Noņemt", "Cancel" to "Atcelt",
            "Yes, go on" to "Jā, turpināt", "No, this is not mine" to "Nē, tas nav mans",
        )
    }
}
