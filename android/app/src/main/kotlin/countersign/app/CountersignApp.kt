package countersign.app

import android.app.Application
import countersign.android.AndroidBiometrics
import countersign.android.DeviceLock
import countersign.android.UnifiedPush
import countersign.android.openPhone

/** Everything that lives as long as the process. */
class CountersignApp : Application() {
    lateinit var session: Session
        private set

    override fun onCreate() {
        super.onCreate()
        val bell = Bell(this)
        session = Session(
            this,
            open = { session ->
                val shown = { session.activity }
                val words = { reason: String -> session.activity?.resources?.let { reasonIn(it, reason) } ?: reason }
                openPhone(
                    this,
                    presence = DeviceLock(shown, getString(R.string.lock_title), words),
                    biometrics = AndroidBiometrics(this, shown, getString(R.string.lock_title), getString(R.string.use_pin_button), words),
                    push = UnifiedPush(this),
                )
            },
            ring = bell::ring,
        )
    }
}
