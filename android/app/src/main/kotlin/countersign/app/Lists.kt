package countersign.app

import android.icu.text.DateFormat
import android.icu.util.ULocale
import countersign.Account
import countersign.AccountState
import countersign.Asked
import countersign.Browser
import countersign.EventKind
import countersign.OperatingSystem
import countersign.Purpose
import java.time.Instant
import java.util.Date

/** The operation, as the heading of a request. */
val Asked.title: Words
    get() = words(
        when (purpose) {
            Purpose.SIGN_IN -> R.string.purpose_sign_in
            Purpose.ADD_DEVICE -> R.string.purpose_add_device
            Purpose.CHANGE_PIN -> R.string.purpose_change_pin
            Purpose.UNBLOCK -> R.string.purpose_unblock
            Purpose.REMOVE -> R.string.purpose_remove
            Purpose.CHANGE_PASSWORD -> R.string.purpose_change_password
            Purpose.TRANSACTION -> R.string.purpose_transaction
            Purpose.CHANGE_EMAIL -> R.string.purpose_change_email
            Purpose.ADD_FACTOR -> R.string.purpose_add_factor
            Purpose.DELETE_ACCOUNT -> R.string.purpose_delete_account
        },
    )

/** Who asks, about what, from where and when. */
val Asked.facts: List<Fact>
    get() = listOfNotNull(
        Fact(words(R.string.asked_by), words(R.string.app_at_host, appName, host)),
        subject?.let { Fact(words(R.string.asked_about), name(it)) },
        Fact(words(R.string.asked_from), from),
        Fact(words(R.string.asked_when), moment(issuedAt)),
        Fact(words(R.string.asked_until), moment(expiresAt)),
    )

private val Asked.from: Words
    get() = Words { resources ->
        val country = place?.let(::country) ?: words(R.string.place_unknown)
        words(R.string.from, browser.words, system.words, country).of(resources)
    }

private fun country(code: String): Words = Words { ULocale("", code).getDisplayCountry(ULocale.forLocale(it.configuration.locales[0])) }

/** A time of today, or a date with its time, in the phone's time zone. */
fun moment(at: Instant): Words = Words { resources ->
    val date = Date.from(at)
    val locale = ULocale.forLocale(resources.configuration.locales[0])
    val day = DateFormat.getDateInstance(DateFormat.MEDIUM, locale)
    val time = DateFormat.getTimeInstance(DateFormat.SHORT, locale)
    if (day.format(date) == day.format(Date())) time.format(date) else "${day.format(date)} ${time.format(date)}"
}

private val Browser.words: Words
    get() = when (this) {
        Browser.UNKNOWN -> words(R.string.browser_unknown)
        Browser.CHROME -> name("Chrome")
        Browser.FIREFOX -> name("Firefox")
        Browser.SAFARI -> name("Safari")
        Browser.EDGE -> name("Edge")
        Browser.OPERA -> name("Opera")
        Browser.SAMSUNG_INTERNET -> name("Samsung Internet")
        Browser.PROGRAM -> words(R.string.browser_program)
    }

private val OperatingSystem.words: Words
    get() = when (this) {
        OperatingSystem.UNKNOWN -> words(R.string.system_unknown)
        OperatingSystem.WINDOWS -> name("Windows")
        OperatingSystem.MAC_OS -> name("macOS")
        OperatingSystem.LINUX -> name("Linux")
        OperatingSystem.ANDROID -> name("Android")
        OperatingSystem.IOS -> name("iOS")
        OperatingSystem.CHROME_OS -> name("ChromeOS")
    }

/** What the person calls it, and what the service does where that is something else. */
val Account.words: Words
    get() = if (name == accountLabel) name(name) else words(R.string.account_and_label, name, accountLabel)

/** How an account stands, and what to do where it can't be used as usual. */
val AccountState.said: Words
    get() = words(
        when (this) {
            AccountState.UNFINISHED -> R.string.account_not_active
            AccountState.ACTIVE -> R.string.account_active
            AccountState.BLOCKED -> R.string.account_blocked
            AccountState.NEW_PIN_NEEDED -> R.string.account_new_pin_needed
            AccountState.SUSPENDED -> R.string.account_suspended
        },
    )

val EventKind.words: Words
    get() = words(
        when (this) {
            EventKind.ACCOUNT_ADDED -> R.string.event_account_added
            EventKind.ACCOUNT_REMOVED -> R.string.event_account_removed
            EventKind.ACCOUNT_RENAMED -> R.string.event_account_renamed
            EventKind.APPROVED -> R.string.event_approved
            EventKind.DECLINED -> R.string.event_declined
            EventKind.REPORTED -> R.string.event_reported
            EventKind.WRONG_PIN -> R.string.event_wrong_pin
            EventKind.WRONG_NUMBER -> R.string.event_wrong_number
            EventKind.BLOCKED -> R.string.event_blocked
            EventKind.SUSPENDED -> R.string.event_suspended
            EventKind.CODE_MADE -> R.string.event_code_made
            EventKind.TRANSACTION_SIGNED -> R.string.event_transaction_signed
            EventKind.SERVICE_KEYS_CHANGED -> R.string.event_service_keys_changed
            EventKind.PIN_CHANGED -> R.string.event_pin_changed
            EventKind.PIN_RENEWED -> R.string.event_pin_renewed
            EventKind.PIN_SET_ANEW -> R.string.event_pin_set_anew
            EventKind.KEYS_ROTATED -> R.string.event_keys_rotated
            EventKind.BIOMETRICS_ON -> R.string.event_biometrics_on
            EventKind.BIOMETRICS_OFF -> R.string.event_biometrics_off
            EventKind.BIOMETRICS_GONE -> R.string.event_biometrics_gone
            EventKind.CHANGE_REFUSED -> R.string.event_change_refused
            EventKind.OTHER -> R.string.event_other
        },
    )
