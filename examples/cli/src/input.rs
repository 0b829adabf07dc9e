//! The argument "the code" of a command: a picture's file, a link, or `-` for either on standard
//! input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use countersign::Source;
use countersign::qr::scan::{Code, Diagnosis, ScanError, decode_file};
use countersign_protocol::link::LONGEST_LINK;

use crate::failure::{Exit, Failure, Outcome};
use crate::text::safe;

/// The largest picture's file that is read. Phones take photographs of 10 to 20 MB.
const LARGEST_FILE: u64 = 64 << 20;

/// How often a picture is looked at again for which there was no time.
const BUSY_TRIES: u32 = 3;

/// The text of a code, and how it came.
pub(crate) struct Scanned {
    /// A link, not parsed yet.
    pub(crate) text: String,
    /// From a picture or typed.
    pub(crate) source: Source,
}

/// Reads what the argument names.
///
/// # Errors
/// If it can't be read, or has no code or several of ours.
pub(crate) fn scan(argument: &str) -> Outcome<Scanned> {
    if is_link(argument.as_bytes()) {
        return Ok(pasted(argument));
    }
    let bytes = read(argument)?;
    if is_link(&bytes) {
        if let Ok(text) = String::from_utf8(bytes) {
            return Ok(pasted(text.trim_ascii()));
        }
        return Err(Failure::new(
            Exit::Input,
            "the link is damaged; copy it from the page again",
        ));
    }
    let found = decode(argument, &bytes)?;
    let mut texts: Vec<String> = found.into_iter().filter_map(|code| code.text).collect();
    // A screenshot may show other codes as well; only links of ours count then.
    if texts.len() > 1 {
        texts.retain(|text| is_link(text.as_bytes()) && text.contains("/Q/"));
        texts.sort();
        texts.dedup();
    }
    match (texts.pop(), texts.is_empty()) {
        (Some(text), true) => Ok(Scanned {
            text,
            source: Source::Camera,
        }),
        (Some(_), false) => Err(Failure::new(
            Exit::Input,
            "the picture shows several Countersign codes; crop it to the one that you mean",
        )),
        (None, _) => Err(Failure::new(
            Exit::Input,
            "the picture's QR code is not a Countersign code; look for the QR code on the sign-in page",
        )),
    }
}

fn pasted(text: &str) -> Scanned {
    Scanned {
        text: text.to_owned(),
        source: Source::Paste,
    }
}

/// Whether it begins like a link; the core decides what it is.
fn is_link(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.len() <= LONGEST_LINK + 64
        && ["https://", "http://", "countersign://"]
            .iter()
            .any(|scheme| {
                start
                    .get(..scheme.len())
                    .is_some_and(|found| found.eq_ignore_ascii_case(scheme.as_bytes()))
            })
}

/// Every code in a picture.
///
/// # Errors
/// [`Exit::Nothing`] when the picture is fine and has none, else [`Exit::Input`].
pub(crate) fn decode(name: &str, bytes: &[u8]) -> Outcome<Vec<Code>> {
    let mut decoded = decode_file(bytes);
    // The phone's core gives a picture a moment; on a computer that is busy with other things there
    // may be more of them.
    for _ in 0..BUSY_TRIES {
        if matches!(decoded, Err(ScanError::NoCode(Diagnosis::Unfinished))) {
            decoded = decode_file(bytes);
        }
    }
    decoded.map_err(|error| {
        let exit = match error {
            ScanError::NoCode(_) => Exit::Nothing,
            ScanError::Format | ScanError::Damaged(_) | ScanError::TooLarge => Exit::Input,
        };
        Failure::new(exit, format!("{}: {error}", safe(name)))
    })
}

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// If it can't be read or is too large to be a picture.
pub(crate) fn read(name: &str) -> Outcome<Vec<u8>> {
    let fail = |error: io::Error| {
        let shown = safe(name);
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                format!("there is no file {shown}, and it is no link; check the name")
            }
            io::ErrorKind::PermissionDenied => {
                format!("the file {shown} may not be read; check its permissions")
            }
            io::ErrorKind::IsADirectory => format!("{shown} is a folder; name a picture in it"),
            _ => format!("{shown} cannot be read: {error}"),
        };
        Failure::new(Exit::Input, message)
    };
    let mut bytes = Vec::new();
    if name == "-" {
        io::stdin()
            .lock()
            .take(LARGEST_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
    } else {
        File::open(Path::new(name))
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(fail)?;
    }
    if bytes.is_empty() {
        Err(Failure::new(
            Exit::Input,
            format!("{} is empty; save the picture again", safe(name)),
        ))
    } else if bytes.len() as u64 > LARGEST_FILE {
        Err(Failure::new(
            Exit::Input,
            format!(
                "{} is larger than {} MB; scale the picture down",
                safe(name),
                LARGEST_FILE >> 20
            ),
        ))
    } else {
        Ok(bytes)
    }
}
