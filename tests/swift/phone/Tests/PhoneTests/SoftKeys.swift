import Countersign
import Foundation

/// A key store for a computer: its wrapping key is a file, and a signing key's handle is the key itself, sealed.
class SoftKeys: KeyStore, @unchecked Sendable {
    private let wrapping: Data
    private let found: Bool

    init(folder: URL) throws {
        let file = folder.appendingPathComponent("wrapping.key")
        found = FileManager.default.fileExists(atPath: file.path)
        if !found { try Cryptography.random(32).write(to: file) }
        wrapping = try Data(contentsOf: file)
    }

    func hasKey() throws -> Bool { found }

    func seal(secret: Data) throws -> Data {
        try Cryptography.seal(secret, with: wrapping)
    }

    func unseal(sealed: Data) throws -> Data {
        guard let opened = Cryptography.open(sealed, with: wrapping) else { throw KeyStoreError.notOurs }
        return opened
    }

    func createKey() throws -> CreatedKey {
        let (key, publicKey) = try Cryptography.newKey()
        return CreatedKey(handle: try Cryptography.seal(key, with: wrapping), publicKey: publicKey, inHardware: false)
    }

    func sign(handle: Data, message: Data) throws -> Data {
        guard let key = Cryptography.open(handle, with: wrapping) else { throw KeyStoreError.notOurs }
        return try Cryptography.sign(message, with: key)
    }

    func deleteKey(handle: Data) throws {}

    func hardwareShare(context: Data) throws -> Data? { nil }
}

/// A computer has no lock of its own to ask for.
final class AlwaysThere: UserPresence {
    func confirm(reason: String) async throws {}
}
