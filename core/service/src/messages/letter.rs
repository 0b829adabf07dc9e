//! A message as blocks, and what becomes of them: plain text and HTML that say the same.

use minijinja::{Value, context};

use super::ComposeError;
use crate::{
    app::App,
    base::{email::Email, lang::Lang},
    deliveries::Mail,
    pages::Frame,
};

/// A part of a message.
pub(super) enum Block {
    /// Paragraphs.
    Text(String),
    /// What was so, by name.
    Facts(Vec<(String, String)>),
    /// A link: what it does, and where it goes.
    Link(String, String),
}

impl Block {
    /// As plain text, with links whole on a line of their own.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Facts(facts) => {
                let lines = facts.iter().map(|(name, value)| format!("{name}: {value}"));
                lines.collect::<Vec<_>>().join("\n")
            }
            Self::Link(what, url) => format!("{what}:\n{url}"),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Text(text) => {
                let paragraphs: Vec<_> = text.split("\n\n").collect();
                context! { paragraphs }
            }
            Self::Facts(facts) => context! { facts },
            Self::Link(what, url) => context! { what, url },
        }
    }
}

/// A message without its recipient.
pub(super) struct Letter {
    pub(super) language: Lang,
    pub(super) subject: String,
    pub(super) blocks: Vec<Block>,
}

impl Letter {
    /// The mail to this address.
    pub(super) fn to(&self, app: &App, to: Email) -> Result<Mail, ComposeError> {
        let plain: Vec<_> = self.blocks.iter().map(Block::plain).collect();
        let frame = Frame::of_message(self.language);
        let blocks: Vec<_> = self.blocks.iter().map(Block::value).collect();
        let values = context! { subject => self.subject, blocks };
        Ok(Mail {
            to,
            language: self.language.code(),
            subject: self.subject.clone(),
            text: plain.join("\n\n") + "\n",
            html: app.pages.render("mail.html", &frame, values)?,
        })
    }
}
