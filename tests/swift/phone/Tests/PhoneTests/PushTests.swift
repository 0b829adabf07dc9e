import Countersign
import Foundation
import Testing

/// Where messages for the phone go: what a test wants.
private final class Addresses: PushAddresses, @unchecked Sendable {
    typealias Answer = @Sendable () async throws -> PushAddress?

    private let lock = NSLock()
    private var answer: Answer
    private var last: (origin: String, key: Data?)?

    init(_ answer: @escaping Answer) { self.answer = answer }

    func answers(_ answer: @escaping Answer) { lock.withLock { self.answer = answer } }

    var asked: (origin: String, key: Data?)? { lock.withLock { last } }

    func address(origin: String, pushKey: Data?) async throws -> PushAddress? {
        let answer = lock.withLock {
            last = (origin, pushKey)
            return self.answer
        }
        return try await answer()
    }
}

private struct Ill: Error {}

private func web(_ url: String) -> PushAddress { PushAddress(kind: .webPush, address: url) }

extension Phone {
    /// What wakes an app that is not open.
    @Suite struct Push {
        @Test("a knock makes the phone look, another address is told by one call, and none ends the knocks")
        func knocks() async throws {
            let push = try PushServer()
            defer { push.close() }
            let service = try await Service.started("--push-host", push.host)
            defer { service.close() }
            let addresses = Addresses { web(push.url("first")) }
            let world = try await World.made(at: service, push: addresses)
            let (phone, person) = (world.phone, world.person)
            #expect(addresses.asked?.origin == service.origin.absoluteString)
            #expect(addresses.asked?.key?.count == 65)
            for (name, path) in [("first", "/up/first"), ("second", "/up/second")] {
                addresses.answers { web(push.url(name)) }
                #expect(try await phone.pushAddressChanged())
                let number = try await person.askApp()
                #expect(try await push.knock() == path)
                let request = try #require(try await phone.pendingAll().requests.first)
                try await phone.approve(request, number: number, pin: pin())
                try await person.wait(while: "open")
                #expect(try await person.isSignedIn())
            }
            addresses.answers { nil }
            #expect(try await phone.pushAddressChanged())
            _ = try await person.askApp()
            #expect(try await phone.pendingAll().requests.count == 1, "the phone looks by itself")
        }

        @Test("an app that throws, hangs or returns rubbish harms nothing")
        func faults() async throws {
            let push = try PushServer()
            defer { push.close() }
            let service = try await Service.started("--push-host", push.host)
            defer { service.close() }
            let faults: [Addresses.Answer] = [
                { throw PushAddressError.unavailable(why: "no notifications are allowed") },
                { throw Ill() },
                { throw CancellationError() },
                {
                    try await Task.sleep(for: .seconds(3600))
                    return nil
                },
                { web("") },
                { web("http://example.eu/not/encrypted") },
                { web("https://example.eu/" + String(repeating: "a", count: 1_000_000)) },
                { PushAddress(kind: .apns, address: "no token") },
            ]
            // An enrolment does not fail with it, either.
            let addresses = Addresses { throw Ill() }
            let world = try await World.made(at: service, push: addresses)
            addresses.answers { web(push.url("healed")) }
            _ = try await world.phone.resume()
            for fault in faults {
                addresses.answers(fault)
                #expect(try await !world.phone.pushAddressChanged())
                #expect(try await world.phone.resume().isEmpty)
            }
            let number = try await world.person.askApp()
            #expect(try await push.knock() == "/up/healed")
            try await world.phone.approve(world.request(), number: number, pin: pin())
            try await world.person.wait(while: "open")
            #expect(try await world.person.isSignedIn())
        }
    }
}
