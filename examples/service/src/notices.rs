//! Messages to people. They leave the service through one trait; without another, each becomes a file.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use async_trait::async_trait;
use chrono::DateTime;
use countersign_protocol::Time;

use crate::{files, store::Write as Durable};

/// A message to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// A number of its own. A message that is sent again after a crash has the same.
    pub id: u64,
    /// The e-mail address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text. It may hold links that act for the account: treat it as secret.
    pub text: String,
    /// When what it tells of happened.
    pub at: Time,
}

/// A message did not leave. It is tried again.
#[derive(Debug, thiserror::Error)]
#[error("a message can't be sent: {0}")]
pub struct NoticeError(pub String);

/// Takes messages to people: a mail server's client, for instance.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Sends a message, or keeps it so that it is not lost. At least once: after a crash the same one may come again.
    ///
    /// # Errors
    /// [`NoticeError`], and the message is tried again until it is taken.
    async fn send(&self, notice: Notice) -> Result<(), NoticeError>;
}

/// Writes each message to a file of its own (RFC 5322, with UTF-8 as in RFC 6532), for whoever sends them on.
pub struct Outbox(PathBuf);

impl Outbox {
    /// Into this folder, made with the first message.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn write(&self, notice: &Notice) -> io::Result<()> {
        files::make_folder(&self.0)?;
        let name = format!("{}-{:08}", notice.at, notice.id);
        let unfinished = self.0.join(format!(".{name}.part"));
        Durable::MessageDraft.reach();
        let mut file = files::draft(&unfinished)?;
        file.write_all(message(notice).as_bytes())?;
        file.sync_all()?;
        Durable::MessageName.reach();
        // Whoever watches the folder sees whole messages only.
        let path = self.0.join(format!("{name}.eml"));
        fs::rename(&unfinished, &path)?;
        // A message that is counted as sent is there after a crash.
        files::sync_name(&path)
    }
}

fn message(notice: &Notice) -> String {
    let date = i64::try_from(notice.at)
        .ok()
        .and_then(|at| DateTime::from_timestamp(at, 0))
        .map(|at| format!("Date: {}\r\n", at.to_rfc2822()))
        .unwrap_or_default();
    format!(
        "{date}To: {}\r\nSubject: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
        one_line(&notice.to),
        one_line(&notice.subject),
        notice.text.replace('\n', "\r\n")
    )
}

/// A header ends at a line break, whatever else follows it.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[async_trait]
impl Notices for Outbox {
    async fn send(&self, notice: Notice) -> Result<(), NoticeError> {
        self.write(&notice)
            .map_err(|error| NoticeError(format!("{}: {error}", self.0.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_readable_file_and_its_headers_can_not_be_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(folder.path().join("outbox"));
        let notice = Notice {
            id: 7,
            to: "anna@example.eu\r\nBcc: eve@example.eu".into(),
            subject: "Ierīce pievienota".into(),
            text: "one\ntwo\n".into(),
            at: 1_795_450_000,
        };
        outbox.write(&notice).unwrap();
        outbox.write(&notice).unwrap();
        let files: Vec<_> = fs::read_dir(folder.path().join("outbox"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1);
        let text = fs::read_to_string(&files[0]).unwrap();
        assert!(
            text.starts_with("Date: Mon, 23 Nov 2026 16:06:40 +0000\r\n"),
            "{text}"
        );
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(
            text.contains("Subject: Ierīce pievienota\r\n")
                && text.ends_with("\r\n\r\none\r\ntwo\r\n")
        );
    }
}
