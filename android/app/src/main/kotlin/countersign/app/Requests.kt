package countersign.app

import countersign.Account
import countersign.ApproveException
import countersign.Approved
import countersign.OnMobileRequest
import countersign.PendingRequest
import countersign.RequestDetails
import countersign.Unlock
import countersign.approve
import countersign.approveWithBiometrics
import countersign.decline
import countersign.report
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

const val NUMBER_LENGTH = 2
private val EACH_SECOND = 1.seconds

/** Whether a finger or face may do, as far as the account and what is asked allow it. */
fun Session.mayUseFinger(account: Account, unlock: Unlock) =
    now(account).biometrics && unlock == Unlock.PIN_OR_BIOMETRICS

/**
 * A request of the inbox: who asks for what, from where and when; the number is typed, or one of
 * two other answers given.
 */
class RequestScreen(session: Session, private val request: PendingRequest) : Screen(session) {
    val id
        get() = request.id

    val details: RequestDetails
        get() = request.details

    val numberAsked
        get() = request.numberAsked

    /** What was typed of the number. It is no secret. */
    var number = ""
        private set

    var expired = false
        private set

    private val answers = Answers(session, this, request.details) { session.answered(id) }
    val busy
        get() = answers.busy

    val note: Words?
        get() = if (expired) words(R.string.request_expired) else answers.note

    val facts: List<Fact>
        get() =
            details.context(session.now) +
                details.about.takeIf { details.transaction == null }.orEmpty() +
                listOfNotNull(
                    Fact(words(R.string.request_account), request.account.words),
                    tries?.let { Fact(words(R.string.tries_left), name("$it")) },
                )

    /** What will be signed, whole, before anything else. */
    val signed: List<Fact>
        get() = if (details.transaction == null) emptyList() else details.about

    private val tries
        get() = session.now(request.account).triesLeft?.takeIf { it < HomeScreen.ALL_TRIES }

    /** Said where it is not the account that the person is looking at. */
    val otherAccount: Words?
        get() = otherAccount(session, request.account)

    init {
        answers.declined = { session.phone().decline(request) }
        answers.reported = { session.phone().report(request) }
        attempt({}) {
            while (session.now < details.expiresAt) delay(EACH_SECOND)
            expired = true
            session.answered(id)
            redraw()
        }
    }

    fun push(digit: Int) {
        if (busy || expired || !numberAsked || number.length == NUMBER_LENGTH) return
        number += digit
        redraw()
        // The second digit opens the PIN; with a screen reader or switches nothing goes on by
        // itself.
        if (number.length == NUMBER_LENGTH && session.shell?.assisted == false) approve()
    }

    fun erase() {
        number = number.dropLast(1)
        redraw()
    }

    /** None while the number is not whole, or there is nothing to approve any more. */
    val approve: Action?
        get() =
            if (expired) null
            else {
                val whole = !numberAsked || number.length == NUMBER_LENGTH
                Action(
                    words(if (numberAsked) R.string.next else R.string.approve),
                    enabled = whole && !busy,
                    run = ::approve,
                )
            }

    val others: List<Action>
        get() = if (expired) emptyList() else answers.actions()

    val switch: List<Action>
        get() = if (expired) emptyList() else switchTo(session, request.account)

    private fun approve() {
        val typed = number.toIntOrNull()
        val finger: suspend () -> Screen = {
            ended { session.phone().approveWithBiometrics(request, typed) }
        }
        val task =
            PinTask(
                text = words(R.string.pin_for, details.title, quoted(details.appName)),
                asks = listOf(Ask.PRESENT),
                account = request.account,
                number = number.takeIf { numberAsked },
                until = details.expiresAt,
                action = words(R.string.approve),
                finger = finger.takeIf { session.mayUseFinger(request.account, request.unlock) },
            ) { pins ->
                ended { session.phone().approve(request, pins.single(), typed) }
            }
        session.screens.open(PinScreen(session, task))
    }

    /** What can't be tried again does not wait any more either. */
    private suspend fun ended(approve: suspend () -> Approved): Screen {
        try {
            approve()
        } catch (error: ApproveException) {
            if (!error.said().again) session.answered(id)
            throw error
        }
        session.answered(id)
        session.reload()
        return MessageScreen(
            session,
            words(R.string.approved_title),
            words(R.string.approved_text),
            Sign.DONE,
            closes = true,
        )
    }

    override fun key(key: Key): Boolean {
        if (!numberAsked || expired) return false
        when (key) {
            is Key.Digit -> push(key.digit)
            Key.Erase -> erase()
            Key.Enter -> if (number.length == NUMBER_LENGTH) approve() else return false
        }
        return true
    }
}

/** What began in a browser on this phone. */
class OnMobileScreen(session: Session, private val request: OnMobileRequest) : PageScreen(session) {
    // With several accounts the person chooses; the one that is looked at comes first.
    private var account =
        request.accounts.find { it.number == session.account?.number } ?: request.accounts.first()
    private val answers = Answers(session, this, request.details) {}
    private var expired = false

    init {
        answers.declined = { session.phone().decline(request, account) }
        answers.reported = { session.phone().report(request, account) }
        attempt({}) {
            while (session.now < request.details.expiresAt) delay(EACH_SECOND)
            expired = true
            redraw()
        }
    }

    override fun page() =
        Page(
            title = request.details.title,
            text = words(R.string.on_mobile_text),
            facts =
                request.details.facts(session.now) +
                    Fact(words(R.string.request_account), account.words),
            note = if (expired) words(R.string.on_mobile_expired) else answers.note,
            busy = answers.busy,
            actions =
                if (expired) emptyList()
                else {
                    listOf(
                        Action(words(R.string.approve), enabled = !answers.busy, run = ::approve)
                    ) + others() + answers.actions()
                },
        )

    private fun others() =
        request.accounts
            .filter { it.number != account.number }
            .map { other ->
                Action(words(R.string.on_mobile_other, quoted(other.name)), Look.PLAIN) {
                    account = other
                    redraw()
                }
            }

    private fun approve() {
        val chosen = account
        val finger: suspend () -> Screen = {
            back(session.phone().approveWithBiometrics(request, chosen))
        }
        val task =
            PinTask(
                text =
                    words(R.string.pin_for, request.details.title, quoted(request.details.appName)),
                asks = listOf(Ask.PRESENT),
                account = chosen,
                until = request.details.expiresAt,
                action = words(R.string.approve),
                finger = finger.takeIf { session.mayUseFinger(chosen, request.unlock) },
            ) { pins ->
                back(session.phone().approve(request, chosen, pins.single()))
            }
        session.screens.open(PinScreen(session, task))
    }

    /**
     * Back to the browser at once: the phone's own choice of one. Whoever made the link may not
     * choose who gets the answer.
     */
    private suspend fun back(approved: Approved): Screen {
        session.reload()
        val url =
            approved.open
                ?: return MessageScreen(
                    session,
                    words(R.string.approved_title),
                    words(R.string.approved_text),
                    Sign.DONE,
                )
        return ReturnScreen(session, session.return_.begin(url, request.details.expiresAt))
    }
}

/** After an approval that began on this phone: the browser has opened, or is opened from here. */
class ReturnScreen(session: Session, private var problem: Words?) : PageScreen(session) {
    override fun page(): Page {
        val open = session.return_.open
        return Page(
            title = words(R.string.approved_title),
            text =
                words(if (open) R.string.approved_in_browser else R.string.approved_browser_open),
            sign = Sign.DONE,
            note = problem,
            actions =
                listOfNotNull(
                    Action(words(R.string.back_to_browser)) {
                            problem = session.return_.go()
                            redraw()
                        }
                        .takeIf { open },
                    Action(words(R.string.go_on), if (open) Look.PLAIN else Look.MAIN) {
                        session.screens.leave(this)
                    },
                ),
        )
    }
}

/** The two answers that ask no PIN. */
private class Answers(
    private val session: Session,
    private val screen: Screen,
    private val asked: RequestDetails,
    private val answered: () -> Unit,
) {
    var declined: suspend () -> Unit = {}
    var reported: suspend () -> Unit = {}
    var busy = false
    var note: Words? = null

    fun actions() =
        listOf(
            Action(words(R.string.decline), Look.PLAIN, !busy) {
                val told = words(R.string.declined_text, quoted(asked.appName))
                answer(declined, MessageScreen(session, words(R.string.declined_title), told))
            },
            Action(words(R.string.report), Look.DANGER, !busy) { session.screens.open(sure()) },
        )

    /** It ends the session at the computer, so it is asked once more. */
    private fun sure(): Screen =
        MessageScreen(
            session,
            words(R.string.report_title),
            words(R.string.report_text),
            Sign.WARNING,
        ) {
            listOf(
                Action(words(R.string.report_yes), Look.DANGER) {
                    session.screens.back()
                    val told = words(R.string.reported_text, quoted(asked.appName))
                    answer(reported, MessageScreen(session, words(R.string.reported_title), told))
                },
                Action(words(R.string.report_no), Look.PLAIN) { session.screens.back() },
            )
        }

    private fun answer(work: suspend () -> Unit, next: Screen) {
        if (busy) return
        busy = true
        note = null
        screen.redraw()
        screen.attempt(::failed) {
            work()
            answered()
            session.screens.home(next)
        }
    }

    private fun failed(said: Said) {
        busy = false
        if (said.again) {
            note = said.words
            screen.redraw()
        } else {
            answered()
            session.screens.home(
                MessageScreen(session, words(R.string.not_done), said.words, Sign.WARNING)
            )
        }
    }
}

/** Said where it is not the account that the person is looking at. */
fun otherAccount(session: Session, account: Account): Words? =
    if (account.number == session.account?.number) null
    else words(R.string.other_account, quoted(account.name))

fun switchTo(session: Session, account: Account) =
    if (account.number == session.account?.number) {
        emptyList()
    } else {
        listOf(
            Action(words(R.string.switch_to, quoted(account.name)), Look.PLAIN) {
                session.choose(account)
            }
        )
    }
