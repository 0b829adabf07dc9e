//! Challenges (§6): what the service asks a phone to approve, or to answer with a code.

use ciborium::Value;

use crate::cbor::{Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::field::{FieldKind, Pattern, is_displayable};
use crate::id::{AccountId, ChallengeId, DeviceId, KeyId, Svc};
use crate::message::Message;
use crate::{Step, Time};

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $number),+
        }

        impl $name {
            /// From its number on the wire.
            pub fn from_number(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use closed_list;

closed_list!(
    /// The operation that a challenge is for; it is usable by no other.
    Purpose {
        /// Signing in.
        SignIn = 1,
        /// Adding a device.
        AddDevice = 2,
        /// Changing the PIN.
        ChangePin = 3,
        /// Lifting a block, or setting a forgotten PIN anew.
        Unblock = 4,
        /// Removing a device or another factor.
        Remove = 5,
        /// Changing the password.
        ChangePassword = 6,
        /// A transaction with typed data.
        Transaction = 7,
        /// Changing the e-mail address.
        ChangeEmail = 8,
        /// Adding a factor that is no device.
        AddFactor = 9,
        /// Deleting the account.
        DeleteAccount = 10,
    }
);

closed_list!(
    /// What must unlock the phone's answer.
    Unlock {
        /// Nothing.
        Nothing = 0,
        /// The PIN.
        Pin = 1,
        /// The PIN or biometrics.
        PinOrBiometrics = 2,
    }
);

closed_list!(
    /// How a sign-in code is written.
    CodeForm {
        /// Eight characters of Crockford's base32.
        Characters = 1,
        /// Eight digits.
        Digits = 2,
    }
);

closed_list!(
    /// The browser that asked.
    Browser {
        /// Not known.
        Unknown = 0,
        /// Google Chrome or Chromium.
        Chrome = 1,
        /// Mozilla Firefox.
        Firefox = 2,
        /// Apple Safari.
        Safari = 3,
        /// Microsoft Edge.
        Edge = 4,
        /// Opera.
        Opera = 5,
        /// Samsung Internet.
        SamsungInternet = 6,
        /// A program that is no browser.
        Program = 7,
    }
);

closed_list!(
    /// The operating system that asked.
    System {
        /// Not known.
        Unknown = 0,
        /// Microsoft Windows.
        Windows = 1,
        /// Apple macOS.
        MacOs = 2,
        /// Linux.
        Linux = 3,
        /// Android.
        Android = 4,
        /// Apple iOS or iPadOS.
        Ios = 5,
        /// ChromeOS.
        ChromeOs = 6,
    }
);

/// Who asked, coarsely: from closed lists, so that nothing that a stranger writes reaches the person's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The browser.
    pub browser: Browser,
    /// Its system.
    pub system: System,
    /// ISO 3166-1 alpha-2 in upper case; `ZZ` unknown.
    pub place: [u8; 2],
}

impl Context {
    /// The place as text.
    pub fn place(&self) -> &str {
        core::str::from_utf8(&self.place).unwrap_or("ZZ")
    }
}

/// A field of a transaction that the person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// 1 to 12 characters `a-z 0-9 _ -`.
    pub id: String,
    /// What the person reads, 1 to 20 bytes.
    pub label: String,
    /// What it holds.
    pub kind: FieldKind,
    /// The longest canonical value, in characters, 1 to 140.
    pub longest: u16,
    /// A regular expression that the whole canonical value must match, 1 to 64 bytes.
    pub pattern: Option<String>,
    /// An example or advice, 1 to 40 bytes.
    pub hint: Option<String>,
}

/// The device that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The device.
    pub dev: DeviceId,
    /// What it is called, 1 to 40 bytes.
    pub name: String,
}

/// What kind of challenge it is, with the fields that only this kind has.
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
        /// The device that is to be unblocked, or removed. Always there with [`Purpose::Unblock`], and with [`Purpose::Remove`] where a
        /// device is removed.
        subject: Option<Subject>,
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
        /// What is being signed, 1 to 30 bytes.
        title: String,
        /// 1 to 12 fields with distinct ids, in order.
        fields: Vec<Field>,
    },
    /// Approved on the phone on which the browser runs.
    OnMobile {
        /// Where the browser goes on, on the service's origin.
        return_url: String,
    },
}

impl Kind {
    /// The account, unless the phone chooses it.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Approve { acc, .. } | Self::Code { acc, .. } | Self::Transaction { acc, .. } => {
                Some(*acc)
            }
            Self::OnMobile { .. } => None,
        }
    }

    /// The type number.
    pub fn number(&self) -> u64 {
        match self {
            Self::Approve { .. } => 1,
            Self::Code { .. } => 2,
            Self::Transaction { .. } => 3,
            Self::OnMobile { .. } => 4,
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
    /// What must unlock the answer.
    pub unlock: Unlock,
    /// Who asked.
    pub context: Context,
    /// What kind it is.
    pub kind: Kind,
}

impl Challenge {
    /// The moment from which on it can't be answered.
    pub fn expires_at(&self) -> Time {
        self.issued_at.saturating_add(self.lifetime.into())
    }
}

impl Message for Challenge {
    const NAME: &'static str = "challenge";
    const DOMAIN: &'static str = "countersign/v1/challenge";
    const LIMIT: usize = 566;

    fn decode(payload: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, payload, Self::LIMIT)?;
        let kind = fields.version_and_type()?;
        if !(1..=4).contains(&kind) {
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
                subject: fields.optional(19, subject_of)?,
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
            _ => Kind::OnMobile {
                return_url: fields.text(18, "return URL", 1..=255)?,
            },
        };
        if (purpose == Purpose::Transaction) != matches!(kind, Kind::Transaction { .. }) {
            return Err(fields.fail("purpose", Problem::Bounds));
        }
        if unlock == Unlock::Nothing && matches!(kind, Kind::Approve { .. } | Kind::OnMobile { .. })
        {
            return Err(fields.fail("unlock", Problem::Bounds));
        }
        let subject = matches!(
            kind,
            Kind::Approve {
                subject: Some(_),
                ..
            }
        );
        match purpose {
            Purpose::Unblock if !subject => return Err(fields.fail("subject", Problem::Missing)),
            Purpose::Unblock | Purpose::Remove => {}
            _ if subject => return Err(fields.fail("subject", Problem::Unknown)),
            _ => {}
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
            kind,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let (mut step, mut form, mut number, mut title, mut fields, mut url, mut dev) =
            (None, None, None, None, None, None, None);
        let mut about = None;
        match &self.kind {
            Kind::Approve {
                number_matching,
                dev: to,
                subject,
                ..
            } => {
                number = Some(*number_matching);
                dev = Some(&to.0[..]);
                about = subject.as_ref().map(|subject| {
                    Value::Array(vec![
                        Value::Bytes(subject.dev.0.to_vec()),
                        subject.name.as_str().into(),
                    ])
                });
            }
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
        }
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
            .optional(5, dev, Map::bytes)
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
            .optional(19, about, Map::value)
            .encode()
    }

    fn svc(&self) -> Svc {
        self.svc
    }

    fn kid(&self) -> KeyId {
        self.kid
    }
}

fn subject_of(fields: &mut Fields) -> Result<Subject, ParseError> {
    let items = fields.array(19, "subject", 2..=2)?;
    let subject = match items.as_slice() {
        [Value::Bytes(dev), Value::Text(name)]
            if (1..=40).contains(&name.len()) && is_displayable(name) =>
        {
            DeviceId::from_slice(dev).map(|dev| Subject {
                dev,
                name: name.clone(),
            })
        }
        _ => None,
    };
    subject.ok_or(fields.fail("subject", Problem::Bounds))
}

fn context_of(items: Vec<Value>) -> Option<Context> {
    let [browser, system, place] = <[Value; 3]>::try_from(items).ok()?;
    let number = |value: Value| u64::try_from(value.as_integer()?).ok();
    let place: [u8; 2] = place.as_text()?.as_bytes().try_into().ok()?;
    place.iter().all(u8::is_ascii_uppercase).then_some(())?;
    Some(Context {
        browser: Browser::from_number(number(browser)?)?,
        system: System::from_number(number(system)?)?,
        place,
    })
}

fn transaction_fields(items: Vec<Value>) -> Result<Vec<Field>, ParseError> {
    let mut known: Vec<Field> = Vec::with_capacity(items.len());
    for item in items {
        let mut map = Fields::from_value("field of a challenge", item)?;
        let field = Field {
            id: map.text(0, "id", 1..=12)?,
            label: map.label(1, "label", 20)?,
            kind: map.variant(2, "kind", FieldKind::from_wire)?,
            longest: map.uint(3, "longest", 1..=140)? as u16,
            pattern: map.optional(4, |f| f.text(4, "pattern", 1..=64))?,
            hint: map.optional(5, |f| f.label(5, "hint", 40))?,
        };
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if !field.id.bytes().all(good) || known.iter().any(|other| other.id == field.id) {
            return Err(map.fail("id", Problem::Bounds));
        }
        // A pattern that does not compile would be found out only after the person has typed.
        if let Some(pattern) = &field.pattern
            && Pattern::compile(pattern).is_err()
        {
            return Err(map.fail("pattern", Problem::Bounds));
        }
        map.finish()?;
        known.push(field);
    }
    Ok(known)
}

fn field_value(field: &Field) -> Value {
    Map::new()
        .text(0, &field.id)
        .text(1, &field.label)
        .uint(2, field.kind as u64)
        .uint(3, field.longest.into())
        .optional(4, field.pattern.as_deref(), Map::text)
        .optional(5, field.hint.as_deref(), Map::text)
        .into_value()
}
