package countersign.app

import android.content.ContentResolver
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Build
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** The largest picture that is read, in bytes. */
private const val LARGEST_PICTURE = 32 * 1024 * 1024
private const val PART = 64 * 1024

/** Whoever gives the picture may be slow, and may never end. */
private val PATIENCE = 10.seconds

/**
 * A picture behind an address. A provider that hangs can't be interrupted, neither while it opens
 * the picture nor while it gives it: when the time is over its stream is closed, and nobody waits
 * for it any more.
 */
class ContentPicture(private val resolver: ContentResolver, private val uri: Uri) : Picture {
    override suspend fun read(): ByteArray? {
        val given = Given()
        // No child of who asks, who would wait for its end.
        val work = CoroutineScope(Dispatchers.IO).async { given.read() }
        try {
            return withTimeoutOrNull(PATIENCE) { work.await() }
        } finally {
            if (!work.isCompleted) {
                // What is opened from now on is not read. To close what is open may take its time.
                val opened = given.end()
                CoroutineScope(Dispatchers.IO).launch { close(opened) }
            }
        }
    }

    /** What the provider gives, which can be given up from another thread. */
    private inner class Given {
        private var stream: InputStream? = null
        private var over = false

        fun read(): ByteArray? =
            try {
                resolver.openInputStream(uri)?.use { if (begin(it)) bounded(it) else null }
            } catch (_: IOException) {
                null
            } catch (_: RuntimeException) {
                // What another app's provider throws comes through as it is.
                null
            }

        @Synchronized
        private fun begin(opened: InputStream): Boolean {
            stream = opened
            return !over
        }

        /** Ends the reading, and gives what is open. */
        @Synchronized
        fun end(): InputStream? {
            over = true
            return stream
        }

        /** The file, unless it is larger than any picture of a code. */
        private fun bounded(stream: InputStream): ByteArray? {
            val file = ByteArrayOutputStream()
            val part = ByteArray(PART)
            while (file.size() <= LARGEST_PICTURE && !isOver()) {
                val read = stream.read(part)
                if (read < 0) return file.toByteArray()
                file.write(part, 0, read)
            }
            return null
        }

        @Synchronized private fun isOver() = over
    }
}

private fun close(opened: InputStream?) {
    try {
        opened?.close()
    } catch (_: IOException) {
        // It is of no use any more either way.
    }
}

/** Whether an intent shares a picture with this app. */
fun shares(intent: Intent?): Boolean = intent?.action == Intent.ACTION_SEND

/**
 * The picture that an intent shares: one, of the type image, by a `content:` address of another
 * app's provider. None otherwise; a `file:` address or a provider of ours could be one of our own
 * files.
 */
fun sharedPicture(context: Context, intent: Intent): Picture? {
    if (intent.type?.startsWith("image/") != true) return null
    val uri =
        try {
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
                intent.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)
            } else {
                @Suppress("DEPRECATION") intent.getParcelableExtra(Intent.EXTRA_STREAM)
            }
        } catch (_: RuntimeException) {
            // An extra of another app, which may be anything.
            null
        }
    val authority =
        uri?.takeIf { it.scheme == ContentResolver.SCHEME_CONTENT }?.authority?.substringAfter('@')
            ?: return null
    val provider = context.packageManager.resolveContentProvider(authority, 0)
    if (provider?.packageName == context.packageName || authority.startsWith(context.packageName))
        return null
    return ContentPicture(context.contentResolver, uri)
}
