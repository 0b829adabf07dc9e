import Countersign
import Foundation
import Testing

extension Phone {
    /// What the app is for.
    @Suite struct MainJob {
        @Test("a phone is initialised with what the page shows")
        func initialised() async throws {
            let folder = try newFolder()
            let person = try await newPerson()
            do {
                let phone = try await open(folder)
                #expect(try await phone.accounts().isEmpty)
                #expect(try await phone.resume().isEmpty)
                try await person.addDevice()
                let text = try await text(of: person.picture())
                guard case .enrolment = try await phone.scan(text: text, source: .camera) else { throw Failure("no enrolment") }
                let offer = try await phone.beginEnrolment(text: text, source: .camera)
                let details = offer.details()
                #expect(details.appName == "Countersign")
                #expect(details.host.hasPrefix("127.0.0.1:") && !details.pinChosenInBrowser)
                let claimed = try await phone.claimWithNewPin(offer: offer, pin: pin(), again: pin())
                #expect(claimed.account.state == .unfinished)
                try await person.wait(while: "open")
                try await person.type(#require(claimed.confirmationCode))
                let account = try await phone.complete(claimed)
                #expect(account.state == .active)
                #expect(account.deviceName == "My phone")
                #expect(abs(account.createdAt.timeIntervalSinceNow) < 300)
            }
            // The same phone at the next start of the app.
            #expect(try await open(folder).accounts().map(\.deviceName) == ["My phone"])
        }

        @Test("a sign-in is approved by number and PIN, and a wrong PIN costs a try")
        func approved() async throws {
            let world = try await World.made()
            let number = try await world.person.askApp()
            let request = try await world.request()
            #expect(request.details.purpose == .signIn)
            #expect(request.numberAsked && request.details.expiresAt > Date())
            let entry = try pin(wrongDigits)
            let wrong = try await thrown(ApproveError.self) { try await world.phone.approve(request, number: number, pin: entry) }
            guard case .refused(.wrongPin(let triesLeft, _), _) = wrong else { throw wrong }
            #expect(triesLeft == 4)
            #expect(entry.count == 0, "the digits are gone")
            #expect(wrong.localizedDescription == "the PIN was wrong: 4 tries left")
            #expect(try await world.phone.approve(request, number: number, pin: pin()).triesLeft == 5)
            try await world.person.wait(while: "open")
            #expect(try await world.person.isSignedIn())
            #expect(try await world.phone.history().map(\.kind) == [.approved, .wrongPin, .accountAdded])
            #expect(try await world.phone.exportHistory().contains("approved"))
        }

        @Test("a request is declined, or reported as fraud")
        func declined() async throws {
            let world = try await World.made()
            _ = try await world.person.askApp()
            try await world.phone.decline(world.request())
            try await world.person.wait(while: "open")
            #expect(try await !world.person.isSignedIn())
            let other = try await World.made()
            _ = try await other.person.askApp()
            try await other.phone.report(other.request())
            // A report ends what the browser has begun, so that no page is left that waits.
            #expect(try await !other.person.isSignedIn())
            for (phone, kind) in [(world.phone, EventKind.declined), (other.phone, .reported)] {
                #expect(try await phone.history().map(\.kind) == [kind, .accountAdded])
            }
        }

        @Test("a code without a network comes from a picture's bytes")
        func code() async throws {
            let world = try await World.made()
            try await world.person.askCode()
            let picture = try await world.person.picture()
            let request = try await world.scannedCode()
            #expect(request.unlock == .nothing)
            let shown = try await world.phone.code(for: request)
            #expect(shown.code.wholeMatch(of: /[0-9A-Z]{4}-[0-9A-Z]{4}/) != nil)
            guard case .code(let again) = try await world.phone.scan(text: text(of: picture), source: .camera) else { throw Failure("no code") }
            #expect(again.sameAsBefore)
            #expect(try await world.phone.code(for: again).code == shown.code)
            try await world.person.type(shown.code)
            #expect(try await world.person.isSignedIn())
        }

        @Test("a code is read from a camera's frame")
        func frame() async throws {
            let world = try await World.made()
            try await world.person.askCode()
            let side = 264
            let frame = try world.person.photographed(width: side, height: side)
            let scanner = Scanner()
            var codes: [QrCode] = []
            // As a camera does. A frame has its time, which is made for an optimised library on a phone: on a busy computer one may not be enough.
            let deadline = ContinuousClock.now + .seconds(30)
            while codes.isEmpty && ContinuousClock.now < deadline {
                codes = try scanner.frame(frame, width: side, height: side, stride: side, format: .luma)
            }
            let link = try await world.person.link()
            #expect(codes.map(\.text) == [link.uppercased()])
            #expect(codes.allSatisfy { $0.corners.count == 8 && $0.corners.allSatisfy { (0...Float(side)).contains($0) } })
        }

        @Test("a transaction is signed when every field is right, and not before")
        func transaction() async throws {
            let world = try await World.made()
            try await world.person.beginTransfer()
            let form = try await world.scannedForm()
            #expect(form.unlock == .pin)
            #expect(form.fields.map(\.id) == transfer.map(\.key))
            let iban = try #require(form.fields.first { $0.kind == .iban })
            let wrong = try await thrown(FormError.self) { try world.phone.check(iban, of: form, typed: "LV80 BANK 0000 4351 9500 2") }
            guard case .value(let id, .ibanCheck, let advice, let text) = wrong else { throw wrong }
            #expect(id == iban.id)
            #expect(text == "\(iban.label): \(advice)")
            #expect(try world.phone.check(iban, of: form, typed: "lv80 bank 0000 4351 9500 1") == transfer[0].value)
            var typed = Dictionary(uniqueKeysWithValues: transfer.map { ($0.key, $0.value) })
            typed["amount"] = "1234,5"
            let missing = try await thrown(FormError.self) { try world.phone.review(form, typed: typed.filter { $0.key != "name" }) }
            guard case .value("name", .empty, _, _) = missing else { throw missing }
            let much = typed.merging(["amount": "much"]) { $1 }
            let refused = try await thrown(SignError.self) { try await world.phone.sign(form, typed: much, pin: pin()) }
            guard case .form(.value("amount", .amount, _, _), _) = refused else { throw refused }
            #expect(try world.phone.review(form, typed: typed).map(\.value) == transfer.map(\.value))
            let signed = try await world.phone.sign(form, typed: typed, pin: pin())
            #expect(signed.values.map(\.value) == transfer.map(\.value))
            try await world.person.type(signed.code)
            #expect(world.person.text.lowercased().contains("signed"))
        }

        @Test("on the same phone the browser goes on where the app sends it")
        func onMobile() async throws {
            let world = try await World.made()
            let link = try await world.person.onMobile()
            guard case .onMobile(let request) = try await world.phone.scan(text: link, source: .verifiedLink) else { throw Failure("not on mobile") }
            let account = try #require(request.accounts.first)
            let wrong = try await thrown(ApproveError.self) { try await world.phone.approve(request, with: account, pin: pin(wrongDigits)) }
            guard case .refused(.wrongPin(4, _), _) = wrong else { throw wrong }
            let approved = try await world.phone.approve(request, with: account, pin: pin())
            try await world.person.follow(#require(approved.open))
            #expect(try await world.person.isSignedIn())
        }

        @Test("an account is renamed, asked about and removed")
        func account() async throws {
            let world = try await World.made()
            #expect(try await world.phone.rename(world.account, to: " Work ").name == "Work")
            #expect(try await world.phone.refresh(world.account).name == "Work")
            let removed = try await world.phone.remove(world.account)
            #expect(removed.told, "\(removed.next)")
            #expect(try await world.phone.accounts().isEmpty)
        }
    }
}
