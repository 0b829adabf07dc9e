package countersign.app

import countersign.Candidate
import countersign.Choice
import countersign.QrCode
import countersign.Scanned
import countersign.Scanner
import countersign.Source
import countersign.android.anyPicture
import countersign.chooseCode

/** Reads the text of a code or link, and returns the screen for it. */
suspend fun Session.read(text: String, source: Source): Screen {
    val fromBrowser = source == Source.VERIFIED_LINK || source == Source.PASTE
    return when (val scanned = phone().scan(text, source)) {
        is Scanned.Enrolment -> OfferScreen(this, phone().beginEnrolment(text, source), fromBrowser)
        is Scanned.Code -> CodeRequestScreen(this, scanned.request)
        is Scanned.Transaction -> FormScreen(this, scanned.form)
        is Scanned.OnMobile -> OnMobileScreen(this, scanned.request)
    }
}

/** The camera, until a code is recognised; a picture or a link where it can't be used. */
class ScanScreen(session: Session) : Screen(session) {
    var busy = false
        private set

    var note: Words? = null
        private set

    /** The camera was lost, or there is none. */
    var noCamera = false
        private set

    var torch = false
        private set

    /** Goes up when a code is taken: felt in the hand. */
    var taken = 0
        private set

    /**
     * The code that was seen last, so that one that is refused is not asked about with every frame.
     */
    private var seen: String? = null

    /** Whether the camera may be used; none while the app is not on the display. */
    val leave: Leave?
        get() = session.shell?.camera

    override fun appear() {
        noCamera = false
        redraw()
    }

    override fun hide() {
        torch = false
    }

    fun allow() {
        session.shell?.askForCamera()
    }

    override fun permitted() {
        noCamera = false
        redraw()
    }

    fun settings() {
        session.shell?.open(Setting.APP)
    }

    fun switchTorch() {
        torch = !torch
        redraw()
    }

    fun choose() {
        if (session.shell?.choosePicture() == false) failed(Said(words(R.string.no_pictures)))
    }

    fun paste() = session.screens.open(PasteScreen(session))

    override fun picked(picture: Picture) {
        busy = true
        note = null
        redraw()
        attempt(::failed) {
            val codes = codesIn(picture)
            busy = false
            when (val choice = codes?.let(::chooseCode)) {
                null,
                Choice.Nothing -> failed(Said(words(R.string.picture_damaged)))
                is Choice.One -> recognised(choice.text)
                is Choice.Several ->
                    session.screens.replace(ChoiceScreen(session, choice.codes, Source.CAMERA))
            }
        }
    }

    /** What a frame of the camera shows. */
    fun saw(choice: Choice) {
        when (choice) {
            Choice.Nothing -> return
            is Choice.One -> recognised(choice.text)
            is Choice.Several ->
                if (!busy && note == null) {
                    note = words(R.string.scan_come_closer)
                    redraw()
                }
        }
    }

    /** The camera can't be used now. */
    fun lost() {
        noCamera = true
        redraw()
    }

    private fun recognised(text: String) {
        if (busy || text == seen) return
        seen = text
        busy = true
        note = null
        taken++
        redraw()
        attempt(::failed) { session.screens.replace(session.read(text, Source.CAMERA)) }
    }

    private fun failed(said: Said) {
        busy = false
        note = said.words
        // The same code may be held up again after what was in the way.
        if (said.again) seen = null
        redraw()
    }
}

/** Every code in a picture; none if it can't be read. */
suspend fun codesIn(picture: Picture): List<QrCode>? =
    picture.read()?.let { file -> Scanner().use { it.anyPicture(file) } }

/** A picture with several codes: only the person knows which one is meant. */
class ChoiceScreen(
    session: Session,
    private val codes: List<Candidate>,
    private val source: Source,
) : PageScreen(session) {
    private var busy = false
    private var note: Words? = null

    override fun page() =
        Page(
            title = words(R.string.choice_title),
            text = words(R.string.choice_text),
            note = note,
            busy = busy,
            actions =
                codes.mapIndexed { at, code ->
                    Action(
                        words(R.string.choice_host, at + 1, exact(code.host)),
                        Look.PLAIN,
                        !busy,
                    ) {
                        take(code.text)
                    }
                } + Action(words(R.string.cancel), Look.PLAIN) { session.screens.leave(this) },
        )

    private fun take(text: String) {
        busy = true
        note = null
        redraw()
        attempt({
            busy = false
            note = it.words
            redraw()
        }) {
            session.screens.replace(session.read(text, source))
        }
    }
}

/** A link that is typed or pasted. */
class PasteScreen(session: Session) : PageScreen(session) {
    private var typed = ""
    private var problem: Words? = null
    private var busy = false

    override fun page() =
        Page(
            title = words(R.string.paste_title),
            text = words(R.string.paste_text),
            fields =
                listOf(
                    Field(words(R.string.paste_label), Keyboard.LINK, typed, problem = problem) {
                        typed = it
                        problem = null
                        redraw()
                    }
                ),
            busy = busy,
            actions =
                listOf(
                    Action(words(R.string.next), enabled = !busy, run = ::read),
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
                ),
        )

    private fun read() {
        busy = true
        problem = null
        redraw()
        attempt({
            busy = false
            problem = it.words
            redraw()
        }) {
            session.screens.replace(session.read(typed, Source.PASTE))
        }
    }
}
