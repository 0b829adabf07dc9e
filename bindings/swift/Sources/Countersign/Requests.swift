/// New requests as they come, each once: of one account, or of all that are in use.
///
/// Every loop has a watcher of its own, and begins with what is open already. Networks that fail are waited out; what waiting can't heal ends the loop
/// with an ``InboxError``. Cancelling the task stops the waiting with a `CancellationError`, and closes the connection to the service.
public struct Requests: AsyncSequence, Sendable {
    public typealias Element = PendingRequest

    let phone: Authenticator
    let account: UInt32?

    public func makeAsyncIterator() -> Iterator {
        Iterator(watcher: phone.watch(account: account))
    }

    /// Waits for the next request.
    public struct Iterator: AsyncIteratorProtocol {
        let watcher: RequestWatcher

        /// The next request. It never ends by itself.
        public func next() async throws -> PendingRequest? {
            try await watcher.next()
        }
    }
}

extension Authenticator {
    /// New requests as they come: `for try await request in phone.requests() { … }`.
    public func requests(of account: Account? = nil) -> Requests {
        Requests(phone: self, account: account?.number)
    }

    /// The open requests of one account, at once.
    ///
    /// - Throws: ``InboxError``.
    public func pending(of account: Account) async throws -> [PendingRequest] {
        try await pending(account: account.number)
    }

    /// Approves a request of the inbox.
    ///
    /// - Parameters:
    ///   - request: What is approved.
    ///   - number: What the computer shows, where ``PendingRequest/numberAsked``.
    ///   - pin: Its digits are taken out of it, whatever comes of it.
    /// - Throws: ``ApproveError``, among others `refused` with the tries left after a wrong PIN, after which the same request can be approved again.
    @discardableResult
    public func approve(_ request: PendingRequest, number: Int? = nil, pin: PinEntry) async throws -> Approved {
        try await approve(
            request: request.id, account: nil, number: number.map(Int32.init(clamping:)), unlock: .pin(pin: pin))
    }

    /// Approves what began in a browser on this phone. Open ``Approved/open`` in that browser at once.
    ///
    /// - Throws: ``ApproveError``.
    public func approve(_ request: OnMobileRequest, with account: Account, pin: PinEntry) async throws -> Approved {
        try await approve(request: request.id, account: account.number, number: nil, unlock: .pin(pin: pin))
    }

    /// Declines a request. It is final and asks no PIN.
    ///
    /// - Throws: ``ApproveError``.
    public func decline(_ request: PendingRequest) async throws {
        try await decline(request: request.id, account: nil, report: false)
    }

    /// Declines what began in a browser on this phone.
    ///
    /// - Throws: ``ApproveError``.
    public func decline(_ request: OnMobileRequest, with account: Account) async throws {
        try await decline(request: request.id, account: account.number, report: false)
    }

    /// Declines a request that the person did not begin, and reports it as fraud.
    ///
    /// - Throws: ``ApproveError``.
    public func report(_ request: PendingRequest) async throws {
        try await decline(request: request.id, account: nil, report: true)
    }

    /// Declines what began in a browser on this phone, and reports it as fraud: somebody sent the person the link.
    ///
    /// - Throws: ``ApproveError``.
    public func report(_ request: OnMobileRequest, with account: Account) async throws {
        try await decline(request: request.id, account: account.number, report: true)
    }
}
