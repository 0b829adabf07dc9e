//! The subject of an operation (§6, key 19): the device, address, factor or account that the person
//! is asked about.

use ciborium::Value;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::cbor::{Fields, ParseError, Problem};
use crate::challenge::Purpose;
use crate::field::is_displayable;
use crate::id::DeviceId;

/// The longest name or label, in bytes.
const LONGEST_NAME: usize = 40;
/// The longest e-mail address, in bytes (RFC 5321).
const LONGEST_ADDRESS: usize = 254;

/// The subject of an operation. `Subject::fits` says which kind a purpose takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A device of the account.
    Device {
        /// The device.
        dev: DeviceId,
        /// Its name, 1 to 40 bytes.
        name: String,
    },
    /// A new e-mail address, 3 to 254 bytes.
    Address(String),
    /// The name of a device or factor that is to be added, or of a factor that is no device, 1 to
    /// 40 bytes.
    Factor(String),
    /// The account, by its label, 1 to 40 bytes.
    Account(String),
}

impl Subject {
    /// The name, address or label, for people.
    pub fn text(&self) -> &str {
        match self {
            Self::Device { name: text, .. }
            | Self::Address(text)
            | Self::Factor(text)
            | Self::Account(text) => text,
        }
    }

    /// The device, where it is one.
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Device { dev, .. } => Some(*dev),
            _ => None,
        }
    }

    /// Whether a purpose takes this subject, or none: each purpose takes exactly one kind, but
    /// [`Purpose::Remove`], which takes two.
    pub(super) fn fits(purpose: Purpose, subject: Option<&Self>) -> Result<(), Problem> {
        let fits = match (purpose, subject) {
            (Purpose::SignIn | Purpose::Transaction, None) => return Ok(()),
            (Purpose::SignIn | Purpose::Transaction, Some(_)) => return Err(Problem::Unknown),
            (_, None) => return Err(Problem::Missing),
            (Purpose::ChangePin | Purpose::Unblock, Some(subject)) => {
                matches!(subject, Self::Device { .. })
            }
            (Purpose::Remove, Some(subject)) => {
                matches!(subject, Self::Device { .. } | Self::Factor(_))
            }
            (Purpose::AddDevice | Purpose::AddFactor, Some(subject)) => {
                matches!(subject, Self::Factor(_))
            }
            (Purpose::ChangeEmail, Some(subject)) => matches!(subject, Self::Address(_)),
            (
                Purpose::ChangePassword | Purpose::DeleteAccount | Purpose::ExportData,
                Some(subject),
            ) => matches!(subject, Self::Account(_)),
        };
        if fits { Ok(()) } else { Err(Problem::Bounds) }
    }

    pub(super) fn read(fields: &mut Fields) -> Result<Self, ParseError> {
        let items = fields.array(19, "subject", 2..=3)?;
        Self::of(items).ok_or(fields.fail("subject", Problem::Bounds))
    }

    fn of(items: Vec<Value>) -> Option<Self> {
        let mut items = items.into_iter();
        let kind = u64::try_from(items.next()?.as_integer()?).ok()?;
        let subject = match kind {
            1 => Self::Device {
                dev: DeviceId::from_slice(items.next()?.as_bytes()?)?,
                name: name(items.next()?)?,
            },
            2 => Self::Address(text(items.next()?, LONGEST_ADDRESS).filter(|it| is_address(it))?),
            3 => Self::Factor(name(items.next()?)?),
            4 => Self::Account(name(items.next()?)?),
            _ => return None,
        };
        items.next().is_none().then_some(subject)
    }

    pub(super) fn to_value(&self) -> Value {
        let text = self.text().into();
        Value::Array(match self {
            Self::Device { dev, .. } => vec![1.into(), Value::Bytes(dev.0.to_vec()), text],
            Self::Address(_) => vec![2.into(), text],
            Self::Factor(_) => vec![3.into(), text],
            Self::Account(_) => vec![4.into(), text],
        })
    }
}

fn text(value: Value, longest: usize) -> Option<String> {
    let Value::Text(text) = value else {
        return None;
    };
    ((1..=longest).contains(&text.len()) && is_displayable(&text)).then_some(text)
}

fn name(value: Value) -> Option<String> {
    text(value, LONGEST_NAME)
}

/// Whether it has a local part, `@` and a domain, and no space. Whether mail arrives there is the
/// service's to find out.
fn is_address(text: &str) -> bool {
    let space = |c: char| c.general_category() == GeneralCategory::SpaceSeparator;
    !text.contains(space)
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
