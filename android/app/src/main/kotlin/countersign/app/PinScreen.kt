package countersign.app

import android.view.KeyEvent
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import countersign.Guessable
import countersign.PinEntry

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
 * @param action the button that does it.
 * @param finger the same by a finger or face, where that is allowed.
 * @param closed is called when it is over, done or not.
 * @param run does it with the PINs, and returns the screen that comes next.
 */
class PinTask(
    val text: Words,
    val asks: List<Ask>,
    val action: Words = words(R.string.authenticate),
    val finger: (suspend () -> Screen)? = null,
    val closed: () -> Unit = {},
    val run: suspend (List<PinEntry>) -> Screen,
)

/** Asks for PINs, digit by digit, and does what they are for. What was typed goes when the app leaves the screen. */
class PinScreen(session: Session, private val task: PinTask) : Screen(session) {
    override val layout = R.layout.pin

    private val entries = task.asks.map { PinEntry() }
    private val pad = PinPad({ entries[step] }, ::typed)
    private var step = 0
    private var note: Words? = null
    private var busy = false
    override val underway get() = busy

    override fun set(view: View) {
        clear()
        pad.set(view)
    }

    private fun typed() {
        note = null
        redraw()
    }

    override fun draw(view: View) {
        val ask = task.asks[step]
        pad.enabled = !busy
        view.accessibilityPaneTitle = view.resources.getString(ask.title)
        view.requireViewById<TextView>(R.id.title).show(words(ask.title))
        view.requireViewById<TextView>(R.id.text).show(task.text)
        view.requireViewById<TextView>(R.id.note).show(note)
        view.requireViewById<View>(R.id.busy).visibility = if (busy) View.VISIBLE else View.GONE
        pad.draw(view)
        view.requireViewById<ViewGroup>(R.id.actions).show(actions())
    }

    private fun actions(): List<Action> {
        val whole = entries[step].length() == PIN_LENGTH && !busy
        val last = step == entries.lastIndex
        val go = Action(if (last) task.action else words(R.string.next), enabled = whole) { if (last) run() else next() }
        val finger = task.finger?.let { finger -> Action(words(R.string.use_finger), Look.PLAIN, !busy) { clear().also { perform(finger) } } }
        return listOfNotNull(go, finger)
    }

    private fun next() {
        val guessable = if (task.asks[step] == Ask.NEW) entries[step].guessable() else null
        if (guessable == null) step++ else entries[step].clear()
        note = guessable?.said
        redraw()
    }

    private fun run() = perform { task.run(entries) }

    private fun perform(work: suspend () -> Screen) {
        if (busy) return
        busy = true
        note = null
        redraw()
        attempt(::failed) { session.screens.home(work()) }
    }

    private suspend fun failed(said: Said) {
        clear()
        busy = false
        session.reload()
        if (said.again) {
            note = said.words
            redraw()
        } else {
            session.screens.home(MessageScreen(session, words(R.string.not_done), said.words))
        }
    }

    private fun clear() {
        entries.forEach(PinEntry::clear)
        step = 0
    }

    // What is being done has taken its digits already.
    override fun hide() = clear()

    override fun close() {
        super.close()
        entries.forEach(PinEntry::close)
        task.closed()
    }

    override fun key(event: KeyEvent): Boolean {
        if (event.keyCode == KeyEvent.KEYCODE_ENTER || event.keyCode == KeyEvent.KEYCODE_NUMPAD_ENTER) {
            val go = actions().first()
            if (event.action == KeyEvent.ACTION_UP && go.enabled) go.run()
            return go.enabled
        }
        return pad.key(event)
    }
}

/** Why a new PIN is not taken. */
val Guessable.said: Words
    get() = words(
        when (this) {
            Guessable.FOUR_EQUAL -> R.string.guessable_four_equal
            Guessable.RUN -> R.string.guessable_run
            Guessable.YEAR -> R.string.guessable_year
            Guessable.DATE -> R.string.guessable_date
            Guessable.COMMON -> R.string.guessable_common
        },
    )
