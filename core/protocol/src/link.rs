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
    /// An image that another app passed on, by the system's way to share one.
    SharedImage,
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
        let (origin, custom, encoded) = place(text).ok_or(LinkError::Foreign)?;
        let source = if custom { Source::CustomScheme } else { source };
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
                Source::SharedImage if browser => Some("a picture of another app"),
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
            (Kind::OnMobile { .. }, Source::Camera | Source::SharedImage) => Some((
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

/// The codes to take of several that a camera or picture shows at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// There is none.
    Nothing,
    /// This one: the only one of ours, or the first of those that are none of ours, which is then
    /// refused with its reason.
    One(String),
    /// Several of ours. Nobody but the person can tell which one is meant.
    Several(Vec<Candidate>),
}

/// A code that looks like one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The host that it points to, with the port where it is not the default. Nothing verified it.
    pub host: String,
    /// Its text.
    pub text: String,
}

/// Chooses between the codes that were read at once. Codes of other makers beside ours change
/// nothing, and neither does the same code twice.
pub fn choose(texts: impl IntoIterator<Item = String>) -> Choice {
    let mut ours = Vec::<Candidate>::new();
    let mut foreign = None;
    for text in texts {
        match place(text.trim_ascii()) {
            Some((origin, ..)) => {
                let host = origin.authority().to_owned();
                if ours.iter().all(|seen| seen.text != text) {
                    ours.push(Candidate { host, text });
                }
            }
            None => foreign = foreign.or(Some(text)),
        }
    }
    match ours.pop() {
        None => foreign.map_or(Choice::Nothing, Choice::One),
        Some(only) if ours.is_empty() => Choice::One(only.text),
        Some(last) => {
            ours.push(last);
            Choice::Several(ours)
        }
    }
}

/// Where a text of our form points, whether by the custom scheme, and what follows.
fn place(text: &str) -> Option<(Origin, bool, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, rest) = rest.split_once('/')?;
    let encoded = rest.strip_prefix("Q/")?;
    let authority = authority.to_ascii_lowercase();
    let (origin, custom) = match scheme.as_str() {
        "https" | "http" => (Origin::parse(&format!("{scheme}://{authority}")), false),
        "countersign" => (Origin::from_authority(&authority), true),
        _ => return None,
    };
    Some((origin.ok()?, custom, encoded))
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

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::{Choice, choose};

    #[test]
    fn of_several_codes_the_only_one_of_ours_is_taken_and_between_two_none_is() {
        let choose = |texts: &[&str]| choose(texts.iter().map(|&text| text.to_owned()));
        let ours = "HTTPS://SIGN.EXAMPLE.EU/Q/ABC";
        let other = "https://other.example.eu:8443/Q/DEF";
        let foreign = "https://example.eu/menu";
        assert_eq!(choose(&[]), Choice::Nothing);
        assert_eq!(choose(&[foreign]), Choice::One(foreign.to_owned()));
        assert_eq!(
            choose(&[foreign, ours, "WIFI:S:x;;", ours]),
            Choice::One(ours.to_owned())
        );
        let Choice::Several(codes) = choose(&[ours, foreign, other]) else {
            panic!("one of two was taken");
        };
        let hosts = codes.iter().map(|code| code.host.as_str());
        assert!(hosts.eq(["sign.example.eu", "other.example.eu:8443"]));
        assert_eq!(codes[1].text, other);
    }
}
