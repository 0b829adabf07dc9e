package countersign.phone

import java.net.CookieManager
import java.net.CookiePolicy
import java.net.URI
import java.net.URLEncoder
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.concurrent.atomic.AtomicInteger
import kotlin.text.Charsets.UTF_8
import org.jsoup.Jsoup
import org.jsoup.nodes.Document
import org.jsoup.nodes.FormElement

const val PASSWORD = "Ventspils-1991!"

val TRANSFER =
    mapOf(
        "iban" to "LV80BANK0000435195001",
        "name" to "Jānis Kalniņš",
        "amount" to "1234.50",
        "reference" to "RF2026",
    )

/** The person at the computer: a browser with cookies and forms, at the service's own pages. */
class Person(private val service: Service) {
    private val origin = service.origin
    private val http =
        HttpClient.newBuilder()
            .cookieHandler(CookieManager(null, CookiePolicy.ACCEPT_ALL))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build()
    private val email = "anna${numbers.incrementAndGet()}@example.eu"
    private lateinit var page: Document

    /** Mailed links that were opened: each works once. */
    private val opened = mutableSetOf<String>()

    /** Whether the browser says that it is a phone's: only then the pages offer "On mobile". */
    private var onPhone = false

    private val path
        get() = URI(page.location()).path.removeSuffix("/code")

    init {
        open("/register")
        submit(
            "/register",
            "first_name" to "Anna",
            "last_name" to "Bērziņa",
            "email" to email,
            "email_again" to email,
            "privacy" to "yes",
            "proof" to work(),
        )
        openMailed("/register/", "password" to PASSWORD, "password_again" to PASSWORD)
        check(path == "/register/done") { page.text() }
        open("/account")
    }

    /** What the page's script does for its form: numbers whose hashes begin with zeros. */
    private fun work(): String {
        val form = page.selectFirst("form[data-bits]") ?: error("no work on $path")
        val bits = form.attr("data-bits").toInt()
        val sha = MessageDigest.getInstance("SHA-256")
        val seed = sha.digest(form.select("[name=check]").attr("value").toByteArray())
        return (0 until form.attr("data-puzzles").toInt()).joinToString("") { puzzle ->
            val solved =
                generateSequence(0) { it + 1 }
                    .first { number ->
                        val message =
                            ByteBuffer.allocate(40).put(seed).putInt(puzzle).putInt(number)
                        ByteBuffer.wrap(sha.digest(message.array())).int.countLeadingZeroBits() >=
                            bits
                    }
            "%08x".format(solved)
        }
    }

    private fun <T> send(
        path: String,
        handler: HttpResponse.BodyHandler<T>,
        body: String? = null,
    ): HttpResponse<T> {
        val request =
            HttpRequest.newBuilder(URI(origin).resolve(path))
                .header(
                    "User-Agent",
                    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                )
                .header("Sec-Fetch-Site", "same-origin")
                .header("Sec-CH-UA-Mobile", if (onPhone) "?1" else "?0")
        if (body != null) {
            request
                .header("Origin", origin)
                .header("Content-Type", "application/x-www-form-urlencoded")
            request.POST(BodyPublishers.ofString(body))
        }
        return http.send(request.build(), handler)
    }

    /** Opens the newest link of the person's mail below this path, and sends its form. */
    private fun openMailed(below: String, vararg values: Pair<String, String>) {
        val link = service.mailedLink(email, below, opened)
        opened += link
        open(link)
        submit(link, *values)
    }

    private fun show(answer: HttpResponse<String>) {
        page = Jsoup.parse(answer.body(), answer.uri().toString())
    }

    fun open(path: String) = show(send(path, BodyHandlers.ofString()))

    /** Fills in the form with this address, and sends it. */
    fun submit(action: String, vararg values: Pair<String, String>) {
        // Of several with one address, such as a list's, the one that has these values already.
        val form =
            page
                .select("form")
                .filterIsInstance<FormElement>()
                .filter { it.attr("action").endsWith(action) }
                .maxByOrNull { form ->
                    values.count { (name, value) ->
                        form.formData().any { it.key() == name && it.value() == value }
                    }
                } ?: error("no form $action on $path: ${page.text()}")
        val names = values.map { it.first }
        val fields =
            form.formData().filter { it.key() !in names }.map { it.key() to it.value() } + values
        val body =
            fields.joinToString("&") { (name, value) -> "$name=${URLEncoder.encode(value, UTF_8)}" }
        show(send(form.attr("action"), BodyHandlers.ofString(), body))
    }

    /**
     * Adds a device: the first with the password and a link that comes by mail. Where there is one,
     * it is asked first: then approve with [number], and [waitWhile] "open".
     */
    fun addDevice(name: String = "My phone") {
        open("/account/devices")
        val password = page.selectFirst("form[action=/account/devices/add] input[name=password]")
        if (password == null) {
            submit("/account/devices/add", "name" to name)
        } else {
            submit("/account/devices/add", "name" to name, "password" to PASSWORD)
            openMailed("/account/confirm/")
        }
    }

    /** Removes a device, or has it unblocked. A device is asked first, as in [addDevice]. */
    fun withDevice(name: String, what: String) {
        open("/account/devices")
        val dev =
            page
                .select("section.device")
                .first { it.selectFirst("h2")?.text() == name }
                .selectFirst("input[name=dev]")!!
                .attr("value")
        submit("/account/devices/$what", "dev" to dev)
    }

    /** The number on the page, to be typed on the phone. */
    fun number(): Int =
        page.getElementById("number")?.text()?.replace(" ", "")?.toInt()
            ?: error("no number on $path: ${page.text()}")

    private fun beginSignIn() {
        open("/account")
        submit("/sign-out")
        open("/sign-in")
        submit("/sign-in", "email" to email)
        submit("/sign-in/password", "password" to PASSWORD, "method" to "password")
        check(path == "/sign-in/method") { page.text() }
    }

    /** Chooses the app; the number that the page shows. */
    fun askApp(): Int {
        beginSignIn()
        submit("/sign-in/app")
        return number()
    }

    /** Chooses "On mobile"; the link that opens the app. */
    fun onMobile(): String {
        open("/account")
        submit("/sign-out")
        onPhone = true
        open("/sign-in")
        submit("/sign-in/mobile")
        return link()
    }

    fun askCode() {
        beginSignIn()
        submit("/sign-in/code")
    }

    fun beginTransfer() {
        open("/account/transactions/other")
        submit("/account/transactions/other", *TRANSFER.toList().toTypedArray())
    }

    /** The same, shown on the phone; the number that the page shows. */
    fun beginOnlineTransfer(values: Map<String, String> = TRANSFER): Int {
        open("/account/transactions/other")
        submit(
            "/account/transactions/other",
            *(values + ("way" to "phone")).toList().toTypedArray(),
        )
        return number()
    }

    fun rename(from: String, to: String) {
        open("/account/devices")
        val form = page.select("section.device").first { it.selectFirst("h2")?.text() == from }
        val dev = form.selectFirst("input[name=dev]")!!.attr("value")
        submit("/account/devices/rename", "dev" to dev, "name" to to)
    }

    /** The QR code on the page, as a picture. */
    fun picture(): ByteArray = send("$path/code.png", BodyHandlers.ofByteArray()).body()

    /** The link behind it. */
    fun link(): String = send("$path/link", BodyHandlers.ofString()).body().trim()

    fun type(code: String) = submit("/code", "code" to code)

    /** What the page says of itself to its script, as soon as it is other than [state]. */
    fun waitWhile(state: String): String {
        repeat(300) {
            val now =
                Regex("\"state\":\"(\\w+)\"")
                    .find(send("$path/state", BodyHandlers.ofString()).body())!!
                    .groupValues[1]
            if (now != state) {
                open(path)
                return now
            }
            Thread.sleep(100)
        }
        error("the page $path did not go on")
    }

    fun isSignedIn(): Boolean {
        open("/account")
        return path == "/account"
    }

    fun text(): String = page.text()

    /** Opens a link that the app gave back, in this browser. */
    fun follow(link: String) {
        open(URI(link).run { "$rawPath?$rawQuery" })
        // The page asks whether the person means the account that approved.
        if (page.getElementById("continue-as") != null) submit("/return")
    }

    private companion object {
        val numbers = AtomicInteger()
    }
}
