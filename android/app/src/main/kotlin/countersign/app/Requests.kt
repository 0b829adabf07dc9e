package countersign.app

import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
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

private const val NUMBER_LENGTH = 2

/** Whether a finger or face may do, as far as the account and what is asked allow it. */
fun Session.mayUseFinger(account: Account, unlock: Unlock) = now(account).biometrics && unlock == Unlock.PIN_OR_BIOMETRICS

/** A request of the inbox: who asks, for what, from where and when, and three answers. */
class RequestScreen(session: Session, private val request: PendingRequest) : PageScreen(session) {
    val id get() = request.id
    private var number = ""
    private var problem: Words? = null
    private val answer = Answer(session, this, request.details) { session.answered(id) }

    override fun page() = Page(
        title = request.details.title,
        text = words(R.string.request_text),
        facts = request.details.facts + aboutAccount(session, request.account),
        fields = if (request.numberAsked) listOf(numberField()) else emptyList(),
        note = answer.note ?: otherAccount(session, request.account),
        busy = answer.busy,
        actions = listOf(Action(words(R.string.approve), enabled = !answer.busy, run = ::approve)) + answer.actions() +
            switchTo(session, request.account),
    )

    private fun numberField() = Field(
        label = words(R.string.number_label),
        keyboard = Keyboard.DIGITS,
        value = number,
        longest = NUMBER_LENGTH,
        problem = problem,
    ) {
        number = it
        if (problem != null) {
            problem = null
            redraw()
        }
    }

    private fun approve() {
        val typed = number.toIntOrNull()
        if (request.numberAsked && number.length < NUMBER_LENGTH) {
            problem = words(R.string.number_needed)
            redraw()
            return
        }
        val finger: suspend () -> Screen = { ended { session.phone().approveWithBiometrics(request, typed) } }
        val task = PinTask(
            text = words(R.string.pin_for, request.details.title, quoted(request.details.appName)),
            asks = listOf(Ask.PRESENT),
            finger = finger.takeIf { session.mayUseFinger(request.account, request.unlock) },
        ) { pins -> ended { session.phone().approve(request, pins.single(), typed) } }
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
        return MessageScreen(session, words(R.string.approved_title), words(R.string.approved_text))
    }

    init {
        answer.declined = { session.phone().decline(request) }
        answer.reported = { session.phone().report(request) }
    }
}

/** What began in a browser on this phone. */
class OnMobileScreen(session: Session, private val request: OnMobileRequest) : PageScreen(session) {
    // With several accounts the person chooses; the one that is looked at comes first.
    private var account = request.accounts.find { it.number == session.account?.number } ?: request.accounts.first()
    private val answer = Answer(session, this, request.details) {}

    override fun page() = Page(
        title = request.details.title,
        text = words(R.string.on_mobile_text),
        facts = request.details.facts + Fact(words(R.string.request_account), account.words),
        note = answer.note,
        busy = answer.busy,
        actions = listOf(Action(words(R.string.approve), enabled = !answer.busy, run = ::approve)) + others() + answer.actions(),
    )

    private fun others() = request.accounts.filter { it.number != account.number }.map { other ->
        Action(words(R.string.on_mobile_other, quoted(other.name)), Look.PLAIN) {
            account = other
            redraw()
        }
    }

    private fun approve() {
        val chosen = account
        val finger: suspend () -> Screen = { back(session.phone().approveWithBiometrics(request, chosen)) }
        val task = PinTask(
            text = words(R.string.pin_for, request.details.title, quoted(request.details.appName)),
            asks = listOf(Ask.PRESENT),
            finger = finger.takeIf { session.mayUseFinger(chosen, request.unlock) },
        ) { pins -> back(session.phone().approve(request, chosen, pins.single())) }
        session.screens.open(PinScreen(session, task))
    }

    /** Back to the browser at once: the phone's own choice of one. Whoever made the link may not choose who gets the answer. */
    private suspend fun back(approved: Approved): Screen {
        session.reload()
        val open = approved.open ?: return MessageScreen(session, words(R.string.approved_title), words(R.string.approved_text))
        val browser = Intent(Intent.ACTION_VIEW, Uri.parse(open)).addCategory(Intent.CATEGORY_BROWSABLE)
        val go = {
            try {
                session.activity?.startActivity(browser)
            } catch (_: ActivityNotFoundException) {
                session.screens.home(MessageScreen(session, words(R.string.not_done), words(R.string.no_browser)))
            }
        }
        go()
        return MessageScreen(session, words(R.string.approved_title), words(R.string.approved_in_browser)) {
            listOf(
                Action(words(R.string.back_to_browser)) { go() },
                Action(words(R.string.go_on), Look.PLAIN) { session.screens.home() },
            )
        }
    }

    init {
        answer.declined = { session.phone().decline(request, account) }
        answer.reported = { session.phone().report(request, account) }
    }
}

/** The two answers that ask no PIN. */
private class Answer(private val session: Session, private val screen: PageScreen, private val asked: RequestDetails, private val answered: () -> Unit) {
    var declined: suspend () -> Unit = {}
    var reported: suspend () -> Unit = {}
    var busy = false
    var note: Words? = null

    fun actions() = listOf(
        Action(words(R.string.decline), Look.PLAIN, !busy) {
            answer(declined, MessageScreen(session, words(R.string.declined_title), words(R.string.declined_text, quoted(asked.appName))))
        },
        Action(words(R.string.report), Look.DANGER, !busy) { session.screens.open(sure()) },
    )

    /** It ends the session at the computer, so it is asked once more. */
    private fun sure(): Screen = MessageScreen(session, words(R.string.report), words(R.string.report_text)) {
        listOf(
            Action(words(R.string.report_yes), Look.DANGER) {
                session.screens.back()
                answer(reported, MessageScreen(session, words(R.string.reported_title), words(R.string.reported_text, quoted(asked.appName))))
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
            session.screens.home(MessageScreen(session, words(R.string.not_done), said.words))
        }
    }
}

/** Whose it is, and its tries. */
fun aboutAccount(session: Session, account: Account) = listOfNotNull(
    Fact(words(R.string.request_account), account.words),
    session.now(account).triesLeft?.let { Fact(words(R.string.tries_left), name("$it")) },
)

/** Said where it is not the account that the person is looking at. */
fun otherAccount(session: Session, account: Account): Words? =
    if (account.number == session.account?.number) null else words(R.string.other_account, quoted(account.name))

fun switchTo(session: Session, account: Account) =
    if (account.number == session.account?.number) {
        emptyList()
    } else {
        listOf(Action(words(R.string.switch_to, quoted(account.name)), Look.PLAIN) { session.choose(account) })
    }
