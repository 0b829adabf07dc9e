//! What a person is told by message: every security event, and the links of a recovery.

use super::{
    PageError,
    recovery::{CANCEL, FINISH, link},
};
use crate::{app::App, notices::Notice, store::DueNotice, time::utc};

/// Sends the messages that are due. One that is not taken stays due, and so do those after it. One that can't be told yet, because what
/// it tells is not in the journal, stays due too, and is in the way of nobody else's.
pub(crate) async fn send_due(app: &App) -> Result<(), String> {
    let due = app.store().due_notices().await;
    let mut untold = Ok(());
    for due in due.map_err(|error| error.to_string())? {
        let id = due.id;
        let notice = match compose(app, due).await {
            Ok(notice) => notice,
            Err(error) => {
                untold = Err(format!("{error:?}"));
                continue;
            }
        };
        app.notices
            .send(notice)
            .await
            .map_err(|error| error.to_string())?;
        let sent = app.store().notice_sent(id).await;
        sent.map_err(|error| error.to_string())?;
    }
    untold
}

async fn compose(app: &App, due: DueNotice) -> Result<Notice, PageError> {
    let text = |key: &str, values: &[(&str, String)]| {
        app.pages
            .texts
            .get(key, values)
            .ok_or_else(|| PageError::Broken(format!("no text {key}")))
    };
    let event =
        app.pages.texts.event(&due.event).ok_or_else(|| {
            PageError::Broken(format!("no text for the event {}", due.event.what))
        })?;
    let at = utc(due.event.at);
    let mut parts = vec![
        text("mail_hello", &[("first", due.first_name)])?,
        text(
            "mail_event",
            &[
                ("event", event.clone()),
                ("email", due.email.clone()),
                ("at", at),
            ],
        )?,
    ];
    if let Some(next) = app
        .pages
        .texts
        .get(&format!("mail_next_{}", due.event.what), &[])
    {
        parts.push(next);
    }
    let standing = app.store().standing(due.account).await?;
    // Any message that goes out during a recovery can cancel it.
    if let Some(recovery) = standing.recovery {
        let ripe = utc(recovery.ripe_at);
        parts.push(text(
            "mail_recovery",
            &[
                ("ripe", ripe),
                ("finish", link(app, FINISH, recovery.id)),
                ("cancel", link(app, CANCEL, recovery.id)),
            ],
        )?);
    } else {
        parts.push(text(
            "mail_stop",
            &[("stop", format!("{}/stop", app.origin))],
        )?);
    }
    parts.push(text("mail_end", &[("service", app.name.clone())])?);
    Ok(Notice {
        id: due.id,
        to: due.email,
        subject: text(
            "mail_subject",
            &[("service", app.name.clone()), ("event", event)],
        )?,
        text: parts.join("\n\n") + "\n",
        at: due.event.at,
    })
}
