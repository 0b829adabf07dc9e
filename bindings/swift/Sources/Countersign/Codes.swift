import Foundation

extension Authenticator {
    /// Makes the sign-in code of a scanned request, without a network.
    ///
    /// - Parameters:
    ///   - request: What was scanned.
    ///   - pin: Where ``CodeRequest/unlock`` asks for it.
    /// - Throws: ``CodeError``.
    public func code(for request: CodeRequest, pin: PinEntry? = nil) async throws -> ShownCode {
        try await code(request: request.id, unlock: unlock(pin))
    }

    /// Checks one field while it is being typed, and returns the value as it would be signed. Quick: call it at every key.
    ///
    /// - Throws: ``FormError``, whose `value` says what to type.
    public func check(_ field: FormField, of form: TransactionForm, typed: String) throws -> String {
        try checkField(form: form.id, typed: TypedValue(id: field.id, value: typed))
    }

    /// Checks the whole form, by the fields' ids, and returns the values as they will be signed: show them before asking for the PIN.
    ///
    /// - Throws: ``FormError``, of the first field that is wrong or missing.
    public func review(_ form: TransactionForm, typed: [String: String]) throws -> [SignedValue] {
        try review(form: form.id, typed: values(of: typed))
    }

    /// Signs what was typed, by the fields' ids, without a network.
    ///
    /// - Parameters:
    ///   - form: What was scanned.
    ///   - typed: What the person typed into each field.
    ///   - pin: Where ``TransactionForm/unlock`` asks for it.
    /// - Throws: ``SignError``.
    public func sign(_ form: TransactionForm, typed: [String: String], pin: PinEntry? = nil) async throws -> SignedTransaction {
        try await sign(form: form.id, typed: values(of: typed), unlock: unlock(pin))
    }
}

extension Scanner {
    /// Every code that is read in this frame, within about eight milliseconds and without copying it. `stride` is the distance between the starts of
    /// two rows, in bytes. Call it on the camera's thread, with frame after frame: what one does not show, another will.
    ///
    /// - Throws: ``PictureError``, if the sizes do not fit the bytes.
    public func frame(_ pixels: Data, width: Int, height: Int, stride: Int, format: PixelFormat) throws -> [QrCode] {
        try frame(
            pixels: pixels, width: Int32(clamping: width), height: Int32(clamping: height), stride: Int32(clamping: stride), format: format)
    }

    /// Every code in a picture file, which may be a screenshot with several. It takes its time, up to about a second and a half.
    ///
    /// - Throws: ``PictureError``, if it is no picture, too large, or no code is found.
    public func codes(in picture: Data) async throws -> [QrCode] {
        try await self.picture(file: picture)
    }
}

private func unlock(_ pin: PinEntry?) -> UnlockMethod {
    pin.map { .pin(pin: $0) } ?? .nothing
}

func values(of typed: [String: String]) -> [TypedValue] {
    typed.map { TypedValue(id: $0.key, value: $0.value) }
}
