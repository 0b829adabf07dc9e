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

    /** The activity that is on the display now. */
    var activity: MainActivity? = null

    override fun onCreate() {
        super.onCreate()
        val push = UnifiedPush(this)
        session = Session(this, open = { open(push) }, bell = Bell(this), push = push)
    }

    /**
     * What the system's dialogs say is looked up when they are shown, in the language that is
     * spoken then.
     */
    private suspend fun open(push: UnifiedPush) = run {
        val shown = { activity }
        val say = { id: Int -> (activity ?: this).getString(id) }
        val words = { reason: String -> reasonIn((activity ?: this).resources, reason) }
        openPhone(
            this,
            presence = DeviceLock(shown, { say(R.string.lock_title) }, words),
            biometrics =
                AndroidBiometrics(
                    this,
                    shown,
                    { say(R.string.lock_title) },
                    { say(R.string.use_pin_button) },
                    words,
                ),
            push = push,
        )
    }
}
