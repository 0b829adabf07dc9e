package countersign.app

import android.content.Context
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import countersign.Account
import countersign.Authenticator
import countersign.Claimed
import countersign.InboxException
import countersign.OpenException
import countersign.PendingRequest
import countersign.PhoneException
import countersign.Resumed
import countersign.android.UnifiedPush
import countersign.requests
import java.time.Clock
import java.time.Instant
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/**
 * How long requests are waited for after the app has left the display, if the system lets it live
 * so long.
 */
private val LINGER = 5.minutes
private val PAUSE = 30.seconds

/**
 * The app while its process lives: the phone, its accounts, the requests that wait, and the
 * screens. It outlives the activity, and nothing of it is saved.
 *
 * @param bell tells of what happens while the app is not on the display.
 * @param push what wakes the app, if there is such a thing.
 */
class Session(
    context: Context,
    private val open: suspend (Session) -> Authenticator,
    val bell: Bell,
    val push: UnifiedPush? = null,
    internal var clock: Clock = Clock.systemUTC(),
) {
    private val kept = context.getSharedPreferences("app", Context.MODE_PRIVATE)
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    private val opened = CompletableDeferred<Authenticator>()
    private var watch: Job? = null
    private var linger: Job? = null

    val screens = Screens()

    /** What the system does for the screens, while the app is on the display. */
    var shell: Shell? by mutableStateOf(null)
        private set

    /** Why there is no phone. */
    var problem: Words? by mutableStateOf(null)
        private set

    var accounts: List<Account>? by mutableStateOf(null)
        internal set

    /** Requests that were not answered yet. */
    var waiting: List<PendingRequest> by mutableStateOf(emptyList())
        internal set

    /** Initialisations that wait to be confirmed on their pages. */
    var claims: List<Claimed> by mutableStateOf(emptyList())
        private set

    /** What goes on although its screen was left. */
    var running: Words? by mutableStateOf(null)

    /** What came last from another app. */
    var arrival: Screen? = null

    /** The way back to a browser of this phone, for an approval that began there. */
    val return_ = Return(this)

    /** The phone, once it is open. */
    suspend fun phone(): Authenticator = opened.await()

    /** The account that the person is looking at. */
    val account: Account?
        get() = accounts?.run { find { it.number == looked } ?: firstOrNull() }

    private var looked: UInt by mutableStateOf(kept.getInt(ACCOUNT, -1).toUInt())

    /** Whether the fourth digit of a PIN sends it, where that may be. */
    var sendsByItself: Boolean by mutableStateOf(kept.getBoolean(SENDS, false))
        private set

    fun sendByItself(on: Boolean) {
        sendsByItself = on
        kept.edit().putBoolean(SENDS, on).apply()
    }

    /** Whether the person was told why notifications are asked for, and said no. */
    var quiet: Boolean by mutableStateOf(kept.getBoolean(QUIET, false))
        private set

    fun beQuiet() {
        quiet = true
        kept.edit().putBoolean(QUIET, true).apply()
    }

    val now: Instant
        get() = clock.instant()

    init {
        screens.open(HomeScreen(this))
        scope.launch { begin() }
    }

    private suspend fun begin() {
        val phone =
            try {
                open(this)
            } catch (error: OpenException) {
                problem = error.said().words
                return
            }
        opened.complete(phone)
        reload()
        resume()
    }

    /**
     * What was interrupted goes on. Without a network this takes its time; the app is of use
     * meanwhile.
     */
    suspend fun resume() {
        val resumed =
            try {
                phone().resume()
            } catch (_: PhoneException) {
                return
            }
        if (resumed.isEmpty()) return
        reload()
        resumed.forEach(::tell)
    }

    private fun tell(resumed: Resumed) {
        when (resumed) {
            Resumed.Reinstalled ->
                screens.open(
                    MessageScreen(
                        this,
                        words(R.string.resumed_reinstalled),
                        words(R.string.resumed_reinstalled_text),
                    )
                )
            is Resumed.Waiting -> screens.open(confirmation(resumed.claimed, fromBrowser = false))
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

    /**
     * The screen that waits for a claim to be confirmed; the claim is remembered, for who leaves
     * it.
     */
    fun confirmation(claimed: Claimed, fromBrowser: Boolean): Screen {
        confirmed(claimed)
        claims = claims + claimed
        return ConfirmScreen(this, claimed, fromBrowser)
    }

    fun confirmed(claimed: Claimed) {
        claims = claims.filter { it.account.number != claimed.account.number }
    }

    /** Looks at the accounts again; after a change of them requests are waited for anew. */
    suspend fun reload() {
        val before = accounts?.map { it.number to it.state }
        accounts =
            try {
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
        looked = account.number
        kept.edit().putInt(ACCOUNT, account.number.toInt()).apply()
        screens.top.redraw()
    }

    /** The app is on the display. */
    fun seen(shell: Shell) {
        this.shell = shell
        linger?.cancel()
        screens.seen(true)
        startWatching()
        offer()
    }

    /** The app has left the display. */
    fun unseen(shell: Shell) {
        if (this.shell !== shell) return
        screens.seen(false)
        this.shell = null
        linger =
            scope.launch {
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
        watch =
            scope.launch {
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
        if (shell == null) bell.ring() else offer()
    }

    /**
     * What waits is shown at once where the person does nothing else, and otherwise by a line above
     * the screen.
     */
    private fun offer() {
        forgetExpired()
        if (shell == null || screens.all.size > 1 || running != null) return
        waiting.firstOrNull()?.let { screens.open(RequestScreen(this, it)) }
    }

    fun forgetExpired() {
        if (waiting.any { it.details.expiresAt <= now })
            waiting = waiting.filter { it.details.expiresAt > now }
    }

    /** Whether a request waits that no screen shows. */
    val hidden: Boolean
        get() =
            waiting.isNotEmpty() &&
                screens.top !is HomeScreen &&
                screens.all.none { it is RequestScreen }

    /** Shows a request: the one that waits longest, where none is named. */
    fun show(request: PendingRequest? = null) {
        val shown = screens.all.filterIsInstance<RequestScreen>().map { it.id }
        val next = request ?: waiting.firstOrNull { it.id !in shown } ?: return
        screens.open(RequestScreen(this, next))
    }

    /** A request was answered, or is not open any more. */
    fun answered(id: String) {
        waiting = waiting.filter { it.id != id }
    }

    private companion object {
        const val ACCOUNT = "account"
        const val SENDS = "sends by itself"
        const val QUIET = "quiet"
    }
}
