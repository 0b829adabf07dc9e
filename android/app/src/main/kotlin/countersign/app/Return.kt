package countersign.app

import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import java.time.Instant

/**
 * The way back to the browser in which an approval began (A9). Its address is in memory only: it
 * goes to the phone's own browser, once and while it is good, and to nobody else.
 */
class Return(private val session: Session) {
    private class Way(val url: String, val until: Instant)

    private var way: Way? by mutableStateOf(null)

    /** Whether there is a way back now. */
    val open: Boolean
        get() = way?.let { it.until > session.now } == true

    /**
     * An approval gave this address: the browser opens at once, or by a notification where the app
     * is not on the display.
     *
     * @return what there is to say where the browser could not be opened.
     */
    fun begin(url: String, until: Instant): Words? {
        way = Way(url, until)
        if (session.shell != null) return go()
        session.bell.approved(until, session.now)
        return null
    }

    /** Opens the browser; what there is to say where that can't be. */
    fun go(): Words? {
        session.bell.silence()
        val shell = session.shell ?: return null
        val there = way?.takeIf { it.until > session.now }
        way = null
        return when {
            there == null -> words(R.string.return_gone)
            shell.browse(there.url) -> null
            else -> words(R.string.no_browser)
        }
    }

    /**
     * The same from the notification, whose process may be another one than that which approved.
     */
    fun goFromNotification() {
        val problem = go() ?: return
        session.screens.home(
            MessageScreen(session, words(R.string.not_done), problem, Sign.WARNING)
        )
    }
}
