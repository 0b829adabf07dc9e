// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "CountersignPhone",
    platforms: [.iOS(.v15)],
    products: [.library(name: "CountersignPhone", targets: ["CountersignPhone"])],
    dependencies: [.package(path: "../bindings/swift")],
    targets: [
        .target(
            name: "CountersignPhone",
            dependencies: [.product(name: "Countersign", package: "swift")],
            // LocalAuthentication's classes are not marked as safe between threads, which they are.
            swiftSettings: [.swiftLanguageMode(.v5)]
        )
    ]
)
