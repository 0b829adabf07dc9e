package countersign.android

import android.app.PendingIntent
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.SharedPreferences
import android.content.pm.PackageManager
import android.util.Base64
import countersign.Authenticator
import countersign.PushAddress
import countersign.PushAddressException
import countersign.PushAddresses
import countersign.PushKind
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

private const val REGISTER = "org.unifiedpush.android.distributor.REGISTER"
private const val UNREGISTER = "org.unifiedpush.android.distributor.UNREGISTER"
private const val ACKNOWLEDGE = "org.unifiedpush.android.distributor.MESSAGE_ACK"
private const val NEW_ENDPOINT = "org.unifiedpush.android.connector.NEW_ENDPOINT"
private const val REGISTRATION_FAILED = "org.unifiedpush.android.connector.REGISTRATION_FAILED"
private const val UNREGISTERED = "org.unifiedpush.android.connector.UNREGISTERED"
private const val MESSAGE = "org.unifiedpush.android.connector.MESSAGE"

/**
 * Push messages by [UnifiedPush](https://unifiedpush.org/developers/spec/android/) (AND_3): an app
 * of the person's choice, a *distributor*, waits for them, with no library of Google's or
 * anybody's. Each service gets an address of its own, bound to the key that it signs its messages
 * with.
 *
 * Give it to `openPhone`, and declare a receiver of your own, made of [PushReceiver]. What it keeps
 * is in the app's preferences, which no backup has.
 */
class UnifiedPush(private val context: Context) : PushAddresses {
    private val kept: SharedPreferences =
        context.getSharedPreferences("countersign_push", Context.MODE_PRIVATE)

    /** The distributors on this phone, by the names of their packages. */
    fun distributors(): List<String> =
        context.packageManager
            .queryBroadcastReceivers(Intent(REGISTER), 0)
            .map { it.activityInfo.packageName }
            .distinct()

    /** What a distributor is called. */
    fun label(distributor: String): String =
        try {
            context.packageManager.run {
                getApplicationLabel(getApplicationInfo(distributor, 0)).toString()
            }
        } catch (_: PackageManager.NameNotFoundException) {
            distributor
        }

    /**
     * The one in use: the one that was chosen, or the only one there was: any app can call itself
     * one, and must not end the first by coming later.
     */
    val distributor: String?
        get() {
            val there = distributors()
            if (kept.contains(CHOSEN)) return kept.getString(CHOSEN, "").takeIf { it in there }
            return origins()
                .mapNotNull { kept.getString(DISTRIBUTOR + it, null) }
                .firstOrNull { it in there } ?: there.singleOrNull()
        }

    /** Takes another distributor, or none. Then call [Authenticator.pushAddressChanged]. */
    fun choose(distributor: String?) {
        for (origin in origins()) unregister(origin)
        kept.edit().putString(CHOSEN, distributor.orEmpty()).apply()
    }

    /**
     * Asks the distributor anew each time, as UnifiedPush has it: one that lost its data answers
     * with another address, which [PushReceiver] hears of.
     */
    override suspend fun address(origin: String, pushKey: ByteArray?): PushAddress? =
        synchronized(lock) {
            val to = distributor
            val key =
                pushKey?.let {
                    Base64.encodeToString(
                        it,
                        Base64.URL_SAFE or Base64.NO_PADDING or Base64.NO_WRAP,
                    )
                }
            if (to == null || key == null) {
                unregister(origin)
                return null
            }
            if (
                kept.getString(KEY + origin, null) != key ||
                    kept.getString(DISTRIBUTOR + origin, null) != to
            )
                unregister(origin)
            val token = kept.getString(TOKEN + origin, null) ?: UUID.randomUUID().toString()
            kept
                .edit()
                .putString(TOKEN + origin, token)
                .putString(KEY + origin, key)
                .putString(DISTRIBUTOR + origin, to)
                .apply()
            context.sendBroadcast(
                Intent(REGISTER)
                    .setPackage(to)
                    .putExtra("token", token)
                    .putExtra("vapid", key)
                    // Who asks: nobody can make one of these in this app's name. Distributors of
                    // the version before look at the name.
                    .putExtra(
                        "pi",
                        PendingIntent.getBroadcast(
                            context,
                            0,
                            Intent().setPackage(context.packageName),
                            PendingIntent.FLAG_IMMUTABLE,
                        ),
                    )
                    .putExtra("application", context.packageName)
            )
            val endpoint =
                kept.getString(ENDPOINT + origin, null)
                    ?: throw PushAddressException.Unavailable(
                        "the distributor has not answered yet"
                    )
            PushAddress(PushKind.WEB_PUSH, endpoint)
        }

    /**
     * What a distributor says, if it is one that was asked: whoever does not know the token is not
     * heard.
     */
    internal fun heard(intent: Intent): News? =
        synchronized(lock) {
            val token = intent.text("token") ?: return null
            val origin =
                origins().firstOrNull { kept.getString(TOKEN + it, null) == token } ?: return null
            when (intent.action) {
                NEW_ENDPOINT -> {
                    val endpoint =
                        intent.text("endpoint")?.takeIf { it.length <= LONGEST } ?: return null
                    if (kept.getString(ENDPOINT + origin, null) == endpoint) return null
                    kept.edit().putString(ENDPOINT + origin, endpoint).apply()
                    News.ADDRESS
                }
                MESSAGE -> {
                    // It says "look", whatever is in it.
                    val id = intent.text("id")
                    val to = kept.getString(DISTRIBUTOR + origin, null)
                    if (id != null) {
                        context.sendBroadcast(
                            Intent(ACKNOWLEDGE)
                                .setPackage(to)
                                .putExtra("token", token)
                                .putExtra("id", id)
                        )
                    }
                    News.MESSAGE
                }
                // The next start asks with a token that is new.
                REGISTRATION_FAILED,
                UNREGISTERED -> {
                    val had = kept.contains(ENDPOINT + origin)
                    forget(origin)
                    if (had) News.ADDRESS else null
                }
                else -> null
            }
        }

    private fun origins(): List<String> =
        kept.all.keys.filter { it.startsWith(TOKEN) }.map { it.removePrefix(TOKEN) }

    private fun unregister(origin: String) {
        val token = kept.getString(TOKEN + origin, null) ?: return
        context.sendBroadcast(
            Intent(UNREGISTER)
                .setPackage(kept.getString(DISTRIBUTOR + origin, null))
                .putExtra("token", token)
        )
        forget(origin)
    }

    private fun forget(origin: String) =
        kept
            .edit()
            .remove(TOKEN + origin)
            .remove(KEY + origin)
            .remove(DISTRIBUTOR + origin)
            .remove(ENDPOINT + origin)
            .apply()

    internal enum class News {
        ADDRESS,
        MESSAGE,
    }

    private companion object {
        /**
         * The core's calls and the system's come on threads of their own, to objects of their own.
         */
        val lock = Any()
        const val CHOSEN = "chosen"
        const val TOKEN = "token "
        const val KEY = "key "
        const val DISTRIBUTOR = "distributor "
        const val ENDPOINT = "endpoint "
        const val LONGEST = 512
    }
}

/** An extra that another app has sent, which may be anything. */
private fun Intent.text(name: String): String? = runCatching { getStringExtra(name) }.getOrNull()

/**
 * What an app hears from its distributor. Declare your own in the manifest, exported, with the
 * actions `NEW_ENDPOINT`, `REGISTRATION_FAILED`, `UNREGISTERED` and `MESSAGE` of
 * `org.unifiedpush.android.connector`. Both calls have eight seconds, and may throw.
 */
abstract class PushReceiver : BroadcastReceiver() {
    /**
     * Something may wait: ask for the requests ([Authenticator.pendingAll]), and tell the person if
     * there are any.
     */
    protected abstract suspend fun look(context: Context)

    /** There is another address, or none any more: call [Authenticator.pushAddressChanged]. */
    protected abstract suspend fun addressChanged(context: Context)

    final override fun onReceive(context: Context, intent: Intent) {
        val news = UnifiedPush(context).heard(intent) ?: return
        // None where it is called by hand.
        val result: PendingResult? = goAsync()
        CoroutineScope(Dispatchers.Default).launch {
            try {
                withTimeout(8.seconds) {
                    if (news == UnifiedPush.News.MESSAGE) look(context) else addressChanged(context)
                }
            } catch (_: Exception) {
                // The app looks when it is opened.
            } finally {
                result?.finish()
            }
        }
    }
}
