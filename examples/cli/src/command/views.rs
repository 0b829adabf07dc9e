//! What accounts and requests look like, in words and as JSON.

use countersign::{AccountState, AccountSummary, Asked, PendingRequest, Time, purpose_name};
use serde_json::{Value, json};

use crate::out::table;
use crate::text::{moment, plural, rfc3339, safe};

/// The computer's time.
pub(crate) fn now() -> Time {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub(crate) fn state_name(state: AccountState) -> &'static str {
    match state {
        AccountState::Unfinished => "unfinished",
        AccountState::Active => "active",
        AccountState::Blocked => "blocked",
        AccountState::NewPinNeeded => "new-pin-needed",
        AccountState::Suspended => "suspended",
    }
}

/// An account as JSON.
pub(crate) fn account(account: &AccountSummary) -> Value {
    json!({
        "number": account.number.0,
        "name": account.name,
        "application": account.app_name,
        "host": account.host,
        "account": account.account_label,
        "device": account.device_name,
        "state": state_name(account.state),
        "biometrics": account.biometrics,
        "change_unfinished": account.change_unfinished,
        "advice": account.advice(),
        "tries_left": account.tries_left,
        "tries_left_in_epoch": account.tries_left_in_epoch,
        "created_at": rfc3339(account.created_at),
    })
}

/// `anna@example.eu at Example (sign.example.eu)`, and the person's own name for it where that is another.
pub(crate) fn account_words(account: &AccountSummary) -> String {
    let own = if account.name == account.account_label {
        String::new()
    } else {
        format!("{}: ", safe(&account.name))
    };
    format!(
        "{own}{} at {} ({})",
        safe(&account.account_label),
        safe(&account.app_name),
        safe(&account.host)
    )
}

/// `4 tries left`, where the service has told.
pub(crate) fn tries_words(account: &AccountSummary) -> String {
    match (account.tries_left, account.tries_left_in_epoch) {
        (Some(row), Some(epoch)) => {
            let left = row.min(epoch);
            format!("{left} PIN {} left", plural(left.into(), "try"))
        }
        _ => String::new(),
    }
}

/// Who asks, for what, from where and when, as JSON.
pub(crate) fn asked(asked: &Asked) -> Value {
    json!({
        "application": asked.app_name,
        "host": asked.host,
        "purpose": purpose_name(asked.purpose),
        "browser": format!("{:?}", asked.browser),
        "system": format!("{:?}", asked.system),
        "place": asked.place,
        "issued_at": rfc3339(asked.issued_at),
        "expires_at": rfc3339(asked.expires_at),
    })
}

/// A request as JSON.
pub(crate) fn request(request: &PendingRequest) -> Value {
    let mut value = asked(&request.asked);
    if let Value::Object(all) = &mut value {
        all.insert("id".to_owned(), request.id.to_string().into());
        all.insert("account".to_owned(), account(&request.account));
        all.insert("number_asked".to_owned(), request.number_asked.into());
    }
    value
}

/// Who asks, for what, from where and when, each on a line of its own.
pub(crate) fn asked_rows(asked: &Asked, account: &AccountSummary) -> Vec<Vec<String>> {
    let words = asked.to_string();
    // The sentence begins with the purpose, which has no comma, and goes on with browser, system and place.
    let origin = match words.split_once(", ") {
        Some((_, from)) if asked.place.is_some() => safe(from),
        Some((_, from)) => format!("{}, place not known", safe(from)),
        None => "not known".to_owned(),
    };
    let now = now();
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    vec![
        row(
            "who",
            format!("{} ({})", safe(&asked.app_name), safe(&asked.host)),
        ),
        row("what for", purpose_name(asked.purpose).to_owned()),
        row("account", account_words(account)),
        row("from", origin),
        row("when", moment(asked.issued_at, now)),
        row("expires", moment(asked.expires_at, now)),
    ]
}

/// A request in words.
pub(crate) fn request_words(request: &PendingRequest) -> String {
    let id = request.id.to_string();
    let mut rows = asked_rows(&request.asked, &request.account);
    rows.push(vec![
        "  id".to_owned(),
        id.get(..8).unwrap_or(&id).to_owned(),
    ]);
    table(&rows)
}
