package countersign.app

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import java.time.Duration
import java.time.Instant

private const val CHANNEL = "requests"
private const val WAITING = 1
private const val APPROVED = 2

/** The name in the manifest by which this app alone opens itself from its notification. */
const val GO_ON = "countersign.app.GoOn"

/**
 * Tells the person that something waits, and nothing of it: anybody may see the phone's display.
 * There is no button on it, for nothing is answered without the app.
 */
class Bell(private val context: Context) {
    private val manager: NotificationManager? =
        context.getSystemService(NotificationManager::class.java)

    /** A request waits. */
    fun ring() {
        val open = Intent(context, MainActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        val notification =
            notification(R.string.bell_title, R.string.bell_text)
                .setContentIntent(
                    PendingIntent.getActivity(context, WAITING, open, PendingIntent.FLAG_IMMUTABLE)
                )
                .setVisibility(Notification.VISIBILITY_PUBLIC)
                .build()
        manager?.notify(WAITING, notification)
    }

    /**
     * An approval that began in a browser of this phone was taken: a tap leads back there. The way
     * itself stays in the app.
     */
    fun approved(until: Instant, now: Instant) {
        val open =
            Intent()
                .setComponent(ComponentName(context, GO_ON))
                .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        val once = PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_ONE_SHOT
        val notification =
            notification(R.string.bell_approved, R.string.bell_go_on)
                .setContentIntent(PendingIntent.getActivity(context, APPROVED, open, once))
                .setVisibility(Notification.VISIBILITY_PRIVATE)
                .setLocalOnly(true)
                .setTimeoutAfter(Duration.between(now, until).toMillis().coerceAtLeast(1))
                .build()
        manager?.notify(APPROVED, notification)
    }

    private fun notification(title: Int, text: Int): Notification.Builder {
        // It is made again each time, so that its name is in the language chosen now.
        val name = context.getString(R.string.bell_channel)
        manager?.createNotificationChannel(
            NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_HIGH)
        )
        return Notification.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.bell)
            .setColor(context.getColor(R.color.brand))
            .setContentTitle(context.getString(title))
            .setContentText(context.getString(text))
            .setCategory(Notification.CATEGORY_MESSAGE)
            .setAutoCancel(true)
    }

    /** Whether a notification would be seen: the person can silence the app, or its channel. */
    val heard: Boolean
        get() {
            val channel = manager?.getNotificationChannel(CHANNEL)
            return manager?.areNotificationsEnabled() == true &&
                channel?.importance != NotificationManager.IMPORTANCE_NONE
        }

    /** The person is looking at the app. */
    fun silence() {
        manager?.cancel(WAITING)
        manager?.cancel(APPROVED)
    }
}
