package countersign.app

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent

private const val CHANNEL = "requests"
private const val WAITING = 1

/** Tells the person that a request waits, and nothing of it: anybody may see the phone's display. */
class Bell(private val context: Context) {
    private val manager: NotificationManager? = context.getSystemService(NotificationManager::class.java)

    fun ring() {
        val channel = NotificationChannel(CHANNEL, context.getString(R.string.bell_channel), NotificationManager.IMPORTANCE_HIGH)
        manager?.createNotificationChannel(channel)
        val open = Intent(context, MainActivity::class.java).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        val notification = Notification.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.bell)
            .setContentTitle(context.getString(R.string.bell_title))
            .setContentText(context.getString(R.string.bell_text))
            .setContentIntent(PendingIntent.getActivity(context, 0, open, PendingIntent.FLAG_IMMUTABLE))
            .setCategory(Notification.CATEGORY_MESSAGE)
            .setVisibility(Notification.VISIBILITY_PUBLIC)
            .setAutoCancel(true)
            .build()
        manager?.notify(WAITING, notification)
    }

    companion object {
        /** The person is looking at the app. */
        fun silence(context: Context) = context.getSystemService(NotificationManager::class.java)?.cancel(WAITING)
    }
}
