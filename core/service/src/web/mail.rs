//! The messages to a person: security events, mailed links, and the links of a recovery.

use fluent_bundle::FluentValue;

use super::{
    error::PageError,
    events, links,
    recovery_link::{self, CANCEL, FINISH},
};
use crate::{
    app::App,
    base::{lang::Lang, time::utc},
    notices::Notice,
    store::{DueLink, DueNotice, LinkKind},
};

/// The number of the first message with a link, so that none has the number of an event.
const LINKS: u64 = 1 << 40;

/// Up to this many due events go out in messages of their own; more become one message.
const ONE_BY_ONE: usize = 10;
/// Sends the messages that are due. A message that can't be sent stays due, and so do those after
/// it. A message that can't be written yet, because its event is not in the journal, stays due too,
/// and delays no other account's.
///
/// # Errors
/// The reason for the log, if a message stays due.
pub(crate) async fn send_due(app: &App) -> Result<(), String> {
    send_links(app).await?;
    let mut unwritten = Ok(());
    let accounts = app.store.due_accounts().await;
    for account in accounts.map_err(|error| error.to_string())? {
        if app.pace.holds(account, app.clock.now()) {
            continue;
        }
        let due = app.store.due_notices(account, app.clock.now()).await;
        let due = due.map_err(|error| error.to_string())?;
        let size = if due.len() > ONE_BY_ONE { due.len() } else { 1 };
        for due in due.chunks(size) {
            let notice = match compose(app, due).await {
                Ok(notice) => notice,
                Err(error) => {
                    unwritten = Err(format!("{error:?}"));
                    break;
                }
            };
            app.notices
                .send(notice)
                .await
                .map_err(|error| error.to_string())?;
            let ids = due.iter().map(|due| due.id).collect();
            let sent = app.store.notice_sent(ids).await;
            sent.map_err(|error| error.to_string())?;
            app.pace.sent(account, app.clock.now());
        }
    }
    unwritten
}

/// Sends the links that are due.
async fn send_links(app: &App) -> Result<(), String> {
    let due = app.store.due_links().await;
    for due in due.map_err(|error| error.to_string())? {
        let seq = due.seq;
        let notice = link_message(app, due).map_err(|error| format!("{error:?}"))?;
        app.notices
            .send(notice)
            .await
            .map_err(|error| error.to_string())?;
        let sent = app.store.link_sent(seq).await;
        sent.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The message with a link. It holds nothing that somebody typed.
fn link_message(app: &App, due: DueLink) -> Result<Notice, PageError> {
    let name = match due.link.kind {
        // The text `mail_stop` is a line of the other messages.
        LinkKind::Stop => "stop-link",
        kind => kind.name(),
    };
    let values = [
        ("service", app.name.as_str().into()),
        ("origin", app.origin.as_str().into()),
        ("link", links::url(app, due.link.kind, due.link.id).into()),
    ];
    let text = |key: &str| {
        let text = app.pages.texts.get(Lang::En, key, &values);
        text.ok_or_else(|| PageError::Broken(format!("no text {key}")))
    };
    let parts = [text(&format!("mail_{name}"))?, text("mail_end")?];
    Ok(Notice {
        id: LINKS + due.seq,
        to: due.link.address,
        subject: text(&format!("mail_{name}_subject"))?,
        text: parts.join("\n\n") + "\n",
        at: due.at,
    })
}

/// One message about events of an account.
async fn compose(app: &App, due: &[DueNotice]) -> Result<Notice, PageError> {
    let last = due
        .last()
        .ok_or_else(|| PageError::Broken("no event to tell of".into()))?;
    let lang = last.language;
    let text = |key: &str, values: &[(&str, FluentValue<'_>)]| {
        app.pages
            .texts
            .get(lang, key, values)
            .ok_or_else(|| PageError::Broken(format!("no text {key}")))
    };
    let event = |due: &DueNotice| events::text(app, lang, &due.event);
    let service = ("service", FluentValue::from(app.name.as_str()));
    let mut parts = vec![text(
        "mail_hello",
        &[("first", last.first_name.as_str().into())],
    )?];
    let mut next = Vec::new();
    for due in due {
        let values = [
            ("event", event(due)?.into()),
            ("email", due.email.as_str().into()),
            ("at", utc(due.event.at).into()),
        ];
        parts.push(text("mail_event", &values)?);
        let key = format!("mail_next_{}", due.event.what);
        next.extend(app.pages.texts.get(lang, &key, &[]));
    }
    next.dedup();
    parts.extend(next);
    let standing = app.store.standing(last.account).await?;
    // Every message that goes out during a recovery has the link that cancels it.
    if let Some(recovery) = standing.recovery {
        let ripe = utc(recovery.ripe_at);
        parts.push(text(
            "mail_recovery",
            &[
                ("ripe", ripe.into()),
                ("finish", recovery_link::url(app, FINISH, &recovery).into()),
                ("cancel", recovery_link::url(app, CANCEL, &recovery).into()),
            ],
        )?);
    } else {
        parts.push(text(
            "mail_stop",
            &[("stop", format!("{}/stop", app.origin).into())],
        )?);
    }
    parts.push(text("mail_end", std::slice::from_ref(&service))?);
    let subject = match due {
        [one] => text("mail_subject", &[service, ("event", event(one)?.into())])?,
        many => text(
            "mail_subject_many",
            &[service, ("count", many.len().into())],
        )?,
    };
    Ok(Notice {
        id: last.id,
        to: last.email.clone(),
        subject,
        text: parts.join("\n\n") + "\n",
        at: last.event.at,
    })
}
