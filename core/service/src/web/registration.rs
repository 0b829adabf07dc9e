//! Asking for an account: the form, its check, and the page that waits for the mail. There is no
//! account, no session and no name until the mailed link is used, and the message holds nothing
//! that was typed.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_protocol::Time;
use minijinja::context;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    check::{self, Check, Given},
    error::PageError,
    links::{self, Whose},
    posted::{Nothing, Posted},
    visitor::Visitor,
};
use crate::{
    app::App,
    base::{
        email::Email,
        lang::Lang,
        person::{BadName, PersonName},
    },
    edge::Source,
    keys::seal::Place,
    picture::{draw, speak},
    store::{AskedLink, LinkKind, NewLink},
};

/// The form as it came. A field that is missing is empty.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Register {
    first_name: String,
    last_name: String,
    email: String,
    email_again: String,
    language: String,
    privacy: String,
    check: String,
    digits: String,
    proof: String,
}

/// What somebody wants to register: sealed in the address of the page that waits for the mail.
#[derive(Serialize, Deserialize)]
struct Wanted {
    name: links::Wish,
    email: String,
    until: Time,
}

/// `GET /register`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    source: Source,
) -> Result<Response, PageError> {
    if !app.doors.are_open() {
        return links::closed(&app, &visitor, None);
    }
    let check = Check::new(&app, &visitor, source)?;
    show(&app, &visitor, "", &check, Vec::new())
}

/// The form, with the digits that were typed for this check.
fn show(
    app: &App,
    visitor: &Visitor,
    digits: &str,
    check: &Check,
    errors: Vec<&str>,
) -> Result<Response, PageError> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    let language = visitor.filled.get("language").and_then(Lang::from_name);
    let language = language.unwrap_or(visitor.lang);
    // As many as the field takes.
    let digits: String = digits.chars().take(20).collect();
    let languages = Lang::ALL.map(|lang| context! { code => lang.code(), name => lang.own_name() });
    let values = context! {
        errors, language => language.code(), languages, digits, check => check.values(),
        privacy_page => app.privacy_page, closed => app.doors.closed().join(", "),
    };
    app.pages.refuse(status, "register.html", visitor, values)
}

/// `POST /register`: mails a link. The reply is the same whether or not the address has an account.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Register>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let (wish, email) = match checked(&visitor, &form) {
        Ok(wanted) => wanted,
        Err(errors) => {
            let check = Check::kept(&app, &visitor, source, &form.check)?;
            return show(&app, &visitor, &form.digits, &check, errors);
        }
    };
    if !app.doors.take(&email) {
        return links::closed(&app, &visitor, Some(&email));
    }
    let given = Given {
        check: &form.check,
        digits: &form.digits,
        proof: &form.proof,
    };
    if let Err((check, refusal)) = check::judge(&app, &visitor, source, given).await? {
        return show(&app, &visitor, "", &check, vec![refusal.text]);
    }
    let wanted = Wanted {
        name: wish,
        email: email.to_string(),
        until: app.clock.now() + LinkKind::Register.seconds(),
    };
    mail(&app, &wanted, &email).await?;
    let to = sealed(&app, &visitor, &wanted)?;
    Ok(Redirect::to(&format!("/register/sent/{to}")).into_response())
}

/// What the form asks for, or the keys of the texts that say what is wrong.
fn checked(visitor: &Visitor, form: &Register) -> Result<(links::Wish, Email), Vec<&'static str>> {
    let mut errors = Vec::new();
    let name = PersonName::parse(&form.first_name, &form.last_name);
    errors.extend(
        name.as_ref()
            .err()
            .into_iter()
            .flatten()
            .map(|bad| BadName::text(*bad)),
    );
    let email = Email::parse(&form.email);
    match &email {
        Err(_) => errors.push("error_email"),
        Ok(email) if Email::parse(&form.email_again).as_ref() != Ok(email) => {
            errors.push("email_again_error");
        }
        Ok(_) => (),
    }
    let language = match form.language.as_str() {
        "" => Some(visitor.lang),
        code => Lang::from_name(code),
    };
    if language.is_none() {
        errors.push("language_error");
    }
    if form.privacy != "yes" {
        errors.push("privacy_error");
    }
    match (name, email, language, errors.is_empty()) {
        (Ok(name), Ok(email), Some(language), true) => {
            Ok((links::Wish::new(&name, language), email))
        }
        _ => Err(errors),
    }
}

/// Mails the link, or a message without one when the address has an account.
async fn mail(app: &App, wanted: &Wanted, email: &Email) -> Result<(), PageError> {
    let taken = app.store.is_taken(email, app.clock.now()).await?;
    let kind = match (taken, app.store.is_invited(email).await?) {
        (_, true) => LinkKind::Invited,
        (true, false) => LinkKind::Taken,
        (false, false) => LinkKind::Register,
    };
    let new = NewLink {
        language: wanted.name.language(Lang::default()),
        ..links::new(app, kind, email, Whose::default(), &wanted.name)?
    };
    match links::ask(app, new).await? {
        // Only the owner of the address may learn which.
        AskedLink::Due | AskedLink::Enough => Ok(()),
        AskedLink::Busy => Err(PageError::Busy),
    }
}

/// `GET /register/picture`: a page that was asked for a new picture is loaded again.
pub(super) async fn to_form() -> Redirect {
    Redirect::to("/register")
}

/// `POST /register/picture`: the same form with another check; or, for the script, that check.
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Register>,
) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    let check = Check::new(&app, &visitor, source)?;
    let wants = headers.get(header::ACCEPT);
    if wants.is_some_and(|accept| accept == "application/json") {
        return Ok(Json(json!(check.values())).into_response());
    }
    show(&app, &visitor, "", &check, Vec::new())
}

/// `GET /register/picture/{check}/code.png`.
pub(super) async fn png(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let check = Check::open(&app, &visitor, &token).ok_or(PageError::NotFound)?;
    let png = draw::png(check.number, check.seed());
    let png = png.map_err(|error| PageError::Broken(error.to_string()))?;
    Ok(file("image/png", png))
}

/// `GET /register/picture/{check}/digits.wav`: the digits in the page's language.
pub(super) async fn wav(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let check = Check::open(&app, &visitor, &token).ok_or(PageError::NotFound)?;
    let wav = speak::wav(check.number, visitor.lang, check.seed());
    Ok(file("audio/wav", wav))
}

fn file(media: &'static str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    (headers, bytes).into_response()
}

fn place(visitor: &Visitor) -> Place {
    let mut owner = [0; 8];
    owner.copy_from_slice(&visitor.browser()[..8]);
    Place {
        owner,
        field: "registration",
        epoch: 0,
    }
}

fn sealed(app: &App, visitor: &Visitor, wanted: &Wanted) -> Result<String, PageError> {
    let text = serde_json::to_vec(wanted).map_err(|error| PageError::Broken(error.to_string()))?;
    let sealed = app.root.sealing.seal(place(visitor), &text)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
}

/// What was sealed for this browser, while its link works.
fn opened(app: &App, visitor: &Visitor, state: &str) -> Option<(Wanted, Email)> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(state).ok()?;
    let opened = app.root.sealing.open(place(visitor), &sealed).ok()?;
    let wanted: Wanted = serde_json::from_slice(&opened).ok()?;
    let email = Email::parse(&wanted.email).ok()?;
    (app.clock.now() < wanted.until).then_some((wanted, email))
}

/// What the page that waits for the mail says beside.
enum Told {
    Nothing,
    SentAgain,
    NoLink,
}

fn waiting(app: &App, visitor: &Visitor, state: &str, told: &Told) -> Result<Response, PageError> {
    let Some((_, email)) = opened(app, visitor, state) else {
        return links::over(app, visitor, LinkKind::Register);
    };
    let (status, errors) = match told {
        Told::NoLink => (StatusCode::BAD_REQUEST, vec!["link_error_register"]),
        Told::Nothing | Told::SentAgain => (StatusCode::OK, Vec::new()),
    };
    let values = context! {
        errors, email => email.as_str(), action => format!("/register/sent/{state}"),
        again => matches!(told, Told::SentAgain), minutes => LinkKind::Register.seconds() / 60,
    };
    app.pages
        .refuse(status, "register_sent.html", visitor, values)
}

/// `GET /register/sent/{state}`.
pub(super) async fn sent(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(state): Path<String>,
) -> Result<Response, PageError> {
    waiting(&app, &visitor, &state, &Told::Nothing)
}

/// `GET /register/sent/{state}/again`.
pub(super) async fn sent_again(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(state): Path<String>,
) -> Result<Response, PageError> {
    waiting(&app, &visitor, &state, &Told::SentAgain)
}

#[derive(Deserialize)]
pub(super) struct Pasted {
    #[serde(default)]
    link: String,
}

/// `POST /register/sent/{state}`: goes to the page of a link that was pasted.
pub(super) async fn paste(
    State(app): State<Arc<App>>,
    Path(state): Path<String>,
    posted: Posted<Pasted>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    match links::find(&app, LinkKind::Register, &form.link).await? {
        Some(link) => {
            Ok(Redirect::to(&links::path(&app, LinkKind::Register, link.id)).into_response())
        }
        None => waiting(&app, &visitor, &state, &Told::NoLink),
    }
}

/// `POST /register/sent/{state}/again`: mails it again, within the same limits.
pub(super) async fn send_again(
    State(app): State<Arc<App>>,
    Path(state): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let Some((wanted, email)) = opened(&app, &visitor, &state) else {
        return links::over(&app, &visitor, LinkKind::Register);
    };
    mail(&app, &wanted, &email).await?;
    Ok(Redirect::to(&format!("/register/sent/{state}/again")).into_response())
}
