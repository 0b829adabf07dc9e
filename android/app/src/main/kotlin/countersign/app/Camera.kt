package countersign.app

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.RectF
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.hardware.camera2.CaptureRequest
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import android.util.Size
import android.view.Surface
import android.view.TextureView
import android.view.WindowManager
import countersign.Choice

/**
 * Enough for a code that is held up to the camera, and little enough to be looked at in a few
 * milliseconds.
 */
private const val BEST_WIDTH = 1280
private const val FRAMES = 2

/**
 * The camera at the back, whose frames are shown and read until a code is seen. All that it tells,
 * it tells on the screen's thread.
 */
class Camera
private constructor(
    private val preview: TextureView,
    private val id: String,
    private val size: Size,
    private val seen: (Choice) -> Unit,
    private val lost: () -> Unit,
) {
    private val screen = Handler(Looper.getMainLooper())
    private val thread = HandlerThread("camera").apply { start() }
    private val handler = Handler(thread.looper)
    private val frames = Frames()
    private val reader =
        ImageReader.newInstance(size.width, size.height, ImageFormat.YUV_420_888, FRAMES)
    private var device: CameraDevice? = null
    private var closed = false
    private var session: CameraCaptureSession? = null
    private var request: CaptureRequest.Builder? = null
    private var lit = false

    @SuppressLint("MissingPermission") // The screen has asked.
    private fun start(manager: CameraManager) {
        reader.setOnImageAvailableListener(::read, handler)
        manager.openCamera(
            id,
            object : CameraDevice.StateCallback() {
                override fun onOpened(camera: CameraDevice) {
                    if (closed) return camera.close()
                    device = camera
                    whenShown(::record)
                }

                override fun onDisconnected(camera: CameraDevice) = fail()

                override fun onError(camera: CameraDevice, error: Int) = fail()
            },
            screen,
        )
    }

    private fun whenShown(work: (SurfaceTexture) -> Unit) {
        preview.surfaceTexture?.let(work)
        preview.surfaceTextureListener =
            object : TextureView.SurfaceTextureListener {
                override fun onSurfaceTextureAvailable(
                    texture: SurfaceTexture,
                    width: Int,
                    height: Int,
                ) = work(texture)

                override fun onSurfaceTextureSizeChanged(
                    texture: SurfaceTexture,
                    width: Int,
                    height: Int,
                ) = fit()

                override fun onSurfaceTextureDestroyed(texture: SurfaceTexture) = true

                override fun onSurfaceTextureUpdated(texture: SurfaceTexture) = Unit
            }
    }

    private fun record(texture: SurfaceTexture) {
        val camera = device ?: return
        fit()
        texture.setDefaultBufferSize(size.width, size.height)
        val targets = listOf(Surface(texture), reader.surface)
        try {
            val request =
                camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW).apply {
                    targets.forEach(::addTarget)
                    set(
                        CaptureRequest.CONTROL_AF_MODE,
                        CameraMetadata.CONTROL_AF_MODE_CONTINUOUS_PICTURE,
                    )
                }
            val callback =
                object : CameraCaptureSession.StateCallback() {
                    override fun onConfigured(session: CameraCaptureSession) {
                        this@Camera.session = session
                        this@Camera.request = request
                        light(lit)
                    }

                    override fun onConfigureFailed(session: CameraCaptureSession) = fail()
                }
            @Suppress(
                "DEPRECATION"
            ) // What replaces it is not in Android 9's first version for all cameras.
            camera.createCaptureSession(targets, callback, screen)
        } catch (_: CameraAccessException) {
            fail()
        }
    }

    /** Fills the view without stretching the picture, whichever way the phone is held. */
    private fun fit() {
        val (width, height) = preview.width.toFloat() to preview.height.toFloat()
        if (width == 0f || height == 0f) return
        @Suppress("DEPRECATION")
        val turned =
            preview.context.getSystemService(WindowManager::class.java)?.defaultDisplay?.rotation
        val view = RectF(0f, 0f, width, height)
        val matrix = Matrix()
        // The view stretches the picture to its own size, as it is when the phone is upright: first
        // that is undone.
        val upright = turned == Surface.ROTATION_0 || turned == Surface.ROTATION_180
        val picture =
            if (upright) RectF(0f, 0f, size.height.toFloat(), size.width.toFloat())
            else RectF(0f, 0f, size.width.toFloat(), size.height.toFloat())
        val scale = maxOf(width / picture.width(), height / picture.height())
        if (upright) {
            matrix.setScale(
                picture.width() * scale / width,
                picture.height() * scale / height,
                view.centerX(),
                view.centerY(),
            )
        } else {
            val buffer = RectF(0f, 0f, size.height.toFloat(), size.width.toFloat())
            buffer.offset(view.centerX() - buffer.centerX(), view.centerY() - buffer.centerY())
            matrix.setRectToRect(view, buffer, Matrix.ScaleToFit.FILL)
            matrix.postScale(scale, scale, view.centerX(), view.centerY())
        }
        val degrees =
            when (turned) {
                Surface.ROTATION_90 -> -90f
                Surface.ROTATION_270 -> 90f
                Surface.ROTATION_180 -> 180f
                else -> 0f
            }
        matrix.postRotate(degrees, view.centerX(), view.centerY())
        preview.setTransform(matrix)
    }

    private fun read(reader: ImageReader) {
        val choice =
            reader.acquireLatestImage()?.use { image ->
                val luma = image.planes[0]
                frames.read(luma.buffer, image.width, image.height, luma.rowStride)
            } ?: return
        if (choice != Choice.Nothing) screen.post { if (!closed) seen(choice) }
    }

    /** The light beside the camera, where there is one. */
    fun light(on: Boolean) {
        lit = on
        val session = session ?: return
        val request = request ?: return
        request.set(
            CaptureRequest.FLASH_MODE,
            if (on) CameraMetadata.FLASH_MODE_TORCH else CameraMetadata.FLASH_MODE_OFF,
        )
        try {
            if (!closed) session.setRepeatingRequest(request.build(), null, handler)
        } catch (_: CameraAccessException) {
            fail()
        } catch (_: IllegalStateException) {
            // The session was closed meanwhile.
        }
    }

    private fun fail() {
        if (closed) return
        close()
        lost()
    }

    /** The camera is free again. */
    fun close() {
        if (closed) return
        closed = true
        device?.close()
        // After the frame that is being read.
        handler.post {
            reader.close()
            frames.close()
            thread.quitSafely()
        }
    }

    companion object {
        /**
         * Opens the camera, for which the person has given leave; none where there is none, or it
         * can't be used now.
         */
        fun open(
            context: Context,
            preview: TextureView,
            seen: (Choice) -> Unit,
            lost: () -> Unit,
        ): Camera? {
            val manager = context.getSystemService(CameraManager::class.java) ?: return null
            return try {
                val ids = manager.cameraIdList
                val id =
                    ids.firstOrNull { facing(manager, it) == CameraMetadata.LENS_FACING_BACK }
                        ?: ids.firstOrNull()
                        ?: return null
                val sizes =
                    manager
                        .getCameraCharacteristics(id)[
                            CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP]
                        ?.getOutputSizes(ImageFormat.YUV_420_888)
                        .orEmpty()
                val size =
                    sizes.minByOrNull { kotlin.math.abs(it.width - BEST_WIDTH) } ?: return null
                started(Camera(preview, id, size, seen, lost), manager)
            } catch (_: CameraAccessException) {
                null
            }
        }

        private fun started(camera: Camera, manager: CameraManager): Camera? =
            try {
                camera.also { it.start(manager) }
            } catch (_: CameraAccessException) {
                camera.close()
                null
            } catch (_: SecurityException) {
                // Leave was taken back meanwhile.
                camera.close()
                null
            }

        private fun facing(manager: CameraManager, id: String) =
            manager.getCameraCharacteristics(id)[CameraCharacteristics.LENS_FACING]
    }
}
