//! The languages in which the service speaks to people.

use std::cmp::Reverse;

use super::names::names;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Latvian.
    Lv,
}

// The names are tags of BCP 47, as HTML, HTTP and the database have them.
names!(Lang { En = "en", Lv = "lv" });

impl Lang {
    /// Every language, in the order in which a person chooses.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Lv];

    /// Its tag of BCP 47.
    pub(crate) const fn code(self) -> &'static str {
        self.name()
    }

    /// What it calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Lv => "Latviešu",
        }
    }
}

/// So many ranges of `Accept-Language` are read; browsers send fewer.
const RANGES: usize = 30;

impl Lang {
    /// The language that the lines of `Accept-Language` prefer (RFC 9110, sections 12.4.2 and
    /// 12.5.4), if there is one among them. A range counts by its first part: `lv-LV` is Latvian.
    /// Of equal weights the first counts; what is no range is left out.
    pub(crate) fn accepted<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let items = lines.flat_map(|line| line.split(',')).take(RANGES);
        let ranges: Vec<(&str, u16)> = items.filter_map(range).collect();
        let weight = |lang: Self| {
            let found = |tag: &str| {
                let found = ranges.iter().enumerate();
                let found = found.filter(|(_, (range, _))| range.eq_ignore_ascii_case(tag));
                found.map(|(at, (_, weight))| (*weight, Reverse(at))).max()
            };
            found(lang.code()).or_else(|| found("*"))
        };
        // Of two that are equal in all, `max_by_key` takes the last: English.
        let weighed = Self::ALL.into_iter().rev();
        let weighed = weighed.filter_map(|lang| Some((lang, weight(lang)?)));
        let (lang, _) = weighed
            .filter(|(_, (weight, _))| *weight > 0)
            .max_by_key(|(_, weight)| *weight)?;
        Some(lang)
    }
}

/// Optional white space (RFC 9110, section 5.6.3).
const OWS: [char; 2] = [' ', '\t'];

/// A range's first part, and its weight in thousandths.
fn range(item: &str) -> Option<(&str, u16)> {
    let (tag, weight) = match item.split_once(';') {
        Some((tag, weight)) => (tag, weight.trim_matches(OWS).strip_prefix(['q', 'Q'])?),
        None => (item, "=1"),
    };
    let weight = weight.strip_prefix('=')?;
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    let weight = match (whole, thousandths) {
        ("0", _) => thousandths,
        ("1", 0) => 1000,
        _ => return None,
    };
    let tag = tag.trim_matches(OWS);
    let first = tag.split('-').next()?;
    Some((first, weight))
}

/// One of something for each language.
pub(crate) struct PerLang<T> {
    en: T,
    lv: T,
}

impl<T> PerLang<T> {
    /// From the one for each language.
    pub(crate) const fn new(en: T, lv: T) -> Self {
        Self { en, lv }
    }

    /// Made for one language after the other.
    ///
    /// # Errors
    /// The first that can't be made.
    pub(crate) fn make<E>(mut one: impl FnMut(Lang) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            en: one(Lang::En)?,
            lv: one(Lang::Lv)?,
        })
    }

    /// The one for this language.
    pub(crate) const fn of(&self, lang: Lang) -> &T {
        match lang {
            Lang::En => &self.en,
            Lang::Lv => &self.lv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_most_weight_is_accepted_and_nonsense_is_left_out() {
        let accepted = |line| Lang::accepted(std::iter::once(line));
        for (line, lang) in [
            ("lv", Some(Lang::Lv)),
            ("LV-lv, lv;q=0.9, en;q=0.8", Some(Lang::Lv)),
            (
                "ru-RU, ru;q=0.9, lv;q=0.8, en-US;q=0.7, en;q=0.6",
                Some(Lang::Lv),
            ),
            ("en;q=0.5,lv;q=0.501", Some(Lang::Lv)),
            ("lv;q=0.5, en;q=0.5", Some(Lang::Lv)),
            ("en;q=0.5, lv;q=0.5", Some(Lang::En)),
            ("lv;q=0.1, en-GB", Some(Lang::En)),
            ("lv ; q=1.000 , en;q=1.0", Some(Lang::Lv)),
            ("*", Some(Lang::En)),
            ("*, en;q=0", Some(Lang::Lv)),
            ("de, *;q=0.1", Some(Lang::En)),
            ("de;q=0.9, fr", None),
            ("en;q=0", None),
            ("lv;q=2", None),
            ("lv;q=0.1234", None),
            ("lv;q=-1", None),
            ("lv;q=", None),
            ("lv;q", None),
            ("lv;level=1", None),
            ("lv;q=1;q=0", None),
            ("lvx, l v, ;, ,,;q=1,-", None),
            ("", None),
        ] {
            assert_eq!(accepted(line), lang, "{line}");
        }
        let long = "x,".repeat(10_000) + "lv";
        assert_eq!(accepted(&long), None);
        let lines = ["de", "lv;q=0.3", "\u{a0}en"];
        assert_eq!(Lang::accepted(lines.into_iter()), Some(Lang::Lv));
    }
}
