package countersign.android

import android.content.Context
import android.hardware.biometrics.BiometricManager.Authenticators.BIOMETRIC_STRONG
import android.hardware.biometrics.BiometricManager.Authenticators.DEVICE_CREDENTIAL
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import countersign.PresenceException
import countersign.UserPresence
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * The phone's own lock: finger, face, or the phone's code, asked by the system's own dialog.
 *
 * @param activity gives the activity that is on the screen now, if there is one.
 * @param title gives what the dialog says, in the language that the person has chosen by then.
 * @param words gives what it says below that, of the core's reason in English.
 */
class DeviceLock(
    private val activity: () -> Context?,
    private val title: () -> String,
    private val words: (reason: String) -> String = { it },
) : UserPresence {
    override suspend fun confirm(reason: String) {
        val shown =
            activity() ?: throw PresenceException.Unavailable("the app is not on the screen")
        prompted(shown, null, PresenceException.NotConfirmed()) {
            setTitle(title())
            setSubtitle(words(reason))
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
                setAllowedAuthenticators(BIOMETRIC_STRONG or DEVICE_CREDENTIAL)
            } else {
                @Suppress("DEPRECATION") setDeviceCredentialAllowed(true)
            }
        }
    }
}

/**
 * Shows the system's dialog until the person has answered; [refused] is thrown where they did not
 * confirm, which a button may say by calling what it is given. A cancelled call takes the dialog
 * away.
 */
internal suspend fun prompted(
    activity: Context,
    crypto: BiometricPrompt.CryptoObject?,
    refused: Exception,
    set: BiometricPrompt.Builder.(refuse: () -> Unit) -> Unit,
): BiometricPrompt.AuthenticationResult = suspendCancellableCoroutine { continuation ->
    val signal = CancellationSignal()
    continuation.invokeOnCancellation { signal.cancel() }
    // All answers come on the screen's thread; the first one counts.
    val refuse = { if (continuation.isActive) continuation.resumeWithException(refused) }
    val answer =
        object : BiometricPrompt.AuthenticationCallback() {
            override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
                if (continuation.isActive) continuation.resume(result)
            }

            // Also when the person cancels. A finger that is not recognised is no end: the dialog
            // lets try again.
            override fun onAuthenticationError(code: Int, words: CharSequence) = refuse()
        }
    val prompt = BiometricPrompt.Builder(activity).apply { set(refuse) }.build()
    if (crypto == null) {
        prompt.authenticate(signal, activity.mainExecutor, answer)
    } else {
        prompt.authenticate(crypto, signal, activity.mainExecutor, answer)
    }
}
