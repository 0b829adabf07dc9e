import Countersign
import Foundation
import Testing

/// A key store that does what a test wants while it wants it.
private final class FaultyKeys: SoftKeys, @unchecked Sendable {
    struct Faults {
        var seal: (@Sendable () throws -> Data)?
        var unseal: (@Sendable () throws -> Data)?
        var sign: (@Sendable () throws -> Data)?
        var create: (@Sendable () throws -> CreatedKey)?
    }
    private let lock = NSLock()
    private var faults = Faults()

    /// What it does wrong from now on.
    func fault(_ change: (inout Faults) -> Void) {
        lock.withLock {
            faults = Faults()
            change(&faults)
        }
    }

    func heal() { fault { _ in } }

    private var present: Faults { lock.withLock { faults } }

    override func seal(secret: Data) throws -> Data { try present.seal?() ?? super.seal(secret: secret) }
    override func unseal(sealed: Data) throws -> Data { try present.unseal?() ?? super.unseal(sealed: sealed) }
    override func sign(handle: Data, message: Data) throws -> Data { try present.sign?() ?? super.sign(handle: handle, message: message) }
    override func createKey() throws -> CreatedKey { try present.create?() ?? super.createKey() }
}

/// A phone's lock of which a test says what it does.
private final class Lock: UserPresence, @unchecked Sendable {
    private let lock = NSLock()
    private var answer: @Sendable () async throws -> Void = {}

    func answers(_ answer: @escaping @Sendable () async throws -> Void) { lock.withLock { self.answer = answer } }

    func confirm(reason: String) async throws { try await lock.withLock { answer }() }
}

private struct BrokenClock: Sendable {
    let time: @Sendable () throws -> Date
}

private final class TestClock: Countersign.Clock {
    private let broken: BrokenClock

    init(_ broken: BrokenClock) { self.broken = broken }

    func now() throws -> Date { try broken.time() }
}

private struct Ill: Error {}

extension Phone {
    /// An app's own code may fail in any way: nothing comes of it but a typed error, and the phone goes on when it works again.
    @Suite struct Faults {
        private let throwing: [@Sendable () throws -> Data] = [
            { throw Ill() },
            { throw CancellationError() },
            { throw KeyStoreError.unavailable(why: "the phone is locked") },
            { throw KeyStoreError.notOurs },
        ]
        private let rubbish: [@Sendable () throws -> Data] = [0, 1, 48, 72, 100_000].map { count in { Data(repeating: 0x30, count: count) } }

        @Test("a phone does not open with a key store that fails")
        func opening() async throws {
            for fault in throwing {
                let keys = try FaultyKeys(folder: newFolder())
                keys.fault { $0.seal = fault }
                let failed = try await thrown(OpenError.self) { try await open(newFolder(), keys: keys) }
                guard case .phone(let problem, _) = failed else { throw failed }
                #expect(problem == .keysUnavailable || problem == .keysNotOurs)
            }
            let locked = try FaultyKeys(folder: newFolder())
            locked.fault { $0.seal = throwing[2] }
            let failed = try await thrown(OpenError.self) { try await open(newFolder(), keys: locked) }
            #expect(failed.localizedDescription.contains("the phone is locked"))
        }

        @Test("a key store that fails or errs costs no try and loses nothing")
        func errs() async throws {
            let keys = try FaultyKeys(folder: newFolder())
            let world = try await World.made(keys: keys)
            let number = try await world.person.askApp()
            let request = try await world.request()
            for fault in throwing + rubbish {
                for change: (inout FaultyKeys.Faults) -> Void in [{ $0.unseal = fault }, { $0.sign = fault }] {
                    keys.fault(change)
                    let failed = try await thrown(ApproveError.self) { try await world.phone.approve(request, number: number, pin: pin()) }
                    guard case .phone = failed else { throw failed }
                    keys.heal()
                }
            }
            #expect(try await world.phone.refresh(world.account).triesLeft == 5)
            try await world.phone.approve(request, number: number, pin: pin())
            try await world.person.wait(while: "open")

            try await world.person.askCode()
            let code = try await world.scannedCode()
            for fault in throwing + rubbish {
                keys.fault { $0.seal = fault }
                let failed = try await thrown(CodeError.self) { try await world.phone.code(for: code) }
                guard case .phone = failed else { throw failed }
                keys.heal()
            }
            try await world.person.type(world.phone.code(for: code).code)
            #expect(try await world.person.isSignedIn(), "no step of the chain was lost")
        }

        @Test("an enrolment with a key store that makes no keys leaves nothing behind")
        func creating() async throws {
            let keys = try FaultyKeys(folder: newFolder())
            let person = try await newPerson()
            let phone = try await open(newFolder(), keys: keys)
            try await person.addDevice()
            let offer = try await phone.beginEnrolment(text: text(of: person.picture()), source: .camera)
            let wrong: [@Sendable () throws -> CreatedKey] = [
                { throw Ill() },
                { CreatedKey(handle: Data(count: 10), publicKey: Data(repeating: 4, count: 65), inHardware: true) },
                { CreatedKey(handle: Data(count: 100_000), publicKey: Data(), inHardware: true) },
            ]
            for fault in wrong {
                keys.fault { $0.create = fault }
                let failed = try await thrown(ClaimError.self) { try await phone.claimWithNewPin(offer: offer, pin: pin(), again: pin()) }
                guard case .phone = failed else { throw failed }
            }
            keys.heal()
            #expect(try await phone.accounts().isEmpty)
            _ = try await enrolled(person, phone)
        }

        @Test("a key store that hangs is given up, and works again afterwards")
        func hanging() async throws {
            let keys = try FaultyKeys(folder: newFolder())
            let world = try await World.made(keys: keys)
            let number = try await world.person.askApp()
            let request = try await world.request()
            let hung = DispatchSemaphore(value: 0)
            keys.fault {
                $0.sign = {
                    hung.wait()
                    return Data()
                }
            }
            let began = ContinuousClock.now
            let failed = try await thrown(ApproveError.self) { try await world.phone.approve(request, number: number, pin: pin()) }
            guard case .phone(.keysUnavailable, _) = failed else { throw failed }
            let waited = ContinuousClock.now - began
            #expect(waited > .seconds(9) && waited < .seconds(15))
            #expect(try await world.phone.accounts().map(\.triesLeft) == [5], "others go on meanwhile")
            hung.signal()
            keys.heal()
            try await world.phone.approve(request, number: number, pin: pin())
        }

        @Test("a lock that is not confirmed, fails or hangs gives no code")
        func presence() async throws {
            let lock = Lock()
            let world = try await World.made(presence: lock)
            let phone = world.phone
            try await world.person.askCode()
            let request = try await world.scannedCode()
            for refusal: any Error in [PresenceError.notConfirmed, PresenceError.unavailable(why: "no sensor"), Ill()] {
                lock.answers { throw refusal }
                let refused = try await thrown(CodeError.self) { try await phone.code(for: request) }
                guard case .notConfirmed = refused else { throw refused }
            }
            let (asked, ask) = AsyncStream.makeStream(of: Void.self)
            let (cancelled, cancel) = AsyncStream.makeStream(of: Void.self)
            lock.answers {
                ask.yield()
                do { try await Task.sleep(for: .seconds(600)) } catch {
                    cancel.yield()
                    throw error
                }
            }
            let waiting = Task { try await phone.code(for: request) }
            for await _ in asked { break }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            for await _ in cancelled { break }
            lock.answers {}
            try await world.person.type(phone.code(for: request).code)
            #expect(try await world.person.isSignedIn())
        }

        @Test("a clock that fails is replaced by the system's")
        func clock() async throws {
            let clocks: [@Sendable () throws -> Date] = [
                { throw Ill() },
                { Date(timeIntervalSince1970: 0) },
                { Date(timeIntervalSince1970: 1e10) },
                {
                    Thread.sleep(forTimeInterval: 1e6)
                    return Date()
                },
            ]
            for time in clocks {
                let world = try await World.made(clock: TestClock(BrokenClock(time: time)))
                let number = try await world.person.askApp()
                try await world.phone.approve(world.request(), number: number, pin: pin())
            }
        }
    }
}
