//! Accounts and requests in words and as JSON.

use countersign::{
    AccountState, AccountSummary, OnlineTransaction, PendingRequest, RequestDetails, Subject, Time,
    purpose_name, quoted,
};
use serde_json::{Value, json};

use crate::out::table;
use crate::text::{moment, plural, rfc3339, safe, stamp};

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
        "recovery_ends_at": account.recovery_ends_at.and_then(rfc3339),
        "created_at": rfc3339(account.created_at),
    })
}

/// `“anna@example.eu” at “Example” (sign.example.eu)`, and the person's own name for it where that
/// is another.
pub(crate) fn account_words(account: &AccountSummary) -> String {
    let own = if account.name == account.account_label {
        String::new()
    } else {
        format!("{}: ", name(&account.name))
    };
    format!(
        "{own}{} at {} ({})",
        name(&account.account_label),
        name(&account.app_name),
        safe(&account.host)
    )
}

/// A warning where somebody began to recover the account: it may be a stranger who reads the
/// person's mail.
pub(crate) fn recovery_words(account: &AccountSummary) -> Option<String> {
    let at = account.recovery_ends_at?;
    let host = &account.host;
    let from = stamp(at);
    Some(format!(
        "Somebody began to recover this account at {host} and can take it over from {from} on. If it was not you, sign in there with this phone, which ends the recovery."
    ))
}

/// `4 tries left`, where the service has reported it.
pub(crate) fn tries_words(account: &AccountSummary) -> String {
    match (account.tries_left, account.tries_left_in_epoch) {
        (Some(row), Some(epoch)) => {
            let left = row.min(epoch);
            format!("{left} PIN {} left", plural(left.into(), "try"))
        }
        _ => String::new(),
    }
}

/// A request's details as JSON.
pub(crate) fn asked(asked: &RequestDetails) -> Value {
    json!({
        "application": asked.app_name,
        "host": asked.host,
        "purpose": purpose_name(asked.purpose),
        "subject": asked.subject.as_ref().map(subject),
        "client": asked.client,
        "binding_message": asked.binding,
        "transaction": asked.transaction.as_ref().map(transaction),
        "browser": format!("{:?}", asked.browser),
        "system": format!("{:?}", asked.system),
        "place": asked.place,
        "issued_at": rfc3339(asked.issued_at),
        "expires_at": rfc3339(asked.expires_at),
    })
}

fn subject(subject: &Subject) -> Value {
    let kind = match subject {
        Subject::Device { .. } => "device",
        Subject::Address(_) => "address",
        Subject::Factor(_) => "factor",
        Subject::Account(_) => "account",
    };
    let device = subject.device().map(|dev| dev.to_string());
    json!({ "kind": kind, "text": subject.text(), "device": device })
}

fn transaction(transaction: &OnlineTransaction) -> Value {
    let pairs = transaction.pairs.iter();
    json!({
        "title": transaction.title,
        "pairs": pairs.map(|pair| json!({ "label": pair.label, "value": pair.value })).collect::<Vec<_>>(),
    })
}

/// A name from outside in quotation marks that it can't end, with nothing that a terminal obeys.
pub(crate) fn name(text: &str) -> String {
    safe(&quoted(text))
}

/// A request as JSON.
pub(crate) fn request(request: &PendingRequest) -> Value {
    let mut value = asked(&request.details);
    if let Value::Object(all) = &mut value {
        all.insert("id".to_owned(), request.id.to_string().into());
        all.insert("account".to_owned(), account(&request.account));
        all.insert("number_asked".to_owned(), request.number_asked.into());
    }
    value
}

/// A request's details, each on a line of its own.
pub(crate) fn asked_rows(asked: &RequestDetails, account: &AccountSummary) -> Vec<Vec<String>> {
    let now = now();
    let row = |label: &str, value: String| vec![format!("  {label}"), value];
    let parts = asked.rows().into_iter();
    let mut rows: Vec<_> = parts
        .map(|part| row(&safe(&part.label), safe(&part.value)))
        .collect();
    rows.extend([
        row("account", account_words(account)),
        row("when", moment(asked.issued_at, now)),
        row("expires", moment(asked.expires_at, now)),
    ]);
    rows
}

/// A request in words.
pub(crate) fn request_words(request: &PendingRequest) -> String {
    let id = request.id.to_string();
    let mut rows = asked_rows(&request.details, &request.account);
    rows.push(vec![
        "  id".to_owned(),
        id.get(..8).unwrap_or(&id).to_owned(),
    ]);
    table(&rows)
}
