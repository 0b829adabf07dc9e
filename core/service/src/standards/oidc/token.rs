//! `/oidc/token` and `/oidc/revoke`: what services exchange and revoke, once they have shown which
//! service they are (RFC 6749, RFC 7009, RFC 7523; OpenID Connect Core 1.0, section 9).

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{jose, person};
use crate::{
    app::App,
    clients::{Auth, Client, Oidc},
    policy,
    standards::{hash, secret},
    store::{Exchanging, NewTokens, NotExchanged, TokenKind},
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/oidc/token", post(exchange))
        .route("/oidc/revoke", post(revoke))
}

/// How long an assertion of a service may hold, in seconds.
const ASSERTION_SECONDS: u64 = 600;
/// How far a service's clock may be ahead of ours, in seconds.
const AHEAD_SECONDS: u64 = 60;
/// The kind of assertion that is taken (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a service brings.
#[derive(Debug, Default, Deserialize)]
struct Brought {
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    token: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
}

/// Why nothing is given: an error of RFC 6749, section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused(&'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0 {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = (status, Json(json!({ "error": self.0 }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Basic realm=\"token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}

/// Name and secret of a `Basic` header. Both are encoded as in forms (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    Some((decoded(id)?, decoded(secret)?))
}

/// The service that a request shows itself to be, by the one way that its entry names.
async fn authenticated(
    app: &App,
    headers: &HeaderMap,
    brought: &Brought,
) -> Result<Arc<Client>, Refused> {
    const UNKNOWN: Refused = Refused("invalid_client");
    let header = headers.contains_key(header::AUTHORIZATION);
    let ways = [
        header,
        brought.client_secret.is_some(),
        brought.client_assertion.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        return Err(Refused("invalid_request"));
    }
    let by_header = basic(headers);
    if header && by_header.is_none() {
        return Err(UNKNOWN);
    }
    let asserted = brought.client_assertion.as_deref();
    let id = match (&by_header, asserted) {
        (Some((id, _)), _) => Some(id.clone()),
        (None, Some(assertion)) => issuer(assertion).or_else(|| brought.client_id.clone()),
        (None, None) => brought.client_id.clone(),
    };
    let id = id.ok_or(UNKNOWN)?;
    if brought.client_id.as_ref().is_some_and(|named| *named != id) {
        return Err(UNKNOWN);
    }
    let client = app.clients.now().of(&id).ok_or(UNKNOWN)?;
    let oidc = client.oidc.as_ref().ok_or(UNKNOWN)?;
    let known = |hashes: &[[u8; 32]], secret: &str| {
        let own = hash(secret);
        let mut same = subtle::Choice::from(0);
        for known in hashes {
            same |= known.ct_eq(&own);
        }
        bool::from(same)
    };
    let fits = match (&oidc.auth, &by_header, &brought.client_secret, asserted) {
        (Auth::Public, None, None, None) => true,
        (Auth::Basic(hashes), Some((_, secret)), None, None)
        | (Auth::Post(hashes), None, Some(secret), None) => known(hashes, secret),
        (Auth::Keys(keys), None, None, Some(assertion)) => {
            brought.client_assertion_type.as_deref() == Some(JWT_BEARER)
                && asserts(app, &client.id, keys, assertion).await?
        }
        _ => false,
    };
    if fits { Ok(client) } else { Err(UNKNOWN) }
}

/// The service that an assertion names, before it is verified.
fn issuer(assertion: &str) -> Option<String> {
    let claims = jose::unverified(assertion)?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

/// Whether an assertion is the service's own, for us, in time, and was not used (RFC 7523, section
/// 3).
async fn asserts(
    app: &App,
    id: &str,
    keys: &[crate::keys::token::PublicJwk],
    assertion: &str,
) -> Result<bool, Refused> {
    let Some(claims) = jose::of_client(keys, assertion) else {
        return Ok(false);
    };
    let origin = app.origin.as_str();
    let endpoint = format!("{origin}/oidc/token");
    let ours = |aud: &Value| *aud == *origin || *aud == *endpoint;
    let audience = match &claims["aud"] {
        Value::Array(all) => all.len() == 1 && all.iter().all(ours),
        one => ours(one),
    };
    let now = app.clock.now();
    let name = claims["jti"].as_str().filter(|name| !name.is_empty());
    let (Some(until), Some(name)) = (claims["exp"].as_u64(), name) else {
        return Ok(false);
    };
    // Those that are there have to be times, and not of the future.
    let begun = ["iat", "nbf"].iter().all(|name| match &claims[*name] {
        Value::Null => true,
        at => at.as_u64().is_some_and(|at| at <= now + AHEAD_SECONDS),
    });
    let in_time = begun && now < until && until <= now + ASSERTION_SECONDS + AHEAD_SECONDS;
    if claims["iss"] != *id || claims["sub"] != *id || !audience || !in_time {
        return Ok(false);
    }
    let used = hash(&format!("{id} {name}"));
    let spent = app.store.spend_assertion(used, until).await;
    spent.map_err(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(%error, "a service could not be answered");
    Refused("server_error")
}

type Body = Result<Form<Brought>, FormRejection>;

/// `POST /oidc/token`.
async fn exchange(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    match exchanged(&app, &headers, body).await {
        Ok(given) => {
            let mut response = Json(given).into_response();
            let none = HeaderValue::from_static("no-store");
            response.headers_mut().insert(header::CACHE_CONTROL, none);
            response
        }
        Err(refused) => refused.into_response(),
    }
}

async fn exchanged(app: &App, headers: &HeaderMap, body: Body) -> Result<Value, Refused> {
    let Form(brought) = body.map_err(|_| Refused("invalid_request"))?;
    let client = authenticated(app, headers, &brought).await?;
    let oidc = client.oidc.as_ref().ok_or(Refused("invalid_client"))?;
    let missing = Refused("invalid_request");
    let (kind, text) = match brought.grant_type.as_deref() {
        Some("authorization_code") => (TokenKind::Code, brought.code.as_deref()),
        Some("refresh_token") => (TokenKind::Refresh, brought.refresh_token.as_deref()),
        Some(_) => return Err(Refused("unsupported_grant_type")),
        None => return Err(missing),
    };
    let text = text.ok_or(missing)?;
    let challenge = match brought.code_verifier.as_deref() {
        Some(verifier) => Some(jose::challenge(verifier).ok_or(Refused("invalid_grant"))?),
        None => None,
    };
    let (texts, new) = tokens(app, oidc).map_err(|error| failed(&error))?;
    let wanted = Exchanging {
        hash: hash(text),
        kind,
        client: client.id.clone(),
        address: brought.redirect_uri.clone(),
        challenge,
        new,
        sector: client.sector.clone(),
    };
    let done = app.store.exchange(wanted, app.clock.now()).await;
    let granted = match done.map_err(|error| failed(&error))? {
        Ok(granted) => granted,
        Err(NotExchanged::Unknown) => return Err(Refused("invalid_grant")),
        Err(NotExchanged::Twice) => {
            tracing::warn!(
                client = client.id,
                "a code or refresh token came twice: revoked"
            );
            return Err(Refused("invalid_grant"));
        }
    };
    // A nonce is for the answer to the request that brought it.
    let nonce = granted
        .grant
        .nonce
        .as_deref()
        .filter(|_| kind == TokenKind::Code);
    let id_token = person::id_token(app, &client, oidc, &granted, nonce);
    let mut given = json!({
        "access_token": texts.0, "token_type": "Bearer", "expires_in": policy::ACCESS_SECONDS,
        "scope": granted.grant.scope, "id_token": id_token.ok_or(Refused("server_error"))?,
    });
    if let Some(refresh) = texts.1 {
        given["refresh_token"] = refresh.into();
    }
    Ok(given)
}

/// The texts of new tokens, and what is kept of them.
fn tokens(
    app: &App,
    oidc: &Oidc,
) -> Result<((String, Option<String>), NewTokens), crate::base::random::NoRandomness> {
    let now = app.clock.now();
    let (access, access_hash) = secret("")?;
    let refresh = oidc.refresh.then(|| secret("")).transpose()?;
    let until = match oidc.offline {
        true => policy::REFRESH_SECONDS,
        false => policy::SESSION_SECONDS,
    };
    let new = NewTokens {
        access: (access_hash, now + policy::ACCESS_SECONDS),
        refresh: refresh.as_ref().map(|(_, hash)| (*hash, now + until)),
    };
    Ok(((access, refresh.map(|(text, _)| text)), new))
}

/// `POST /oidc/revoke` (RFC 7009). A token that is none of the service's is revoked already.
async fn revoke(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let Ok(Form(brought)) = body else {
        return Refused("invalid_request").into_response();
    };
    let client = match authenticated(&app, &headers, &brought).await {
        Ok(client) => client,
        Err(refused) => return refused.into_response(),
    };
    let Some(token) = brought.token else {
        return Refused("invalid_request").into_response();
    };
    match app.store.revoke(hash(&token), client.id.clone()).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => failed(&error).into_response(),
    }
}
