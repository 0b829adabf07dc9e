//! The enrolment message (§6, §10): the content of the QR code on "Add a device".

use crate::Time;
use crate::cbor::{Fields, Map, ParseError};
use crate::id::{AccountId, DeviceId, EnrolmentId, Hash, KeyId, Svc};
use crate::message::Message;
use crate::secret::Secret;

/// Where the PIN is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the browser; the page's own script makes S and draws the code.
    PinInBrowser = 1,
    /// On the phone, which then shows a code that is typed on the page.
    PinOnPhone = 2,
}

/// Invites one phone to one account.
pub struct Enrolment {
    /// The service.
    pub svc: Svc,
    /// The key that signed this.
    pub kid: KeyId,
    /// The account.
    pub acc: AccountId,
    /// The device that the phone becomes.
    pub dev: DeviceId,
    /// The enrolment.
    pub id: EnrolmentId,
    /// Shows that the phone saw this message.
    pub one_time_secret: Secret<16>,
    /// Where the PIN is chosen.
    pub way: Way,
    /// Expiry.
    pub expires_at: Time,
    /// The service's name for people, 1 to 20 bytes.
    pub app_name: String,
    /// The account's name for people, 1 to 40 bytes.
    pub account_label: String,
    /// The information message that the origin must serve.
    pub info_hash: Hash,
}

impl Enrolment {
    pub(crate) const TYPE: u64 = 5;
}

impl Message for Enrolment {
    const NAME: &'static str = "enrolment message";
    const DOMAIN: &'static str = "countersign/v1/enrolment";
    const LIMIT: usize = 300;

    fn decode(payload: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, payload, Self::LIMIT)?;
        fields.header(Self::TYPE)?;
        let enrolment = Self {
            svc: Svc(fields.bytes(2, "svc")?),
            kid: KeyId(fields.bytes(3, "kid")?),
            acc: AccountId(fields.bytes(4, "acc")?),
            dev: DeviceId(fields.bytes(5, "dev")?),
            id: EnrolmentId(fields.bytes(6, "enrolment id")?),
            one_time_secret: Secret::take(&mut fields.bytes(7, "one-time secret")?),
            way: fields.variant(8, "way", |way| match way {
                1 => Some(Way::PinInBrowser),
                2 => Some(Way::PinOnPhone),
                _ => None,
            })?,
            expires_at: fields.number(9, "expiry")?,
            app_name: fields.label(10, "application name", 20)?,
            account_label: fields.label(11, "account label", 40)?,
            info_hash: Hash(fields.bytes(12, "hash of the information")?),
        };
        fields.finish()?;
        Ok(enrolment)
    }

    fn encode(&self) -> Vec<u8> {
        Map::message(Self::TYPE)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.kid.0)
            .bytes(4, &self.acc.0)
            .bytes(5, &self.dev.0)
            .bytes(6, &self.id.0)
            .bytes(7, self.one_time_secret.expose())
            .uint(8, self.way as u64)
            .uint(9, self.expires_at)
            .text(10, &self.app_name)
            .text(11, &self.account_label)
            .bytes(12, &self.info_hash.0)
            .encode()
    }

    fn svc(&self) -> Svc {
        self.svc
    }

    fn kid(&self) -> KeyId {
        self.kid
    }
}
