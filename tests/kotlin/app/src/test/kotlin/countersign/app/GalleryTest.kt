package countersign.app

import android.graphics.Bitmap
import android.os.Bundle
import android.view.accessibility.AccessibilityManager
import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.compositeOver
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import countersign.Candidate
import countersign.OnMobileRequest
import countersign.PendingRequest
import countersign.Unlock
import countersign.android.Dialog
import countersign.android.UnifiedPush
import countersign.phone.TRANSFER
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter

/**
 * How a screen is looked at: a small phone upright with letters of double size, in Latvian, and the
 * same phone on its side, in the dark.
 */
private class View(val name: String, val qualifiers: String, val fontScale: Float)

private val VIEWS =
    listOf(
        View("large-lv", "+lv-w360dp-h640dp-port-notnight-mdpi", 2f),
        View("land", "+en-w640dp-h360dp-land-night-mdpi", 1f),
    )
private val USUAL = View("light", "+en-w360dp-h640dp-port-notnight-mdpi", 1f)

/**
 * A13: every screen, for who can't see it well, or not at all. With SCREENSHOTS as a folder, every
 * screen as a picture.
 */
@Config(shadows = [Dialog::class])
class GalleryTest : Hand() {
    private val folder = System.getenv("SCREENSHOTS")?.let(::File)?.also(File::mkdirs)
    private var count = 0

    private val SemanticsNode.isNumber
        get() =
            said.any {
                it.startsWith("Number on the computer") || it.startsWith("Skaitlis datorā")
            } && layouts.isEmpty()

    private fun shot(
        name: String,
        all: List<String> = emptyList(),
        besides: () -> SemanticsNode? = { null },
    ) {
        count++
        for (view in VIEWS) {
            again(view.qualifiers, view.fontScale)
            val where = "$name, ${view.name}"
            check(where)
            val shown = all.map { if (view.name == "land") it else LATVIAN[it] ?: it }
            for (words in shown) assertTrue(
                (find(words) ?: error("$words: $where, $texts")).whole,
                "$words is in sight: $where",
            )
            besides()?.let { assertTrue(it.whole, "${it.said} is in sight: $where") }
            idle(30)
            val drawn = activity.picture()
            contrasts(drawn, where)
            order(where)
            folder?.let { save(drawn, File(it, "%02d-%s-%s.png".format(count, name, view.name))) }
        }
        again(USUAL.qualifiers, USUAL.fontScale)
        if (folder != null) save("%02d-%s-%s.png".format(count, name, USUAL.name))
    }

    /** Targets, labels, headings, and no text that is cut off. */
    private fun check(where: String) {
        val least = 48 * activity.resources.displayMetrics.density - 1
        for (node in
            merged.filter {
                it.pressable || it.config.getOrNull(SemanticsActions.SetText) != null
            }) {
            assertTrue(node.below.any(String::isNotBlank), "something without a name: $where")
            val touch = node.touchBoundsInRoot
            assertTrue(
                maxOf(touch.width, node.size.width.toFloat()) >= least,
                "${node.below} is too narrow: $where",
            )
            assertTrue(
                maxOf(touch.height, node.size.height.toFloat()) >= least,
                "${node.below} is too low: $where",
            )
        }
        assertTrue(
            nodes.any { it.config.getOrNull(SemanticsProperties.Heading) != null },
            "a heading: $where",
        )
        for (node in nodes) for (text in node.layouts) assertTrue(
            text.whole,
            "${node.said} is cut off: $where",
        )
        val panes = nodes.mapNotNull { it.config.getOrNull(SemanticsProperties.PaneTitle) }
        assertTrue(
            panes.size == 1 ||
                session.screens.top is HomeScreen ||
                session.screens.top is AddScreen,
            "one pane: $panes, $where",
        )
    }

    /** Every text against what it stands on, as it is drawn. What can't be used now may be pale. */
    private fun contrasts(drawn: Bitmap, where: String) {
        for (node in
            nodes.filter { node ->
                generateSequence(node) { it.parent }.all { it.enabled }
            }) for (text in node.layouts) {
            val ground = ground(drawn, node.boundsInWindow) ?: continue
            val ink = text.layoutInput.style.color.compositeOver(ground)
            assertTrue(contrast(ink, ground) >= 4.5, "${node.said}, $ink on $ground: $where")
        }
    }

    /** The colour that is there most. */
    private fun ground(drawn: Bitmap, place: Rect): Color? {
        val inside = place.intersect(Rect(0f, 0f, drawn.width.toFloat(), drawn.height.toFloat()))
        val (width, height) = inside.width.toInt() to inside.height.toInt()
        if (width < 1 || height < 1) return null
        val pixels = IntArray(width * height)
        drawn.getPixels(pixels, 0, width, inside.left.toInt(), inside.top.toInt(), width, height)
        return Color(pixels.groupBy { it }.maxBy { it.value.size }.key)
    }

    /** A screen reader goes one way through all that is in sight, and comes to everything once. */
    private fun order(where: String) {
        val drawn = activity.drawn.apply { forceAccessibilityForTesting(true) } as android.view.View
        // To all others there are no keys of a pad.
        val manager = activity.getSystemService(AccessibilityManager::class.java)
        ReflectionHelpers.callInstanceMethod<Any?>(
            manager,
            "setRequestFromAccessibilityTool",
            ClassParameter.from(Boolean::class.javaPrimitiveType, true),
        )
        idle(1)
        val provider = drawn.accessibilityNodeProvider
        val found =
            merged.filter {
                !it.isRoot &&
                    it.boundsInWindow.run { width > 0 && height > 0 } &&
                    (it.pressable || it.said.isNotEmpty())
            }
        val next =
            merged
                .filter { !it.isRoot }
                .associate { node ->
                    val info = provider.createAccessibilityNodeInfo(node.id)
                    info?.let {
                        provider.addExtraDataToAccessibilityNodeInfo(node.id, it, BEFORE, Bundle())
                    }
                    node.id to info?.extras?.getInt(BEFORE, NONE)
                }
        val first =
            (next.keys - next.values.toSet()).filter { next[it] != null && next[it] != NONE }
        assertEquals(1, first.size, "one beginning: $where, $next")
        val way =
            generateSequence(first.single()) { next[it] }
                .take(next.size + 1)
                .toList()
                .filter { it != NONE }
        assertEquals(way.distinct(), way, "nothing twice: $where")
        for (node in found) assertTrue(node.id in way, "${node.below} is on the way: $where")
    }

    private fun save(file: String) {
        val to = folder ?: return
        idle(30)
        save(activity.picture(), File(to, file))
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
        others()
    }

    /** Screens that a person meets seldom. */
    private fun others() {
        val asked =
            Examples.details(countersign.Purpose.SIGN_IN)
                .copy(expiresAt = java.time.Instant.now().plusSeconds(600))
        val over = asked.copy(expiresAt = java.time.Instant.now())
        val account = session.account!!
        val codes = listOf(Candidate("one.example.eu", "1"), Candidate("two.example.eu", "2"))
        val pin =
            PinTask(
                words(R.string.biometrics_pin),
                listOf(Ask.PRESENT),
                account,
                until = over.expiresAt,
            ) {
                null
            }
        for ((name, screen) in
            listOf(
                "add" to AddScreen(session),
                "choice" to ChoiceScreen(session, codes, countersign.Source.CAMERA),
                "shared" to
                    SharedScreen(session, R.string.shared_title, R.string.shared_text) { null },
                "link" to SharedScreen(session, R.string.link_title, R.string.link_text) { null },
                "on-mobile" to
                    OnMobileScreen(
                        session,
                        OnMobileRequest("1", listOf(account, Examples.other), asked, Unlock.PIN),
                    ),
                "return" to ReturnScreen(session, words(R.string.no_browser)),
                "push" to PushScreen(session, UnifiedPush(app)),
                "request-over" to
                    RequestScreen(session, PendingRequest("1", account, over, Unlock.PIN, true)),
                "pin-over" to PinScreen(session, pin),
                "code-over" to
                    CodeScreen(
                        session,
                        words(R.string.code_title),
                        "7KQ4-M2XD",
                        over.expiresAt,
                        sameAsBefore = false,
                    ),
            )) {
            session.screens.home(screen)
            shot(name)
        }
    }

    private fun again0() {
        org.robolectric.RuntimeEnvironment.setQualifiers(USUAL.qualifiers)
        start()
    }

    private fun requests() {
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        shot("request", PAD + listOf("Decline", "I did not ask for this")) {
            nodes.single { it.isNumber }
        }
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
        /** By which Compose tells its tests what comes next. */
        const val BEFORE = "android.view.accessibility.extra.EXTRA_DATA_TEST_TRAVERSALBEFORE_VAL"
        const val NONE = -2

        val PAD = ('0'..'9').map { "$it" }
        val LATVIAN =
            mapOf(
                "Scan the QR code" to "Skenēt kvadrātkodu",
                "Paste a link" to "Ielīmēt saiti",
                "Use the camera" to "Lietot kameru",
                "Next" to "Tālāk",
                "Yes" to "Jā",
                "Skip" to "Izlaist",
                "Continue" to "Turpināt",
                "Decline" to "Noraidīt",
                "I did not ask for this" to "Es to neprasīju",
                "Report it" to "Ziņot",
                "Back to the request" to "Atpakaļ pie pieprasījuma",
                "Show the code" to "Rādīt kodu",
                "It is right, sign it" to "Pareizi, parakstīt",
                "Save" to "Saglabāt",
                "Remove it" to "Noņemt",
                "Cancel" to "Atcelt",
                "Yes, go on" to "Jā, turpināt",
                "No, this is not mine" to "Nē, tas nav mans",
            )
    }
}
