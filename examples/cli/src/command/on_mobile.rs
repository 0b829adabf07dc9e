//! `scan` with the link of a sign-in that began in a browser on this computer.

use countersign::{AccountSummary, Approved, Authenticator, OnMobileRequest};
use serde_json::json;

use super::phone::find;
use super::requests::{Decision, ask_and_approve, decision, said_no};
use super::views;
use crate::args::Scan;
use crate::failure::Outcome;
use crate::out::{Out, table};
use crate::prompt;
use crate::text::safe;

/// Shows who asks, and approves or declines.
pub(crate) async fn on_mobile(
    phone: &Authenticator,
    request: &OnMobileRequest,
    args: &Scan,
    out: Out,
) -> Outcome {
    let account = chosen(request, args, out)?;
    out.note(&table(&views::asked_rows(&request.details, &account)));
    let decision = match args {
        Scan { decline: true, .. } => Decision::Decline,
        Scan { report: true, .. } => Decision::Report,
        Scan { unlock, .. } if unlock.biometrics || unlock.pin.pin_stdin => Decision::Approve,
        _ if prompt::is_interactive() => decision(out)?,
        _ => Decision::Approve,
    };
    let (id, number) = (request.id, account.number);
    match decision {
        Decision::Approve => {
            let approved =
                ask_and_approve(phone, id, Some(number), None, &args.unlock, out).await?;
            say_approved(&approved, out);
        }
        Decision::Decline => {
            phone.decline(id, Some(number), false).await?;
            said_no(id, false, "", out);
        }
        Decision::Report => {
            phone.decline(id, Some(number), true).await?;
            let advice = "Nobody was signed in. Never approve a sign-in from a link that somebody sent to you.";
            said_no(id, true, advice, out);
        }
        Decision::Later => {}
    }
    Ok(())
}

/// The account that is to be signed in: the one of the service, or the one that is named.
fn chosen(request: &OnMobileRequest, args: &Scan, out: Out) -> Outcome<AccountSummary> {
    match (request.accounts.as_slice(), &args.account) {
        (several, Some(which)) => find(several.to_vec(), which),
        ([only], None) => Ok(only.clone()),
        (several, None) => {
            let names: Vec<String> = several
                .iter()
                .map(|account| format!("  {}  {}", account.number, views::account_words(account)))
                .collect();
            out.note(&format!("Which account?\n{}", names.join("\n")));
            let which = prompt::line("Account", "the account", "name it with --account")?;
            find(several.to_vec(), which.trim())
        }
    }
}

fn say_approved(approved: &Approved, out: Out) {
    out.line(
        || json!({ "decision": "approved", "open": approved.open, "tries_left": approved.tries_left }),
        || match &approved.open {
            Some(address) => format!(
                "Approved. Open this in the browser where you began:\n{}",
                safe(address)
            ),
            None => "Approved.".to_owned(),
        },
    );
}
