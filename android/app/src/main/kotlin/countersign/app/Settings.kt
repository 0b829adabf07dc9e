package countersign.app

import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.provider.Settings
import countersign.Account
import countersign.AccountState
import countersign.HistoryEvent
import countersign.PinEntry
import countersign.android.UnifiedPush
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
    private val account: Account? get() = session.accounts?.find { it.number == number }
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
            facts = listOfNotNull(
                Fact(words(R.string.account_at), words(R.string.app_at_host, quoted(account.appName), account.host)),
                Fact(words(R.string.account_label), name(account.accountLabel)),
                account.deviceName.takeIf(String::isNotEmpty)?.let { Fact(words(R.string.device_name), name(it)) },
                Fact(words(R.string.account_state), account.state.said),
                account.triesLeft?.let { Fact(words(R.string.tries_left), name("$it")) },
                Fact(words(R.string.account_since), moment(account.createdAt)),
            ),
            note = note ?: if (account.changeUnfinished) words(R.string.change_unfinished) else null,
            actions = listOfNotNull(
                Action(words(R.string.change_pin), Look.PLAIN) { session.screens.open(PinScreen(session, changing(account))) }.takeIf { usable },
                Action(words(R.string.forgotten_pin), Look.PLAIN) { session.screens.open(ForgottenScreen(session, account)) },
                biometrics(account).takeIf { usable },
                Action(words(R.string.rename), Look.PLAIN) { session.screens.open(RenameScreen(session, account)) },
                distributor(),
                language(),
                Action(words(R.string.remove), Look.DANGER) { session.screens.open(removal(account)) },
            ),
        )
    }

    private fun changing(account: Account) = PinTask(
        text = words(R.string.pin_for_account, quoted(account.accountLabel), account.host),
        asks = listOf(Ask.OLD, Ask.NEW, Ask.AGAIN),
        action = words(R.string.change_pin),
    ) { (old, new, again) ->
        session.phone().changePin(account, old, new, again)
        session.reload()
        MessageScreen(session, words(R.string.pin_changed_title), words(R.string.pin_changed_text))
    }

    private fun biometrics(account: Account): Action? = when {
        account.biometrics -> Action(words(R.string.biometrics_turn_off), Look.PLAIN) {
            attempt(::say) {
                session.phone().turnOffBiometrics(account)
                offered = session.phone().biometricsOffered(account)
                session.reload()
            }
        }
        offered -> Action(words(R.string.biometrics_turn_on), Look.PLAIN) {
            val done = { MessageScreen(session, words(R.string.biometrics_on_title), words(R.string.biometrics_on_text)) }
            session.screens.open(PinScreen(session, turningOn(session, number, done)))
        }
        else -> null
    }

    private fun distributor(): Action? {
        val context = session.activity?.applicationContext ?: return null
        val push = UnifiedPush(context)
        if (push.distributors().isEmpty()) return null
        return Action(words(R.string.push_title), Look.PLAIN) {
            session.screens.open(
                PushScreen(session, push) { name ->
                    try {
                        context.packageManager.run { getApplicationLabel(getApplicationInfo(name, 0)).toString() }
                    } catch (_: PackageManager.NameNotFoundException) {
                        name
                    }
                },
            )
        }
    }

    /** The system's own setting, from Android 13 on; before, the app speaks the phone's language. */
    private fun language(): Action? = if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) {
        null
    } else {
        Action(words(R.string.language), Look.PLAIN) {
            val activity = session.activity ?: return@Action
            val setting = Intent(Settings.ACTION_APP_LOCALE_SETTINGS, Uri.fromParts("package", activity.packageName, null))
            try {
                activity.startActivity(setting)
            } catch (_: ActivityNotFoundException) {
                note = words(R.string.not_done)
                redraw()
            }
        }
    }

    private fun removal(account: Account): Screen = MessageScreen(
        session,
        words(R.string.remove_title, quoted(account.name)),
        words(R.string.remove_text, quoted(account.accountLabel), account.host),
    ) {
        listOf(
            Action(words(R.string.remove_yes), Look.DANGER) {
                // A second tap would find no account any more, and say that it did not work.
                if (removing) return@Action
                removing = true
                attempt({ session.screens.home(MessageScreen(session, words(R.string.not_done), it.words)) }) {
                    val removed = session.phone().remove(account)
                    session.reload()
                    val next = if (removed.told) words(R.string.removed_told, account.host) else words(R.string.removed_not_told, account.host)
                    session.screens.home(MessageScreen(session, words(R.string.removed_title), next))
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

/** Waits until another factor has approved that this phone sets a PIN anew, and then asks for it. */
class ForgottenScreen(session: Session, private val account: Account) : PageScreen(session) {
    private var note: Words? = null

    init {
        await()
    }

    private fun await() = attempt({ say(it) }) {
        session.phone().awaitNewPinGrant(account)
        session.screens.replace(PinScreen(session, task()))
    }

    private fun task() = PinTask(
        text = words(R.string.pin_for_account, quoted(account.accountLabel), account.host),
        asks = listOf(Ask.NEW, Ask.AGAIN),
        action = words(R.string.change_pin),
    ) { (new, again) -> set(new, again) }

    private suspend fun set(new: PinEntry, again: PinEntry): Screen {
        session.phone().setForgottenPin(account, new, again)
        session.reload()
        return MessageScreen(session, words(R.string.pin_changed_title), words(R.string.pin_changed_text))
    }

    private fun say(said: Said) {
        note = said.words
        redraw()
    }

    override fun page() = Page(
        title = words(R.string.forgotten_title),
        text = words(R.string.forgotten_text, account.host, quoted(account.deviceName)),
        note = note,
        busy = note == null,
        actions = listOfNotNull(
            Action(words(R.string.try_again)) {
                note = null
                redraw()
                await()
            }.takeIf { note != null },
            Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
        ),
    )
}

/** Another name for an account, on this phone only. */
class RenameScreen(session: Session, private val account: Account) : PageScreen(session) {
    private var typed = account.name
    private var problem: Words? = null

    override fun page() = Page(
        title = words(R.string.rename),
        text = words(R.string.rename_text),
        fields = listOf(
            Field(words(R.string.rename_label), Keyboard.NAME, typed, problem = problem) {
                typed = it
                if (problem != null) {
                    problem = null
                    redraw()
                }
            },
        ),
        actions = listOf(
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

    override fun page() = Page(
        title = words(R.string.history_title),
        text = if (events?.isEmpty() == true) words(R.string.history_empty) else null,
        facts = events.orEmpty().map { Fact(words(R.string.history_when, moment(it.at), it.name), what(it)) },
        note = note,
        busy = events == null && note == null,
        actions = listOf(Action(words(R.string.back), Look.PLAIN) { session.screens.back() }),
    )

    /** The core tells the details in English: they are shown where that is the language. */
    private fun what(event: HistoryEvent) = Words { resources ->
        val english = resources.configuration.locales[0].language == "en"
        val kind = event.kind.words.of(resources)
        if (english && event.detail.isNotEmpty()) resources.getString(R.string.history_detail, kind, event.detail) else kind
    }
}
