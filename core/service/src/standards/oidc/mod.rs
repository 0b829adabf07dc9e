//! OpenID Connect Core 1.0, the code flow: what a browser brings to `/oidc/authorize`, and the code
//! that it takes back. What services ask themselves is in `token` and `person`.

mod claims;
pub(crate) mod jose;
mod person;
mod token;

use std::sync::Arc;

use axum::{Router, routing::get};
use countersign_protocol::Time;
use serde::{Deserialize, Serialize};

pub(crate) use person::logout_token;

use claims::Claims;

use super::{Ask, Grant, Next, Reply, cas::TicketError, secret, subject};
use crate::{
    app::App,
    base::{hex, lang::Lang, random},
    clients::{self, Client, Oidc},
    policy::{
        self,
        levels::{Level, Wanted, Way},
    },
    store::{NewCode, SecretHash, SessionId, TokenGrant},
};

/// The routes that services themselves ask. `/oidc/authorize` and `/oidc/logout` are pages.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(person::discovery))
        .route("/oidc/keys", get(person::keys))
        .merge(token::router())
        .merge(person::router())
}

/// What a request brings to `/oidc/authorize` (section 3.1.2.1).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Authorize {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    response_mode: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    prompt: Option<String>,
    max_age: Option<String>,
    acr_values: Option<String>,
    login_hint: Option<String>,
    id_token_hint: Option<String>,
    ui_locales: Option<String>,
    claims: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    request: Option<String>,
    request_uri: Option<String>,
}

/// How a request is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answering {
    /// Whether the answer is posted by a form.
    pub(crate) post: bool,
    /// What the request brought, to be repeated.
    pub(crate) state: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    scope: String,
    /// The claims that it names, besides those of its scopes.
    claims: claims::Named,
    /// The person who is meant, if the request names one: by what the sector knows them.
    pub(crate) meant: Option<String>,
    /// The address that the person is asked for first.
    pub(crate) hint: Option<String>,
    /// The tag of the language that the service's own page had.
    language: Option<String>,
}

impl Answering {
    /// The language of the pages, where the person chose none.
    pub(crate) fn language(&self) -> Option<Lang> {
        Lang::from_name(self.language.as_deref()?)
    }
}

/// What is wrong with a request.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// It leads nowhere: the service or the address is not registered. The text key.
    Nowhere(&'static str),
    /// The service is told: an error of RFC 6749, section 4.1.2.1, or of OpenID Connect.
    Told(Box<Answer>),
}

/// An answer to the service, in the person's browser.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where it goes.
    pub(crate) to: String,
    /// Whether it is posted.
    pub(crate) post: bool,
    /// Its parameters.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// An error for the service.
pub(crate) fn error(app: &App, to: &str, how: &Answering, error: &'static str) -> Answer {
    answer(app, to, how, ("error", error.to_owned()))
}

/// Why a service gets nothing where nobody may be asked (section 3.1.2.6).
pub(crate) fn why_silent(next: &Next) -> &'static str {
    match next {
        Next::Step(_) => "interaction_required",
        Next::Denied(why) if *why != "denied_other" => "access_denied",
        _ => "login_required",
    }
}

/// An answer names who gives it (RFC 9207), so that no service takes one of another's for ours.
fn answer(app: &App, to: &str, how: &Answering, first: (&'static str, String)) -> Answer {
    let mut fields = vec![first];
    fields.extend(how.state.clone().map(|state| ("state", state)));
    fields.push(("iss", app.origin.as_str().to_owned()));
    Answer {
        to: to.to_owned(),
        post: how.post,
        fields,
    }
}

/// What a service is told when the person gives up.
pub(crate) const GIVEN_UP: &str = "access_denied";

/// The field in which a service is told of the end of a session.
pub(crate) const LOGOUT_TOKEN: &str = "logout_token";

/// The longest of each parameter that is repeated, in bytes.
const LONGEST: usize = 1024;

impl Authorize {
    /// What the service asks for.
    ///
    /// # Errors
    /// [`Wrong`]
    pub(crate) fn ask(&self, app: &App) -> Result<(Arc<Client>, Ask), Wrong> {
        let nowhere = || Wrong::Nowhere("relying_unknown");
        let client = app
            .clients
            .now()
            .of(self.client_id.as_deref().unwrap_or_default());
        let client = client.ok_or_else(nowhere)?;
        let oidc = client.oidc.as_ref().ok_or_else(nowhere)?;
        let to = self.redirect_uri.as_deref().unwrap_or_default();
        if !oidc.redirect_uris.iter().any(|address| address.covers(to)) {
            return Err(nowhere());
        }
        // From here on the service is told.
        let too_long = |text: &Option<String>| text.as_ref().is_some_and(|it| it.len() > LONGEST);
        let mut how = Answering {
            post: self.response_mode.as_deref() == Some("form_post"),
            state: self.state.clone().filter(|state| state.len() <= LONGEST),
            nonce: self.nonce.clone(),
            challenge: self.code_challenge.clone(),
            scope: String::new(),
            claims: claims::Named::default(),
            meant: None,
            hint: self.login_hint.clone().filter(|hint| hint.len() <= 320),
            language: self.language().map(|language| language.code().to_owned()),
        };
        let told = |how: &Answering, why| Wrong::Told(Box::new(error(app, to, how, why)));
        if let Some(why) = self.refused(oidc) {
            return Err(told(&how, why));
        }
        if too_long(&self.state) || too_long(&self.nonce) {
            return Err(told(&how, "invalid_request"));
        }
        how.scope = self
            .scopes(oidc)
            .ok_or_else(|| told(&how, "invalid_scope"))?;
        let claims = Claims::read(self.claims.as_deref());
        let claims = claims.ok_or_else(|| told(&how, "invalid_request"))?;
        if claims.is_unmet {
            return Err(told(&how, "unmet_authentication_requirements"));
        }
        let meant = self.meant(app, &client, claims.meant);
        how.meant = meant.ok_or_else(|| told(&how, "invalid_request"))?;
        how.claims = claims.named;
        let now = app.clock.now();
        let mut wanted = self
            .wanted(&client, now)
            .ok_or_else(|| told(&how, "invalid_request"))?;
        wanted.least = wanted.least.max(claims.level.unwrap_or(Level::Basic));
        let ask = Ask {
            client: client.id.clone(),
            return_to: to.to_owned(),
            wanted,
            silent: self.prompts().any(|prompt| prompt == "none"),
            at: now,
            reply: Reply::Oidc(Box::new(how)),
        };
        Ok((client, ask))
    }

    /// The person who is meant by an ID token or by the parameter `claims`, if one is; `None`: the
    /// token is not ours for this service, or they mean two.
    fn meant(&self, app: &App, client: &Client, named: Option<String>) -> Option<Option<String>> {
        let Some(hint) = &self.id_token_hint else {
            return Some(named);
        };
        let claims = jose::own(app, hint).filter(|it| it["aud"] == *client.id)?;
        let hinted = claims["sub"].as_str()?.to_owned();
        let same = named.is_none_or(|named| named == hinted);
        same.then_some(Some(hinted))
    }

    fn prompts(&self) -> impl Iterator<Item = &str> {
        self.prompt
            .as_deref()
            .unwrap_or_default()
            .split_ascii_whitespace()
    }

    /// The first of the languages that the request names and this service speaks.
    fn language(&self) -> Option<Lang> {
        let tags = self.ui_locales.as_deref().unwrap_or_default();
        let mut tags = tags.split_ascii_whitespace().take(30);
        tags.find_map(|tag| {
            let part = tag.split('-').next().unwrap_or_default();
            Lang::from_name(&part.to_ascii_lowercase())
        })
    }

    /// The error of a request that this service does not take.
    fn refused(&self, oidc: &Oidc) -> Option<&'static str> {
        if self.request.is_some() {
            return Some("request_not_supported");
        }
        if self.request_uri.is_some() {
            return Some("request_uri_not_supported");
        }
        if self.response_type.as_deref() != Some("code") {
            return Some("unsupported_response_type");
        }
        if !matches!(
            self.response_mode.as_deref(),
            None | Some("query" | "form_post")
        ) {
            return Some("invalid_request");
        }
        let known = ["none", "login", "consent", "select_account"];
        let mut prompts = self.prompts();
        let none = self.prompts().any(|prompt| prompt == "none");
        if prompts.any(|prompt| !known.contains(&prompt)) || none && self.prompts().count() > 1 {
            return Some("invalid_request");
        }
        match (&self.code_challenge, self.code_challenge_method.as_deref()) {
            (Some(challenge), Some("S256")) if jose::is_challenge(challenge) => None,
            (None, None) if !oidc.pkce => None,
            // Also the method `plain`, which is the default without one (RFC 7636, section 4.3).
            _ => Some("invalid_request"),
        }
    }

    /// The scopes that are granted: those that this service knows. `None` without `openid`.
    fn scopes(&self, oidc: &Oidc) -> Option<String> {
        let asked: Vec<_> = self.scope.as_deref()?.split_ascii_whitespace().collect();
        if !asked.contains(&"openid") {
            return None;
        }
        let known = ["openid", "profile", "email", "offline_access"];
        let granted = known
            .into_iter()
            .filter(|scope| asked.contains(scope) && (*scope != "offline_access" || oidc.offline));
        Some(granted.collect::<Vec<_>>().join(" "))
    }

    /// What the sign-in has to reach; `None`: it is asked for in a wrong form.
    fn wanted(&self, client: &Client, now: Time) -> Option<Wanted> {
        let again = self
            .prompts()
            .any(|it| it == "login" || it == "select_account");
        let age = match self.max_age.as_deref() {
            None => None,
            Some(age) => Some(now.saturating_sub(age.parse::<u32>().ok()?.into())),
        };
        let values = self.acr_values.as_deref().unwrap_or_default();
        // The lowest of those that this service has. What was proved in this very second may have
        // been proved before the request.
        let level = values
            .split_ascii_whitespace()
            .filter_map(clients::level)
            .min();
        Some(Wanted {
            least: client.least.max(level.unwrap_or(Level::Basic)),
            since: if again { Some(now + 1) } else { age },
            ways: None,
        })
    }
}

/// By what a service knows a session.
pub(crate) fn sid(app: &App, client: &str, session: SessionId) -> String {
    let mac = app
        .root
        .subjects
        .mac(&[b"session", &session, client.as_bytes()]);
    hex::encode(&mac[..16])
}

/// Gives a code for a grant; `None` when the session has ended meanwhile.
///
/// # Errors
/// When the store refuses or the system gives no randomness.
pub(crate) async fn code(
    app: &App,
    client: &Client,
    ask: &Ask,
    how: &Answering,
    grant: &Grant,
    ends: Option<SecretHash>,
) -> Result<Option<Answer>, TicketError> {
    let Some(oidc) = &client.oidc else {
        return Ok(None);
    };
    let (text, hash) = secret("")?;
    let now = app.clock.now();
    let known = subject(app, &client.sector, grant.account);
    let told = oidc.backchannel_logout.as_ref();
    let told = told.map(|it| (it.as_str().to_owned(), sid(app, &client.id, grant.name)));
    let code = NewCode {
        session: grant.session,
        grant: TokenGrant {
            id: random::bytes()?,
            client: client.id.clone(),
            account: grant.account,
            session: grant.name,
            opened_by: grant.name,
            sector: client.sector.clone(),
            scope: how.scope.clone(),
            claims: how.claims.text(),
            proved: grant.proved.text(),
            nonce: how.nonce.clone(),
            offline: how.scope.split(' ').any(|scope| scope == "offline_access"),
            created_at: now,
            // Long enough to notice that a code comes twice.
            expires_at: now + policy::CODE_KNOWN_SECONDS,
        },
        hash,
        address: ask.return_to.clone(),
        challenge: how.challenge.clone(),
        expires_at: now + policy::TICKET_SECONDS,
        listed: client.name.clone(),
        subject: known,
        told,
        ask: ends,
    };
    let given = app.store.give_code(code).await?;
    Ok(given.then(|| answer(app, &ask.return_to, how, ("code", text))))
}

/// How a person signed in, by RFC 8176: what was used, and never more.
const fn amr(way: Way) -> &'static [&'static str] {
    match way {
        Way::App => &["pwd", "mfa"],
        Way::Code => &["pwd", "otp", "mfa"],
        Way::AppAlone => &["mfa"],
        Way::Password => &["pwd"],
    }
}
