package countersign

/**
 * Whether to offer biometrics for an account: there is a finger or face to ask, and they are not
 * on.
 */
@Throws(PhoneException::class)
suspend fun Authenticator.biometricsOffered(account: Account): Boolean =
    biometricsOffered(account.number)

/** Turns biometrics on for an account, with its PIN, which always stays as the way back. */
@Throws(TurnOnException::class)
suspend fun Authenticator.turnOnBiometrics(account: Account, pin: PinEntry): Account =
    turnOnBiometrics(account.number, pin)

/** Turns biometrics off for an account, without a network too. */
@Throws(PhoneException::class)
suspend fun Authenticator.turnOffBiometrics(account: Account): Account =
    turnOffBiometrics(account.number)

/**
 * Approves with a finger or face, where [PendingRequest.unlock] and the account allow it. After
 * [ApproveException.Biometrics] the PIN will do.
 */
@Throws(ApproveException::class)
suspend fun Authenticator.approveWithBiometrics(
    request: PendingRequest,
    number: Int? = null,
): Approved = approve(request.id, null, number, UnlockMethod.Biometrics)

/**
 * The same for what began in a browser on this phone. Open [Approved.open] in that browser at once.
 */
@Throws(ApproveException::class)
suspend fun Authenticator.approveWithBiometrics(
    request: OnMobileRequest,
    account: Account,
): Approved = approve(request.id, account.number, null, UnlockMethod.Biometrics)

/** A sign-in code with a finger or face, where [CodeRequest.unlock] and the account allow it. */
@Throws(CodeException::class)
suspend fun Authenticator.codeWithBiometrics(request: CodeRequest): ShownCode =
    code(request.id, UnlockMethod.Biometrics)

/**
 * Signs what was typed, by the fields' ids, with a finger or face, where [TransactionForm.unlock]
 * and the account allow it.
 */
@Throws(SignException::class)
suspend fun Authenticator.signWithBiometrics(
    form: TransactionForm,
    typed: Map<String, String>,
): SignedTransaction = sign(form.id, typed.toTyped(), UnlockMethod.Biometrics)
