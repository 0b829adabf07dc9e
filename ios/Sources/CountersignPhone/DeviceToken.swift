import Countersign
import Foundation

/// Push messages by Apple's service: the address is this app's device token, the same for every service.
///
/// Keep one, give it to `onThisPhone`, and at every start let the system give the token anew, which it wants (`registerForRemoteNotifications`). What your app
/// delegate hears goes here:
///
///     func application(_ application: UIApplication, didRegisterForRemoteNotificationsWithDeviceToken token: Data) {
///         deviceToken.received(token)
///         Task { try? await phone.pushAddressChanged() }
///     }
///
/// A message says "look" and nothing else: on any, ask for the requests (`pendingAll`), and tell the person if there are any. A service sends Apple's messages only
/// if whoever runs it has added that, with a key of the app's own developer.
public final class DeviceToken: PushAddresses, @unchecked Sendable {
    private let lock = NSLock()
    private var token: Token = .unknown

    private enum Token {
        case unknown
        case none
        case known(String)
    }

    public init() {}

    /// The system gave the token.
    public func received(_ token: Data) {
        lock.withLock { self.token = .known(token.map { String(format: "%02x", $0) }.joined()) }
    }

    /// The person wants no notifications: services forget the token.
    public func refused() {
        lock.withLock { token = .none }
    }

    public func address(origin: String, pushKey: Data?) async throws -> PushAddress? {
        switch lock.withLock({ token }) {
        case .unknown: throw PushAddressError.unavailable(why: "the system has not given the token yet")
        case .none: return nil
        case .known(let token): return PushAddress(kind: .apns, address: token)
        }
    }
}
