//! Everything that the service makes durable, by name.

countersign_failpoint::durable_writes! {
    /// A durable write: most are an operation of the store, which is one transaction. A test kills the service before each of these: a new one
    /// needs a step in that test's story.
    pub(crate) enum Write {
        /// One migration.
        Schema,
        /// A new key file that does not count yet.
        KeyDraft,
        /// That file gets the key file's name.
        KeyName,
        /// A message to a person, unfinished.
        MessageDraft,
        /// The message gets the name under which it is sent on.
        MessageName,
        /// A backup that does not count yet, beside the database.
        RestoreDraft,
        /// It takes the database's place.
        RestoreName,
        /// Lines of the journal.
        Journal,
        /// What a restored database needs before it is used.
        Settle,
        /// [`super::Store::set_setting`]
        SetSetting,
        /// [`super::Store::publish`]
        Publish,
        /// [`super::Store::sweep`]
        Sweep,
        /// Accounts that an older program wrote get their present form.
        RenewAccounts,
        /// [`super::Store::ask_link`]
        AskLink,
        /// [`super::Store::link_sent`]
        LinkSent,
        /// [`super::Store::register`]
        Register,
        /// [`super::Store::change_password`]
        ChangePassword,
        /// [`super::Store::open_reset`]
        OpenReset,
        /// [`super::Store::reset_password`]
        ResetPassword,
        /// [`super::Store::confirm_email`]
        ConfirmEmail,
        /// [`super::Store::change_email`]
        ChangeEmail,
        /// [`super::Store::undo_email`]
        UndoEmail,
        /// [`super::Store::take_guess`]
        TakeGuess,
        /// [`super::Store::close_guesses`]
        CloseGuesses,
        /// [`super::Store::forget_guesses`]
        ForgetGuesses,
        /// [`super::Store::open_session`]
        OpenSession,
        /// [`super::Store::touch_session`]
        TouchSession,
        /// [`super::Store::end_session`]
        EndSession,
        /// [`super::Store::rename_device`]
        RenameDevice,
        /// [`super::Store::remove_by_device`]
        RemoveByDevice,
        /// [`super::Store::adopt_last`]
        AdoptLast,
        /// [`super::Store::advance_chain`]
        AdvanceChain,
        /// [`super::Store::begin_enrolment`]
        BeginEnrolment,
        /// [`super::Store::claim`]
        Claim,
        /// [`super::Store::set_pin_check`]
        SetPinCheck,
        /// [`super::Store::take_pin_try`]
        TakePinTry,
        /// [`super::Store::fail_pin_try`]
        FailPinTry,
        /// [`super::Store::take_enrolment_try`]
        TakeEnrolmentTry,
        /// [`super::Store::finish_enrolment_try`]
        FinishEnrolmentTry,
        /// [`super::Store::complete`]
        Complete,
        /// [`super::Store::issue_approval`]
        IssueApproval,
        /// [`super::Store::issue_code`]
        IssueCode,
        /// [`super::Store::issue_mobile`]
        IssueMobile,
        /// [`super::Store::begin_answer`]
        BeginAnswer,
        /// [`super::Store::finish_answer`]
        FinishAnswer,
        /// [`super::Store::begin_update`] of a change
        BeginChange,
        /// [`super::Store::begin_update`] of a commit
        Commit,
        /// [`super::Store::begin_update`] of biometrics
        BeginBiometrics,
        /// [`super::Store::begin_update`] of a push address
        SetPushAddress,
        /// [`super::Store::drop_push_address`]
        DropPushAddress,
        /// [`super::Store::finish_update`]
        FinishUpdate,
        /// [`super::Store::take_code_try`]
        TakeCodeTry,
        /// [`super::Store::finish_code`]
        FinishCode,
        /// [`super::Store::collect`]
        Collect,
        /// [`super::Store::complete_mobile`]
        CompleteMobile,
        /// [`super::Store::panic`]
        Panic,
        /// [`super::Store::begin_recovery`]
        BeginRecovery,
        /// [`super::Store::cancel_recovery`]
        CancelRecovery,
        /// [`super::Store::finish_recovery`]
        FinishRecovery,
        /// [`super::Store::notice_sent`]
        NoticeSent,
    }
}
