package countersign.android

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.media.Image
import android.os.Build
import countersign.Authenticator
import countersign.Biometrics
import countersign.KeyStore
import countersign.OpenException
import countersign.PictureException
import countersign.PixelFormat
import countersign.Platform
import countersign.PushAddresses
import countersign.QrCode
import countersign.Scanner
import countersign.UserPresence
import java.io.ByteArrayOutputStream
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Opens this phone, with its data where no backup looks.
 *
 * @param presence the phone's own lock, a [DeviceLock] for instance.
 * @param biometrics a finger or face in the place of the PIN: [AndroidBiometrics], or none.
 * @param push where push messages go: [UnifiedPush], or none.
 * @param authorities certificate authorities beside the public ones, each a DER certificate. What
 *   users or administrators added to the system is not looked at.
 */
@Throws(OpenException::class)
suspend fun openPhone(
    context: Context,
    presence: UserPresence,
    keyStore: KeyStore = AndroidKeys(context),
    biometrics: Biometrics? = null,
    authorities: List<ByteArray> = emptyList(),
    push: PushAddresses? = null,
): Authenticator =
    Authenticator.open(
        File(context.noBackupFilesDir, "countersign").path,
        Platform(
            keyStore = keyStore,
            presence = presence,
            system = "Android ${Build.VERSION.RELEASE}",
            model = "${Build.MANUFACTURER} ${Build.MODEL}",
            biometrics = biometrics,
            pushAddresses = push,
            authorities = authorities,
        ),
    )

/**
 * Every code that is read in a camera's frame (`YUV_420_888`), within about eight milliseconds and
 * without copying it. Close the image yourself.
 */
@Throws(PictureException::class)
fun Scanner.frame(image: Image): List<QrCode> {
    val luma = image.planes[0]
    return frame(luma.buffer, image.width, image.height, luma.rowStride, PixelFormat.LUMA)
}

/**
 * Every code in a picture file. What the core does not read itself, WebP for one, the system opens.
 *
 * @throws PictureException as [Scanner.picture] does.
 */
suspend fun Scanner.anyPicture(file: ByteArray): List<QrCode> =
    try {
        picture(file)
    } catch (unknown: PictureException.Format) {
        picture(withContext(Dispatchers.Default) { asPng(file) } ?: throw unknown)
    }

/** The picture, made small enough to be held in memory. */
private fun asPng(file: ByteArray): ByteArray? {
    val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeByteArray(file, 0, file.size, options)
    if (options.outWidth <= 0 || options.outHeight <= 0) return null
    options.inJustDecodeBounds = false
    options.inSampleSize = 1
    while (
        options.outWidth.toLong() * options.outHeight /
            (options.inSampleSize * options.inSampleSize) > LARGEST_BITMAP
    ) options.inSampleSize *= 2
    val bitmap = BitmapFactory.decodeByteArray(file, 0, file.size, options) ?: return null
    val png = ByteArrayOutputStream()
    return if (bitmap.compress(Bitmap.CompressFormat.PNG, 100, png)) png.toByteArray() else null
}

/** In pixels of four bytes. */
private const val LARGEST_BITMAP = 16_000_000
