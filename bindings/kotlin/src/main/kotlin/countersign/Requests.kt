package countersign

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * New requests as they come, each once: of one account, or of all that are in use.
 *
 * The flow is cold: every collector has a watcher of its own, and begins with what is open already.
 * Networks that fail are waited out; what waiting can't heal ends the flow with an
 * [InboxException]. Cancelling the collector stops the waiting, and closes the connection to the
 * service.
 */
fun Authenticator.requests(account: Account? = null): Flow<PendingRequest> = flow {
    watch(account?.number).use { watcher -> while (true) emit(watcher.next()) }
}

/** The open requests of one account, at once. */
@Throws(InboxException::class)
suspend fun Authenticator.pending(account: Account): List<PendingRequest> = pending(account.number)

/**
 * Approves a request of the inbox. [number] is what the computer shows, where
 * [PendingRequest.numberAsked]. The digits of [pin] are taken out of it, whatever comes of it.
 */
@Throws(ApproveException::class)
suspend fun Authenticator.approve(
    request: PendingRequest,
    pin: PinEntry,
    number: Int? = null,
): Approved = approve(request.id, null, number, UnlockMethod.Pin(pin))

/** Approves what began in a browser on this phone. Open [Approved.open] in that browser at once. */
@Throws(ApproveException::class)
suspend fun Authenticator.approve(
    request: OnMobileRequest,
    account: Account,
    pin: PinEntry,
): Approved = approve(request.id, account.number, null, UnlockMethod.Pin(pin))

/** Declines a request. It is final and asks no PIN. */
@Throws(ApproveException::class)
suspend fun Authenticator.decline(request: PendingRequest) = decline(request.id, null, false)

/** Declines what began in a browser on this phone. */
@Throws(ApproveException::class)
suspend fun Authenticator.decline(request: OnMobileRequest, account: Account) =
    decline(request.id, account.number, false)

/**
 * Declines what began in a browser on this phone, and reports it as fraud: somebody sent the person
 * the link.
 */
@Throws(ApproveException::class)
suspend fun Authenticator.report(request: OnMobileRequest, account: Account) =
    decline(request.id, account.number, true)

/** Declines a request that the person did not begin, and reports it as fraud. */
@Throws(ApproveException::class)
suspend fun Authenticator.report(request: PendingRequest) = decline(request.id, null, true)
