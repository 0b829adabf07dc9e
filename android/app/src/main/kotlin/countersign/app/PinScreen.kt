package countersign.app

import countersign.Account
import countersign.Guessable
import countersign.PinEntry
import java.time.Instant
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay

const val PIN_LENGTH = 4

/** With fewer tries left than this, nothing is sent before its button. */
private const val FEW_TRIES = 3
private val EACH_SECOND = 1.seconds

/** A PIN that is asked: one that there is, or a new one, or that again. */
enum class Ask(val title: Int) {
    PRESENT(R.string.pin_type),
    CHOSEN_ON_PAGE(R.string.pin_type_chosen),
    OLD(R.string.pin_type_old),
    NEW(R.string.pin_choose),
    AGAIN(R.string.pin_again),
}

/**
 * What a PIN is asked for.
 *
 * @param text for what, in a sentence.
 * @param asks which PINs, one after the other.
 * @param account whose PIN it is, where it is known here already.
 * @param number the number that was typed before, which stays in sight.
 * @param until when what it is for expires.
 * @param action the button that does it.
 * @param finger the same by a finger or face, where that is allowed.
 * @param lasting it goes on when the screen is left; what home says meanwhile.
 * @param closed is called when it is over, done or not.
 * @param run does it with the PINs, and returns the screen that comes next.
 */
class PinTask(
    val text: Words,
    val asks: List<Ask>,
    val account: Account? = null,
    val number: String? = null,
    val until: Instant? = null,
    val action: Words = words(R.string.authenticate),
    val finger: (suspend () -> Screen)? = null,
    val lasting: Words? = null,
    val closed: () -> Unit = {},
    val run: suspend (List<PinEntry>) -> Screen?,
)

/**
 * Asks for PINs, digit by digit, and does what they are for. A digit goes from its key into Rust
 * and is nowhere else; the screen knows how many there are. What was typed goes when the app leaves
 * the screen.
 */
class PinScreen(session: Session, val task: PinTask) : Screen(session) {
    private val entries = task.asks.map { PinEntry() }
    private var step = 0
    var note: Words? = null
        private set

    var busy = false
        private set

    var expired = false
        private set

    override val underway
        get() = busy

    val ask: Ask
        get() = task.asks[step]

    /** How many digits were typed. */
    val length: Int
        get() = entries[step].length()

    val enabled: Boolean
        get() = !busy && !expired

    /** Said whenever fewer than all are left, whoever spent them. */
    val triesLeft: Int?
        get() =
            task.account?.let { session.now(it).triesLeft }?.takeIf { it < HomeScreen.ALL_TRIES }

    init {
        task.until?.let { until ->
            attempt({}) {
                while (session.now < until) delay(EACH_SECOND)
                if (busy) return@attempt
                clear()
                expired = true
                redraw()
            }
        }
    }

    fun push(digit: Int) {
        if (!enabled) return
        entries[step].push(digit)
        note = null
        redraw()
        if (length == PIN_LENGTH && sendsByItself) send()
    }

    /**
     * Never a new PIN, never with few tries left, and never where a screen reader or switches are
     * in use.
     */
    private val sendsByItself: Boolean
        get() =
            session.sendsByItself &&
                task.asks.size == 1 &&
                ask != Ask.NEW &&
                (triesLeft ?: HomeScreen.ALL_TRIES) >= FEW_TRIES &&
                session.shell?.assisted == false

    fun erase() {
        if (!enabled) return
        entries[step].erase()
        note = null
        redraw()
    }

    fun eraseAll() {
        if (!enabled) return
        entries[step].clear()
        redraw()
    }

    val action: Action
        get() {
            val last = step == entries.lastIndex
            val whole = length == PIN_LENGTH && enabled
            return Action(
                if (last) task.action else words(R.string.next),
                enabled = whole,
                run = ::send,
            )
        }

    val finger: Action?
        get() =
            task.finger?.let { finger ->
                Action(words(R.string.use_finger), Look.PLAIN, enabled) {
                    clear()
                    perform(finger)
                }
            }

    /** On every pad that asks for a PIN that there is. */
    val forgotten: Action?
        get() =
            task.account
                ?.takeIf { ask == Ask.PRESENT || ask == Ask.OLD }
                ?.let { account ->
                    Action(words(R.string.forgotten_pin_ask), Look.PLAIN, !busy) {
                        session.screens.open(ForgottenScreen(session, account))
                    }
                }

    private fun send() = if (step == entries.lastIndex) perform { task.run(entries) } else next()

    private fun next() {
        val guessable = if (ask == Ask.NEW) entries[step].guessable() else null
        if (guessable == null) step++ else entries[step].clear()
        note = guessable?.said
        redraw()
    }

    private fun perform(work: suspend () -> Screen?) {
        if (!enabled) return
        busy = true
        note = null
        redraw()
        if (task.lasting == null) {
            attempt(::failed) { session.screens.home(work()) }
        } else {
            last(work)
        }
    }

    /** What must not stop half-way goes on when the screen is left. */
    private fun last(work: suspend () -> Screen?) {
        session.running = task.lasting
        session.scope
            .attempt({ said ->
                if (left)
                    end(MessageScreen(session, words(R.string.not_done), said.words, Sign.WARNING))
                else failed(said)
            }) {
                end(work())
            }
            .invokeOnCompletion {
                session.running = null
                if (left) closeEntries()
            }
    }

    private fun end(next: Screen?) {
        session.running = null
        when {
            !left -> session.screens.home(next)
            next != null -> session.screens.open(next)
        }
    }

    private suspend fun failed(said: Said) {
        session.running = null
        clear()
        busy = false
        session.reload()
        if (said.again) {
            note = said.words
            redraw()
        } else {
            session.screens.home(
                MessageScreen(session, words(R.string.not_done), said.words, Sign.WARNING)
            )
        }
    }

    private fun clear() {
        entries.forEach(PinEntry::clear)
        step = 0
    }

    // What is being done has taken its digits already.
    override fun hide() {
        entries.forEach(PinEntry::clear)
        if (!busy) step = 0
        redraw()
    }

    private var left = false

    override fun close() {
        super.close()
        left = true
        if (!(busy && task.lasting != null)) closeEntries()
        task.closed()
    }

    private fun closeEntries() = entries.forEach(PinEntry::close)

    override fun key(key: Key): Boolean {
        when (key) {
            is Key.Digit -> push(key.digit)
            Key.Erase -> erase()
            Key.Enter -> action.run { if (enabled) run() else return false }
        }
        return true
    }
}

/** Why a new PIN is not taken. */
val Guessable.said: Words
    get() =
        words(
            when (this) {
                Guessable.FOUR_EQUAL -> R.string.guessable_four_equal
                Guessable.RUN -> R.string.guessable_run
                Guessable.YEAR -> R.string.guessable_year
                Guessable.DATE -> R.string.guessable_date
                Guessable.COMMON -> R.string.guessable_common
            }
        )
