package countersign.app

import countersign.Choice
import countersign.Source
import countersign.chooseCode
import kotlinx.coroutines.launch

/**
 * What other apps and the system hand to this one lies on top of what there is, and ends nothing of
 * it.
 */
fun Session.arrived(screen: Screen) {
    if (screens.top === arrival) screens.replace(screen) else screens.open(screen)
    arrival = screen
}

/** A link that the system passed on. */
fun Session.link(text: String, source: Source) {
    scope.launch {
        phone()
        if (source == Source.SHARED_IMAGE) {
            arrived(
                SharedScreen(this@link, R.string.link_title, R.string.link_text) {
                    Choice.One(text)
                }
            )
            return@launch
        }
        arrived(
            try {
                read(text, source)
            } catch (error: Exception) {
                MessageScreen(
                    this@link,
                    words(R.string.link_refused),
                    error.said().words,
                    Sign.WARNING,
                )
            }
        )
    }
}

/** The launcher's shortcut. */
fun Session.scan() {
    if (screens.top !is ScanScreen) screens.open(ScanScreen(this))
}

/** A picture that another app shares with this one; none if it is nothing that may be read. */
fun Session.shared(picture: Picture?) {
    scope.launch {
        phone()
        arrived(
            if (picture == null) {
                MessageScreen(
                    this@shared,
                    words(R.string.shared_title),
                    words(R.string.shared_refused),
                    Sign.WARNING,
                )
            } else {
                SharedScreen(this@shared, R.string.shared_title, R.string.shared_text) {
                    codesIn(picture)?.let(::chooseCode)
                }
            }
        )
    }
}

/** What another app passed on, who may not be meant to: it is read only when the person says so. */
class SharedScreen(
    session: Session,
    private val title: Int,
    private val text: Int,
    private val look: suspend () -> Choice?,
) : PageScreen(session) {
    private var busy = false
    private var note: Words? = null

    override fun page() =
        Page(
            title = words(title),
            text = words(text),
            sign = Sign.PHONE,
            note = note,
            busy = busy,
            actions =
                listOf(
                    Action(words(R.string.shared_yes), enabled = !busy, run = ::read),
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.leave(this) },
                ),
        )

    private fun read() {
        busy = true
        note = null
        redraw()
        attempt(::failed) {
            val screen =
                when (val choice = look()) {
                    null,
                    Choice.Nothing -> return@attempt failed(Said(words(R.string.picture_damaged)))
                    is Choice.One -> session.read(choice.text, Source.SHARED_IMAGE)
                    is Choice.Several -> ChoiceScreen(session, choice.codes, Source.SHARED_IMAGE)
                }
            session.screens.leave(this)
            session.screens.open(screen)
        }
    }

    private fun failed(said: Said) {
        busy = false
        note = said.words
        redraw()
    }
}
