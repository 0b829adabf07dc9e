//! E-mail addresses: one type, one way to make it, one spelling for each mailbox.
//!
//! An address is a key here: it names an account, and links that act for the account go to it. So
//! two addresses that a mail server or a person could take for one another must not both be ours.

use std::fmt;

use idna::punycode;
use lettre::Address;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

/// The longest address, in bytes (RFC 5321, 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// The longest part before the @, in bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// The longest host name, and the longest label of one, in bytes (RFC 1035, 2.3.4).
const LONGEST_DOMAIN: usize = 253;
const LONGEST_LABEL: usize = 63;
/// What an encoded label begins with.
const ENCODED: &str = "xn--";

/// This is not an address that the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address that can be used")]
pub struct NotAnEmail;

/// An e-mail address with one mailbox, in its one spelling: Unicode's form NFC, case folded, the
/// domain as A-labels. It is never quoted and never has comments or lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(Address);

impl Email {
    /// The address that a person or a program wrote.
    ///
    /// # Errors
    /// [`NotAnEmail`] for everything that is not exactly one address, and where one label mixes
    /// scripts whose letters look alike.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(NotAnEmail);
        }
        let (local, domain) = text.split_once('@').ok_or(NotAnEmail)?;
        let local = fold(local);
        if local.len() > LONGEST_LOCAL || !local.split('.').all(is_atom) {
            return Err(NotAnEmail);
        }
        let domain = domain_of(domain)?;
        let address = Address::new(local, domain).map_err(|_| NotAnEmail)?;
        let text: &str = address.as_ref();
        if text.len() > LONGEST {
            return Err(NotAnEmail);
        }
        Ok(Self(address))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The domain, as A-labels.
    pub(crate) fn domain(&self) -> &str {
        self.0.domain()
    }

    /// The address for the header of a message.
    pub(crate) fn address(&self) -> &Address {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// NFC and simple case folding. The final sigma is the only letter that lower case alone leaves in
/// two forms.
fn fold(text: &str) -> String {
    let lower = |c: char| c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c });
    text.nfc().flat_map(lower).nfc().collect()
}

/// Is this a part of the local name between two dots: an atom (RFC 5322, 3.2.3, and RFC 6532) whose
/// letters are of one script?
fn is_atom(part: &str) -> bool {
    !part.is_empty()
        && part.chars().all(|c| {
            c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
        })
        && is_of_one_script(part)
}

/// Latin may stand with the scripts of Chinese, Japanese and Korean (UTS 39, "highly restrictive"),
/// and digits and ASCII's signs with all. Characters that are not for names are refused too.
fn is_of_one_script(label: &str) -> bool {
    let letters: String = label
        .chars()
        .filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
        .collect();
    letters.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

/// A host's name as A-labels. Numbers and single names are none that mail can be sent to.
fn domain_of(text: &str) -> Result<String, NotAnEmail> {
    let labels: Option<Vec<String>> = text.split('.').map(a_label).collect();
    let domain = labels.ok_or(NotAnEmail)?.join(".");
    let top = domain.rsplit_once('.').ok_or(NotAnEmail)?.1;
    let fits = domain.len() <= LONGEST_DOMAIN && top.starts_with(|c: char| c.is_ascii_lowercase());
    fits.then_some(domain).ok_or(NotAnEmail)
}

/// A label as it is looked up (RFC 5890): letters, digits and hyphens, the others encoded.
fn a_label(text: &str) -> Option<String> {
    let lower = text.nfc().flat_map(char::to_lowercase).nfc();
    let mut label: String = lower.collect();
    if !label.is_ascii() {
        let fits = is_u_label(&label);
        let encoded = punycode::encode_str(&label)?;
        label = fits.then(|| format!("{ENCODED}{encoded}"))?;
    } else if let Some(encoded) = label.strip_prefix(ENCODED) {
        // Somebody may write it encoded; it must be what encoding gives.
        let shown = punycode::decode_to_string(encoded)?;
        let again = punycode::encode_str(&shown)?;
        let same = shown.nfc().flat_map(char::to_lowercase).eq(shown.chars());
        if shown.is_ascii() || !same || again != encoded || !is_u_label(&shown) {
            return None;
        }
    } else if label.get(2..4) == Some("--") {
        return None;
    }
    let ldh = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=LONGEST_LABEL).contains(&label.len())
        && label.chars().all(ldh)
        && !label.starts_with('-')
        && !label.ends_with('-');
    fits.then_some(label)
}

/// May a label show these characters? ASCII's only as in any label, the others only if they are for
/// names, all of one script.
fn is_u_label(label: &str) -> bool {
    let fits = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    label.chars().all(fits)
        && !label.starts_with(['-'])
        && !label.starts_with(is_combining_mark)
        && !label.ends_with('-')
        && is_of_one_script(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        Email::parse(text).ok().map(|email| email.to_string())
    }

    #[test]
    fn an_address_has_one_spelling() {
        for (typed, kept) in [
            ("a@b.lv", "a@b.lv"),
            (" Anna.Ozola@Example.EU ", "anna.ozola@example.eu"),
            ("anna+phone@example.eu", "anna+phone@example.eu"),
            ("ŪDENS@Ezers.lv", "ūdens@ezers.lv"),
            ("u\u{304}dens@ezers.lv", "ūdens@ezers.lv"),
            ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
            ("anna@XN--BCHER-KVA.example", "anna@xn--bcher-kva.example"),
            ("ΟΔΟΣ@example.gr", "οδοσ@example.gr"),
            ("οδος@example.gr", "οδοσ@example.gr"),
            ("иван-7@почта.бг", "иван-7@xn--80a1acny.xn--90ae"),
            ("田中taro@example.jp", "田中taro@example.jp"),
        ] {
            assert_eq!(of(typed).as_deref(), Some(kept), "{typed}");
            assert_eq!(of(kept).as_deref(), Some(kept), "{typed}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_address_is_refused() {
        let long = format!("{}@example.eu", "a".repeat(65));
        let longer = format!("a@{}eu", "bcdefghij.".repeat(26));
        for bad in [
            "",
            "a",
            "a@b",
            "@b.lv",
            "a@",
            "a@.lv",
            "a@b.",
            "a@b.lv.",
            "a@b@c.lv",
            "a b@c.lv",
            "eve,root@b.lv",
            "eve@b.lv,root@b.lv",
            "eve@b.lv, root",
            "eve;root@b.lv",
            "<eve@b.lv>",
            "Eve <eve@b.lv>",
            "eve(root)@b.lv",
            "\"eve,root\"@b.lv",
            "\"eve\"@b.lv",
            "eve:root@b.lv",
            "eve\r\nBcc: root@b.lv",
            "eve@b.lv\r\nBcc:x",
            "a\u{202e}@c.lv",
            "a\u{200b}@c.lv",
            "a@c\u{200b}\u{ad}",
            ".a@b.lv",
            "a.@b.lv",
            "a..b@c.lv",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@-b.lv",
            "a@b_c.lv",
            "a@b.1",
            "ａ@b.lv",
            &long,
            &longer,
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn look_alike_scripts_within_one_label_are_refused() {
        for bad in [
            // Cyrillic а and о among Latin letters, and Greek ο.
            "\u{430}nna@example.eu",
            "anna@g\u{43e}ogle.com",
            "anna@xn--ggle-55da.com",
            "anna@xn--bcher-KVA-.example",
            "anna@xn--abc.example",
            "anna@xn--a-ecp.ru",
            "anna@goοgle.com",
            "anna.\u{43e}zola@example.eu",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
