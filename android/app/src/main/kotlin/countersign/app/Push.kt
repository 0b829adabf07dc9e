package countersign.app

import android.content.Context
import countersign.android.PushReceiver
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** A receiver has eight seconds, and something must be left of them to ring. */
private val PATIENCE = 7500.milliseconds

/** What the distributor says. A message says "look" and nothing else, so the phone looks. */
class Push : PushReceiver() {
    override suspend fun look(context: Context) =
        withContext(Dispatchers.Main) {
            val session = sessionOf(context)
            try {
                withTimeout(PATIENCE) { session.look() }
            } catch (error: Exception) {
                // The inbox can't be read in time: something waits there all the same. A call that
                // was cancelled from outside tells nothing.
                if (
                    error !is CancellationException ||
                        error is kotlinx.coroutines.TimeoutCancellationException
                ) {
                    if (session.shell == null) session.bell.ring()
                }
            }
        }

    override suspend fun addressChanged(context: Context) {
        sessionOf(context).phone().pushAddressChanged()
    }

    private fun sessionOf(context: Context) = (context.applicationContext as CountersignApp).session
}
