//! The messages to people, written in their language: about events of their account, and with the
//! links that they asked for. A message becomes a delivery in the transaction that marks what it
//! tells of, so that each leaves once, and only when the journal has what happened.

mod letter;
pub(crate) mod links;
pub(crate) mod notice;
mod pace;
mod ways;

use std::sync::Arc;

use fluent_bundle::FluentValue;

use crate::{
    app::App,
    base::lang::Lang,
    deliveries::{self, DeliveryError, Outbox, one_line},
    store::{DueLink, LinkKind, StoreError},
};
use letter::{Block, Letter};
use pace::Pace;

/// Up to this many due events go out in messages of their own; more become one message.
const ONE_BY_ONE: usize = 10;

/// A message can't be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// The store refused, or what happened is not in the journal yet.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A text is missing.
    #[error("no text {0}")]
    NoText(String),
    /// The template is broken.
    #[error(transparent)]
    Template(#[from] minijinja::Error),
    /// It can't be sealed.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

/// Writes the messages that are due.
pub(crate) struct Composer {
    app: Arc<App>,
    outbox: Arc<Outbox>,
    pace: Pace,
}

impl Composer {
    /// Writes for this outbox.
    pub(crate) fn new(app: Arc<App>, outbox: Arc<Outbox>) -> Self {
        Self {
            app,
            outbox,
            pace: Pace::default(),
        }
    }

    /// Writes the messages that are due. One that can't be written yet, because its event is not in
    /// the journal, stays due, and delays no other account's.
    ///
    /// # Errors
    /// The reason for the log, if a message stays due.
    pub(crate) async fn compose_due(&self) -> Result<(), ComposeError> {
        let app = &*self.app;
        let mut unwritten = Ok(());
        for due in app.store.due_links(app.clock.now()).await? {
            if let Err(error) = self.tell_link(&due).await {
                unwritten = Err(error);
            }
        }
        for account in app.store.due_accounts().await? {
            if self.pace.holds(account, app.clock.now()) {
                continue;
            }
            let Some(due) = app.store.due_notices(account, app.clock.now()).await? else {
                continue;
            };
            let all = due.events.len();
            let size = if all > ONE_BY_ONE { all } else { 1 };
            for events in due.events.chunks(size) {
                match notice::compose(app, &due, events).await {
                    Ok(new) => {
                        let ids = events.iter().map(|(id, _)| *id).collect();
                        app.store.tell_events(ids, new, app.clock.now()).await?;
                        self.pace.sent(account, app.clock.now());
                        self.outbox.wake();
                    }
                    Err(error) => {
                        unwritten = Err(error);
                        break;
                    }
                }
            }
        }
        unwritten
    }

    async fn tell_link(&self, due: &DueLink) -> Result<(), ComposeError> {
        let app = &*self.app;
        // Answers when the journal has what made the account or invited it.
        let back = match due.link.account {
            Some(account) if due.link.kind == LinkKind::Invite => {
                let standing = app.store.standing(account).await?;
                let inviter = app.store.inviter(account)?;
                standing.guarded.then_some(inviter)
            }
            Some(account) => app.store.standing(account).await.map(|_| None)?,
            None => None,
        };
        let letter = link_letter(app, due, back.as_deref())?;
        let mail = letter.to(app, due.link.address.clone())?;
        let acts = !matches!(due.link.kind, LinkKind::Undone | LinkKind::Deleted);
        let link = acts.then_some(due.link.id);
        let new = deliveries::mail(&app.root, &mail, due.link.account, link)?;
        app.store.tell_link(due.seq, new, app.clock.now()).await?;
        self.outbox.wake();
        Ok(())
    }
}

/// The texts of one language, with what most of them name.
struct Texts<'a> {
    app: &'a App,
    lang: Lang,
}

impl Texts<'_> {
    fn get(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Result<String, ComposeError> {
        let service = ("service", self.app.name.as_str().into());
        let values = [values, &[service]].concat();
        let text = self.app.pages.texts.get(self.lang, key, &values);
        text.ok_or_else(|| ComposeError::NoText(key.to_owned()))
    }
}

/// The message with a link. It holds nothing that a stranger typed. `back`: the operator who
/// invites back into an account that lost its devices.
fn link_letter(app: &App, due: &DueLink, back: Option<&str>) -> Result<Letter, ComposeError> {
    let (kind, lang) = (due.link.kind, due.language);
    let name = match kind {
        // The text `mail_stop` is a line of the other messages.
        LinkKind::Stop => "stop-link",
        LinkKind::Invite if back.is_some() => "invite-back",
        kind => kind.name(),
    };
    let values = [
        ("operator", one_line(back.unwrap_or_default()).into()),
        ("hours", app.recovery_hours.into()),
    ];
    let text = |key: &str| Texts { app, lang }.get(key, &values);
    let mut blocks = vec![Block::Text(text(&format!("mail_{name}"))?)];
    let to = match kind {
        LinkKind::Taken | LinkKind::ResetRefused => Some(format!("{}/sign-in", app.origin)),
        LinkKind::Undone
        | LinkKind::Nobody
        | LinkKind::TakenAgain
        | LinkKind::Deleted
        | LinkKind::Invited => None,
        kind => Some(links::url(app, kind, due.link.id)),
    };
    if let Some(to) = to {
        blocks.push(Block::Link(text(&format!("mail_{name}_link"))?, to));
    }
    blocks.push(Block::Text(text(&format!("mail_{name}_not-you"))?));
    if kind == LinkKind::Confirm {
        let to = format!("{}/account/password", app.origin);
        blocks.push(Block::Link(text("mail_confirm_password")?, to));
    }
    blocks.push(Block::Text(text("mail_end")?));
    Ok(Letter {
        language: lang,
        subject: text(&format!("mail_{name}_subject"))?,
        blocks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pages::Pages, policy};

    #[test]
    fn every_message_is_there_and_says_what_to_do_in_every_language() {
        let texts = Pages::new("Example", crate::pages::Look::default())
            .unwrap()
            .texts;
        for lang in Lang::ALL {
            for what in policy::MAILED {
                let next = format!("mail_next_{what}");
                let values = [("service", "Example".into())];
                assert!(texts.get(lang, &next, &values).is_some(), "{next}");
                let detail = match *what {
                    "language-changed" => "lv",
                    "session-ended" => "device",
                    _ => "x",
                };
                assert!(texts.event(lang, what, detail).is_some(), "{what}");
            }
        }
    }
}
