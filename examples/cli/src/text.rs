//! Text from outside made safe to show, and moments in words.

use chrono::{DateTime, Local};
use countersign::Time;
use countersign_protocol::field::Hostile;
use serde_json::Value;

/// The text with everything that a terminal could obey, or that reads otherwise than it is, written
/// as `\u{..}`.
#[must_use]
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if Hostile::of(character).is_some() {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// JSON, over several lines or on one, with everything escaped that [`safe`] escapes. Such
/// characters stand only inside of strings, where `\uXXXX` is the same.
#[must_use]
pub(crate) fn safe_json(value: &Value, lines: bool) -> String {
    let mut out = String::new();
    let text = if lines {
        format!("{value:#}")
    } else {
        value.to_string()
    };
    for character in text.chars() {
        if character != '\n' && Hostile::of(character).is_some() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// A moment in this computer's time zone, with the day when it isn't today, and how long ago or
/// ahead it is.
#[must_use]
pub(crate) fn moment(time: Time, now: Time) -> String {
    let Some(at) = local(time) else {
        return "at an unknown time".to_owned();
    };
    let today = local(now).is_some_and(|now| now.date_naive() == at.date_naive());
    let clock = at.format(if today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" });
    if time <= now {
        match now - time {
            0..=4 => format!("{clock}, just now"),
            past => format!("{clock}, {} ago", duration(past)),
        }
    } else {
        format!("{clock}, in {}", duration(time - now))
    }
}

/// A moment with day and zone, for lists.
#[must_use]
pub(crate) fn stamp(time: Time) -> String {
    local(time).map_or_else(
        || "unknown".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// RFC 3339 in UTC, for `--json`.
#[must_use]
pub(crate) fn rfc3339(time: Time) -> Option<String> {
    let at = DateTime::from_timestamp(i64::try_from(time).ok()?, 0)?;
    Some(at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn local(time: Time) -> Option<DateTime<Local>> {
    DateTime::from_timestamp(i64::try_from(time).ok()?, 0).map(|at| at.with_timezone(&Local))
}

/// Seconds in the largest unit that says enough.
#[must_use]
pub(crate) fn duration(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {}", plural(number, unit))
}

/// `try`, `tries`; `second`, `seconds`.
#[must_use]
pub(crate) fn plural(number: u64, one: &str) -> String {
    match (number, one.strip_suffix('y')) {
        (1, _) => one.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        _ => format!("{one}s"),
    }
}

/// Lines of at most `width` characters, where words allow.
#[must_use]
pub(crate) fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// An error's words as a sentence's beginning.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = safe(text).chars().collect::<Vec<_>>().into_iter();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_from_outside_are_never_shown_as_they_are() {
        assert_eq!(safe("a\u{1b}[2Jb\u{9b}31m"), "a\\u{1b}[2Jb\\u{9b}31m");
        assert_eq!(safe("abc\u{202e}fdp.exe\n"), "abc\\u{202e}fdp.exe\\u{a}");
        assert_eq!(safe("Jānis Kalniņš, Ģ €"), "Jānis Kalniņš, Ģ €");
    }

    #[test]
    fn json_escapes_them_too_and_stays_the_same_value() {
        let value = serde_json::json!({ "a": "\u{9b}\u{202e}\u{1b}\u{e0001} ā\n" });
        let text = safe_json(&value, true);
        assert!(text.chars().all(|c| c == '\n' || Hostile::of(c).is_none()));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn moments_are_said_in_the_unit_that_tells_enough() {
        assert_eq!(duration(1), "1 second");
        assert_eq!(duration(119), "119 seconds");
        assert_eq!(duration(180), "3 minutes");
        assert_eq!(duration(7_300), "2 hours");
        assert_eq!(plural(2, "try"), "tries");
        assert!(moment(1_000_000, 1_000_002).ends_with("just now"));
        assert!(moment(1_000_300, 1_000_000).ends_with("in 5 minutes"));
        assert_eq!(moment(u64::MAX, 0), "at an unknown time");
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn long_words_go_over_several_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""]);
    }
}
