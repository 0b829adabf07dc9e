package countersign.app

import android.Manifest
import android.app.Application
import android.content.Intent
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.TextView
import countersign.Scanner
import countersign.android.Keystore
import countersign.phone.Person
import countersign.phone.Service
import kotlinx.coroutines.runBlocking
import org.junit.After
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
import kotlin.test.assertEquals
import kotlin.test.assertTrue

const val PIN = "4071"
const val NEW_PIN = "5830"
const val WRONG_PIN = "1704"
private const val PATIENCE = 30_000

/** The app on a phone, with a person's eyes and hand, and the same person at a computer. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w411dp-h891dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@ConscryptMode(ConscryptMode.Mode.OFF)
abstract class Hand(service: Service = Service.shared) {
    protected val person = Person(service)
    protected lateinit var controller: ActivityController<MainActivity>
    protected val activity: MainActivity get() = controller.get()
    protected val session: Session get() = (RuntimeEnvironment.getApplication() as CountersignApp).session

    @After
    fun putDown() {
        if (::controller.isInitialized) controller.pause().stop().destroy()
        session.screens.home()
        session.sleep()
        runBlocking { if (session.accounts != null) session.phone().close() }
        Keystore.install()
    }

    fun start(intent: Intent = Intent(Intent.ACTION_MAIN)) {
        // The system gives it when the app is installed.
        shadowOf(app).grantPermissions(Manifest.permission.HIDE_OVERLAY_WINDOWS)
        controller = Robolectric.buildActivity(MainActivity::class.java, intent).setup()
        until("the phone is open") { session.accounts != null }
    }

    // Eyes.

    private fun all(view: View = activity.window.decorView): List<View> = when {
        view.visibility != View.VISIBLE -> emptyList()
        view is ViewGroup -> listOf(view) + (0 until view.childCount).flatMap { all(view.getChildAt(it)) }
        else -> listOf(view)
    }

    val texts: List<String> get() = all().filterIsInstance<TextView>().map { it.text.toString() }.filter(String::isNotEmpty)

    inline fun <reified T : View> visible(crossinline that: (T) -> Boolean = { true }): List<T> = views().filterIsInstance<T>().filter { that(it) }

    fun views() = all()

    fun sees(text: String) = texts.any { text in it }

    /** Lets the app go on until something is so. */
    fun until(what: String, holds: () -> Boolean) {
        val end = System.currentTimeMillis() + PATIENCE
        while (true) {
            shadowOf(Looper.getMainLooper()).idle()
            if (holds()) return
            check(System.currentTimeMillis() < end) { "never: $what\nthe screen says: $texts\nscreens: ${session.screens.all}" }
            Thread.sleep(5)
        }
    }

    fun waitFor(text: String) = until(text) { sees(text) }

    // Hand.

    fun button(text: String): Button = visible<Button> { it.text.toString() == text }.firstOrNull() ?: error("no button $text: $texts")

    fun press(text: String) {
        until("the button $text") { visible<Button> { it.text.toString() == text && it.isEnabled }.isNotEmpty() }
        assertTrue(button(text).performClick())
        shadowOf(Looper.getMainLooper()).idle()
    }

    fun key(digit: Char) {
        assertTrue(visible<Button> { it.text.toString() == "$digit" }.single().performClick())
    }

    /** The PIN, and the button that takes it. */
    fun pin(digits: String, button: String = "Authenticate") {
        until("the pad") { visible<Button> { it.text.toString() == "0" && it.isEnabled }.isNotEmpty() }
        digits.forEach(::key)
        press(button)
    }

    /** Types into the field that has this label. */
    fun type(label: String, text: String) {
        val field = visible<TextView> { it.text.toString() == label && it.labelFor != View.NO_ID }.single().labelFor
        activity.requireViewById<EditText>(field).setText(text)
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** A picture of what the page shows goes into the app by its button for that. */
    fun choosePicture(picture: ByteArray = person.picture()) {
        val uri = android.net.Uri.parse("content://pictures/${System.nanoTime()}")
        press("Choose a picture")
        val asked = shadowOf(activity).nextStartedActivityForResult
        assertEquals("image/*", asked.intent.type)
        shadowOf(RuntimeEnvironment.getApplication().contentResolver).registerInputStream(uri, picture.inputStream())
        shadowOf(activity).receiveResult(asked.intent, android.app.Activity.RESULT_OK, Intent().setData(uri))
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
        waitFor("Sign-in requests appear here by themselves.")
    }

    fun code(): String = activity.requireViewById<TextView>(R.id.code).text.toString().replace("\u200B", "")

    fun textOf(picture: ByteArray): String = runBlocking { Scanner().use { it.picture(picture).single().text } }

    companion object {
        @BeforeClass
        @JvmStatic
        fun install() = Keystore.install()

        val app: Application get() = RuntimeEnvironment.getApplication()
    }
}
