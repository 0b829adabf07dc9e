//! `doctor`: is the check of this phone. Data, clock, reachability, account by account.

use chrono::DateTime;
use countersign::{AccountState, AccountSummary, Authenticator};
use countersign_protocol::origin::Origin;
use reqwest::header::DATE;
use serde_json::{Value, json};

use super::phone;
use super::views;
use crate::args::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;
use crate::person;
use crate::text::{duration, safe};

/// A clock that is further off than this is reported; the service refuses above 120 seconds, and
/// the phone then adapts.
const CLOCK_TOLERANCE: u64 = 60;

struct Check {
    name: String,
    exit: Option<Exit>,
    words: String,
}

/// Goes through everything and says what it found; the exit code is the first problem's.
pub(crate) async fn doctor(global: &Global, out: Out) -> Outcome {
    let mut checks = Vec::new();
    let folder = phone::folder(global)?;
    let opened = phone::open(global).and_then(|phone| Ok((phone.accounts()?, phone)));
    match opened {
        Err(failure) => checks.push(Check {
            name: "data".to_owned(),
            exit: Some(failure.exit()),
            words: failure.to_string(),
        }),
        Ok((accounts, phone)) => {
            checks.push(good(
                "data",
                format!("{} can be read and written", folder.display()),
            ));
            checks.push(match accounts.len() {
                0 => good(
                    "accounts",
                    "none yet; add one with  countersign init".to_owned(),
                ),
                number => good("accounts", number.to_string()),
            });
            phone::finish(&phone, out).await?;
            for account in accounts {
                let name = views::account_words(&account);
                account_checks(&phone, &name, &account, &mut checks).await;
            }
        }
    }
    let failed = checks.iter().find(|check| check.exit.is_some());
    out.result(
        || {
            let all = checks.iter().map(|check| {
                json!({ "check": check.name, "ok": check.exit.is_none(), "words": check.words })
            });
            json!({ "ok": failed.is_none(), "checks": all.collect::<Vec<Value>>() })
        },
        || {
            let lines = checks.iter().map(|check| {
                let mark = if check.exit.is_none() { '✓' } else { '✗' };
                format!("{mark} {}: {}", safe(&check.name), safe(&check.words))
            });
            lines.collect::<Vec<_>>().join("\n")
        },
    );
    match failed.and_then(|check| check.exit) {
        Some(exit) => Err(Failure::new(exit, "something has to be put right; see above").said()),
        None => Ok(()),
    }
}

fn good(name: &str, words: String) -> Check {
    Check {
        name: name.to_owned(),
        exit: None,
        words,
    }
}

/// A signed exchange with the account's service, then its clock.
async fn account_checks(
    phone: &Authenticator,
    name: &str,
    account: &AccountSummary,
    checks: &mut Vec<Check>,
) {
    let check = |exit, words: String| Check {
        name: name.to_owned(),
        exit,
        words,
    };
    if account.state == AccountState::Unfinished {
        checks.push(check(
            Some(Exit::Refused),
            "is not finished:  countersign init  goes on with it".to_owned(),
        ));
        return;
    }
    let account = match phone.refresh(account.number).await {
        Ok(account) => account,
        Err(error) => {
            let failure = Failure::from(error);
            checks.push(check(Some(failure.exit()), failure.to_string()));
            return;
        }
    };
    checks.push(match account.state {
        AccountState::Active => check(
            None,
            format!("can be reached, {}", views::tries_words(&account)),
        ),
        state => check(
            Some(Exit::Refused),
            format!("can be reached, and says: {}", views::state_name(state)),
        ),
    });
    checks.push(match clock(&account.host).await {
        Some(off) if off <= CLOCK_TOLERANCE => check(None, match off {
            0..=2 => "its clock and this one agree".to_owned(),
            _ => format!("its clock and this one differ by {}", duration(off)),
        }),
        Some(off) => check(
            // Not the network's fault; yet the phone adapts, so this is no reason to fail.
            None,
            format!("its clock and this one differ by {}: set this computer's clock, or codes may be taken for expired", duration(off)),
        ),
        None => check(None, "its clock cannot be read".to_owned()),
    });
}

/// How far the service's clock is from this one, in seconds, by the time of an HTTP answer.
async fn clock(host: &str) -> Option<u64> {
    let origin = Origin::from_authority(host).ok()?;
    let answer = person::client()
        .ok()?
        .head(format!("{origin}/.well-known/countersign"))
        .send()
        .await
        .ok()?;
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp();
    Some(theirs.abs_diff(i64::try_from(views::now()).ok()?))
}
