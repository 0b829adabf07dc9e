// The app: an APK of the screens, and of the library with all that it needs.

plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.plugin.compose")
}

android {
    namespace = "countersign.app"
    compileSdk = 37

    defaultConfig {
        applicationId = "countersign.app"
        minSdk = 28
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        // JNA brings others too, for which there is no library of ours.
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86") }
    }

    buildFeatures { compose = true }

    buildTypes {
        // Texts that are too long, or run from right to left, are looked at with made-up languages.
        debug { isPseudoLocalesEnabled = true }
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
    // As tests/kotlin/compose/pom.xml has them, with what they stand on.
    implementation("androidx.activity:activity-compose:1.12.4")
    implementation("androidx.compose.foundation:foundation:1.12.1")
    implementation("androidx.compose.material3:material3:1.4.0")
    implementation("androidx.compose.ui:ui:1.12.1")
}
