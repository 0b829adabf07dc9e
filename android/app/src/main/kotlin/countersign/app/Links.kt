package countersign.app

import android.content.Context
import android.content.Intent
import android.content.pm.verify.domain.DomainVerificationManager
import android.content.pm.verify.domain.DomainVerificationUserState
import android.content.res.Resources
import android.os.Build
import countersign.Source
import java.util.Locale

/** A link that opened the app, and how far the system vouches for its way. */
class OpenedLink(val text: String, val source: Source)

/**
 * The link of an intent. A link counts as verified only where the system says that its host has
 * named this app, for only then did no other app see it. Android looks at the case of scheme and
 * host: of a link in upper case, as QR codes have it and a camera may pass it on, it asks no host,
 * so it is taken like a picture that another app shares. Any app can send such intents by name, so
 * the rest is what a scheme that everybody may claim is.
 */
fun linkOf(context: Context, intent: Intent?): OpenedLink? {
    val link = intent?.data?.takeIf { intent.action == Intent.ACTION_VIEW } ?: return null
    // The list of recent apps opens the app with the link that did so last: nobody has followed it
    // now.
    if (intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0) return null
    val (scheme, host) = link.scheme.orEmpty() to link.host.orEmpty()
    val ours =
        scheme.equals("https", ignoreCase = true) &&
            isVerified(context, host.lowercase(Locale.ROOT))
    val source =
        when {
            !ours -> Source.CUSTOM_SCHEME
            scheme == "https" && host == host.lowercase(Locale.ROOT) -> Source.VERIFIED_LINK
            else -> Source.SHARED_IMAGE
        }
    return OpenedLink(link.toString(), source)
}

private fun isVerified(context: Context, host: String): Boolean {
    // Before Android 12 the system does not tell.
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) return false
    val states =
        context
            .getSystemService(DomainVerificationManager::class.java)
            ?.getDomainVerificationUserState(context.packageName)
    return states?.hostToStateMap?.get(host) == DomainVerificationUserState.DOMAIN_STATE_VERIFIED
}

private const val TO_SIGN = "to sign: "

/**
 * What the system's dialog says below its title, of the core's reason in English. What is signed is
 * the service's own title of it.
 */
fun reasonIn(resources: Resources, reason: String): String =
    when {
        reason.startsWith(TO_SIGN) ->
            resources.getString(R.string.reason_sign, reason.removePrefix(TO_SIGN))
        reason == "to show a code" -> resources.getString(R.string.reason_code)
        reason == "to turn on biometrics" -> resources.getString(R.string.reason_turn_on)
        else -> resources.getString(R.string.reason_approve)
    }
