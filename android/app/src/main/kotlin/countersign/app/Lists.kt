package countersign.app

import countersign.Account
import countersign.AccountState
import countersign.Browser
import countersign.EventKind
import countersign.OperatingSystem
import countersign.Purpose
import countersign.RequestDetails
import countersign.Subject
import java.time.Instant

/** The operation, as the heading of a request. */
val RequestDetails.title: Words
    get() =
        words(
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
                Purpose.EXPORT_DATA -> R.string.purpose_export_data
            }
        )

/** The three that people look at first: where, when, which computer. */
fun RequestDetails.context(now: Instant): List<Fact> =
    listOf(
        Fact(words(R.string.asked_where), place?.let(::country) ?: words(R.string.place_unknown)),
        Fact(words(R.string.asked_when), moment(issuedAt, now)),
        Fact(
            words(R.string.asked_computer),
            words(R.string.browser_on_system, browser.words, system.words),
        ),
    )

/** About what and for whom, each in a place of its own; what is signed before all else. */
val RequestDetails.about: List<Fact>
    get() =
        signed +
            listOfNotNull(
                subject?.fact,
                client?.let { Fact(words(R.string.asked_client), quoted(it)) },
                binding?.let { Fact(words(R.string.asked_binding), quoted(it)) },
            )

/** Who asks, for what, from where and when. */
fun RequestDetails.facts(now: Instant): List<Fact> =
    about +
        Fact(words(R.string.asked_by), words(R.string.app_at_host, quoted(appName), exact(host))) +
        context(now)

/**
 * The data of a transaction that arrived online. Its labels stand in quotation marks: they are no
 * labels of this app.
 */
private val RequestDetails.signed: List<Fact>
    get() =
        transaction
            ?.let { signed ->
                listOf(Fact(words(R.string.asked_signed), quoted(signed.title))) +
                    signed.pairs.map { Fact(quoted(it.label), quoted(it.value)) }
            }
            .orEmpty()

private val Subject.fact: Fact
    get() =
        when (this) {
            is Subject.Device -> Fact(words(R.string.asked_about), quoted(name))
            is Subject.Address -> Fact(words(R.string.asked_about_address), quoted(address))
            is Subject.Factor -> Fact(words(R.string.asked_about_factor), quoted(name))
            is Subject.Account -> Fact(words(R.string.asked_about_account), quoted(label))
        }

private val Browser.words: Words
    get() =
        when (this) {
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
    get() =
        when (this) {
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
    get() =
        if (name == accountLabel) name(name)
        else words(R.string.account_and_label, quoted(name), quoted(accountLabel))

/** How an account stands, and what to do where it can't be used as usual. */
val AccountState.said: Words
    get() =
        words(
            when (this) {
                AccountState.UNFINISHED -> R.string.account_not_active
                AccountState.ACTIVE -> R.string.account_active
                AccountState.BLOCKED -> R.string.account_blocked
                AccountState.NEW_PIN_NEEDED -> R.string.account_new_pin_needed
                AccountState.SUSPENDED -> R.string.account_suspended
            }
        )

/** A warning where somebody began to recover the account, who may be a stranger. */
fun Account.recoveryWarning(now: Instant): Words? =
    recoveryEndsAt?.let { words(R.string.recovery_warning, exact(host), moment(it, now)) }

val EventKind.words: Words
    get() =
        words(
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
                EventKind.REINSTALLED -> R.string.event_reinstalled
                EventKind.OTHER -> R.string.event_other
            }
        )
