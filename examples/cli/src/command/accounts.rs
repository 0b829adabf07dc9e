//! `accounts`, `history`, `rename`, `remove`.

use countersign::{AccountState, Authenticator};
use serde_json::{Value, json};

use super::phone::{find, none_yet};
use super::views;
use crate::args::{History, Remove, Rename};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, table};
use crate::prompt;
use crate::text::{rfc3339, safe, stamp, wrapped};

/// Every account, and how it stands as last reported by its service.
pub(crate) fn accounts(phone: &Authenticator, out: Out) -> Outcome {
    let accounts = phone.accounts()?;
    if accounts.is_empty() {
        out.json_only(|| json!([]));
        return Err(none_yet().said());
    }
    out.result(
        || Value::Array(accounts.iter().map(views::account).collect()),
        || {
            let all = accounts.iter().map(|account| {
                let mut state = match account.state {
                    AccountState::Active => vec![views::tries_words(account)],
                    AccountState::Unfinished => {
                        vec!["not finished:  countersign init  goes on with it".to_owned()]
                    }
                    other => vec![views::state_name(other).replace('-', " ")],
                };
                if account.state != AccountState::Unfinished
                    && let Some(advice) = account.advice()
                {
                    state.extend(wrapped(&safe(&advice), 76));
                }
                if let Some(warning) = views::recovery_words(account) {
                    state.extend(wrapped(&safe(&warning), 76));
                }
                let state = state.join("\n   ");
                let device = match account.device_name.as_str() {
                    "" => String::new(),
                    name => format!(", where this phone is {}", views::name(name)),
                };
                let own = if account.name == account.account_label {
                    String::new()
                } else {
                    format!("{}: ", views::name(&account.name))
                };
                format!(
                    "{}  {own}{}\n   at {} ({}){device}\n   {state}",
                    account.number,
                    views::name(&account.account_label),
                    views::name(&account.app_name),
                    safe(&account.host),
                )
            });
            all.collect::<Vec<_>>().join("\n")
        },
    );
    Ok(())
}

/// The history, the newest event first.
pub(crate) fn history(phone: &Authenticator, args: &History, out: Out) -> Outcome {
    if args.csv {
        if out.is_json() {
            return Err(Failure::new(
                Exit::Usage,
                "the history is either CSV or JSON; leave one of --csv and --json out",
            ));
        }
        out.text(&phone.export_history()?);
        return Ok(());
    }
    let mut events = phone.history()?;
    if let Some(which) = &args.account.account {
        let account = find(phone.accounts()?, which)?;
        events.retain(|event| event.account == Some(account.number));
    }
    events.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    if events.is_empty() {
        out.json_only(|| json!([]));
        return Err(Failure::new(Exit::Nothing, "nothing has happened on this phone yet").said());
    }
    out.result(
        || {
            let events = events.iter().map(|event| {
                json!({
                    "at": rfc3339(event.at),
                    "account": event.account.map(|number| number.0),
                    "name": event.name,
                    "event": event.kind.as_str(),
                    "detail": event.detail,
                })
            });
            Value::Array(events.collect())
        },
        || {
            // Whose it was is said where that could be doubted.
            let several = events.iter().any(|event| event.name != events[0].name);
            let rows: Vec<Vec<String>> = events
                .iter()
                .map(|event| {
                    let mut row = vec![
                        stamp(event.at),
                        event.kind.as_str().replace('-', " "),
                        safe(&event.detail),
                    ];
                    if several {
                        row.insert(2, safe(&event.name));
                    }
                    row
                })
                .collect();
            table(&rows)
        },
    );
    Ok(())
}

/// Gives an account another name on this phone.
pub(crate) fn rename(phone: &Authenticator, args: &Rename, out: Out) -> Outcome {
    let account = find(phone.accounts()?, &args.account)?;
    let renamed = phone.rename(account.number, &args.name)?;
    out.result(
        || views::account(&renamed),
        || format!("It is {} now.", views::account_words(&renamed)),
    );
    Ok(())
}

/// Removes an account and its keys, after asking.
pub(crate) async fn remove(phone: &Authenticator, args: &Remove, out: Out) -> Outcome {
    let account = find(phone.accounts()?, &args.account)?;
    if !args.yes {
        out.note(&format!(
            "This removes {} and its keys from this phone. It cannot be undone.",
            views::account_words(&account)
        ));
        if !prompt::yes("Remove it?")? {
            return Err(Failure::new(Exit::Nothing, "nothing was removed"));
        }
    }
    let removed = phone.remove(account.number).await?;
    out.result(
        || json!({ "removed": views::account(&removed.account), "told": removed.told, "next": removed.next }),
        || {
            format!(
                "Removed {}.\n{}",
                views::account_words(&removed.account),
                safe(&removed.next)
            )
        },
    );
    Ok(())
}
