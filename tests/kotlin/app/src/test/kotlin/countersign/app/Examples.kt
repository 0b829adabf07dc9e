package countersign.app

import countersign.Account
import countersign.AccountState
import countersign.Browser
import countersign.FieldKind
import countersign.FormField
import countersign.OperatingSystem
import countersign.PendingRequest
import countersign.Purpose
import countersign.RequestDetails
import countersign.SignedValue
import countersign.TransactionForm
import countersign.Unlock
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset

/** What screens show in pictures: made up, and the same at all times. */
object Examples {
    val NOW: Instant = Instant.parse("2026-03-02T10:15:00Z")

    val account =
        Account(
            number = 1u,
            name = "anna@example.eu",
            appName = "Example",
            host = "sign.example.eu",
            accountLabel = "anna@example.eu",
            deviceName = "My phone",
            state = AccountState.ACTIVE,
            triesLeft = 5,
            triesLeftInEpoch = 15,
            biometrics = true,
            changeUnfinished = false,
            recoveryEndsAt = null,
            advice = null,
            createdAt = NOW,
        )

    val other =
        account.copy(number = 2u, name = "Work", appName = "City of Riga", host = "riga.example.eu")

    fun details(purpose: Purpose) =
        RequestDetails(
            appName = "Example",
            host = "sign.example.eu",
            purpose = purpose,
            subject = null,
            client = null,
            binding = null,
            transaction = null,
            rows = emptyList(),
            browser = Browser.FIREFOX,
            system = OperatingSystem.WINDOWS,
            place = "LV",
            issuedAt = NOW,
            expiresAt = NOW.plusSeconds(120),
        )

    val request =
        PendingRequest(
            "1",
            account,
            details(Purpose.SIGN_IN),
            Unlock.PIN_OR_BIOMETRICS,
            numberAsked = true,
        )

    val form =
        TransactionForm(
            id = "1",
            account = account,
            details = details(Purpose.TRANSACTION),
            unlock = Unlock.PIN,
            clockLooksWrong = false,
            sameAsBefore = false,
            title = "Transfer to another account",
            advice = "",
            fields =
                listOf(
                    FormField("iban", "IBAN", FieldKind.IBAN, 40, null),
                    FormField("to", "Recipient", FieldKind.TEXT, 40, null),
                    FormField("amount", "Amount, EUR", FieldKind.AMOUNT, 40, null),
                ),
        )

    private val values =
        listOf("LV80BANK0000435195001", "Jānis Kalniņš", "1234.50").zip(form.fields) { value, field
            ->
            SignedValue(field.id, field.label, value)
        }

    /** The clock stands still, and there are two accounts. */
    fun begin(session: Session) {
        session.clock = Clock.fixed(NOW, ZoneOffset.UTC)
        session.accounts = listOf(account, other)
    }

    /**
     * The five screens that people see most, with half a number and half a PIN typed; home has a
     * request on top.
     */
    fun screens(session: Session): Map<String, Screen?> {
        val pin =
            PinTask(
                words(R.string.pin_for, request.details.title, quoted("Example")),
                listOf(Ask.PRESENT),
                account,
                number = "47",
                action = words(R.string.approve),
                finger = { error("") },
            ) {
                null
            }
        return mapOf(
            "home" to null,
            "request" to RequestScreen(session, request).apply { push(4) },
            "pin" to PinScreen(session, pin).apply { repeat(2) { push(it) } },
            "code" to
                CodeScreen(
                    session,
                    words(R.string.code_title),
                    "7KQ4-M2XD",
                    NOW.plusSeconds(45),
                    sameAsBefore = false,
                ),
            "transaction" to ReviewScreen(session, form, emptyMap(), values),
        )
    }

    /** One of them on the display. */
    fun show(session: Session, screen: Screen?) {
        session.waiting = if (screen == null) listOf(request) else emptyList()
        session.screens.home(screen)
    }
}
