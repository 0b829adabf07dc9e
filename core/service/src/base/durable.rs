//! Everything that the service makes durable, by name.

countersign_failpoint::durable_writes! {
    /// A durable write: most are an operation of the store, which is one transaction. A test kills
    /// the service before each of these: a new one needs a step in that test's story.
    pub(crate) enum Write {
        /// One migration.
        Schema,
        /// A new key file that does not count yet.
        KeyDraft,
        /// That file gets the key file's name.
        KeyName,
        /// An exchanged key file gets the key file's name.
        KeyReplace,
        /// The key file of before is refused from now on, and what a copied one makes worthless is
        /// ended.
        BeginExchange,
        /// Rows are sealed again with the present key.
        Reseal,
        /// A journal that was written again gets the journal's name.
        JournalRewrite,
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
        /// [`crate::store::Store::set_setting`]
        SetSetting,
        /// [`crate::store::Store::publish`]
        Publish,
        /// [`crate::store::Store::sweep`]
        Sweep,
        /// Accounts that an older program wrote get their present form.
        RenewAccounts,
        /// [`crate::store::Store::answer_check`]
        AnswerCheck,
        /// [`crate::store::Store::administer`]
        Administer,
        /// [`crate::store::Store::add_staff`]
        AddStaff,
        /// [`crate::store::Store::accept_invitation`]
        AcceptInvitation,
        /// [`crate::store::Store::ask_link`]
        AskLink,
        /// [`crate::store::Store::tell_link`]
        TellLink,
        /// [`crate::store::Store::register`]
        Register,
        /// [`crate::store::Store::change_password`]
        ChangePassword,
        /// [`crate::store::Store::open_reset`]
        OpenReset,
        /// [`crate::store::Store::reset_password`]
        ResetPassword,
        /// [`crate::store::Store::confirm_email`]
        ConfirmEmail,
        /// [`crate::store::Store::change_email`]
        ChangeEmail,
        /// [`crate::store::Store::undo_email`]
        UndoEmail,
        /// [`crate::store::Store::spend_guess`]
        TakeGuess,
        /// [`crate::store::Store::close_guesses`]
        CloseGuesses,
        /// [`crate::store::Store::forget_guesses`]
        ForgetGuesses,
        /// [`crate::store::Store::open_session`]
        OpenSession,
        /// [`crate::store::Store::touch_session`]
        TouchSession,
        /// [`crate::store::Store::end_session`]
        EndSession,
        /// [`crate::store::Store::prove_password`]
        ProvePassword,
        /// [`crate::store::Store::keep_ask`]
        KeepAsk,
        /// [`crate::store::Store::open_ask`]
        OpenAsk,
        /// [`crate::store::Store::drop_asks`]
        DropAsks,
        /// [`crate::store::Store::enter_service`]
        EnterService,
        /// [`crate::store::Store::redeem`]
        Redeem,
        /// [`crate::store::Store::grant_proxying`]
        GrantProxying,
        /// [`crate::store::Store::proxy`]
        Proxy,
        /// [`crate::store::Store::give_code`]
        GiveCode,
        /// [`crate::store::Store::exchange`]
        ExchangeToken,
        /// [`crate::store::Store::revoke`]
        RevokeToken,
        /// [`crate::store::Store::spend_assertion`]
        SpendAssertion,
        /// [`crate::store::Store::end_call`]
        EndCall,
        /// [`crate::store::Store::delay_call`]
        DelayCall,
        /// [`crate::store::Store::end_session_of`]
        EndSessionOf,
        /// [`crate::store::Store::end_other_sessions`]
        EndOtherSessions,
        /// [`crate::store::Store::grant_export`]
        GrantExport,
        /// [`crate::store::Store::spend_export`]
        SpendExport,
        /// [`crate::store::Store::ask_deletion`]
        AskDeletion,
        /// [`crate::store::Store::cancel_deletion`]
        CancelDeletion,
        /// [`crate::store::Store::remind_of_deletions`]
        RemindOfDeletions,
        /// [`crate::store::Store::begin_deletion`]
        BeginDeletion,
        /// [`crate::store::Store::set_name`]
        SetName,
        /// [`crate::store::Store::set_language`]
        SetLanguage,
        /// [`crate::store::Store::rename_device`]
        RenameDevice,
        /// [`crate::store::Store::remove_by_device`]
        RemoveByDevice,
        /// [`crate::store::Store::adopt_last`]
        AdoptLast,
        /// [`crate::store::Store::advance_chain`]
        AdvanceChain,
        /// [`crate::store::Store::begin_enrolment`]
        BeginEnrolment,
        /// [`crate::store::Store::claim`]
        Claim,
        /// [`crate::store::Store::set_pin_check`]
        SetPinCheck,
        /// [`crate::store::Store::spend_pin_try`]
        TakePinTry,
        /// [`crate::store::Store::fail_pin_try`]
        FailPinTry,
        /// [`crate::store::Store::spend_enrolment_try`]
        TakeEnrolmentTry,
        /// [`crate::store::Store::finish_enrolment_try`]
        FinishEnrolmentTry,
        /// [`crate::store::Store::complete`]
        Complete,
        /// [`crate::store::Store::issue_approval`]
        IssueApproval,
        /// [`crate::store::Store::issue_code`]
        IssueCode,
        /// [`crate::store::Store::issue_mobile`]
        IssueMobile,
        /// [`crate::store::Store::cancel_challenge`]
        CancelChallenge,
        /// [`crate::store::Store::begin_answer`]
        BeginAnswer,
        /// [`crate::store::Store::finish_answer`]
        FinishAnswer,
        /// [`crate::store::Store::begin_update`] of a change
        BeginChange,
        /// [`crate::store::Store::begin_update`] of a commit
        Commit,
        /// [`crate::store::Store::begin_update`] of biometrics
        BeginBiometrics,
        /// [`crate::store::Store::begin_update`] of a push address
        SetPushAddress,
        /// [`crate::store::Store::drop_push_address`]
        DropPushAddress,
        /// [`crate::store::Store::finish_update`]
        FinishUpdate,
        /// [`crate::store::Store::spend_code_try`]
        TakeCodeTry,
        /// [`crate::store::Store::finish_code`]
        FinishCode,
        /// [`crate::store::Store::collect`]
        Collect,
        /// [`crate::store::Store::complete_mobile`]
        CompleteMobile,
        /// [`crate::store::Store::panic`]
        Panic,
        /// [`crate::store::Store::begin_recovery`]
        BeginRecovery,
        /// [`crate::store::Store::cancel_recovery`]
        CancelRecovery,
        /// [`crate::store::Store::finish_recovery`]
        FinishRecovery,
        /// [`crate::store::Store::tell_events`]
        TellEvents,
        /// [`crate::store::Store::lease`]
        LeaseDelivery,
        /// [`crate::store::Store::tried`]
        DeliveryTried,
        /// [`crate::store::Store::end_leases`]
        EndLeases,
        /// [`crate::store::Store::retry_dead`]
        RetryDead,
        /// [`crate::store::Store::drop_dead`]
        DropDead,
    }
}
