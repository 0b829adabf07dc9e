import Foundation

#if canImport(CryptoKit)
    import CryptoKit

    /// AES-256-GCM, SHA-256 and ECDSA with P-256 and SHA-256, by CryptoKit.
    enum Cryptography {
        static func random(_ count: Int) -> Data {
            SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Data($0) }
        }

        static func digest(_ message: [UInt8]) -> [UInt8] {
            Array(SHA256.hash(data: message))
        }

        static func seal(_ secret: Data, with key: Data) throws -> Data {
            // Combined is there whenever the nonce has its usual length.
            try AES.GCM.seal(secret, using: SymmetricKey(data: key)).combined!
        }

        static func open(_ sealed: Data, with key: Data) -> Data? {
            guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
            return try? AES.GCM.open(box, using: SymmetricKey(data: key))
        }

        static func newKey() throws -> (key: Data, publicKey: Data) {
            let key = P256.Signing.PrivateKey()
            return (key.rawRepresentation, key.publicKey.x963Representation)
        }

        static func sign(_ message: Data, with key: Data) throws -> Data {
            try P256.Signing.PrivateKey(rawRepresentation: key).signature(for: message).derRepresentation
        }
    }
#else
    import COpenSSL

    /// AES-256-GCM, SHA-256 and ECDSA with P-256 and SHA-256, by OpenSSL.
    enum Cryptography {
        struct Failed: Error {}

        private static let nonceSize = 12
        private static let tagSize = 16

        static func random(_ count: Int) -> Data {
            var bytes = [UInt8](repeating: 0, count: count)
            precondition(RAND_bytes(&bytes, Int32(count)) == 1)
            return Data(bytes)
        }

        static func digest(_ message: [UInt8]) -> [UInt8] {
            var hash = [UInt8](repeating: 0, count: 32)
            precondition(EVP_Digest(message, message.count, &hash, nil, EVP_sha256(), nil) == 1)
            return hash
        }

        static func seal(_ secret: Data, with key: Data) throws -> Data {
            let nonce = random(nonceSize)
            let context = EVP_CIPHER_CTX_new()
            defer { EVP_CIPHER_CTX_free(context) }
            var sealed = [UInt8](repeating: 0, count: secret.count)
            var tag = [UInt8](repeating: 0, count: tagSize)
            var count: Int32 = 0
            guard
                EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, [UInt8](key), [UInt8](nonce)) == 1,
                EVP_EncryptUpdate(context, &sealed, &count, [UInt8](secret), Int32(secret.count)) == 1,
                EVP_EncryptFinal_ex(context, nil, &count) == 1,
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagSize), &tag) == 1
            else { throw Failed() }
            return nonce + sealed + tag
        }

        static func open(_ sealed: Data, with key: Data) -> Data? {
            guard sealed.count >= nonceSize + tagSize else { return nil }
            let nonce = [UInt8](sealed.prefix(nonceSize))
            let body = [UInt8](sealed.dropFirst(nonceSize).dropLast(tagSize))
            var tag = [UInt8](sealed.suffix(tagSize))
            let context = EVP_CIPHER_CTX_new()
            defer { EVP_CIPHER_CTX_free(context) }
            var opened = [UInt8](repeating: 0, count: body.count)
            var count: Int32 = 0
            guard
                EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, [UInt8](key), nonce) == 1,
                EVP_DecryptUpdate(context, &opened, &count, body, Int32(body.count)) == 1,
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), &tag) == 1,
                EVP_DecryptFinal_ex(context, nil, &count) == 1
            else { return nil }
            return Data(opened)
        }

        /// The private half in PKCS #8, the public half in a SubjectPublicKeyInfo.
        static func newKey() throws -> (key: Data, publicKey: Data) {
            let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
            defer { EVP_PKEY_CTX_free(context) }
            var key: OpaquePointer?
            guard
                EVP_PKEY_keygen_init(context) == 1,
                EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
                EVP_PKEY_generate(context, &key) == 1
            else { throw Failed() }
            defer { EVP_PKEY_free(key) }
            return (try encoded { i2d_PrivateKey(key, $0) }, try encoded { i2d_PUBKEY(key, $0) })
        }

        static func sign(_ message: Data, with key: Data) throws -> Data {
            let bytes = [UInt8](key)
            let key = bytes.withUnsafeBufferPointer { buffer in
                var start = buffer.baseAddress
                return d2i_AutoPrivateKey(nil, &start, buffer.count)
            }
            defer { EVP_PKEY_free(key) }
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            let message = [UInt8](message)
            var signature = [UInt8](repeating: 0, count: 80)
            var count = signature.count
            guard
                EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
                EVP_DigestSign(context, &signature, &count, message, message.count) == 1
            else { throw Failed() }
            return Data(signature.prefix(count))
        }

        private static func encoded(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) throws -> Data {
            var bytes = [UInt8](repeating: 0, count: Int(encode(nil)))
            let written = bytes.withUnsafeMutableBufferPointer { buffer in
                var start = buffer.baseAddress
                return encode(&start)
            }
            guard written > 0, written == bytes.count else { throw Failed() }
            return Data(bytes)
        }
    }
#endif
