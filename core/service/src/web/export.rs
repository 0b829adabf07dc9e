//! The person's data as a file. Its fields are listed in `EXPORT.md` beside the crate's manifest; a
//! test keeps both the same.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    Time,
    challenge::{Purpose, Subject},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    choice,
    error::{NotDone, PageError},
    events,
    own_data::OwnData,
    posted::{Nothing, Posted},
    prove::{self, Approval},
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::{lang::Lang, time::rfc3339},
    edge::Source,
    flow::claim::account_label,
    password::Password,
    policy::changes::{Change, Proof},
    security::By,
    store::{AccountEvent, Export},
};

/// Events in the file, at most.
const EVENTS: u32 = 100_000;

/// `GET /account/export`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    OwnData::Export.show(&app, &visitor, None).await
}

#[derive(Deserialize)]
pub(super) struct Ask {
    password: Option<Password>,
    with: Option<String>,
}

/// `POST /account/export`.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Ask>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    match begin(&app, &visitor, source, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => {
            let refusal = not_done.refusal()?;
            OwnData::Export.show(&app, &visitor, Some(refusal)).await
        }
    }
}

async fn begin(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    form: Ask,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let account = account_of(app, session).await?;
    if prove::needed(app, account.acc, Change::Export).await? == Proof::Password {
        let typed = form.password.unwrap_or_else(Password::none);
        prove::password(app, source, &account, typed).await?;
        let granted = app
            .store
            .grant_export(account.acc, session.hash, app.clock.now());
        granted.await??;
        return Ok(Redirect::to(OwnData::Export.path()).into_response());
    }
    let asked = Approval {
        purpose: Purpose::ExportData,
        dev: choice::approver(app, account.acc, form.with.as_deref()).await?,
        subject: Some(Subject::Account(account_label(&account))),
        payload: String::new(),
    };
    prove::approval(app, session, headers, asked).await
}

/// `POST /account/export/download`: once, in the session that proved it. In another one, or later,
/// it leads to the page that asks for the proof.
pub(super) async fn download(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let session = visitor.signed_in()?;
    let now = app.clock.now();
    if !app.store.spend_export(session.hash, now).await? {
        return Ok(Redirect::to(OwnData::Export.path()).into_response());
    }
    let export = app.store.exported(session.account).await?;
    let export = export.ok_or(PageError::SignInFirst)?;
    let events = app.store.events(session.account, EVENTS).await?;
    let document = document(&app, visitor.lang, export, &events, now)?;
    let name = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(document)).into_response())
}

fn document(
    app: &App,
    lang: Lang,
    export: Export,
    events: &[AccountEvent],
    now: Time,
) -> Result<Value, PageError> {
    let mut history = Vec::new();
    for event in events {
        history.push(json!({
            "at": rfc3339(event.at), "event": event.what,
            "by": event.caller.by.as_ref().map(By::code), "place": event.caller.place,
            "text": events::text(app, lang, event)?,
        }));
    }
    let account = export.account;
    Ok(json!({
        "version": 1,
        "service": app.name,
        "origin": app.origin.as_str(),
        "made_at": rfc3339(now),
        "account": {
            "email": account.email, "first_name": account.first_name, "last_name": account.last_name,
            "language": account.language, "created_at": rfc3339(account.created_at),
        },
        "devices": list(export.devices, |device| json!({
            "name": device.name, "model": device.model, "platform": device.platform,
            "state": device.state, "added_at": rfc3339(device.created_at),
            "used_at": rfc3339(device.used_at), "hardware_key": device.hardware,
            "biometrics": device.biometrics,
        })),
        "sessions": list(export.sessions, |session| json!({
            "browser": session.browser, "place": session.place,
            "opened_at": rfc3339(session.created_at), "used_at": rfc3339(session.used_at),
            "proofs": list(session.proofs, |(method, at)| json!({
                "method": method, "at": rfc3339(at),
            })),
        })),
        "known_browsers": list(export.known_browsers, |at| json!({ "used_at": rfc3339(at) })),
        "requests": list(export.requests, |request| json!({
            "purpose": purpose(request.purpose), "kind": request.kind, "state": request.state,
            "asked_at": rfc3339(request.issued_at), "ended_at": request.closed_at.map(rfc3339),
            "method": request.method, "device": request.device,
        })),
        "transactions": list(export.transactions, |signed| json!({
            "operation": signed.operation, "at": rfc3339(signed.at),
            "data": serde_json::from_str::<Value>(&signed.data).unwrap_or_default(),
        })),
        "messages": list(export.messages, |message| json!({
            "kind": message.kind, "address": message.address,
            "asked_at": rfc3339(message.created_at),
        })),
        "services": list(export.services, |entered| json!({
            "service": entered.service, "at": rfc3339(entered.at),
        })),
        "history": history,
    }))
}

fn list<T>(rows: Vec<T>, row: impl Fn(T) -> Value) -> Vec<Value> {
    rows.into_iter().map(row).collect()
}

/// What a request was for, in a word.
fn purpose(number: u64) -> &'static str {
    match Purpose::from_number(number) {
        Some(Purpose::SignIn) => "sign-in",
        Some(Purpose::AddDevice) => "add-device",
        Some(Purpose::ChangePin) => "change-pin",
        Some(Purpose::Unblock) => "unblock",
        Some(Purpose::Remove) => "remove",
        Some(Purpose::ChangePassword) => "change-password",
        Some(Purpose::Transaction) => "transaction",
        Some(Purpose::ChangeEmail) => "change-email",
        Some(Purpose::AddFactor) => "add-factor",
        Some(Purpose::DeleteAccount) => "delete-account",
        Some(Purpose::ExportData) => "export",
        None => "unknown",
    }
}
