package countersign.android

import android.content.Context
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
import java.io.File

/**
 * Opens this phone, with its data where no backup looks.
 *
 * @param presence the phone's own lock, a [DeviceLock] for instance.
 * @param biometrics a finger or face in the place of the PIN: [AndroidBiometrics], or none.
 * @param push where push messages go: [UnifiedPush], or none.
 * @param authorities certificate authorities beside the public ones, each a DER certificate. What users or administrators added to the system is not
 *   looked at.
 */
@Throws(OpenException::class)
suspend fun openPhone(
    context: Context,
    presence: UserPresence,
    keyStore: KeyStore = AndroidKeys(context),
    biometrics: Biometrics? = null,
    authorities: List<ByteArray> = emptyList(),
    push: PushAddresses? = null,
): Authenticator = Authenticator.open(
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

/** Every code that is read in a camera's frame (`YUV_420_888`), within about eight milliseconds and without copying it. Close the image yourself. */
@Throws(PictureException::class)
fun Scanner.frame(image: Image): List<QrCode> {
    val luma = image.planes[0]
    return frame(luma.buffer, image.width, image.height, luma.rowStride, PixelFormat.LUMA)
}
