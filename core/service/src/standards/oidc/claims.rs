//! The parameter `claims` of a request (OpenID Connect Core 1.0, section 5.5): single claims, and a
//! level or a person that the ID token has to name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    clients::{self, Attribute, Client},
    policy::levels::Level,
    standards::released,
    store::Account,
};

/// The longest parameter, in bytes.
const LONGEST: usize = 4096;

/// The claims that a request names, besides those of its scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    /// For the ID token.
    pub(super) id_token: Vec<String>,
    /// For userinfo.
    pub(super) userinfo: Vec<String>,
}

impl Named {
    /// As a grant keeps it.
    pub(super) fn text(&self) -> String {
        // Two lists of texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What [`Named::text`] wrote.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// What the parameter asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) named: Named,
    /// The lowest of the levels that it names and this service has.
    pub(super) level: Option<Level>,
    /// It names levels, takes no others, and this service has none of them.
    pub(super) is_unmet: bool,
    /// The person who is meant, by what the sector knows them.
    pub(super) meant: Option<String>,
}

impl Claims {
    /// What the parameter says; `None`: it has a wrong form. Claims that this service does not know
    /// are left out, as section 5.5 asks.
    pub(super) fn read(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::default());
        };
        if text.len() > LONGEST {
            return None;
        }
        let asked: Map<String, Value> = serde_json::from_str(text).ok()?;
        let empty = Map::new();
        let of = |member: &str| match asked.get(member) {
            None | Some(Value::Null) => Some(&empty),
            Some(value) => value.as_object(),
        };
        let (id_token, userinfo) = (of("id_token")?, of("userinfo")?);
        let known = |member: &Map<String, Value>| {
            let known = Attribute::ALL.map(|attribute| claim(attribute).1);
            let known = known.into_iter().filter(|name| member.contains_key(*name));
            known.map(str::to_owned).collect()
        };
        let (level, is_unmet) = id_token.get("acr").map_or((None, false), levels);
        let meant = [id_token, userinfo].into_iter().find_map(|member| {
            let value = member.get("sub")?.get("value")?;
            Some(value.as_str().unwrap_or_default().to_owned())
        });
        Some(Self {
            named: Named {
                id_token: known(id_token),
                userinfo: known(userinfo),
            },
            level,
            is_unmet,
            meant,
        })
    }
}

/// The lowest level that a wish for `acr` names, and whether none of those that it needs is here.
fn levels(acr: &Value) -> (Option<Level>, bool) {
    let one = acr.get("value").into_iter();
    let several = acr.get("values").and_then(Value::as_array);
    let named: Vec<_> = one.chain(several.into_iter().flatten()).collect();
    let known = named
        .iter()
        .filter_map(|name| clients::level(name.as_str()?));
    let level = known.min();
    let needed = acr.get("essential") == Some(&Value::Bool(true)) && !named.is_empty();
    (level, needed && level.is_none())
}

/// The scope and the claim of an attribute (section 5.4).
const fn claim(attribute: Attribute) -> (&'static str, &'static str) {
    match attribute {
        Attribute::Email => ("email", "email"),
        Attribute::Name => ("profile", "name"),
        Attribute::FirstName => ("profile", "given_name"),
        Attribute::LastName => ("profile", "family_name"),
        Attribute::Language => ("profile", "locale"),
    }
}

/// Adds the claims that a service is told: those that its entry releases, and that a scope or name
/// asks for.
pub(super) fn add(
    claims: &mut Value,
    client: &Client,
    account: &Account,
    asks: impl Fn(&str, &str) -> bool,
) {
    for attribute in &client.released {
        let (scope, name) = claim(*attribute);
        let Some(value) = released(account, *attribute).filter(|_| asks(scope, name)) else {
            continue;
        };
        claims[name] = value.into();
        if *attribute == Attribute::Email {
            // Its owner confirmed it: no account has another.
            claims["email_verified"] = true.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_claims_are_named_and_others_left_out() {
        let text = r#"{
            "userinfo": { "name": { "essential": true }, "email": null, "picture": null },
            "id_token": { "email": null, "acr": { "values": ["x", "high", "MEDIUM"] } },
            "other": 1
        }"#;
        let claims = Claims::read(Some(text)).unwrap();
        assert_eq!(claims.named.userinfo, ["email", "name"]);
        assert_eq!(claims.named.id_token, ["email"]);
        assert_eq!(
            (claims.level, claims.is_unmet),
            (Some(Level::Medium), false)
        );
        assert_eq!(Named::read(&claims.named.text()), claims.named);
        assert_eq!(Claims::read(None), Some(Claims::default()));
    }

    #[test]
    fn a_level_that_is_needed_and_not_here_is_unmet() {
        for (acr, is_unmet) in [
            (r#"{"essential":true,"values":["urn:x"]}"#, true),
            (r#"{"essential":true,"value":"urn:x"}"#, true),
            (r#"{"essential":true,"values":["urn:x","BASIC"]}"#, false),
            (r#"{"essential":true}"#, false),
            (r#"{"values":["urn:x"]}"#, false),
            ("null", false),
        ] {
            let text = format!(r#"{{"id_token":{{"acr":{acr}}}}}"#);
            assert_eq!(
                Claims::read(Some(&text)).unwrap().is_unmet,
                is_unmet,
                "{acr}"
            );
        }
    }

    #[test]
    fn what_is_no_object_of_objects_is_refused() {
        for bad in [
            "",
            "x",
            "[]",
            "1",
            r#"{"userinfo":[]}"#,
            r#"{"id_token":"x"}"#,
        ] {
            assert_eq!(Claims::read(Some(bad)), None, "{bad}");
        }
        assert_eq!(Claims::read(Some(&"[".repeat(4000))), None);
        let long = format!("{{{}}}", " ".repeat(LONGEST));
        assert_eq!(Claims::read(Some(&long)), None);
    }
}
