package countersign.app

import countersign.AccountException
import countersign.ApproveException
import countersign.BeginException
import countersign.ChangeException
import countersign.ClaimException
import countersign.CodeException
import countersign.CompleteException
import countersign.Diagnosis
import countersign.FieldProblem
import countersign.ForgottenException
import countersign.FormException
import countersign.InboxException
import countersign.LinkProblem
import countersign.OpenException
import countersign.PhoneException
import countersign.PhoneProblem
import countersign.PictureException
import countersign.ReadException
import countersign.Refusal
import countersign.ServiceProblem
import countersign.ServiceProblemKind
import countersign.SignException
import countersign.StatusException
import countersign.TurnOnException

/**
 * What is said of something that did not work.
 *
 * @param again whether the same can be tried again at once, where the person is.
 */
class Said(val words: Words, val again: Boolean = false)

private fun end(id: Int, vararg values: Any) = Said(words(id, *values))

private fun again(id: Int) = Said(words(id), again = true)

/**
 * What happened and what to do, in the person's language. Every error of the core has its words; a
 * new one does not build without.
 */
fun Exception.said(): Said =
    when (this) {
        is ApproveException -> said()
        is ClaimException -> said()
        is BeginException -> said()
        is CompleteException ->
            when (this) {
                is CompleteException.Refused -> end(R.string.enrolment_refused)
                is CompleteException.Expired -> end(R.string.enrolment_not_confirmed)
                is CompleteException.Service -> problem.said()
                is CompleteException.Phone -> problem.said()
            }
        is ReadException -> said()
        is CodeException -> said()
        is SignException.Code -> error.said()
        is SignException.Form -> error.said()
        is FormException ->
            when (this) {
                is FormException.Value -> Said(problem.said)
                is FormException.NotHeld,
                is FormException.NoSuchField,
                is FormException.Twice -> end(R.string.scan_again)
            }
        is ChangeException -> said()
        is ForgottenException -> said()
        is TurnOnException -> said()
        is AccountException.Name -> again(R.string.not_a_name)
        is AccountException.Phone -> problem.said()
        is StatusException.Service -> problem.said()
        is StatusException.Phone -> problem.said()
        is InboxException ->
            when (this) {
                is InboxException.Refused -> refusal.said()
                is InboxException.Service -> problem.said()
                is InboxException.Phone -> problem.said()
            }
        is PhoneException.Phone -> problem.said()
        is OpenException.Phone -> problem.said()
        is OpenException.NoThreads -> end(R.string.no_threads)
        is PictureException ->
            when (this) {
                is PictureException.Size -> end(R.string.picture_size)
                is PictureException.Format -> end(R.string.picture_format)
                is PictureException.Damaged -> end(R.string.picture_damaged)
                is PictureException.NoCode -> Said(diagnosis.said)
                is PictureException.NoThreads -> end(R.string.no_threads)
            }
        else -> end(R.string.unexpected)
    }

private fun Refusal.said(): Said =
    when (this) {
        is Refusal.WrongPin -> Said(plural(R.plurals.wrong_pin, triesLeft), again = true)
        is Refusal.Blocked -> end(R.string.account_blocked)
        is Refusal.Suspended -> end(R.string.account_suspended)
        is Refusal.OtherEpoch -> end(R.string.account_new_pin_needed)
        is Refusal.NotActive -> end(R.string.account_not_active)
    }

private fun ApproveException.said(): Said =
    when (this) {
        is ApproveException.PinIncomplete,
        is ApproveException.PinNeeded -> again(R.string.pin_incomplete)
        is ApproveException.NotHeld,
        is ApproveException.Closed -> end(R.string.request_closed)
        is ApproveException.NumberNeeded -> end(R.string.number_needed)
        is ApproveException.Expired -> end(R.string.request_expired)
        is ApproveException.Refused -> refusal.said()
        is ApproveException.WrongNumber -> end(R.string.wrong_number)
        is ApproveException.UnlockNotAllowed -> end(R.string.unlock_not_allowed)
        is ApproveException.BiometricsNotAllowed,
        is ApproveException.BiometricsOff,
        is ApproveException.Biometrics -> again(R.string.use_pin)
        is ApproveException.AccountNeeded -> end(R.string.account_needed)
        is ApproveException.OtherService -> end(R.string.other_service)
        is ApproveException.Service -> problem.said()
        is ApproveException.Phone -> problem.said()
    }

private fun ClaimException.said(): Said =
    when (this) {
        is ClaimException.PinIncomplete -> again(R.string.pin_incomplete)
        is ClaimException.PinsDiffer -> again(R.string.pins_differ)
        is ClaimException.GuessablePin -> Said(reason.said, again = true)
        is ClaimException.WrongPin ->
            Said(plural(R.plurals.wrong_chosen_pin, triesLeft), again = true)
        is ClaimException.OtherWay,
        is ClaimException.Refused -> end(R.string.enrolment_refused)
        is ClaimException.Expired -> end(R.string.code_expired)
        is ClaimException.AlreadyHere -> end(R.string.already_here, name)
        is ClaimException.Service -> problem.said()
        is ClaimException.Phone -> problem.said()
    }

private fun BeginException.said(): Said =
    when (this) {
        is BeginException.Link -> Said(problem.said)
        is BeginException.NotAnEnrolment -> end(R.string.not_an_enrolment)
        is BeginException.NotGenuine -> end(R.string.not_genuine, host)
        is BeginException.Expired -> end(R.string.code_expired)
        is BeginException.AlreadyHere -> end(R.string.already_here, name)
        is BeginException.Service -> problem.said()
        is BeginException.Phone -> problem.said()
    }

private fun ReadException.said(): Said =
    when (this) {
        is ReadException.Link -> Said(problem.said)
        is ReadException.UnknownService -> end(R.string.unknown_service, host)
        is ReadException.OtherAccount -> end(R.string.other_account_code, host)
        is ReadException.WrongHost -> end(R.string.not_genuine, host)
        is ReadException.NewKey -> end(R.string.new_key, host)
        is ReadException.Expired -> end(R.string.code_expired)
        is ReadException.StepUsed -> end(R.string.code_used)
        is ReadException.StepTooFar -> end(R.string.code_too_far)
        is ReadException.Refused -> refusal.said()
        is ReadException.Service -> problem.said()
        is ReadException.Phone -> problem.said()
    }

private fun CodeException.said(): Said =
    when (this) {
        is CodeException.PinIncomplete,
        is CodeException.PinNeeded -> again(R.string.pin_incomplete)
        is CodeException.NotHeld -> end(R.string.scan_again)
        is CodeException.Expired -> end(R.string.code_expired)
        is CodeException.StepUsed -> end(R.string.code_used)
        is CodeException.StepTooFar -> end(R.string.code_too_far)
        is CodeException.OtherValues -> end(R.string.other_values)
        is CodeException.Unfinished -> end(R.string.change_unfinished)
        is CodeException.Refused -> refusal.said()
        is CodeException.BiometricsNotAllowed,
        is CodeException.BiometricsOff,
        is CodeException.Biometrics -> again(R.string.use_pin)
        is CodeException.NotConfirmed -> again(R.string.lock_not_confirmed)
        is CodeException.Phone -> problem.said()
    }

private fun ChangeException.said(): Said =
    when (this) {
        is ChangeException.PinIncomplete -> again(R.string.pin_incomplete)
        is ChangeException.PinsDiffer -> again(R.string.pins_differ)
        is ChangeException.GuessablePin -> Said(reason.said, again = true)
        is ChangeException.SamePin -> again(R.string.same_pin)
        is ChangeException.Refused -> refusal.said()
        is ChangeException.NotTaken -> end(R.string.change_refused)
        is ChangeException.Lost -> Said(words(R.string.change_lost, problem.said().words))
        is ChangeException.Unfinished -> end(R.string.change_unfinished)
        is ChangeException.Service -> problem.said()
        is ChangeException.Phone -> problem.said()
    }

private fun ForgottenException.said(): Said =
    when (this) {
        is ForgottenException.PinIncomplete -> again(R.string.pin_incomplete)
        is ForgottenException.PinsDiffer -> again(R.string.pins_differ)
        is ForgottenException.GuessablePin -> Said(reason.said, again = true)
        is ForgottenException.NotGranted -> end(R.string.not_granted)
        is ForgottenException.Refused -> refusal.said()
        is ForgottenException.NotTaken -> end(R.string.change_refused)
        is ForgottenException.Lost -> Said(words(R.string.change_lost, problem.said().words))
        is ForgottenException.Unfinished -> end(R.string.change_unfinished)
        is ForgottenException.Service -> problem.said()
        is ForgottenException.Phone -> problem.said()
    }

private fun TurnOnException.said(): Said =
    when (this) {
        is TurnOnException.PinIncomplete -> again(R.string.pin_incomplete)
        is TurnOnException.NotAvailable -> end(R.string.biometrics_not_available)
        is TurnOnException.Biometrics -> end(R.string.biometrics_not_confirmed)
        is TurnOnException.Refused -> refusal.said()
        is TurnOnException.NotTaken -> end(R.string.biometrics_refused)
        is TurnOnException.Lost -> problem.said()
        is TurnOnException.Unfinished -> end(R.string.biometrics_unfinished)
        is TurnOnException.Service -> problem.said()
        is TurnOnException.Phone -> problem.said()
    }

private fun ServiceProblem.said(): Said =
    when (kind) {
        ServiceProblemKind.UNREACHABLE ->
            Said(words(R.string.service_unreachable, host), again = true)
        ServiceProblemKind.NO_ANSWER -> Said(words(R.string.service_no_answer, host), again = true)
        ServiceProblemKind.OTHER_ANSWER ->
            Said(words(R.string.service_other_answer, host), again = true)
        ServiceProblemKind.BUSY -> {
            val seconds = retryAfter?.seconds?.toInt()
            Said(
                if (seconds == null) words(R.string.service_busy)
                else plural(R.plurals.service_busy_seconds, seconds),
                again = true,
            )
        }
        ServiceProblemKind.NOT_KNOWN -> end(R.string.service_not_known, host)
        ServiceProblemKind.FAILED -> end(R.string.service_failed, host)
        ServiceProblemKind.NOT_GENUINE -> end(R.string.not_genuine, host)
    }

private fun PhoneProblem.said() =
    end(
        when (this) {
            PhoneProblem.DATA_NEWER -> R.string.phone_data_newer
            PhoneProblem.DATA_BUSY -> R.string.phone_data_busy
            PhoneProblem.DATA_NOT_WRITABLE -> R.string.phone_data_not_writable
            PhoneProblem.DISK_FULL -> R.string.phone_disk_full
            PhoneProblem.DATA_DAMAGED -> R.string.phone_data_damaged
            PhoneProblem.KEYS_NOT_OURS -> R.string.phone_keys_not_ours
            PhoneProblem.KEYS_UNAVAILABLE -> R.string.phone_keys_unavailable
            PhoneProblem.NO_RANDOM_NUMBERS -> R.string.phone_no_random_numbers
            PhoneProblem.NO_SUCH_ACCOUNT -> R.string.phone_no_such_account
        }
    )

private val LinkProblem.said: Words
    get() =
        words(
            when (this) {
                LinkProblem.FOREIGN -> R.string.link_foreign
                LinkProblem.DAMAGED -> R.string.link_damaged
                LinkProblem.OTHER_VERSION -> R.string.link_other_version
                LinkProblem.WRONG_WAY -> R.string.link_wrong_way
            }
        )

private val Diagnosis.said: Words
    get() =
        words(
            when (this) {
                Diagnosis.TOO_SMALL -> R.string.picture_too_small
                Diagnosis.TOO_DARK -> R.string.picture_too_dark
                Diagnosis.TOO_BRIGHT -> R.string.picture_too_bright
                Diagnosis.FLAT,
                Diagnosis.BLURRED -> R.string.picture_blurred
                Diagnosis.UNFINISHED,
                Diagnosis.NONE -> R.string.picture_no_code
            }
        )

/** What is wrong with a typed value, and what to type. */
val FieldProblem.said: Words
    get() =
        when (this) {
            is FieldProblem.Empty -> words(R.string.field_empty)
            is FieldProblem.TooLong -> plural(R.plurals.field_too_long, longest)
            is FieldProblem.Hostile -> words(R.string.field_hostile)
            is FieldProblem.Digits -> words(R.string.field_digits, character)
            is FieldProblem.Amount -> words(R.string.field_amount)
            is FieldProblem.AmountTooLarge -> words(R.string.field_amount_too_large)
            is FieldProblem.Iban -> words(R.string.field_iban)
            is FieldProblem.IbanCheck -> words(R.string.field_iban_check)
            is FieldProblem.Code -> words(R.string.field_code, character)
            is FieldProblem.Date -> words(R.string.field_date)
            is FieldProblem.Pattern -> words(R.string.field_pattern)
        }
