package countersign.app

import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Build
import android.os.Bundle
import android.view.KeyEvent
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.view.WindowManager
import android.window.OnBackInvokedDispatcher

/** The window: it draws the top screen, and passes on what the system tells. */
class MainActivity : Activity() {
    private val session get() = (application as CountersignApp).session
    private var shown: Screen? = null
    private var drawn: View? = null
    private val changed = ::show

    override fun onCreate(state: Bundle?) {
        // What the views might have saved is not wanted back.
        super.onCreate(null)
        window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) window.setHideOverlayWindows(true)
        setContentView(R.layout.main)
        requireViewById<View>(R.id.window).setOnApplyWindowInsetsListener(::inside)
        requireViewById<View>(R.id.waiting).setOnClickListener { session.showWaiting() }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            onBackInvokedDispatcher.registerOnBackInvokedCallback(OnBackInvokedDispatcher.PRIORITY_DEFAULT, ::back)
        }
        if (state == null) follow(intent)
    }

    /** Nothing lies under the system's bars, the camera's hole or the keyboard. */
    private fun inside(view: View, insets: WindowInsets): WindowInsets {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout() or WindowInsets.Type.ime())
            view.setPadding(bars.left, bars.top, bars.right, bars.bottom)
            return WindowInsets.CONSUMED
        }
        @Suppress("DEPRECATION")
        view.setPadding(insets.systemWindowInsetLeft, insets.systemWindowInsetTop, insets.systemWindowInsetRight, insets.systemWindowInsetBottom)
        @Suppress("DEPRECATION")
        return insets.consumeSystemWindowInsets()
    }

    override fun onStart() {
        super.onStart()
        Bell.silence(this)
        session.screens.changed = changed
        session.seen(this)
        show()
    }

    override fun onStop() {
        super.onStop()
        session.unseen(this)
        if (session.screens.changed === changed) session.screens.changed = {}
        takeAway()
    }

    private fun show() {
        val top = session.screens.top
        if (top !== shown) {
            takeAway()
            shown = top
            val place = requireViewById<ViewGroup>(R.id.screen)
            val view = layoutInflater.inflate(top.layout, place, false)
            drawn = view
            place.addView(view)
            top.appear(view)
        }
        val line = session.waiting.isNotEmpty() && top !is HomeScreen && session.screens.all.none { it is RequestScreen }
        requireViewById<View>(R.id.waiting).visibility = if (line) View.VISIBLE else View.GONE
        if (top is HomeScreen) top.redraw()
    }

    private fun takeAway() {
        drawn?.let { shown?.disappear(it) }
        shown = null
        drawn = null
        requireViewById<ViewGroup>(R.id.screen).removeAllViews()
    }

    private fun back() {
        if (!session.screens.back()) moveTaskToBack(true)
    }

    @Deprecated("up to Android 12")
    override fun onBackPressed() = back()

    override fun dispatchKeyEvent(event: KeyEvent): Boolean = shown?.key(event) == true || super.dispatchKeyEvent(event)

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        follow(intent)
    }

    private fun follow(intent: Intent?) {
        linkOf(this, intent)?.let { session.link(it.text, it.source) }
    }

    /** Nothing is saved: what a screen knows is in memory, and goes with the process. */
    override fun onSaveInstanceState(state: Bundle) = Unit

    @Deprecated("the one way without AndroidX")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val picture = data?.data
        if (request == PICTURE && result == RESULT_OK && picture != null) session.screens.top.picked(picture)
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<String>, granted: IntArray) {
        if (request == CAMERA && granted.any { it == PackageManager.PERMISSION_GRANTED }) session.screens.top.permitted()
    }
}
