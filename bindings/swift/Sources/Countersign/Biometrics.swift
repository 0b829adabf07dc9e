extension Authenticator {
    /// Whether to offer biometrics for an account: there is a finger or face to ask, and they are not on.
    ///
    /// - Throws: ``PhoneError``.
    public func biometricsOffered(for account: Account) async throws -> Bool {
        try await biometricsOffered(account: account.number)
    }

    /// Turns biometrics on for an account, with its PIN, which always stays as the way back.
    ///
    /// - Throws: ``TurnOnError``.
    public func turnOnBiometrics(for account: Account, pin: PinEntry) async throws -> Account {
        try await turnOnBiometrics(account: account.number, pin: pin)
    }

    /// Turns biometrics off for an account, without a network too.
    ///
    /// - Throws: ``PhoneError``.
    public func turnOffBiometrics(for account: Account) async throws -> Account {
        try await turnOffBiometrics(account: account.number)
    }

    /// Approves with a finger or face, where ``PendingRequest/unlock`` and the account allow it.
    ///
    /// - Throws: ``ApproveError``; after `biometrics` the same request can be approved with the PIN.
    @discardableResult
    public func approveWithBiometrics(_ request: PendingRequest, number: Int? = nil) async throws -> Approved {
        try await approve(
            request: request.id, account: nil, number: number.map(Int32.init(clamping:)), unlock: .biometrics)
    }

    /// The same for what began in a browser on this phone. Open ``Approved/open`` in that browser at once.
    ///
    /// - Throws: ``ApproveError``.
    public func approveWithBiometrics(_ request: OnMobileRequest, with account: Account) async throws -> Approved {
        try await approve(request: request.id, account: account.number, number: nil, unlock: .biometrics)
    }

    /// A sign-in code with a finger or face, where ``CodeRequest/unlock`` and the account allow it.
    ///
    /// - Throws: ``CodeError``.
    public func codeWithBiometrics(for request: CodeRequest) async throws -> ShownCode {
        try await code(request: request.id, unlock: .biometrics)
    }

    /// Signs what was typed, by the fields' ids, with a finger or face, where ``TransactionForm/unlock`` and the account allow it.
    ///
    /// - Throws: ``SignError``.
    public func signWithBiometrics(_ form: TransactionForm, typed: [String: String]) async throws -> SignedTransaction {
        try await sign(form: form.id, typed: values(of: typed), unlock: .biometrics)
    }
}
