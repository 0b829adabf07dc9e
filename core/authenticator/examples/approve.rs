//! A whole approval: opens a phone, shows the requests that wait, and approves one with the PIN.
//!
//! The phone's folder is one that an account was added to, by `countersign init --data FOLDER` for
//! instance. Sign in on the service's page, choose the app, and run
//!
//! ```text
//! cargo run -p countersign --example approve -- FOLDER
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use countersign::{ApproveError, Authenticator, PendingRequest, Pin, Refusal, Resumed};
use zeroize::Zeroizing;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("name the phone's folder: approve FOLDER")?;
    // 1. Open the phone. An app gives `Authenticator::open` its platform: keys in hardware, the
    //    phone's own lock, biometrics. `embedded` keeps its key in a file beside the data.
    let phone = Authenticator::embedded(Path::new(&folder))?;

    // 2. At every start: finish or drop what an earlier run left unfinished, and show the outcome.
    for resumed in phone.resume().await? {
        match resumed {
            Resumed::Reinstalled => println!("Add every account again: the data are new."),
            Resumed::PinChanged(account) => println!("The new PIN of {} holds.", account.name),
            other => println!("{other:?}"),
        }
    }

    // 3. Ask for the open requests of all accounts. One service that is away hides no other's.
    let inbox = phone.pending_all().await?;
    for (account, error) in &inbox.problems {
        println!("{}: {error}", account.name);
    }
    let Some(request) = inbox.requests.first() else {
        println!("No request waits.");
        return Ok(());
    };

    // 4. Show all details before anything is asked. The service signed them; names in them stand
    //    in quotation marks that they can't end.
    for row in request.details.rows() {
        println!("{:10}{}", row.label, row.value);
    }
    println!("{:10}{}", "account", request.account.name);

    // 5. Ask for a decision, the number on the computer's screen, and the PIN.
    match line("Approve? [y/N/report] ")?.as_str() {
        "y" => approve(&phone, request).await,
        "report" => Ok(phone.decline(request.id, None, true).await?),
        _ => Ok(phone.decline(request.id, None, false).await?),
    }
}

/// Approves with the PIN. Nothing on this phone knows whether it is right: the service counts tries
/// and says so. After a wrong PIN the same request can be approved again.
async fn approve(phone: &Authenticator, request: &PendingRequest) -> Result<(), Box<dyn Error>> {
    let number = match request.number_asked {
        true => Some(line("Number on the computer's screen: ")?.parse()?),
        false => None,
    };
    loop {
        // An app has a keypad for this, and wipes each digit. `Pin` is wiped when it is dropped.
        let pin = Pin::from_bytes(line("PIN: ")?.as_bytes())?;
        match phone.approve(request.id, None, number, pin.into()).await {
            Ok(_) => {
                println!("Approved.");
                return Ok(());
            }
            Err(ApproveError::Refused(Refusal::WrongPin { tries_left, .. })) => {
                println!("The PIN was wrong: {tries_left} tries left.");
            }
            // Every other error says what happened and what to do.
            Err(error) => return Err(error.into()),
        }
    }
}

fn line(question: &str) -> io::Result<Zeroizing<String>> {
    print!("{question}");
    io::stdout().flush()?;
    let mut typed = Zeroizing::new(String::new());
    io::stdin().read_line(&mut typed)?;
    let end = typed.trim_end().len();
    typed.truncate(end);
    Ok(typed)
}
