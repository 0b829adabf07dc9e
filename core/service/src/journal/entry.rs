//! What a restore from an older backup must not undo: entries of the journal.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId, KeyId},
    policy::share::Asker,
};

use crate::{
    base::{
        hex,
        lang::Lang,
        operator::{Act, Operator},
    },
    keys::own::{KeyUse, OwnKey},
};

/// The length of a sealed key of the service: nonce, 32 bytes, tag.
const SEALED_KEY: usize = 12 + 32 + 16;

/// An event.
pub(crate) enum JournalEntry {
    /// A device was removed.
    Removed(AccountId, DeviceId),
    /// A device was suspended, because a copy of it was noticed.
    Suspended(AccountId, DeviceId),
    /// Every factor was deleted, by this event.
    Cleared(AccountId, Cleared),
    /// The password alone adds no factor any more.
    Guarded(AccountId),
    /// A PIN was wrong, of this device in this epoch. A right one is never recorded: the journal is
    /// outside the database and stays for months, and whoever reads it would learn which of the
    /// PINs that they saw being typed was right.
    WrongPin(AccountId, DeviceId, u32),
    /// A code with PIN was wrong that one of these devices may have given.
    WrongCode(AccountId, Asker, Vec<DeviceId>),
    /// Wrong PINs blocked a device.
    Blocked(AccountId, DeviceId),
    /// A device was added.
    Added(AccountId, DeviceId),
    /// What let this device set a new PIN was used, or taken back.
    GrantEnded(AccountId, DeviceId),
    /// An account was disabled.
    Disabled(AccountId),
    /// A disabled account was taken back into use.
    Enabled(AccountId),
    /// An account was deleted.
    Deleted(AccountId),
    /// The person asked for the deletion of the account, with this id, at this time.
    DeletionAsked(AccountId, [u8; 16], Time),
    /// A deletion that was asked for was cancelled.
    DeletionCancelled(AccountId),
    /// An operator added an account, which is invited from then on.
    Invited(Box<Invited>),
    /// An operator's command was carried out. What it did has an entry of its own.
    Administered(AccountId, Act, Operator),
    /// A state token was taken from a device after a key was replaced because it was copied, at
    /// this time: no token of that key, or of an older one, is taken from it any more.
    OldToken(AccountId, DeviceId, Time),
    /// The password was changed or replaced.
    Password(AccountId),
    /// The e-mail address was changed to this one, or a change of it was taken back.
    Email(AccountId, String),
    /// An operator gave the person this first name and this surname; one may be empty.
    Name(AccountId, String, String),
    /// The service got a key, which phones hear of.
    Key(OwnKey),
    /// Lines up to this one were dropped: no backup is restored any more that is older.
    Dropped,
}

/// An account that an operator added, as far as a restore needs it to invite the person again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invited {
    /// The account.
    pub(crate) account: AccountId,
    /// Who added it.
    pub(crate) by: Operator,
    /// Its address.
    pub(crate) email: String,
    /// The person's first name; it may be empty.
    pub(crate) first_name: String,
    /// The surname; it may be empty.
    pub(crate) last_name: String,
    /// The language in which the person is written to.
    pub(crate) language: Lang,
}

/// Why every factor was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// STOP.
    Panic,
    /// A recovery.
    Recovery,
    /// A change of the e-mail address that was undone.
    Undone,
    /// An operator's reset.
    Reset,
}

impl Cleared {
    /// The event in the account's history.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Recovery => "recovery-done",
            Self::Undone => "email-undone",
            Self::Reset => Act::Reset.event(),
        }
    }
}

impl JournalEntry {
    /// As it is recorded: words of ASCII with one space between.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Removed(acc, dev) => format!("removed {acc} {dev}"),
            Self::Suspended(acc, dev) => format!("suspended {acc} {dev}"),
            Self::Cleared(acc, Cleared::Panic) => format!("panic {acc}"),
            Self::Cleared(acc, Cleared::Recovery) => format!("recovery {acc}"),
            Self::Cleared(acc, Cleared::Undone) => format!("undone {acc}"),
            Self::Cleared(acc, Cleared::Reset) => format!("reset {acc}"),
            Self::Guarded(acc) => format!("guarded {acc}"),
            Self::WrongPin(acc, dev, epoch) => format!("wrong-pin {acc} {dev} {epoch:08x}"),
            Self::WrongCode(acc, asker, devices) => {
                let by = if asker.is_known() { "known" } else { "unknown" };
                let devices: String = devices.iter().map(|dev| format!(" {dev}")).collect();
                format!("wrong-code {acc} {by}{devices}")
            }
            Self::Blocked(acc, dev) => format!("blocked {acc} {dev}"),
            Self::Added(acc, dev) => format!("added {acc} {dev}"),
            Self::GrantEnded(acc, dev) => format!("grant-ended {acc} {dev}"),
            Self::Disabled(acc) => format!("disabled {acc}"),
            Self::Enabled(acc) => format!("enabled {acc}"),
            Self::Deleted(acc) => format!("deleted {acc}"),
            Self::DeletionAsked(acc, id, due) => {
                format!("deletion {acc} {} {due:016x}", hex::encode(id))
            }
            Self::DeletionCancelled(acc) => format!("deletion-cancelled {acc}"),
            Self::Invited(invited) => format!(
                "invited {} {} {} {} {} {}",
                invited.account,
                digits_of(invited.by.as_str()),
                digits_of(&invited.email),
                digits_of(&invited.first_name),
                digits_of(&invited.last_name),
                invited.language.code()
            ),
            Self::Administered(acc, act, by) => {
                format!(
                    "administered {acc} {} {}",
                    act.name(),
                    digits_of(by.as_str())
                )
            }
            Self::OldToken(acc, dev, of) => format!("old-token {acc} {dev} {of:016x}"),
            Self::Password(acc) => format!("password {acc}"),
            Self::Name(acc, first, last) => {
                format!("name {acc} {} {}", digits_of(first), digits_of(last))
            }
            Self::Email(acc, email) => format!("email {acc} {}", digits_of(email)),
            Self::Key(key) => format!(
                "key {} {} {} {}",
                key.used_for.name(),
                key.kid,
                key.created_at,
                hex::encode(&key.sealed)
            ),
            Self::Dropped => "dropped".to_owned(),
        }
    }

    /// What [`JournalEntry::to_text`] made.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let acc = |word: &str| hex::decode(word).map(AccountId);
        let dev = |word: &str| hex::decode(word).map(DeviceId);
        Some(match words[..] {
            ["removed", a, d] => Self::Removed(acc(a)?, dev(d)?),
            ["suspended", a, d] => Self::Suspended(acc(a)?, dev(d)?),
            ["panic", a] => Self::Cleared(acc(a)?, Cleared::Panic),
            ["recovery", a] => Self::Cleared(acc(a)?, Cleared::Recovery),
            ["undone", a] => Self::Cleared(acc(a)?, Cleared::Undone),
            ["reset", a] => Self::Cleared(acc(a)?, Cleared::Reset),
            ["guarded", a] => Self::Guarded(acc(a)?),
            ["wrong-pin", a, d, epoch] => {
                let epoch = u32::from_be_bytes(hex::decode(epoch)?);
                Self::WrongPin(acc(a)?, dev(d)?, epoch)
            }
            [
                "wrong-code",
                a,
                by @ ("known" | "unknown"),
                ref devices @ ..,
            ] => {
                let devices: Option<Vec<_>> = devices.iter().map(|word| dev(word)).collect();
                Self::WrongCode(acc(a)?, Asker::from_known(by == "known"), devices?)
            }
            ["blocked", a, d] => Self::Blocked(acc(a)?, dev(d)?),
            ["added", a, d] => Self::Added(acc(a)?, dev(d)?),
            ["grant-ended", a, d] => Self::GrantEnded(acc(a)?, dev(d)?),
            ["disabled", a] => Self::Disabled(acc(a)?),
            ["enabled", a] => Self::Enabled(acc(a)?),
            ["deleted", a] => Self::Deleted(acc(a)?),
            ["deletion", a, id, due] => {
                let due = u64::from_be_bytes(hex::decode(due)?);
                Self::DeletionAsked(acc(a)?, hex::decode(id)?, due)
            }
            ["deletion-cancelled", a] => Self::DeletionCancelled(acc(a)?),
            ["invited", a, by, email, first, last, language] => Self::Invited(Box::new(Invited {
                account: acc(a)?,
                by: operator(by)?,
                email: text_of(email)?,
                first_name: text_of(first)?,
                last_name: text_of(last)?,
                language: Lang::from_name(language)?,
            })),
            ["administered", a, act, by] => {
                Self::Administered(acc(a)?, Act::from_name(act)?, operator(by)?)
            }
            ["old-token", a, d, of] => {
                let of = u64::from_be_bytes(hex::decode(of)?);
                Self::OldToken(acc(a)?, dev(d)?, of)
            }
            ["password", a] => Self::Password(acc(a)?),
            ["name", a, first, last] => Self::Name(acc(a)?, text_of(first)?, text_of(last)?),
            ["email", a, email] => Self::Email(acc(a)?, text_of(email)?),
            ["dropped"] => Self::Dropped,
            ["key", used_for, kid, created_at, sealed] => Self::Key(OwnKey {
                used_for: KeyUse::from_name(used_for)?,
                kid: KeyId(hex::decode(kid)?),
                created_at: created_at.parse().ok()?,
                sealed: hex::decode::<SEALED_KEY>(sealed)?.to_vec(),
            }),
            _ => return None,
        })
    }
}

fn operator(digits: &str) -> Option<Operator> {
    Operator::parse(&text_of(digits)?).ok()
}

/// Text as hexadecimal digits, and a dash for none, so that every word of a line is there.
fn digits_of(text: &str) -> String {
    match text {
        "" => "-".to_owned(),
        text => hex::encode(text.as_bytes()),
    }
}

/// Text that [`digits_of`] wrote.
fn text_of(digits: &str) -> Option<String> {
    if digits == "-" {
        return Some(String::new());
    }
    let pairs = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let pair = std::str::from_utf8(pair).ok()?;
        hex::decode::<1>(pair).map(|[byte]| byte)
    };
    let bytes: Option<Vec<u8>> = pairs.0.iter().map(byte).collect();
    match pairs.1 {
        [] => String::from_utf8(bytes?).ok(),
        _ => None,
    }
}

/// An entry with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Its number: 1, 2, 3...
    pub(crate) seq: u64,
    /// When it happened.
    pub(crate) at: Time,
    /// As text.
    pub(crate) entry: String,
}

impl Recorded {
    /// Whether both are the same entry. A key of the service may be sealed again in one of them.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let same = |one: &str, other: &str| {
            use JournalEntry::Key;
            let both = (JournalEntry::from_text(one), JournalEntry::from_text(other));
            matches!(both, (Some(Key(one)), Some(Key(other)))
                if (one.used_for, one.kid, one.created_at)
                    == (other.used_for, other.kid, other.created_at))
        };
        (self.seq, self.at) == (other.seq, other.at)
            && (self.entry == other.entry || same(&self.entry, &other.entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read_as_it_was_written_and_nothing_else_is() {
        let (acc, dev) = (AccountId([1; 8]), DeviceId([0xfe; 8]));
        let by = Operator::parse("Jānis Bērziņš").unwrap();
        let invited = |first: &str, last: &str| {
            JournalEntry::Invited(Box::new(Invited {
                account: acc,
                by: by.clone(),
                email: "anna@example.eu".to_owned(),
                first_name: first.to_owned(),
                last_name: last.to_owned(),
                language: Lang::Lv,
            }))
        };
        let key = OwnKey {
            used_for: KeyUse::Hpke,
            kid: KeyId([7; 4]),
            created_at: 1_795_450_000,
            sealed: (0..60).collect(),
        };
        for entry in [
            JournalEntry::Removed(acc, dev),
            JournalEntry::Suspended(acc, dev),
            JournalEntry::Cleared(acc, Cleared::Panic),
            JournalEntry::Cleared(acc, Cleared::Recovery),
            JournalEntry::Cleared(acc, Cleared::Undone),
            JournalEntry::Cleared(acc, Cleared::Reset),
            invited("Anna", "Ozola"),
            invited("", "Ozola"),
            invited("Anna", ""),
            JournalEntry::Administered(acc, Act::Unblock, by.clone()),
            JournalEntry::Guarded(acc),
            JournalEntry::WrongPin(acc, dev, 0x1234_5678),
            JournalEntry::WrongCode(acc, Asker::Unknown, vec![dev, dev]),
            JournalEntry::WrongCode(acc, Asker::Known, Vec::new()),
            JournalEntry::Blocked(acc, dev),
            JournalEntry::Added(acc, dev),
            JournalEntry::GrantEnded(acc, dev),
            JournalEntry::Disabled(acc),
            JournalEntry::Enabled(acc),
            JournalEntry::Deleted(acc),
            JournalEntry::DeletionAsked(acc, [0xa5; 16], 1_795_450_000),
            JournalEntry::DeletionCancelled(acc),
            JournalEntry::OldToken(acc, dev, 1_795_450_000),
            JournalEntry::Password(acc),
            JournalEntry::Email(acc, "anna@example.eu".to_owned()),
            JournalEntry::Name(acc, "Anna".to_owned(), "Ozola".to_owned()),
            JournalEntry::Dropped,
            JournalEntry::Key(key),
        ] {
            let text = entry.to_text();
            assert_eq!(JournalEntry::from_text(&text).unwrap().to_text(), text);
            assert!(JournalEntry::from_text(&format!("{text} x")).is_none());
            assert!(
                JournalEntry::from_text(&text[..text.len() - 1]).is_none(),
                "{text}"
            );
        }
    }
}
