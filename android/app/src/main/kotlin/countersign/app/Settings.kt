package countersign.app

import countersign.Account
import countersign.AccountState
import countersign.HistoryEvent
import countersign.PinEntry
import countersign.awaitNewPinGrant
import countersign.biometricsOffered
import countersign.changePin
import countersign.refresh
import countersign.remove
import countersign.rename
import countersign.setForgottenPin
import countersign.turnOffBiometrics

/** The most events that are shown. */
private const val MOST_EVENTS = 100

/** One account's settings. */
class AccountScreen(session: Session, private val number: UInt) : PageScreen(session) {
    private val account: Account?
        get() = session.accounts?.find { it.number == number }

    private var offered = false
    private var removing = false
    private var note: Words? = null

    init {
        attempt({}) {
            account?.let { offered = session.phone().biometricsOffered(it) }
            redraw()
            // How it stands at the service, where there is a network.
            account?.let { session.phone().refresh(it) }
            session.reload()
        }
    }

    override fun page(): Page {
        val account = account ?: return Page(title = words(R.string.account_gone))
        val usable = account.state == AccountState.ACTIVE
        return Page(
            title = name(account.name),
            facts =
                listOfNotNull(
                    Fact(
                        words(R.string.account_at),
                        words(R.string.app_at_host, quoted(account.appName), exact(account.host)),
                    ),
                    Fact(words(R.string.account_label), name(account.accountLabel)),
                    account.deviceName.takeIf(String::isNotEmpty)?.let {
                        Fact(words(R.string.device_name), name(it))
                    },
                    Fact(words(R.string.account_state), account.state.said),
                    account.triesLeft?.let { Fact(words(R.string.tries_left), name("$it")) },
                    Fact(words(R.string.account_since), moment(account.createdAt, session.now)),
                ),
            note =
                note
                    ?: account.recoveryWarning(session.now)
                    ?: if (account.changeUnfinished) words(R.string.change_unfinished) else null,
            rows =
                listOfNotNull(
                    Row(words(R.string.change_pin)) {
                            session.screens.open(PinScreen(session, changing(account)))
                        }
                        .takeIf { usable },
                    Row(words(R.string.forgotten_pin)) {
                        session.screens.open(ForgottenScreen(session, account))
                    },
                    biometrics(account).takeIf { usable },
                    Row(words(R.string.rename), name(account.name)) {
                        session.screens.open(RenameScreen(session, account))
                    },
                ) +
                    app() +
                    Row(words(R.string.remove), danger = true) {
                        session.screens.open(removal(account))
                    },
        )
    }

    private fun changing(account: Account) =
        PinTask(
            text =
                words(R.string.pin_for_account, quoted(account.accountLabel), exact(account.host)),
            asks = listOf(Ask.OLD, Ask.NEW, Ask.AGAIN),
            account = account,
            action = words(R.string.change_pin),
            lasting = words(R.string.changing_pin, quoted(account.name)),
        ) { (old, new, again) ->
            session.phone().changePin(account, old, new, again)
            session.reload()
            MessageScreen(
                session,
                words(R.string.pin_changed_title),
                words(R.string.pin_changed_text),
                Sign.DONE,
            )
        }

    private fun biometrics(account: Account): Row? =
        when {
            account.biometrics ->
                Row(words(R.string.biometrics), on = true) {
                    attempt(::say) {
                        session.phone().turnOffBiometrics(account)
                        offered = session.phone().biometricsOffered(account)
                        session.reload()
                    }
                }
            offered ->
                Row(words(R.string.biometrics), on = false) {
                    val done = {
                        MessageScreen(
                            session,
                            words(R.string.biometrics_on_title),
                            words(R.string.biometrics_on_text),
                            Sign.DONE,
                        )
                    }
                    session.screens.open(PinScreen(session, turningOn(session, number, done)))
                }
            else -> null
        }

    /** What holds for the whole app. */
    private fun app(): List<Row> {
        val shell = session.shell
        val push = session.push?.takeIf { it.distributors().isNotEmpty() }
        val told = shell?.notifications == Leave.GIVEN
        return listOfNotNull(
            Row(
                words(R.string.sends_by_itself),
                words(R.string.sends_by_itself_text),
                session.sendsByItself,
            ) {
                session.sendByItself(!session.sendsByItself)
                redraw()
            },
            Row(
                words(R.string.bell_setting),
                words(if (told) R.string.bell_setting_on else R.string.bell_setting_off),
            ) {
                open(Setting.NOTIFICATIONS)
            },
            push?.let {
                Row(words(R.string.push_title)) { session.screens.open(PushScreen(session, it)) }
            },
            Row(words(R.string.language)) { open(Setting.LANGUAGE) }
                .takeIf { shell?.has(Setting.LANGUAGE) == true },
            Row(words(R.string.about)) { session.screens.open(aboutScreen(session)) },
        )
    }

    private fun open(setting: Setting) {
        if (session.shell?.open(setting) == true) return
        note = words(R.string.not_done)
        redraw()
    }

    private fun removal(account: Account): Screen =
        MessageScreen(
            session,
            words(R.string.remove_title, quoted(account.name)),
            words(R.string.remove_text, quoted(account.accountLabel), exact(account.host)),
            Sign.WARNING,
        ) {
            listOf(
                Action(words(R.string.remove_yes), Look.DANGER) {
                    // A second tap would find no account any more, and say that it did not work.
                    if (removing) return@Action
                    removing = true
                    attempt({
                        session.screens.home(
                            MessageScreen(session, words(R.string.not_done), it.words, Sign.WARNING)
                        )
                    }) {
                        val removed = session.phone().remove(account)
                        session.reload()
                        val next =
                            if (removed.told) words(R.string.removed_told, exact(account.host))
                            else words(R.string.removed_not_told, exact(account.host))
                        session.screens.home(
                            MessageScreen(session, words(R.string.removed_title), next)
                        )
                    }
                },
                Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
            )
        }

    private fun say(said: Said) {
        note = said.words
        redraw()
    }
}

/**
 * Waits until another factor has approved that this phone sets a PIN anew, and then asks for it.
 */
class ForgottenScreen(session: Session, private val account: Account) : PageScreen(session) {
    private var note: Words? = null

    init {
        await()
    }

    private fun await() =
        attempt({ say(it) }) {
            session.phone().awaitNewPinGrant(account)
            session.screens.replace(PinScreen(session, task()))
        }

    private fun task() =
        PinTask(
            text =
                words(R.string.pin_for_account, quoted(account.accountLabel), exact(account.host)),
            asks = listOf(Ask.NEW, Ask.AGAIN),
            account = account,
            action = words(R.string.change_pin),
            lasting = words(R.string.changing_pin, quoted(account.name)),
        ) { (new, again) ->
            set(new, again)
        }

    private suspend fun set(new: PinEntry, again: PinEntry): Screen {
        session.phone().setForgottenPin(account, new, again)
        session.reload()
        return MessageScreen(
            session,
            words(R.string.pin_changed_title),
            words(R.string.pin_changed_text),
            Sign.DONE,
        )
    }

    private fun say(said: Said) {
        note = said.words
        redraw()
    }

    override fun page() =
        Page(
            title = words(R.string.forgotten_title),
            text = words(R.string.forgotten_text, exact(account.host), quoted(account.deviceName)),
            note = note,
            busy = note == null,
            actions =
                listOfNotNull(
                    Action(words(R.string.try_again)) {
                            note = null
                            redraw()
                            await()
                        }
                        .takeIf { note != null },
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
                ),
        )
}

/** Another name for an account, on this phone only. */
class RenameScreen(session: Session, private val account: Account) : PageScreen(session) {
    private var typed = account.name
    private var problem: Words? = null

    override fun page() =
        Page(
            title = words(R.string.rename),
            text = words(R.string.rename_text),
            fields =
                listOf(
                    Field(words(R.string.rename_label), Keyboard.NAME, typed, problem = problem) {
                        typed = it
                        problem = null
                        redraw()
                    }
                ),
            actions =
                listOf(
                    Action(words(R.string.save)) {
                        attempt({ said ->
                            problem = said.words
                            redraw()
                        }) {
                            session.phone().rename(account, typed)
                            session.reload()
                            session.screens.leave(this)
                        }
                    },
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
                ),
        )
}

/** What happened on this phone, the newest first. */
class HistoryScreen(session: Session) : PageScreen(session) {
    private var events: List<HistoryEvent>? = null
    private var note: Words? = null

    init {
        attempt({
            note = it.words
            redraw()
        }) {
            events = session.phone().history().take(MOST_EVENTS)
            redraw()
        }
    }

    override fun page() =
        Page(
            title = words(R.string.history_title),
            text = if (events?.isEmpty() == true) words(R.string.history_empty) else null,
            facts =
                events.orEmpty().map {
                    Fact(
                        words(R.string.history_when, moment(it.at, session.now), it.name),
                        what(it),
                    )
                },
            note = note,
            busy = events == null && note == null,
            actions = listOf(Action(words(R.string.back), Look.PLAIN) { session.screens.back() }),
        )

    /** The core tells the details in English: they are shown where that is the language. */
    private fun what(event: HistoryEvent) = Words { resources ->
        val english = resources.configuration.locales[0].language == "en"
        val kind = event.kind.words.of(resources)
        if (english && event.detail.isNotEmpty())
            resources.getString(R.string.history_detail, kind, event.detail)
        else kind
    }
}

/** Help, privacy and licences. */
fun aboutScreen(session: Session) =
    MessageScreen(session, words(R.string.about), words(R.string.about_text)) {
        listOf(Action(words(R.string.back), Look.PLAIN) { session.screens.back() })
    }
