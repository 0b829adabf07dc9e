//! The service's signed information (§6): its origin, name and keys.

use ciborium::Value;

use crate::Time;
use crate::cbor::{self, Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::id::{KeyId, PublicKey, Svc};
use crate::message::{BadSignature, Message, Received, Verified};
use crate::origin::Origin;

/// A key that signs for the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// The public key; its id is derived from it.
    pub key: PublicKey,
    /// When the service begins to sign with it.
    pub valid_from: Time,
}

/// The information that a service publishes about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The service.
    pub svc: Svc,
    /// The key that signed this.
    pub kid: KeyId,
    /// Its web origin; svc is the hash of it.
    pub origin: Origin,
    /// Its name for people, 1 to 20 bytes.
    pub app_name: String,
    /// Never decreases.
    pub sequence: u64,
    /// When this was made.
    pub issued_at: Time,
    /// 1 to 8 keys.
    pub signing_keys: Vec<ServiceKey>,
    /// The key to which secrets are sealed.
    pub hpke_key: PublicKey,
    /// A second host for links.
    pub link_host: Option<String>,
    /// The key with which the service signs Web Push requests (VAPID, RFC 8292), where it sends
    /// any.
    pub push_key: Option<PublicKey>,
}

impl Info {
    /// The signing key with this id.
    pub fn signing_key(&self, kid: KeyId) -> Option<&PublicKey> {
        self.signing_keys
            .iter()
            .map(|known| &known.key)
            .find(|key| key.key_id() == kid)
    }
}

impl Received<Info> {
    /// Verifies the information with a key that it brings itself: all that can be done at first
    /// contact, where TLS and the hash in the enrolment message vouch for it.
    ///
    /// # Errors
    /// If it is not signed by one of its own keys.
    pub fn verify_first_contact(self) -> Result<Verified<Info>, BadSignature> {
        let key = *self
            .unverified()
            .signing_key(self.kid())
            .ok_or(BadSignature)?;
        self.verify(&key)
    }
}

impl Message for Info {
    const NAME: &'static str = "service information";
    const DOMAIN: &'static str = "countersign/v1/info";
    const LIMIT: usize = 2048;

    fn decode(payload: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, payload, Self::LIMIT)?;
        fields.header(6)?;
        let svc = Svc(fields.bytes(2, "svc")?);
        let kid = KeyId(fields.bytes(3, "kid")?);
        let origin = fields.text(4, "origin", 1..=Origin::LONGEST)?;
        let origin = Origin::parse(&origin).map_err(|_| fields.fail("origin", Problem::Bounds))?;
        if origin.svc() != svc {
            return Err(fields.fail("svc", Problem::Bounds));
        }
        let info = Self {
            svc,
            kid,
            origin,
            app_name: fields.label(5, "application name", 20)?,
            sequence: fields.number(6, "sequence")?,
            issued_at: fields.number(7, "issued at")?,
            signing_keys: fields
                .array(8, "signing keys", 1..=8)?
                .into_iter()
                .map(|value| service_key(value).ok_or(fields.fail("signing keys", Problem::Bounds)))
                .collect::<Result<_, _>>()?,
            hpke_key: fields.public_key(9, "HPKE key")?,
            link_host: fields.optional(10, |f| f.text(10, "link host", 1..=255))?,
            push_key: fields.optional(11, |f| f.public_key(11, "push key"))?,
        };
        if let Some(host) = &info.link_host
            && Origin::from_authority(host).is_err()
        {
            return Err(fields.fail("link host", Problem::Bounds));
        }
        fields.finish()?;
        Ok(info)
    }

    fn encode(&self) -> Vec<u8> {
        let keys = self
            .signing_keys
            .iter()
            .map(|known| {
                Value::Array(vec![
                    Value::Bytes(known.key.as_bytes().to_vec()),
                    known.valid_from.into(),
                ])
            })
            .collect();
        let push_key = self.push_key.as_ref().map(|key| &key.as_bytes()[..]);
        Map::message(6)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.kid.0)
            .text(4, self.origin.as_str())
            .text(5, &self.app_name)
            .uint(6, self.sequence)
            .uint(7, self.issued_at)
            .value(8, Value::Array(keys))
            .bytes(9, self.hpke_key.as_bytes())
            .optional(10, self.link_host.as_deref(), Map::text)
            .optional(11, push_key, Map::bytes)
            .encode()
    }

    fn svc(&self) -> Svc {
        self.svc
    }

    fn kid(&self) -> KeyId {
        self.kid
    }
}

/// The most messages of earlier information that a service gives.
pub const EARLIER: usize = 16;
/// The longest list of them, in bytes.
pub const LONGEST_EARLIER: usize = 9 + EARLIER * (9 + Info::LIMIT);
const EARLIER_NAME: &str = "earlier information";

/// Encodes earlier information, oldest first: signed messages as they were served. The oldest
/// beyond [`EARLIER`] are left out.
pub fn encode_earlier(messages: Vec<Vec<u8>>) -> Vec<u8> {
    let left_out = messages.len().saturating_sub(EARLIER);
    let kept = messages.into_iter().skip(left_out).map(Value::Bytes);
    cbor::encode(&Value::Array(kept.collect())).to_vec()
}

/// Strictly parses a list made by [`encode_earlier`].
///
/// # Errors
/// Names the field that is wrong.
pub fn parse_earlier(bytes: &[u8]) -> Result<Vec<Received<Info>>, ParseError> {
    let fail = |problem| ParseError {
        message: EARLIER_NAME,
        field: "messages",
        problem,
    };
    let messages = cbor::parse_value(EARLIER_NAME, bytes, LONGEST_EARLIER)?;
    let messages = messages.into_array().map_err(|_| fail(Problem::Type))?;
    if messages.len() > EARLIER {
        return Err(fail(Problem::Bounds));
    }
    messages
        .into_iter()
        .map(|message| match message {
            Value::Bytes(message) => Received::parse(&message),
            _ => Err(fail(Problem::Type)),
        })
        .collect()
}

fn service_key(value: Value) -> Option<ServiceKey> {
    let [key, valid_from] = <[Value; 2]>::try_from(value.into_array().ok()?).ok()?;
    let valid_from = u64::try_from(valid_from.as_integer()?).ok()?;
    Some(ServiceKey {
        key: PublicKey::from_bytes(key.as_bytes()?)?,
        valid_from: (valid_from <= MAX_NUMBER).then_some(valid_from)?,
    })
}
