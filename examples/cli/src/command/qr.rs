//! `decode` and `draw`: QR codes alone, without any account.

use std::fs;
use std::path::Path;

use countersign::qr::draw::{DrawError, Drawing, draw as drawing};
use countersign::qr::scan::Level;
use serde_json::{Value, json};

use crate::args::{Decode, Draw, LevelOption};
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::out::Out;
use crate::text::safe;

/// The text of every code in every picture, one a line. A picture without one doesn't hide the
/// others' texts.
pub(crate) fn decode(args: &Decode, out: Out) -> Outcome {
    let mut found = Vec::new();
    let mut failure: Option<Failure> = None;
    for image in &args.images {
        match input::read(image).and_then(|bytes| input::decode(image, &bytes)) {
            Ok(codes) => found.extend(codes.into_iter().map(|code| (image, code))),
            Err(error) => {
                // The last one is said by the caller; a picture that can't be read outweighs one
                // without a code.
                if let Some(earlier) = &failure {
                    out.note(&format!("countersign: {}", safe(&earlier.to_string())));
                }
                failure = match failure {
                    Some(earlier)
                        if earlier.exit() == Exit::Input && error.exit() != Exit::Input =>
                    {
                        out.note(&format!("countersign: {}", safe(&error.to_string())));
                        Some(Failure::new(
                            Exit::Input,
                            "a picture could not be used; see above",
                        ))
                    }
                    _ => Some(error),
                };
            }
        }
    }
    if !found.is_empty() {
        out.result(
            || {
                let codes = found.iter().map(|(image, code)| {
                    json!({
                        "image": image,
                        "text": code.text,
                        "bytes": if code.text.is_some() { Value::Null } else { hex(&code.bytes).into() },
                        "corners": code.corners,
                        "version": code.version,
                        "level": format!("{:?}", code.level),
                    })
                });
                Value::Array(codes.collect())
            },
            || {
                let lines = found.iter().map(|(_, code)| match &code.text {
                    Some(text) => safe(text),
                    None => format!("(no text; bytes {})", hex(&code.bytes)),
                });
                lines.collect::<Vec<_>>().join("\n")
            },
        );
    }
    failure.map_or(Ok(()), Err)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A code in the terminal or in a file.
pub(crate) fn draw(args: &Draw, out: Out) -> Outcome {
    let text = if args.text == "-" {
        let bytes = input::read("-")?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(Exit::Input, "standard input is no text in UTF-8"))?;
        // A line end that a shell adds is not part of the text.
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    } else {
        args.text.clone()
    };
    let level = match args.level {
        LevelOption::L => Level::L,
        LevelOption::M => Level::M,
        LevelOption::Q => Level::Q,
        LevelOption::H => Level::H,
    };
    let code = drawing(&text, level).map_err(|error| refused(&error))?;
    let Some(path) = &args.output else {
        out.result(|| described(&code, None), || code.terminal());
        return Ok(());
    };
    let bytes = match path.extension().and_then(|end| end.to_str()) {
        Some("png") => code
            .png(args.scale.into())
            .map_err(|error| refused(&error))?,
        Some("svg") => code.svg().into_bytes(),
        _ => {
            return Err(Failure::new(
                Exit::Usage,
                "the file's name says what kind of picture it is: let it end in .png or .svg",
            ));
        }
    };
    fs::write(path, bytes).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!(
                "{} cannot be written: {error}; choose another folder or name",
                path.display()
            ),
        )
    })?;
    out.result(
        || described(&code, Some(path)),
        || {
            format!(
                "Wrote {} ({} modules a side).",
                safe(&path.display().to_string()),
                code.size()
            )
        },
    );
    Ok(())
}

fn refused(error: &DrawError) -> Failure {
    Failure::new(Exit::Input, error)
}

fn described(code: &Drawing, path: Option<&Path>) -> Value {
    let rows: Vec<String> = (0..code.size())
        .map(|y| {
            let dark = |x| if code.dark(x, y) { '1' } else { '0' };
            (0..code.size()).map(dark).collect()
        })
        .collect();
    json!({
        "file": path.map(|path| path.display().to_string()),
        "version": code.version(),
        "level": format!("{:?}", code.level()),
        "modules": rows,
    })
}
