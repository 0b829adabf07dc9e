package countersign.android

import android.security.keystore.KeyProperties
import countersign.Authenticator
import countersign.KeyStore
import countersign.KeyStoreException
import countersign.OpenException
import countersign.PhoneProblem
import countersign.Platform
import countersign.Resumed
import countersign.UserPresence
import java.nio.file.Files
import java.security.KeyFactory
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.security.spec.X509EncodedKeySpec
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

internal const val ANDROID_15 = 35

class AndroidKeysTest {
    @BeforeTest fun install() = Keystore.install()

    private fun keys(
        strongBox: Boolean = true,
        attestation: Attestation? = null,
        sdk: Int = ANDROID_15,
    ) = AndroidKeys(strongBox, attestation, sdk)

    @Test
    fun `a secret is sealed under a key that stays in the Keystore, and wiped`() {
        val secret = ByteArray(32) { 7 }
        val sealed = keys().seal(secret)
        assertContentEquals(ByteArray(32), secret)
        assertContentEquals(ByteArray(32) { 7 }, keys().unseal(sealed))
        val spec = Keystore.asked.getValue("countersign.wrapping")
        assertEquals(256, spec.keySize)
        assertContentEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), spec.blockModes)
        assertTrue(spec.isStrongBoxBacked && spec.isRandomizedEncryptionRequired)
    }

    @Test
    fun `what was changed, or whose key is gone, is not ours`() {
        val sealed = keys().seal(ByteArray(32))
        for (wrong in
            listOf(
                ByteArray(0),
                ByteArray(12),
                sealed.copyOf(20),
                sealed.copyOf().also { it[30]++ },
            )) {
            assertFailsWith<KeyStoreException.NotOurs> { keys().unseal(wrong) }
        }
        Keystore.keys.remove("countersign.wrapping")
        assertFailsWith<KeyStoreException.NotOurs> { keys().unseal(sealed) }
    }

    @Test
    fun `a device key signs, can be attested, and can be deleted`() {
        val chains = ArrayList<List<ByteArray>>()
        val keys = keys(attestation = Attestation(ByteArray(16) { 9 }, chains::add))
        val made = keys.createKey()
        assertContentEquals(Keystore.CERTIFICATE, chains.single().single())
        assertTrue(made.inHardware)
        val spec = Keystore.asked.getValue(String(made.handle))
        assertEquals("secp256r1", (spec.algorithmParameterSpec as ECGenParameterSpec).name)
        assertEquals(KeyProperties.PURPOSE_SIGN, spec.purposes)
        assertContentEquals(ByteArray(16) { 9 }, spec.attestationChallenge)
        val signature = keys.sign(made.handle, "message".toByteArray())
        val public =
            KeyFactory.getInstance("EC", "SunEC").generatePublic(X509EncodedKeySpec(made.publicKey))
        assertTrue(
            Signature.getInstance("SHA256withECDSA", "SunEC").run {
                initVerify(public)
                update("message".toByteArray())
                verify(signature)
            }
        )
        keys.deleteKey(made.handle)
        keys.deleteKey(made.handle)
        assertFailsWith<KeyStoreException.NotOurs> { keys.sign(made.handle, ByteArray(1)) }
        assertFailsWith<KeyStoreException.NotOurs> {
            keys.sign("countersign.wrapping".toByteArray(), ByteArray(1))
        }
        assertFailsWith<KeyStoreException.NotOurs> {
            keys.deleteKey("countersign.wrapping".toByteArray())
        }
    }

    @Test
    fun `a StrongBox that has no room, or is not there, is no obstacle`() {
        Keystore.strongBoxIsFull = true
        val full = keys()
        assertFalse(Keystore.asked.getValue(String(full.createKey().handle)).isStrongBoxBacked)
        val without = keys(strongBox = false)
        assertFalse(Keystore.asked.getValue(String(without.createKey().handle)).isStrongBoxBacked)
    }

    @Test
    fun `a share comes with the wrapping key in hardware, always the same, and never later`() {
        val context = "an account".toByteArray()
        assertNull(keys().hardwareShare(context))
        keys().seal(ByteArray(32))
        val share = assertNotNull(keys().hardwareShare(context))
        assertEquals(32, share.size)
        assertContentEquals(share, keys().hardwareShare(context))
        assertFalse(share.contentEquals(keys().hardwareShare("another".toByteArray())))

        Keystore.install()
        Keystore.hardware = false
        keys().seal(ByteArray(32))
        assertNull(keys().hardwareShare(context))
        assertFalse(keys().createKey().inHardware)
        assertFalse(keys(sdk = 30).createKey().inHardware)
        Keystore.hardware = true
        keys().seal(ByteArray(32))
        assertNull(keys().hardwareShare(context), "the wrapping key was there before")
    }

    @Test
    fun `the core opens with these keys, and not with others`() = runBlocking {
        val folder = Files.createTempDirectory("countersign-android-").toString()
        val there =
            object : UserPresence {
                override suspend fun confirm(reason: String) = Unit
            }
        suspend fun open() =
            Authenticator.open(folder, Platform(keys(), there, "Android 15", "test"))
        assertFalse(keys().hasKey())
        repeat(2) { open().close() }
        assertTrue(keys().hasKey())
        Keystore.install()
        val gone = assertFailsWith<OpenException.Phone> { open() }
        assertEquals(PhoneProblem.KEYS_NOT_OURS, gone.problem)
    }

    @Test
    fun `a first start that was cut off, and an app whose storage was cleared, are no reinstalls`() =
        runBlocking {
            val folder = Files.createTempDirectory("countersign-android-")
            val there =
                object : UserPresence {
                    override suspend fun confirm(reason: String) = Unit
                }
            // It makes the key, and ends before the core has stored what was sealed.
            class CutOff(private val keys: AndroidKeys) : KeyStore by keys {
                override fun seal(secret: ByteArray): ByteArray {
                    keys.seal(secret)
                    throw KeyStoreException.Unavailable("it ended")
                }
            }
            suspend fun open(keys: KeyStore) =
                Authenticator.open(folder.toString(), Platform(keys, there, "Android 15", "test"))
            assertFailsWith<OpenException.Phone> { open(CutOff(keys())) }
            assertTrue(keys().hasKey())
            open(keys()).use { assertEquals(emptyList(), it.resume()) }

            // Uninstalled, or its storage cleared: keys and data go together.
            Keystore.install()
            folder.toFile().deleteRecursively()
            open(keys()).use { assertEquals(emptyList(), it.resume()) }

            // The data alone.
            folder.toFile().deleteRecursively()
            open(keys()).use { assertEquals(listOf<Resumed>(Resumed.Reinstalled), it.resume()) }
        }
}
