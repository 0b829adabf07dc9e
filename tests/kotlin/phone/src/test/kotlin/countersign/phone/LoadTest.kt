package countersign.phone

import countersign.PinEntry
import countersign.PixelFormat
import countersign.Scanner
import countersign.Source
import countersign.approve
import countersign.frame
import countersign.pending
import countersign.refresh
import countersign.requests
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** Many calls, cancelled calls, calls at once. */
class LoadTest {
    @Test
    fun `a call that waits is cancelled at once, and loses nothing`() = job {
        World.create().use { world ->
            val taken = measureTime {
                assertNull(
                    withTimeoutOrNull(300.milliseconds) {
                        world.phone.requests(world.account).first()
                    }
                )
            }
            assertTrue(taken < 2.seconds, "$taken")
            world.phone.watch(world.account.number).use { watcher ->
                val waiting = launch { watcher.next() }
                delay(300)
                waiting.cancelAndJoin()
                val number = world.person.askApp()
                world.phone.approve(watcher.next(), pin(PIN), number)
            }
        }
    }

    @Test
    fun `a flow tells of every new request once`() = job {
        World.create().use { world ->
            val both = async { world.phone.requests().take(2).toList() }
            val first = world.person.askApp()
            while (world.phone.pending(world.account).isEmpty()) delay(50)
            world.phone.approve(world.request(), pin(PIN), first)
            world.person.waitWhile("open")
            world.person.askApp()
            assertEquals(2, both.await().map { it.id }.toSet().size)
        }
    }

    @Test
    fun `cancelled in the middle of anything, the phone goes on`() = job {
        World.create().use { world ->
            for (after in 0L..40L step 2) {
                val call =
                    launch(Dispatchers.Default) {
                        try {
                            world.phone.refresh(world.account)
                        } catch (cancelled: CancellationException) {
                            throw cancelled
                        }
                    }
                delay(after)
                call.cancelAndJoin()
            }
            assertEquals(5, world.phone.refresh(world.account).triesLeft)
        }
    }

    @Test
    fun `two hundred calls at once are answered, each with its own answer`() = job {
        World.create().use { world ->
            val answers =
                List(200) { at ->
                    async(Dispatchers.Default) {
                        when (at % 4) {
                            0 -> world.phone.accounts().single().number == world.account.number
                            1 -> world.phone.history().size == 1
                            2 -> world.phone.pending(world.account).isEmpty()
                            else -> world.phone.refresh(world.account).triesLeft == 5
                        }
                    }
                }
            assertEquals(List(200) { true }, answers.awaitAll())
        }
    }

    @Test
    fun `ten thousand calls leave no more memory taken than none`() = job {
        World.create().use { world ->
            val grey = ByteArray(64 * 64) { 127 }
            suspend fun calls(count: Int) =
                repeat(count) { at ->
                    when (at % 5) {
                        0 -> assertEquals(1, world.phone.accounts().size)
                        1 ->
                            assertFailsWith<countersign.ReadException> {
                                world.phone.scan("nothing", Source.PASTE)
                            }
                        2 -> PinEntry().use { entry -> repeat(4) { digit -> entry.push(digit) } }
                        3 ->
                            assertFailsWith<countersign.ApproveException> {
                                world.phone.approve(
                                    "nothing",
                                    null,
                                    10,
                                    countersign.UnlockMethod.Pin(pin(PIN)),
                                )
                            }
                        else -> Scanner().use { it.frame(grey, 64, 64, 64, PixelFormat.LUMA) }
                    }
                }
            calls(10_000)
            // What leaks grows in each round; what the JVM takes for itself, once.
            val grown = mutableListOf<Long>()
            do {
                val before = resident()
                calls(10_000)
                grown += resident() - before
            } while (grown.last() >= 4096 && grown.size < 3)
            println("10,000 calls took $grown kB more")
            assertTrue(grown.last() < 4096, "$grown kB")
        }
    }

    /**
     * The process's memory in kB. The Java heap is all there from the start (see the command line),
     * so what grows is outside it.
     */
    private fun resident(): Long {
        repeat(3) {
            System.gc()
            Thread.sleep(100)
        }
        return File("/proc/self/status")
            .readLines()
            .first { it.startsWith("VmRSS:") }
            .filter(Char::isDigit)
            .toLong()
    }
}
