package countersign.app

import countersign.Choice
import countersign.PictureException
import countersign.PixelFormat
import countersign.Scanner
import countersign.chooseCode
import java.nio.ByteBuffer

/**
 * The frames of a camera, one after the other: their brightness is looked at where it lies, and not
 * copied.
 */
class Frames : AutoCloseable {
    private val scanner = Scanner()

    /**
     * @param luma the first plane of a YUV frame, a direct buffer; [stride] bytes from row to row.
     */
    fun read(luma: ByteBuffer, width: Int, height: Int, stride: Int): Choice =
        try {
            chooseCode(scanner.frame(luma, width, height, stride, PixelFormat.LUMA))
        } catch (_: PictureException) {
            // What one frame does not show, another will.
            Choice.Nothing
        }

    override fun close() = scanner.close()
}
