//! Who asks, for what, from where and when: what a person is shown before deciding.

use core::fmt;

use countersign_protocol::Time;
use countersign_protocol::challenge::{Browser, Challenge, Kind, Purpose, System};

/// What a challenge says of itself. The service signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The operation.
    pub purpose: Purpose,
    /// The name of the device that the operation is about, where it is about one: that is to be unblocked, or removed.
    pub subject: Option<String>,
    /// The browser that asked.
    pub browser: Browser,
    /// The system that it runs on.
    pub system: System,
    /// The country that the request came from (ISO 3166-1 alpha-2); `None` if it is not known.
    pub place: Option<String>,
    /// When it was asked, by the service's clock.
    pub issued_at: Time,
    /// From when on it can't be answered.
    pub expires_at: Time,
}

impl Asked {
    pub(crate) fn of(challenge: &Challenge, host: &str) -> Self {
        let place = challenge.context.place();
        Self {
            app_name: challenge.app_name.clone(),
            host: host.to_owned(),
            purpose: challenge.purpose,
            subject: match &challenge.kind {
                Kind::Approve {
                    subject: Some(subject),
                    ..
                } => Some(subject.name.clone()),
                _ => None,
            },
            browser: challenge.context.browser,
            system: challenge.context.system,
            place: (place != "ZZ").then(|| place.to_owned()),
            issued_at: challenge.issued_at,
            expires_at: challenge.expires_at(),
        }
    }
}

/// One line in English, for a history and a command line: `sign-in, Firefox on Linux, LV`.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.purpose, &self.subject) {
            (Purpose::Unblock, Some(name)) => write!(f, "setting a new PIN on “{name}”")?,
            (Purpose::Remove, Some(name)) => write!(f, "removing “{name}”")?,
            (purpose, _) => f.write_str(purpose_name(purpose))?,
        }
        match (browser_name(self.browser), system_name(self.system)) {
            (Some(browser), Some(system)) => write!(f, ", {browser} on {system}")?,
            (Some(one), None) | (None, Some(one)) => write!(f, ", {one}")?,
            (None, None) => (),
        }
        match &self.place {
            Some(place) => write!(f, ", {place}"),
            None => Ok(()),
        }
    }
}

/// What an operation is called, in English.
#[must_use]
pub fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::SignIn => "sign-in",
        Purpose::AddDevice => "adding a device",
        Purpose::ChangePin => "PIN change",
        Purpose::Unblock => "setting a new PIN",
        Purpose::Remove => "removing a factor",
        Purpose::ChangePassword => "password change",
        Purpose::Transaction => "transaction",
        Purpose::ChangeEmail => "e-mail change",
        Purpose::AddFactor => "adding a factor",
        Purpose::DeleteAccount => "deleting the account",
    }
}

fn browser_name(browser: Browser) -> Option<&'static str> {
    Some(match browser {
        Browser::Unknown => return None,
        Browser::Chrome => "Chrome",
        Browser::Firefox => "Firefox",
        Browser::Safari => "Safari",
        Browser::Edge => "Edge",
        Browser::Opera => "Opera",
        Browser::SamsungInternet => "Samsung Internet",
        Browser::Program => "a program",
    })
}

fn system_name(system: System) -> Option<&'static str> {
    Some(match system {
        System::Unknown => return None,
        System::Windows => "Windows",
        System::MacOs => "macOS",
        System::Linux => "Linux",
        System::Android => "Android",
        System::Ios => "iOS",
        System::ChromeOs => "ChromeOS",
    })
}
