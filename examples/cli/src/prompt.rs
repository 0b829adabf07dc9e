//! Asking the person: a PIN that doesn't echo, numbers, values, yes or no. Where nobody can be
//! asked, a failure says which option to give.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};

use countersign::{Pin, guessable};
use zeroize::{Zeroize, Zeroizing};

use crate::failure::{Exit, Failure, Outcome};

/// Whether there is somebody to ask.
#[must_use]
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn nobody(what: &str, instead: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{what} has to be asked, and this is no terminal; {instead}"),
    )
}

/// Takes the PIN from the first line of standard input, or asks for it without echo.
///
/// # Errors
/// If it isn't four digits, or there is nobody to ask. Nothing typed is repeated in the message.
pub(crate) fn pin(question: &str, from_stdin: bool) -> Outcome<Pin> {
    if from_stdin {
        return pin_from(&mut stdin_unbuffered()?);
    }
    if !is_interactive() {
        return Err(nobody(
            "the PIN",
            "use --pin-stdin and give the PIN as a line on standard input",
        ));
    }
    loop {
        let mut typed = Zeroizing::new(
            rpassword::prompt_password(format!("{question}: "))
                .map_err(|error| Failure::new(Exit::Usage, format!("no PIN was typed: {error}")))?,
        );
        let pin = Pin::from_bytes(typed.as_bytes());
        typed.zeroize();
        match pin {
            Ok(pin) => return Ok(pin),
            Err(error) => say(&format!("{error}.\n")),
        }
    }
}

/// A new PIN, typed twice at a terminal; from standard input one line is enough.
///
/// # Errors
/// If it isn't four digits or is easy to guess, or there is nobody to ask.
pub(crate) fn new_pin(from_stdin: bool) -> Outcome<(Pin, Pin)> {
    loop {
        let pin = pin("New PIN", from_stdin)?;
        if let Some(reason) = guessable(&pin) {
            if from_stdin {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("the PIN is too easy: {reason}"),
                ));
            }
            say(&format!("Please choose another PIN: {reason}.\n"));
            continue;
        }
        let again = if from_stdin {
            Pin::from_bytes(pin.as_bytes()).map_err(|error| Failure::new(Exit::Usage, error))?
        } else {
            self::pin("The same PIN again", false)?
        };
        if pin.same_as(&again) {
            return Ok((pin, again));
        }
        say("The two PINs are not the same; please begin again.\n");
    }
}

/// Standard input without the buffer of [`io::Stdin`], which would keep the PIN in memory and is
/// never wiped.
fn stdin_unbuffered() -> Outcome<File> {
    #[cfg(unix)]
    let owned = {
        use std::os::fd::AsFd;
        io::stdin().as_fd().try_clone_to_owned()
    };
    #[cfg(windows)]
    let owned = {
        use std::os::windows::io::AsHandle;
        io::stdin().as_handle().try_clone_to_owned()
    };
    owned.map(File::from).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("standard input cannot be read: {error}"),
        )
    })
}

/// Reads one line byte by byte, so that what follows is left for others, and no further than a PIN
/// can be long.
fn pin_from(input: &mut impl Read) -> Outcome<Pin> {
    let mut line = Zeroizing::new([0_u8; 8]);
    let mut length = 0;
    let mut byte = Zeroizing::new([0_u8; 1]);
    while length < line.len() {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => {
                line[length] = byte[0];
                length += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("the PIN cannot be read from standard input: {error}"),
                ));
            }
        }
    }
    let typed = &line[..length];
    let typed = typed.strip_suffix(b"\r").unwrap_or(typed);
    Pin::from_bytes(typed)
        .map_err(|error| Failure::new(Exit::Usage, format!("on standard input: {error}")))
}

/// Asks for a line.
///
/// # Errors
/// If there is nobody to ask; `instead` says what to do then.
pub(crate) fn line(question: &str, what: &str, instead: &str) -> Outcome<String> {
    if !is_interactive() {
        return Err(nobody(what, instead));
    }
    say(&format!("{question}: "));
    let mut typed = String::new();
    match io::stdin().lock().take(4_096).read_line(&mut typed) {
        Ok(0) => Err(Failure::new(
            Exit::Usage,
            format!("{what} was not typed; nothing was done"),
        )),
        Ok(_) => Ok(typed.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(Failure::new(
            Exit::Usage,
            format!("{what} cannot be read: {error}"),
        )),
    }
}

/// Asks for the number of number matching, until it is one from 10 to 99.
///
/// # Errors
/// If there is nobody to ask.
pub(crate) fn number() -> Outcome<u8> {
    loop {
        let typed = line(
            "Number shown on the computer",
            "the number on the computer's screen",
            "give it with --number",
        )?;
        match typed.trim().parse() {
            Ok(number @ 10..=99) => return Ok(number),
            _ => say("The number has two digits, 10 to 99.\n"),
        }
    }
}

/// Asks yes or no; only a clear yes is one.
///
/// # Errors
/// If there is nobody to ask.
pub(crate) fn yes(question: &str) -> Outcome<bool> {
    let typed = line(
        &format!("{question} [y/N]"),
        "a confirmation",
        "add --yes if that is meant",
    )?;
    Ok(matches!(
        typed.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

fn say(words: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr
        .write_all(words.as_bytes())
        .and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_on_standard_input_is_one_line_of_four_digits_and_what_follows_is_left() {
        let mut input: &[u8] = b"4071\r\nrest";
        assert_eq!(pin_from(&mut input).unwrap().as_bytes(), b"4071");
        assert_eq!(input, b"rest");
        assert_eq!(pin_from(&mut &b"0009"[..]).unwrap().as_bytes(), b"0009");
        for wrong in [
            "",
            "407",
            "40711",
            "4071 ",
            " 4071",
            "4071000000000",
            "407a",
        ] {
            let failure = pin_from(&mut wrong.as_bytes()).err().unwrap();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(!failure.to_string().contains("407"), "{failure}");
        }
    }
}
