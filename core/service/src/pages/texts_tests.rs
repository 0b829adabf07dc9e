use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey},
    parser::parse,
};

use super::*;
use crate::pages::TEMPLATES;

/// What a text is made of, with every text that it takes in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Made {
    variables: BTreeSet<String>,
    /// Variables that choose among forms, with the forms that there are.
    chosen: BTreeMap<String, BTreeSet<String>>,
    /// Texts that it takes in.
    takes: BTreeSet<String>,
}

impl Made {
    fn of(pattern: &Pattern<&str>) -> Self {
        let mut made = Self::default();
        made.read(pattern);
        made
    }

    fn read(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            let PatternElement::Placeable { expression } = element else {
                continue;
            };
            match expression {
                Expression::Inline(InlineExpression::VariableReference { id }) => {
                    self.variables.insert(id.name.to_owned());
                }
                Expression::Inline(InlineExpression::MessageReference { id, .. }) => {
                    self.takes.insert(id.name.to_owned());
                }
                Expression::Select {
                    selector: InlineExpression::VariableReference { id },
                    variants,
                } => {
                    self.variables.insert(id.name.to_owned());
                    let forms = variants.iter().map(|variant| match variant.key {
                        VariantKey::Identifier { name } => name.to_owned(),
                        VariantKey::NumberLiteral { value } => value.to_owned(),
                    });
                    let known = self.chosen.entry(id.name.to_owned()).or_default();
                    known.extend(forms);
                    for variant in variants {
                        self.read(&variant.value);
                    }
                }
                other => panic!("a text is made of variables, plural forms and texts: {other:?}"),
            }
        }
    }
}

/// The texts of an area's file.
fn texts(source: &str) -> BTreeMap<String, Made> {
    let entries = parse(source).unwrap().body;
    let texts = entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => {
            let made = Made::of(message.value.as_ref().unwrap());
            Some((message.id.name.to_owned(), made))
        }
        _ => None,
    });
    texts.collect()
}

/// The texts of a language.
fn all(lang: Lang) -> BTreeMap<String, Made> {
    let files = AREAS.iter();
    files
        .flat_map(|(_, source)| texts(source.of(lang)))
        .collect()
}

/// The plural forms of a language, by CLDR.
fn forms(lang: Lang) -> BTreeSet<String> {
    let forms: &[&str] = match lang {
        Lang::En => &["one", "other"],
        Lang::Lv => &["zero", "one", "other"],
    };
    forms.iter().map(|form| (*form).to_owned()).collect()
}

#[test]
fn every_language_has_every_key_in_its_area_with_its_variables_and_all_plural_forms() {
    Texts::built_in().unwrap();
    for (area, source) in AREAS {
        let of = |lang| texts(source.of(lang));
        let english = of(Lang::En);
        for lang in Lang::ALL {
            let here = of(lang);
            let keys = |texts: &BTreeMap<String, Made>| texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&here), keys(&english), "{area} in {lang:?}");
            let all = all(lang);
            for (key, made) in &here {
                let whole = |texts: &BTreeMap<String, Made>, made: &Made| {
                    let taken = made.takes.iter().flat_map(|key| &texts[key].variables);
                    taken
                        .chain(&made.variables)
                        .cloned()
                        .collect::<BTreeSet<_>>()
                };
                let wanted = whole(&self::all(Lang::En), &english[key]);
                assert_eq!(whole(&all, made), wanted, "{key} in {lang:?}");
                for (variable, found) in &made.chosen {
                    // A number chooses among plural forms, a name among names.
                    let wanted = match found.contains("one") {
                        true => &forms(lang),
                        false => &english[key].chosen[variable],
                    };
                    assert_eq!(found, wanted, "{variable} of {key} in {lang:?}");
                }
            }
        }
    }
}

#[test]
fn a_number_chooses_its_plural_form_and_a_missing_variable_is_an_error() {
    let texts = Texts::built_in().unwrap();
    let text = |lang, hours: u32| texts.get(lang, "hours", &[("hours", hours.into())]);
    for (lang, hours, text_of_it) in [
        (Lang::En, 1, "1 hour"),
        (Lang::En, 48, "48 hours"),
        (Lang::Lv, 1, "1 stundu"),
        (Lang::Lv, 21, "21 stundu"),
        (Lang::Lv, 11, "11 stundu"),
        (Lang::Lv, 48, "48 stundas"),
    ] {
        assert_eq!(text(lang, hours).as_deref(), Some(text_of_it));
    }
    assert_eq!(texts.get(Lang::En, "hours", &[]), None);
    assert_eq!(texts.get(Lang::En, "nothing", &[]), None);
}

fn below(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, ending, found);
        } else if path.to_str().unwrap().ends_with(ending) {
            let source = fs::read_to_string(&path).unwrap();
            found.push((path, source));
        }
    }
}

/// What the sources name: whole keys, and keys of which a part is known only when they run, as the
/// beginning and the end.
#[derive(Default)]
struct Named {
    keys: BTreeMap<String, PathBuf>,
    parts: BTreeMap<(String, String), PathBuf>,
    /// Every literal text of the sources: what such a part can be.
    literals: BTreeSet<String>,
}

impl Named {
    fn read() -> Self {
        let mut named = Self::default();
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut templates = Vec::new();
        below(&crate_folder.join("templates"), ".html", &mut templates);
        for (path, source) in templates {
            named.template(&path, &source);
        }
        let mut sources = Vec::new();
        below(&crate_folder.join("src"), ".rs", &mut sources);
        for (path, source) in sources {
            named.rust(&path, &source);
        }
        named
    }

    fn template(&mut self, path: &Path, source: &str) {
        for call in source.split("t(\"").skip(1) {
            let (key, rest) = call.split_once('"').unwrap();
            if let Some(rest) = rest.trim_start().strip_prefix('~') {
                let call = rest.split(')').next().unwrap();
                let end = call.split('"').nth(1).unwrap_or_default();
                let part = (key.to_owned(), end.to_owned());
                self.parts.insert(part, path.to_owned());
            } else {
                self.keys.insert(key.to_owned(), path.to_owned());
            }
        }
        self.literals.extend(source.split('"').map(str::to_owned));
    }

    /// In Rust a text of lower-case words with `_` between them is a key. Only the store has such
    /// words of its own, the list of areas, what systems read of an app, the file with a person's
    /// data, what a form has done, and the file of services.
    fn rust(&mut self, path: &Path, source: &str) {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let is_key = |text: &str| {
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
            text.contains('_') && text.chars().all(allowed) && !text.starts_with(['_', '-'])
        };
        let own = ["store", "clients", "oidc", "oidc.rs"];
        let own_words = path
            .components()
            .any(|part| own.iter().any(|own| part.as_os_str() == *own))
            || path.ends_with("apps.rs")
            || path.ends_with("told.rs")
            || path.ends_with("export.rs");
        for literal in source.split('"') {
            self.literals.insert(literal.to_owned());
            if own_words {
                continue;
            }
            if is_key(literal) && !AREAS.iter().any(|(area, _)| *area == literal) {
                self.keys.insert(literal.to_owned(), path.to_owned());
            }
        }
        for literal in source.split("format!(\"").skip(1) {
            let literal = literal.split('"').next().unwrap();
            if let Some((key, rest)) = literal.split_once('{')
                && let Some((_, end)) = rest.split_once('}')
                && is_key(&format!("{key}x{end}"))
            {
                let part = (key.to_owned(), end.to_owned());
                self.parts.insert(part, path.to_owned());
            }
        }
    }

    fn names(&self, key: &str) -> bool {
        let is_part = |(begin, end): &(String, String)| {
            let middle = key.strip_prefix(begin.as_str());
            let middle = middle.and_then(|rest| rest.strip_suffix(end.as_str()));
            middle.is_some_and(|middle| {
                self.literals.contains(middle) || middle.chars().all(|c| c.is_ascii_digit())
            })
        };
        self.keys.contains_key(key) || self.parts.keys().any(is_part)
    }
}

/// Texts of events that an older program noted, and that histories still have.
const EARLIER: [&str; 2] = ["event_account-disabled", "event_account-enabled"];

#[test]
fn every_text_that_is_named_exists_and_none_is_left_over() {
    let texts = all(Lang::En);
    let named = Named::read();
    for (key, path) in &named.keys {
        assert!(texts.contains_key(key), "{key} in {}", path.display());
    }
    for ((begin, end), path) in &named.parts {
        let mut keys = texts.keys();
        let known = keys.any(|key| key.starts_with(begin) && key.ends_with(end));
        assert!(known, "{begin}…{end} in {}", path.display());
    }
    let taken: BTreeSet<_> = texts.values().flat_map(|made| &made.takes).collect();
    for key in texts.keys() {
        assert!(
            named.names(key) || taken.contains(key) || EARLIER.contains(&key.as_str()),
            "{key} is left over"
        );
    }
}

/// Texts that are the same in both languages: names, and what is only put together.
const SAME: &[&str] = &[
    "mail_end",
    "mail_stop-link_subject",
    "mail_subject",
    "stop_word",
    "transactions_label_iban",
];

#[test]
fn no_latvian_text_is_the_english_one() {
    let of = |lang| {
        let files = AREAS.iter().map(move |(_, source)| *source.of(lang));
        let all = files.flat_map(|source| parse(source).unwrap().body);
        all.filter_map(|entry| match entry {
            Entry::Message(message) => Some((message.id.name, format!("{:?}", message.value))),
            _ => None,
        })
    };
    let english: BTreeMap<_, _> = of(Lang::En).collect();
    let same: Vec<_> = of(Lang::Lv)
        .filter(|(key, text)| english[key] == *text)
        .map(|(key, _)| key)
        .collect();
    let left: Vec<_> = same.iter().filter(|key| !SAME.contains(key)).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A template without what stands between `begin` and `end`.
fn without(mut source: &str, begin: &str, end: &str) -> String {
    let mut rest = String::new();
    while let Some((before, after)) = source.split_once(begin) {
        rest.push_str(before);
        source = after.split_once(end).unwrap().1;
    }
    rest + source
}

#[test]
fn every_template_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut templates = Vec::new();
    below(&folder, ".html", &mut templates);
    let names = templates.iter().map(|(path, _)| path.file_name().unwrap());
    let built_in: BTreeSet<_> = TEMPLATES.iter().map(|(name, _)| OsStr::new(name)).collect();
    assert_eq!(names.collect::<BTreeSet<_>>(), built_in);
}

#[test]
fn no_template_has_a_text_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut templates = Vec::new();
    below(&folder, ".html", &mut templates);
    // With `_` it is the name of a field.
    let has_letters = |text: &str| {
        let mut words = text.split_whitespace();
        words.any(|word| word.chars().any(char::is_alphabetic) && !word.contains('_'))
    };
    for (path, source) in templates {
        let source = without(&source, "{#", "#}");
        // The name of a class.
        let source = without(&source, "{% block shape %}", "{% endblock %}");
        let source = without(&source, "<style>", "</style>");
        let source = without(&source, "{%", "%}");
        let source = without(&source, "{{", "}}");
        for attribute in [" aria-label=\"", " placeholder=\"", " title=\"", " alt=\""] {
            for value in source.split(attribute).skip(1) {
                let value = value.split('"').next().unwrap();
                assert!(!has_letters(value), "{value} in {}", path.display());
            }
        }
        let text = without(&source, "<", ">");
        // Attributes that a tag gets elsewhere.
        let attribute = |part: &str| part.splitn(3, '"').nth(2).unwrap_or_default().to_owned();
        let mut parts = text.split(" aria-");
        let first = parts.next().unwrap_or_default().to_owned();
        let text = first + &parts.map(attribute).collect::<String>();
        assert!(!has_letters(&text), "{} in {}", text.trim(), path.display());
    }
}
