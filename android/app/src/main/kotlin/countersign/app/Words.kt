package countersign.app

import android.content.res.Resources
import android.icu.text.DateFormat
import android.icu.text.DecimalFormat
import android.icu.text.NumberFormat
import android.icu.util.ULocale
import android.view.View
import java.time.Instant
import java.util.Date

/** Words that are looked up when they are shown, so that they follow the person's language. */
fun interface Words {
    fun of(resources: Resources): String
}

/** A text of res/values, with these values in it; those that are [Words] are looked up too. */
fun words(id: Int, vararg values: Any): Words = Words { resources ->
    resources.getString(
        id,
        *values.map { if (it is Words) it.of(resources) else it }.toTypedArray(),
    )
}

/** A text that differs with a number. */
fun plural(id: Int, number: Int): Words = Words { it.getQuantityString(id, number, number) }

/** What is the same in every language: names, in a place of their own. */
fun name(text: String): Words = Words { text }

private const val MARKS = "\"“”„‟«»〝〞〟＂″‶"

/**
 * A name in quotation marks, beside other words: whatever quotation marks it has itself become ',
 * so that it can’t end early.
 */
fun quoted(text: String): Words =
    words(R.string.quoted, text.map { if (it in MARKS) '\'' else it }.joinToString(""))

/** A host or the like, which runs from left to right among words of either direction. */
fun exact(text: String): Words = Words { resources ->
    val mirrored = resources.configuration.layoutDirection == View.LAYOUT_DIRECTION_RTL
    if (mirrored) "\u2066$text\u2069" else text
}

private val Resources.locale: ULocale
    get() = ULocale.forLocale(configuration.locales[0])

/** A country by its code, in the person's language. */
fun country(code: String): Words = Words { ULocale("", code).getDisplayCountry(it.locale) }

/** A time of today, or a date with its time, in the phone's time zone; [now] is what today is. */
fun moment(at: Instant, now: Instant): Words = Words { resources ->
    val date = Date.from(at)
    val day = DateFormat.getDateInstance(DateFormat.MEDIUM, resources.locale)
    val time = DateFormat.getTimeInstance(DateFormat.SHORT, resources.locale)
    if (day.format(date) == day.format(Date.from(now))) time.format(date)
    else "${day.format(date)} ${time.format(date)}"
}

/** An amount as it is signed, `1234.50`, with the separators of the person's language. */
fun amount(signed: String): Words = Words { resources ->
    val value = signed.toBigDecimalOrNull() ?: return@Words signed
    val format = NumberFormat.getInstance(resources.locale)
    val decimals = signed.substringAfter('.', "").length
    format.minimumFractionDigits = decimals
    format.maximumFractionDigits = decimals
    (format as? DecimalFormat)?.minimumGroupingDigits = 1
    format.format(value)
}

/** An account number in groups of four. */
fun grouped(iban: String): Words = exact(iban.chunked(4).joinToString(" "))
