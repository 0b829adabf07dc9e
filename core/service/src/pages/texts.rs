//! The texts that a person sees, by key, in each language: files of Fluent, one for an area.

use fluent_bundle::{
    FluentArgs, FluentError, FluentResource, FluentValue, concurrent::FluentBundle,
};

use super::written;
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
    "relying"
    "events"
    "mail"
    "admin"
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
            "deletion-asked" | "deletion-near" => detail
                .parse()
                .map_or_else(|_| detail.to_owned(), |at| written::time(lang, at)),
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
#[path = "texts_tests.rs"]
mod tests;
