package countersign.phone

import countersign.CreatedKey
import countersign.KeyStore
import countersign.KeyStoreException
import countersign.UserPresence
import java.nio.file.Path
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.SecureRandom
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec
import kotlin.io.path.exists
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes

/**
 * A key store for a computer, by Java's own cryptography: its wrapping key is a file, and a signing
 * key's handle is the key itself, sealed.
 */
open class SoftKeys(folder: Path) : KeyStore {
    private val random = SecureRandom()
    private val found = folder.resolve("wrapping.key").exists()
    private val wrapping: SecretKeySpec =
        folder.resolve("wrapping.key").let { file ->
            if (!file.exists()) file.writeBytes(ByteArray(32).also(random::nextBytes))
            SecretKeySpec(file.readBytes(), "AES")
        }

    override fun hasKey() = found

    override fun seal(secret: ByteArray): ByteArray {
        val nonce = ByteArray(NONCE).also(random::nextBytes)
        val sealed = nonce + cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(secret)
        secret.fill(0)
        return sealed
    }

    override fun unseal(sealed: ByteArray): ByteArray =
        try {
            cipher(Cipher.DECRYPT_MODE, sealed.copyOf(NONCE))
                .doFinal(sealed, NONCE, sealed.size - NONCE)
        } catch (_: GeneralSecurityException) {
            throw KeyStoreException.NotOurs()
        }

    private fun cipher(mode: Int, nonce: ByteArray) =
        Cipher.getInstance("AES/GCM/NoPadding").apply {
            init(mode, wrapping, GCMParameterSpec(128, nonce))
        }

    override fun createKey(): CreatedKey {
        val pair =
            KeyPairGenerator.getInstance("EC").run {
                initialize(ECGenParameterSpec("secp256r1"))
                generateKeyPair()
            }
        return CreatedKey(seal(pair.private.encoded), pair.public.encoded, inHardware = false)
    }

    override fun sign(handle: ByteArray, message: ByteArray): ByteArray {
        val key =
            KeyFactory.getInstance("EC").generatePrivate(PKCS8EncodedKeySpec(unsealKey(handle)))
        return Signature.getInstance("SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    private fun unsealKey(handle: ByteArray) =
        cipher(Cipher.DECRYPT_MODE, handle.copyOf(NONCE))
            .doFinal(handle, NONCE, handle.size - NONCE)

    override fun deleteKey(handle: ByteArray) = Unit

    override fun hardwareShare(context: ByteArray): ByteArray? = null

    private companion object {
        const val NONCE = 12
    }
}

/** A computer has no lock of its own to ask for. */
object AlwaysThere : UserPresence {
    override suspend fun confirm(reason: String) = Unit
}
