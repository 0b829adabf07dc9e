package countersign.app

import java.io.File
import java.util.Properties
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test

/** The build files of Gradle, which is not here, held against what is here. */
class BuildTest {
    private val android = File("../../../android")
    private val app = File(android, "app/build.gradle.kts").readText()
    private val root = File(android, "build.gradle.kts").readText()

    private fun number(name: String, text: String = app) =
        Regex("""$name = (\d+)""").find(text)!!.groupValues[1].toInt()

    private fun version(text: String) =
        text.split('.').map { it.toInt() }.run { this[0] * 10_000 + this[1] * 100 + this[2] }

    @Test
    fun `every library that is packed is satisfied with the Android and the plugin that the build files name`() {
        val plugin =
            Regex("""com.android.application"\) version "([\d.]+)"""").find(root)!!.groupValues[1]
        val compiled = number("compileSdk")
        val libraries = File("../compose/target/aar").listFiles()!!
        assertTrue(libraries.size >= 40)
        for (library in libraries) {
            val file = File(library, "META-INF/com/android/build/gradle/aar-metadata.properties")
            if (!file.exists()) continue
            val asks = Properties().apply { file.inputStream().use(::load) }
            val sdk = asks.getProperty("minCompileSdk")?.toInt() ?: 1
            assertTrue(sdk <= compiled, "${library.name} asks for $sdk")
            val least = asks.getProperty("minAndroidGradlePluginVersion") ?: continue
            assertTrue(
                version(least) <= version(plugin),
                "${library.name} asks for the plugin $least",
            )
            assertEquals(
                "false",
                asks.getProperty("coreLibraryDesugaringEnabled") ?: "false",
                library.name,
            )
        }
        assertEquals(
            compiled,
            number("compileSdk", File(android, "countersign/build.gradle.kts").readText()),
        )
        assertEquals(36, number("targetSdk"))
        assertTrue(version(plugin) >= version("9.2.0"))
    }

    @Test
    fun `Gradle and Maven name the same versions`() {
        val pom = File("../compose/pom.xml").readText()
        for ((group, name, version) in
            Regex("""implementation\("(androidx[^:]*):([^:]*):([^"]*)"\)""").findAll(app).map {
                it.destructured
            }) {
            val artifact = "<artifactId>$name(-android)?</artifactId>"
            val there = Regex("<groupId>$group</groupId>$artifact<version>([^<]*)<").find(pom)
            assertEquals(version, there?.groupValues?.get(2), "$group:$name")
        }
        val kotlin = Regex("""plugin.compose"\) version "([^"]+)"""").find(root)!!.groupValues[1]
        assertTrue("<kotlin.version>$kotlin<" in File("pom.xml").readText())
    }

    @Test
    fun `nothing of the app is kept by what saves a screen`() {
        val sources =
            File("../../../android/app/src/main/kotlin")
                .walk()
                .filter { it.extension == "kt" }
                .toList()
        assertTrue(sources.size > 20)
        for (source in sources) for (word in
            listOf("rememberSaveable", "SavedStateHandle", "savedInstanceState")) {
            assertFalse(word in source.readText(), "$word in ${source.name}")
        }
    }

    @Test
    fun `screens know nothing of Android, which is asked by a few files around them`() {
        val around =
            setOf(
                "AndroidShell",
                "Bell",
                "Camera",
                "CameraPreview",
                "CountersignApp",
                "Links",
                "MainActivity",
                "Pictures",
                "Push",
                "QuietFrame",
                "Session",
                "Typing",
                "Words",
            )
        val knowing =
            File("../../../android/app/src/main/kotlin").walk().filter {
                it.extension == "kt" && "import android." in it.readText()
            }
        assertEquals(around, knowing.map { it.nameWithoutExtension }.toSet())
    }
}
