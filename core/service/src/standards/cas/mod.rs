//! CAS 3.0.3 (the Apereo CAS Protocol Specification): what a browser asks for, and the tickets that
//! a service redeems. The dialect of the reference system is beside it, in the same tables: it asks
//! for ways to sign in, and tells which was used.

mod answer;
mod validate;

use serde::Deserialize;

pub(crate) use answer::logout_request;
pub(crate) use validate::router;

use super::{Ask, Grant, Reply, secret, subject};
use crate::{
    app::App,
    base::random::NoRandomness,
    clients::{self, Client},
    policy::{
        self,
        levels::{Level, Wanted},
    },
    store::{Entering, NewTicket, SecretHash, StoreError, TicketKind},
};

/// What a browser brings to `/cas/login` (section 2.1.1), and the parameters of the dialect.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Login {
    /// Where it comes from, and goes back to.
    pub(crate) service: Option<String>,
    renew: Option<String>,
    gateway: Option<String>,
    method: Option<String>,
    /// The ways to sign in that the service takes (dialect).
    #[serde(rename = "acceptStrengths")]
    accept_strengths: Option<String>,
    /// The lowest level (dialect; ours without it).
    #[serde(rename = "authenticationLevel")]
    authentication_level: Option<String>,
}

/// Why a request leads nowhere. The text key that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoAsk(pub(crate) &'static str);

/// A flag is set by any value but none (section 2.1.1: "if set"); `false` is what some clients send
/// for one that is not.
fn is_set(flag: Option<&str>) -> bool {
    flag.is_some_and(|value| !value.is_empty() && !value.eq_ignore_ascii_case("false"))
}

impl Login {
    /// What the service asks for.
    ///
    /// # Errors
    /// [`NoAsk`], when the service is not registered at that address.
    pub(crate) fn ask(&self, app: &App) -> Result<Option<Ask>, NoAsk> {
        let Some(service) = self
            .service
            .as_deref()
            .filter(|service| !service.is_empty())
        else {
            return Ok(None);
        };
        let client = app.clients.now().by_service(service);
        let client = client.ok_or(NoAsk("relying_unknown"))?;
        let now = app.clock.now();
        let renew = is_set(self.renew.as_deref());
        let asked = self.authentication_level.as_deref().map(clients::level);
        let asked = match asked {
            Some(None) => return Err(NoAsk("relying_bad")),
            asked => asked.flatten().unwrap_or(Level::Basic),
        };
        Ok(Some(Ask {
            client: client.id.clone(),
            return_to: service.to_owned(),
            wanted: Wanted {
                least: client.least.max(asked),
                // What was proved in this very second may have been proved before the request.
                since: renew.then_some(now + 1),
                ways: self.accept_strengths.as_deref().map(clients::ways),
            },
            // With `renew`, `gateway` is as if it were not there.
            silent: is_set(self.gateway.as_deref()) && !renew,
            at: now,
            reply: Reply::Cas {
                post: self.method.as_deref() == Some("POST"),
            },
        }))
    }
}

/// Gives a ticket for a grant; `None` when the session has ended meanwhile.
///
/// # Errors
/// When the store refuses or the system gives no randomness.
pub(crate) async fn ticket(
    app: &App,
    client: &Client,
    ask: &Ask,
    grant: &Grant,
    ends: Option<SecretHash>,
) -> Result<Option<String>, TicketError> {
    let (text, hash) = secret("ST-")?;
    let now = app.clock.now();
    let entering = Entering {
        session: grant.session,
        ticket: NewTicket {
            hash,
            kind: TicketKind::Service,
            client: client.id.clone(),
            service: ask.return_to.clone(),
            account: grant.account,
            session: grant.name,
            proved: grant.proved.text(),
            created_at: now,
            expires_at: now + policy::TICKET_SECONDS,
        },
        listed: client.name.clone(),
        subject: subject(app, &client.sector, grant.account),
        ask: ends,
    };
    let entered = app.store.enter_service(entering).await?;
    Ok(entered.then_some(text))
}

/// Why a ticket was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TicketError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}
