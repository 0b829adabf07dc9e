//! The pages: plain HTML and forms, which work without JavaScript.
//!
//! # Forms
//!
//! Every form is `POST`, `application/x-www-form-urlencoded`, and has the hidden field `csrf` from
//! the page that showed it; the cookie must come with it. Every form is answered with a `303`. One
//! that was refused leads to its own page, which shows once why, what was filled in, and the status
//! 400, 401, 403, 409 or 429 ([`refused`]); success leads to the next page. `{id}` is 32
//! hexadecimal digits, `dev` 16. `{token}` is 64, from a mailed link; such a link works once, for
//! 30 minutes, and by `POST` alone.
//!
//! Each path with its fields, and where it leads:
//!
//! - `GET /register`, `POST /register` with `first_name`, `last_name` (one is enough), `email`,
//!   `email_again`, `language` (of messages, optional), `privacy=yes`, `check` (from the form), and
//!   `digits` (of the picture) or `proof` (the work for `check`, where the form has `data-bits`):
//!   `/register/sent/{state}`: a link was mailed, or none was
//! - `POST /register/picture`: the form with another `check`; JSON with `Accept: application/json`
//! - `GET /register/picture/{check}/code.png`, `/digits.wav`: the digits of this browser's check
//! - `GET`, `POST /register/sent/{state}` (`link`, pasted): the link's page
//! - `POST /register/sent/{state}/again`: a link was mailed, or none was
//! - `GET`, `POST /register/{token}` with `password`, `password_again`, `first_name`,
//!   `last_name` (both optional): from the message: signed in, `/register/done`
//! - `GET /privacy`: what is kept of people, or the operator's own statement
//! - `GET`, `POST /invitation/{token}` (`password`, `password_again`, `privacy=yes`): from an
//!   administrator's invitation, for 7 days: signed in, `/account`; in an account that lost its
//!   devices `/recovery/begun`, and a recovery waits
//! - `GET /sign-in`, `POST /sign-in` (`email`, `remember=yes` in this browser): `/sign-in/password`
//! - `POST /sign-in/forget` (`email`): this browser remembers it no more; `/sign-in`
//! - `POST /sign-in/other`: ends a sign-in that was begun; `/sign-in`
//! - `GET /sign-in/password`, `POST /sign-in/password` with `email`, `password`, `method` (`app`,
//!   `code`, `password`; optional): `/account` (no device yet), else as `/sign-in/app` and
//!   `/sign-in/code` do, or `/sign-in/method`
//! - `POST /sign-in/app` with `dev` (optional): `/challenge/{id}`, or `/sign-in/device` when
//!   there are several
//! - `POST /sign-in/code`: `/challenge/{id}`
//! - `POST /sign-in/mobile`: `/mobile/{id}`
//! - `GET /.well-known/assetlinks.json`, `/.well-known/apple-app-site-association`: the apps that
//!   open our links, as Android and iOS read it; 404 without any
//! - `GET /mobile/{id}`, `/link`: the links that open the app on this phone; the link as text
//! - `GET /mobile/{id}/state`: JSON `{"state": "open"}`, also when it is approved; `over` when
//!   it was declined or has expired
//! - `GET /mobile/{id}/return` (`r`): in the browser that began: the question “Continue as …”;
//!   if the browser is known for the account, `/account`
//! - `POST /mobile/{id}/return` (`r`): `/account`
//! - `GET /challenge/{id}`: the number (`id="number"`), or QR code and code form; `303` on when
//!   it is approved
//! - `GET /challenge/{id}/state`: JSON `{"state": "open", "left": 170}`, with the seconds that are
//!   left; `unable` where the device was blocked or suspended, `done` when it is approved, `over`.
//!   For anything but `open` the script loads the page again
//! - `GET /challenge/{id}/code.png`, `/link`: the QR code as PNG; its link as text
//! - `POST /challenge/{id}/code` (`code`): the operation goes on, or the form again
//! - `POST /challenge/{id}/renew`: a new `/challenge/{id}` for the same operation
//! - `POST /challenge/{id}/cancel`: it is over; back to the page that asked for it
//! - `GET /account`: what there is of the account, and the last events
//! - `GET /account/person`, `POST /account/person` (`first_name`, `last_name`),
//!   `POST /account/person/language` (`language`: of messages): `/account/person`
//! - `GET /account/export`, `POST /account/export` (`with`, or `password` without a device):
//!   `/challenge/{id}`, or `/account/export`; then
//! - `POST /account/export/download`: the person's data as JSON, once, in that session, within ten
//!   minutes
//! - `GET /account/delete`, `POST /account/delete` (`with`, or `password` without a device):
//!   `/challenge/{id}`, or `/account/confirm`; then `/account/delete`
//! - `POST /account/delete/cancel`: `/account`
//! - `GET`, `POST /deletion/cancel/{token}`: from any message while the deletion waits: the account
//!   is kept
//! - `GET /account/sessions`: the browsers that are signed in
//! - `POST /account/sessions/end` (`id`), `POST /account/sessions/end-others`:
//!   `/account/sessions`, or `/sign-in` when it was this one
//! - `GET /account/history` (`month`, as in `2026-12`, `page`), `/account/history.csv`: the events
//!   of a month; all events as a table
//! - `GET /account/devices`: the list
//! - `POST /account/devices/rename` (`dev`, `name`): `/account/devices`
//! - `POST /account/devices/add` with `name`, `pin` (`browser`, or the PIN is chosen on the
//!   phone), `with` (the device to confirm with, when there are several), `password` (the first
//!   device): `/challenge/{id}` or, the first device, `/account/confirm`; then
//!   `/account/enrolments/{id}`
//! - `GET /account/confirm`, `POST /account/confirm` (`link`, pasted): the link's page
//! - `GET`, `POST /account/confirm/{token}`: from the message, in the session that asked: the
//!   change goes on
//! - `GET /account/password`, `POST /account/password` (`old`, `password`, `password_again`,
//!   `with`): `/challenge/{id}`, then `/account`
//! - `GET /account/email`, `POST /account/email` with `email`, `with`, `password` (without a
//!   device): `/challenge/{id}` or `/account/confirm`; then a link to the new address
//! - `GET`, `POST /account/email/{token}`: from the message to the new address, in the session
//!   that asked: changed, `/account`
//! - `GET`, `POST /email/undo/{token}`: from the message to the old address, for 14 days: the
//!   old address is back, the account guarded
//! - `GET /password/forgotten`, `POST /password/forgotten` (`email`): `/password/sent`: a link was
//!   mailed, or none was
//! - `GET`, `POST /password/forgotten/{token}`: from the message: `/password/new`
//! - `GET /password/new`, `POST /password/new` (`password`, `password_again`, `with`):
//!   `/challenge/{id}` where there is a device; then `/password/done`
//! - `GET /stop/link`, `POST /stop/link` (`email`): `/stop/sent`: a link was mailed, or none was
//! - `GET`, `POST /stop/by-link/{token}` with `password`, `word` (STOP): from the message: as
//!   `/stop`
//! - `POST /account/devices/remove` (`dev`, `with`): `/challenge/{id}`, or `/account/devices`
//! - `POST /account/devices/unblock` with `dev`, `with` (another device): `/challenge/{id}`,
//!   then `/account/devices/{dev}/pin`
//! - `GET /account/devices/{dev}/pin`: what to do on the phone; `/account/devices` when it has
//!   its new PIN or the time is over
//! - `GET /account/devices/{dev}/pin/state`: as for challenges
//! - `GET /account/enrolments/{id}`: QR code, then the form for the six digits (`id="model"`:
//!   the phone's model)
//! - `GET /account/enrolments/{id}/state`, `/code.png`, `/link`: as for challenges; states
//!   `open`, `claimed`, `confirmed`, `done`, `void`
//! - `POST /account/enrolments/{id}/pin` (`v`, 64 hexadecimal digits): JSON `{"code":
//!   "HTTPS://…"}`: what the page's script draws, with S after it
//! - `POST /account/enrolments/{id}/phone`: a new `/account/enrolments/{id}` with the PIN
//!   chosen on the phone
//! - `POST /account/enrolments/{id}/code` (`code`): the page again; `/account/devices` when the
//!   phone has finished
//! - `GET /account/transactions`: the operations, and the last ones that were signed
//! - `GET`, `POST /account/transactions/{operation}` with the operation's fields, `way=phone` (the
//!   phone shows the data), `with`: `/challenge/{id}`, then `/account/transactions/done/{id}`
//! - `GET /account/transactions/done/{id}`: what was signed
//! - `POST /language` (`lang`, and `to`, the path of a page of ours): back to that page. It needs
//!   no `csrf`
//! - `POST /sign-out`: `/sign-in`
//! - `GET /static/{folder}/{name}`: what pages load; the folder's name changes with its files
//! - `GET /favicon.ico`, `/robots.txt`, `/.well-known/security.txt`: by the names where others look
//! - `GET /.well-known/change-password`: `/account/password`
//! - `GET /stop`, `POST /stop` with `email`, `password`, `word` (STOP): every session ended,
//!   every factor deleted, `/stop/done`
//! - `GET /recovery`, `POST /recovery` (`old`, the password, from someone who is signed in): begins
//!   a recovery, or sends its message again
//! - `GET`, `POST /recovery/finish/{token}` (`password`, `new_password`, `new_password_again`):
//!   from the message, after the waiting time: `/account/devices`, to add a phone; without a new
//!   password where an invitation began it
//! - `GET`, `POST /recovery/cancel/{token}`: from any message: the recovery is cancelled
//!
//! # Files
//!
//! A page's handlers are in a file of their own, and no page's file uses another's. Parts that
//! pages share are below them, in this order from the top down:
//!
//! - `new_password`, `new_address`, `new_device`, `device_list`, `own_data`: pages that several
//!   operations show; `signing`: what pages and phones show of an operation that is signed;
//! - `prove`, `issue`, `recovery_link`, `deletion_link`: how a change is proved, and challenges
//!   issued;
//! - `check`, `links`, `passwords`, `choice`, `events`: the check of a stranger's form, mailed
//!   links, typed passwords, devices to choose from;
//! - `show`, `posted`, `visitor`, `refused`, `asked`, `qr`, `error`: responses, forms, sessions,
//!   forms that were refused, languages, and errors;
//! - `asking`, `remembered`, `told`, `cookies`, `phone`: what a browser keeps for us, and whether
//!   it is a phone's.
//!
//! The way into other services has its routes in `relying`.

mod account;
mod address;
mod app_links;
mod asked;
mod asking;
mod assets;
mod challenge;
mod check;
mod choice;
mod confirm;
mod confirmation;
mod cookies;
mod credentials;
mod delete;
mod deletion_link;
mod device_list;
mod devices;
mod enrolment;
mod error;
mod events;
mod export;
mod history;
mod invitation;
mod issue;
mod language;
mod links;
mod mobile;
mod new_address;
mod new_device;
mod new_password;
mod own_data;
mod passwords;
mod person;
mod phone;
mod pin;
mod place;
mod posted;
mod privacy;
mod prove;
mod qr;
mod recovery;
mod recovery_link;
mod refused;
mod registration;
mod relying;
mod remembered;
mod sessions;
mod show;
mod sign_in;
mod signing;
mod stop;
mod told;
mod transactions;
mod unblock;
mod visitor;
mod wanted;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::Redirect,
    routing::{get, post},
};

pub(crate) use asked::Asked;
pub(crate) use delete::delete_due;
use error::PageError;
pub(crate) use privacy::PRIVACY;
pub(crate) use show::{too_many, too_slow};
use visitor::Visitor;

use crate::app::App;

/// The longest form, in bytes.
const LONGEST_FORM: usize = 16 * 1024;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    entry()
        .merge(challenges())
        .merge(lost())
        .merge(accounts())
        .merge(files())
        .merge(relying::router())
        .fallback(|_: Visitor| async { PageError::NotFound })
        .method_not_allowed_fallback(place::other_method)
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            place::at_origin,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), show::finish))
}

/// Registration, signing in and out, and links that are opened without the app.
fn entry() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(home))
        .route("/Q/{*message}", get(app_links::landing))
        .route("/language", post(language::choose))
        .route("/register", get(registration::form).post(registration::ask))
        .route("/register/done", get(confirmation::done))
        .route(
            "/register/picture",
            get(registration::to_form).post(registration::renew),
        )
        .route("/register/picture/{check}/code.png", get(registration::png))
        .route(
            "/register/picture/{check}/digits.wav",
            get(registration::wav),
        )
        .route(
            "/register/sent/{state}",
            get(registration::sent).post(registration::paste),
        )
        .route(
            "/register/sent/{state}/again",
            get(registration::sent_again).post(registration::send_again),
        )
        .route(
            "/register/{token}",
            get(confirmation::form).post(confirmation::confirm),
        )
        .route("/privacy", get(privacy::page))
        .route(
            "/invitation/{token}",
            get(invitation::form).post(invitation::accept),
        )
        .route("/sign-in", get(sign_in::form).post(sign_in::email))
        .route("/sign-in/forget", post(sign_in::forget))
        .route("/sign-in/other", post(sign_in::other))
        .route(
            "/sign-in/password",
            get(sign_in::password_form).post(sign_in::password),
        )
        .route("/sign-in/method", get(sign_in::method))
        .route("/sign-in/device", get(sign_in::device))
        .route("/sign-in/app", post(sign_in::app))
        .route("/sign-in/code", post(sign_in::code))
        .route("/sign-in/mobile", post(mobile::begin))
        .route("/sign-out", post(sign_in::out))
}

/// Challenges that wait for a phone.
fn challenges() -> Router<Arc<App>> {
    Router::new()
        .route("/mobile/{id}", get(mobile::page))
        .route("/mobile/{id}/state", get(mobile::state))
        .route("/mobile/{id}/link", get(mobile::link))
        .route(
            "/mobile/{id}/return",
            get(mobile::back).post(mobile::confirm),
        )
        .route("/challenge/{id}", get(challenge::page))
        .route("/challenge/{id}/state", get(challenge::state))
        .route("/challenge/{id}/code.png", get(challenge::png))
        .route("/challenge/{id}/link", get(challenge::link))
        .route("/challenge/{id}/code", post(challenge::code))
        .route("/challenge/{id}/renew", post(challenge::renew))
        .route("/challenge/{id}/cancel", post(challenge::cancel))
}

/// Ways out for someone who lost a password, a phone or an address.
fn lost() -> Router<Arc<App>> {
    Router::new()
        .route("/stop", get(stop::form).post(stop::stop))
        .route("/stop/done", get(stop::done))
        .route("/stop/link", get(stop::link_form).post(stop::ask_link))
        .route("/stop/sent", get(stop::sent))
        .route("/password/sent", get(credentials::sent))
        .route("/email/undone", get(address::undone))
        .route("/deletion/cancelled", get(delete::cancelled))
        .route("/recovery/cancelled", get(recovery::cancelled))
        .route(
            "/recovery/cancelled/staff",
            get(recovery::cancelled_of_staff),
        )
        .route(
            "/stop/by-link/{token}",
            get(stop::by_link_form).post(stop::by_link),
        )
        .route(
            "/password/forgotten",
            get(credentials::forgotten_form).post(credentials::forgotten),
        )
        .route(
            "/password/forgotten/{token}",
            get(credentials::reset_form).post(credentials::reset),
        )
        .route(
            "/password/new",
            get(credentials::new_form).post(credentials::new),
        )
        .route("/password/done", get(credentials::new_done))
        .route(
            "/email/undo/{token}",
            get(address::undo_form).post(address::undo),
        )
        .route(
            "/deletion/cancel/{token}",
            get(delete::cancel_form).post(delete::cancel_by_link),
        )
        .route("/recovery", get(recovery::page).post(recovery::begin))
        .route("/recovery/begun", get(invitation::begun))
        .route(
            "/recovery/finish/{token}",
            get(recovery::finish_form).post(recovery::finish),
        )
        .route(
            "/recovery/cancel/{token}",
            get(recovery::cancel_form).post(recovery::cancel),
        )
}

/// The account of a visitor who is signed in.
fn accounts() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/account/password",
            get(credentials::change_form).post(credentials::change),
        )
        .route("/account/email", get(address::form).post(address::change))
        .route(
            "/account/email/{token}",
            get(address::confirm_form).post(address::confirm),
        )
        .route("/account/confirm", get(confirm::page).post(confirm::paste))
        .route(
            "/account/confirm/{token}",
            get(confirm::form).post(confirm::go_on),
        )
        .route("/account", get(account::page))
        .route("/account/export", get(export::page).post(export::ask))
        .route("/account/export/download", post(export::download))
        .route("/account/delete", get(delete::page).post(delete::ask))
        .route("/account/delete/cancel", post(delete::cancel))
        .route("/account/person", get(person::page).post(person::name))
        .route("/account/person/language", post(person::language))
        .route("/account/sessions", get(sessions::page))
        .route("/account/sessions/end", post(sessions::end))
        .route("/account/sessions/end-others", post(sessions::end_others))
        .route("/account/devices", get(devices::page))
        .route("/account/devices/add", post(devices::add))
        .route("/account/history", get(history::page))
        .route("/account/history.csv", get(history::csv))
        .route("/account/devices/rename", post(devices::rename))
        .route("/account/devices/remove", post(devices::remove))
        .route("/account/devices/unblock", post(unblock::ask))
        .route("/account/devices/{dev}/pin", get(unblock::page))
        .route("/account/devices/{dev}/pin/state", get(unblock::state))
        .route("/account/enrolments/{id}", get(enrolment::page))
        .route("/account/enrolments/{id}/state", get(enrolment::state))
        .route("/account/enrolments/{id}/code.png", get(enrolment::png))
        .route("/account/enrolments/{id}/link", get(enrolment::link))
        .route("/account/enrolments/{id}/code", post(enrolment::code))
        .route("/account/enrolments/{id}/pin", post(pin::verifier))
        .route("/account/enrolments/{id}/phone", post(pin::on_phone))
        .route("/account/transactions", get(transactions::list))
        .route(
            "/account/transactions/{operation}",
            get(transactions::form).post(transactions::begin),
        )
        .route(
            "/account/transactions/done/{id}",
            get(transactions::outcome),
        )
}

/// Files, for everybody.
fn files() -> Router<Arc<App>> {
    Router::new()
        .route("/static/{folder}/{name}", get(assets::file))
        .route("/favicon.ico", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/.well-known/security.txt", get(assets::security_text))
        .route("/.well-known/change-password", get(assets::change_password))
        .route("/.well-known/assetlinks.json", get(app_links::android))
        .route(
            "/.well-known/apple-app-site-association",
            get(app_links::ios),
        )
}

async fn home(visitor: Visitor) -> Redirect {
    Redirect::to(if visitor.signed_in().is_ok() {
        "/account"
    } else {
        "/sign-in"
    })
}
