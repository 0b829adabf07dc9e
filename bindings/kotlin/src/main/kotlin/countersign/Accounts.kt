package countersign

/** Waits until the claim is confirmed on the page; then the account is in use. */
@Throws(CompleteException::class)
suspend fun Authenticator.complete(claimed: Claimed): Account =
    completeEnrolment(claimed.account.number)

/** Asks the service how an account stands. */
@Throws(StatusException::class)
suspend fun Authenticator.refresh(account: Account): Account = refresh(account.number)

/** Gives an account another name on this phone: 1 to 40 characters. */
@Throws(AccountException::class)
suspend fun Authenticator.rename(account: Account, name: String): Account =
    rename(account.number, name)

/**
 * Removes an account from this phone, without a network too. [Removed.next] says what is left to
 * do.
 */
@Throws(PhoneException::class)
suspend fun Authenticator.remove(account: Account): Removed = remove(account.number)
