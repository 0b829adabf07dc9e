//! The details of a request that a person sees before deciding: who asks, for what, from where and
//! when, each in a field of its own.

use core::fmt;

use countersign_protocol::Time;
use countersign_protocol::challenge::{Browser, Challenge, Kind, Pair, Purpose, Subject, System};

use crate::phone::account::quoted;

/// The details of a challenge. The service signed them. Names in it were chosen by people and
/// services: show each in a place of its own, or [`quoted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDetails {
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The operation.
    pub purpose: Purpose,
    /// The subject of the operation. Every purpose but a sign-in and a transaction has one.
    pub subject: Option<Subject>,
    /// The service behind this one for which the person signs in or approves, as this one calls it.
    pub client: Option<String>,
    /// A message to compare with the one shown where the person began.
    pub binding: Option<String>,
    /// The data of a transaction that arrived online: show them all before the PIN is asked.
    pub transaction: Option<OnlineTransaction>,
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

/// A part of what is asked, as [`RequestDetails::rows`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its label: words of this program, or the label of a pair in quotation marks.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// The transaction that an approval signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineTransaction {
    /// The title.
    pub title: String,
    /// 1 to 12 labels with their values, in order.
    pub pairs: Vec<Pair>,
}

impl RequestDetails {
    pub(crate) fn of(challenge: &Challenge, host: &str) -> Self {
        let place = challenge.context.place();
        Self {
            app_name: challenge.app_name.clone(),
            host: host.to_owned(),
            purpose: challenge.purpose,
            subject: challenge.subject.clone(),
            client: challenge.client.clone(),
            binding: challenge.binding.clone(),
            transaction: match &challenge.kind {
                Kind::Online { title, pairs, .. } => Some(OnlineTransaction {
                    title: title.clone(),
                    pairs: pairs.clone(),
                }),
                _ => None,
            },
            browser: challenge.context.browser,
            system: challenge.context.system,
            place: (place != "ZZ").then(|| place.to_owned()),
            issued_at: challenge.issued_at,
            expires_at: challenge.expires_at(),
        }
    }

    /// The rows to show a person who decides, in English, in order: one for each part but the
    /// times, which the app formats. Names stand in quotation marks, and so do the labels of a
    /// transaction: none can be taken for another row.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row = |label: &str, value: String| Row {
            label: label.to_owned(),
            value,
        };
        let who = format!("{} ({})", quoted(&self.app_name), self.host);
        let mut rows = vec![
            row("who", who),
            row("what for", purpose_name(self.purpose).to_owned()),
        ];
        if let Some(subject) = &self.subject {
            let about = format!("{} {}", subject_name(subject), quoted(subject.text()));
            rows.push(row("about", about));
        }
        if let Some(transaction) = &self.transaction {
            rows.push(row("sign", quoted(&transaction.title)));
            let pairs = transaction.pairs.iter();
            rows.extend(pairs.map(|pair| row(&quoted(&pair.label), quoted(&pair.value))));
        }
        let client = self.client.as_deref();
        rows.extend(client.map(|client| row("client", quoted(client))));
        let binding = self.binding.as_deref();
        rows.extend(binding.map(|text| row("message", quoted(text))));
        let origin = match self.origin() {
            Some(origin) if self.place.is_some() => origin,
            Some(origin) => format!("{origin}, place not known"),
            None => "not known".to_owned(),
        };
        rows.push(row("from", origin));
        rows
    }

    /// Where it came from, in English: `Firefox on Linux, LV`. Nothing in it was written by a
    /// person.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let program = match (browser_name(self.browser), system_name(self.system)) {
            (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
            (one, other) => one.or(other).map(str::to_owned),
        };
        match (program, &self.place) {
            (Some(program), Some(place)) => Some(format!("{program}, {place}")),
            (Some(program), None) => Some(program),
            (None, place) => place.clone(),
        }
    }
}

/// One line in English, for a history: `sign-in, Firefox on Linux, LV`. Show a person who decides
/// the fields instead.
impl fmt::Display for RequestDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(purpose_name(self.purpose))?;
        if let Some(subject) = &self.subject {
            write!(f, " {}", quoted(subject.text()))?;
        }
        if let Some(transaction) = &self.transaction {
            write!(f, " {}", quoted(&transaction.title))?;
        }
        if let Some(client) = &self.client {
            write!(f, " for {}", quoted(client))?;
        }
        match self.origin() {
            Some(origin) => write!(f, ", {origin}"),
            None => Ok(()),
        }
    }
}

/// The name of an operation, in English.
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
        Purpose::ExportData => "export of the account's data",
    }
}

/// The kind of a subject, in English, to be shown before its name.
#[must_use]
pub fn subject_name(subject: &Subject) -> &'static str {
    match subject {
        Subject::Device { .. } => "device",
        Subject::Address(_) => "new e-mail address",
        Subject::Factor(_) => "factor",
        Subject::Account(_) => "account",
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
