//! `init`: an account comes onto this phone.

use countersign::{
    AccountSummary, Authenticator, BeginError, Claimed, EnrolmentOffer, OfferDetails, Resumed,
};
use serde_json::json;

use super::views;
use crate::args::Init;
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::out::Out;
use crate::prompt;
use crate::text::{moment, safe};

/// Verifies the invitation, shows whose it is, takes the PIN, and waits until the page confirms.
pub(crate) async fn init(phone: &Authenticator, args: &Init, out: Out) -> Outcome {
    let Some(code) = &args.code else {
        return go_on(phone, out).await;
    };
    if code == "-" && args.pin.pin_stdin {
        return Err(Failure::new(
            Exit::Usage,
            "standard input cannot be both the code and the PIN; save the picture to a file first",
        ));
    }
    let scanned = input::scan(code)?;
    for resumed in phone.resume().await? {
        say_resumed(&resumed, out);
    }
    let begun = phone.begin_enrolment(&scanned.text, scanned.source).await;
    let offer = match begun {
        Err(BeginError::NotAnEnrolment) => {
            return Err(Failure::new(
                Exit::Input,
                "this code adds no account to a phone; use it with  countersign scan",
            ));
        }
        begun => begun?,
    };
    let details = offer.details();
    out.note(&offer_words(&details));
    let claimed = claim(phone, &offer, &details, args.pin.pin_stdin, out).await?;
    confirm(phone, &claimed, out).await
}

/// Finishes what an earlier run could not.
async fn go_on(phone: &Authenticator, out: Out) -> Outcome {
    let all = phone.resume().await?;
    if all.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "nothing was begun that is not finished; give the picture or link of the QR code on the service's page",
        ));
    }
    for resumed in all {
        match resumed {
            Resumed::Active(account) => done(&account, out),
            Resumed::Waiting(claimed) => confirm(phone, &claimed, out).await?,
            Resumed::Unknown(_, error) => return Err(error.into()),
            Resumed::Reinstalled
            | Resumed::PinChanged(_)
            | Resumed::PinAsBefore(_)
            | Resumed::BiometricsOn(_)
            | Resumed::BiometricsOff(_) => say_resumed(&resumed, out),
            Resumed::Dropped(_) => {
                say_resumed(&resumed, out);
                return Err(Failure::new(
                    Exit::Refused,
                    "begin again with a new QR code from the service's page",
                ));
            }
        }
    }
    Ok(())
}

/// The six digits, and the wait until they were typed.
async fn confirm(phone: &Authenticator, claimed: &Claimed, out: Out) -> Outcome {
    if claimed.earlier_attempt {
        out.note("An earlier attempt had arrived at the service: the PIN typed then is the one that counts.");
    }
    out.line(
        || {
            json!({
                "state": "claimed",
                "confirmation_code": claimed.confirmation_code,
                "account": views::account(&claimed.account),
            })
        },
        || match &claimed.confirmation_code {
            Some(code) => format!(
                "Type these six digits on the page that shows the QR code:\n\n    {}\n",
                out.strong(&spaced(&safe(code)))
            ),
            None => "The PIN was right.".to_owned(),
        },
    );
    if claimed.confirmation_code.is_some() {
        out.note("Waiting for the page ... (Ctrl-C, and later  countersign init  goes on)");
    }
    let account = phone.complete_enrolment(claimed.account.number).await?;
    done(&account, out);
    Ok(())
}

fn done(account: &AccountSummary, out: Out) {
    out.line(
        || json!({ "state": "active", "account": views::account(account) }),
        || {
            format!(
                "This phone is initialised for {}. The service calls it {}.",
                views::account_words(account),
                views::name(&account.device_name)
            )
        },
    );
}

/// The outcome of something that an earlier run left unfinished.
pub(super) fn say_resumed(resumed: &Resumed, out: Out) {
    let (account, what) = match resumed {
        Resumed::Reinstalled => {
            return out.note(
                "Countersign was here before, and its data are gone: every account has to be \
                 initialised again. Remove the old device on the service's page.",
            );
        }
        Resumed::Active(account) => (account, "begun earlier, is active now"),
        Resumed::Dropped(account) => (
            account,
            "begun earlier, is not known to the service any more; nothing of it is left here",
        ),
        Resumed::PinChanged(account) => (account, "has its new PIN now; the one before is void"),
        Resumed::BiometricsOn(account) => (account, "has biometrics on now"),
        Resumed::BiometricsOff(account) => {
            (account, "has no biometrics; they did not reach the service")
        }
        Resumed::PinAsBefore(account) => (
            account,
            "has the PIN that it had; the change did not reach the service",
        ),
        Resumed::Waiting(Claimed { account, .. }) | Resumed::Unknown(account, _) => (
            account,
            "begun earlier, is not finished;  countersign init  without a code goes on with it",
        ),
    };
    out.note(&format!("{}, {what}.", views::account_words(account)));
}

fn offer_words(details: &OfferDetails) -> String {
    format!(
        "Add this phone to\n  account  {}\n  at       {} ({})\n  expires  {}",
        views::name(&details.account_label),
        views::name(&details.app_name),
        safe(&details.host),
        moment(details.expires_at, views::now())
    )
}

async fn claim(
    phone: &Authenticator,
    offer: &EnrolmentOffer,
    details: &OfferDetails,
    pin_stdin: bool,
    out: Out,
) -> Outcome<Claimed> {
    if details.pin_chosen_in_browser {
        let pin = prompt::pin("The PIN that you chose in the browser", pin_stdin)?;
        return Ok(phone.claim_with_browser_pin(offer, pin).await?);
    }
    if !pin_stdin {
        out.note("If that is yours, choose a PIN of four digits for it. Ctrl-C ends without adding anything.");
    }
    let (pin, again) = prompt::new_pin(pin_stdin)?;
    Ok(phone.claim_with_new_pin(offer, pin, again).await?)
}

/// `606 194` is easier to carry over than `606194`.
fn spaced(code: &str) -> String {
    match code.split_at_checked(3) {
        Some((left, right)) if code.len() == 6 => format!("{left} {right}"),
        _ => code.to_owned(),
    }
}
