import Countersign
import CryptoKit
import Foundation
import Security

/// Keys in the Secure Enclave: none of them can be exported, and what the Keychain has of them works on this device only.
///
/// Each account has a P-256 key of its own. One more makes the key that wraps what the core stores, and every account's hardware share: by agreement
/// with a public point whose private half nobody has, so that without the Secure Enclave neither can be computed. They work while the phone is
/// unlocked; what a thief could do with them without the PIN, the service counts.
///
/// A simulator has no Secure Enclave: give it a key store of your own, as `tests/swift` has one.
public final class EnclaveKeys: KeyStore {
    private static let items = Keychain(service: "countersign.keys")
    private static let rootName = "root"
    /// An empty item that outlives the app and its keys: it says that the app was on this phone before, and nothing else.
    private static let before = Keychain(service: "countersign.before")
    private static let beforeName = "here"
    private static let wrapping = Data("countersign/ios/wrapping".utf8)
    private static let share = Data("countersign/ios/share/".utf8)
    private static let pointSize = 65

    private let made: (@Sendable (CreatedKey) -> Void)?
    private let making = NSLock()

    /// A key store.
    ///
    /// - Parameter made: Told of every device key that is made, for instance to have it vouched for: see ``DeviceAttestation``.
    public init(made: (@Sendable (CreatedKey) -> Void)? = nil) {
        self.made = made
    }

    public func hasKey() throws -> Bool {
        try typed { try Self.items.has(Self.rootName) || Self.before.has(Self.beforeName) }
    }

    public func seal(secret: Data) throws -> Data {
        try typed {
            let root = try self.root() ?? newRoot()
            let sealed = try AES.GCM.seal(secret, using: derived(Self.wrapping, from: root))
            // The nonce is the usual one, so that it is there.
            guard let combined = sealed.combined else { throw KeyStoreError.unavailable(why: "nothing was sealed") }
            return combined
        }
    }

    public func unseal(sealed: Data) throws -> Data {
        try typed {
            // Not made anew here: a new key opens nothing.
            guard let root = try self.root() else { throw KeyStoreError.notOurs }
            return try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: derived(Self.wrapping, from: root))
        }
    }

    public func createKey() throws -> CreatedKey {
        try typed {
            try checkEnclave()
            let key = try SecureEnclave.P256.Signing.PrivateKey(accessControl: access())
            let name = UUID().uuidString
            try Self.items.add(key.dataRepresentation, as: name)
            let created = CreatedKey(handle: Data(name.utf8), publicKey: key.publicKey.x963Representation, inHardware: true)
            made?(created)
            return created
        }
    }

    public func sign(handle: Data, message: Data) throws -> Data {
        try typed {
            guard let saved = try Self.items.item(name(handle)) else { throw KeyStoreError.notOurs }
            return try SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: saved).signature(for: message).derRepresentation
        }
    }

    public func deleteKey(handle: Data) throws {
        try typed { try Self.items.remove(name(handle)) }
    }

    public func hardwareShare(context: Data) throws -> Data? {
        try typed {
            let root = try self.root() ?? newRoot()
            return try derived(Self.share + context, from: root).withUnsafeBytes { Data($0) }
        }
    }

    /// Deletes every key of an app that was deleted, so that no copy of its data can be opened any more, and a root that does not work
    /// any more is none for the new app. What is left says that there was one: `hasKey`.
    static func forgetEarlierKeys() throws {
        // The mark first: an app that ends in between finds the mark, the keys or both.
        if try items.has(rootName), try !before.has(beforeName) { try before.add(Data(), as: beforeName) }
        try items.removeAll()
    }

    /// A handle is the name of an item, and never the root's.
    private func name(_ handle: Data) throws -> String {
        guard let id = UUID(uuidString: String(decoding: handle, as: UTF8.self)) else { throw KeyStoreError.notOurs }
        return id.uuidString
    }

    /// What the Keychain has of the root: the point, and the Secure Enclave's own handle of the key.
    private func root() throws -> Data? {
        try Self.items.item(Self.rootName)
    }

    private func newRoot() throws -> Data {
        making.lock()
        defer { making.unlock() }
        if let root = try root() { return root }
        try checkEnclave()
        let key = try SecureEnclave.P256.KeyAgreement.PrivateKey(accessControl: access())
        let root = P256.KeyAgreement.PrivateKey().publicKey.x963Representation + key.dataRepresentation
        try Self.items.add(root, as: Self.rootName)
        return root
    }

    private func derived(_ what: Data, from root: Data) throws -> SymmetricKey {
        let point = try P256.KeyAgreement.PublicKey(x963Representation: root.prefix(Self.pointSize))
        let key = try SecureEnclave.P256.KeyAgreement.PrivateKey(dataRepresentation: root.dropFirst(Self.pointSize))
        return try key.sharedSecretFromKeyAgreement(with: point)
            .hkdfDerivedSymmetricKey(using: SHA256.self, salt: Data(), sharedInfo: what, outputByteCount: 32)
    }

    private func checkEnclave() throws {
        guard SecureEnclave.isAvailable else { throw KeyStoreError.unavailable(why: "this device has no Secure Enclave") }
    }

    private func typed<T>(_ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as KeyStoreError {
            throw error
        } catch let error as Keychain.Failed {
            throw KeyStoreError.unavailable(why: error.why)
        } catch CryptoKitError.authenticationFailure {
            throw KeyStoreError.notOurs
        } catch CryptoKitError.incorrectParameterSize {
            throw KeyStoreError.notOurs
        } catch {
            throw KeyStoreError.unavailable(why: "the Secure Enclave said \((error as NSError).code)")
        }
    }
}
