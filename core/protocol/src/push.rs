//! Where a service sends push messages for a device (§7, §13): a message that says "look" and
//! nothing else.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::cbor::{Fields, ParseError, Problem};
use crate::challenge::closed_list;
use crate::origin::Origin;

closed_list!(
    /// The service that carries push messages to a phone.
    PushKind {
        /// A Web Push subscription (RFC 8030): the address is its URL.
        WebPush = 1,
        /// Firebase Cloud Messaging: the address is the app's registration token.
        Fcm = 2,
        /// Apple's service: the address is the device token, in hexadecimal.
        Apns = 3,
    }
);

/// The address is not one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no push address of its kind: a Web Push one is an https URL of at most 512 bytes in canonical form, the others a token as the system gives it"
)]
pub struct NotAPushAddress;

/// A push address in its one form. Anyone who knows it can wake the phone, so it is in no log; it
/// opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PushAddress {
    kind: PushKind,
    address: String,
}

impl PushAddress {
    /// The longest address, in bytes.
    pub const LONGEST: usize = 512;
    /// The longest device token of Apple's, in hexadecimal digits.
    const LONGEST_APNS: usize = 200;

    /// Checks the form; anything else is refused, not repaired.
    ///
    /// # Errors
    /// If it is not of this kind.
    pub fn new(kind: PushKind, address: String) -> Result<Self, NotAPushAddress> {
        let fits = match kind {
            PushKind::WebPush => origin_of(&address).is_some(),
            PushKind::Fcm => address.bytes().all(|b| b.is_ascii_graphic()),
            PushKind::Apns => {
                address.len() <= Self::LONGEST_APNS
                    && address.len().is_multiple_of(2)
                    && address
                        .bytes()
                        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            }
        };
        if !fits || !(1..=Self::LONGEST).contains(&address.len()) {
            return Err(NotAPushAddress);
        }
        Ok(Self { kind, address })
    }

    /// The service that carries the messages.
    pub fn kind(&self) -> PushKind {
        self.kind
    }

    /// The URL or token.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The origin of a Web Push URL: the push service.
    pub fn origin(&self) -> Option<Origin> {
        match self.kind {
            PushKind::WebPush => origin_of(&self.address),
            PushKind::Fcm | PushKind::Apns => None,
        }
    }

    /// A phone's note that it reported an address, or that there is none, to a service whose
    /// information had this sequence: SHA-256 over both. It shows whether there is news for the
    /// service, without keeping the address.
    pub fn told(address: Option<&Self>, sequence: u64) -> [u8; 32] {
        let (kind, text) = address.map_or((0, ""), |to| (to.kind as u8, &*to.address));
        Sha256::new()
            .chain_update([kind])
            .chain_update(sequence.to_be_bytes())
            .chain_update(text.as_bytes())
            .finalize()
            .into()
    }

    /// Keys 17 and 18, both or neither.
    pub(crate) fn decode(fields: &mut Fields) -> Result<Option<Self>, ParseError> {
        let kind = fields.optional(17, |f| {
            f.variant(17, "kind of address", PushKind::from_number)
        })?;
        let Some(kind) = kind else {
            return Ok(None);
        };
        let address = fields.text(18, "address", 1..=Self::LONGEST)?;
        Self::new(kind, address)
            .map(Some)
            .map_err(|NotAPushAddress| fields.fail("address", Problem::Bounds))
    }
}

/// The part of a URL before its path, in canonical form. Only one reading is possible, so a request
/// goes to the host that was checked.
fn origin_of(url: &str) -> Option<Origin> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&b);
    path.bytes().all(plain).then_some(())?;
    Origin::parse(&format!("{scheme}://{host}")).ok()
}

/// Without the address.
impl fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushAddress")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_form_and_its_host_is_told_in_one_way() {
        let long = format!("https://push.example/{}", "a".repeat(491));
        assert_eq!(long.len(), PushAddress::LONGEST);
        for (kind, good) in [
            (
                PushKind::WebPush,
                "https://push.example/wpush/v2/gAAAAABf-_%20?x=1",
            ),
            (PushKind::WebPush, "https://push.example:8443/"),
            (PushKind::WebPush, "http://localhost:8080/up"),
            (PushKind::WebPush, &long),
            (PushKind::Fcm, "cXy-1_z:APA91bH"),
            (
                PushKind::Apns,
                "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0",
            ),
        ] {
            let address = PushAddress::new(kind, good.to_owned()).unwrap();
            assert_eq!((address.kind(), address.address()), (kind, good));
            assert_eq!(address.origin().is_some(), kind == PushKind::WebPush);
            assert!(!format!("{address:?}").contains(good));
        }
        for (kind, bad) in [
            (PushKind::WebPush, ""),
            (PushKind::WebPush, "https://push.example"),
            (PushKind::WebPush, "http://push.example/up"),
            (PushKind::WebPush, "https://PUSH.example/up"),
            (PushKind::WebPush, "https://push.example:443/up"),
            (PushKind::WebPush, "https://push.example@evil.example/up"),
            (PushKind::WebPush, "https://push.example\\@evil.example/up"),
            (PushKind::WebPush, "https://push.example?@evil.example/up"),
            (PushKind::WebPush, "https://push.example#@evil.example/up"),
            (PushKind::WebPush, "https://push.example/\\evil.example/up"),
            (PushKind::WebPush, "https://push.example/up#fragment"),
            (PushKind::WebPush, "https://push.example/a b"),
            (PushKind::WebPush, "https://push.example/a\r\nb: c"),
            (PushKind::WebPush, "https://push.example/ā"),
            (PushKind::WebPush, "https://[::2]/up"),
            (PushKind::WebPush, "file:///etc/passwd"),
            (PushKind::WebPush, &format!("{long}a")),
            (PushKind::Fcm, ""),
            (PushKind::Fcm, "a b"),
            (PushKind::Fcm, "a\n"),
            (PushKind::Fcm, "ā"),
            (PushKind::Fcm, &"a".repeat(513)),
            (PushKind::Apns, ""),
            (PushKind::Apns, "00F0"),
            (PushKind::Apns, "00f"),
            (PushKind::Apns, &"0".repeat(202)),
        ] {
            assert_eq!(
                PushAddress::new(kind, bad.to_owned()),
                Err(NotAPushAddress),
                "{bad}"
            );
        }
    }

    #[test]
    fn another_kind_address_or_information_is_news() {
        let told = |kind, text: &str, sequence| {
            let address = PushAddress::new(kind, text.into()).unwrap();
            PushAddress::told(Some(&address), sequence)
        };
        let first = told(PushKind::Fcm, "00", 1);
        assert_eq!(first, told(PushKind::Fcm, "00", 1));
        let told = [
            first,
            told(PushKind::Apns, "00", 1),
            told(PushKind::Apns, "01", 1),
            told(PushKind::Apns, "00", 2),
            PushAddress::told(None, 1),
            PushAddress::told(None, 2),
        ];
        for (at, one) in told.iter().enumerate() {
            assert!(!told[..at].contains(one));
        }
    }
}
