//! Everything that the phone makes durable, by name.

countersign_failpoint::durable_writes! {
    /// A durable write. A test kills the program before each of these: a new one needs a step in that test's story.
    pub(crate) enum Write {
        /// The database's file, empty.
        DatabaseFile,
        /// One migration.
        Schema,
        /// A new wrapping key, in a file that does not count yet.
        KeyDraft,
        /// That file gets the key's name.
        KeyName,
        /// The draft's own name goes.
        KeyDraftGone,
        /// The proof that key and data belong together.
        Proof,
        /// The file is written anew, without remains of rows.
        Rewritten,
        /// No remains are expected any more.
        NoRemains,
        /// An account's keys, before its claim is sent.
        AccountAdded,
        /// What the service said to the claim.
        ClaimAnswered,
        /// The account is in use.
        Completed,
        /// What the service said of an enrolment that an earlier run began.
        Resumed,
        /// An account with its keys goes.
        AccountErased,
        /// The counter of an answer, before it is sent.
        Counter,
        /// What the service said to an answer.
        Answered,
        /// What the service said with the inbox.
        Inbox,
        /// What the service said of the account.
        Status,
        /// The chain moves past a code's step.
        CodeMade,
        /// An account's own name.
        Renamed,
        /// A service's newer keys.
        ServiceKeys,
        /// Slot B, before its change is sent, or its hash, before a change that was signed anew is.
        SlotStored,
        /// The service took the change of slot B; before `commit` is sent.
        SlotAccepted,
        /// Slot B takes the place of slot A.
        SlotSwapped,
        /// Slot B goes.
        SlotErased,
        /// K_bio and B, before biometrics are asked for.
        BiometricsStored,
        /// What the service said of biometrics.
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
