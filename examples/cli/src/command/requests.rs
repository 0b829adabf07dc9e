//! `pending`, `watch`, `approve`, `decline`: what the service asks of this phone.

use std::time::Duration;

use countersign::{
    AccountNumber, ApproveError, Approved, Authenticator, ChallengeId, PendingRequest, Refusal,
    UnlockMethod,
};
use serde_json::{Value, json};

use super::phone::{find, none_yet, offer_to_switch};
use super::views;
use crate::args::{AccountOption, Approve, Decline, UnlockOption, Watch, Which};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;
use crate::prompt;
use crate::text::{plural, safe, sentence};

/// The open requests, of one account or of all.
async fn open(
    phone: &Authenticator,
    account: &AccountOption,
    out: Out,
) -> Outcome<Vec<PendingRequest>> {
    let accounts = phone.accounts()?;
    if accounts.is_empty() {
        return Err(none_yet());
    }
    if let Some(which) = &account.account {
        let account = find(accounts, which)?;
        return Ok(phone.pending(account.number).await?);
    }
    let mut inbox = phone.pending_all().await?;
    // One service that is away doesn't hide another's requests; when nothing is left, its error is
    // the answer.
    let last = inbox.problems.pop();
    for (account, error) in inbox.problems {
        out.note(&format!(
            "{}: {}",
            views::account_words(&account),
            safe(&error.to_string())
        ));
    }
    match last {
        Some((_, error)) if inbox.requests.is_empty() => Err(error.into()),
        Some((account, error)) => {
            out.note(&format!(
                "{}: {}",
                views::account_words(&account),
                safe(&error.to_string())
            ));
            Ok(inbox.requests)
        }
        None => Ok(inbox.requests),
    }
}

fn none_waits() -> Failure {
    Failure::new(Exit::Nothing, "no request waits for an answer")
}

/// `pending`.
pub(crate) async fn pending(phone: &Authenticator, args: &AccountOption, out: Out) -> Outcome {
    let requests = open(phone, args, out).await?;
    if requests.is_empty() {
        out.json_only(|| json!([]));
        return Err(none_waits().said());
    }
    out.result(
        || Value::Array(requests.iter().map(views::request).collect()),
        || {
            let all: Vec<String> = requests.iter().map(views::request_words).collect();
            all.join("\n")
        },
    );
    Ok(())
}

/// The one request that is meant.
async fn chosen(phone: &Authenticator, which: &Which, out: Out) -> Outcome<PendingRequest> {
    let mut requests = open(phone, &which.account, out).await?;
    let id = which.id.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_meant = |request: &PendingRequest| request.id.to_string().starts_with(&id);
    if !requests.iter().any(is_meant)
        && which.account.account.is_some()
        && let Some(request) = of_another_account(phone, is_meant).await?
    {
        let account = views::account_words(&request.account);
        let what =
            format!("no request waits for the account that you named, and one waits for {account}");
        offer_to_switch(&what, &request.account, Exit::Nothing, out)?;
        return Ok(request);
    }
    if requests.is_empty() {
        return Err(none_waits());
    }
    requests.retain(is_meant);
    match (requests.pop(), requests.len()) {
        (Some(request), 0) => Ok(request),
        (Some(_), others) => Err(Failure::new(
            Exit::Usage,
            format!(
                "{} requests wait; name one by its id from  countersign pending",
                others + 1
            ),
        )),
        (None, _) => Err(Failure::new(
            Exit::Nothing,
            "no request with this id waits;  countersign pending  lists them",
        )),
    }
}

/// The one request that waits, whatever account it is for.
async fn of_another_account(
    phone: &Authenticator,
    is_meant: impl Fn(&PendingRequest) -> bool,
) -> Outcome<Option<PendingRequest>> {
    let mut requests = phone.pending_all().await?.requests;
    requests.retain(is_meant);
    let one = requests.pop();
    Ok(one.filter(|_| requests.is_empty()))
}

/// `approve`: shows the request first. A wrong PIN can be typed again where there is a person; the
/// service counts.
pub(crate) async fn approve(phone: &Authenticator, args: &Approve, out: Out) -> Outcome {
    let request = chosen(phone, &args.which, out).await?;
    out.note(&views::request_words(&request));
    let approved = ask_and_approve(
        phone,
        request.id,
        None,
        asked_number(&request, args.number)?,
        &args.unlock,
        out,
    )
    .await?;
    say_approved(&request, &approved, out);
    Ok(())
}

/// The number on the computer's screen, where the request asks for it.
fn asked_number(request: &PendingRequest, given: Option<u8>) -> Outcome<Option<u8>> {
    match given {
        None if request.number_asked => prompt::number().map(Some),
        given => Ok(given),
    }
}

/// Approves with biometrics, or asks for the PIN and approves. On a terminal a wrong PIN can be
/// typed again.
pub(super) async fn ask_and_approve(
    phone: &Authenticator,
    id: ChallengeId,
    account: Option<AccountNumber>,
    number: Option<u8>,
    unlock: &UnlockOption,
    out: Out,
) -> Outcome<Approved> {
    loop {
        let method = if unlock.biometrics {
            UnlockMethod::Biometrics
        } else {
            prompt::pin("PIN", unlock.pin.pin_stdin)?.into()
        };
        match phone.approve(id, account, number, method).await {
            Err(error @ ApproveError::Refused(Refusal::WrongPin { .. }))
                if !unlock.pin.pin_stdin =>
            {
                out.note(&format!("{}.", sentence(&error.to_string())));
            }
            result => return Ok(result?),
        }
    }
}

fn say_approved(request: &PendingRequest, approved: &Approved, out: Out) {
    out.line(
        || {
            json!({
                "id": request.id.to_string(),
                "decision": "approved",
                "tries_left": approved.tries_left,
                "tries_left_in_epoch": approved.tries_left_in_epoch,
            })
        },
        || match (approved.tries_left, approved.tries_left_in_epoch) {
            // Success does not give these tries back, so a warning comes when few are left.
            (Some(row), Some(epoch)) if epoch <= 7 && epoch < row.max(6) => format!(
                "Approved. {epoch} wrong {} more and this phone is blocked.",
                plural(epoch.into(), "PIN")
            ),
            _ => "Approved. The computer goes on by itself.".to_owned(),
        },
    );
}

/// `decline`, with or without a report.
pub(crate) async fn decline(phone: &Authenticator, args: &Decline, out: Out) -> Outcome {
    let request = chosen(phone, &args.which, out).await?;
    out.note(&views::request_words(&request));
    say_no(phone, request.id, args.report, out).await
}

async fn say_no(phone: &Authenticator, id: ChallengeId, report: bool, out: Out) -> Outcome {
    phone.decline(id, None, report).await?;
    let advice = "Whoever began it knows your password: change it.";
    said_no(id, report, advice, out);
    Ok(())
}

/// It was declined, or reported; then comes what to do about it.
pub(super) fn said_no(id: ChallengeId, report: bool, advice: &str, out: Out) {
    out.line(
        || json!({ "id": id.to_string(), "decision": if report { "reported" } else { "declined" } }),
        || {
            if report {
                format!("Reported as fraud. {advice}")
            } else {
                "Declined.".to_owned()
            }
        },
    );
}

/// `watch`: requests as they come. On a terminal each is asked about.
pub(crate) async fn watch(phone: &Authenticator, args: &Watch, out: Out) -> Outcome {
    let accounts = phone.accounts()?;
    if accounts.is_empty() {
        return Err(none_yet());
    }
    let only = match &args.account.account {
        Some(which) => Some(find(accounts, which)?.number),
        None => None,
    };
    let ask = !out.is_json() && prompt::is_interactive();
    let mut known: Vec<ChallengeId> = Vec::new();
    loop {
        let waiting = async {
            match only {
                Some(number) => phone.watch(number, known.last().copied()).await,
                None => phone.watch_all(&known).await,
            }
        };
        let requests = match args.timeout {
            Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), waiting)
                .await
                .map_err(|_| {
                    Failure::new(
                        Exit::Nothing,
                        format!("no request came in {seconds} {}", plural(seconds, "second")),
                    )
                })?,
            None => waiting.await,
        }?;
        for request in requests {
            if known.contains(&request.id) {
                continue;
            }
            known.push(request.id);
            out.line(
                || views::request(&request),
                || views::request_words(&request),
            );
            if ask && let Err(failure) = decide(phone, &request, out).await {
                out.failure(&failure);
            }
            if args.once {
                return Ok(());
            }
        }
    }
}

async fn decide(phone: &Authenticator, request: &PendingRequest, out: Out) -> Outcome {
    match decision(out)? {
        Decision::Approve => {
            let unlock = UnlockOption::default();
            let number = asked_number(request, None)?;
            let approved = ask_and_approve(phone, request.id, None, number, &unlock, out).await?;
            say_approved(request, &approved, out);
            Ok(())
        }
        Decision::Decline => say_no(phone, request.id, false, out).await,
        Decision::Report => say_no(phone, request.id, true, out).await,
        Decision::Later => Ok(()),
    }
}

/// A person's decision about a request.
pub(super) enum Decision {
    Approve,
    Decline,
    Report,
    Later,
}

/// Asks for it.
pub(super) fn decision(out: Out) -> Outcome<Decision> {
    loop {
        let typed = prompt::line(
            "[a]pprove, [d]ecline, [r]eport as fraud, or [l]ater",
            "a decision",
            "use approve or decline",
        )?;
        return Ok(match typed.trim().to_ascii_lowercase().as_str() {
            "a" | "approve" => Decision::Approve,
            "d" | "decline" => Decision::Decline,
            "r" | "report" => Decision::Report,
            "l" | "later" | "" => Decision::Later,
            _ => {
                out.note("Type a, d, r or l.");
                continue;
            }
        });
    }
}
