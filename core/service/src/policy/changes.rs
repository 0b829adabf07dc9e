//! The proof that each change of an account needs, as one pure table. Pages and API ask it and
//! decide nothing themselves; the store asks it again in the transaction that makes the change.
//!
//! Three rules explain the cells:
//!
//! - Each change has a proof of its own: an approval with that change's purpose and subject, asked
//!   for after the change was named, in that session, used once. A sign-in never counts as one,
//!   however fresh it is. A factor that shows no text proves a change only by a challenge that was
//!   made for it.
//! - The proof must come from a factor of the strongest rank that the account holds. A blocked or
//!   suspended factor still counts as held, and nothing weaker replaces it.
//! - An account that lost its last factor is guarded: only a recovery leads to the next one.

use std::fmt;

use countersign_protocol::challenge::Purpose;

/// How strongly a factor proves a change, weakest first. It depends on what the factor shows and
/// asks, not on how it is used to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Password, social sign-in, recovery code.
    Zero,
    /// A code of the app without PIN, SMS.
    One,
    /// A hardware token, a code of the app with PIN.
    Two,
    /// An approval by the app, WebAuthn with user verification.
    Three,
}

/// A change of an account's credentials, factors or data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A factor is added.
    Add,
    /// A factor is removed on the page.
    Remove,
    /// A phone removes itself.
    RemoveByPhone,
    /// A factor gets another name.
    Rename,
    /// The person's name is changed.
    Name,
    /// The language of messages is changed.
    Language,
    /// A device may choose a new PIN without the old one.
    Unblock,
    /// A device changes its PIN, knowing the old one.
    NewPin,
    /// A device turns biometrics on.
    Biometrics,
    /// The password is changed by someone who knows it.
    Password,
    /// A forgotten password is replaced.
    ForgottenPassword,
    /// The e-mail address is changed.
    Email,
    /// A change of the e-mail address is undone from the old address.
    UndoEmail,
    /// Recovery codes are made.
    RecoveryCodes,
    /// A social sign-in is linked.
    SocialLink,
    /// STOP: every factor is deleted.
    Panic,
    /// A recovery is begun, or its message sent again.
    BeginRecovery,
    /// A recovery is cancelled.
    CancelRecovery,
    /// A recovery is finished.
    FinishRecovery,
    /// An administrator resets the account's factors.
    Reset,
    /// The person's data are exported.
    Export,
    /// The account is deleted.
    Delete,
}

/// The state of an account that the policy depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The strongest rank among the account's factors, blocked and suspended ones included.
    pub(crate) held: Option<Rank>,
    /// Whether a factor of that rank can prove something now.
    pub(crate) able: bool,
    /// Its last factor was deleted, and it was not recovered since.
    pub(crate) guarded: bool,
    /// A recovery is under way.
    pub(crate) recovering: bool,
    /// The password was set by a mailed link alone, not long ago.
    pub(crate) weak_password: bool,
    /// An administrator added the account, and keeps its names and its address.
    pub(crate) staff: bool,
}

/// The proof that a change needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A signed-in session.
    Session,
    /// The password, typed for this change.
    Password,
    /// The password typed for this change, and a link to the confirmed address, opened in the
    /// session that named the change.
    PasswordAndLink,
    /// A link to the confirmed address.
    Link,
    /// A link to the confirmed address, then an approval for this change by a factor of this rank.
    LinkAndApproval(Rank),
    /// An approval for this change by a factor of this rank.
    Approval(Rank),
    /// The password and an approval for this change by a factor of this rank.
    PasswordAndApproval(Rank),
    /// The password and the typed word.
    PasswordAndWord,
    /// The password, the recovery's link, and its waiting time.
    PasswordLinkAndWait,
    /// A session that finished a recovery within the last hour.
    Recovered,
    /// An administrator's invitation, opened at the confirmed address.
    Invitation,
    /// The device's own key, which needs no PIN: it can only remove the device.
    DeviceKey,
    /// The device's PIN, judged and counted by the protocol.
    Pin,
    /// The link of a message about it. An approval with the PIN cancels a recovery too.
    NoticeLink,
    /// An administrator, on the service's own command line.
    Administrator,
}

/// Why a change can't be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A recovery is under way; until it ends, nothing changes.
    Recovering,
    /// The account lost its last factor and must be recovered first.
    Guarded,
    /// None of the strongest factors can prove anything now: a recovery is the way out.
    NoneAble,
    /// There is nothing of the kind.
    Nothing,
    /// The password was set by a mailed link alone, less than a week ago.
    WeakPassword,
    /// The account changed since the proof was asked for, and needs another one now.
    Changed,
    /// The account has as many devices as it may have.
    Full,
    /// The account was disabled.
    Disabled,
    /// An administrator does this, and not the person.
    Managed,
}

impl Refused {
    /// The key of the text that says what to do.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Disabled => "refused_disabled",
            Self::Recovering => "refused_recovering",
            Self::Guarded => "refused_guarded",
            Self::NoneAble => "refused_none_able",
            Self::Nothing => "refused_nothing",
            Self::WeakPassword => "refused_weak_password",
            Self::Changed => "refused_changed",
            Self::Full => "devices_full",
            Self::Managed => "refused_managed",
        }
    }
}

/// The proof that `change` needs in an account in this state.
pub(crate) fn needs(change: Change, facts: &Facts) -> Result<Proof, Refused> {
    match change {
        // These only remove or undo, or are the administrator's, and are possible in every state.
        Change::RemoveByPhone => return facts.if_held(Proof::DeviceKey),
        Change::UndoEmail => return Ok(Proof::NoticeLink),
        Change::Reset => return Ok(Proof::Administrator),
        Change::Panic => return facts.unless_weak(Proof::PasswordAndWord),
        // The protocol judges a device's own PIN.
        Change::NewPin | Change::Biometrics => {
            return facts
                .if_held(Proof::Pin)
                .and_then(|proof| facts.if_able(proof));
        }
        Change::CancelRecovery => return facts.if_recovering(Proof::NoticeLink),
        Change::FinishRecovery => {
            let proof = facts.if_recovering(Proof::PasswordLinkAndWait)?;
            return facts.unless_weak(proof);
        }
        Change::Email | Change::Name if facts.staff => return Err(Refused::Managed),
        // The administrator has looked who the person is. That is worth more than the password,
        // which may be forgotten, and less than a factor: whoever reads the mailbox may take the
        // invitation, so the waiting time follows, in which the person and the administrator see
        // that and can stop it.
        Change::BeginRecovery if facts.staff => {
            let proof = facts.guarded.then_some(Proof::Invitation);
            return proof.ok_or(Refused::Managed);
        }
        Change::BeginRecovery => {
            let lost = facts.guarded || facts.held.is_some();
            let proof = lost.then_some(Proof::Password).ok_or(Refused::Nothing)?;
            return facts.unless_weak(proof);
        }
        _ => {}
    }
    if facts.recovering {
        return Err(Refused::Recovering);
    }
    if matches!(change, Change::Name | Change::Language) {
        return Ok(Proof::Session);
    }
    let Some(rank) = facts.held else {
        return match (change, facts.guarded) {
            (Change::Remove | Change::Rename | Change::Unblock, _) => Err(Refused::Nothing),
            (Change::Add, true) => Ok(Proof::Recovered),
            (_, true) => Err(Refused::Guarded),
            (Change::Password | Change::Export, false) => Ok(Proof::Password),
            (Change::ForgottenPassword, false) => Ok(Proof::Link),
            // Whoever reads the mail could set the password, and get this link as well.
            (_, false) => facts.unless_weak(Proof::PasswordAndLink),
        };
    };
    if change == Change::Rename {
        return Ok(Proof::Session);
    }
    facts.if_able(match change {
        Change::Password => Proof::PasswordAndApproval(rank),
        Change::ForgottenPassword => Proof::LinkAndApproval(rank),
        _ => Proof::Approval(rank),
    })
}

/// The change that an approval with this purpose proves; `None` if it proves none.
pub(crate) const fn of_purpose(purpose: Purpose) -> Option<Change> {
    match purpose {
        Purpose::AddDevice | Purpose::AddFactor => Some(Change::Add),
        Purpose::Remove => Some(Change::Remove),
        Purpose::Unblock => Some(Change::Unblock),
        Purpose::ChangePin => Some(Change::NewPin),
        Purpose::ChangePassword => Some(Change::Password),
        Purpose::ChangeEmail => Some(Change::Email),
        Purpose::DeleteAccount => Some(Change::Delete),
        Purpose::ExportData => Some(Change::Export),
        Purpose::SignIn | Purpose::Transaction => None,
    }
}

/// Whether `given` is enough proof for `change`. Ask again in the transaction that makes the
/// change: the account can have changed since the proof was asked for.
///
/// An approval stands for the whole proof: a password or link that is needed as well was checked
/// before the approval was asked for.
pub(crate) fn allows(change: Change, facts: &Facts, given: Proof) -> Result<(), Refused> {
    let needed = needs(change, facts)?;
    let enough = match (needed, given) {
        (
            Proof::Approval(least)
            | Proof::PasswordAndApproval(least)
            | Proof::LinkAndApproval(least),
            Proof::Approval(rank),
        ) => rank >= least,
        (Proof::Invitation, given) if given != needed => return Err(Refused::Managed),
        (needed, given) => needed == given,
    };
    enough.then_some(()).ok_or(Refused::Changed)
}

impl Facts {
    fn if_held(&self, proof: Proof) -> Result<Proof, Refused> {
        self.held.map(|_| proof).ok_or(Refused::Nothing)
    }

    fn if_able(&self, proof: Proof) -> Result<Proof, Refused> {
        self.able.then_some(proof).ok_or(Refused::NoneAble)
    }

    fn if_recovering(&self, proof: Proof) -> Result<Proof, Refused> {
        self.recovering.then_some(proof).ok_or(Refused::Nothing)
    }

    fn unless_weak(&self, proof: Proof) -> Result<Proof, Refused> {
        match self.weak_password {
            true => Err(Refused::WeakPassword),
            false => Ok(proof),
        }
    }
}

/// How long a finished recovery lets its session add a factor, in seconds.
pub(crate) const RECOVERED_SECONDS: u64 = 3600;

/// All changes with their names, in the table's order.
pub(crate) const ROWS: [(Change, &str); 22] = [
    (Change::Add, "add a factor"),
    (Change::Remove, "remove a factor"),
    (Change::RemoveByPhone, "removal by the phone"),
    (Change::Rename, "rename"),
    (Change::Name, "name"),
    (Change::Language, "language of messages"),
    (Change::Unblock, "unblock, forgotten PIN"),
    (Change::NewPin, "new PIN"),
    (Change::Biometrics, "biometrics"),
    (Change::Password, "password"),
    (Change::ForgottenPassword, "forgotten password"),
    (Change::Email, "e-mail address"),
    (Change::UndoEmail, "undo of an e-mail address"),
    (Change::RecoveryCodes, "recovery codes"),
    (Change::SocialLink, "social link"),
    (Change::Panic, "STOP"),
    (Change::BeginRecovery, "begin a recovery"),
    (Change::CancelRecovery, "cancel a recovery"),
    (Change::FinishRecovery, "finish a recovery"),
    (Change::Reset, "administrator's reset"),
    (Change::Export, "export"),
    (Change::Delete, "delete the account"),
];

/// An account as it usually is.
const PLAIN: Facts = Facts {
    held: None,
    able: false,
    guarded: false,
    recovering: false,
    weak_password: false,
    staff: false,
};
/// An account with a device that works.
pub(crate) const HOLDS: Facts = Facts {
    held: Some(Rank::Three),
    able: true,
    ..PLAIN
};

/// The states of an account that the table shows, with their names. One device and several are the
/// same, except that a device never proves its own unblocking.
const COLUMNS: [(&str, Facts); 10] = [
    ("no device", PLAIN),
    ("one device or several", HOLDS),
    (
        "code without PIN alone",
        Facts {
            held: Some(Rank::One),
            ..HOLDS
        },
    ),
    (
        "all blocked",
        Facts {
            able: false,
            ..HOLDS
        },
    ),
    (
        "all suspended",
        Facts {
            able: false,
            ..HOLDS
        },
    ),
    (
        "guarded",
        Facts {
            guarded: true,
            ..PLAIN
        },
    ),
    (
        "in recovery",
        Facts {
            recovering: true,
            ..HOLDS
        },
    ),
    (
        "password by link",
        Facts {
            weak_password: true,
            ..HOLDS
        },
    ),
    (
        "staff",
        Facts {
            staff: true,
            ..HOLDS
        },
    ),
    (
        "staff, guarded",
        Facts {
            guarded: true,
            staff: true,
            ..PLAIN
        },
    ),
];

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::One => "1",
            Self::Two => "2",
            Self::Three => "3",
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Password => f.write_str("password"),
            Self::PasswordAndLink => f.write_str("password, link"),
            Self::Link => f.write_str("link"),
            Self::LinkAndApproval(rank) => write!(f, "link, approval {rank}"),
            Self::Approval(rank) => write!(f, "approval {rank}"),
            Self::PasswordAndApproval(rank) => write!(f, "password, approval {rank}"),
            Self::PasswordAndWord => f.write_str("password, word"),
            Self::PasswordLinkAndWait => f.write_str("password, link, wait"),
            Self::Recovered => f.write_str("recovered session"),
            Self::Invitation => f.write_str("invitation"),
            Self::DeviceKey => f.write_str("device key"),
            Self::Pin => f.write_str("PIN on the phone"),
            Self::NoticeLink => f.write_str("link in a notice"),
            Self::Administrator => f.write_str("administrator"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disabled => "no: disabled",
            Self::Recovering => "no: in recovery",
            Self::Guarded => "no: guarded",
            Self::NoneAble => "no: recover",
            Self::Nothing => "-",
            Self::WeakPassword => "no: wait a week",
            Self::Changed => "no: begin again",
            Self::Full => "no: full",
            Self::Managed => "no: ask",
        })
    }
}

/// The whole policy as a table: a row for each change, a column for each state of the account.
pub(crate) fn table() -> String {
    let cell = |change, facts: &Facts| match needs(change, facts) {
        Ok(proof) => proof.to_string(),
        Err(refused) => refused.to_string(),
    };
    let mut rows = vec![vec!["change".to_owned()]];
    rows[0].extend(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for (change, name) in ROWS {
        let mut row = vec![name.to_owned()];
        row.extend(COLUMNS.iter().map(|(_, facts)| cell(change, facts)));
        rows.push(row);
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..=COLUMNS.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            out.push_str(&format!("{cell:width$}  "));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
