// The AAR: the Kotlin package, the Android platform traits, and the library for four kinds of processor.

plugins {
    id("com.android.library")
}

val repository = rootDir.parentFile
val libraries = layout.buildDirectory.dir("rust")
val generated = layout.buildDirectory.dir("generated/countersign")

android {
    namespace = "countersign.android"
    compileSdk = 37
    // From this on r28 links for pages of 16 KiB by itself; the flag below says so for older ones.
    ndkVersion = "28.2.13676358"

    defaultConfig {
        minSdk = 28
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86") }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    sourceSets.named("main") {
        kotlin.directories.addAll(listOf("src/main/kotlin", "$repository/bindings/kotlin/src/main/kotlin", generated.get().asFile.path))
        jniLibs.directories.add(libraries.get().asFile.path)
    }
}

kotlin { jvmToolchain(17) }

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    // Its own libraries are linked for pages of 16 KiB, too.
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}

/** Needs `cargo install cargo-ndk` and the four Rust targets. */
val buildLibraries by tasks.registering(Exec::class) {
    workingDir = repository
    environment("RUSTFLAGS", providers.exec { commandLine("$repository/bindings/phone-flags", "android") }.standardOutput.asText.get().trim())
    environment("ANDROID_NDK_HOME", android.ndkDirectory.path)
    commandLine(
        "cargo", "ndk", "-t", "arm64-v8a", "-t", "armeabi-v7a", "-t", "x86_64", "-t", "x86", "--platform", "28",
        "-o", libraries.get().asFile.path, "build", "--locked", "--profile", "phone", "-p", "countersign-ffi",
    )
    outputs.dir(libraries)
    outputs.upToDateWhen { false }
}

val generateKotlin by tasks.registering(Exec::class) {
    dependsOn(buildLibraries)
    workingDir = repository
    commandLine(
        "cargo", "run", "--quiet", "--locked", "--manifest-path", "bindings/bindgen/Cargo.toml", "--", "kotlin",
        libraries.get().file("arm64-v8a/libcountersign_ffi.so").asFile.path, generated.get().asFile.path,
    )
    outputs.dir(generated)
}

tasks.named("preBuild") { dependsOn(generateKotlin) }
