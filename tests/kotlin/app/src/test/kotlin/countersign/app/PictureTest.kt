package countersign.app

import android.net.Uri
import android.os.Looper
import java.io.IOException
import java.io.InputStream
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import kotlinx.coroutines.launch
import org.junit.Test
import org.robolectric.Shadows.shadowOf

private const val LARGEST = 32 * 1024 * 1024L

/** A14: a picture of another app is read for ten seconds and 32 MB, and not for longer. */
class PictureTest : Hand() {
    private val uri = Uri.parse("content://pictures/1")
    private val contents
        get() = shadowOf(app.contentResolver)

    private var over = false
    private var read: ByteArray? = null

    private fun begin() {
        over = false
        session.scope.launch {
            read = ContentPicture(app.contentResolver, uri).read()
            over = true
        }
    }

    private fun sizeOf(bytes: Long): Int? {
        contents.registerInputStream(uri, Zeros(bytes))
        begin()
        until("it is read") { over }
        return read?.size
    }

    private class Zeros(private var left: Long) : InputStream() {
        override fun read() = if (left-- > 0) 0 else -1

        override fun read(into: ByteArray, at: Int, most: Int): Int {
            val given = minOf(left, most.toLong()).toInt()
            left -= given
            return if (given == 0) -1 else given
        }
    }

    @Test
    fun `A14 a picture has at most 32 MB, however much more there would be`() {
        assertEquals(LARGEST.toInt(), sizeOf(LARGEST))
        assertEquals(null, sizeOf(LARGEST + 1))
        assertEquals(null, sizeOf(Long.MAX_VALUE))
    }

    /**
     * Nothing interrupts it, as nothing interrupts who waits at a pipe; it ends when it is closed.
     */
    private class Hanging : InputStream() {
        val asked = CountDownLatch(1)
        val closed = CountDownLatch(1)

        override fun read(): Int {
            asked.countDown()
            while (true) try {
                closed.await()
                throw IOException("closed")
            } catch (_: InterruptedException) {
                continue
            }
        }

        override fun read(into: ByteArray, at: Int, most: Int) = read()

        override fun close() = closed.countDown()
    }

    private fun givenUp() {
        val clock = shadowOf(Looper.getMainLooper())
        clock.idleFor(Duration.ofSeconds(9))
        assertFalse(over, "it may be slow")
        clock.idleFor(Duration.ofSeconds(2))
        assertTrue(over, "nobody waits for it any more")
        assertEquals(null, read)
    }

    @Test
    fun `A14 an app that gives a picture and hangs is given up after ten seconds, and its stream closed`() {
        val picture = Hanging()
        contents.registerInputStream(uri, picture)
        begin()
        assertTrue(picture.asked.await(10, TimeUnit.SECONDS))
        givenUp()
        assertTrue(picture.closed.await(10, TimeUnit.SECONDS))
    }

    @Test
    fun `A14 so is one that hangs before it gives anything, and what it gives later is closed unread`() {
        val (asked, go) = CountDownLatch(1) to CountDownLatch(1)
        val picture = Hanging()
        contents.registerInputStreamSupplier(uri) {
            asked.countDown()
            go.await()
            picture
        }
        begin()
        assertTrue(asked.await(10, TimeUnit.SECONDS))
        givenUp()
        go.countDown()
        assertTrue(picture.closed.await(10, TimeUnit.SECONDS))
        assertEquals(1, picture.asked.count)
    }
}
