package countersign.phone

import countersign.ApproveException
import countersign.Biometrics
import countersign.BiometricsException
import countersign.CreatedBiometricKey
import countersign.Refusal
import countersign.TurnOnException
import countersign.Unlock
import countersign.approve
import countersign.approveWithBiometrics
import countersign.biometricsOffered
import countersign.turnOffBiometrics
import countersign.turnOnBiometrics
import java.nio.file.Path
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** A reader made of a key store, whose finger does what a test wants. */
private class Reader(folder: Path) : Biometrics {
    private val keys = SoftKeys(folder)

    @Volatile var finger: () -> Unit = {}

    override fun available() = true

    override suspend fun createKey() =
        keys.createKey().run { CreatedBiometricKey(handle, publicKey) }

    override suspend fun sign(handle: ByteArray, message: ByteArray, reason: String): ByteArray {
        finger()
        return keys.sign(handle, message)
    }

    override suspend fun seal(handle: ByteArray, secret: ByteArray, reason: String) =
        keys.seal(secret)

    override suspend fun unseal(handle: ByteArray, sealed: ByteArray, reason: String): ByteArray {
        finger()
        return keys.unseal(sealed)
    }

    override fun deleteKey(handle: ByteArray) = Unit
}

class BiometricsTest {
    @Test
    fun `a finger approves in the place of the PIN, until it is turned off`() = job {
        val folder = newFolder()
        val reader = Reader(folder)
        World.create(folder = folder, biometrics = reader).use { world ->
            assertTrue(world.phone.biometricsOffered(world.account))
            val wrong =
                assertFailsWith<TurnOnException.Refused> {
                    world.phone.turnOnBiometrics(world.account, pin(WRONG_PIN))
                }
            assertEquals(4, (wrong.refusal as Refusal.WrongPin).triesLeft)
            assertTrue(world.phone.turnOnBiometrics(world.account, pin(PIN)).biometrics)
            assertFalse(world.phone.biometricsOffered(world.account))
            val number = world.person.askApp()
            val request = world.request()
            assertEquals(Unlock.PIN_OR_BIOMETRICS, request.unlock)
            val refusals =
                listOf<() -> Unit>(
                    { throw BiometricsException.NotConfirmed() },
                    { throw IllegalStateException("the sensor is dirty") },
                )
            for (refusal in refusals) {
                reader.finger = refusal
                assertFailsWith<ApproveException.Biometrics> {
                    world.phone.approveWithBiometrics(request, number)
                }
            }
            reader.finger = {}
            assertEquals(5, world.phone.approveWithBiometrics(request, number).triesLeft ?: 5)
            world.person.waitWhile("open")
            assertTrue(world.person.isSignedIn())
            assertFalse(world.phone.turnOffBiometrics(world.account).biometrics)
        }
    }

    @Test
    fun `a finger that was added turns it off, and the PIN works`() = job {
        val folder = newFolder()
        val reader = Reader(folder)
        World.create(folder = folder, biometrics = reader).use { world ->
            world.phone.turnOnBiometrics(world.account, pin(PIN))
            reader.finger = { throw BiometricsException.Changed() }
            val number = world.person.askApp()
            val request = world.request()
            assertFailsWith<ApproveException.Biometrics> {
                world.phone.approveWithBiometrics(request, number)
            }
            assertFalse(world.phone.accounts().single().biometrics)
            world.phone.approve(request, pin(PIN), number)
            world.person.waitWhile("open")
            assertTrue(world.person.isSignedIn())
        }
    }
}
