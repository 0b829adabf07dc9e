//! The message about events of an account: what happened, to whom, when and from where, what to do
//! next, and the link that cancels or undoes.

use super::{
    Block, ComposeError, Letter, Texts,
    links::{self, CANCEL, FINISH},
    ways,
};
use crate::{
    app::App,
    base::email::Email,
    deliveries::{self, one_line},
    pages::written::time,
    store::{Account, AccountEvent, DueNotices, LinkKind, NewDelivery, Recipient, Standing},
};

/// A notice about these events to each of the account's addresses.
pub(super) async fn compose(
    app: &App,
    due: &DueNotices,
    events: &[(u64, AccountEvent)],
) -> Result<Vec<NewDelivery>, ComposeError> {
    // Answers when the journal has what happened.
    let standing = app.store.standing(due.account).await?;
    let mut deliveries = Vec::new();
    for to in &due.to {
        if is_told_by_link(to, events) {
            continue;
        }
        let letter = letter(app, due, events, to, &standing)?;
        let mail = letter.to(app, to.email.clone())?;
        deliveries.push(deliveries::mail(&app.root, &mail, Some(due.account), None)?);
    }
    Ok(deliveries)
}

/// Whether the message with the link that undoes the change of this address tells of it already.
fn is_told_by_link(to: &Recipient, events: &[(u64, AccountEvent)]) -> bool {
    let undo = to.undo.as_ref();
    undo.is_some_and(|undo| {
        let same = |(_, event): &(u64, AccountEvent)| {
            event.what == "email-changed" && event.at == undo.made_at
        };
        events.iter().all(same)
    })
}

fn letter(
    app: &App,
    due: &DueNotices,
    events: &[(u64, AccountEvent)],
    to: &Recipient,
    standing: &Standing,
) -> Result<Letter, ComposeError> {
    let texts = Texts {
        app,
        lang: due.language,
    };
    let what = |event: &AccountEvent| what(&texts, event);
    let hello = texts.get("mail_hello", &[("name", one_line(&due.name).into())])?;
    let mut blocks = vec![Block::Text(hello)];
    let mut next = Vec::new();
    for (_, event) in events {
        blocks.push(Block::Text(sentence(what(event)?)));
        blocks.push(Block::Facts(facts(&texts, &to.email, event)?));
        let text = texts.get(&ways::next(&event.what, standing), &[])?;
        if !next.contains(&text) {
            next.push(text);
        }
    }
    blocks.extend(next.into_iter().map(Block::Text));
    blocks.extend(undoing(&texts, to, standing)?);
    if let Some(closed) = ways::closed(standing) {
        blocks.push(Block::Text(texts.get(closed, &[])?));
    }
    blocks.push(Block::Text(texts.get("mail_end", &[])?));
    let subject = match events {
        [(_, one)] => texts.get("mail_subject", &[("event", what(one)?.into())])?,
        many => texts.get("mail_subject_many", &[("count", many.len().into())])?,
    };
    Ok(Letter {
        language: due.language,
        subject,
        blocks,
    })
}

/// The text of an event.
fn what(texts: &Texts<'_>, event: &AccountEvent) -> Result<String, ComposeError> {
    let detail = one_line(&event.detail);
    let all = &texts.app.pages.texts;
    let text = all.event(texts.lang, &event.what, &detail);
    text.ok_or_else(|| ComposeError::NoText(format!("event_{}", event.what)))
}

/// An event's text, which has no full stop in lists and subjects.
fn sentence(mut text: String) -> String {
    text.push('.');
    text
}

/// The notice about the end of an account to one of its addresses, which is written before it:
/// nothing else is left then.
pub(crate) fn of_the_end(
    app: &App,
    account: &Account,
    to: Email,
    event: &AccountEvent,
) -> Result<NewDelivery, ComposeError> {
    let texts = Texts {
        app,
        lang: account.language,
    };
    let mut name = [&account.first_name, &account.last_name].into_iter();
    let name = name.find(|name| !name.is_empty()).cloned();
    let name = one_line(&name.unwrap_or_default());
    let what = what(&texts, event)?;
    let letter = Letter {
        language: account.language,
        subject: texts.get("mail_subject", &[("event", what.clone().into())])?,
        blocks: vec![
            Block::Text(texts.get("mail_hello", &[("name", name.into())])?),
            Block::Text(sentence(what)),
            Block::Facts(facts(&texts, &account.email, event)?),
            Block::Text(texts.get(&format!("mail_next_{}", event.what), &[])?),
            Block::Text(texts.get("mail_end", &[])?),
        ],
    };
    let mail = letter.to(app, to)?;
    Ok(deliveries::mail(&app.root, &mail, None, None)?)
}

fn facts(
    texts: &Texts<'_>,
    email: &Email,
    event: &AccountEvent,
) -> Result<Vec<(String, String)>, ComposeError> {
    let mut facts = vec![
        (texts.get("mail_fact_account", &[])?, email.to_string()),
        (
            texts.get("mail_fact_when", &[])?,
            time(texts.lang, event.at),
        ),
    ];
    let caller = texts.app.pages.texts.caller(texts.lang, &event.caller);
    if let Some(caller) = caller.filter(|caller| !caller.is_empty()) {
        facts.push((texts.get("mail_fact_where", &[])?, one_line(&caller)));
    }
    Ok(facts)
}

/// The links that undo: of a change of the address, of a deletion, of a recovery, or else of
/// everything.
fn undoing(
    texts: &Texts<'_>,
    to: &Recipient,
    standing: &Standing,
) -> Result<Vec<Block>, ComposeError> {
    let app = texts.app;
    let text = |key: &str| texts.get(key, &[]).map(Block::Text);
    let link = |key: &str, url| Ok::<_, ComposeError>(Block::Link(texts.get(key, &[])?, url));
    let mut blocks = Vec::new();
    if let Some(undo) = &to.undo {
        blocks.push(text("mail_undo")?);
        let url = links::url(app, LinkKind::UndoEmail, undo.link);
        blocks.push(link("mail_undo-email_link", url)?);
    }
    if let Some(deletion) = &standing.deletion {
        let due = time(texts.lang, deletion.due_at);
        let what = texts.get("mail_deletion", &[("due", due.into())])?;
        blocks.push(Block::Text(what));
        let cancel = links::of_deletion(app, deletion);
        blocks.push(link("mail_deletion_cancel", cancel)?);
    }
    let Some(recovery) = &standing.recovery else {
        blocks.push(text("mail_stop")?);
        blocks.push(link("mail_stop_link", format!("{}/stop", app.origin))?);
        return Ok(blocks);
    };
    let words = ways::of_recovery(recovery, standing);
    blocks.push(text(words.what)?);
    let cancel = links::of_recovery(app, CANCEL, recovery);
    blocks.push(link("mail_recovery_cancel", cancel)?);
    // Whoever has changed the address must not recover the account with it.
    if let Some(yours) = words.yours.filter(|_| to.may_recover) {
        let ripe = time(texts.lang, recovery.ripe_at);
        let yours = texts.get(yours, &[("ripe", ripe.into())])?;
        blocks.push(Block::Text(yours));
        let finish = links::of_recovery(app, FINISH, recovery);
        blocks.push(link("mail_recovery_finish", finish)?);
    }
    blocks.push(text("mail_recovery_secret")?);
    Ok(blocks)
}
