//! Everything that the phone makes durable, by name.

countersign_failpoint::durable_writes! {
    /// A durable write. A test kills the program before each of these: a new one needs a step in
    /// that test's story.
    pub(crate) enum Write {
        /// The database's file, empty.
        DatabaseFile,
        /// One migration.
        Schema,
        /// Whether there was a wrapping key before the first seal, which makes one.
        FirstStart,
        /// A new wrapping key, in a file that does not count yet.
        KeyDraft,
        /// That file gets the key's name.
        KeyName,
        /// The draft's own name goes.
        KeyDraftGone,
        /// The proof that key and data belong together.
        Proof,
        /// The file is rewritten, without remains of rows.
        Rewritten,
        /// No remains are expected any more.
        NoRemains,
        /// An account's keys, before its claim is sent.
        AccountAdded,
        /// The reply to the claim.
        ClaimAnswered,
        /// The account is in use.
        Completed,
        /// The reply about an enrolment that an earlier run began.
        Resumed,
        /// An account with its keys goes.
        AccountErased,
        /// The counter of an answer, before it is sent.
        Counter,
        /// The reply to an answer.
        Answered,
        /// The reply to an inbox query.
        Inbox,
        /// The reply to a status query.
        Status,
        /// The chain moves past a code's step.
        CodeMade,
        /// An account's own name.
        Renamed,
        /// A service's newer keys.
        ServiceKeys,
        /// Slot B, before its change is sent, or its hash, before a re-signed change is.
        SlotStored,
        /// The service took the change of slot B; before `commit` is sent.
        SlotAccepted,
        /// Slot B takes the place of slot A.
        SlotSwapped,
        /// Slot B goes.
        SlotErased,
        /// K_bio and B, before biometrics are asked for.
        BiometricsStored,
        /// The reply to a biometrics request.
        BiometricsAnswered,
        /// K_bio and B go.
        BiometricsErased,
        /// The service knows that they are gone.
        BiometricsTold,
        /// The service knows that an account was removed here.
        RemovalTold,
        /// The key store forgot a key that is not used any more.
        KeyForgotten,
    }
}
