import Foundation

// An error's own words, as `localizedDescription` and alerts show them: what happened and what to do, in English. An app that speaks other languages
// goes by the case.

extension AccountError: LocalizedError { public var errorDescription: String? { description } }
extension ApproveError: LocalizedError { public var errorDescription: String? { description } }
extension BeginError: LocalizedError { public var errorDescription: String? { description } }
extension BiometricsError: LocalizedError { public var errorDescription: String? { description } }
extension ChangeError: LocalizedError { public var errorDescription: String? { description } }
extension ClaimError: LocalizedError { public var errorDescription: String? { description } }
extension ClockError: LocalizedError { public var errorDescription: String? { description } }
extension CodeError: LocalizedError { public var errorDescription: String? { description } }
extension CompleteError: LocalizedError { public var errorDescription: String? { description } }
extension ForgottenError: LocalizedError { public var errorDescription: String? { description } }
extension FormError: LocalizedError { public var errorDescription: String? { description } }
extension InboxError: LocalizedError { public var errorDescription: String? { description } }
extension KeyStoreError: LocalizedError { public var errorDescription: String? { description } }
extension OpenError: LocalizedError { public var errorDescription: String? { description } }
extension PhoneError: LocalizedError { public var errorDescription: String? { description } }
extension PictureError: LocalizedError { public var errorDescription: String? { description } }
extension PinEntryError: LocalizedError { public var errorDescription: String? { description } }
extension PresenceError: LocalizedError { public var errorDescription: String? { description } }
extension PushAddressError: LocalizedError { public var errorDescription: String? { description } }
extension ReadError: LocalizedError { public var errorDescription: String? { description } }
extension SignError: LocalizedError { public var errorDescription: String? { description } }
extension StatusError: LocalizedError { public var errorDescription: String? { description } }
extension TurnOnError: LocalizedError { public var errorDescription: String? { description } }
