package countersign.app

import android.Manifest
import android.app.Activity
import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import countersign.Account
import countersign.Authenticator
import countersign.InboxException
import countersign.OpenException
import countersign.PendingRequest
import countersign.PhoneException
import countersign.Resumed
import countersign.Source
import countersign.requests
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.time.Instant
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** How long requests are waited for after the app has left the screen, if the system lets it live so long. */
private val LINGER = 5.minutes
private val PAUSE = 30.seconds

/**
 * The app while its process lives: the phone, its accounts, the requests that wait, and the screens. It outlives the activity, and nothing of it is saved.
 *
 * @param ring tells of a request while the app is not on the screen.
 */
class Session(context: Context, private val open: suspend (Session) -> Authenticator, private val ring: () -> Unit) {
    private val kept = context.getSharedPreferences("app", Context.MODE_PRIVATE)
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    private val opened = CompletableDeferred<Authenticator>()
    private var watch: Job? = null
    private var linger: Job? = null

    val screens = Screens()

    /** The activity that is on the screen now. */
    var activity: Activity? = null
        private set

    /** Why there is no phone. */
    var problem: Words? = null
        private set
    var accounts: List<Account>? = null
        private set

    /** Requests that were not answered yet. */
    var waiting: List<PendingRequest> = emptyList()
        private set

    /** The phone, once it is open. */
    suspend fun phone(): Authenticator = opened.await()

    /** The account that the person is looking at. */
    val account: Account? get() = accounts?.run { find { it.number == kept.getInt(ACCOUNT, -1).toUInt() } ?: firstOrNull() }

    init {
        screens.open(HomeScreen(this))
        scope.launch { begin() }
    }

    private suspend fun begin() {
        val phone = try {
            open(this)
        } catch (error: OpenException) {
            problem = error.said().words
            screens.top.redraw()
            return
        }
        opened.complete(phone)
        reload()
        // Without a network this takes its time; the app is of use meanwhile.
        val resumed = try {
            phone.resume()
        } catch (_: PhoneException) {
            return
        }
        if (resumed.isEmpty()) return
        reload()
        resumed.forEach(::tell)
    }

    private fun tell(resumed: Resumed) {
        when (resumed) {
            Resumed.Reinstalled -> screens.open(MessageScreen(this, words(R.string.resumed_reinstalled), words(R.string.resumed_reinstalled_text)))
            is Resumed.Waiting -> screens.open(ConfirmScreen(this, resumed.claimed, fromBrowser = false))
            is Resumed.Active -> screens.open(welcome(this, fromBrowser = false))
            is Resumed.PinChanged -> say(R.string.resumed_pin_changed, resumed.account)
            is Resumed.PinAsBefore -> say(R.string.resumed_pin_as_before, resumed.account)
            is Resumed.BiometricsOn -> say(R.string.resumed_biometrics_on, resumed.account)
            is Resumed.BiometricsOff -> say(R.string.resumed_biometrics_off, resumed.account)
            is Resumed.Dropped -> say(R.string.resumed_dropped, resumed.account)
            is Resumed.Unknown -> Unit
        }
    }

    private fun say(id: Int, account: Account) =
        screens.open(MessageScreen(this, words(id, account.name), null))

    /** Looks at the accounts again; after a change of them requests are waited for anew. */
    suspend fun reload() {
        val before = accounts?.map { it.number to it.state }
        accounts = try {
            phone().accounts()
        } catch (error: PhoneException) {
            problem = error.said().words
            accounts
        }
        if (before != accounts?.map { it.number to it.state }) startWatching()
        screens.top.redraw()
    }

    /** An account as it is now: a request has it as it was when the phone began to wait. */
    fun now(account: Account): Account = accounts?.find { it.number == account.number } ?: account

    fun choose(account: Account) {
        kept.edit().putInt(ACCOUNT, account.number.toInt()).apply()
        screens.top.redraw()
    }

    /** The app is on the screen. */
    fun seen(activity: Activity) {
        this.activity = activity
        linger?.cancel()
        startWatching()
        offer()
    }

    /** The app has left the screen. */
    fun unseen(activity: Activity) {
        if (this.activity != activity) return
        this.activity = null
        linger = scope.launch {
            delay(LINGER)
            sleep()
        }
    }

    /** Waits for nothing any more, until the app is opened or a push message comes. */
    internal fun sleep() {
        watch?.cancel()
    }

    /** Looks for requests at once: a push message came. */
    suspend fun look() = phone().pendingAll().requests.forEach(::arrived)

    private fun startWatching() {
        watch?.cancel()
        if (accounts.isNullOrEmpty()) return
        watch = scope.launch {
            val phone = phone()
            while (true) {
                try {
                    phone.requests().collect(::arrived)
                } catch (_: InboxException) {
                    // The account's page says what is wrong with it; the network may come back.
                    delay(PAUSE)
                }
            }
        }
    }

    private fun arrived(request: PendingRequest) {
        if (waiting.any { it.id == request.id }) return
        waiting = waiting + request
        if (activity == null) ring() else offer()
    }

    /** What waits is shown at once where the person does nothing else, and otherwise by a line above the screen. */
    private fun offer() {
        waiting = waiting.filter { it.details.expiresAt > Instant.now() }
        if (activity != null && screens.all.size == 1) waiting.firstOrNull()?.let { screens.open(RequestScreen(this, it)) }
        screens.changed()
    }

    /** Shows the request that waits longest. */
    fun showWaiting() {
        val shown = screens.all.filterIsInstance<RequestScreen>().map { it.id }
        waiting.firstOrNull { it.id !in shown }?.let { screens.open(RequestScreen(this, it)) }
    }

    /** A request was answered, or is not open any more. */
    fun answered(id: String) {
        waiting = waiting.filter { it.id != id }
        screens.changed()
    }

    /** Asks whether the app may tell of requests. The system asks the person once, and remembers. */
    fun askForNotifications() {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) return
        val shown = activity ?: return
        if (shown.checkSelfPermission(Manifest.permission.POST_NOTIFICATIONS) != PackageManager.PERMISSION_GRANTED) {
            shown.requestPermissions(arrayOf(Manifest.permission.POST_NOTIFICATIONS), NOTIFICATIONS)
        }
    }

    /** A link that the system passed on. */
    fun link(text: String, source: Source) {
        scope.launch {
            phone()
            val screen = try {
                read(text, source)
            } catch (error: Exception) {
                MessageScreen(this@Session, words(R.string.link_refused), error.said().words)
            }
            when {
                screens.all.none(Screen::underway) -> screens.home(screen)
                screens.top.underway -> screens.open(screen)
                else -> screens.replace(screen)
            }
        }
    }

    private companion object {
        const val ACCOUNT = "account"
    }
}
