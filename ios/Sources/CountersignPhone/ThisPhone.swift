import CoreVideo
import Countersign
import Foundation

extension Authenticator {
    /// Opens the phone with its data where no backup looks.
    ///
    /// - Parameters:
    ///   - presence: The phone's own lock.
    ///   - keyStore: The phone's keys.
    ///   - biometrics: A finger or face in the place of the PIN: ``EnclaveBiometrics``, or none.
    ///   - push: Where push messages go: a ``DeviceToken``, or none.
    ///   - authorities: Certificate authorities beside the public ones, each a DER certificate. What users or administrators added to the system is
    ///     not looked at.
    /// - Throws: `OpenError`, and what the system says where the folder can't be looked at, there is no room, or the phone is locked.
    public static func onThisPhone(
        presence: any UserPresence = PhoneLock(), keyStore: any KeyStore = EnclaveKeys(), biometrics: (any Biometrics)? = nil,
        push: (any PushAddresses)? = nil, authorities: [Data] = []
    ) async throws -> Authenticator {
        try await open(
            at: folder(),
            platform: Platform(
                keyStore: keyStore, presence: presence, system: "iOS \(ProcessInfo.processInfo.operatingSystemVersion.majorVersion)", model: model(),
                biometrics: biometrics, pushAddresses: push, authorities: authorities))
    }

    /// The folder of the phone's data: not in a backup, and sealed by the system while the phone is locked.
    private static func folder() throws -> URL {
        let files = FileManager.default
        let support = try files.url(for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var folder = support.appendingPathComponent("countersign", isDirectory: true)
        do {
            _ = try files.attributesOfItem(atPath: folder.path)
        } catch CocoaError.fileReadNoSuchFile {
            // The app is new here. Keys of one that was deleted go; that there was one, `resume` reports. Any other error is no reason to
            // delete keys: the data may be there.
            try EnclaveKeys.forgetEarlierKeys()
            try EnclaveBiometrics.items.removeAll()
            // What is open stays open when the phone is locked, so that an answer under way is written.
            try files.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.protectionKey: FileProtectionType.completeUnlessOpen])
        }
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        return folder
    }

    /// "iPhone17,3" for instance.
    private static func model() -> String {
        var system = utsname()
        uname(&system)
        return withUnsafeBytes(of: &system.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension Scanner {
    /// Every code that is read in a camera's frame (`kCVPixelFormatType_420YpCbCr8BiPlanarFullRange`), within about eight milliseconds and without
    /// copying it.
    ///
    /// - Throws: `PictureError`.
    public func frame(_ buffer: CVPixelBuffer) throws -> [QrCode] {
        CVPixelBufferLockBaseAddress(buffer, .readOnly)
        defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
        let (width, height) = (CVPixelBufferGetWidthOfPlane(buffer, 0), CVPixelBufferGetHeightOfPlane(buffer, 0))
        let stride = CVPixelBufferGetBytesPerRowOfPlane(buffer, 0)
        guard let luma = CVPixelBufferGetBaseAddressOfPlane(buffer, 0) else { return [] }
        let pixels = Data(bytesNoCopy: luma, count: stride * height, deallocator: .none)
        return try frame(pixels, width: width, height: height, stride: stride, format: .luma)
    }
}
