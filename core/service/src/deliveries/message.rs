//! A mail in the form of RFC 5322.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{
    Body, Mailbox, MultiPart, SinglePart,
    header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
};

use super::{Mail, Message};
use crate::base::hex;

/// The longest line of a message, in bytes (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// How the bytes of a text are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// As they are, so that a reader of a file finds links whole.
    AsTheyAre,
    /// Such that every mail server takes them.
    Safe,
}

/// The message as bytes. They are the same each time.
pub(super) fn formatted(
    message: &Message,
    mail: &Mail,
    from: &Mailbox,
    bytes: Bytes,
) -> Result<Vec<u8>, lettre::error::Error> {
    let id = hex::encode(&message.id);
    let raw = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let part = |kind, text: &str| SinglePart::builder().header(kind).body(body(text, bytes));
    let message = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, mail.to.address().clone()))
        .subject(one_line(&mail.subject))
        .date(UNIX_EPOCH + Duration::from_secs(message.at))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // No program answers it (RFC 3834, 5).
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("Content-Language", mail.language))
        .multipart(
            MultiPart::alternative()
                .boundary(id)
                .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
                .singlepart(part(ContentType::TEXT_HTML, &mail.html)),
        )?;
    Ok(message.formatted())
}

fn body(text: &str, bytes: Bytes) -> Body {
    let is_whole = bytes == Bytes::AsTheyAre && text.lines().all(|line| line.len() <= LONGEST_LINE);
    let text = text.replace('\n', "\r\n");
    match is_whole {
        true => Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::EightBit),
        false => Body::new(text),
    }
}

/// Replaces control characters, so that a text can't end its line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
