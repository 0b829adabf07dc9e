//! Which key of this service signs a token, and what a token that comes back says. The keys that
//! sign by ES256 follow the service's own; the operator gives those of RS256.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

pub(crate) use crate::keys::token::unverified;
use crate::{
    app::App,
    keys::token::{Algorithm, PublicJwk, TokenKey},
    standards::hash,
};

/// The kind of an ID token.
pub(super) const ID_TOKEN: &str = "JWT";

/// The key that signs by ES256 now.
fn current(app: &App) -> Option<TokenKey> {
    let kid = app.keys.now().kid(app.clock.now());
    TokenKey::es256(&app.root.token_key(&kid.0)?)
}

/// The keys that sign by ES256. Each of the service's own that is published has one, so that they
/// are published as long before they sign, and after.
fn es256(app: &App) -> Vec<TokenKey> {
    let listed = app.keys.now().list(app.clock.now());
    let own = listed.into_iter().filter(|key| key.signs);
    own.filter_map(|key| TokenKey::es256(&app.root.token_key(&key.kid.0)?))
        .collect()
}

/// Every key by which a token of this service is verified (RFC 7517).
pub(crate) fn published(app: &App) -> Value {
    let es256 = es256(app);
    let keys = es256.iter().chain(&app.rsa);
    let keys: Vec<_> = keys.filter_map(TokenKey::published).collect();
    json!({ "keys": keys })
}

/// A token with these claims, signed now; `None` where there is no key for the algorithm.
pub(crate) fn sign(app: &App, algorithm: Algorithm, kind: &str, claims: &Value) -> Option<String> {
    match algorithm {
        Algorithm::Es256 => current(app)?.sign(kind, claims),
        Algorithm::Rs256 => app.rsa.first()?.sign(kind, claims),
    }
}

/// The claims of an ID token of this service, whatever its time.
pub(crate) fn own(app: &App, token: &str) -> Option<Value> {
    let es256 = es256(app);
    let mut keys = es256.iter().chain(&app.rsa);
    let claims = keys.find_map(|key| key.read(ID_TOKEN, token))?;
    (claims["iss"] == app.origin.as_str()).then_some(claims)
}

/// The claims of what a service signed with one of its registered keys.
pub(crate) fn of_client(keys: &[PublicJwk], token: &str) -> Option<Value> {
    keys.iter().find_map(|key| key.read(token))
}

/// The challenge that a verifier meets by S256 (RFC 7636, section 4.6); `None`: it has a wrong
/// form.
pub(crate) fn challenge(verifier: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let fits = (43..=128).contains(&verifier.len()) && verifier.bytes().all(plain);
    fits.then(|| BASE64.encode(hash(verifier)))
}

/// Whether this can be a challenge by S256.
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43 && BASE64.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_meets_the_challenge_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let right = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier).unwrap(), right);
        assert!(is_challenge(right) && !is_challenge(verifier.split_at(42).0));
        for bad in [
            "",
            "short",
            &"x".repeat(129),
            &format!("{}=", "x".repeat(42)),
        ] {
            assert_eq!(challenge(bad), None, "{bad}");
        }
    }
}
