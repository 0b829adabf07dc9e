import Countersign
import Foundation
import Testing

let pinDigits = "4071"
let wrongDigits = "1704"

/// All tests, one after the other: some measure, and all share one service. What waits for something that does not come fails.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct Phone {}

/// What a keypad does.
func pin(_ digits: String = pinDigits) throws -> PinEntry {
    let entry = PinEntry()
    for digit in digits { try entry.push(digit.wholeNumberValue!) }
    return entry
}

/// Opens a phone in a folder.
func open(
    _ folder: URL, keys: (any KeyStore)? = nil, presence: any UserPresence = AlwaysThere(), biometrics: (any Biometrics)? = nil,
    clock: (any Countersign.Clock)? = nil, push: (any PushAddresses)? = nil
) async throws -> Authenticator {
    try await Authenticator.open(
        at: folder,
        platform: Platform(
            keyStore: try keys ?? SoftKeys(folder: folder), presence: presence, system: "Linux", model: "test", biometrics: biometrics,
            pushAddresses: push, clock: clock))
}

/// A person with a computer and a phone that is initialised.
struct World {
    let person: Person
    let phone: Authenticator
    let account: Account

    static func made(
        at service: Service? = nil, keys: (any KeyStore)? = nil, presence: any UserPresence = AlwaysThere(), biometrics: (any Biometrics)? = nil,
        clock: (any Countersign.Clock)? = nil, push: (any PushAddresses)? = nil
    ) async throws -> World {
        let person = try await newPerson(at: service)
        let phone = try await open(newFolder(), keys: keys, presence: presence, biometrics: biometrics, clock: clock, push: push)
        return World(person: person, phone: phone, account: try await enrolled(person, phone))
    }

    /// The request that comes next.
    func request() async throws -> PendingRequest {
        for try await request in phone.requests(of: account) { return request }
        throw Failure("no request")
    }

    /// What the QR code on the page asks for.
    func scanned() async throws -> Scanned {
        try await phone.scan(text: text(of: person.picture()), source: .camera)
    }

    func scannedCode() async throws -> CodeRequest {
        guard case .code(let request) = try await scanned() else { throw Failure("no code") }
        return request
    }

    func scannedForm() async throws -> TransactionForm {
        guard case .transaction(let form) = try await scanned() else { throw Failure("no transaction") }
        return form
    }
}

func newPerson(at service: Service? = nil) async throws -> Person {
    if let service { return try await Person.registered(at: service) }
    return try await Person.registered(at: Service.shared.value)
}

/// The text of the QR code in a picture.
func text(of picture: Data) async throws -> String {
    try #require(try await Scanner().codes(in: picture).first).text
}

/// Initialises a phone: the page's QR code is scanned, a PIN chosen, and six digits typed on the page.
func enrolled(_ person: Person, _ phone: Authenticator) async throws -> Account {
    try await person.addDevice()
    return try await enrolledHere(person, phone)
}

/// The same where the page shows the QR code already.
func enrolledHere(_ person: Person, _ phone: Authenticator) async throws -> Account {
    let offer = try await phone.beginEnrolment(text: text(of: person.picture()), source: .camera)
    let claimed = try await phone.claimWithNewPin(offer: offer, pin: pin(), again: pin())
    try await person.wait(while: "open")
    try await person.type(#require(claimed.confirmationCode))
    return try await phone.complete(claimed)
}

/// The error of this kind that a call throws.
func thrown<E: Error, T>(
    _ kind: E.Type, at location: SourceLocation = #_sourceLocation, by call: () async throws -> T
) async throws -> E {
    do {
        _ = try await call()
    } catch let error as E {
        return error
    } catch {
        Issue.record("\(error) was thrown, and no \(kind)", sourceLocation: location)
        throw error
    }
    Issue.record("no \(kind) was thrown", sourceLocation: location)
    throw Failure("no \(kind)")
}
