package countersign.app

import android.Manifest
import android.accessibilityservice.AccessibilityServiceInfo
import android.app.Application
import android.content.Intent
import android.os.Bundle
import android.os.Looper
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.view.accessibility.AccessibilityEvent
import android.view.accessibility.AccessibilityManager
import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.platform.AndroidUiDispatcher
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.AnnotatedString
import countersign.Scanner
import countersign.android.Keystore
import countersign.phone.Person
import countersign.phone.Service
import java.time.Duration
import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Before
import org.junit.BeforeClass
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.ConscryptMode
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowChoreographer

const val PIN = "4071"
const val NEW_PIN = "5830"
const val WRONG_PIN = "1704"
private const val PATIENCE = 30_000
private const val SCROLLS = 30
private val FRAME = Duration.ofMillis(16)

/** The app on a phone, with a person's eyes and hand, and the same person at a computer. */
@RunWith(RobolectricTestRunner::class)
@Config(qualifiers = "w411dp-h891dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@ConscryptMode(ConscryptMode.Mode.OFF)
abstract class Hand(private val service: Service = Service.shared) {
    /** Registered when they are first needed. */
    protected val person by lazy { Person(service) }
    protected lateinit var controller: ActivityController<MainActivity>
    protected val activity: MainActivity
        get() = controller.get()

    protected val session: Session
        get() = (RuntimeEnvironment.getApplication() as CountersignApp).session

    /** How often the glass was touched. */
    protected var touches = 0

    /** Frames come with the clock, and nothing is drawn twice at one time. */
    @Before
    fun frames() {
        ShadowChoreographer.setPaused(true)
        ShadowChoreographer.setFrameDelay(FRAME)
        // Compose's dispatcher lives on from test to test, while Robolectric throws away what it
        // had posted.
        val dispatcher = AndroidUiDispatcher.Main[ContinuationInterceptor]!!
        for (name in listOf("scheduledTrampolineDispatch", "scheduledFrameDispatch")) {
            dispatcher.javaClass.getDeclaredField(name).run {
                isAccessible = true
                setBoolean(dispatcher, false)
            }
        }
    }

    @After
    fun putDown() {
        try {
            if (::controller.isInitialized && !activity.isDestroyed)
                controller.pause().stop().destroy()
            session.screens.home()
            session.sleep()
            // It is opened with the process; what it makes of keys must not come after the next
            // test has begun.
            until("the phone is open") { session.accounts != null }
            runBlocking { session.phone().close() }
        } finally {
            Keystore.install()
        }
    }

    fun start(intent: Intent = Intent(Intent.ACTION_MAIN)) {
        // The system gives it when the app is installed.
        shadowOf(app).grantPermissions(Manifest.permission.HIDE_OVERLAY_WINDOWS)
        controller = Robolectric.buildActivity(MainActivity::class.java, intent).setup()
        until("the phone is open") { session.accounts != null }
        idle()
    }

    // Eyes.

    /** Everything that is drawn or spoken, each in a node of its own. */
    val nodes: List<SemanticsNode>
        get() = activity.semantics(merged = false)

    /** What can be pressed, with all that is said of it. */
    val merged: List<SemanticsNode>
        get() = activity.semantics(merged = true)

    val texts: List<String>
        get() = nodes.flatMap { it.said }.filter(String::isNotEmpty)

    fun sees(text: String) = texts.any { text in it }

    /** The value that stands below a label. */
    fun fact(label: String) = texts.let { all -> all[all.indices.single { all[it] == label } + 1] }

    /**
     * Frames without a display: nothing is drawn here, so what a drawing would have laid out is
     * laid out by hand.
     */
    fun idle(frames: Int = 8) =
        repeat(frames) {
            shadowOf(Looper.getMainLooper()).idleFor(FRAME)
            if (::controller.isInitialized && !activity.isDestroyed)
                activity.window.decorView.roots().forEach { it.measureAndLayoutForTest() }
        }

    /** Lets the app go on until something is so. */
    fun until(what: String, holds: () -> Boolean) {
        val end = System.currentTimeMillis() + PATIENCE
        while (true) {
            idle(1)
            if (holds()) return
            check(System.currentTimeMillis() < end) {
                "never: $what\nthe screen says: ${runCatching { texts }}\n" +
                    "screens: ${session.screens.all}"
            }
            Thread.sleep(2)
        }
    }

    fun waitFor(text: String) = until(text) { sees(text) }

    // Hand.

    fun find(text: String): SemanticsNode? =
        merged.firstOrNull {
            it.pressable && (text in it.said || it.said.joinToString(" ") == text)
        }

    fun isEnabled(text: String) = find(text)?.enabled == true

    /** Presses what has these words, with a finger, after having scrolled to it. */
    fun press(text: String, settle: Boolean = true) {
        until("the button $text") { find(text)?.enabled == true || scrollOn() && false }
        touch(text)
        if (settle) idle()
    }

    private fun touch(text: String) {
        bring(text)
        touch(find(text)!!.boundsInWindow)
    }

    fun touch(place: Rect) {
        val view = activity.window.decorView
        check(!place.isEmpty && place.center.x < view.width && place.center.y < view.height) {
            "not on the display: $place"
        }
        touches++
        val at = SystemClock.uptimeMillis()
        for ((action, after) in
            listOf(MotionEvent.ACTION_DOWN to 0L, MotionEvent.ACTION_UP to 40L)) {
            val event =
                MotionEvent.obtain(at, at + after, action, place.center.x, place.center.y, 0)
            view.dispatchTouchEvent(event)
            event.recycle()
            idle(2)
        }
    }

    /** Scrolls until all of it is in sight. */
    private fun bring(text: String) {
        repeat(40) {
            val node = find(text) ?: return@repeat Unit.also { scrollOn() }
            val shown = node.boundsInWindow
            if (shown.height >= node.size.height - 1 && shown.width >= node.size.width - 1) return
            val scroll =
                generateSequence(node) { it.parent }
                    .firstNotNullOfOrNull { it.config.getOrNull(SemanticsActions.ScrollBy) }
            checkNotNull(scroll?.action) { "$text is not on the display, and nothing scrolls" }(
                0f,
                240f,
            )
            // Until it stands still: a touch on what moves stops it, and nothing else.
            idle(SCROLLS)
        }
    }

    private fun scrollOn(): Boolean {
        val scroll =
            nodes.firstNotNullOfOrNull { it.config.getOrNull(SemanticsActions.ScrollBy)?.action }
                ?: return false
        scroll(0f, 300f)
        idle(SCROLLS)
        return true
    }

    fun key(digit: Char) = touch(pad(digit)!!.boundsInWindow)

    fun pad(digit: Char) = merged.firstOrNull { it.pressable && it.said == listOf("$digit") }

    fun keys(digits: String) {
        until("the pad") { pad('0')?.enabled == true }
        digits.forEach(::key)
    }

    /** The PIN, and the button that takes it. */
    fun pin(digits: String, button: String = "Authenticate") {
        until("the pad of a PIN") { session.screens.top is PinScreen && pad('0')?.enabled == true }
        digits.forEach(::key)
        press(button)
    }

    /** The number and then the PIN: the second digit of the number opens the pad for it. */
    fun approve(number: Int, digits: String = PIN) {
        keys("$number")
        pin(digits, "Approve")
    }

    fun field(label: String) =
        nodes.first { it.config.getOrNull(SemanticsActions.SetText) != null && label in it.below }

    /** Types into the field that has this label. */
    fun type(label: String, text: String) {
        until("the field $label") {
            nodes.any { it.config.getOrNull(SemanticsActions.SetText) != null && label in it.below }
        }
        field(label).config[SemanticsActions.SetText].action!!(AnnotatedString(text))
        idle()
    }

    /** A picture of what the page shows goes into the app by its button for that. */
    fun choosePicture(picture: ByteArray = person.picture(), button: String = "Choose a picture") {
        val uri = android.net.Uri.parse("content://pictures/${System.nanoTime()}")
        press(button)
        val asked = shadowOf(activity).nextStartedActivityForResult
        check(asked.intent.type == "image/*")
        shadowOf(RuntimeEnvironment.getApplication().contentResolver)
            .registerInputStream(uri, picture.inputStream())
        shadowOf(activity)
            .receiveResult(asked.intent, android.app.Activity.RESULT_OK, Intent().setData(uri))
    }

    /**
     * The activity is made anew, as when the phone is turned or its settings change; what it saves
     * is given back to it.
     */
    fun again(qualifiers: String? = null, fontScale: Float? = null) {
        val saved = Bundle()
        controller.saveInstanceState(saved).pause().stop().destroy()
        qualifiers?.let(RuntimeEnvironment::setQualifiers)
        fontScale?.let(RuntimeEnvironment::setFontScale)
        controller =
            Robolectric.buildActivity(MainActivity::class.java)
                .create(saved)
                .start()
                .resume()
                .visible()
        idle()
    }

    fun back() {
        activity.onBackPressedDispatcher.onBackPressed()
        idle()
    }

    /** The first start, with what the page shows. */
    fun initialise() {
        start()
        press("Scan the QR code")
        person.addDevice()
        choosePicture()
        confirmEnrolment()
    }

    /** From the account's name to the first screen. */
    fun confirmEnrolment() {
        press("Yes, go on")
        pin(PIN, "Next")
        pin(PIN)
        waitFor("Type this code on the page")
        person.waitWhile("open")
        person.type(code())
        press("Skip")
        waitFor("Welcome")
        press("Continue")
        if (sees("Know when a sign-in waits?")) press("Not now")
        waitFor("Sign-in requests appear here by themselves.")
    }

    /** The settings of the account that was initialised first. */
    fun settings() {
        press(session.account!!.name)
        waitFor("State")
    }

    /** The code on the screen, as it is spoken. */
    fun code(): String =
        texts
            .first { it.startsWith("Code: ") }
            .removePrefix("Code: ")
            .replace(" ", "")
            .replace(",", "-")

    fun textOf(picture: ByteArray): String = runBlocking {
        Scanner().use { it.picture(picture).single().text }
    }

    // Ears.

    /** A screen reader, as the system tells the app of it. */
    fun listen() =
        shadowOf(app.getSystemService(AccessibilityManager::class.java)).run {
            setEnabled(true)
            setTouchExplorationEnabled(true)
            setEnabledAccessibilityServiceList(listOf(AccessibilityServiceInfo()))
        }

    /** What accessibility services are told meanwhile. */
    fun heard(work: () -> Unit): List<AccessibilityEvent> {
        val heard = ArrayList<AccessibilityEvent>()
        val content = activity.requireViewById<ViewGroup>(android.R.id.content)
        content.accessibilityDelegate =
            object : View.AccessibilityDelegate() {
                override fun onRequestSendAccessibilityEvent(
                    host: ViewGroup,
                    child: View,
                    event: AccessibilityEvent,
                ): Boolean {
                    heard += AccessibilityEvent(event)
                    return true
                }
            }
        work()
        content.accessibilityDelegate = null
        return heard
    }

    companion object {
        @BeforeClass @JvmStatic fun install() = Keystore.install()

        val app: Application
            get() = RuntimeEnvironment.getApplication()
    }
}

val SemanticsNode.said: List<String>
    get() =
        config.run {
            getOrNull(SemanticsProperties.Text).orEmpty().map { it.text } +
                getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
                listOfNotNull(
                    getOrNull(SemanticsProperties.EditableText)?.text,
                    getOrNull(SemanticsProperties.Error),
                )
        }

/** What is said of a node, and of all within it. */
val SemanticsNode.below: List<String>
    get() = said + children.flatMap { it.below }

val SemanticsNode.pressable: Boolean
    get() = config.getOrNull(SemanticsActions.OnClick) != null

val SemanticsNode.enabled: Boolean
    get() = config.getOrNull(SemanticsProperties.Disabled) == null
