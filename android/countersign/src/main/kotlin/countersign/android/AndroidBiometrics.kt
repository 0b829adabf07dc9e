package countersign.android

import android.content.Context
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricManager.Authenticators.BIOMETRIC_STRONG
import android.hardware.biometrics.BiometricPrompt.CryptoObject
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.UserNotAuthenticatedException
import countersign.Biometrics
import countersign.BiometricsException
import countersign.CreatedBiometricKey
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.spec.ECGenParameterSpec
import java.util.UUID
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * A finger or face in the place of the PIN: keys in the Android Keystore that only a strong
 * biometric unlocks, each time anew, and that Android destroys when a finger or face is added.
 */
class AndroidBiometrics
internal constructor(
    private val sdk: Int,
    private val isSetUp: () -> Boolean,
    private val unlocked: suspend (CryptoObject, reason: String) -> CryptoObject,
) : Biometrics {
    /**
     * @param context the app's.
     * @param activity gives the activity that is on the screen now, if there is one.
     * @param title gives what the system's dialog says, and [usePin] what its button does, in the
     *   language that the person has chosen by then.
     * @param words gives what it says below the title, of the core's reason in English, which names
     *   a transaction that is signed.
     */
    constructor(
        context: Context,
        activity: () -> Context?,
        title: () -> String,
        usePin: () -> String,
        words: (reason: String) -> String = { it },
    ) : this(
        Build.VERSION.SDK_INT,
        { isSetUp(context) },
        { crypto, reason -> ask(crypto, activity, title(), words(reason), usePin()) },
    )

    private val store = java.security.KeyStore.getInstance(PROVIDER).apply { load(null) }

    override fun available(): Boolean = isSetUp()

    override suspend fun createKey(): CreatedBiometricKey = typed {
        val alias = FINGER + UUID.randomUUID()
        val signing =
            guarded(alias, KeyProperties.PURPOSE_SIGN)
                .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                .setDigests(KeyProperties.DIGEST_SHA256)
                .build()
        val sealing =
            guarded(alias + SHARE, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
                .setKeySize(256)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .build()
        val pair =
            KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).run {
                initialize(signing)
                generateKeyPair()
            }
        KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).run {
            init(sealing)
            generateKey()
        }
        CreatedBiometricKey(alias.toByteArray(), pair.public.encoded)
    }

    private fun guarded(alias: String, purposes: Int) =
        KeyGenParameterSpec.Builder(alias, purposes)
            .setUserAuthenticationRequired(true)
            .setInvalidatedByBiometricEnrollment(true)
            .apply {
                // Each use asks: zero seconds, and nothing but a strong biometric. So it was before
                // Android 11 without saying so.
                if (sdk >= Build.VERSION_CODES.R)
                    setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG)
            }

    override suspend fun sign(handle: ByteArray, message: ByteArray, reason: String): ByteArray =
        typed {
            val key =
                store.getKey(aliasOf(handle), null) as? PrivateKey
                    ?: throw BiometricsException.Changed()
            val signature = Signature.getInstance("SHA256withECDSA").apply { initSign(key) }
            val confirmed =
                unlocked(CryptoObject(signature), reason).signature
                    ?: throw BiometricsException.NotConfirmed()
            confirmed.update(message)
            confirmed.sign()
        }

    override suspend fun seal(handle: ByteArray, secret: ByteArray, reason: String): ByteArray =
        typed {
            val cipher =
                Cipher.getInstance(TRANSFORMATION).apply {
                    init(Cipher.ENCRYPT_MODE, shareKey(handle))
                }
            try {
                // The Keystore chooses the nonce itself.
                confirmed(cipher, reason).run { iv + doFinal(secret) }
            } finally {
                secret.fill(0)
            }
        }

    override suspend fun unseal(handle: ByteArray, sealed: ByteArray, reason: String): ByteArray =
        typed {
            if (sealed.size < NONCE + TAG) throw BiometricsException.Unavailable("damaged")
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(
                Cipher.DECRYPT_MODE,
                shareKey(handle),
                GCMParameterSpec(8 * TAG, sealed, 0, NONCE),
            )
            confirmed(cipher, reason).doFinal(sealed, NONCE, sealed.size - NONCE)
        }

    private suspend fun confirmed(cipher: Cipher, reason: String): Cipher =
        unlocked(CryptoObject(cipher), reason).cipher ?: throw BiometricsException.NotConfirmed()

    override fun deleteKey(handle: ByteArray) = typed {
        val alias = aliasOf(handle)
        store.deleteEntry(alias)
        store.deleteEntry(alias + SHARE)
    }

    private fun shareKey(handle: ByteArray) =
        store.getKey(aliasOf(handle) + SHARE, null) as? SecretKey
            ?: throw BiometricsException.Changed()

    internal companion object {
        private const val PROVIDER = "AndroidKeyStore"
        private const val TRANSFORMATION = "AES/GCM/NoPadding"
        private const val FINGER = "countersign.finger."
        private const val SHARE = ".share"
        private const val NONCE = 12
        private const val TAG = 16

        fun isSetUp(context: Context): Boolean {
            val manager = context.getSystemService(BiometricManager::class.java) ?: return false
            // Before Android 11 there is no way to ask for a strong one; whether it is, the keys
            // say when they are made.
            @Suppress("DEPRECATION")
            val answer =
                if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R)
                    manager.canAuthenticate(BIOMETRIC_STRONG)
                else manager.canAuthenticate()
            return answer == BiometricManager.BIOMETRIC_SUCCESS
        }

        /** Shows the system's dialog; what it gives back is unlocked for one use. */
        private suspend fun ask(
            crypto: CryptoObject,
            activity: () -> Context?,
            title: String,
            why: String,
            usePin: String,
        ): CryptoObject {
            val shown =
                activity() ?: throw BiometricsException.Unavailable("the app is not on the screen")
            val answer =
                prompted(shown, crypto, BiometricsException.NotConfirmed()) { refuse ->
                    setTitle(title)
                    setSubtitle(why)
                    setNegativeButton(usePin, shown.mainExecutor) { _, _ -> refuse() }
                }
            return answer.cryptoObject ?: throw BiometricsException.NotConfirmed()
        }

        private fun aliasOf(handle: ByteArray): String {
            val alias = String(handle)
            if (!alias.startsWith(FINGER)) throw BiometricsException.Changed()
            return alias
        }

        private inline fun <T> typed(work: () -> T): T =
            try {
                work()
            } catch (_: KeyPermanentlyInvalidatedException) {
                throw BiometricsException.Changed()
            } catch (_: UnrecoverableKeyException) {
                throw BiometricsException.Changed()
            } catch (_: UserNotAuthenticatedException) {
                throw BiometricsException.NotConfirmed()
            } catch (error: GeneralSecurityException) {
                throw BiometricsException.Unavailable(error.javaClass.simpleName)
            } catch (error: ProviderException) {
                throw BiometricsException.Unavailable(error.javaClass.simpleName)
            }
    }
}
