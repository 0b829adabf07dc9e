extension PinEntry {
    /// Adds a digit, 0 to 9, and returns how many there are. A fifth is ignored.
    ///
    /// - Throws: ``PinEntryError``, if it is no digit; the entry is as it was.
    @discardableResult
    public func push(_ digit: Int) throws -> Int {
        try Int(push(digit: Int32(clamping: digit)))
    }

    /// How many digits have been typed, 0 to 4: so many dots are on the screen.
    public var count: Int { Int(length()) }
}

extension Authenticator {
    /// Changes an account's PIN. Whether `old` is right is told by the service alone. Whatever breaks off, one PIN works.
    ///
    /// - Throws: ``ChangeError``.
    public func changePin(of account: Account, from old: PinEntry, to new: PinEntry, again: PinEntry) async throws -> Account {
        try await changePin(account: account.number, old: old, new: new, again: again)
    }

    /// Makes new keys for an account, with the same PIN.
    ///
    /// - Throws: ``ChangeError``.
    public func rotateKeys(of account: Account, pin: PinEntry) async throws -> Account {
        try await rotateKeys(account: account.number, pin: pin)
    }

    /// Waits until another factor has approved on the service's page that this phone sets a PIN anew.
    ///
    /// - Throws: ``ForgottenError``, of what waiting can't heal.
    public func newPinGrant(for account: Account) async throws {
        try await watchNewPinGrant(account: account.number)
    }

    /// Sets a PIN anew after another factor approved it. It lifts a block.
    ///
    /// - Throws: ``ForgottenError``.
    public func setForgottenPin(of account: Account, to new: PinEntry, again: PinEntry) async throws -> Account {
        try await setForgottenPin(account: account.number, new: new, again: again)
    }
}
