//! The one form of a message in a QR code, a link and the camera app (§4), and which message may
//! come which way.

use base32::Alphabet;

use crate::ParseError;
use crate::cbor::{Fields, Problem};
use crate::challenge::{Challenge, Kind};
use crate::enrolment::{Enrolment, Way};
use crate::message::Received;
use crate::origin::Origin;
use crate::secret::Secret;

/// The longest link, in bytes.
pub const LONGEST_LINK: usize = 1024;

const BASE32: Alphabet = Alphabet::Rfc4648 { padding: false };

/// How a link reached the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The scanner's camera, or an image that the person chose.
    Camera,
    /// Typed or pasted text.
    Paste,
    /// A link that the operating system verified to belong to this app.
    VerifiedLink,
    /// The scheme `countersign:`, which any app can claim.
    CustomScheme,
}

/// Why a text is not a link that this phone takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Another kind of QR code or link.
    #[error("this is not a Countersign code; look for the QR code on the sign-in page")]
    Foreign,
    /// It begins like one of ours, and is then broken.
    #[error("this code is damaged or cut off ({0}); ask the page for a new one")]
    Damaged(&'static str),
    /// The message inside is wrong.
    #[error("this code is damaged or cut off ({0}); ask the page for a new one")]
    Message(ParseError),
    /// The message inside is of another version of the protocol.
    #[error(
        "this code is made for another version of this app: update the app, and ask the page for a new code"
    )]
    OtherVersion,
    /// It may not come this way.
    #[error("this code cannot be taken from {0}; {1}")]
    Source(&'static str, &'static str),
}

impl From<ParseError> for LinkError {
    fn from(error: ParseError) -> Self {
        match error.problem {
            Problem::Version => Self::OtherVersion,
            _ => Self::Message(error),
        }
    }
}

/// A link that was read. Nothing in it is verified yet.
pub struct Link {
    /// Where the link points: the service's origin, or its link host.
    pub origin: Origin,
    /// The signed message.
    pub message: LinkMessage,
}

/// The messages that links carry.
pub enum LinkMessage {
    /// An enrolment, and the page's S where the PIN is chosen in the browser.
    Enrolment(Received<Enrolment>, Option<Secret<16>>),
    /// A challenge.
    Challenge(Received<Challenge>),
}

impl Link {
    /// Reads a link or the text of a QR code.
    ///
    /// # Errors
    /// [`LinkError`], whose text says what to do.
    pub fn parse(text: &str, source: Source) -> Result<Self, LinkError> {
        let text = text.trim_ascii();
        if text.len() > LONGEST_LINK {
            return Err(LinkError::Foreign);
        }
        let (scheme, rest) = text.split_once("://").ok_or(LinkError::Foreign)?;
        let scheme = scheme.to_ascii_lowercase();
        let (authority, rest) = rest.split_once('/').ok_or(LinkError::Foreign)?;
        let encoded = rest.strip_prefix("Q/").ok_or(LinkError::Foreign)?;
        let authority = authority.to_ascii_lowercase();
        let (origin, source) = match scheme.as_str() {
            "https" | "http" => (Origin::parse(&format!("{scheme}://{authority}")), source),
            "countersign" => (Origin::from_authority(&authority), Source::CustomScheme),
            _ => return Err(LinkError::Foreign),
        };
        let origin = origin.map_err(|_| LinkError::Foreign)?;
        let (encoded, fragment) = match encoded.split_once('#') {
            Some((encoded, fragment)) => (encoded, Some(fragment)),
            None => (encoded, None),
        };
        let bytes = decode_base32(encoded).ok_or(LinkError::Damaged("its text"))?;
        let message = Self::message(&bytes, fragment, source)?;
        Ok(Self { origin, message })
    }

    fn message(
        bytes: &[u8],
        fragment: Option<&str>,
        source: Source,
    ) -> Result<LinkMessage, LinkError> {
        if peek_type(bytes) == Some(Enrolment::TYPE) {
            let enrolment = Received::<Enrolment>::parse(bytes)?;
            let browser = enrolment.unverified().way == Way::PinInBrowser;
            let refused = match source {
                Source::CustomScheme => Some("such a link"),
                Source::Paste if browser => Some("pasted text"),
                _ => None,
            };
            if let Some(what) = refused {
                return Err(LinkError::Source(what, "scan the QR code on the page"));
            }
            let s = match (browser, fragment) {
                (true, Some(fragment)) => Some(
                    decode_base32(fragment)
                        .map(zeroize::Zeroizing::new)
                        .and_then(|bytes| Secret::from_slice(&bytes))
                        .ok_or(LinkError::Damaged("its last part"))?,
                ),
                (false, None) => None,
                _ => return Err(LinkError::Damaged("its last part")),
            };
            return Ok(LinkMessage::Enrolment(enrolment, s));
        }
        if fragment.is_some() {
            return Err(LinkError::Damaged("its last part"));
        }
        let challenge = Received::<Challenge>::parse(bytes)?;
        let refused = match (&challenge.unverified().kind, source) {
            (Kind::Approve { .. } | Kind::Online { .. }, _) => Some((
                "a code or link",
                "open the app: requests arrive there by themselves",
            )),
            (Kind::OnMobile { .. }, Source::Camera) => Some((
                "another screen",
                "open the page on this phone and use its link",
            )),
            (Kind::Code { .. } | Kind::Transaction { .. }, Source::CustomScheme) => {
                Some(("such a link", "scan the QR code on the page"))
            }
            _ => None,
        };
        match refused {
            Some((what, instead)) => Err(LinkError::Source(what, instead)),
            None => Ok(LinkMessage::Challenge(challenge)),
        }
    }
}

/// Key 1 of the payload, read before any check: it says which message to expect, whose own parser
/// then checks it.
fn peek_type(bytes: &[u8]) -> Option<u64> {
    let envelope = crate::message::Envelope::parse("code", bytes, LONGEST_LINK).ok()?;
    Fields::parse("code", &envelope.payload, LONGEST_LINK)
        .ok()?
        .version_and_type()
        .ok()
}

/// RFC 4648 §6 without padding, upper case, and only the text that the bytes encode to.
fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let bytes = base32::decode(BASE32, text)?;
    (encode_base32(&bytes) == text).then_some(bytes)
}

/// RFC 4648 §6 without padding.
pub fn encode_base32(bytes: &[u8]) -> String {
    base32::encode(BASE32, bytes)
}

/// The text of a QR code: all upper case, for QR's alphanumeric mode.
pub fn qr_text(origin: &Origin, message: &[u8]) -> String {
    format!(
        "{}/Q/{}",
        origin.as_str().to_ascii_uppercase(),
        encode_base32(message)
    )
}

/// The link of the same message, for the same device.
pub fn link_text(origin: &Origin, message: &[u8]) -> String {
    format!("{}/Q/{}", origin.as_str(), encode_base32(message))
}
