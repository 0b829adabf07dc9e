import CryptoKit
import DeviceCheck
import Foundation

/// What Apple says of a device key, for a service that asks: that the genuine app, on a genuine device, holds it. Countersign's protocol has no place
/// for it; an app sends it to its own service.
public enum DeviceAttestation {
    /// The device or the app can't be vouched for, as in a simulator.
    public struct NotSupported: Error {}

    /// Apple's statement about a key.
    public struct Statement: Sendable {
        /// The name of the App Attest key that signed it.
        public let keyID: String
        /// The statement in CBOR, with its chain of certificates.
        public let object: Data
    }

    /// Has a device key vouched for by App Attest: what is signed is SHA-256 of the service's challenge followed by the public key.
    ///
    /// - Parameters:
    ///   - publicKey: The key, as ``EnclaveKeys`` told of it.
    ///   - challenge: From the service, used once.
    /// - Throws: ``NotSupported``, and what Apple's service says where it can't be reached.
    public static func statement(for publicKey: Data, challenge: Data) async throws -> Statement {
        let service = DCAppAttestService.shared
        guard service.isSupported else { throw NotSupported() }
        let keyID = try await service.generateKey()
        let hash = Data(SHA256.hash(data: challenge + publicKey))
        return Statement(keyID: keyID, object: try await service.attestKey(keyID, clientDataHash: hash))
    }
}
