import Countersign
import Foundation
import Testing

/// A reader made of a key store, whose finger does what a test wants.
private final class Reader: Biometrics, @unchecked Sendable {
    private let keys: SoftKeys
    private let lock = NSLock()
    private var refusal: (any Error)?

    init() throws { keys = try SoftKeys(folder: newFolder()) }

    /// What the finger does from now on.
    func finger(_ refusal: (any Error)?) { lock.withLock { self.refusal = refusal } }

    private func ask() throws {
        if let refusal = lock.withLock({ refusal }) { throw refusal }
    }

    func available() throws -> Bool { true }

    func createKey() async throws -> CreatedBiometricKey {
        let key = try keys.createKey()
        return CreatedBiometricKey(handle: key.handle, publicKey: key.publicKey)
    }

    func sign(handle: Data, message: Data, reason: String) async throws -> Data {
        try ask()
        return try keys.sign(handle: handle, message: message)
    }

    func seal(handle: Data, secret: Data, reason: String) async throws -> Data { try keys.seal(secret: secret) }

    func unseal(handle: Data, sealed: Data, reason: String) async throws -> Data {
        try ask()
        return try keys.unseal(sealed: sealed)
    }

    func deleteKey(handle: Data) throws {}
}

private struct DirtySensor: Error {}

extension Phone {
    /// A finger or face in the place of the PIN.
    @Suite struct Finger {
        @Test("a finger approves in the place of the PIN, until it is turned off")
        func approves() async throws {
            let reader = try Reader()
            let world = try await World.made(biometrics: reader)
            let (phone, account) = (world.phone, world.account)
            #expect(try await phone.biometricsOffered(for: account))
            let wrong = try await thrown(TurnOnError.self) { try await phone.turnOnBiometrics(for: account, pin: pin(wrongDigits)) }
            guard case .refused(.wrongPin(triesLeft: 4, _), _) = wrong else { throw wrong }
            #expect(try await phone.turnOnBiometrics(for: account, pin: pin()).biometrics)
            #expect(try await !phone.biometricsOffered(for: account))
            let number = try await world.person.askApp()
            let request = try await world.request()
            #expect(request.unlock == .pinOrBiometrics)
            for refusal: any Error in [BiometricsError.notConfirmed, DirtySensor()] {
                reader.finger(refusal)
                let refused = try await thrown(ApproveError.self) { try await phone.approveWithBiometrics(request, number: number) }
                guard case .biometrics = refused else { throw refused }
            }
            reader.finger(nil)
            try await phone.approveWithBiometrics(request, number: number)
            try await world.person.wait(while: "open")
            #expect(try await world.person.isSignedIn())
            #expect(try await !phone.turnOffBiometrics(for: account).biometrics)
        }

        @Test("a finger that was added turns it off, and the PIN works")
        func changed() async throws {
            let reader = try Reader()
            let world = try await World.made(biometrics: reader)
            _ = try await world.phone.turnOnBiometrics(for: world.account, pin: pin())
            reader.finger(BiometricsError.changed)
            let number = try await world.person.askApp()
            let request = try await world.request()
            let gone = try await thrown(ApproveError.self) { try await world.phone.approveWithBiometrics(request, number: number) }
            guard case .biometrics = gone else { throw gone }
            #expect(try await world.phone.accounts().map(\.biometrics) == [false])
            try await world.phone.approve(request, number: number, pin: pin())
            try await world.person.wait(while: "open")
            #expect(try await world.person.isSignedIn())
        }
    }
}
