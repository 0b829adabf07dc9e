//! Times as a language writes them.

use chrono::{DateTime, Utc};
use countersign_protocol::Time;
use minijinja::{HtmlEscape, Value};

use crate::base::{lang::Lang, time::rfc3339};

fn date(time: Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(time).ok()?, 0)
}

/// `23 Nov 2026, 16:05 UTC` of seconds since 1970; Latvian `23.11.2026. 16:05 UTC`.
pub(crate) fn time(lang: Lang, time: Time) -> String {
    let form = match lang {
        Lang::En => "%-d %b %Y, %H:%M UTC",
        Lang::Lv => "%d.%m.%Y. %H:%M UTC",
    };
    let date = date(time);
    date.map(|date| date.format(form).to_string())
        .unwrap_or_default()
}

/// A time as an element of HTML, which the page's script turns into the time of the person's own
/// place.
pub(super) fn time_element(lang: Lang, seconds: Time) -> Value {
    let machine = rfc3339(seconds);
    if machine.is_empty() {
        return Value::from(machine);
    }
    let person = time(lang, seconds);
    Value::from_safe_string(format!(
        "<time datetime=\"{}\">{}</time>",
        HtmlEscape(&machine),
        HtmlEscape(&person)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_language_does() {
        for (lang, seconds, text) in [
            (Lang::En, 1_795_450_000, "23 Nov 2026, 16:06 UTC"),
            (Lang::Lv, 1_795_450_000, "23.11.2026. 16:06 UTC"),
            (Lang::Lv, 951_868_799, "29.02.2000. 23:59 UTC"),
            (Lang::En, 0, "1 Jan 1970, 00:00 UTC"),
            (Lang::En, u64::MAX, ""),
        ] {
            assert_eq!(time(lang, seconds), text);
        }
        assert_eq!(time_element(Lang::En, u64::MAX).to_string(), "");
        let element = time_element(Lang::Lv, 1_795_450_000);
        assert_eq!(
            element.to_string(),
            "<time datetime=\"2026-11-23T16:06:40Z\">23.11.2026. 16:06 UTC</time>"
        );
    }
}
