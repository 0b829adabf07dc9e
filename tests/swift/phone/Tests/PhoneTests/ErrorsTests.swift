import Countersign
import Foundation
import Testing

extension Phone {
    /// Every operation's errors, matched by type.
    @Suite struct Errors {
        @Test("a keypad's entry takes digits and gives none back")
        func entry() throws {
            let entry = PinEntry()
            #expect(throws: PinEntryError.notADigit) { try entry.push(10) }
            #expect(throws: PinEntryError.notADigit) { try entry.push(Int.min) }
            #expect(try [1, 2, 3, 4, 5].map { try entry.push($0) } == [1, 2, 3, 4, 4])
            #expect(entry.guessable() == .run)
            #expect(entry.erase() == 3)
            entry.clear()
            #expect(entry.count == 0)
            #expect(!"\(entry)".contains { $0.isNumber })
        }

        @Test("an enrolment's errors")
        func enrolment() async throws {
            let person = try await newPerson()
            let phone = try await open(newFolder())
            func begun(_ text: String, _ source: Source = .camera) async throws -> BeginError {
                try await thrown(BeginError.self) { try await phone.beginEnrolment(text: text, source: source) }
            }
            guard case .link(.foreign, _) = try await begun("https://example.eu/") else { throw Failure("not foreign") }
            try await person.addDevice()
            let text = try await text(of: person.picture())
            guard case .link(.damaged, _) = try await begun(String(text.dropLast(3))) else { throw Failure("not damaged") }
            guard case .link(.wrongWay, _) = try await begun(text, .customScheme) else { throw Failure("not a wrong way") }
            let offer = try await phone.beginEnrolment(text: text, source: .camera)
            func claimed(_ digits: String, _ again: String) async throws -> ClaimError {
                try await thrown(ClaimError.self) { try await phone.claimWithNewPin(offer: offer, pin: pin(digits), again: pin(again)) }
            }
            guard case .pinIncomplete = try await claimed("407", pinDigits) else { throw Failure("complete") }
            guard case .pinsDiffer = try await claimed(pinDigits, wrongDigits) else { throw Failure("the same") }
            guard case .guessablePin(.year, _) = try await claimed("1987", "1987") else { throw Failure("not a year") }
            let other = try await thrown(ClaimError.self) { try await phone.claimWithBrowserPin(offer: offer, pin: pin()) }
            guard case .otherWay = other else { throw other }
            let account = try await enrolled(person, phone)
            // The earlier code names the same account.
            guard case .alreadyHere(account.name, _) = try await begun(text) else { throw Failure("not here") }
        }

        @Test("a request's errors")
        func request() async throws {
            let world = try await World.made()
            let phone = world.phone
            let none = try await thrown(ApproveError.self) {
                try await phone.approve(request: "no request", account: nil, number: 42, unlock: .pin(pin: pin()))
            }
            guard case .notHeld = none else { throw none }
            let zero = try await thrown(ApproveError.self) {
                try await phone.decline(request: String(repeating: "00", count: 16), account: nil, report: false)
            }
            guard case .notHeld = zero else { throw zero }
            let number = try await world.person.askApp()
            let request = try await world.request()
            let empty = try await thrown(ApproveError.self) { try await phone.approve(request, number: number, pin: PinEntry()) }
            guard case .pinIncomplete = empty else { throw empty }
            for wrong in [nil, 1000, Int.max] {
                let needed = try await thrown(ApproveError.self) { try await phone.approve(request, number: wrong, pin: pin()) }
                guard case .numberNeeded = needed else { throw needed }
            }
            let locked = try await thrown(ApproveError.self) {
                try await phone.approve(request: request.id, account: nil, number: Int32(number), unlock: .nothing)
            }
            guard case .pinNeeded = locked else { throw locked }
            let other = number == 99 ? 10 : number + 1
            let wrong = try await thrown(ApproveError.self) { try await phone.approve(request, number: other, pin: pin()) }
            guard case .wrongNumber = wrong else { throw wrong }
            let closed = try await thrown(ApproveError.self) { try await phone.approve(request, number: number, pin: pin()) }
            guard case .notHeld = closed else { throw closed }
        }

        @Test("five wrong PINs block, and each says how many are left")
        func blocked() async throws {
            let world = try await World.made()
            let number = try await world.person.askApp()
            let request = try await world.request()
            for left in [4, 3, 2, 1] {
                let wrong = try await thrown(ApproveError.self) {
                    try await world.phone.approve(request, number: number, pin: pin(wrongDigits))
                }
                guard case .refused(.wrongPin(let triesLeft, _), _) = wrong else { throw wrong }
                #expect(triesLeft == left)
            }
            let last = try await thrown(ApproveError.self) { try await world.phone.approve(request, number: number, pin: pin(wrongDigits)) }
            // Exhaustive: a kind that is added later does not compile here until it is thought of.
            let screen: Int32? =
                switch last {
                case .refused(.wrongPin(let triesLeft, _), _): triesLeft
                case .refused(.blocked, _): 0
                case .refused(.suspended, _), .refused(.otherEpoch, _), .refused(.notActive, _): nil
                case .pinIncomplete, .notHeld, .numberNeeded, .pinNeeded, .accountNeeded, .expired, .wrongNumber, .closed, .unlockNotAllowed,
                    .biometricsNotAllowed, .biometricsOff, .biometrics, .otherService, .service, .phone:
                    nil
                }
            #expect(screen == 0)
            let after = try await thrown(ApproveError.self) { try await world.phone.approve(request, number: number, pin: pin()) }
            guard case .refused(.blocked, _) = after else { throw after }
        }

        @Test("what is scanned for another phone or nobody")
        func strangers() async throws {
            let one = try await World.made()
            let other = try await World.made()
            try await other.person.askCode()
            let link = try await other.person.link()
            let stranger = try await thrown(ReadError.self) { try await one.phone.scan(text: link, source: .camera) }
            guard case .otherAccount(let host, _) = stranger else { throw stranger }
            #expect(host.hasPrefix("127.0.0.1:"))
            _ = try await other.scannedCode()
            let empty = try await open(newFolder())
            let unknown = try await thrown(ReadError.self) { try await empty.scan(text: link, source: .camera) }
            guard case .unknownService = unknown else { throw unknown }
            let foreign = try await thrown(ReadError.self) { try await empty.scan(text: "tel:112", source: .paste) }
            guard case .link(.foreign, _) = foreign else { throw foreign }
        }

        @Test("a code's errors")
        func code() async throws {
            let world = try await World.made()
            let none = try await thrown(CodeError.self) { try await world.phone.code(request: String(repeating: "00", count: 16), unlock: .nothing) }
            guard case .notHeld = none else { throw none }
            try await world.person.askCode()
            let request = try await world.scannedCode()
            let incomplete = try await thrown(CodeError.self) { try await world.phone.code(for: request, pin: pin("12")) }
            guard case .pinIncomplete = incomplete else { throw incomplete }
            let form = try await thrown(FormError.self) { try world.phone.review(form: request.id, typed: []) }
            guard case .notHeld = form else { throw form }
        }

        @Test("a form's errors")
        func form() async throws {
            let world = try await World.made()
            let phone = world.phone
            try await world.person.beginTransfer()
            let form = try await world.scannedForm()
            let typed = Dictionary(uniqueKeysWithValues: transfer.map { ($0.key, $0.value) })
            let colour = try await thrown(FormError.self) { try phone.review(form, typed: typed.merging(["colour": "red"]) { $1 }) }
            guard case .noSuchField("colour", _) = colour else { throw colour }
            let values = transfer.map { TypedValue(id: $0.key, value: $0.value) } + [TypedValue(id: "name", value: "Else")]
            let twice = try await thrown(FormError.self) { try phone.review(form: form.id, typed: values) }
            guard case .twice("name", _) = twice else { throw twice }
            let needed = try await thrown(SignError.self) { try await phone.sign(form, typed: typed) }
            guard case .code(.pinNeeded, _) = needed else { throw needed }
            _ = try await phone.sign(form, typed: typed, pin: pin())
            let much = typed.merging(["amount": "9999"]) { $1 }
            let other = try await thrown(SignError.self) { try await phone.sign(form, typed: much, pin: pin()) }
            guard case .code(.otherValues, _) = other else { throw other }
        }

        @Test("a service that is not there, or does not know the phone")
        func service() async throws {
            let service = try await Service.started()
            defer { service.close() }
            let world = try await World.made(at: service)
            let (person, phone) = (world.person, world.phone)
            let number = try await person.askApp()
            let request = try await world.request()
            try await service.unreachable {
                let away = try await thrown(StatusError.self) { try await phone.refresh(world.account) }
                guard case .service(let problem, _) = away, problem.kind == .unreachable else { throw away }
                let lost = try await thrown(ApproveError.self) { try await phone.approve(request, number: number, pin: pin()) }
                guard case .service(let why, _) = lost, why.kind == .unreachable else { throw lost }
                #expect(try await phone.pendingAll().problems.map(\.account.number) == [world.account.number])
            }
            try await phone.approve(request, number: number, pin: pin())
            try await person.wait(while: "open")
            try await person.device("My phone", "remove")
            try await phone.approve(world.request(), number: person.number(), pin: pin())
            try await person.wait(while: "open")
            let gone = try await thrown(InboxError.self) { try await phone.pending(of: world.account) }
            guard case .service(let problem, let text) = gone, problem.kind == .notKnown else { throw gone }
            #expect(gone.localizedDescription == text && text == problem.text)
        }

        @Test("what is in the way on the phone itself")
        func here() async throws {
            let folder = try newFolder()
            do {
                let phone = try await open(folder)
                let none = try await thrown(StatusError.self) { try await phone.refresh(account: 999) }
                guard case .phone(.noSuchAccount, _) = none else { throw none }
                let idle = try await thrown(InboxError.self) { try await phone.watch(account: nil).next() }
                guard case .refused(.notActive, _) = idle else { throw idle }
            }
            let other = try await thrown(OpenError.self) { try await open(folder, keys: SoftKeys(folder: newFolder())) }
            guard case .phone(.keysNotOurs, _) = other else { throw other }
            let data = folder.appendingPathComponent("countersign.db")
            try FileManager.default.removeItem(at: data)
            // A key without its data is a reinstall, and reported as one.
            do {
                let resumed = try await open(folder).resume()
                guard case .reinstalled = resumed.first, resumed.count == 1 else { throw other }
            }
            try Data("no database".utf8).write(to: data)
            let damaged = try await thrown(OpenError.self) { try await open(folder) }
            guard case .phone(.dataDamaged, _) = damaged else { throw damaged }
            let world = try await World.made()
            let nameless = try await thrown(AccountError.self) { try await world.phone.rename(world.account, to: " ") }
            guard case .name = nameless else { throw nameless }
        }

        @Test("pictures that show no code")
        func pictures() async throws {
            let scanner = Scanner()
            let format = try await thrown(PictureError.self) { try await scanner.codes(in: Data("no picture".utf8)) }
            guard case .format = format else { throw format }
            let person = try await newPerson()
            try await person.addDevice()
            let png = try await person.picture()
            let damaged = try await thrown(PictureError.self) { try await scanner.codes(in: png.prefix(png.count / 2)) }
            guard case .damaged = damaged else { throw damaged }
            let grey = Data(repeating: 127, count: 200 * 100)
            #expect(try scanner.frame(grey, width: 200, height: 100, stride: 200, format: .luma).isEmpty)
            for (width, height, stride) in [(200, 101, 200), (-1, 100, 200), (200, 100, 100), (0, 0, 0)] {
                let size = try await thrown(PictureError.self) {
                    try scanner.frame(grey, width: width, height: height, stride: stride, format: .luma)
                }
                guard case .size = size else { throw size }
            }
        }
    }
}
