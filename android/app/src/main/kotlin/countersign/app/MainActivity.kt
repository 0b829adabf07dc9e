package countersign.app

import android.content.Intent
import android.content.pm.PackageManager
import android.os.Build
import android.os.Bundle
import android.view.KeyEvent
import android.view.WindowManager
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.compose.ui.platform.ComposeView
import countersign.app.ui.Root

/** The window: it draws the top screen, and passes on what the system tells. */
class MainActivity : ComponentActivity() {
    private val app
        get() = application as CountersignApp

    private val session
        get() = app.session

    private lateinit var shell: AndroidShell

    override fun onCreate(state: Bundle?) {
        // What the views might have saved is not wanted back.
        super.onCreate(null)
        enableEdgeToEdge()
        window.setFlags(
            WindowManager.LayoutParams.FLAG_SECURE,
            WindowManager.LayoutParams.FLAG_SECURE,
        )
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) window.setHideOverlayWindows(true)
        shell = AndroidShell(this, session.bell)
        val drawn = ComposeView(this).apply { setContent { Root(session) } }
        setContentView(
            QuietFrame(this) { session.screens.top is PinScreen }.apply { addView(drawn) }
        )
        if (state == null) follow(intent)
    }

    override fun onStart() {
        super.onStart()
        app.activity = this
        if (!session.return_.open) session.bell.silence()
        session.seen(shell)
    }

    override fun onStop() {
        super.onStop()
        session.unseen(shell)
        if (app.activity === this) app.activity = null
    }

    /** A keyboard that is connected types the number and the PIN. */
    override fun dispatchKeyEvent(event: KeyEvent): Boolean {
        val key =
            when (val code = event.keyCode) {
                in KeyEvent.KEYCODE_0..KeyEvent.KEYCODE_9 -> Key.Digit(code - KeyEvent.KEYCODE_0)
                in KeyEvent.KEYCODE_NUMPAD_0..KeyEvent.KEYCODE_NUMPAD_9 ->
                    Key.Digit(code - KeyEvent.KEYCODE_NUMPAD_0)
                KeyEvent.KEYCODE_DEL -> Key.Erase
                KeyEvent.KEYCODE_ENTER,
                KeyEvent.KEYCODE_NUMPAD_ENTER -> Key.Enter
                else -> null
            }
        val top = session.screens.top
        if (key == null || top !is PinScreen && top !is RequestScreen)
            return super.dispatchKeyEvent(event)
        if (event.action != KeyEvent.ACTION_DOWN || event.repeatCount != 0) return key !is Key.Enter
        return top.key(key) || super.dispatchKeyEvent(event)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        follow(intent)
    }

    private fun follow(intent: Intent) {
        when {
            // Only this app can open itself by that name.
            intent.component?.className == GO_ON ->
                whenSeen { session.return_.goFromNotification() }
            intent.action == SCAN -> session.scan()
            shares(intent) ->
                if (intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY == 0) {
                    session.shared(sharedPicture(this, intent))
                }
            else -> linkOf(this, intent)?.let { session.link(it.text, it.source) }
        }
    }

    /** A browser is opened from the display only. */
    private fun whenSeen(work: () -> Unit) {
        window.decorView.post(work)
    }

    /** Nothing is saved: what a screen knows is in memory, and goes with the process. */
    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.clear()
    }

    @Deprecated("its answer comes by number, also after the phone was turned")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        @Suppress("DEPRECATION") super.onActivityResult(request, result, data)
        val picture = data?.data
        if (request == PICTURE && result == RESULT_OK && picture != null) {
            session.screens.top.picked(ContentPicture(contentResolver, picture))
        }
    }

    @Deprecated("its answer comes by number, also after the phone was turned")
    override fun onRequestPermissionsResult(request: Int, names: Array<String>, granted: IntArray) {
        @Suppress("DEPRECATION") super.onRequestPermissionsResult(request, names, granted)
        session.screens.top.run {
            if (request == CAMERA && granted.any { it == PackageManager.PERMISSION_GRANTED })
                permitted()
            else redraw()
        }
    }

    companion object {
        /** What the launcher's shortcut asks for. */
        const val SCAN = "countersign.app.SCAN"
    }
}
