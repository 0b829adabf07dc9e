//! The apps that may open this service's links by themselves, and where people get them. Without a
//! statement of the service Android and iOS show a page instead of the app.

use std::str::FromStr;

use reqwest::Url;
use serde_json::{Value, json};

/// The paths of links and QR codes, which the app opens (PROTOCOL.md, section 4).
const PATHS: &str = "/Q/*";
/// The longest package name or bundle identifier, in bytes.
const LONGEST_NAME: usize = 155;
/// The longest address of a page in a store, in bytes.
const LONGEST_LINK: usize = 500;

/// The apps of a service.
#[derive(Debug, Clone, Default)]
pub struct Apps {
    /// Those on Android.
    pub android: Vec<AndroidApp>,
    /// Those on iOS.
    pub ios: Vec<IosApp>,
    /// Where people get the app for Android.
    pub android_store: Option<StoreLink>,
    /// Where people get the app for iOS.
    pub ios_store: Option<StoreLink>,
}

/// An app on Android: its package, and the SHA-256 fingerprint of the certificate that signs it.
/// Written `eu.example.sign=AB:CD:…`, the fingerprint as `keytool` and `apksigner` print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndroidApp {
    package: String,
    fingerprint: String,
}

/// An app on iOS: the identifier of the team that signs it, and its bundle identifier. Written
/// `A1B2C3D4E5.eu.example.sign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IosApp(String);

/// The page of the app in a store: an `https:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreLink(String);

/// Why an app or its page in a store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadApp {
    /// No package with a fingerprint.
    #[error(
        "{0:?} names no Android app: write its package, =, and the SHA-256 fingerprint of its \
         certificate, 32 bytes as in eu.example.sign=AB:CD:…, which apksigner and keytool print"
    )]
    Android(String),
    /// No team with a bundle.
    #[error(
        "{0:?} names no iOS app: write the ten characters of its team, a dot, and its bundle \
         identifier, as in A1B2C3D4E5.eu.example.sign"
    )]
    Ios(String),
    /// No address.
    #[error("{0:?} is no page in a store: give a whole address that begins with https://")]
    Store(String),
}

impl FromStr for AndroidApp {
    type Err = BadApp;

    fn from_str(text: &str) -> Result<Self, BadApp> {
        let parse = || {
            let (package, fingerprint) = text.split_once('=')?;
            let segment = |part: &str| {
                part.starts_with(|c: char| c.is_ascii_alphabetic())
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            let fits = package.len() <= LONGEST_NAME
                && package.contains('.')
                && package.split('.').all(segment);
            let byte = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
            let bytes = fingerprint.split(':');
            let whole = bytes.clone().count() == 32 && bytes.into_iter().all(byte);
            (fits && whole).then(|| Self {
                package: package.to_owned(),
                fingerprint: fingerprint.to_ascii_uppercase(),
            })
        };
        parse().ok_or_else(|| BadApp::Android(text.to_owned()))
    }
}

impl FromStr for IosApp {
    type Err = BadApp;

    fn from_str(text: &str) -> Result<Self, BadApp> {
        let parse = || {
            let (team, bundle) = text.split_once('.')?;
            let of_team = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            let segment = |part: &str| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            };
            let fits = team.len() == 10
                && team.chars().all(of_team)
                && bundle.len() <= LONGEST_NAME
                && bundle.split('.').all(segment);
            fits.then(|| Self(text.to_owned()))
        };
        parse().ok_or_else(|| BadApp::Ios(text.to_owned()))
    }
}

impl FromStr for StoreLink {
    type Err = BadApp;

    fn from_str(text: &str) -> Result<Self, BadApp> {
        let fits = text.len() <= LONGEST_LINK
            && text.chars().all(|c| c.is_ascii_graphic())
            && Url::parse(text).is_ok_and(|url| {
                url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
            });
        fits.then(|| Self(text.to_owned()))
            .ok_or_else(|| BadApp::Store(text.to_owned()))
    }
}

impl Apps {
    /// `/.well-known/assetlinks.json` (Digital Asset Links): one statement for each package, with
    /// all its fingerprints. `None` without an app.
    pub(crate) fn asset_links(&self) -> Option<Value> {
        let mut packages: Vec<(&str, Vec<&str>)> = Vec::new();
        for AndroidApp {
            package,
            fingerprint,
        } in &self.android
        {
            match packages.iter_mut().find(|(known, _)| known == package) {
                Some((_, fingerprints)) => fingerprints.push(fingerprint),
                None => packages.push((package, vec![fingerprint])),
            }
        }
        let statement = |(package, fingerprints)| {
            json!({
                "relation": ["delegate_permission/common.handle_all_urls"],
                "target": {
                    "namespace": "android_app",
                    "package_name": package,
                    "sha256_cert_fingerprints": fingerprints,
                },
            })
        };
        let all: Vec<_> = packages.into_iter().map(statement).collect();
        (!all.is_empty()).then_some(Value::Array(all))
    }

    /// Where people get the apps: the name of each system with its page.
    pub(crate) fn stores(&self) -> Vec<(&'static str, &str)> {
        let stores = [("android", &self.android_store), ("ios", &self.ios_store)];
        let mut found = Vec::new();
        for (system, store) in stores {
            found.extend(store.iter().map(|store| (system, store.0.as_str())));
        }
        found
    }

    /// `/.well-known/apple-app-site-association`: which of our addresses the apps open. `None`
    /// without an app.
    pub(crate) fn site_association(&self) -> Option<Value> {
        let apps: Vec<_> = self.ios.iter().map(|app| app.0.as_str()).collect();
        (!apps.is_empty()).then(|| {
            json!({
                "applinks": {
                    "details": [{ "appIDs": apps, "components": [{ "/": PATHS }] }],
                },
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: &str = "14:6d:e9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:\
                         16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5";

    #[test]
    fn apps_and_stores_are_read_strictly_and_refused_in_words() {
        let app: AndroidApp = format!("eu.example.sign_2={PRINT}").parse().unwrap();
        assert_eq!(app.fingerprint, PRINT.to_uppercase());
        for bad in [
            "".to_owned(),
            "eu.example.sign".into(),
            format!("sign={PRINT}"),
            format!("eu..sign={PRINT}"),
            format!("eu.2example={PRINT}"),
            format!("eu.example.sign=\"{PRINT}"),
            format!("eu.example.sign={PRINT}:00"),
            format!("eu.example.sign={}", PRINT.replace(':', "")),
            format!("eu.example.sign={}", PRINT.replace("14", "1g")),
            format!("{}.a={PRINT}", "a".repeat(LONGEST_NAME)),
        ] {
            let error = bad.parse::<AndroidApp>().unwrap_err().to_string();
            assert!(error.contains("apksigner"), "{bad}");
        }
        assert!("A1B2C3D4E5.eu.example.sign-in".parse::<IosApp>().is_ok());
        for bad in [
            "",
            "eu.example.sign",
            "A1B2C3D4E5",
            "A1B2C3D4E5.",
            "A1B2C3D4E5.eu..sign",
            "a1b2c3d4e5.eu.example.sign",
            "A1B2C3D4E5.eu.example/sign",
            "A1B2C3D4E5.*",
        ] {
            assert!(bad.parse::<IosApp>().is_err(), "{bad}");
        }
        let play = "https://play.google.com/store/apps/details?id=eu.example.sign";
        assert!(play.parse::<StoreLink>().is_ok());
        for bad in [
            "",
            "play.google.com/store",
            "http://play.google.com/",
            "javascript:alert(1)",
            "market://details?id=eu.example.sign",
            "https://",
            "https://a:b@example.eu/",
            "https://example.eu/a b",
            "https://example.eu/\u{101}",
        ] {
            assert!(bad.parse::<StoreLink>().is_err(), "{bad}");
        }
    }
}
