//! Challenges (§6): requests of the service that a phone approves or answers with a code.

use ciborium::Value;

use crate::cbor::{Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::field::Patterns;
use crate::id::{AccountId, ChallengeId, DeviceId, KeyId, Svc};
use crate::message::{Message, Received, Verified};
use crate::{Step, Time};

mod lists;
mod subject;
mod transaction;

pub(crate) use lists::closed_list;
pub use lists::{Browser, CodeForm, Context, Purpose, System, Unlock};
pub use subject::Subject;
pub use transaction::{Field, Pair};

use lists::context_of;
use transaction::{field_value, pairs_of, pairs_value, patterns_of, transaction_fields};

/// The longest challenge that goes into a QR code or link, in bytes, signature included.
pub const LIMIT_IN_QR: usize = 566;

/// The kind of challenge, with the fields that only this kind has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Sent to one phone, which is online, to be approved.
    Approve {
        /// The account.
        acc: AccountId,
        /// The device.
        dev: DeviceId,
        /// Whether the person types the number that the computer shows.
        number_matching: bool,
    },
    /// Answered with a sign-in code that the person types on the computer.
    Code {
        /// The account.
        acc: AccountId,
        /// The step.
        step: Step,
        /// How the code is written.
        form: CodeForm,
    },
    /// Answered with a code that is bound to data typed on the phone.
    Transaction {
        /// The account.
        acc: AccountId,
        /// The step.
        step: Step,
        /// The title of what is signed, 1 to 30 bytes.
        title: String,
        /// 1 to 12 fields with distinct ids, in order.
        fields: Vec<Field>,
    },
    /// Approved on the phone on which the browser runs.
    OnMobile {
        /// Where the browser goes on, on the service's origin.
        return_url: String,
    },
    /// Sent to one phone, which is online, and shows the data of a transaction to be approved.
    Online {
        /// The account.
        acc: AccountId,
        /// The device.
        dev: DeviceId,
        /// Whether the person types the number that the computer shows.
        number_matching: bool,
        /// The title of what is signed, 1 to 30 bytes.
        title: String,
        /// 1 to 12 pairs with distinct labels, in order.
        pairs: Vec<Pair>,
    },
}

impl Kind {
    /// The account, unless the phone chooses it.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Approve { acc, .. }
            | Self::Code { acc, .. }
            | Self::Transaction { acc, .. }
            | Self::Online { acc, .. } => Some(*acc),
            Self::OnMobile { .. } => None,
        }
    }

    /// The device that finds it in its inbox, for kinds that travel that way.
    pub fn inbox(&self) -> Option<DeviceId> {
        match self {
            Self::Approve { dev, .. } | Self::Online { dev, .. } => Some(*dev),
            _ => None,
        }
    }

    /// Whether the person types the number that the computer shows.
    pub fn asks_number(&self) -> bool {
        match self {
            Self::Approve {
                number_matching, ..
            }
            | Self::Online {
                number_matching, ..
            } => *number_matching,
            _ => false,
        }
    }

    fn patterns(&self) -> Result<Patterns, ParseError> {
        match self {
            Self::Transaction { fields, .. } => patterns_of(fields),
            _ => Ok(Patterns::default()),
        }
    }

    /// Whether it is answered by a code that the person types on the computer.
    fn gives_code(&self) -> bool {
        matches!(self, Self::Code { .. } | Self::Transaction { .. })
    }

    /// The type number.
    pub fn number(&self) -> u64 {
        match self {
            Self::Approve { .. } => 1,
            Self::Code { .. } => 2,
            Self::Transaction { .. } => 3,
            Self::OnMobile { .. } => 4,
            Self::Online { .. } => 18,
        }
    }
}

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The service.
    pub svc: Svc,
    /// The key that signed this.
    pub kid: KeyId,
    /// The challenge.
    pub id: ChallengeId,
    /// The operation that it is for.
    pub purpose: Purpose,
    /// When it was made.
    pub issued_at: Time,
    /// Seconds until it expires, 1 to 600.
    pub lifetime: u16,
    /// The service's name for people, 1 to 20 bytes.
    pub app_name: String,
    /// The way in which the answer must be unlocked.
    pub unlock: Unlock,
    /// Where the request comes from.
    pub context: Context,
    /// The subject of the operation.
    pub subject: Option<Subject>,
    /// The service behind this one for which the person signs in or approves, 1 to 40 bytes.
    pub client: Option<String>,
    /// The binding message, which the person compares with the page where they began, 1 to 80
    /// bytes.
    pub binding: Option<String>,
    /// Its kind.
    pub kind: Kind,
}

impl Challenge {
    /// The moment from which on it can't be answered.
    pub fn expires_at(&self) -> Time {
        self.issued_at.saturating_add(self.lifetime.into())
    }
}

impl Verified<Challenge> {
    /// Compiles the patterns of its fields: once, and never before the signature was verified,
    /// because it costs far more than that.
    ///
    /// # Errors
    /// If one of them can't be used, or they are too large together.
    pub fn patterns(&self) -> Result<Patterns, ParseError> {
        self.kind.patterns()
    }
}

impl Received<Challenge> {
    /// The subject, with the signature not verified: for a service that reads its own challenge.
    pub fn subject(&self) -> Option<&Subject> {
        self.unverified().subject.as_ref()
    }
}

impl Message for Challenge {
    const NAME: &'static str = "challenge";
    const DOMAIN: &'static str = "countersign/v1/challenge";
    const LIMIT: usize = 1200;

    fn limit(&self) -> usize {
        match self.kind.inbox() {
            Some(_) => Self::LIMIT,
            None => LIMIT_IN_QR,
        }
    }

    fn issuable(&self) -> Result<(), ParseError> {
        self.kind.patterns().map(drop)
    }

    fn decode(payload: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, payload, Self::LIMIT)?;
        let kind = fields.version_and_type()?;
        if !matches!(kind, 1..=4 | 18) {
            return Err(fields.fail("type", Problem::Bounds));
        }
        let svc = Svc(fields.bytes(2, "svc")?);
        let kid = KeyId(fields.bytes(3, "kid")?);
        let id = ChallengeId(fields.bytes(6, "challenge id")?);
        let purpose = fields.variant(7, "purpose", Purpose::from_number)?;
        let issued_at = fields.number(8, "issued at")?;
        let lifetime = fields.uint(9, "lifetime", 1..=600)? as u16;
        let app_name = fields.label(10, "application name", 20)?;
        let unlock = fields.variant(11, "unlock", Unlock::from_number)?;
        let context = fields.array(12, "context", 3..=3)?;
        let context = context_of(context).ok_or(fields.fail("context", Problem::Bounds))?;
        let kind = match kind {
            1 => Kind::Approve {
                acc: AccountId(fields.bytes(4, "acc")?),
                dev: DeviceId(fields.bytes(5, "dev")?),
                number_matching: fields.boolean(15, "number matching")?,
            },
            2 => Kind::Code {
                acc: AccountId(fields.bytes(4, "acc")?),
                step: fields.uint(13, "step", 1..=MAX_NUMBER)?,
                form: fields.variant(14, "code form", CodeForm::from_number)?,
            },
            3 => Kind::Transaction {
                acc: AccountId(fields.bytes(4, "acc")?),
                step: fields.uint(13, "step", 1..=MAX_NUMBER)?,
                title: fields.label(16, "title", 30)?,
                fields: transaction_fields(fields.array(17, "fields", 1..=12)?)?,
            },
            4 => Kind::OnMobile {
                return_url: fields.text(18, "return URL", 1..=255)?,
            },
            _ => Kind::Online {
                acc: AccountId(fields.bytes(4, "acc")?),
                dev: DeviceId(fields.bytes(5, "dev")?),
                number_matching: fields.boolean(15, "number matching")?,
                title: fields.label(16, "title", 30)?,
                pairs: pairs_of(&mut fields)?,
            },
        };
        let signs = matches!(kind, Kind::Transaction { .. } | Kind::Online { .. });
        if (purpose == Purpose::Transaction) != signs
            || (purpose == Purpose::Unblock && !matches!(kind, Kind::Approve { .. }))
        {
            return Err(fields.fail("purpose", Problem::Bounds));
        }
        if unlock == Unlock::Nothing && !kind.gives_code() {
            return Err(fields.fail("unlock", Problem::Bounds));
        }
        let subject = fields.optional(19, Subject::read)?;
        Subject::fits(purpose, subject.as_ref())
            .map_err(|problem| fields.fail("subject", problem))?;
        let (mut client, mut binding) = (None, None);
        if !matches!(kind, Kind::Transaction { .. }) {
            client = fields.optional(20, |f| f.label(20, "client", 40))?;
            binding = fields.optional(21, |f| f.label(21, "binding message", 80))?;
        }
        fields.finish()?;
        Ok(Self {
            svc,
            kid,
            id,
            purpose,
            issued_at,
            lifetime,
            app_name,
            unlock,
            context,
            subject,
            client,
            binding,
            kind,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let (mut step, mut form, mut title, mut fields, mut url, mut pairs) =
            (None, None, None, None, None, None);
        match &self.kind {
            Kind::Approve { .. } => {}
            Kind::Code {
                step: i, form: f, ..
            } => {
                step = Some(*i);
                form = Some(*f as u64);
            }
            Kind::Transaction {
                step: i,
                title: text,
                fields: list,
                ..
            } => {
                step = Some(*i);
                title = Some(text.as_str());
                fields = Some(Value::Array(list.iter().map(field_value).collect()));
            }
            Kind::OnMobile { return_url } => url = Some(return_url.as_str()),
            Kind::Online {
                title: text,
                pairs: list,
                ..
            } => {
                title = Some(text.as_str());
                pairs = Some(pairs_value(list));
            }
        }
        let dev = self.kind.inbox();
        let number = dev.map(|_| self.kind.asks_number());
        let context = Value::Array(vec![
            (self.context.browser as u64).into(),
            (self.context.system as u64).into(),
            self.context.place().into(),
        ]);
        let acc = self.kind.account();
        Map::message(self.kind.number())
            .bytes(2, &self.svc.0)
            .bytes(3, &self.kid.0)
            .optional(4, acc.as_ref().map(|acc| &acc.0[..]), Map::bytes)
            .optional(5, dev.as_ref().map(|dev| &dev.0[..]), Map::bytes)
            .bytes(6, &self.id.0)
            .uint(7, self.purpose as u64)
            .uint(8, self.issued_at)
            .uint(9, self.lifetime.into())
            .text(10, &self.app_name)
            .uint(11, self.unlock as u64)
            .value(12, context)
            .optional(13, step, Map::uint)
            .optional(14, form, Map::uint)
            .optional(15, number, Map::boolean)
            .optional(16, title, Map::text)
            .optional(17, fields, Map::value)
            .optional(18, url, Map::text)
            .optional(19, self.subject.as_ref().map(Subject::to_value), Map::value)
            .optional(20, self.client.as_deref(), Map::text)
            .optional(21, self.binding.as_deref(), Map::text)
            .optional(22, pairs, Map::value)
            .encode()
    }

    fn svc(&self) -> Svc {
        self.svc
    }

    fn kid(&self) -> KeyId {
        self.kid
    }
}
