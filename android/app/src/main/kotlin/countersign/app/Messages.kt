package countersign.app

/** Something to read, and what to do next: by itself, back to the first screen. */
class MessageScreen(
    session: Session,
    private val title: Words,
    private val text: Words?,
    private val actions: (() -> List<Action>)? = null,
) : PageScreen(session) {
    override fun page() = Page(
        title = title,
        text = text,
        actions = actions?.invoke() ?: listOf(Action(words(R.string.go_on)) { session.screens.leave(this) }),
    )
}

/** The end of an initialisation. */
fun welcome(session: Session, fromBrowser: Boolean): Screen {
    val account = session.account
    val go = Action(words(R.string.go_on)) {
        session.askForNotifications()
        session.screens.home()
    }
    val browser = Action(words(R.string.back_to_browser)) {
        session.screens.home()
        session.activity?.moveTaskToBack(true)
    }
    return MessageScreen(
        session,
        words(R.string.welcome_title),
        account?.let { words(R.string.welcome_text, quoted(it.accountLabel), it.host) },
    ) { if (fromBrowser) listOf(browser, go.copy(Look.PLAIN)) else listOf(go) }
}

private fun Action.copy(look: Look) = Action(words, look, enabled, run)
