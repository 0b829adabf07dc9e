//! What services asked for in a browser, and wait for: kept by the hash of a cookie of its own,
//! which a sign-in does not change.

use std::sync::Arc;

use axum::response::Response;

use super::{cookies::Cookie, error::PageError};
use crate::{
    app::App,
    base::{
        email::Email,
        hex,
        lang::Lang,
        random::{self, NoRandomness},
    },
    clients::Client,
    policy,
    standards::{self, Ask, Reply, oidc},
    store::SecretHash,
};

/// What a service asked for, as it waits in a browser.
pub(super) struct Asking {
    /// The hash of what its address says.
    pub(super) id: SecretHash,
    /// What was asked for.
    pub(super) ask: Ask,
    /// The service.
    pub(super) client: Arc<Client>,
}

impl Asking {
    fn oidc(&self) -> Option<&oidc::Answering> {
        match &self.ask.reply {
            Reply::Oidc(how) => Some(how),
            Reply::Cas { .. } => None,
        }
    }

    /// The language that the service's own page had, if it says.
    pub(super) fn language(&self) -> Option<Lang> {
        self.oidc()?.language()
    }

    /// The address of the person whom the service expects, if it says.
    pub(super) fn hint(&self) -> Option<Email> {
        Email::parse(self.oidc()?.hint.as_deref()?).ok()
    }
}

/// The browser, as what services ask for is tied to it.
pub(super) struct BrowserOfAsks {
    cookie: String,
    secure: bool,
}

impl BrowserOfAsks {
    /// The browser with this cookie; one without any gets a new name.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(super) fn of(cookie: Option<&str>, secure: bool) -> Result<Self, NoRandomness> {
        let cookie = match cookie {
            Some(cookie) => cookie.to_owned(),
            None => hex::encode(&random::bytes::<32>()?),
        };
        Ok(Self { cookie, secure })
    }

    /// The hash under which its asks are kept.
    pub(super) fn hash(&self) -> SecretHash {
        standards::hash(&self.cookie)
    }

    /// Sets its cookie.
    pub(super) fn remember(&self, response: &mut Response) {
        let seconds = Some(policy::ASK_SECONDS);
        Cookie::Asks.set(response, &self.cookie, self.secure, seconds);
    }
}

/// What waits in the browser with this cookie, if its service is still registered so.
pub(super) async fn of(app: &App, cookie: Option<&str>) -> Result<Option<Asking>, PageError> {
    let Some(cookie) = cookie else {
        return Ok(None);
    };
    let found = app
        .store
        .ask_of_browser(standards::hash(cookie), app.clock.now());
    let Some(pending) = found.await? else {
        return Ok(None);
    };
    let ask: Option<Ask> = serde_json::from_str(&pending.asked).ok();
    Ok(ask.and_then(|ask| {
        let client = standards::client_of(app, &ask)?;
        Some(Asking {
            id: pending.id,
            ask,
            client,
        })
    }))
}
