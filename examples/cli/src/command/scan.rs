//! `scan`: a QR code gives a sign-in code, or a form whose data are signed. None of it needs a
//! network.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use countersign::{
    AccountSummary, Authenticator, CodeRequest, RequestDetails, Scanned, SignedValue, Time,
    TransactionForm, TypedValue, Unlock, UnlockMethod,
};
use serde_json::json;
use tokio::sync::oneshot;

use super::on_mobile;
use super::phone::{find, offer_to_switch};
use super::views;
use crate::args::Scan;
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::out::{Out, table};
use crate::prompt;
use crate::text::{rfc3339, safe};

/// Reads the code and does what it asks for.
pub(crate) async fn scan(phone: &Authenticator, args: &Scan, out: Out) -> Outcome {
    if args.code == "-" && args.unlock.pin.pin_stdin {
        return Err(Failure::new(
            Exit::Usage,
            "standard input cannot be both the code and the PIN; save the picture to a file first",
        ));
    }
    let scanned = input::scan(&args.code)?;
    let read = phone.scan(&scanned.text, scanned.source).await?;
    if !args.fields.is_empty() && !matches!(read, Scanned::Transaction(_)) {
        return Err(Failure::new(
            Exit::Usage,
            "this code is no transaction and has no fields; leave --field out",
        ));
    }
    if (args.decline || args.report) && !matches!(read, Scanned::OnMobile(_)) {
        return Err(Failure::new(
            Exit::Usage,
            "this code asks for no decision: nothing happens as long as its code is not typed on the page; leave --decline and --report out",
        ));
    }
    match read {
        Scanned::Enrolment => Err(Failure::new(
            Exit::Input,
            "this code adds an account to a phone; use it with  countersign init",
        )),
        Scanned::Code(request) => {
            switch(phone, args, &request.account, out)?;
            code(phone, &request, args, out).await
        }
        Scanned::Transaction(form) => {
            switch(phone, args, &form.account, out)?;
            transaction(phone, &form, args, out).await
        }
        Scanned::OnMobile(request) => on_mobile::on_mobile(phone, &request, args, out).await,
    }
}

/// Asks for what unlocks a code, where the challenge asks for something.
fn unlock(asked: Unlock, args: &Scan) -> Outcome<UnlockMethod> {
    match asked {
        Unlock::Nothing => Ok(UnlockMethod::Nothing),
        _ if args.unlock.biometrics => Ok(UnlockMethod::Biometrics),
        Unlock::Pin | Unlock::PinOrBiometrics => {
            Ok(prompt::pin("PIN", args.unlock.pin.pin_stdin)?.into())
        }
    }
}

fn say_clock(looks_wrong: bool, out: Out) {
    if looks_wrong {
        out.note("This computer's clock looks wrong: the code was made in its future. Set the clock if the code is not accepted.");
    }
}

/// Where the code is for another account than the one that was named: says so, and offers to
/// switch.
fn switch(phone: &Authenticator, args: &Scan, account: &AccountSummary, out: Out) -> Outcome {
    let Some(which) = &args.account else {
        return Ok(());
    };
    let named = find(phone.accounts()?, which)?;
    if named.number == account.number {
        return Ok(());
    }
    let what = format!("this code is for {}", views::account_words(account));
    offer_to_switch(&what, account, Exit::Usage, out)
}

async fn code(phone: &Authenticator, request: &CodeRequest, args: &Scan, out: Out) -> Outcome {
    if out.is_json() || request.unlock != Unlock::Nothing {
        out.note(&table(&views::asked_rows(
            &request.details,
            &request.account,
        )));
    }
    say_clock(request.clock_looks_wrong, out);
    let shown = phone
        .code(request.id, unlock(request.unlock, args)?)
        .await?;
    if out.is_json() {
        out.line(
            || {
                json!({
                    "code": shown.code.as_str(),
                    "expires_at": rfc3339(shown.expires_at),
                    "account": views::account(&request.account),
                    "request": views::asked(&request.details),
                })
            },
            String::new,
        );
        return Ok(());
    }
    let rows = views::asked_rows(&request.details, &request.account);
    let words = code_words(out, &rows, &shown.code);
    show(out, &words, remaining(&request.details, shown.expires_at)).await
}

async fn transaction(
    phone: &Authenticator,
    form: &TransactionForm,
    args: &Scan,
    out: Out,
) -> Outcome {
    let mut rows = views::asked_rows(&form.details, &form.account);
    rows.insert(0, vec!["  sign".to_owned(), safe(&form.title)]);
    out.note(&table(&rows));
    say_clock(form.clock_looks_wrong, out);
    let typed = fill_in(phone, form, args, out)?;
    let values = phone.review(form.id, &typed)?;
    out.note(&format!("You sign:\n{}", table(&value_rows(&values))));
    let unlock = unlock(form.unlock, args)?;
    let signed = phone.sign(form.id, &typed, unlock).await?;
    if out.is_json() {
        out.line(
            || {
                json!({
                    "code": signed.code.as_str(),
                    "expires_at": rfc3339(signed.expires_at),
                    "title": signed.title,
                    "values": signed.values.iter().map(|value| (value.id.clone(), value.value.clone().into())).collect::<serde_json::Map<_, _>>(),
                    "account": views::account(&form.account),
                    "request": views::asked(&form.details),
                })
            },
            String::new,
        );
        return Ok(());
    }
    let mut rows = vec![vec!["  sign".to_owned(), safe(&signed.title)]];
    rows.extend(value_rows(&signed.values));
    let words = code_words(out, &rows, &signed.code);
    show(out, &words, remaining(&form.details, signed.expires_at)).await
}

/// The request and its code, in words.
fn code_words(out: Out, rows: &[Vec<String>], code: &str) -> String {
    format!(
        "{}\nType this code on the page:\n\n    {}\n",
        table(rows),
        out.strong(code)
    )
}

fn value_rows(values: &[SignedValue]) -> Vec<Vec<String>> {
    values
        .iter()
        .map(|value| vec![format!("  {}", safe(&value.label)), safe(&value.value)])
        .collect()
}

/// The values from `--field`, and the rest by asking. Each value is checked as it comes.
fn fill_in(
    phone: &Authenticator,
    form: &TransactionForm,
    args: &Scan,
    out: Out,
) -> Outcome<Vec<TypedValue>> {
    let mut typed: Vec<TypedValue> = args
        .fields
        .iter()
        .map(|(id, value)| TypedValue {
            id: id.clone(),
            value: value.clone(),
        })
        .collect();
    for (at, value) in typed.iter().enumerate() {
        if typed.iter().take(at).any(|other| other.id == value.id) {
            return Err(Failure::new(
                Exit::Usage,
                format!("the field {} is given twice", safe(&value.id)),
            ));
        }
        phone.check_field(form.id, value)?;
    }
    let missing: Vec<_> = form
        .fields
        .iter()
        .filter(|field| !args.fields.iter().any(|(id, _)| *id == field.id))
        .collect();
    if !missing.is_empty() && prompt::is_interactive() {
        out.note(form.advice);
    }
    for field in missing {
        let hint = field
            .hint
            .as_deref()
            .map(|hint| format!(" ({})", safe(hint)))
            .unwrap_or_default();
        loop {
            let value = TypedValue {
                id: field.id.clone(),
                value: prompt::line(
                    &format!("{}{hint}", safe(&field.label)),
                    &format!("the field {}", safe(&field.label)),
                    &format!("give it with --field {}=VALUE", field.id),
                )?,
            };
            match phone.check_field(form.id, &value) {
                Ok(_) => {
                    typed.push(value);
                    break;
                }
                Err(error) => out.note(&format!("{}.", safe(&error.to_string()))),
            }
        }
    }
    Ok(typed)
}

/// Seconds until it expires by the challenge's own lifetime and this computer's clock, whichever is
/// less.
fn remaining(asked: &RequestDetails, expires_at: Time) -> u64 {
    expires_at
        .saturating_sub(views::now())
        .min(expires_at.saturating_sub(asked.issued_at))
}

/// Shows a code. On a terminal it stays until Enter or until it expires, and then is gone, from the
/// scrollback too.
async fn show(out: Out, words: &str, seconds: u64) -> Outcome {
    if !(prompt::is_interactive() && io::stdout().is_terminal()) {
        out.line(|| json!(null), || words.to_owned());
        return Ok(());
    }
    let (enter, mut entered) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::stdin().read_line(&mut String::new());
        let _ = enter.send(());
    });
    // The terminal's second screen keeps nothing.
    let screen = SecondScreen::enter(words);
    let mut gone = "It has expired. Get a new code on the page.";
    for left in (1..=seconds).rev() {
        screen.status(&format!(
            "Good for {}:{:02}. Enter puts it away.",
            left / 60,
            left % 60
        ));
        tokio::select! {
            _ = &mut entered => { gone = "The code was put away. It can be used until it expires."; break; }
            _ = tokio::signal::ctrl_c() => { gone = "The code was put away."; break; }
            () = tokio::time::sleep(Duration::from_secs(1)) => (),
        }
    }
    drop(screen);
    out.note(gone);
    Ok(())
}

struct SecondScreen;

impl SecondScreen {
    fn enter(words: &str) -> Self {
        write(&format!("\u{1b}[?1049h\u{1b}[2J\u{1b}[H{words}\n"));
        Self
    }

    fn status(&self, words: &str) {
        write(&format!("\r\u{1b}[K{words}"));
    }
}

impl Drop for SecondScreen {
    fn drop(&mut self) {
        write("\u{1b}[2J\u{1b}[?1049l");
    }
}

fn write(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
