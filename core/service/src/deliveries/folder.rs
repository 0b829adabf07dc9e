//! Mail as files in a folder, for another program to send.

use std::{fs, io, io::Write, path::PathBuf};

use async_trait::async_trait;
use lettre::message::Mailbox;

use super::{
    Carried, Carrier, Content, Mail, Message,
    message::{Bytes, formatted},
};
use crate::base::{durable::Write as Durable, files, hex};

/// Writes each mail to a file of its own (RFC 5322, with UTF-8 as in RFC 6532).
pub(crate) struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
}

impl MailFolder {
    /// Writes into this folder, which is made with the first mail.
    pub(crate) fn new(folder: PathBuf, from: Mailbox) -> Self {
        Self { folder, from }
    }

    fn write(&self, message: &Message, mail: &Mail) -> io::Result<()> {
        let bytes = formatted(message, mail, &self.from, Bytes::AsTheyAre);
        let bytes = bytes.map_err(io::Error::other)?;
        files::make_folder(&self.folder)?;
        // They sort by time; after a crash a message gets the name that it had.
        let id = hex::encode(&message.id[..4]);
        let name = format!("{}-{:08}-{id}", message.at, message.number);
        let unfinished = self.folder.join(format!(".{name}.part"));
        Durable::MessageDraft.reach();
        let mut file = files::draft(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        Durable::MessageName.reach();
        // A program that watches the folder sees only whole messages.
        let path = self.folder.join(format!("{name}.eml"));
        fs::rename(&unfinished, &path)?;
        // After a crash a message that is counted as sent must be there.
        files::sync_name(&path)
    }
}

#[async_trait]
impl Carrier for MailFolder {
    async fn carry(&self, message: &Message) -> Carried {
        let Content::Mail(mail) = &message.content;
        match self.write(message, mail) {
            Ok(()) => Carried::Done,
            Err(error) => Carried::Later(format!("{}: {error}", self.folder.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::email::Email, deliveries::no_reply};

    fn written(subject: &str, to: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let from = no_reply("Ša, sign", "sign.example.eu:8443").unwrap();
        let outbox = MailFolder::new(folder.path().join("outbox"), from);
        let mail = Mail {
            to: Email::parse(to).unwrap(),
            language: "lv",
            subject: subject.into(),
            text: format!("one\n{}’\n", "x".repeat(900)),
            html: "<p>one</p>\n".into(),
        };
        let message = Message {
            id: [7; 16],
            number: 7,
            at: 1_795_450_000,
            content: Content::Mail(mail.clone()),
        };
        outbox.write(&message, &mail).unwrap();
        outbox.write(&message, &mail).unwrap();
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
        for header in [
            "Date: Mon, 23 Nov 2026 16:06:40 +0000",
            "Message-ID: <07070707070707070707070707070707@sign.example.eu>",
            "Auto-Submitted: auto-generated",
            "Content-Language: lv",
        ] {
            assert!(text.contains(&format!("{header}\r\n")), "{text}");
        }
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(text.contains("Subject: =?utf-8?"), "{text}");
        assert!(text.contains("From: =?utf-8?"), "{text}");
        assert!(text.contains(" <no-reply@sign.example.eu>\r\n"), "{text}");
        let body = format!("\r\n\r\none\r\n{}’\r\n", "x".repeat(900));
        assert!(text.contains(&body), "{text}");
        assert!(text.contains("\r\n\r\n<p>one</p>\r\n"), "{text}");
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
