package countersign.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.os.Build
import java.io.File
import kotlin.math.abs
import kotlin.test.assertEquals
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test

private val PICTURES = File("../../../docs/pictures/android")
private val OTHERS = File("target/golden")
private const val MOST_BYTES = 2_000_000L

/** The side of a square, in pixels, whose mean colour is compared. */
private const val SQUARE = 4

/**
 * By how much a mean may differ, of 255: edges are rounded otherwise elsewhere, and no letter is.
 */
private const val NEAR = 12

private val VARIANTS =
    mapOf(
        "light" to ("+en-w360dp-h640dp-port-notnight-mdpi" to 1f),
        "dark" to ("+en-w360dp-h640dp-port-night-mdpi" to 1f),
        "lv" to ("+lv-w360dp-h640dp-port-notnight-mdpi" to 1f),
        "large" to ("+en-w360dp-h640dp-port-notnight-mdpi" to 2f),
        "land" to ("+en-w640dp-h360dp-land-notnight-mdpi" to 1f),
        "tablet" to ("+en-w800dp-h1000dp-port-notnight-mdpi" to 1f),
    )

/**
 * The five screens that people see most, as pictures that are kept and that README shows. One that
 * looks different fails, and is left in target/golden; tests/kotlin/app/golden draws them anew.
 */
class GoldenTest : Hand() {
    private val anew = System.getenv("GOLDEN") == "new"

    private fun name(screen: String, variant: String) = "$screen-$variant.png"

    private fun kept(file: String): Bitmap? =
        File(PICTURES, file).takeIf(File::exists)?.readBytes()?.let {
            BitmapFactory.decodeByteArray(it, 0, it.size)
        }

    @Test
    fun `A13 the five screens that people see most look as they were drawn`() {
        assumeTrue(
            "they were drawn by Android 16",
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.BAKLAVA,
        )
        start()
        Examples.begin(session)
        if (anew) PICTURES.mkdirs()
        val wrong = ArrayList<String>()
        for ((variant, look) in VARIANTS) {
            Examples.show(session, AddScreen(session))
            again(look.first, look.second)
            for ((screen, shown) in Examples.screens(session)) {
                Examples.show(session, shown)
                idle(SETTLED)
                compare(name(screen, variant), activity.picture())?.let(wrong::add)
            }
        }
        assertEquals(emptyList(), wrong)
        val files = PICTURES.listFiles()!!
        assertEquals(
            VARIANTS.keys
                .flatMap { of -> Examples.screens(session).keys.map { name(it, of) } }
                .toSet(),
            files.map { it.name }.toSet(),
        )
        assertTrue(files.sumOf { it.length() } <= MOST_BYTES)
        if (!anew) letters()
    }

    /**
     * What the comparison is good for: a letter that changes is seen, and edges that are rounded
     * otherwise are not.
     */
    private fun letters() {
        val (qualifiers, scale) = VARIANTS.getValue("light")
        val there = kept(name("home", "light"))!!
        session.accounts = listOf(Examples.account.copy(name = "anne@example.eu"), Examples.other)
        Examples.show(session, AddScreen(session))
        again(qualifiers, scale)
        Examples.show(session, null)
        idle(SETTLED)
        assertNotEquals(0, differing(there, activity.picture()), "a letter")
        val rough = there.copy(Bitmap.Config.ARGB_8888, true)
        for (y in 0 until rough.height) for (x in 0 until rough.width) {
            val by = (x * 7 + y * 13) % 17 - 8
            val at = rough.getPixel(x, y)
            val parts = listOf(16, 8, 0).map { ((at shr it and 0xff) + by).coerceIn(0, 255) shl it }
            rough.setPixel(x, y, 0xff000000.toInt() or parts.sum())
        }
        assertEquals(0, differing(there, rough), "edges")
    }

    private fun compare(file: String, drawn: Bitmap): String? {
        if (anew) {
            save(drawn, File(PICTURES, file))
            return null
        }
        val there = kept(file) ?: return "$file is not there"
        val other =
            if (there.width != drawn.width || there.height != drawn.height) "another size"
            else {
                "${differing(there, drawn).takeIf { it > 0 } ?: return null} squares"
            }
        save(drawn, File(OTHERS.apply(File::mkdirs), file))
        return "$file: $other, see $OTHERS"
    }

    /** How many squares of two pictures of one size have another mean colour. */
    private fun differing(one: Bitmap, other: Bitmap): Int {
        val (first, second) = means(one) to means(other)
        return first.indices.count { at -> abs(first[at] - second[at]) > NEAR }
    }

    /** The mean of each square's red, green and blue. */
    private fun means(picture: Bitmap): IntArray {
        val (width, height) = picture.width to picture.height
        val pixels =
            IntArray(width * height).also { picture.getPixels(it, 0, width, 0, 0, width, height) }
        val across = (width + SQUARE - 1) / SQUARE
        val squares = across * ((height + SQUARE - 1) / SQUARE)
        val (sums, counts) = IntArray(squares * 3) to IntArray(squares)
        for (at in pixels.indices) {
            val square = at / width / SQUARE * across + at % width / SQUARE
            counts[square]++
            for (colour in 0..2) sums[square * 3 + colour] += pixels[at] shr 8 * colour and 0xff
        }
        return IntArray(sums.size) { sums[it] / counts[it / 3] }
    }

    private companion object {
        /** Frames until a screen has come in. */
        const val SETTLED = 40
    }
}
