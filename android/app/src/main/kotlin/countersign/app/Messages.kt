package countersign.app

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

/** How long a success is shown before it closes by itself. */
private val SHORTLY = 3.seconds

/**
 * Something to read, and what to do next: by itself, back to the first screen.
 *
 * @param closes it is a success, which closes by itself, unless a screen reader is at work.
 */
class MessageScreen(
    session: Session,
    private val title: Words,
    private val text: Words?,
    private val sign: Sign? = null,
    private val closes: Boolean = false,
    private val actions: (() -> List<Action>)? = null,
) : PageScreen(session) {
    private var begun = false

    override fun appear() {
        if (!closes || begun || session.shell?.assisted == true) return
        begun = true
        attempt({}) {
            delay(SHORTLY)
            session.screens.leave(this)
        }
    }

    override fun page() =
        Page(
            title = title,
            text = text,
            sign = sign,
            actions =
                actions?.invoke()
                    ?: listOf(Action(words(R.string.go_on)) { session.screens.leave(this) }),
        )
}

/** The end of an initialisation. */
fun welcome(session: Session, fromBrowser: Boolean): Screen {
    val account = session.account
    val next = { session.screens.home(notifications(session)) }
    val go = Action(words(R.string.go_on), if (fromBrowser) Look.PLAIN else Look.MAIN, run = next)
    val browser =
        Action(words(R.string.back_to_browser)) {
            session.screens.home()
            session.shell?.leave()
        }
    return MessageScreen(
        session,
        words(R.string.welcome_title),
        account?.let { words(R.string.welcome_text, quoted(it.accountLabel), exact(it.host)) },
        Sign.DONE,
    ) {
        if (fromBrowser) listOf(browser, go) else listOf(go)
    }
}

/** Why the app wants to notify, before the system asks; nothing where it may already, or never. */
fun notifications(session: Session): Screen? {
    if (session.quiet || session.shell?.notifications != Leave.NOT_ASKED) return null
    return MessageScreen(
        session,
        words(R.string.bell_ask_title),
        words(R.string.bell_ask_text),
        Sign.BELL,
    ) {
        listOf(
            Action(words(R.string.bell_ask_yes)) {
                session.screens.home()
                session.shell?.askForNotifications()
            },
            Action(words(R.string.not_now), Look.PLAIN) {
                session.beQuiet()
                session.screens.home()
            },
        )
    }
}
