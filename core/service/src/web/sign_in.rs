//! Signing in: e-mail, password, then a factor that this account has.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::challenge::{Purpose, Unlock};
use minijinja::context;
use serde::Deserialize;

use super::{
    asking::Asking,
    choice::{approving, listed, pick, usable},
    cookies::Cookie,
    error::{PageError, Refusal},
    issue,
    passwords::{self, Typed},
    posted::{Nothing, Posted},
    prove::{self, Approval},
    remembered::TypedAddress,
    told::Told,
    visitor::{Visitor, is_known},
};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    flow,
    password::Password,
    policy::means::Means,
    store::{Account, Entered, Method, Share},
};

/// `GET /sign-in`: who is it? The name at the top of every page leads here, also in the middle of
/// a sign-in: then the page offers to go on with that one too.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    who(&app, &visitor, None)
}

fn who(app: &App, visitor: &Visitor, refusal: Option<Refusal>) -> Result<Response, PageError> {
    let remembered: Vec<_> = visitor.remembered.addresses().collect();
    let (status, error) = Refusal::parts(refusal);
    let hint = visitor.asking.as_ref().and_then(Asking::hint);
    let values = context! {
        error, email => hint.as_ref().map(Email::as_str), begun => visitor.half().is_ok(),
        remembered, open => app.doors.are_open(),
    };
    app.pages.refuse(status, "sign_in.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Who {
    email: String,
    remember: Option<String>,
}

/// `POST /sign-in`: the password is asked whether or not there is such an account.
pub(super) async fn email(
    State(app): State<Arc<App>>,
    posted: Posted<Who>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Ok(email) = Email::parse(&form.email) else {
        let refusal = Some(Refusal::form("error_email"));
        return who(&app, &visitor, refusal);
    };
    let remember = form.remember.as_deref() == Some("yes");
    let mut response = Redirect::to("/sign-in/password").into_response();
    // An address never stands in a URL, which histories and logs keep.
    TypedAddress { email, remember }.keep(&mut response, visitor.secure);
    Ok(response)
}

#[derive(Deserialize)]
pub(super) struct Forgotten {
    email: String,
}

/// `POST /sign-in/forget`: this browser is not to remember an address any more.
pub(super) async fn forget(posted: Posted<Forgotten>) -> Response {
    let Posted { visitor, form, .. } = posted;
    let mut response = Told::AddressForgotten.at("/sign-in", visitor.secure);
    if let Ok(email) = Email::parse(&form.email) {
        let left = visitor.remembered.without(&email);
        left.keep(&mut response, visitor.secure);
    }
    response
}

/// `POST /sign-in/other`: somebody else wants to sign in. Ends what was begun.
pub(super) async fn other(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Ok(session) = posted.visitor.half() {
        app.store.end_session(session.hash, app.clock.now()).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    TypedAddress::forget(&mut response, posted.visitor.secure);
    Cookie::Next.set(&mut response, "", posted.visitor.secure, Some(0));
    if posted.visitor.half().is_ok() {
        posted.visitor.leave(&mut response);
    }
    Ok(response)
}

/// `GET /sign-in/password`, for the address that was typed before.
pub(super) async fn password_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let Some(typed) = visitor.typed.clone() else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let chosen = visitor.filled.get("method").and_then(Means::from_name);
    ask_password(&app, visitor, typed.email, chosen, None).await
}

/// The page that asks for the password, and for the means to go on after it. Before the password
/// is right nothing on it depends on the account, but for one thing: a browser that is known for
/// the account proposes the means of its last sign-in. Such a browser has proved a factor of the
/// account, so its person learns nothing from that; in every other browser the proposal is the
/// same for all.
async fn ask_password(
    app: &App,
    visitor: Visitor,
    email: Email,
    chosen: Option<Means>,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let last = match (chosen, visitor.known_mark()) {
        (None, Some(mark)) => app.store.last_means(mark, &email, app.clock.now()).await?,
        (chosen, _) => chosen,
    };
    let accepted = visitor.accepted();
    let offered = accepted.with_password();
    let means = last.filter(|last| offered.contains(last));
    let means = means.or(offered.first().copied());
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        error, means => means.map(Means::name), mobile_first => last == Some(Means::Mobile),
        offered => offered.iter().map(|means| means.name()).collect::<Vec<_>>(),
    };
    let visitor = visitor.signing_in(email);
    app.pages.refuse(status, "password.html", &visitor, values)
}

#[derive(Deserialize)]
pub(super) struct EmailAndPassword {
    email: String,
    password: Password,
    method: Option<String>,
}

/// `POST /sign-in/password`: after a right password the means that was chosen goes on at once, if
/// the account has it; else the person chooses among those that it has.
pub(super) async fn password(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<EmailAndPassword>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let email = Email::parse(&form.email).map_err(|_| PageError::BadForm)?;
    let accepted = visitor.accepted();
    let offered = accepted.with_password();
    let known = |name| Means::from_name(name).filter(|means| offered.contains(means));
    let means = match form.method.as_deref() {
        Some(name) => Some(known(name).ok_or(PageError::BadForm)?),
        None => None,
    };
    let share = match app.store.account_by_email(&email).await? {
        Some(account) if is_known(&app, &headers, account.acc).await? => Share::Known,
        _ => Share::Unknown,
    };
    let typed = Typed {
        share,
        email: &email,
        password: form.password,
        wrong: "sign_in_error",
        closed: "sign_in_error_closed",
    };
    match passwords::right(&app, source, typed).await {
        Ok(account) => enter(&app, visitor, &headers, source, *account, means).await,
        Err(not_done) => {
            let (refusal, secure) = (Some(not_done.refusal()?), visitor.secure);
            let remember = visitor.typed.as_ref().is_some_and(|typed| typed.remember);
            let again = TypedAddress {
                email: email.clone(),
                remember,
            };
            let mut response = ask_password(&app, visitor, email, means, refusal).await?;
            again.keep(&mut response, secure);
            Ok(response)
        }
    }
}

/// Opens a session after a right password, and goes on with the means that was chosen.
async fn enter(
    app: &App,
    visitor: Visitor,
    headers: &HeaderMap,
    source: Source,
    account: Account,
    means: Option<Means>,
) -> Result<Response, PageError> {
    let opening = visitor.opening(app, account.acc, Method::Password)?;
    let typed = visitor.typed.as_ref();
    let typed = typed.filter(|typed| typed.email == account.email);
    let remembered = typed.and_then(|typed| match typed.remember {
        true => Some(visitor.remembered.with(&typed.email)),
        false => visitor.remembered.unless(&typed.email),
    });
    let secure = visitor.secure;
    let mut response = match app.store.open_session(opening.entry.clone()).await? {
        Entered::Disabled => {
            let values = context! { why => "denied_disabled" };
            let status = StatusCode::FORBIDDEN;
            return app.pages.refuse(status, "denied.html", &visitor, values);
        }
        Entered::Whole => opening.go_known(visitor.next()),
        Entered::Guarded => Redirect::to("/recovery").into_response(),
        Entered::Half => {
            let visitor = visitor.in_half(app, &opening, account.email);
            go_on(app, &visitor, headers, source, means).await?
        }
    };
    opening.set_cookie(&mut response);
    if let Some(remembered) = remembered {
        remembered.keep(&mut response, secure);
    }
    Ok(response)
}

/// Does what the button of the chosen means does on the page that lists them, and costs as much.
/// Without room for that, that page is next, where the button says for how long there is none.
async fn go_on(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    source: Source,
    means: Option<Means>,
) -> Result<Response, PageError> {
    if let Some(means @ (Means::App | Means::Code)) = means {
        let account = visitor.half()?.account;
        let known = is_known(app, headers, account).await?;
        let now = app.clock.now();
        if app.edge.charge_ask(source, account, known, now).is_ok() {
            return match means {
                Means::App => by_app(app, visitor, headers, None).await,
                _ => by_code(app, visitor, headers).await,
            };
        }
    }
    Ok(Redirect::to("/sign-in/method").into_response())
}

/// `GET /sign-in/method`.
pub(super) async fn method(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    choose(&app, &visitor, None).await
}

async fn choose(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let devices = usable(app, visitor.half()?.account).await?;
    let (status, error) = Refusal::parts(refusal);
    // The service takes neither answers nor codes of a blocked device.
    let values = context! { works => !approving(&devices).is_empty(), error };
    app.pages.refuse(status, "method.html", visitor, values)
}

/// `GET /sign-in/device`.
pub(super) async fn device(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let devices = usable(&app, visitor.half()?.account).await?;
    app.pages.show(
        "device.html",
        &visitor,
        context! { devices => listed(&approving(&devices)) },
    )
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    dev: Option<String>,
}

/// `POST /sign-in/app`.
pub(super) async fn app(
    State(app): State<Arc<App>>,
    posted: Posted<Chosen>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    by_app(&app, &visitor, &headers, form.dev.as_deref()).await
}

/// Asks the device that was chosen, or the only one, for an approval.
async fn by_app(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    dev: Option<&str>,
) -> Result<Response, PageError> {
    let session = visitor.half()?;
    let devices = usable(app, session.account).await?;
    let Some(dev) = pick(&approving(&devices), dev) else {
        let to = match approving(&devices).is_empty() {
            true => "/sign-in/method",
            false => "/sign-in/device",
        };
        return Ok(Redirect::to(to).into_response());
    };
    let asked = Approval {
        purpose: Purpose::SignIn,
        dev,
        subject: None,
        payload: String::new(),
    };
    match prove::approval(app, session, headers, asked).await {
        Ok(response) => Ok(response),
        Err(not_done) => choose(app, visitor, Some(not_done.refusal()?)).await,
    }
}

/// `POST /sign-in/code`.
pub(super) async fn code(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    by_code(&app, &posted.visitor, &posted.headers).await
}

/// Shows a QR code, for whose code a field is on the page.
async fn by_code(app: &App, visitor: &Visitor, headers: &HeaderMap) -> Result<Response, PageError> {
    let session = visitor.half()?;
    if approving(&usable(app, session.account).await?).is_empty() {
        return Ok(Redirect::to("/sign-in/method").into_response());
    }
    // The password came first, so the code needs no PIN: the reference system's policy.
    let (purpose, unlock) = (Purpose::SignIn, Unlock::Nothing);
    let payload = String::new();
    let asking = issue::asking(app, session, headers).await?;
    let issued = flow::issue::code(app, &asking, purpose, None, payload, unlock).await?;
    match prove::go(issued, Refusal::too_many) {
        Ok(response) => Ok(response),
        Err(not_done) => choose(app, visitor, Some(not_done.refusal()?)).await,
    }
}

/// `POST /sign-out`.
pub(super) async fn out(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(session) = &posted.visitor.session {
        app.store.end_session(session.hash, app.clock.now()).await?;
    }
    let mut response = Told::SignedOut.at("/sign-in", posted.visitor.secure);
    posted.visitor.leave(&mut response);
    Ok(response)
}
