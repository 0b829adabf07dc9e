package countersign.app

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.util.Size
import android.view.TextureView
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.StreamConfigurationMapBuilder
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** A3: the camera, as far as it can be had without one: it is asked for, opened, and given back. Its frames are not. */
class CameraTest : Hand() {
    private fun thereIsACamera() {
        val characteristics = ShadowCameraCharacteristics.newCameraCharacteristics()
        val sizes = StreamConfigurationMapBuilder.newBuilder().addOutputSize(ImageFormat.YUV_420_888, Size(1280, 720)).build()
        shadowOf(characteristics).run {
            set(CameraCharacteristics.LENS_FACING, CameraMetadata.LENS_FACING_BACK)
            set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, sizes)
        }
        shadowOf(app.getSystemService(CameraManager::class.java)).addCamera("0", characteristics)
    }

    private fun permitted() {
        shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
        activity.onRequestPermissionsResult(CAMERA, arrayOf(Manifest.permission.CAMERA), intArrayOf(PackageManager.PERMISSION_GRANTED))
    }

    @Test
    fun `A3 the camera is used with the person's leave, and given back`() {
        thereIsACamera()
        start()
        press("Scan the QR code")
        assertTrue(Manifest.permission.CAMERA in shadowOf(activity).lastRequestedPermission.requestedPermissions)
        assertTrue(sees("The camera can’t be used."))
        permitted()
        assertTrue(sees("Hold the camera over the code on the page."))
        assertEquals(1, visible<TextureView>().size)
        controller.pause().stop()
        controller.start().resume()
        assertTrue(sees("Hold the camera over the code on the page."))
        press("Paste a link")
        press("Cancel")
        assertTrue(sees("Hold the camera over the code on the page."))
    }

    @Test
    fun `A14 without a camera there are pictures and links`() {
        start()
        press("Scan the QR code")
        permitted()
        assertTrue(sees("The camera can’t be used."))
        assertFalse(visible<TextureView>().isNotEmpty())
        assertTrue(button("Choose a picture").isEnabled && button("Paste a link").isEnabled)
    }
}
