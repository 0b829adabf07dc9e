//! What services are told of a person and of this service: ID tokens, userinfo, logout tokens, keys
//! and discovery.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    amr,
    claims::{self, Named},
    jose, sid,
};
use crate::{
    app::App,
    base::{hex, lang::Lang, random},
    clients::{Client, Oidc},
    policy,
    standards::{ProvedBy, hash},
    store::Granted,
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/oidc/userinfo", get(by_header).post(by_form))
}

/// What the grant's scopes and names and the service's entry release, by the names of section 5.1.
fn told(client: &Client, granted: &Granted) -> Value {
    let named = Named::read(&granted.grant.claims).userinfo;
    let mut told = json!({ "sub": granted.subject });
    claims::add(&mut told, client, &granted.account, |scope, name| {
        let mut scopes = granted.grant.scope.split(' ');
        scopes.any(|own| own == scope) || named.iter().any(|own| own == name)
    });
    told
}

/// The ID token of a grant (section 2).
pub(super) fn id_token(
    app: &App,
    client: &Client,
    oidc: &Oidc,
    granted: &Granted,
    nonce: Option<&str>,
) -> Option<String> {
    let now = app.clock.now();
    let proved = ProvedBy::read(&granted.grant.proved)?;
    let mut token = json!({
        "iss": app.origin.as_str(), "sub": granted.subject, "aud": client.id, "iat": now,
        "exp": now + policy::ID_TOKEN_SECONDS, "auth_time": proved.at,
        "acr": proved.level().name(), "amr": amr(proved.way),
        "sid": sid(app, &client.id, granted.grant.opened_by),
    });
    if let Some(nonce) = nonce {
        token["nonce"] = nonce.into();
    }
    let named = Named::read(&granted.grant.claims).id_token;
    claims::add(&mut token, client, &granted.account, |_, name| {
        named.iter().any(|own| own == name)
    });
    jose::sign(app, oidc.algorithm, jose::ID_TOKEN, &token)
}

/// What a service is told when a session ends (OpenID Connect Back-Channel Logout 1.0, section
/// 2.4).
pub(crate) fn logout_token(app: &App, client: &Client, sid: &str) -> Option<String> {
    let oidc = client.oidc.as_ref()?;
    let now = app.clock.now();
    let token = json!({
        "iss": app.origin.as_str(), "aud": client.id, "iat": now, "exp": now + 120,
        "jti": hex::encode(&random::bytes::<16>().ok()?), "sid": sid,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    jose::sign(app, oidc.algorithm, "logout+jwt", &token)
}

/// `GET /oidc/userinfo` (section 5.3).
async fn by_header(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    userinfo(&app, bearer(&headers)).await
}

#[derive(Default, Deserialize)]
struct Body {
    access_token: Option<String>,
}

/// `POST /oidc/userinfo`: the token in a header or in the body, and not in both (RFC 6750, section
/// 2).
async fn by_form(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Form<Body>, FormRejection>,
) -> Response {
    let in_body = body.ok().and_then(|Form(body)| body.access_token);
    let token = match (bearer(&headers), in_body) {
        (Some(_), Some(_)) => return StatusCode::BAD_REQUEST.into_response(),
        (header, body) => header.or(body),
    };
    userinfo(&app, token).await
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer");
    fits.then(|| token.trim().to_owned())
}

async fn userinfo(app: &App, token: Option<String>) -> Response {
    let refuse = |how: &'static str| {
        let how = [(header::WWW_AUTHENTICATE, HeaderValue::from_static(how))];
        (StatusCode::UNAUTHORIZED, how).into_response()
    };
    let Some(token) = token else {
        return refuse("Bearer");
    };
    let registered = app.clients.now();
    let sector = |id: &str| {
        let client = registered.of(id)?;
        client.oidc.as_ref()?;
        Some(client.sector.clone())
    };
    let found = app
        .store
        .granted(hash(&token), app.clock.now(), sector)
        .await;
    let granted = match found {
        Ok(Some(granted)) => granted,
        Ok(None) => return refuse("Bearer error=\"invalid_token\""),
        Err(error) => {
            tracing::error!(%error, "a service could not be answered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    match registered.of(&granted.grant.client) {
        Some(client) => Json(told(&client, &granted)).into_response(),
        None => refuse("Bearer error=\"invalid_token\""),
    }
}

/// `GET /oidc/keys`.
pub(super) async fn keys(State(app): State<Arc<App>>) -> Response {
    // New keys are published 30 days before they sign.
    let kept = [(header::CACHE_CONTROL, "public, max-age=300")];
    (kept, Json(jose::published(&app))).into_response()
}

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 3).
pub(super) async fn discovery(State(app): State<Arc<App>>) -> Response {
    let at = |path: &str| format!("{}{path}", app.origin);
    let mut algorithms = vec!["ES256"];
    if !app.rsa.is_empty() {
        algorithms.push("RS256");
    }
    let methods = [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ];
    let known = json!({
        "issuer": app.origin.as_str(),
        "authorization_endpoint": at("/oidc/authorize"),
        "token_endpoint": at("/oidc/token"),
        "userinfo_endpoint": at("/oidc/userinfo"),
        "revocation_endpoint": at("/oidc/revoke"),
        "end_session_endpoint": at("/oidc/logout"),
        "jwks_uri": at("/oidc/keys"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "acr_values_supported": ["BASIC", "MEDIUM", "HIGH"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "email",
            "email_verified", "name", "given_name", "family_name", "locale",
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "claims_parameter_supported": true,
        "ui_locales_supported": Lang::ALL.map(Lang::code),
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    Json(known).into_response()
}
