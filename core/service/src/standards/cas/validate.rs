//! What services ask CAS themselves: to redeem tickets, and for proxy tickets.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::{
    TicketError,
    answer::{self, Failure, Format, Success},
};
use crate::{
    app::App,
    clients::{self, Client, UserName},
    policy,
    standards::{ProvedBy, hash, secret, subject},
    store::{AccountKind, NewTicket, NotRedeemed, Redeemed, Redeeming, TicketKind},
};

/// The routes. `/cas/login` and `/cas/logout`, which browsers open, are pages.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/cas/validate", get(first))
        .route("/cas/serviceValidate", get(service))
        .route("/cas/proxyValidate", get(proxied))
        .route("/cas/p3/serviceValidate", get(service_3))
        .route("/cas/p3/proxyValidate", get(proxied_3))
        .route("/cas/laxValidate", get(lax))
        .route("/cas/strictValidate", get(strict))
        .route("/cas/proxy", get(proxy))
}

/// Which of the routes was asked.
#[derive(Debug, Clone, Copy)]
struct Table {
    /// Whether proxy tickets are taken.
    proxy: bool,
    /// What the answer tells besides the user.
    tells: answer::Tells,
    /// Whether the account must be one that an administrator added.
    strict: bool,
}

const SERVICE: Table = Table {
    proxy: false,
    tells: answer::Tells::User,
    strict: false,
};
const PROXIED: Table = Table {
    proxy: true,
    ..SERVICE
};
const SERVICE_3: Table = Table {
    tells: answer::Tells::Attributes,
    ..SERVICE
};
const PROXIED_3: Table = Table {
    proxy: true,
    ..SERVICE_3
};
/// The dialect: any account.
const LAX: Table = Table {
    proxy: true,
    tells: answer::Tells::Dialect,
    strict: false,
};
/// The dialect: accounts of the staff alone.
const STRICT: Table = Table {
    strict: true,
    ..LAX
};

/// What is asked with a ticket (section 2.5.1).
#[derive(Debug, Default, Deserialize)]
struct Validate {
    service: Option<String>,
    ticket: Option<String>,
    #[serde(rename = "pgtUrl")]
    callback: Option<String>,
    renew: Option<String>,
    format: Option<String>,
    /// The kinds of tickets that are taken (dialect): `SERVICE,PROXY`.
    #[serde(rename = "ticketTypes")]
    kinds: Option<String>,
}

type Asked = Result<Query<Validate>, axum::extract::rejection::QueryRejection>;

async fn service(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, SERVICE).await
}

async fn proxied(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, PROXIED).await
}

async fn service_3(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, SERVICE_3).await
}

async fn proxied_3(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, PROXIED_3).await
}

async fn lax(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, LAX).await
}

async fn strict(State(app): State<Arc<App>>, asked: Asked) -> Response {
    validate(&app, asked, STRICT).await
}

/// `/cas/validate`, of CAS 1.0 (section 2.4): two lines of text.
async fn first(State(app): State<Arc<App>>, asked: Asked) -> Response {
    let text = match asked.map_err(|_| Failure::Request) {
        Ok(Query(asked)) => match redeem(&app, &asked, SERVICE).await {
            Ok((client, redeemed)) => format!("yes\n{}\n", user(&client, &redeemed)),
            Err(_) => "no\n\n".to_owned(),
        },
        Err(_) => "no\n\n".to_owned(),
    };
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    ([kind], text).into_response()
}

async fn validate(app: &App, asked: Asked, table: Table) -> Response {
    let Ok(Query(asked)) = asked else {
        return answer::failure(Format::Xml, Failure::Request);
    };
    let format = match asked.format.as_deref() {
        Some(format) if format.eq_ignore_ascii_case("json") => Format::Json,
        _ => Format::Xml,
    };
    match success(app, &asked, table).await {
        Ok(success) => answer::success(format, &success, table.tells),
        Err(failure) => answer::failure(format, failure),
    }
}

async fn success(app: &App, asked: &Validate, table: Table) -> Result<Success, Failure> {
    let (client, redeemed) = redeem(app, asked, table).await?;
    if table.strict && redeemed.account.kind != AccountKind::Staff {
        return Err(Failure::User);
    }
    let proved = ProvedBy::read(&redeemed.ticket.proved).ok_or(Failure::Internal)?;
    let proxies = chain(&redeemed.ticket);
    let granting = match asked
        .callback
        .as_deref()
        .filter(|callback| !callback.is_empty())
    {
        Some(callback) => Some(grant(app, &client, &redeemed, callback).await?),
        None => None,
    };
    Ok(Success {
        user: user(&client, &redeemed),
        account: redeemed.account,
        released: client.released.clone(),
        proved,
        is_proxy: redeemed.ticket.kind == TicketKind::Proxy,
        proxies,
        granting,
    })
}

/// Redeems the ticket of a request, once.
async fn redeem(
    app: &App,
    asked: &Validate,
    table: Table,
) -> Result<(Arc<Client>, Redeemed), Failure> {
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let (Some(service), Some(ticket)) = (given(&asked.service), given(&asked.ticket)) else {
        return Err(Failure::Request);
    };
    // Every text is hashed: its length says nothing of a ticket, and none is looked for by itself.
    let registered = app.clients.now();
    let client = registered.by_service(&service).ok_or(Failure::Service)?;
    let cas = client.cas.as_ref().ok_or(Failure::Service)?;
    let proxy = match asked.kinds.as_deref() {
        Some(kinds) => table.proxy && kinds.split(',').any(|kind| kind.trim() == "PROXY"),
        // The dialect takes service tickets alone where nothing is said.
        None => table.proxy && table.tells != answer::Tells::Dialect,
    };
    let wanted = Redeeming {
        hash: hash(&ticket),
        text: ticket,
        service,
        proxy,
        renew: super::is_set(asked.renew.as_deref()),
        is_new: |proved| ProvedBy::read(proved).is_some_and(|proved| proved.new),
        sector: client.sector.clone(),
        told: cas.single_logout,
    };
    match app.store.redeem(wanted, app.clock.now()).await {
        // It may have been taken out of the file, or put under another name, since.
        Ok(Ok(redeemed)) if redeemed.ticket.client != client.id => Err(Failure::Ticket),
        Ok(Ok(redeemed)) => Ok((client, redeemed)),
        Ok(Err(NotRedeemed::Ticket | NotRedeemed::Renew)) => Err(Failure::Ticket),
        Ok(Err(NotRedeemed::Kind)) => Err(Failure::Kind),
        Ok(Err(NotRedeemed::Service)) => Err(Failure::Service),
        Err(error) => {
            tracing::error!(%error, "a ticket could not be redeemed");
            Err(Failure::Internal)
        }
    }
}

fn user(client: &Client, redeemed: &Redeemed) -> String {
    match client.cas.as_ref().map(|cas| cas.user) {
        Some(UserName::Email) => redeemed.account.email.as_str().to_owned(),
        _ => redeemed.subject.clone(),
    }
}

/// The services through which a ticket came, the last one first. A ticket keeps the text of its
/// chain after its address.
fn chain(ticket: &NewTicket) -> Vec<String> {
    Proxied::read(&ticket.proved).map_or_else(Vec::new, |proxied| proxied.via)
}

/// How a person signed in, with the services through which a ticket came.
#[derive(serde::Serialize, Deserialize)]
struct Proxied {
    #[serde(flatten)]
    proved: ProvedBy,
    #[serde(default)]
    via: Vec<String>,
}

impl Proxied {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Gives a service a ticket with which it asks for more, at its callback (section 2.5.4); what
/// the answer says is only a name of it.
async fn grant(
    app: &App,
    client: &Client,
    redeemed: &Redeemed,
    callback: &str,
) -> Result<String, Failure> {
    let mut callbacks = client.cas.iter().flat_map(|cas| &cas.callbacks);
    if !callbacks.any(|address| address.covers(callback)) {
        return Err(Failure::Callback);
    }
    let failed = |error: TicketError| {
        tracing::error!(%error, "no ticket could be given to a service");
        Failure::Internal
    };
    let (text, hash) = secret("PGT-").map_err(|error| failed(error.into()))?;
    let (name, _) = secret("PGTIOU-").map_err(|error| failed(error.into()))?;
    let mut proxied = Proxied::read(&redeemed.ticket.proved).ok_or(Failure::Internal)?;
    proxied.via.insert(0, callback.to_owned());
    // Nobody types anything for a ticket that a service asks for.
    proxied.proved.new = false;
    let now = app.clock.now();
    let ticket = NewTicket {
        hash,
        kind: TicketKind::Granting,
        client: client.id.clone(),
        service: callback.to_owned(),
        account: redeemed.ticket.account,
        session: redeemed.ticket.session,
        proved: proxied.text(),
        created_at: now,
        expires_at: now + policy::SESSION_SECONDS,
    };
    // It is worth something before it is known to have arrived, so that whoever gets it first does
    // not come too early; nobody else gets it.
    let given = app.store.grant_proxying(ticket).await;
    match given.map_err(|error| failed(error.into()))? {
        true => {}
        false => return Err(Failure::Ticket),
    }
    let at = clients::with(callback, "pgtId", &text);
    let at = clients::with(&at, "pgtIou", &name);
    match app.outgoing.get(&at, client.private_network).await {
        Ok(200..=299) => Ok(name),
        Ok(status) => {
            tracing::warn!(client = client.id, status, "a callback refused its ticket");
            Err(Failure::Callback)
        }
        Err(why) => {
            tracing::warn!(client = client.id, why, "a callback was not reached");
            Err(Failure::Callback)
        }
    }
}

/// What is asked for another service (section 2.7.1).
#[derive(Debug, Default, Deserialize)]
struct ProxyAsked {
    pgt: Option<String>,
    #[serde(rename = "targetService")]
    target: Option<String>,
    format: Option<String>,
}

/// `/cas/proxy`.
async fn proxy(
    State(app): State<Arc<App>>,
    asked: Result<Query<ProxyAsked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return answer::not_proxied(Failure::Request);
    };
    let (Some(granting), Some(target)) = (asked.pgt, asked.target) else {
        return answer::not_proxied(Failure::Request);
    };
    match proxy_ticket(&app, &granting, target).await {
        Ok(ticket) => answer::proxied(&ticket, asked.format.as_deref() == Some("JSON")),
        Err(failure) => answer::not_proxied(failure),
    }
}

async fn proxy_ticket(app: &App, granting: &str, target: String) -> Result<String, Failure> {
    let failed = |error: TicketError| {
        tracing::error!(%error, "no proxy ticket could be given");
        Failure::Internal
    };
    let now = app.clock.now();
    let found = app.store.granting(hash(granting), now).await;
    let granting = found.map_err(|error| failed(error.into()))?;
    let granting = granting.ok_or(Failure::Ticket)?;
    let registered = app.clients.now();
    // Of both entries as they are now: a ticket outlives neither.
    let from = registered.of(&granting.client).ok_or(Failure::Ticket)?;
    let to = registered
        .by_service(&target)
        .ok_or(Failure::Unauthorized)?;
    let may = to.cas.iter().any(|cas| cas.proxies.contains(&from.id));
    if !may || (to.staff_only && !is_staff(app, &granting).await?) {
        return Err(Failure::Unauthorized);
    }
    let proved = ProvedBy::read(&granting.proved).ok_or(Failure::Internal)?;
    if proved.level() < to.least {
        return Err(Failure::Unauthorized);
    }
    let (text, hash) = secret("PT-").map_err(|error| failed(error.into()))?;
    let ticket = NewTicket {
        hash,
        kind: TicketKind::Proxy,
        client: to.id.clone(),
        service: target,
        created_at: now,
        expires_at: now + policy::TICKET_SECONDS,
        ..granting
    };
    let known = subject(app, &to.sector, ticket.account);
    let given = app.store.proxy(ticket, known).await;
    match given.map_err(|error| failed(error.into()))? {
        true => Ok(text),
        false => Err(Failure::Ticket),
    }
}

async fn is_staff(app: &App, ticket: &NewTicket) -> Result<bool, Failure> {
    let account = app.store.account(ticket.account).await;
    let account = account.map_err(|_| Failure::Internal)?;
    Ok(account.is_some_and(|account| account.kind == AccountKind::Staff))
}
