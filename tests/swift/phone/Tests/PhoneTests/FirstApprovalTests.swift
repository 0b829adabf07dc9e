import Countersign
import Foundation
import Testing

/// What stands in for an app's screens: it shows nothing, remembers what it was told, and answers as a person would.
private final class Screen {
    var shown: [String] = []
    var opened: String?
    var number: Int?
    var digits: [String] = []

    func show(_ text: String) { shown.append(text) }
    func open(_ link: String?) { opened = link }
    func askForNumber() -> Int? { number }
    func askForPin() throws -> PinEntry { try pin(digits.removeFirst()) }
    func askForAnother(_ reason: Guessable) -> Account? {
        show("another, for it is a \(reason)")
        return nil
    }

    func askForBothAgain() -> Account? {
        show("both again")
        return nil
    }

    func fill(_ form: TransactionForm) -> [String: String] {
        Dictionary(uniqueKeysWithValues: transfer.map { ($0.key, $0.value) })
    }
}

/// The page "Your first approval", done.
extension Phone {
    @Suite struct FirstApproval {
        private let screen = Screen()

        @Test("what the page says works, from nothing to an approved sign-in")
        func followed() async throws {
            let person = try await newPerson()
            let folder = try newFolder()
            let phone = try await opened(folder, keys: SoftKeys(folder: folder), lock: AlwaysThere())
            try await person.addDevice()
            let offer = try await offered(phone, picture: person.picture())
            try typed()
            #expect(screen.shown.last == "")
            #expect(try await initialised(phone, offer, pin: pin("1234"), again: pin("1234")) { _ in } == nil)
            #expect(screen.shown.last == "another, for it is a run")
            #expect(try await initialised(phone, offer, pin: pin(), again: pin(wrongDigits)) { _ in } == nil)
            #expect(screen.shown.last == "both again")
            let initialised = try await initialised(phone, offer, pin: pin(), again: pin()) { code in
                try await person.wait(while: "open")
                try await person.type(code)
            }
            let account = try #require(initialised)

            screen.number = try await person.askApp()
            screen.digits = [pinDigits]
            try await approved(phone, account)
            #expect(screen.shown.last == "Approved.")
            try await person.wait(while: "open")
            #expect(try await person.isSignedIn())

            try await person.beginTransfer()
            screen.digits = [pinDigits]
            try await scanned(phone, text: text(of: person.picture()))
            try await person.type(#require(screen.shown.last))
            #expect(person.text.lowercased().contains("signed"))

            try await person.askCode()
            try await scanned(phone, text: text(of: person.picture()))
            try await person.type(#require(screen.shown.last))
            #expect(try await person.isSignedIn())
        }

        private func opened(_ folder: URL, keys: any KeyStore, lock: any UserPresence) async throws -> Authenticator {
            let phone = try await Authenticator.open(
                at: folder,
                platform: Platform(keyStore: keys, presence: lock, system: "Linux", model: "my first phone"))
            for resumed in try await phone.resume() {
                switch resumed {
                case .reinstalled: screen.show("The app was here before, and its data are gone: initialise every account again.")
                case .waiting(let claimed): screen.show(claimed.confirmationCode ?? "")
                case .pinChanged(let account): screen.show("The new PIN of \(account.name) holds.")
                case .pinAsBefore(let account): screen.show("The PIN of \(account.name) is as it was.")
                default: break
                }
            }
            return phone
        }

        private func offered(_ phone: Authenticator, picture: Data) async throws -> EnrolmentOffer {
            let codes = try await Scanner().codes(in: picture)
            let offer = try await phone.beginEnrolment(text: codes[0].text, source: .camera)
            let details = offer.details()
            screen.show("\(details.accountLabel) at \(details.host)")
            return offer
        }

        private func typed() throws {
            let entry = PinEntry()
            try entry.push(4)
            entry.erase()
            screen.show(String(repeating: "●", count: entry.count))
        }

        /// Nothing where a PIN must be asked for again. `atTheComputer` is what a person does meanwhile, and no line of the page.
        private func initialised(
            _ phone: Authenticator, _ offer: EnrolmentOffer, pin: PinEntry, again: PinEntry, atTheComputer: (String) async throws -> Void
        ) async throws -> Account? {
            let claimed: Claimed
            do {
                claimed = try await phone.claimWithNewPin(offer: offer, pin: pin, again: again)
            } catch ClaimError.guessablePin(let reason, _) {
                return screen.askForAnother(reason)
            } catch ClaimError.pinsDiffer {
                return screen.askForBothAgain()
            }
            screen.show(claimed.confirmationCode ?? "")
            try await atTheComputer(claimed.confirmationCode ?? "")
            let account = try await phone.complete(claimed)
            return account
        }

        private func approved(_ phone: Authenticator, _ account: Account) async throws {
            for try await request in phone.requests(of: account) {
                screen.show(request.details.rows.map { "\($0.label): \($0.value)" }.joined(separator: "\n"))
                do {
                    let number = request.numberAsked ? screen.askForNumber() : nil
                    try await phone.approve(request, number: number, pin: screen.askForPin())
                    screen.show("Approved.")
                    break
                } catch ApproveError.refused(.wrongPin(let triesLeft, _), _) {
                    screen.show("\(triesLeft) tries left")
                } catch ApproveError.wrongNumber {
                    screen.show("The request is closed. If you did not begin it, change your password.")
                } catch ApproveError.service(let problem, _) where problem.kind == .unreachable {
                    screen.show("No network.")
                }
            }
        }

        private func scanned(_ phone: Authenticator, text: String) async throws {
            switch try await phone.scan(text: text, source: .camera) {
            case .code(let request):
                screen.show(try await phone.code(for: request).code)
            case .transaction(let form):
                let typed = screen.fill(form)
                for value in try phone.review(form, typed: typed) { screen.show("\(value.label): \(value.value)") }
                screen.show(try await phone.sign(form, typed: typed, pin: screen.askForPin()).code)
            case .onMobile(let request):
                screen.open(try await phone.approve(request, with: request.accounts[0], pin: screen.askForPin()).open)
            case .enrolment:
                screen.show("This is for a new account.")
            }
        }

        @Test("every line of Swift on the page is in this file, in the same order")
        func page() throws {
            let here = URL(fileURLWithPath: #filePath)
            let root = (0..<6).reduce(here) { folder, _ in folder.deletingLastPathComponent() }
            let page = root.appendingPathComponent("bindings/swift/Sources/Countersign/Countersign.docc/FirstApproval.md")
            let own = try lines(String(contentsOf: here, encoding: .utf8))
            let blocks = try String(contentsOf: page, encoding: .utf8).matches(of: /```swift\n(.*?)```/.dotMatchesNewlines())
            #expect(blocks.count == 7)
            for block in blocks {
                var rest = own[...]
                for line in lines(String(block.output.1)) {
                    guard let at = rest.firstIndex(of: line) else {
                        Issue.record("not in this file, or not in this order: \(line)")
                        break
                    }
                    rest = rest[(at + 1)...]
                }
            }
        }

        private func lines(_ text: String) -> [String] {
            text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
