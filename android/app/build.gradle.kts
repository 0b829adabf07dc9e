// The app: an APK of the screens, and of the library with all that it needs.

plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "countersign.app"
    compileSdk = 36

    defaultConfig {
        applicationId = "countersign.app"
        minSdk = 28
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        // JNA brings others too, for which there is no library of ours.
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86") }
    }

    buildTypes {
        // Signed by whoever builds it for a service; assembleDebug signs with a key of the machine's own.
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    packaging {
        // Licences that two libraries bring under one name.
        resources.excludes += setOf("META-INF/AL2.0", "META-INF/LGPL2.1")
    }

    lint {
        abortOnError = true
        // A text that is missing in a language is an error.
        error += "MissingTranslation"
    }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":countersign"))
}
