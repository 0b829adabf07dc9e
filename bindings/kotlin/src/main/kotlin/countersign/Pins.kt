package countersign

/**
 * Changes an account's PIN. Whether [old] is right is told by the service alone. Whatever breaks
 * off, one PIN works.
 */
@Throws(ChangeException::class)
suspend fun Authenticator.changePin(
    account: Account,
    old: PinEntry,
    new: PinEntry,
    again: PinEntry,
): Account = changePin(account.number, old, new, again)

/** Makes new keys for an account, with the same PIN. */
@Throws(ChangeException::class)
suspend fun Authenticator.rotateKeys(account: Account, pin: PinEntry): Account =
    rotateKeys(account.number, pin)

/**
 * Waits until another factor has approved on the service's page that this phone sets a PIN anew;
 * then [setForgottenPin].
 */
@Throws(ForgottenException::class)
suspend fun Authenticator.awaitNewPinGrant(account: Account) = watchNewPinGrant(account.number)

/** Sets a PIN anew after another factor approved it. It lifts a block. */
@Throws(ForgottenException::class)
suspend fun Authenticator.setForgottenPin(
    account: Account,
    new: PinEntry,
    again: PinEntry,
): Account = setForgottenPin(account.number, new, again)
