//! Messages to people. They leave the service through one trait; by default each becomes a file.

mod pace;

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use countersign_protocol::Time;
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};

pub(crate) use pace::Pace;

use crate::{
    base::durable::Write as Durable,
    base::{email::Email, files},
};

/// The longest line of a message, in bytes (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// A message to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The message's own number. A message that is sent again after a crash has the same one.
    pub id: u64,
    /// The e-mail address.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// Plain text. It can hold links that act for the account: treat it as secret.
    pub text: String,
    /// When the event happened.
    pub at: Time,
}

/// A message was not sent. The service tries again.
#[derive(Debug, thiserror::Error)]
#[error("a message can't be sent: {0}")]
pub struct NoticeError(pub String);

/// Takes messages to people: a mail server's client, for instance.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Sends a message, or keeps it so that it is not lost. Called at least once: after a crash the
    /// same message can come again.
    ///
    /// # Errors
    /// [`NoticeError`]; the service then tries again until the message is taken.
    async fn send(&self, notice: Notice) -> Result<(), NoticeError>;
}

/// Writes each message to a file of its own (RFC 5322, with UTF-8 as in RFC 6532), for another
/// program to send.
pub struct Outbox {
    folder: PathBuf,
    from: Option<Address>,
}

impl Outbox {
    /// Writes into this folder, which is made with the first message. The sender is `no-reply` at
    /// this host, without its port.
    pub fn new(folder: impl Into<PathBuf>, authority: &str) -> Self {
        // An IPv6 address has colons of its own, inside brackets.
        let host = match authority.find(']') {
            Some(end) => authority.get(..=end),
            None => authority.split(':').next(),
        }
        .unwrap_or(authority);
        Self {
            folder: folder.into(),
            from: Address::new("no-reply", host).ok(),
        }
    }

    fn write(&self, notice: &Notice) -> io::Result<()> {
        files::make_folder(&self.folder)?;
        let name = format!("{}-{:08}", notice.at, notice.id);
        let unfinished = self.folder.join(format!(".{name}.part"));
        Durable::MessageDraft.reach();
        let mut file = files::draft(&unfinished)?;
        file.write_all(&self.message(notice).map_err(io::Error::other)?)?;
        file.sync_all()?;
        Durable::MessageName.reach();
        // A program that watches the folder sees only whole messages.
        let path = self.folder.join(format!("{name}.eml"));
        fs::rename(&unfinished, &path)?;
        // After a crash a message that is counted as sent must be there.
        files::sync_name(&path)
    }

    fn message(&self, notice: &Notice) -> Result<Vec<u8>, lettre::error::Error> {
        let from = self.from.clone().ok_or(lettre::error::Error::MissingFrom)?;
        let at = UNIX_EPOCH + Duration::from_secs(notice.at);
        // Lines stay as they are, so that a reader of the file finds links whole. A text with a
        // line that is too long is encoded.
        let text = notice.text.replace('\n', "\r\n");
        let body = if text.lines().all(|line| line.len() <= LONGEST_LINE) {
            Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::EightBit)
        } else {
            Body::new(text)
        };
        let message = Message::builder()
            .from(Mailbox::new(None, from))
            .to(Mailbox::new(None, notice.to.address().clone()))
            .subject(one_line(&notice.subject))
            .date(at)
            .singlepart(
                SinglePart::builder()
                    .header(ContentType::TEXT_PLAIN)
                    .body(body),
            )?;
        Ok(message.formatted())
    }
}

/// Replaces control characters, so that a text can't end its header line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[async_trait]
impl Notices for Outbox {
    async fn send(&self, notice: Notice) -> Result<(), NoticeError> {
        self.write(&notice)
            .map_err(|error| NoticeError(format!("{}: {error}", self.folder.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(subject: &str, to: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(folder.path().join("outbox"), "sign.example.eu");
        let notice = Notice {
            id: 7,
            to: Email::parse(to).unwrap(),
            subject: subject.into(),
            text: format!("one\n{}’\n", "x".repeat(900)),
            at: 1_795_450_000,
        };
        outbox.write(&notice).unwrap();
        outbox.write(&notice).unwrap();
        let files: Vec<_> = fs::read_dir(folder.path().join("outbox"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        fs::read_to_string(&files[0]).unwrap()
    }

    #[test]
    fn a_message_is_one_readable_file_and_its_headers_can_not_be_added_to() {
        let text = written("Ierīce\r\nBcc: eve@example.eu", "anna@example.eu");
        assert!(
            text.contains("Date: Mon, 23 Nov 2026 16:06:40 +0000\r\n"),
            "{text}"
        );
        assert!(
            text.contains("From: no-reply@sign.example.eu\r\n"),
            "{text}"
        );
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(text.contains("Subject: =?utf-8?"), "{text}");
        let body = format!("\r\n\r\none\r\n{}’", "x".repeat(900));
        assert!(text.trim_end().ends_with(&body), "{text}");
    }

    #[test]
    fn a_message_goes_to_one_address() {
        for (typed, header) in [
            ("anna@example.eu", "To: anna@example.eu\r\n"),
            (
                "a!#$%'*/=?^`{|}~b@Bücher.eu",
                "To: a!#$%'*/=?^`{|}~b@xn--bcher-kva.eu\r\n",
            ),
        ] {
            let text = written("x", typed);
            assert!(text.contains(header), "{text}");
        }
    }
}
