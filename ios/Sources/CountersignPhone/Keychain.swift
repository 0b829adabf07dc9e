import Foundation
import Security

/// Items that stay on this device: not synchronised, in no backup that another device could open, and to be read only while the phone is unlocked.
struct Keychain: Sendable {
    /// What the Keychain said, other than that an item is not there.
    struct Failed: Error {
        let status: OSStatus

        /// In a few words of English.
        var why: String {
            status == errSecInteractionNotAllowed ? "the phone is locked" : "the Keychain said \(status)"
        }
    }

    let service: String

    private func query(_ name: String) -> [CFString: Any] {
        [kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecAttrAccount: name, kSecUseDataProtectionKeychain: true]
    }

    func add(_ data: Data, as name: String) throws {
        var item = query(name)
        item[kSecValueData] = data
        item[kSecAttrAccessible] = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
        item[kSecAttrSynchronizable] = false
        let status = SecItemAdd(item as CFDictionary, nil)
        guard status == errSecSuccess else { throw Failed(status: status) }
    }

    func item(_ name: String) throws -> Data? {
        var wanted = query(name)
        wanted[kSecReturnData] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(wanted as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess, let data = found as? Data else { throw Failed(status: status) }
        return data
    }

    /// Whether an item is there, without reading it: also one that has no data.
    func has(_ name: String) throws -> Bool {
        let status = SecItemCopyMatching(query(name) as CFDictionary, nil)
        if status == errSecItemNotFound { return false }
        guard status == errSecSuccess else { throw Failed(status: status) }
        return true
    }

    func remove(_ name: String) throws {
        try removed(SecItemDelete(query(name) as CFDictionary))
    }

    /// The Keychain's items outlive the app.
    func removeAll() throws {
        let all: [CFString: Any] = [kSecClass: kSecClassGenericPassword, kSecAttrService: service, kSecUseDataProtectionKeychain: true]
        try removed(SecItemDelete(all as CFDictionary))
    }

    private func removed(_ status: OSStatus) throws {
        guard status == errSecSuccess || status == errSecItemNotFound else { throw Failed(status: status) }
    }
}

/// When a key in the Secure Enclave may be used: on this device, while it is unlocked, and as `flags` say.
func access(_ flags: SecAccessControlCreateFlags = []) throws -> SecAccessControl {
    var error: Unmanaged<CFError>?
    let flags = flags.union(.privateKeyUsage)
    guard let access = SecAccessControlCreateWithFlags(nil, kSecAttrAccessibleWhenUnlockedThisDeviceOnly, flags, &error) else {
        throw error?.takeRetainedValue() as Error? ?? Keychain.Failed(status: errSecParam)
    }
    return access
}
