package countersign.app

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.BitmapFactory
import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.util.Size
import countersign.Candidate
import countersign.Choice
import java.nio.ByteBuffer
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.StreamConfigurationMapBuilder

private const val WIDTH = 400
private const val HEIGHT = 320
private const val STRIDE = 448
private const val MARGIN = 30
private const val PAPER = 220.toByte()
private const val FRAMES = 500

/**
 * A3: the camera, as far as it can be had without one: it is asked for, opened, and given back. Its
 * frames are recorded ones.
 */
class CameraTest : Hand() {
    private fun thereIsACamera() {
        val characteristics = ShadowCameraCharacteristics.newCameraCharacteristics()
        val sizes =
            StreamConfigurationMapBuilder.newBuilder()
                .addOutputSize(ImageFormat.YUV_420_888, Size(1280, 720))
                .build()
        shadowOf(characteristics).run {
            set(CameraCharacteristics.LENS_FACING, CameraMetadata.LENS_FACING_BACK)
            set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, sizes)
        }
        shadowOf(app.getSystemService(CameraManager::class.java)).addCamera("0", characteristics)
    }

    private fun permitted() {
        shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
        activity.onRequestPermissionsResult(
            CAMERA,
            arrayOf(Manifest.permission.CAMERA),
            intArrayOf(PackageManager.PERMISSION_GRANTED),
        )
    }

    @Test
    fun `A3 the camera is used with the person's leave, and given back`() {
        thereIsACamera()
        start()
        press("Scan the QR code")
        assertTrue(sees("The camera reads the code"), "why comes before the system's question")
        assertEquals(null, shadowOf(activity).lastRequestedPermission)
        press("Use the camera")
        assertTrue(
            Manifest.permission.CAMERA in
                shadowOf(activity).lastRequestedPermission.requestedPermissions
        )
        permitted()
        waitFor("Hold the camera over the code on the page.")
        assertTrue(sees("What the camera sees"))
        press("Turn on the light")
        assertTrue(sees("Turn off the light"))
        controller.pause().stop()
        controller.restart().resume()
        waitFor("Hold the camera over the code on the page.")
        assertTrue(sees("Turn on the light"), "the light goes with the screen")
        press("Paste a link")
        press("Cancel")
        assertTrue(sees("Hold the camera over the code on the page."))
    }

    @Test
    fun `A3 after a refusal the way leads to the settings`() {
        thereIsACamera()
        start()
        press("Scan the QR code")
        press("Use the camera")
        activity.onRequestPermissionsResult(
            CAMERA,
            arrayOf(Manifest.permission.CAMERA),
            intArrayOf(PackageManager.PERMISSION_DENIED),
        )
        waitFor("This app may not use the camera.")
        press("Open the settings")
        val opened = shadowOf(activity).nextStartedActivity
        assertEquals(android.provider.Settings.ACTION_APPLICATION_DETAILS_SETTINGS, opened.action)
        assertTrue(isEnabled("Choose a picture") && isEnabled("Paste a link"))
    }

    @Test
    fun `A14 without a camera there are pictures and links`() {
        start()
        press("Scan the QR code")
        press("Use the camera")
        permitted()
        waitFor("The camera can’t be used.")
        assertTrue(isEnabled("Choose a picture") && isEnabled("Paste a link"))
    }

    /**
     * A camera's brightness of a page with a code on it; its rows are longer than they need be, as
     * many cameras have them.
     */
    private fun frame(picture: ByteArray): ByteBuffer {
        val image = BitmapFactory.decodeByteArray(picture, 0, picture.size)
        val luma = ByteBuffer.allocateDirect(STRIDE * HEIGHT)
        for (at in 0 until luma.capacity()) luma.put(at, PAPER)
        val scale = (HEIGHT - 2 * MARGIN).toFloat() / image.height
        for (y in 0 until HEIGHT - 2 * MARGIN) for (x in 0 until HEIGHT - 2 * MARGIN) {
            val light = image.getPixel((x / scale).toInt(), (y / scale).toInt()) and 0xff
            luma.put((y + MARGIN) * STRIDE + x + 2 * MARGIN, (30 + light * 3 / 4).toByte())
        }
        return luma
    }

    @Test
    fun `A3 recorded frames go the way of the camera's own, and between two codes none is chosen silently`() {
        start()
        person.addDevice()
        val picture = person.picture()
        Frames().use { frames ->
            val luma = frame(picture)
            // What one frame does not show, another will.
            val seen =
                generateSequence { frames.read(luma, WIDTH, HEIGHT, STRIDE) }
                    .take(FRAMES)
                    .first { it != Choice.Nothing }
            assertEquals(Choice.One(textOf(picture)), seen)
            assertEquals(
                Choice.Nothing,
                frames.read(ByteBuffer.allocateDirect(640 * 480), 640, 480, 640),
            )
        }
        press("Scan the QR code")
        val screen = session.screens.top as ScanScreen
        screen.saw(
            Choice.Several(
                listOf(Candidate("one.example.eu", "1"), Candidate("two.example.eu", "2"))
            )
        )
        waitFor("Come closer to the one that is meant.")
        screen.saw(Choice.One("https://example.eu/menu"))
        waitFor("This is no code of this app.")
        screen.saw(Choice.One(textOf(picture)))
        waitFor("Is this your account?")
    }

    @Test
    fun `A14 of several codes in a picture the person chooses by the host`() {
        initialise()
        person.askCode()
        val ours = person.picture()
        val other = "HTTPS://OTHER.EXAMPLE.EU/Q/ABC"
        press("Scan QR code")
        val text = textOf(ours)
        session.screens.replace(
            ChoiceScreen(
                session,
                listOf(Candidate("other.example.eu", other), Candidate("127.0.0.1", text)),
                countersign.Source.CAMERA,
            )
        )
        press("1. other.example.eu")
        waitFor("This code is damaged")
        press("2. 127.0.0.1")
        waitFor("Show a code only if you opened that page yourself.")
    }
}
