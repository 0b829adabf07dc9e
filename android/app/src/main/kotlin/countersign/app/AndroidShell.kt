package countersign.app

import android.Manifest
import android.accessibilityservice.AccessibilityServiceInfo
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.provider.MediaStore
import android.provider.Settings
import android.view.ViewGroup
import android.view.accessibility.AccessibilityManager

/** What the activity is asked for by number, and answered. */
const val PICTURE = 1
const val CAMERA = 2
const val NOTIFICATIONS = 3

/** What Android does for the screens. */
class AndroidShell(private val activity: Activity, private val bell: Bell) : Shell {
    private val kept = activity.getSharedPreferences("app", Activity.MODE_PRIVATE)

    /**
     * The phone's own browser: the selector is what any web page would be opened with, so neither
     * an app that claims this address nor whoever made the link is asked. Nothing says who opened
     * it.
     */
    override fun browse(url: String): Boolean {
        val any =
            Intent(Intent.ACTION_VIEW, Uri.fromParts("https", "", null))
                .addCategory(Intent.CATEGORY_BROWSABLE)
        val page = Intent(Intent.ACTION_VIEW, Uri.parse(url)).addCategory(Intent.CATEGORY_BROWSABLE)
        page.selector = any
        return started { activity.startActivity(page) }
    }

    override fun leave() {
        activity.moveTaskToBack(true)
    }

    override fun choosePicture(): Boolean {
        val picker =
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
                Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*")
            } else {
                Intent(Intent.ACTION_GET_CONTENT)
                    .setType("image/*")
                    .addCategory(Intent.CATEGORY_OPENABLE)
            }
        // Its answer comes back by this number also after the phone was turned meanwhile.
        @Suppress("DEPRECATION")
        return started { activity.startActivityForResult(picker, PICTURE) }
    }

    override val camera: Leave
        get() = leave(Manifest.permission.CAMERA)

    override fun askForCamera() = ask(Manifest.permission.CAMERA, CAMERA)

    override val notifications: Leave
        get() =
            when {
                bell.heard -> Leave.GIVEN
                Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU -> Leave.REFUSED
                else ->
                    leave(Manifest.permission.POST_NOTIFICATIONS).let {
                        if (it == Leave.GIVEN) Leave.REFUSED else it
                    }
            }

    override fun askForNotifications() {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU)
            ask(Manifest.permission.POST_NOTIFICATIONS, NOTIFICATIONS)
    }

    /**
     * The system does not tell a refusal from a question that was never put: that is remembered
     * here.
     */
    private fun leave(permission: String) =
        when {
            activity.checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED ->
                Leave.GIVEN
            kept.getBoolean(permission, false) &&
                !activity.shouldShowRequestPermissionRationale(permission) -> Leave.REFUSED
            else -> Leave.NOT_ASKED
        }

    private fun ask(permission: String, number: Int) {
        kept.edit().putBoolean(permission, true).apply()
        activity.requestPermissions(arrayOf(permission), number)
    }

    override fun has(setting: Setting) =
        setting != Setting.LANGUAGE || Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU

    override fun open(setting: Setting): Boolean {
        val app = Uri.fromParts("package", activity.packageName, null)
        val intent =
            when {
                setting == Setting.NOTIFICATIONS ->
                    Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS)
                        .putExtra(Settings.EXTRA_APP_PACKAGE, activity.packageName)
                setting == Setting.LANGUAGE &&
                    Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU ->
                    Intent(Settings.ACTION_APP_LOCALE_SETTINGS, app)
                else -> Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, app)
            }
        return started { activity.startActivity(intent) }
    }

    override val assisted: Boolean
        get() {
            val manager =
                activity.getSystemService(AccessibilityManager::class.java) ?: return false
            if (manager.isTouchExplorationEnabled) return true
            // Switch access, and whatever else presses for the person.
            val pressing =
                AccessibilityServiceInfo.FEEDBACK_SPOKEN or
                    AccessibilityServiceInfo.FEEDBACK_BRAILLE or
                    AccessibilityServiceInfo.FEEDBACK_GENERIC
            return manager.isEnabled &&
                manager.getEnabledAccessibilityServiceList(pressing).isNotEmpty()
        }

    /**
     * Said once, by the frame around all that is drawn: a part of the screen that says each change
     * of its text would say every second.
     */
    @Suppress("DEPRECATION")
    override fun announce(words: Words) {
        val content = activity.requireViewById<ViewGroup>(android.R.id.content)
        content.getChildAt(0)?.announceForAccessibility(words.of(activity.resources))
    }

    private fun started(start: () -> Unit): Boolean =
        try {
            start()
            true
        } catch (_: ActivityNotFoundException) {
            false
        }
}
