//! `biometrics`: on and off.

use countersign::{AccountSummary, Authenticator};
use serde_json::json;

use super::phone::one;
use super::views;
use crate::args::BiometricsCommand;
use crate::failure::Outcome;
use crate::out::Out;
use crate::prompt;

/// Turns them on or off.
pub(crate) async fn biometrics(
    phone: &Authenticator,
    command: &BiometricsCommand,
    out: Out,
) -> Outcome {
    let account = match command {
        BiometricsCommand::On(args) => {
            let account = one(phone, args.account.as_deref())?;
            let pin = prompt::pin("PIN", args.pin.pin_stdin)?;
            phone.turn_on_biometrics(account.number, pin).await?
        }
        BiometricsCommand::Off(args) => {
            let account = one(phone, args.account.as_deref())?;
            phone.turn_off_biometrics(account.number).await?
        }
    };
    out.result(
        || json!({ "biometrics": account.biometrics, "account": views::account(&account) }),
        || words(&account),
    );
    Ok(())
}

fn words(account: &AccountSummary) -> String {
    let account_words = views::account_words(account);
    if account.biometrics {
        format!(
            "Biometrics are on for {account_words}. This computer has no reader that Countersign knows, so the stand-in asks nobody: whoever can run programs as you can approve without the PIN. `countersign biometrics off` ends that."
        )
    } else {
        format!("Biometrics are off for {account_words}.")
    }
}
