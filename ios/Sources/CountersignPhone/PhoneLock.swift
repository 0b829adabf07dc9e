import Countersign
import LocalAuthentication

/// The phone's own lock: finger, face, or the phone's code, asked by the system's own dialog.
public final class PhoneLock: UserPresence {
    private let words: @Sendable (String) -> String

    /// A lock.
    ///
    /// - Parameter words: What the dialog says, in the person's language, of the core's reason in English, which names a transaction that is signed.
    public init(words: @escaping @Sendable (String) -> String = { $0 }) {
        self.words = words
    }

    public func confirm(reason: String) async throws {
        let context = LAContext()
        // Whoever unlocked the phone by finger a moment ago is not asked again.
        context.touchIDAuthenticationAllowableReuseDuration = 10
        do {
            let confirmed = try await withTaskCancellationHandler {
                try await context.evaluatePolicy(.deviceOwnerAuthentication, localizedReason: words(reason))
            } onCancel: {
                context.invalidate()
            }
            guard confirmed else { throw PresenceError.notConfirmed }
        } catch let error as LAError {
            throw obstacle(error).map { PresenceError.unavailable(why: $0) } ?? PresenceError.notConfirmed
        }
    }
}
