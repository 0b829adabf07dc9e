package countersign.app

/** What an ordinary screen shows, from top to bottom. */
class Page(
    val title: Words,
    val text: Words? = null,
    val sign: Sign? = null,
    val code: String? = null,
    val facts: List<Fact> = emptyList(),
    val fields: List<Field> = emptyList(),
    val note: Words? = null,
    val busy: Boolean = false,
    val rows: List<Row> = emptyList(),
    val actions: List<Action> = emptyList(),
)

/** A picture at the head of a page. */
enum class Sign {
    DONE,
    WARNING,
    FINGER,
    PHONE,
    BELL,
}

/**
 * A label and its value.
 *
 * @param exact an identifier, such as a host or an account number: it runs from left to right in
 *   every language, in letters that are easy to tell apart.
 */
class Fact(val label: Words, val value: Words, val exact: Boolean = false)

enum class Look {
    MAIN,
    PLAIN,
    DANGER,
}

class Action(
    val words: Words,
    val look: Look = Look.MAIN,
    val enabled: Boolean = true,
    val run: () -> Unit,
)

/**
 * A line of the settings.
 *
 * @param on what its switch shows, where it has one.
 */
class Row(
    val words: Words,
    val value: Words? = null,
    val on: Boolean? = null,
    val danger: Boolean = false,
    val run: () -> Unit,
)

/** Which keyboard a field has, and how what is typed is shown. */
enum class Keyboard {
    TEXT,
    NAME,
    LINK,
    CAPITALS,
    IBAN,
    DIGITS,
    AMOUNT,
    DATE,
}

/**
 * @param hint an example.
 * @param read how what was typed will be understood, where that looks different.
 */
class Field(
    val label: Words,
    val keyboard: Keyboard,
    val value: String,
    val hint: String? = null,
    val problem: Words? = null,
    val read: Words? = null,
    val typed: (String) -> Unit,
)

/** A screen that is described by a [Page]. */
abstract class PageScreen(session: Session) : Screen(session) {
    /** What to show now. */
    abstract fun page(): Page
}
