package countersign.app

import android.Manifest
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.view.TextureView
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import countersign.Scanner
import countersign.Source
import countersign.android.anyPicture
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream

/** The largest picture that is read, in bytes. */
private const val LARGEST_PICTURE = 32 * 1024 * 1024
private const val PART = 64 * 1024

const val PICTURE = 1
const val CAMERA = 2
const val NOTIFICATIONS = 3

/** The camera, until a code is recognised; a picture or a link where it can't be used. */
class ScanScreen(session: Session) : Screen(session) {
    override val layout = R.layout.scan

    private var camera: Camera? = null
    private var asked = false
    private var busy = false
    private var note: Words? = null

    /** The code that was seen last, so that one that is refused is not asked about with every frame. */
    private var seen: String? = null

    override fun set(view: View) {
        val activity = session.activity ?: return
        if (activity.checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED) {
            look(activity, view)
        } else if (!asked) {
            asked = true
            activity.requestPermissions(arrayOf(Manifest.permission.CAMERA), CAMERA)
        }
    }

    override fun permitted() {
        view?.let(::set)
        redraw()
    }

    private fun look(activity: Activity, view: View) {
        camera?.close()
        camera = Camera.open(activity, view.requireViewById<TextureView>(R.id.preview), { text -> recognised(text) }) {
            camera = null
            redraw()
        }
    }

    override fun draw(view: View) {
        view.accessibilityPaneTitle = view.resources.getString(R.string.scan_title)
        view.requireViewById<TextView>(R.id.text).show(words(if (camera == null) R.string.scan_no_camera else R.string.scan_text))
        view.requireViewById<View>(R.id.preview).visibility = if (camera == null) View.GONE else View.VISIBLE
        view.requireViewById<TextView>(R.id.note).show(note)
        view.requireViewById<View>(R.id.busy).visibility = if (busy) View.VISIBLE else View.GONE
        view.requireViewById<ViewGroup>(R.id.actions).show(
            listOf(
                Action(words(R.string.scan_picture), Look.PLAIN, !busy, ::choose),
                Action(words(R.string.scan_paste), Look.PLAIN, !busy) { session.screens.open(PasteScreen(session)) },
            ),
        )
    }

    private fun choose() {
        val intent = Intent(Intent.ACTION_GET_CONTENT).setType("image/*").addCategory(Intent.CATEGORY_OPENABLE)
        try {
            @Suppress("DEPRECATION")
            session.activity?.startActivityForResult(intent, PICTURE)
        } catch (_: ActivityNotFoundException) {
            failed(Said(words(R.string.no_pictures)))
        }
    }

    override fun picked(picture: Uri) {
        val resolver = session.activity?.contentResolver ?: return
        busy = true
        note = null
        redraw()
        attempt(::failed) {
            val file = withContext(Dispatchers.IO) {
                try {
                    resolver.openInputStream(picture)?.use(::bounded)
                } catch (_: IOException) {
                    null
                } catch (_: SecurityException) {
                    null
                }
            }
            val codes = if (file == null) emptyList() else Scanner().use { it.anyPicture(file) }
            busy = false
            when (codes.size) {
                0 -> failed(Said(words(R.string.picture_damaged)))
                1 -> recognised(codes.single().text)
                else -> failed(Said(words(R.string.picture_several)))
            }
        }
    }

    /** The file, unless it is larger than any picture of a code. */
    private fun bounded(stream: InputStream): ByteArray? {
        val file = ByteArrayOutputStream()
        val part = ByteArray(PART)
        while (file.size() <= LARGEST_PICTURE) {
            val read = stream.read(part)
            if (read < 0) return file.toByteArray()
            file.write(part, 0, read)
        }
        return null
    }

    private fun recognised(text: String) {
        if (busy || text == seen) return
        seen = text
        busy = true
        note = null
        redraw()
        attempt(::failed) { session.screens.replace(session.read(text, Source.CAMERA)) }
    }

    private fun failed(said: Said) {
        busy = false
        note = said.words
        // The same code may be held up again after what was in the way.
        if (said.again) seen = null
        redraw()
    }

    override fun hide() {
        camera?.close()
        camera = null
    }

    override fun close() {
        super.close()
        hide()
    }
}

/** A link that is typed or pasted. */
class PasteScreen(session: Session) : PageScreen(session) {
    private var typed = ""
    private var problem: Words? = null
    private var busy = false

    override fun page() = Page(
        title = words(R.string.paste_title),
        text = words(R.string.paste_text),
        fields = listOf(
            Field(words(R.string.paste_label), Keyboard.LINK, typed, problem = problem) {
                typed = it
                if (problem != null) {
                    problem = null
                    redraw()
                }
            },
        ),
        busy = busy,
        actions = listOf(
            Action(words(R.string.next), enabled = !busy, run = ::read),
            Action(words(R.string.cancel), Look.PLAIN) { session.screens.back() },
        ),
    )

    private fun read() {
        busy = true
        problem = null
        redraw()
        attempt({
            busy = false
            problem = it.words
            redraw()
        }) { session.screens.replace(session.read(typed, Source.PASTE)) }
    }
}
