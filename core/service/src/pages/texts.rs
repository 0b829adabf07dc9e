//! The texts that a person sees, by key, in each language: files of Fluent, one for an area.

use fluent_bundle::{
    FluentArgs, FluentError, FluentResource, FluentValue, concurrent::FluentBundle,
};

use crate::{
    base::lang::{Lang, PerLang},
    security::{By, Caller},
};

macro_rules! areas {
    ($($area:literal)*) => {
        &[$((
            $area,
            PerLang::new(
                include_str!(concat!("../../texts/en/", $area, ".ftl")),
                include_str!(concat!("../../texts/lv/", $area, ".ftl")),
            ),
        )),*]
    };
}

/// The areas. A key is in one of them, in the same one in each language.
const AREAS: &[(&str, PerLang<&str>)] = areas! {
    "common"
    "errors"
    "register"
    "privacy"
    "sign_in"
    "account"
    "credentials"
    "devices"
    "recovery"
    "transactions"
    "events"
    "mail"
};

/// Why the texts can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextsError {
    /// A language's tag is none.
    #[error("{0} is no tag of a language")]
    Tag(&'static str),
    /// A file is not Fluent.
    #[error("texts/{0}/{1}.ftl: {2}")]
    Syntax(&'static str, &'static str, String),
    /// A key is in two files.
    #[error("texts/{0}/{1}.ftl: {2}")]
    Twice(&'static str, &'static str, String),
}

/// The texts of every language.
pub(crate) struct Texts(PerLang<FluentBundle<FluentResource>>);

impl Texts {
    /// The texts that are built in.
    pub(super) fn built_in() -> Result<Self, TextsError> {
        PerLang::make(bundle).map(Self)
    }

    /// The text of a key with its variables put in. A number that is given as a number chooses
    /// among plural forms. `None`: the language has no such key, or a variable was not given.
    pub(crate) fn get(
        &self,
        lang: Lang,
        key: &str,
        values: &[(&str, FluentValue<'_>)],
    ) -> Option<String> {
        let bundle = self.0.of(lang);
        let pattern = bundle.get_message(key)?.value()?;
        let args: FluentArgs<'_> = values.iter().cloned().collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
        errors.is_empty().then(|| text.into_owned())
    }

    /// The text of an event in an account's history, from its name and its detail.
    pub(crate) fn event(&self, lang: Lang, what: &str, detail: &str) -> Option<String> {
        let detail = match what {
            "signed-in" => self.get(lang, &format!("strength_{detail}"), &[])?,
            "session-ended" => self.by(lang, &By::from_code(detail)?)?,
            "language-changed" => Lang::from_name(detail)?.own_name().to_owned(),
            _ if what.starts_with("transaction-signed") => {
                let title = self.get(lang, &format!("transactions_title_{detail}"), &[]);
                title.unwrap_or_else(|| detail.to_owned())
            }
            _ => detail.to_owned(),
        };
        self.get(lang, &format!("event_{what}"), &[("detail", detail.into())])
    }

    /// What asked for something: `Firefox on Linux`.
    pub(crate) fn by(&self, lang: Lang, by: &By) -> Option<String> {
        match by {
            By::Browser(agent) => {
                let browser = [("name", agent.browser_name().into())];
                let browser = self.get(lang, "by_browser", &browser)?;
                let system = ("system", agent.system_name().into());
                self.get(lang, "by_system", &[("browser", browser.into()), system])
            }
            By::Device => self.get(lang, "by_device", &[]),
            By::Operator(name) => self.get(lang, "by_operator", &[("name", name.into())]),
        }
    }

    /// Who asked for something, and from where, as far as that is known.
    pub(crate) fn caller(&self, lang: Lang, caller: &Caller) -> Option<String> {
        let by = match &caller.by {
            Some(by) => Some(self.by(lang, by)?),
            None => None,
        };
        let parts = [by, caller.place.clone()];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        Some(parts.join(", "))
    }
}

fn bundle(lang: Lang) -> Result<FluentBundle<FluentResource>, TextsError> {
    let tag = lang.code().parse();
    let tag = tag.map_err(|_| TextsError::Tag(lang.code()))?;
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Marks of direction around each value would end up in copied addresses and links.
    bundle.set_use_isolating(false);
    for (area, source) in AREAS {
        let file =
            FluentResource::try_new((*source.of(lang)).to_owned()).map_err(|(_, errors)| {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                TextsError::Syntax(lang.code(), area, errors.join(", "))
            })?;
        bundle.add_resource(file).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(FluentError::to_string).collect();
            TextsError::Twice(lang.code(), area, errors.join(", "))
        })?;
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text key that a template or a handler names is there.
    #[test]
    fn every_text_that_is_named_exists() {
        let texts = Texts::built_in().unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let known = AREAS
            .iter()
            .flat_map(|(_, source)| source.of(Lang::En).lines());
        let known: Vec<&str> = known
            .filter_map(|line| Some(line.split_once(" =")?.0))
            .collect();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            for call in source.split("t(\"").skip(1) {
                let key = call.split('"').next().unwrap();
                if call[key.len() + 1..].trim_start().starts_with('~') {
                    assert!(
                        known.iter().any(|known| known.starts_with(key)),
                        "{key}* in {}",
                        path.display()
                    );
                } else {
                    for lang in Lang::ALL {
                        let bundle = texts.0.of(lang);
                        assert!(bundle.has_message(key), "{key} in {}", path.display());
                    }
                }
            }
        }
    }

    #[test]
    fn a_number_chooses_its_plural_form_and_a_missing_variable_is_an_error() {
        let texts = Texts::built_in().unwrap();
        let text = |hours: u32| texts.get(Lang::En, "hours", &[("hours", hours.into())]);
        assert_eq!(text(1).as_deref(), Some("1 hour"));
        assert_eq!(text(48).as_deref(), Some("48 hours"));
        assert_eq!(texts.get(Lang::En, "hours", &[]), None);
        assert_eq!(texts.get(Lang::En, "nothing", &[]), None);
    }
}
