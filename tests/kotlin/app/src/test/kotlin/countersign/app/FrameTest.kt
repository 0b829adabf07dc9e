package countersign.app

import android.graphics.Bitmap
import android.graphics.Canvas
import java.lang.management.ManagementFactory
import kotlin.test.assertTrue
import org.junit.Test

private const val WARM = 3
private const val FRAMES = 20
private const val MOST_MS = 120.0
private const val NANOS_PER_MS = 1e6

/** What the list of accounts costs. */
class FrameTest : Hand() {
    /** The median of a frame's processor time, in milliseconds: composed, laid out and drawn. */
    private fun frame(accounts: Int): Double {
        session.accounts =
            (1..accounts).map {
                Examples.account.copy(number = it.toUInt(), name = "anna$it@example.eu")
            }
        val view = activity.window.decorView
        val canvas = Canvas(Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888))
        val clock = ManagementFactory.getThreadMXBean()
        val times =
            (1..WARM + FRAMES).map {
                val began = clock.currentThreadCpuTime
                session.screens.top.redraw()
                idle(1)
                view.draw(canvas)
                (clock.currentThreadCpuTime - began) / NANOS_PER_MS
            }
        return times.drop(WARM).sorted()[FRAMES / 2]
    }

    @Test
    fun `A11 the list of 50 accounts draws a frame in time, and in at most twice that of one`() {
        start()
        frame(1)
        val one = frame(1)
        val fifty = frame(50)
        println(
            "a frame of the list: %.1f ms of processor time with one account, %.1f with 50"
                .format(one, fifty)
        )
        assertTrue(
            sees("anna2@example.eu") && !sees("anna50@example.eu"),
            "what is in sight, and no more",
        )
        assertTrue(fifty <= MOST_MS, "$fifty ms")
        assertTrue(fifty <= 2 * one, "$fifty ms against $one")
    }
}
