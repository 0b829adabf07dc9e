import Countersign
import CryptoKit
import Foundation
import LocalAuthentication
import Security

/// A finger or face in the place of the PIN: keys in the Secure Enclave that only a finger or face unlocks, each time anew, and that are worthless
/// as soon as one is added or removed.
public final class EnclaveBiometrics: Biometrics {
    static let items = Keychain(service: "countersign.biometrics")
    private static let info = Data("countersign/ios/biometrics".utf8)
    private static let pointSize = 65
    private static let policy = LAPolicy.deviceOwnerAuthenticationWithBiometrics

    private let words: @Sendable (String) -> String

    /// A reader.
    ///
    /// - Parameter words: What the system's dialog says, in the person's language, of the core's reason in English, which names a transaction that is signed.
    public init(words: @escaping @Sendable (String) -> String = { $0 }) {
        self.words = words
    }

    public func available() throws -> Bool {
        LAContext().canEvaluatePolicy(Self.policy, error: nil)
    }

    public func createKey() async throws -> CreatedBiometricKey {
        try await typed {
            let guarded = try access(.biometryCurrentSet)
            let signing = try SecureEnclave.P256.Signing.PrivateKey(accessControl: guarded)
            let opening = try SecureEnclave.P256.KeyAgreement.PrivateKey(accessControl: guarded)
            let saved = Saved(
                signing: signing.dataRepresentation, opening: opening.dataRepresentation, sealing: opening.publicKey.x963Representation,
                known: try known())
            let name = UUID().uuidString
            try Self.items.add(PropertyListEncoder().encode(saved), as: name)
            return CreatedBiometricKey(handle: Data(name.utf8), publicKey: signing.publicKey.x963Representation)
        }
    }

    public func sign(handle: Data, message: Data, reason: String) async throws -> Data {
        try await typed {
            let saved = try saved(handle)
            let context = try await asked(.useKeySign, reason)
            let key = try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: saved.signing, authenticationContext: context)
            return try key.signature(for: message).derRepresentation
        }
    }

    /// Asks nobody: it is sealed to the public half of the key that opens it.
    public func seal(handle: Data, secret: Data, reason: String) async throws -> Data {
        try await typed {
            let receiver = try P256.KeyAgreement.PublicKey(x963Representation: saved(handle).sealing)
            let sender = P256.KeyAgreement.PrivateKey()
            let point = sender.publicKey.x963Representation
            let key = derived(try sender.sharedSecretFromKeyAgreement(with: receiver), point)
            guard let sealed = try AES.GCM.seal(secret, using: key).combined else { throw BiometricsError.unavailable(why: "nothing was sealed") }
            return point + sealed
        }
    }

    public func unseal(handle: Data, sealed: Data, reason: String) async throws -> Data {
        try await typed {
            let saved = try saved(handle)
            let point = sealed.prefix(Self.pointSize)
            let sender = try P256.KeyAgreement.PublicKey(x963Representation: point)
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst(Self.pointSize))
            let context = try await asked(.useKeyKeyExchange, reason)
            let key = try SecureEnclave.P256.KeyAgreement.PrivateKey(dataRepresentation: saved.opening, authenticationContext: context)
            return try AES.GCM.open(box, using: derived(try key.sharedSecretFromKeyAgreement(with: sender), point))
        }
    }

    public func deleteKey(handle: Data) throws {
        do {
            try Self.items.remove(name(handle))
        } catch let error as Keychain.Failed {
            throw BiometricsError.unavailable(why: error.why)
        }
    }

    private struct Saved: Codable {
        let signing: Data
        let opening: Data
        let sealing: Data
        /// What stands for the fingers and faces that the phone knew when the keys were made.
        let known: Data
    }

    private func name(_ handle: Data) throws -> String {
        guard let id = UUID(uuidString: String(decoding: handle, as: UTF8.self)) else { throw BiometricsError.changed }
        return id.uuidString
    }

    private func saved(_ handle: Data) throws -> Saved {
        guard let item = try Self.items.item(name(handle)) else { throw BiometricsError.changed }
        let saved = try PropertyListDecoder().decode(Saved.self, from: item)
        // The Secure Enclave refuses such a key by itself, but without saying why.
        guard try known() == saved.known else { throw BiometricsError.changed }
        return saved
    }

    private func known() throws -> Data {
        let context = LAContext()
        var error: NSError?
        guard context.canEvaluatePolicy(Self.policy, error: &error), let known = context.evaluatedPolicyDomainState else {
            throw error ?? BiometricsError.unavailable(why: "no finger or face is set up") as Error
        }
        return known
    }

    /// Shows the system's dialog. The context that it gives back unlocks one key for one use. A cancelled call takes the dialog away.
    private func asked(_ operation: LAAccessControlOperation, _ reason: String) async throws -> LAContext {
        let context = LAContext()
        let guarded = try access(.biometryCurrentSet)
        let confirmed = try await withTaskCancellationHandler {
            try await context.evaluateAccessControl(guarded, operation: operation, localizedReason: words(reason))
        } onCancel: {
            context.invalidate()
        }
        guard confirmed else { throw BiometricsError.notConfirmed }
        return context
    }

    private func derived(_ secret: SharedSecret, _ point: Data) -> SymmetricKey {
        secret.hkdfDerivedSymmetricKey(using: SHA256.self, salt: Data(), sharedInfo: Self.info + point, outputByteCount: 32)
    }

    private func typed<T>(_ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error as BiometricsError {
            throw error
        } catch let error as Keychain.Failed {
            throw BiometricsError.unavailable(why: error.why)
        } catch let error as LAError {
            throw refusal(error) ?? BiometricsError.notConfirmed
        } catch {
            throw BiometricsError.unavailable(why: "the Secure Enclave said \((error as NSError).code)")
        }
    }
}

/// Why the system could not ask, in a few words of English; nothing where it asked, and the person did not confirm.
func obstacle(_ error: LAError) -> String? {
    switch error.code {
    case .passcodeNotSet: "the phone has no code"
    case .biometryNotAvailable, .biometryNotEnrolled: "no finger or face is set up"
    case .biometryLockout: "too many fingers or faces were not recognised"
    case .notInteractive: "the app is not on the screen"
    default: nil
    }
}

private func refusal(_ error: LAError) -> BiometricsError? {
    obstacle(error).map { BiometricsError.unavailable(why: $0) }
}
