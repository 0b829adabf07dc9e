package countersign.android

import android.content.Context
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.os.Looper
import countersign.BiometricsException
import countersign.PresenceException
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.Implements
import org.robolectric.annotation.RealObject
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowBiometricManager
import org.robolectric.util.ReflectionHelpers

/** Android's dialog, of which the part that the system draws is a test's. */
@Implements(BiometricPrompt::class)
class Dialog {
    @RealObject lateinit var prompt: BiometricPrompt

    init {
        latest = this
    }

    fun isShown() = ReflectionHelpers.getField<Any?>(prompt, "mAuthenticationCallback") != null

    /** What the system's part says, by the name that Android gives it. */
    fun say(what: String, vararg arguments: Int) {
        val system: Any = ReflectionHelpers.getField(prompt, "mBiometricServiceReceiver")
        system.javaClass.methods
            .first { it.name == what }
            .apply { isAccessible = true }
            .invoke(system, *arguments.toTypedArray())
    }

    companion object {
        @Volatile var latest: Dialog? = null
    }
}

/** The phone's own lock and the finger's dialog, on Android's own classes. */
@RunWith(RobolectricTestRunner::class)
@Config(shadows = [Dialog::class])
class DeviceLockTest {
    private val context: Context = RuntimeEnvironment.getApplication()

    @Before
    fun nothingIsShown() {
        Dialog.latest = null
    }

    /**
     * Lets the dialog say something when it is there, and waits until the call that showed it is
     * over.
     */
    private suspend fun answered(call: Job, what: String, vararg arguments: Int) {
        while (Dialog.latest?.isShown() != true) delay(10)
        Dialog.latest!!.say(what, *arguments)
        while (!call.isCompleted) {
            shadowOf(Looper.getMainLooper()).idle()
            delay(10)
        }
    }

    private suspend fun confirmed(what: String, vararg arguments: Int): Throwable? =
        coroutineScope {
            val call =
                async(Dispatchers.Default) {
                    runCatching { DeviceLock({ context }, { "Is it you?" }).confirm("") }
                }
            answered(call, what, *arguments)
            call.await().exceptionOrNull()
        }

    @Test
    fun `who confirms goes on, and who does not is told apart from what can't be asked`(): Unit =
        runBlocking {
            assertEquals(
                null,
                confirmed(
                    "onAuthenticationSucceeded",
                    BiometricPrompt.AUTHENTICATION_RESULT_TYPE_BIOMETRIC,
                ),
            )
            Dialog.latest = null
            assertIs<PresenceException.NotConfirmed>(
                confirmed("onError", 0, BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED, 0)
            )
            assertFailsWith<PresenceException.Unavailable> {
                DeviceLock({ null }, { "Is it you?" }).confirm("")
            }
        }

    @Test
    fun `a call that is cancelled waits no longer`(): Unit = runBlocking {
        val call =
            launch(Dispatchers.Default) { DeviceLock({ context }, { "Is it you?" }).confirm("") }
        while (Dialog.latest?.isShown() != true) delay(10)
        call.cancelAndJoin()
    }

    @Test
    fun `the button of the finger's dialog leads back to the PIN`(): Unit = runBlocking {
        val call =
            async(Dispatchers.Default) {
                runCatching {
                    prompted(context, null, BiometricsException.NotConfirmed()) { refuse ->
                        setTitle("Is it you?")
                        setNegativeButton("Use the PIN", context.mainExecutor) { _, _ -> refuse() }
                    }
                }
            }
        answered(call, "onDialogDismissed", BiometricPrompt.DISMISSED_REASON_NEGATIVE)
        assertIs<BiometricsException.NotConfirmed>(call.await().exceptionOrNull())
    }

    @Test
    fun `a finger is offered where one is set up`() {
        val manager: ShadowBiometricManager =
            Shadow.extract(context.getSystemService(BiometricManager::class.java))
        for (there in listOf(false, true)) {
            manager.setCanAuthenticate(there)
            assertEquals(there, AndroidBiometrics.isSetUp(context))
        }
    }
}
