import Countersign
import LocalAuthentication

/// The phone's own lock: finger, face, or the phone's code, asked by the system's own dialog.
public final class PhoneLock: UserPresence {
    private let reason: String?

    /// A lock.
    ///
    /// - Parameter reason: What the dialog says, in the person's language; the core's own English where there is none.
    public init(reason: String? = nil) {
        self.reason = reason
    }

    public func confirm(reason: String) async throws {
        let context = LAContext()
        // Whoever unlocked the phone by finger a moment ago is not asked again.
        context.touchIDAuthenticationAllowableReuseDuration = 10
        do {
            let confirmed = try await withTaskCancellationHandler {
                try await context.evaluatePolicy(.deviceOwnerAuthentication, localizedReason: self.reason ?? reason)
            } onCancel: {
                context.invalidate()
            }
            guard confirmed else { throw PresenceError.notConfirmed }
        } catch let error as LAError {
            throw obstacle(error).map { PresenceError.unavailable(why: $0) } ?? PresenceError.notConfirmed
        }
    }
}
