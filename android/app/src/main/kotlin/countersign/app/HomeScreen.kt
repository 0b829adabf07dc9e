package countersign.app

import countersign.Account
import countersign.AccountState

/** The first screen: without an account how to initialise one, and otherwise what can be done with those that there are. */
class HomeScreen(session: Session) : PageScreen(session) {
    override fun page(): Page {
        val accounts = session.accounts
        val problem = session.problem
        return when {
            accounts == null && problem != null -> Page(title = words(R.string.app_name), note = problem)
            accounts == null -> Page(title = words(R.string.app_name), busy = true)
            accounts.isEmpty() -> first()
            else -> home(accounts)
        }
    }

    private fun first() = Page(
        title = words(R.string.first_title),
        text = words(R.string.first_text),
        actions = listOf(
            Action(words(R.string.first_next)) { session.screens.open(ScanScreen(session)) },
            Action(words(R.string.first_link), Look.PLAIN) { session.screens.open(PasteScreen(session)) },
        ),
    )

    private fun home(accounts: List<Account>): Page {
        val here = session.account ?: accounts.first()
        val waiting = session.waiting.firstOrNull()
        val others = accounts.filter { it.number != here.number }
        return Page(
            title = name(here.name),
            text = if (here.state == AccountState.ACTIVE) words(R.string.home_text) else null,
            facts = listOfNotNull(
                Fact(words(R.string.account_at), words(R.string.app_at_host, quoted(here.appName), here.host)),
                Fact(words(R.string.account_label), name(here.accountLabel)).takeIf { here.name != here.accountLabel },
                here.deviceName.takeIf(String::isNotEmpty)?.let { Fact(words(R.string.device_name), name(it)) },
            ),
            note = here.recoveryWarning ?: if (here.state == AccountState.ACTIVE) null else here.state.said,
            actions = listOfNotNull(
                waiting?.let { Action(words(R.string.waiting_show)) { session.showWaiting() } },
                Action(words(R.string.home_scan), if (waiting == null) Look.MAIN else Look.PLAIN) { session.screens.open(ScanScreen(session)) },
            ) + others.map { other ->
                Action(words(R.string.home_switch, quoted(other.name), other.host), Look.PLAIN) { session.choose(other) }
            } + listOf(
                Action(words(R.string.home_settings), Look.PLAIN) { session.screens.open(AccountScreen(session, here.number)) },
                Action(words(R.string.home_add), Look.PLAIN) { session.screens.open(AddScreen(session)) },
                Action(words(R.string.home_history), Look.PLAIN) { session.screens.open(HistoryScreen(session)) },
            ),
        )
    }
}

/** How another account is initialised: as the first one. */
class AddScreen(session: Session) : PageScreen(session) {
    override fun page() = Page(
        title = words(R.string.home_add),
        text = words(R.string.first_text),
        actions = listOf(
            Action(words(R.string.first_next)) { session.screens.replace(ScanScreen(session)) },
            Action(words(R.string.first_link), Look.PLAIN) { session.screens.replace(PasteScreen(session)) },
        ),
    )
}
