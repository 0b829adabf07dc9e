import Foundation

extension Authenticator {
    /// Opens the phone whose data are in `folder`, which is made if it is not there. Keep the folder out of backups.
    ///
    /// - Throws: ``OpenError``, if the data can't be used, or were sealed with another key.
    public static func open(at folder: URL, platform: Platform) async throws -> Authenticator {
        try await open(folder: folder.path, platform: platform)
    }

    /// Waits until the claim is confirmed on the page; then the account is in use.
    ///
    /// - Throws: ``CompleteError``.
    public func complete(_ claimed: Claimed) async throws -> Account {
        try await completeEnrolment(account: claimed.account.number)
    }

    /// Asks the service how an account stands.
    ///
    /// - Throws: ``StatusError``.
    public func refresh(_ account: Account) async throws -> Account {
        try await refresh(account: account.number)
    }

    /// Gives an account another name on this phone: 1 to 40 characters.
    ///
    /// - Throws: ``AccountError``.
    public func rename(_ account: Account, to name: String) async throws -> Account {
        try await rename(account: account.number, name: name)
    }

    /// Removes an account from this phone, without a network too. ``Removed/next`` says what is left to do.
    ///
    /// - Throws: ``PhoneError``.
    public func remove(_ account: Account) async throws -> Removed {
        try await remove(account: account.number)
    }
}
