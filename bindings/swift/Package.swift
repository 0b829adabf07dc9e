// swift-tools-version: 6.0
import PackageDescription

// The library itself: on Apple's systems the XCFramework that `xcframework` makes, elsewhere what cargo built, found by
// `swift build -Xlinker -L<its folder>`.
#if canImport(Darwin)
    let library = Target.binaryTarget(name: "CountersignFFI", path: "build/CountersignFFI.xcframework")
#else
    let library = Target.systemLibrary(name: "CountersignFFI")
#endif

let package = Package(
    name: "Countersign",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Countersign", targets: ["Countersign"])],
    targets: [
        library,
        // Countersign.swift in it is generated; see `generate`. In the mode of Swift 6 the compiler 6.0 fails on it; apps may use that mode.
        .target(
            name: "Countersign",
            dependencies: ["CountersignFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [.linkedFramework("Security", .when(platforms: [.iOS, .macOS]))]
        ),
    ]
)
