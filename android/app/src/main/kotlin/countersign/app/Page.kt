package countersign.app

import android.text.Editable
import android.text.InputFilter
import android.text.InputType
import android.text.TextWatcher
import android.text.method.DigitsKeyListener
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.view.inputmethod.EditorInfo
import android.widget.Button
import android.widget.EditText
import android.widget.TextView

/** What an ordinary screen shows, from top to bottom. */
class Page(
    val title: Words,
    val text: Words? = null,
    val code: String? = null,
    val facts: List<Fact> = emptyList(),
    val fields: List<Field> = emptyList(),
    val note: Words? = null,
    val busy: Boolean = false,
    val actions: List<Action> = emptyList(),
)

class Fact(val label: Words, val value: Words)

enum class Look(val layout: Int) {
    MAIN(R.layout.action_main),
    PLAIN(R.layout.action_plain),
    DANGER(R.layout.action_danger),
}

class Action(val words: Words, val look: Look = Look.MAIN, val enabled: Boolean = true, val run: () -> Unit)

/** Which keyboard a field has. */
enum class Keyboard(val type: Int, val digits: String? = null) {
    TEXT(InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS),
    NAME(InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES),
    LINK(InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_URI or InputType.TYPE_TEXT_FLAG_MULTI_LINE),
    CAPITALS(InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_CAP_CHARACTERS or InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS),
    DIGITS(InputType.TYPE_CLASS_NUMBER),
    AMOUNT(InputType.TYPE_CLASS_NUMBER or InputType.TYPE_NUMBER_FLAG_DECIMAL, "0123456789.,"),
    DATE(InputType.TYPE_CLASS_DATETIME or InputType.TYPE_DATETIME_VARIATION_DATE),
}

class Field(
    val label: Words,
    val keyboard: Keyboard,
    val value: String,
    val hint: String? = null,
    val longest: Int? = null,
    val problem: Words? = null,
    val typed: (String) -> Unit,
)

/** A screen that is described by a [Page]. */
abstract class PageScreen(session: Session) : Screen(session) {
    final override val layout = R.layout.page

    /** What to show now. */
    abstract fun page(): Page

    final override fun draw(view: View) {
        val page = page()
        view.accessibilityPaneTitle = page.title.of(view.resources)
        view.requireViewById<TextView>(R.id.title).show(page.title)
        view.requireViewById<TextView>(R.id.text).show(page.text)
        view.requireViewById<TextView>(R.id.code).run {
            // Where it takes two lines, they break between its groups.
            show(page.code?.let { name(it.replace("-", "-\u200B")) })
            // Read out character by character.
            contentDescription = page.code?.replace("-", ",")?.toCharArray()?.joinToString(" ")
        }
        view.requireViewById<ViewGroup>(R.id.facts).fill(page.facts, { R.layout.fact }) { row, fact ->
            row.requireViewById<TextView>(R.id.label).show(fact.label)
            row.requireViewById<TextView>(R.id.value).show(fact.value)
        }
        view.requireViewById<ViewGroup>(R.id.fields).fill(page.fields, { R.layout.field }, ::drawField)
        view.requireViewById<TextView>(R.id.note).show(page.note)
        view.requireViewById<View>(R.id.busy).visibility = if (page.busy) View.VISIBLE else View.GONE
        view.requireViewById<ViewGroup>(R.id.actions).show(page.actions)
    }
}

fun ViewGroup.show(actions: List<Action>) = fill(actions, { it.look.layout }) { button, action ->
    (button as Button).text = action.words.of(resources)
    button.isEnabled = action.enabled
    button.setOnClickListener { action.run() }
}

fun TextView.show(words: Words?) {
    val text = words?.of(resources).orEmpty()
    // Set only where it is another one, for a screen reader reads what is set.
    if (text != this.text.toString()) this.text = text
    visibility = if (words == null) View.GONE else View.VISIBLE
}

/** One view for each item. Views that are there stay where they fit, so that a screen reader stays where it is. */
private fun <T> ViewGroup.fill(items: List<T>, layout: (T) -> Int, draw: (View, T) -> Unit) {
    items.forEachIndexed { at, item ->
        val kind = layout(item)
        val there = getChildAt(at)
        val row = if (there != null && there.tag == kind) {
            there
        } else {
            LayoutInflater.from(context).inflate(kind, this, false).also {
                it.tag = kind
                if (there != null) removeViewAt(at)
                addView(it, at)
            }
        }
        draw(row, item)
    }
    if (childCount > items.size) removeViews(items.size, childCount - items.size)
    visibility = if (items.isEmpty()) View.GONE else View.VISIBLE
}

private fun drawField(row: View, field: Field) {
    val label = row.requireViewById<TextView>(R.id.label)
    val input = row.getTag(R.id.input) as? EditText ?: newInput(row, field)
    label.show(field.label)
    label.labelFor = input.id
    if (input.text.toString() != field.value) input.setText(field.value)
    input.setTag(R.id.field, field)
    row.requireViewById<TextView>(R.id.problem).run {
        show(field.problem)
        setTextColor(context.getColor(R.color.danger))
    }
}

private fun newInput(row: View, field: Field): EditText = row.requireViewById<EditText>(R.id.input).apply {
    row.setTag(R.id.input, this)
    // Several fields on one screen: a label names its own.
    id = View.generateViewId()
    inputType = field.keyboard.type
    field.keyboard.digits?.let {
        keyListener = DigitsKeyListener.getInstance(it)
        // Or the comma would bring a keyboard of letters.
        setRawInputType(field.keyboard.type)
    }
    if (field.keyboard == Keyboard.LINK) maxLines = 5
    field.longest?.let { filters += InputFilter.LengthFilter(it) }
    hint = field.hint
    imeOptions = EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING or EditorInfo.IME_ACTION_NEXT
    importantForAutofill = View.IMPORTANT_FOR_AUTOFILL_NO
    setText(field.value)
    addTextChangedListener(object : TextWatcher {
        override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) = Unit
        override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) = Unit
        override fun afterTextChanged(text: Editable) {
            val shown = getTag(R.id.field) as? Field ?: return
            if (shown.value != text.toString()) shown.typed(text.toString())
        }
    })
}
