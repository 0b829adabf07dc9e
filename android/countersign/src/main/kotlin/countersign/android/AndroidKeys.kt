package countersign.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import countersign.CreatedKey
import countersign.KeyStore
import countersign.KeyStoreException
import java.security.GeneralSecurityException
import java.security.Key
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.spec.ECGenParameterSpec
import java.util.UUID
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactory
import javax.crypto.spec.GCMParameterSpec

/**
 * For a service that wants to know what hardware a device key is in.
 *
 * @param challenge what the attestation is to contain, up to 128 bytes: the service's own.
 * @param passOn gets the certificates by which the hardware vouches for a new device key, the key's
 *   own first, each in DER.
 */
class Attestation(val challenge: ByteArray, val passOn: (chain: List<ByteArray>) -> Unit)

/**
 * Keys in the Android Keystore: none of them can be exported, and they are in StrongBox where there
 * is one.
 *
 * Three kinds. One AES key wraps what the core stores. Each account has a P-256 key of its own. One
 * HMAC key, made together with the wrapping key and only where there is secure hardware, gives
 * every account a share that is stored nowhere. They work while the phone is locked, so that a
 * request can be fetched before it is shown; what a thief could do with them without the PIN, the
 * service counts.
 *
 * @param strongBox whether the phone has a StrongBox.
 * @param attestation where a service asks for it.
 * @param sdk the version of Android.
 */
class AndroidKeys(
    private val strongBox: Boolean,
    private val attestation: Attestation? = null,
    private val sdk: Int = Build.VERSION.SDK_INT,
) : KeyStore {
    constructor(
        context: Context,
        attestation: Attestation? = null,
    ) : this(
        context.packageManager.hasSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE),
        attestation,
    )

    private val store = java.security.KeyStore.getInstance(PROVIDER).apply { load(null) }

    /**
     * Android deletes these keys when the app is uninstalled or its storage cleared. So a key that
     * was there before the data is no sign of a reinstall: the data alone were lost. The core asks
     * before the first [seal], which makes the key.
     */
    override fun hasKey(): Boolean = typed { store.containsAlias(WRAPPING) }

    override fun seal(secret: ByteArray): ByteArray = typed {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, wrappingKey())
        try {
            // The Keystore chooses the nonce itself.
            cipher.iv + cipher.doFinal(secret)
        } finally {
            secret.fill(0)
        }
    }

    override fun unseal(sealed: ByteArray): ByteArray = typed {
        // Not made anew here: a new key opens nothing.
        val key = store.getKey(WRAPPING, null) ?: throw KeyStoreException.NotOurs()
        if (sealed.size < NONCE + TAG) throw KeyStoreException.NotOurs()
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(8 * TAG, sealed, 0, NONCE))
        cipher.doFinal(sealed, NONCE, sealed.size - NONCE)
    }

    override fun createKey(): CreatedKey = typed {
        val alias = DEVICE + UUID.randomUUID()
        val pair = inStrongBoxOrNot { box ->
            val spec =
                KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
                    .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
                    .setDigests(KeyProperties.DIGEST_SHA256)
                    .setIsStrongBoxBacked(box)
            attestation?.let { spec.setAttestationChallenge(it.challenge) }
            KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, PROVIDER).run {
                initialize(spec.build())
                generateKeyPair()
            }
        }
        val info =
            KeyFactory.getInstance(pair.private.algorithm, PROVIDER)
                .getKeySpec(pair.private, KeyInfo::class.java)
        attestation?.passOn(store.getCertificateChain(alias).orEmpty().map { it.encoded })
        CreatedKey(alias.toByteArray(), pair.public.encoded, inHardware(info))
    }

    override fun sign(handle: ByteArray, message: ByteArray): ByteArray = typed {
        val key =
            store.getKey(aliasOf(handle), null) as? PrivateKey ?: throw KeyStoreException.NotOurs()
        Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    override fun deleteKey(handle: ByteArray) = typed { store.deleteEntry(aliasOf(handle)) }

    override fun hardwareShare(context: ByteArray): ByteArray? = typed {
        // Made with the wrapping key or never: one that is made later would turn every PIN into a
        // wrong one.
        val key = store.getKey(SHARE, null) ?: return@typed null
        Mac.getInstance(KeyProperties.KEY_ALGORITHM_HMAC_SHA256).run {
            init(key)
            doFinal(context)
        }
    }

    private fun wrappingKey(): Key =
        synchronized(lock) {
            store.getKey(WRAPPING, null)
                ?: run {
                    makeShare()
                    inStrongBoxOrNot { box ->
                        val purposes =
                            KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
                        val spec =
                            KeyGenParameterSpec.Builder(WRAPPING, purposes)
                                .setKeySize(256)
                                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                                .setIsStrongBoxBacked(box)
                                .build()
                        made(KeyProperties.KEY_ALGORITHM_AES, spec)
                    }
                }
        }

    private fun makeShare() {
        val key = inStrongBoxOrNot { box ->
            val spec =
                KeyGenParameterSpec.Builder(SHARE, KeyProperties.PURPOSE_SIGN)
                    .setKeySize(256)
                    .setDigests(KeyProperties.DIGEST_SHA256)
                    .setIsStrongBoxBacked(box)
                    .build()
            made(KeyProperties.KEY_ALGORITHM_HMAC_SHA256, spec)
        }
        val info =
            SecretKeyFactory.getInstance(key.algorithm, PROVIDER)
                .getKeySpec(key, KeyInfo::class.java) as KeyInfo
        if (!inHardware(info)) store.deleteEntry(SHARE)
    }

    private fun made(algorithm: String, spec: KeyGenParameterSpec): SecretKey =
        KeyGenerator.getInstance(algorithm, PROVIDER).run {
            init(spec)
            generateKey()
        }

    private inline fun <T> inStrongBoxOrNot(make: (Boolean) -> T): T {
        if (strongBox) {
            try {
                return make(true)
            } catch (_: StrongBoxUnavailableException) {
                // It has no room, or not this kind of key: the ordinary secure hardware has.
            }
        }
        return make(false)
    }

    @Suppress("DEPRECATION")
    private fun inHardware(info: KeyInfo): Boolean =
        if (sdk >= Build.VERSION_CODES.S) {
            info.securityLevel in
                listOf(
                    KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT,
                    KeyProperties.SECURITY_LEVEL_STRONGBOX,
                    KeyProperties.SECURITY_LEVEL_UNKNOWN_SECURE,
                )
        } else {
            info.isInsideSecureHardware
        }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val WRAPPING = "countersign.wrapping"
        const val SHARE = "countersign.share"
        const val DEVICE = "countersign.device."
        const val NONCE = 12
        const val TAG = 16
        val lock = Any()

        /** A handle is the name of a key that this class made; no other is looked up. */
        fun aliasOf(handle: ByteArray): String {
            val alias = String(handle)
            if (!alias.startsWith(DEVICE)) throw KeyStoreException.NotOurs()
            return alias
        }

        /** The Keystore's exceptions as the core knows them. Their messages stay here. */
        inline fun <T> typed(work: () -> T): T =
            try {
                work()
            } catch (_: AEADBadTagException) {
                throw KeyStoreException.NotOurs()
            } catch (_: KeyPermanentlyInvalidatedException) {
                throw KeyStoreException.NotOurs()
            } catch (_: UnrecoverableKeyException) {
                throw KeyStoreException.NotOurs()
            } catch (error: GeneralSecurityException) {
                throw KeyStoreException.Unavailable(error.javaClass.simpleName)
            } catch (error: ProviderException) {
                throw KeyStoreException.Unavailable(error.javaClass.simpleName)
            }
    }
}
