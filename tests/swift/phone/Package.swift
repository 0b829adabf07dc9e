// swift-tools-version: 6.0
import PackageDescription

// On Linux the software key store signs with OpenSSL, on Apple's systems with CryptoKit.
#if canImport(Darwin)
    let cryptography: [Target] = []
#else
    let cryptography: [Target] = [.systemLibrary(name: "COpenSSL")]
#endif

let package = Package(
    name: "CountersignTests",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: cryptography + [
        .testTarget(
            name: "PhoneTests",
            dependencies: [.product(name: "Countersign", package: "swift")] + cryptography.map { .target(name: $0.name) }
        )
    ]
)
