import Countersign
import Testing

private let newDigits = "5830"

extension Phone {
    /// A PIN's life.
    @Suite struct Life {
        @Test("a PIN is changed, and only the new one works")
        func changed() async throws {
            let world = try await World.made()
            let (phone, account) = (world.phone, world.account)
            func change(_ old: String, _ new: String, _ again: String) async throws -> Account {
                try await phone.changePin(of: account, from: pin(old), to: pin(new), again: pin(again))
            }
            let wrong = try await thrown(ChangeError.self) { try await change(wrongDigits, newDigits, newDigits) }
            guard case .refused(.wrongPin(triesLeft: 4, _), _) = wrong else { throw wrong }
            let entry = try pin(newDigits)
            let differ = try await thrown(ChangeError.self) {
                try await phone.changePin(of: account, from: pin(), to: entry, again: pin(wrongDigits))
            }
            guard case .pinsDiffer = differ else { throw differ }
            #expect(entry.count == 0)
            let same = try await thrown(ChangeError.self) { try await change(pinDigits, pinDigits, pinDigits) }
            guard case .samePin = same else { throw same }
            let incomplete = try await thrown(ChangeError.self) { try await change("", newDigits, newDigits) }
            guard case .pinIncomplete = incomplete else { throw incomplete }
            let easy = try await thrown(ChangeError.self) { try await change(pinDigits, "0000", "0000") }
            guard case .guessablePin(.fourEqual, _) = easy else { throw easy }

            let changed = try await change(pinDigits, newDigits, newDigits)
            #expect(changed.triesLeft == 5)
            #expect(!changed.changeUnfinished)
            let number = try await world.person.askApp()
            let request = try await world.request()
            let old = try await thrown(ApproveError.self) { try await phone.approve(request, number: number, pin: pin()) }
            guard case .refused(.wrongPin, _) = old else { throw old }
            try await phone.approve(request, number: number, pin: pin(newDigits))
            try await world.person.wait(while: "open")

            _ = try await phone.rotateKeys(of: account, pin: pin(newDigits))
            let next = try await world.person.askApp()
            try await phone.approve(world.request(), number: next, pin: pin(newDigits))
            #expect(try await phone.history().filter { $0.kind == .keysRotated }.count == 1)
        }

        @Test("a PIN that was forgotten is set again when another phone approves")
        func forgotten() async throws {
            let world = try await World.made()
            let (person, phone) = (world.person, world.phone)
            try await person.addDevice("My tablet")
            try await phone.approve(world.request(), number: person.number(), pin: pin())
            try await person.wait(while: "open")
            let tablet = try await open(newFolder())
            let there = try await enrolledHere(person, tablet)

            let account = world.account
            let refused = try await thrown(ForgottenError.self) {
                try await phone.setForgottenPin(of: account, to: pin(newDigits), again: pin(newDigits))
            }
            guard case .notGranted = refused else { throw refused }
            async let granted: Void = phone.newPinGrant(for: account)
            try await person.device("My phone", "unblock")
            for try await request in tablet.requests(of: there) {
                #expect(request.details.purpose == .unblock && request.details.subject == .device(name: "My phone"))
                try await tablet.approve(request, number: person.number(), pin: pin())
                break
            }
            try await person.wait(while: "open")
            try await granted
            #expect(try await phone.setForgottenPin(of: account, to: pin(newDigits), again: pin(newDigits)).state == .active)
        }
    }
}
