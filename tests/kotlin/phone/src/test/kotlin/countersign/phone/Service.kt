package countersign.phone

import java.net.ServerSocket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.readText

/** The real sign-in service, on a free port, with a folder of its own. */
class Service(private vararg val settings: String) : AutoCloseable {
    private val folder: Path = Files.createTempDirectory("countersign-kotlin-")
    private val port = ServerSocket(0).use { it.localPort }
    val origin = "http://127.0.0.1:$port"
    private var process = start()

    private fun start(): Process {
        val program =
            System.getenv("COUNTERSIGN_SERVICE")
                ?: error("COUNTERSIGN_SERVICE does not name the service's program")
        val log = folder.resolve("log")
        val process =
            ProcessBuilder(
                    program,
                    "--listen",
                    "127.0.0.1:$port",
                    "--data",
                    "$folder/data",
                    "--origin",
                    origin,
                    "--large-network",
                    "127.0.0.0/8=1000",
                    *settings,
                )
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
        val http = HttpClient.newHttpClient()
        val request = HttpRequest.newBuilder(URI("$origin/.well-known/countersign")).build()
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
        while (
            runCatching { http.send(request, BodyHandlers.discarding()).statusCode() }
                .getOrNull() != 200
        ) {
            check(process.isAlive && System.nanoTime() < deadline) {
                "the service did not start:\n${log.readText()}"
            }
            Thread.sleep(100)
        }
        return process
    }

    /**
     * The newest link to a page below this path that was mailed to this address and is not among
     * [opened], without its origin.
     */
    fun mailedLink(to: String, below: String, opened: Set<String>): String {
        repeat(1500) {
            val files =
                folder
                    .resolve("data/outbox")
                    .toFile()
                    .listFiles { file -> file.extension == "eml" }
                    .orEmpty()
            for (file in files.sortedByDescending { it.name }) {
                val lines = file.readText().split("\r\n")
                val link = lines.find { it.startsWith(origin + below) }
                val path = link?.removePrefix(origin) ?: continue
                if ("To: $to" in lines && path !in opened) return path
            }
            Thread.sleep(20)
        }
        error("no message to $to with $below")
    }

    /** What happens to a phone whose network is down. */
    suspend fun <T> unreachable(block: suspend () -> T): T {
        stop()
        return try {
            block()
        } finally {
            process = start()
        }
    }

    /** The service is there meanwhile, and does not answer. */
    fun <T> silent(block: () -> T): T {
        signal("STOP")
        return try {
            block()
        } finally {
            signal("CONT")
        }
    }

    private fun signal(name: String) {
        check(ProcessBuilder("kill", "-$name", "${process.pid()}").start().waitFor() == 0)
    }

    private fun stop() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    override fun close() {
        stop()
        folder.toFile().deleteRecursively()
    }

    companion object {
        /** One for all tests; each has an account of its own. */
        val shared: Service by lazy {
            Service().also { Runtime.getRuntime().addShutdownHook(Thread(it::close)) }
        }
    }
}
