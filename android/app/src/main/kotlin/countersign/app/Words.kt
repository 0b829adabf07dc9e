package countersign.app

import android.content.res.Resources

/** Words that are looked up when they are shown, so that they follow the person's language. */
fun interface Words {
    fun of(resources: Resources): String
}

/** A text of res/values, with these values in it; those that are [Words] are looked up too. */
fun words(id: Int, vararg values: Any): Words = Words { resources ->
    resources.getString(id, *values.map { if (it is Words) it.of(resources) else it }.toTypedArray())
}

/** A text that differs with a number. */
fun plural(id: Int, number: Int): Words = Words { it.getQuantityString(id, number, number) }

/** What is the same in every language: names, in a place of their own. */
fun name(text: String): Words = Words { text }

private const val MARKS = "\"“”„‟«»〝〞〟＂″‶"

/** A name in quotation marks, beside other words: whatever quotation marks it has itself become ', so that it can’t end early. */
fun quoted(text: String): Words =
    words(R.string.quoted, text.map { if (it in MARKS) '\'' else it }.joinToString(""))
