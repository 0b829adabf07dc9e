//! `pin change`, `pin forgotten`, `rotate`: a new PIN, or new keys for the same one.

use countersign::{AccountSummary, Authenticator};
use serde_json::json;

use super::phone::one;
use super::views;
use crate::args::{PinChange, PinCommand, PinForgotten, Rotate};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;
use crate::prompt;

/// `pin`.
pub(crate) async fn pin(phone: &Authenticator, command: &PinCommand, out: Out) -> Outcome {
    match command {
        PinCommand::Change(args) => change(phone, args, out).await,
        PinCommand::Forgotten(args) => forgotten(phone, args, out).await,
    }
}

async fn change(phone: &Authenticator, args: &PinChange, out: Out) -> Outcome {
    let account = one(phone, args.account.as_deref())?;
    out.note(&format!(
        "A new PIN for {}.",
        views::account_words(&account)
    ));
    let old = prompt::pin("Present PIN", args.pin.pin_stdin)?;
    let (new, again) = prompt::new_pin(args.pin.pin_stdin)?;
    let account = phone.change_pin(account.number, old, new, again).await?;
    done(
        out,
        &account,
        "pin-changed",
        "The PIN is changed. The one before works no more.",
    );
    Ok(())
}

async fn forgotten(phone: &Authenticator, args: &PinForgotten, out: Out) -> Outcome {
    let account = one(phone, args.account.as_deref())?;
    if !phone.can_set_new_pin(account.number).await? {
        let how = format!(
            "sign in at {}, choose to unblock this device, and approve that with another device or key",
            account.host
        );
        if !args.wait {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "this has to be approved first: {how}; then come back here within ten minutes, or wait here with --wait"
                ),
            ));
        }
        out.note(&format!("Waiting: {how}. Ctrl-C ends the waiting."));
        phone.watch_new_pin_grant(account.number).await?;
    }
    out.note(&format!(
        "A new PIN for {}.",
        views::account_words(&account)
    ));
    let (new, again) = prompt::new_pin(args.pin.pin_stdin)?;
    let account = phone.set_forgotten_pin(account.number, new, again).await?;
    done(
        out,
        &account,
        "pin-set-anew",
        "The new PIN is set. The one before works no more.",
    );
    Ok(())
}

/// `rotate`.
pub(crate) async fn rotate(phone: &Authenticator, args: &Rotate, out: Out) -> Outcome {
    let account = one(phone, args.account.as_deref())?;
    let pin = prompt::pin("PIN", args.pin.pin_stdin)?;
    let account = phone.rotate_keys(account.number, pin).await?;
    done(
        out,
        &account,
        "keys-rotated",
        "This phone has new keys. The PIN is the same.",
    );
    Ok(())
}

fn done(out: Out, account: &AccountSummary, event: &str, words: &str) {
    out.result(
        || json!({ "event": event, "account": views::account(account) }),
        || words.to_owned(),
    );
}
