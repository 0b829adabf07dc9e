package countersign.app

import countersign.CodeRequest
import countersign.FieldKind
import countersign.FormException
import countersign.FormField
import countersign.ShownCode
import countersign.SignedTransaction
import countersign.SignedValue
import countersign.TransactionForm
import countersign.Unlock
import countersign.check
import countersign.code
import countersign.codeWithBiometrics
import countersign.review
import countersign.sign
import countersign.signWithBiometrics
import java.time.Duration
import java.time.Instant
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

/** What a scanned sign-in code is for, before it is shown. */
class CodeRequestScreen(session: Session, private val request: CodeRequest) : PageScreen(session) {
    private var busy = false
    private var note: Words? = null

    override fun page() =
        Page(
            title = request.details.title,
            text = words(R.string.code_request_text),
            facts =
                request.details.facts(session.now) +
                    Fact(words(R.string.request_account), request.account.words),
            note =
                note
                    ?: otherAccount(session, request.account)
                    ?: if (request.clockLooksWrong) words(R.string.clock_looks_wrong) else null,
            busy = busy,
            actions =
                listOf(
                    Action(words(R.string.code_show), enabled = !busy, run = ::show),
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.home() },
                ) + switchTo(session, request.account),
        )

    private fun show() {
        if (request.unlock == Unlock.NOTHING || request.sameAsBefore) {
            busy = true
            redraw()
            attempt(::failed) { session.screens.home(shown(session.phone().code(request))) }
            return
        }
        val finger: suspend () -> Screen = { shown(session.phone().codeWithBiometrics(request)) }
        val task =
            PinTask(
                text =
                    words(R.string.pin_for, request.details.title, quoted(request.details.appName)),
                asks = listOf(Ask.PRESENT),
                account = request.account,
                until = request.details.expiresAt,
                finger = finger.takeIf { session.mayUseFinger(request.account, request.unlock) },
            ) { pins ->
                shown(session.phone().code(request, pins.single()))
            }
        session.screens.open(PinScreen(session, task))
    }

    private fun shown(code: ShownCode) =
        CodeScreen(
            session,
            words(R.string.code_title),
            code.code,
            code.expiresAt,
            code.sameAsBefore,
        )

    private fun failed(said: Said) {
        busy = false
        note = said.words
        redraw()
    }
}

/**
 * A code to type on the page. It is never copied, and is gone from the screen when it is of no use
 * any more.
 */
class CodeScreen(
    session: Session,
    val title: Words,
    code: String,
    private val expiresAt: Instant,
    private val sameAsBefore: Boolean,
    private val values: List<Fact> = emptyList(),
) : Screen(session) {
    /** None when it has expired. */
    var code: String? = code
        private set

    private val whole = Duration.between(session.now, expiresAt).seconds.coerceAtLeast(1)

    /** Seconds that it is still good for. */
    var left = whole.toInt()
        private set

    /** The part of its time that is left. */
    val part: Float
        get() = left.toFloat() / whole

    init {
        attempt({}) { while (tick()) delay(1.seconds) }
    }

    private fun tick(): Boolean {
        val now = session.now
        val before = left
        left = Duration.between(now, expiresAt).plusMillis(ALMOST).seconds.coerceAtLeast(0).toInt()
        if (now >= expiresAt) code = null
        // Who can't see the seconds is told twice in all, not at each of them.
        if (before > SOON && left in 1..SOON)
            session.shell?.announce(plural(R.plurals.code_seconds, SOON))
        if (code == null) session.shell?.announce(words(R.string.code_gone))
        redraw()
        return code != null
    }

    val text: Words
        get() = words(if (code == null) R.string.code_expired else R.string.code_text)

    val note: Words?
        get() = if (sameAsBefore && code != null) words(R.string.code_same) else null

    val facts: List<Fact>
        get() = values

    val action = Action(words(R.string.go_on)) { session.screens.home() }

    private companion object {
        /** Part of a second that counts as a whole one, in milliseconds. */
        const val ALMOST = 999L

        /** With so many seconds left, who can't see them is told. */
        const val SOON = 30
    }
}

/** Data to type, from the person's own papers; checked at every key. */
class FormScreen(session: Session, private val form: TransactionForm) : PageScreen(session) {
    private val typed = LinkedHashMap<String, String>()
    private val problems = HashMap<String, Words>()
    private val read = HashMap<String, Words>()

    override fun page() =
        Page(
            title = name(form.title),
            text =
                words(R.string.form_text, quoted(form.details.appName), exact(form.details.host)),
            facts = listOf(Fact(words(R.string.request_account), form.account.words)),
            fields = form.fields.map(::field),
            note =
                otherAccount(session, form.account)
                    ?: if (form.clockLooksWrong) words(R.string.clock_looks_wrong) else null,
            actions =
                listOf(
                    Action(words(R.string.next), run = ::review),
                    Action(words(R.string.cancel), Look.PLAIN) { session.screens.home() },
                ) + switchTo(session, form.account),
        )

    private fun field(field: FormField) =
        Field(
            label = name(field.label),
            keyboard =
                when (field.kind) {
                    FieldKind.DIGITS -> Keyboard.DIGITS
                    FieldKind.AMOUNT -> Keyboard.AMOUNT
                    FieldKind.IBAN -> Keyboard.IBAN
                    FieldKind.CODE -> Keyboard.CAPITALS
                    FieldKind.DATE -> Keyboard.DATE
                    FieldKind.TEXT -> Keyboard.TEXT
                },
            value = typed[field.id].orEmpty(),
            hint = field.hint,
            problem = problems[field.id],
            read = read[field.id],
        ) { text ->
            typed[field.id] = text
            redraw()
            attempt({}) {
                look(field)
                redraw()
            }
        }

    /** What the core says of a field as it is now. */
    private suspend fun look(field: FormField) {
        read.remove(field.id)
        try {
            val value = session.phone().check(form, field, typed[field.id].orEmpty())
            problems.remove(field.id)
            if (field.kind == FieldKind.AMOUNT)
                read[field.id] = words(R.string.field_read, amount(value))
        } catch (error: FormException.Value) {
            problems[field.id] = error.problem.said
        }
    }

    private fun review() {
        attempt(::failed) {
            form.fields.forEach { look(it) }
            if (problems.isEmpty()) {
                val values = session.phone().review(form, typed)
                session.screens.open(ReviewScreen(session, form, typed, values))
            } else {
                redraw()
            }
        }
    }

    private fun failed(said: Said) =
        session.screens.home(
            MessageScreen(session, words(R.string.not_done), said.words, Sign.WARNING)
        )
}

/**
 * The values as they will be signed, in the order of the form; account numbers and amounts as
 * people read them.
 */
fun TransactionForm.facts(values: List<SignedValue>): List<Fact> =
    values.mapIndexed { at, value ->
        val kind = fields.getOrNull(at)?.takeIf { it.label == value.label }?.kind
        when (kind) {
            FieldKind.IBAN -> Fact(name(value.label), grouped(value.value), exact = true)
            FieldKind.AMOUNT -> Fact(name(value.label), amount(value.value))
            FieldKind.DIGITS,
            FieldKind.CODE,
            FieldKind.DATE -> Fact(name(value.label), exact(value.value), exact = true)
            FieldKind.TEXT,
            null -> Fact(name(value.label), name(value.value))
        }
    }

/** The values as they will be signed, before the PIN. */
class ReviewScreen(
    session: Session,
    private val form: TransactionForm,
    private val typed: Map<String, String>,
    private val values: List<SignedValue>,
) : PageScreen(session) {
    override fun page() =
        Page(
            title = name(form.title),
            text = words(R.string.review_text),
            facts = form.facts(values),
            actions =
                listOf(
                    Action(words(R.string.review_yes), run = ::sign),
                    Action(words(R.string.review_no), Look.PLAIN) { session.screens.back() },
                ),
        )

    private fun sign() {
        val finger: suspend () -> Screen = {
            shown(session.phone().signWithBiometrics(form, typed))
        }
        val task =
            PinTask(
                text = words(R.string.pin_for, quoted(form.title), quoted(form.details.appName)),
                asks = listOf(Ask.PRESENT),
                account = form.account,
                until = form.details.expiresAt,
                action = words(R.string.sign),
                finger = finger.takeIf { session.mayUseFinger(form.account, form.unlock) },
            ) { pins ->
                shown(session.phone().sign(form, typed, pins.single()))
            }
        session.screens.open(PinScreen(session, task))
    }

    private fun shown(signed: SignedTransaction) =
        CodeScreen(
            session,
            name(signed.title),
            signed.code,
            signed.expiresAt,
            signed.sameAsBefore,
            form.facts(signed.values),
        )
}
