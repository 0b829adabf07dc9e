package countersign

import java.nio.ByteBuffer

/**
 * Makes the sign-in code of a scanned request, without a network; [pin] where [CodeRequest.unlock]
 * asks for it.
 */
@Throws(CodeException::class)
suspend fun Authenticator.code(request: CodeRequest, pin: PinEntry? = null): ShownCode =
    code(request.id, pin.toUnlock())

/** Checks one field while it is being typed, and returns the value as it would be signed. */
@Throws(FormException::class)
fun Authenticator.check(form: TransactionForm, field: FormField, typed: String): String =
    checkField(form.id, TypedValue(field.id, typed))

/**
 * Checks the whole form, by the fields' ids, and returns the values as they will be signed: show
 * them before asking for the PIN.
 */
@Throws(FormException::class)
fun Authenticator.review(form: TransactionForm, typed: Map<String, String>): List<SignedValue> =
    review(form.id, typed.toTyped())

/**
 * Signs what was typed, by the fields' ids, without a network; [pin] where [TransactionForm.unlock]
 * asks for it.
 */
@Throws(SignException::class)
suspend fun Authenticator.sign(
    form: TransactionForm,
    typed: Map<String, String>,
    pin: PinEntry? = null,
): SignedTransaction = sign(form.id, typed.toTyped(), pin.toUnlock())

private fun PinEntry?.toUnlock() =
    if (this == null) UnlockMethod.Nothing else UnlockMethod.Pin(this)

internal fun Map<String, String>.toTyped() = map { (id, value) -> TypedValue(id, value) }

/**
 * Every code that is read in this frame, whose pixels are in an array. A camera's direct buffer is
 * passed to the method of that name as it is.
 */
@Throws(PictureException::class)
fun Scanner.frame(
    pixels: ByteArray,
    width: Int,
    height: Int,
    stride: Int,
    format: PixelFormat,
): List<QrCode> {
    val direct = ByteBuffer.allocateDirect(pixels.size)
    direct.put(pixels).flip()
    return frame(direct, width, height, stride, format)
}
