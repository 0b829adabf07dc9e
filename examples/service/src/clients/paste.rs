//! What to paste into common clients.

use super::{Add, Method, entry::quoted};

/// For clients of CAS; nothing where the service does not speak it.
pub(super) fn cas(add: &Add) -> String {
    if add.cas.is_empty() {
        return String::new();
    }
    let origin = add.origin.trim_end_matches('/');
    let logout = match add.single_logout {
        true => "\nCASSSOEnabled On",
        false => "",
    };
    format!(
        "# Apache, mod_auth_cas\n\
         CASVersion 2\n\
         CASLoginURL {origin}/cas/login\n\
         CASValidateURL {origin}/cas/p3/serviceValidate\n\
         CASCookiePath /var/cache/apache2/mod_auth_cas/{logout}\n\
         \n\
         # Django, django-cas-ng (settings.py)\n\
         CAS_SERVER_URL = \"{origin}/cas/\"\n\
         CAS_VERSION = \"3\"\n\
         \n\
         # Spring Security (application.properties, with cas-client-core)\n\
         cas.server-url-prefix={origin}/cas\n\
         cas.server-login-url={origin}/cas/login\n\
         \n\
         # Any other client of CAS 3.0\n\
         login {origin}/cas/login\n\
         validate {origin}/cas/p3/serviceValidate\n\
         logout {origin}/cas/logout\n\n"
    )
}

/// The values that the texts for OpenID Connect have in common.
struct Values<'a> {
    origin: &'a str,
    id: &'a str,
    secret: Option<&'a str>,
    back: &'a str,
    method: Method,
    algorithm: &'static str,
    pkce: bool,
}

/// For clients of OpenID Connect; nothing where the service does not speak it.
pub(super) fn oidc(add: &Add, secret: Option<&str>) -> String {
    let Some(back) = add.connect.oidc.first() else {
        return String::new();
    };
    let values = Values {
        origin: add.origin.trim_end_matches('/'),
        id: &add.id,
        secret,
        back,
        method: add.connect.method,
        algorithm: match add.connect.rs256 {
            true => "RS256",
            false => "ES256",
        },
        pkce: !add.connect.no_pkce,
    };
    let texts = [
        apache(&values),
        proxy(&values),
        django(&values),
        spring(&values),
        any(&values),
    ];
    texts.join("\n")
}

/// Lines of a name and a value; those without a value are left out.
fn lines<const N: usize>(title: &str, between: &str, all: [(&str, Option<String>); N]) -> String {
    let given = all
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}{between}{}\n", value.as_ref()?)));
    format!("# {title}\n{}", given.collect::<String>())
}

fn apache(values: &Values<'_>) -> String {
    let Values { origin, id, .. } = values;
    let known = format!("{origin}/.well-known/openid-configuration");
    let method = values.method.registered();
    lines(
        "Apache, mod_auth_openidc. The passphrase is yours to choose",
        " ",
        [
            ("OIDCProviderMetadataURL", Some(known)),
            ("OIDCClientID", Some((*id).to_owned())),
            ("OIDCClientSecret", values.secret.map(quoted)),
            ("OIDCProviderTokenEndpointAuth", Some(method.to_owned())),
            ("OIDCRedirectURI", Some(values.back.to_owned())),
            ("OIDCScope", Some(quoted("openid email profile"))),
            (
                "OIDCIDTokenSignedResponseAlg",
                Some(values.algorithm.to_owned()),
            ),
            ("OIDCPKCEMethod", values.pkce.then(|| "S256".to_owned())),
            ("OIDCCryptoPassphrase", Some("...".to_owned())),
        ],
    )
}

fn proxy(values: &Values<'_>) -> String {
    lines(
        "oauth2-proxy (oauth2-proxy.cfg)",
        " = ",
        [
            ("provider", Some(quoted("oidc"))),
            ("oidc_issuer_url", Some(quoted(values.origin))),
            ("client_id", Some(quoted(values.id))),
            ("client_secret", values.secret.map(quoted)),
            ("redirect_url", Some(quoted(values.back))),
            ("scope", Some(quoted("openid email profile"))),
            ("code_challenge_method", values.pkce.then(|| quoted("S256"))),
            ("email_domains", Some("[\"*\"]".to_owned())),
        ],
    )
}

fn django(values: &Values<'_>) -> String {
    let at = |path: &str| Some(quoted(&format!("{}/oidc/{path}", values.origin)));
    let is = |yes: bool| yes.then(|| "True".to_owned());
    lines(
        "Django, mozilla-django-oidc (settings.py)",
        " = ",
        [
            ("OIDC_RP_CLIENT_ID", Some(quoted(values.id))),
            ("OIDC_RP_CLIENT_SECRET", values.secret.map(quoted)),
            ("OIDC_RP_SIGN_ALGO", Some(quoted(values.algorithm))),
            ("OIDC_RP_SCOPES", Some(quoted("openid email profile"))),
            ("OIDC_OP_AUTHORIZATION_ENDPOINT", at("authorize")),
            ("OIDC_OP_TOKEN_ENDPOINT", at("token")),
            ("OIDC_OP_USER_ENDPOINT", at("userinfo")),
            ("OIDC_OP_JWKS_ENDPOINT", at("keys")),
            ("OIDC_USE_PKCE", is(values.pkce)),
            (
                "OIDC_PKCE_CODE_CHALLENGE_METHOD",
                values.pkce.then(|| quoted("S256")),
            ),
            (
                "OIDC_TOKEN_USE_BASIC_AUTH",
                is(values.method == Method::Basic),
            ),
        ],
    )
}

fn spring(values: &Values<'_>) -> String {
    let Values { origin, id, .. } = values;
    let of = |kind: &str, name: &str| format!("spring.security.oauth2.client.{kind}.{id}.{name}");
    let given = |text: &str| Some(text.to_owned());
    let names = [
        "client-id",
        "client-secret",
        "client-authentication-method",
        "authorization-grant-type",
        "redirect-uri",
        "scope",
    ]
    .map(|name| of("registration", name));
    let issuer = of("provider", "issuer-uri");
    let [own, secret, method, grant, back, scope] = &names;
    lines(
        "Spring Security (application.properties); ES256 and PKCE want a line each (docs/relying.md)",
        "=",
        [
            (own, given(id)),
            (secret, values.secret.map(str::to_owned)),
            (method, given(values.method.registered())),
            (grant, given("authorization_code")),
            (back, given(values.back)),
            (scope, given("openid,email,profile")),
            (&issuer, given(origin)),
        ],
    )
}

fn any(values: &Values<'_>) -> String {
    lines(
        "Any other client of OpenID Connect",
        " ",
        [
            ("issuer", Some(values.origin.to_owned())),
            ("client_id", Some(values.id.to_owned())),
            ("client_secret", values.secret.map(str::to_owned)),
            ("redirect_uri", Some(values.back.to_owned())),
            (
                "token_endpoint_auth_method",
                Some(values.method.registered().to_owned()),
            ),
            (
                "id_token_signed_response_alg",
                Some(values.algorithm.to_owned()),
            ),
        ],
    )
}
