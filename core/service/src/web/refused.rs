//! A form that is refused: the browser goes to the form's own page, which says why, once.
//!
//! No page is the answer to a form, so reload, Back and Enter in the address bar never ask to send
//! one again. What the page needs for that waits in a cookie for a minute. It is sealed, because it
//! holds what a person typed, for the cookie of the browser's session and for one address: after a
//! sign-in or sign-out, in another browser or on another page, it does not open, and nothing is
//! shown. Any node of the service opens it. The page that shows it drops it, and has the status of
//! the refusal; the next time it is as if nothing had been sent. A browser has one such cookie: of
//! two windows whose forms are refused in one moment, one shows its form empty.
//!
//! A browser that sent no cookie may keep none, or comes from another site's page. It is answered
//! at once.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use countersign_protocol::Time;
use minijinja::{Value, context};
use ring::digest;
use serde::{Deserialize, Serialize};

use super::{asked::Asked, cookies::Cookie};
use crate::{app::App, edge, keys::seal::Place, transactions::OPERATIONS};

/// How long it waits for its page, in seconds.
const SECONDS: u64 = 60;
/// The longest that is sealed, in bytes: browsers take cookies of 4096, with name and attributes
/// (RFC 6265, section 6.1), and nginx takes as much of all lines of a response's head.
const LONGEST: usize = 2200;

/// The longest text of a field that is kept, in characters: more than any field takes.
const LONGEST_TEXT: usize = 300;

/// The pages with forms, and their addresses. One without is at its form's address, or at the one
/// above it.
const FORMS: &[(&str, Option<&str>)] = &[
    ("change_email.html", Some("/account/email")),
    ("change_password.html", Some("/account/password")),
    ("code.html", None),
    ("confirm.html", Some("/account/confirm")),
    ("delete.html", Some("/account/delete")),
    ("devices.html", Some("/account/devices")),
    ("enrolment.html", None),
    ("enter.html", Some("/enter")),
    ("export.html", Some("/account/export")),
    ("forgotten.html", Some("/password/forgotten")),
    ("invitation.html", None),
    ("method.html", Some("/sign-in/method")),
    ("new_password.html", Some("/password/new")),
    ("password.html", Some("/sign-in/password")),
    ("person.html", Some("/account/person")),
    ("recover.html", None),
    ("recovery.html", Some("/recovery")),
    ("register.html", Some("/register")),
    ("register_confirm.html", None),
    ("register_sent.html", None),
    ("sign_in.html", Some("/sign-in")),
    ("stop.html", None),
    ("stop_link.html", Some("/stop/link")),
    ("transaction.html", None),
];

/// Pages that are shown as they are at the address of the form that they answer. The browser keeps
/// all that is on them, so none has a secret.
const NOTES: [&str; 12] = [
    "deletion_over.html",
    "denied.html",
    "ended.html",
    "enter_denied.html",
    "enter_refused.html",
    "error.html",
    "link_done.html",
    "link_elsewhere.html",
    "link_over.html",
    "mobile.html",
    "recovery_over.html",
    "register_closed.html",
];

/// Of a form's page, the values that say why it is refused; the page makes the others anew.
const WHY: [&str; 4] = ["error", "errors", "check", "digits"];

/// The fields that are filled in once more, besides those of operations. Passwords, PINs, codes and
/// links are not among them.
const KEPT: [&str; 11] = [
    "dev",
    "email",
    "email_again",
    "first_name",
    "language",
    "last_name",
    "method",
    "name",
    "privacy",
    "remember",
    "with",
];

/// What a person had filled in, by the names of fields.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Filled(BTreeMap<String, String>);

impl Filled {
    /// What is kept of a form.
    pub(super) fn of(form: Vec<(String, String)>) -> Self {
        let operations = OPERATIONS.iter().flat_map(|operation| operation.fields);
        let is_kept =
            |name: &str| KEPT.contains(&name) || operations.clone().any(|field| field.id == name);
        let kept = form.into_iter().filter(|(name, _)| is_kept(name));
        Self(kept.map(|(name, text)| (name, cut(&text))).collect())
    }

    /// The fields for a page, which reads each of them whether or not it was in the form: one that
    /// was not is empty.
    pub(super) fn values(&self) -> Value {
        let text = |name: &str| self.get(name).unwrap_or_default().to_owned();
        KEPT.iter().map(|name| (*name, text(name))).collect()
    }

    /// A field's text.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The beginning of a text that no field of ours takes, which is refused for its length as before.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The page that an address shows once instead of, or over, its own.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    until: Time,
    status: u16,
    template: String,
    /// Of a form's page, [`WHY`]; of a note, all of them.
    values: serde_json::Value,
    /// What was filled in.
    pub(super) filled: Filled,
}

impl Kept {
    /// What waits for this request: in this browser, at this address.
    pub(super) fn of(
        app: &App,
        method: &Method,
        asked: &Asked,
        headers: &HeaderMap,
    ) -> Option<Self> {
        if method != Method::GET {
            return None;
        }
        Cookie::Refused.read(headers, app.origin.is_secure(), |text| {
            let sealed = BASE64.decode(text).ok()?;
            let place = place(asked.cookie.as_deref()?, &asked.path);
            let opened = app.root.sealing.open(place, &sealed).ok()?;
            let kept: Self = serde_json::from_slice(&opened).ok()?;
            (app.clock.now() < kept.until).then_some(kept)
        })
    }

    /// The template of a page that takes the place of the address's own.
    pub(super) fn note(&self) -> Option<&str> {
        let template = self.template.as_str();
        NOTES.contains(&template).then_some(template)
    }

    /// The status and the values with which this page is shown.
    pub(super) fn over(
        &self,
        template: &str,
        (status, values): (StatusCode, Value),
    ) -> (StatusCode, Value) {
        match StatusCode::from_u16(self.status) {
            Ok(status) if self.template == template => {
                let why = Value::from_serialize(&self.values);
                (status, context! { ..why, ..values })
            }
            _ => (status, values),
        }
    }
}

/// A page that another address is to show. As a response it is for [`finish`](super::show::finish),
/// which has the key.
#[derive(Clone)]
pub(super) struct Refused {
    cookie: String,
    to: String,
    page: Kept,
}

impl Refused {
    /// The page as its own address is to show it; `None` where it can be shown at once. `cookie` is
    /// that of the browser's session, as the browser has it after the response.
    pub(super) fn of(
        asked: &Asked,
        cookie: Option<&str>,
        status: StatusCode,
        (template, values): (&str, &Value),
        filled: &Filled,
    ) -> Option<Self> {
        let cookie = cookie?;
        let form = form(template);
        let to = match form {
            None if !NOTES.contains(&template) => return None,
            Some(Some(home)) => home,
            Some(None) if !edge::is_page(&asked.path) => asked.path.rsplit_once('/')?.0,
            _ => &asked.path,
        };
        if !asked.by_form && to == asked.path || !is_plain(to) {
            return None;
        }
        let why = |name: &&'static str| {
            let value = values.get_attr(name).ok()?;
            (!value.is_undefined()).then_some((*name, value))
        };
        let values = match form {
            Some(_) => Value::from_iter(WHY.iter().filter_map(why)),
            None => values.clone(),
        };
        Some(Self {
            cookie: cookie.to_owned(),
            to: to.to_owned(),
            page: Kept {
                until: 0,
                status: status.as_u16(),
                template: template.to_owned(),
                values: serde_json::to_value(values).ok()?,
                filled: filled.clone(),
            },
        })
    }

    /// Sends the browser there.
    pub(super) fn send(mut self, app: &App, response: &mut Response) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(to) = HeaderValue::try_from(&self.to) {
            response.headers_mut().insert(header::LOCATION, to);
        }
        self.page.until = app.clock.now() + SECONDS;
        let mut text = serde_json::to_vec(&self.page).unwrap_or_default();
        if text.len() > LONGEST {
            self.page.filled = Filled::default();
            text = serde_json::to_vec(&self.page).unwrap_or_default();
        }
        let place = place(&self.cookie, &self.to);
        match app.root.sealing.seal(place, &text) {
            Ok(sealed) if text.len() <= LONGEST => {
                let (text, secure) = (BASE64.encode(sealed), app.origin.is_secure());
                Cookie::Refused.set(response, &text, secure, Some(SECONDS));
            }
            Ok(_) => tracing::warn!(
                template = self.page.template,
                "a refusal is too long to show"
            ),
            Err(error) => tracing::error!(%error, "a refusal can't be shown"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

fn form(template: &str) -> Option<Option<&'static str>> {
    let found = FORMS.iter().find(|(known, _)| *known == template);
    found.map(|(_, home)| *home)
}

/// Whether a browser takes this for a path of ours, and never for another site: `//evil.example/`
/// would be one.
fn is_plain(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    path.starts_with('/') && path.chars().all(plain) && !path.contains("//")
}

/// The place that a page is sealed for: a browser's session and an address.
fn place(cookie: &str, path: &str) -> Place {
    let text = [cookie, path].join("\n");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut owner = [0; 8];
    owner.copy_from_slice(&hash.as_ref()[..8]);
    Place {
        owner,
        field: "refused-form",
        epoch: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::TEMPLATES;

    #[test]
    fn the_browser_keeps_no_page_with_a_secret() {
        for secret in [
            "code.html",
            "enter_post.html",
            "mobile_continue.html",
            "new_pin.html",
            "waiting.html",
        ] {
            assert!(!NOTES.contains(&secret), "{secret}");
        }
        let forms = FORMS.iter().map(|(name, _)| *name);
        for name in NOTES.into_iter().chain(forms) {
            assert!(TEMPLATES.iter().any(|(known, _)| *known == name), "{name}");
        }
    }

    #[test]
    fn only_a_plain_path_is_led_to() {
        assert!(is_plain("/account/devices/add"));
        for path in ["//evil.example/a", "/\\evil.example", "/a//b", "", "/%2f"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
