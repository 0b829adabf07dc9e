package countersign.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.widget.TextView
import countersign.android.Dialog
import countersign.phone.TRANSFER
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.io.File

private class Variant(val name: String, val qualifiers: String, val fontScale: Float = 1f)

private val VARIANTS = listOf(
    Variant("light", "+en-port-notnight"),
    Variant("dark-lv", "+lv-port-night"),
    Variant("large", "+en-port-notnight", 2f),
    Variant("large-lv", "+lv-port-notnight", 2f),
    Variant("land", "+en-land-notnight"),
)

/** Every screen as a picture, to be looked at: tests/kotlin/app/screenshots. */
@Config(shadows = [Dialog::class])
class Screenshots : Hand() {
    private val folder = File(System.getenv("SCREENSHOTS") ?: "target/screenshots").also(File::mkdirs)
    private var count = 0

    private fun shot(name: String) {
        count++
        for (variant in VARIANTS) {
            show(variant)
            save("%02d-%s-%s.png".format(count, name, variant.name))
        }
        show(VARIANTS.first())
    }

    /** As after the phone was turned, or its settings changed. */
    private fun show(variant: Variant) {
        RuntimeEnvironment.setQualifiers(variant.qualifiers)
        RuntimeEnvironment.setFontScale(variant.fontScale)
        controller.recreate()
        org.robolectric.Shadows.shadowOf(android.os.Looper.getMainLooper()).idle()
    }

    private fun save(file: String) {
        val view = activity.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        File(folder, file).outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    private fun icon() {
        val bitmap = Bitmap.createBitmap(432, 432, Bitmap.Config.ARGB_8888)
        app.getDrawable(R.drawable.icon)!!.run {
            setBounds(0, 0, bitmap.width, bitmap.height)
            draw(Canvas(bitmap))
        }
        File(folder, "00-icon.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    @Test
    fun all() {
        icon()
        start()
        shot("first")
        press("Scan the QR code")
        shot("scan")
        press("Paste a link")
        type("Link", "https://example.eu/other")
        press("Next")
        waitFor("This is no code of this app.")
        shot("paste")
        press("Cancel")
        person.addDevice()
        choosePicture()
        waitFor("Is this your account?")
        shot("offer")
        press("Yes, go on")
        pin("7777", "Next")
        shot("pin-easy")
        pin(PIN, "Next")
        PIN.take(3).forEach(::key)
        save("%02d-pin-typed.png".format(count))
        key(PIN.last())
        press("Authenticate")
        waitFor("Type this code on the page")
        shot("confirm")
        person.waitWhile("open")
        person.type(code())
        waitFor("Use your finger or face?")
        shot("biometrics")
        press("Skip")
        waitFor("Welcome")
        shot("welcome")
        press("Continue")
        shot("home")
        val number = person.askApp()
        waitFor("Approve only what you began yourself")
        shot("request")
        press("Report as fraud")
        shot("report")
        press("Back to the request")
        type("Number that the computer shows", "$number")
        press("Approve")
        pin(WRONG_PIN)
        waitFor("The PIN was wrong.")
        shot("wrong-pin")
        pin(PIN)
        waitFor("The computer goes on by itself.")
        shot("approved")
        person.waitWhile("open")
        press("Continue")
        codes()
        settings()
    }

    private fun codes() {
        person.askCode()
        press("Scan QR code")
        choosePicture()
        waitFor("Show a code only if you opened that page yourself.")
        shot("code-request")
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
        val labels = visible<TextView> { it.labelFor != android.view.View.NO_ID }.map { it.text.toString() }
        type(labels[0], "LV80 BANK 0000 4351 9500 2")
        type(labels[2], "1234,5")
        press("Next")
        waitFor("There is a typing error in this account number.")
        shot("form")
        labels.zip(TRANSFER.values).forEach { (label, value) -> type(label, value) }
        press("Next")
        waitFor("This will be signed.")
        shot("review")
        press("It is right, sign it")
        pin(PIN)
        waitFor("Type it on the page.")
        shot("signed")
        press("Continue")
    }

    private fun settings() {
        press("Settings of this account")
        waitFor("PIN tries left")
        shot("settings")
        press("Forgotten PIN")
        shot("forgotten")
        press("Cancel")
        press("Rename")
        shot("rename")
        press("Cancel")
        press("Remove this account")
        shot("remove")
        press("Cancel")
        activity.onBackPressed()
        press("History")
        waitFor("Transaction signed")
        shot("history")
    }
}
