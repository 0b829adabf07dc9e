package countersign.android

import android.hardware.biometrics.BiometricPrompt.CryptoObject
import android.os.Build
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import countersign.BiometricsException
import java.security.KeyFactory
import java.security.Signature
import java.security.spec.X509EncodedKeySpec
import kotlin.test.BeforeTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking

class AndroidBiometricsTest {
    private var asked = 0
    private var finger: (CryptoObject) -> CryptoObject = { it }

    @BeforeTest fun install() = Keystore.install()

    private fun biometrics(sdk: Int = ANDROID_15) =
        AndroidBiometrics(sdk, { true }) { crypto, _ ->
            asked++
            finger(crypto)
        }

    @Test
    fun `each use asks for a strong biometric, and a new finger ends the keys`() = runBlocking {
        for (sdk in listOf(Build.VERSION_CODES.P, ANDROID_15)) {
            val alias = String(biometrics(sdk).createKey().handle)
            for (spec in listOf(alias, "$alias.share").map(Keystore.asked::getValue)) {
                assertTrue(
                    spec.isUserAuthenticationRequired && spec.isInvalidatedByBiometricEnrollment
                )
                assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG, spec.userAuthenticationType)
                assertTrue(spec.userAuthenticationValidityDurationSeconds <= 0, "every use")
            }
        }
        assertEquals(0, asked, "making keys asks nobody")
    }

    @Test
    fun `a finger signs, seals and opens, asked each time`() = runBlocking {
        val biometrics = biometrics()
        val made = biometrics.createKey()
        val signature = biometrics.sign(made.handle, "message".toByteArray(), "")
        val public =
            KeyFactory.getInstance("EC", "SunEC").generatePublic(X509EncodedKeySpec(made.publicKey))
        assertTrue(
            Signature.getInstance("SHA256withECDSA", "SunEC").run {
                initVerify(public)
                update("message".toByteArray())
                verify(signature)
            }
        )
        val secret = ByteArray(48) { 7 }
        val sealed = biometrics.seal(made.handle, secret, "")
        assertContentEquals(ByteArray(48), secret, "wiped")
        assertContentEquals(ByteArray(48) { 7 }, biometrics.unseal(made.handle, sealed, ""))
        assertEquals(3, asked)
        for (wrong in listOf(ByteArray(0), ByteArray(27), sealed.copyOf().also { it[40]++ })) {
            assertFailsWith<BiometricsException.Unavailable> {
                biometrics.unseal(made.handle, wrong, "")
            }
        }
    }

    @Test
    fun `who does not confirm, and keys that Android destroyed, are told apart`() = runBlocking {
        val biometrics = biometrics()
        val handle = biometrics.createKey().handle
        finger = { throw BiometricsException.NotConfirmed() }
        assertFailsWith<BiometricsException.NotConfirmed> {
            biometrics.sign(handle, ByteArray(1), "")
        }
        finger = { throw KeyPermanentlyInvalidatedException() }
        assertFailsWith<BiometricsException.Changed> { biometrics.sign(handle, ByteArray(1), "") }
        biometrics.deleteKey(handle)
        biometrics.deleteKey(handle)
        assertEquals(emptySet(), Keystore.keys.keys)
        assertFailsWith<BiometricsException.Changed> { biometrics.sign(handle, ByteArray(1), "") }
        assertFailsWith<BiometricsException.Changed> { biometrics.seal(handle, ByteArray(1), "") }
        assertFailsWith<BiometricsException.Changed> {
            biometrics.sign("countersign.device.x".toByteArray(), ByteArray(1), "")
        }
        Unit
    }
}
