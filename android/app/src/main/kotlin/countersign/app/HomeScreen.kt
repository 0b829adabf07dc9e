package countersign.app

import countersign.Account
import countersign.AccountState

/**
 * The first screen: without an account how to initialise one, and otherwise what waits and which
 * accounts there are.
 */
class HomeScreen(session: Session) : Screen(session) {
    /** Nothing waits any more, or the app can't notify: said in a line above the accounts. */
    class Banner(val words: Words, val action: Action? = null)

    override fun appear() {
        session.forgetExpired()
        redraw()
    }

    fun scan() = session.screens.open(ScanScreen(session))

    fun paste() = session.screens.open(PasteScreen(session))

    fun add() = session.screens.open(AddScreen(session))

    fun history() = session.screens.open(HistoryScreen(session))

    fun open(account: Account) {
        session.choose(account)
        session.screens.open(AccountScreen(session, account.number))
    }

    /** An initialisation that was left before its end goes on. */
    fun finish(account: Account) {
        val claimed = session.claims.find { it.account.number == account.number }
        if (claimed == null) {
            attempt({}) { session.resume() }
        } else {
            session.screens.open(session.confirmation(claimed, fromBrowser = false))
        }
    }

    /** What there is to say of an account that can't be used as usual, or soon can't. */
    fun note(account: Account): Words? =
        account.recoveryWarning(session.now)
            ?: when {
                account.state == AccountState.UNFINISHED -> null
                account.state != AccountState.ACTIVE -> account.state.said
                else ->
                    account.triesLeft
                        ?.takeIf { it < ALL_TRIES }
                        ?.let { plural(R.plurals.tries_left_of, it) }
            }

    fun banners(): List<Banner> =
        listOfNotNull(
            session.running?.let { Banner(it) },
            session.return_
                .takeIf { it.open }
                ?.let { way ->
                    Banner(
                        words(R.string.approved_in_browser),
                        Action(words(R.string.back_to_browser)) { way.goFromNotification() },
                    )
                },
            silenced(),
        )

    /** Notifications are off: by the permission, for the app, or for its channel. */
    private fun silenced(): Banner? {
        val shell = session.shell ?: return null
        if (session.accounts.isNullOrEmpty() || session.quiet || shell.notifications == Leave.GIVEN)
            return null
        val ask =
            Action(words(R.string.bell_turn_on)) {
                if (shell.notifications == Leave.NOT_ASKED) {
                    notifications(session)?.let(session.screens::open)
                } else {
                    shell.open(Setting.NOTIFICATIONS)
                }
            }
        return Banner(words(R.string.bell_off), ask)
    }

    companion object {
        /** Tries in a row, when none is spent. */
        const val ALL_TRIES = 5
    }
}

/** How another account is initialised: as the first one. */
class AddScreen(session: Session) : Screen(session) {
    fun scan() = session.screens.replace(ScanScreen(session))

    fun paste() = session.screens.replace(PasteScreen(session))
}
