//! The pages that people see: templates, texts, and how they are rendered. Nothing here knows who
//! asks or what the service holds.

mod brand;
mod colour;
mod files;
mod mark;
mod texts;
pub(crate) mod written;

use std::sync::Arc;

use fluent_bundle::FluentValue;
use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior, Value, context,
    value::{Kwargs, ValueKind},
};

use crate::base::lang::{Lang, PerLang};
pub(crate) use brand::Look;
pub use brand::{BadBrand, Brand};
use files::Files;
use texts::Texts;

macro_rules! templates {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// The built-in templates by name.
pub(crate) const TEMPLATES: &[(&str, &str)] = templates! {
    "base.html"
    "account.html"
    "code.html"
    "denied.html"
    "delete.html"
    "deletion_cancel.html"
    "deletion_over.html"
    "device.html"
    "devices.html"
    "ended.html"
    "enter.html"
    "enter_denied.html"
    "enter_elsewhere.html"
    "enter_post.html"
    "enter_refused.html"
    "logout.html"
    "enrolment.html"
    "error.html"
    "export.html"
    "history.html"
    "landing.html"
    "method.html"
    "mail.html"
    "mobile.html"
    "mobile_continue.html"
    "new_pin.html"
    "parts.html"
    "person.html"
    "password.html"
    "recover.html"
    "recovery.html"
    "recovery_begun.html"
    "recovery_cancel.html"
    "recovery_over.html"
    "invitation.html"
    "stop.html"
    "stopped.html"
    "privacy.html"
    "register.html"
    "register_closed.html"
    "register_confirm.html"
    "register_done.html"
    "register_sent.html"
    "link_sent.html"
    "link_over.html"
    "link_done.html"
    "change_email.html"
    "change_password.html"
    "confirm.html"
    "email_undone.html"
    "forgotten.html"
    "link_confirm.html"
    "link_elsewhere.html"
    "new_password.html"
    "password_done.html"
    "stop_link.html"
    "sessions.html"
    "sign_in.html"
    "signed.html"
    "transaction.html"
    "transactions.html"
    "waiting.html"
};

/// What the frame around every page needs to know of the visitor.
pub(crate) struct Frame<'a> {
    /// The token for the forms of the visitor's browser. Empty on pages without forms.
    pub(crate) csrf: &'a str,
    /// Whether the visitor is signed in, so that the page offers to sign out.
    pub(crate) signed_in: bool,
    /// The language of the page.
    pub(crate) lang: Lang,
    /// The path of the page, where a choice of language leads back to.
    pub(crate) here: &'a str,
    /// The address of whoever is signing in, on the pages of a sign-in.
    pub(crate) who: Option<&'a str>,
    /// Whether the visitor's browser is a phone's, so that the page offers the app on it.
    pub(crate) phone: bool,
    /// What the form before this page has done: the end of its text's key.
    pub(crate) told: Option<&'static str>,
    /// What people call the service to which the visitor goes on.
    pub(crate) entering: Option<&'a str>,
    /// What the visitor has filled in, by the names of fields.
    pub(crate) filled: Value,
    /// When the visitor's session ends; nothing, where they are not signed in.
    pub(crate) ends: Value,
}

impl Frame<'static> {
    /// Around a message, which has no visitor.
    pub(crate) fn of_message(lang: Lang) -> Self {
        Self {
            csrf: "",
            signed_in: false,
            lang,
            here: "",
            who: None,
            phone: false,
            told: None,
            entering: None,
            filled: context! {},
            ends: ().into(),
        }
    }
}

/// Templates and texts.
pub(crate) struct Pages {
    environments: PerLang<Environment<'static>>,
    /// The texts, for messages and exports.
    pub(crate) texts: Arc<Texts>,
    /// What the pages load.
    pub(crate) files: Files,
    /// The operator's settings of them.
    pub(crate) brand: Brand,
}

impl Pages {
    /// Reads the built-in templates and texts.
    pub(crate) fn new(name: &str, mut look: Look) -> Result<Self, Error> {
        let files = Files::new(&mut look)
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error))?;
        let logo = look
            .logo
            .map(|logo| Value::from_safe_string(format!("{}/{}", files.folder(), logo.name)));
        let brand = look.brand;
        let texts = Texts::built_in()
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
        let texts = Arc::new(texts);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        environment.add_global("service", name);
        let languages =
            Lang::ALL.map(|lang| context! { code => lang.code(), name => lang.own_name() });
        environment.add_global("languages", languages.to_vec());
        environment.add_global("files", Value::from_safe_string(files.folder()));
        environment.add_global("mark", mark::PATH);
        environment.add_global(
            "brand",
            context! {
                logo, help_desk => brand.help_desk, legal => brand.legal,
                accessibility => brand.accessibility,
            },
        );
        let environments =
            PerLang::make(|lang| Ok::<_, Error>(spoken(&environment, &texts, lang)))?;
        Ok(Self {
            environments,
            texts,
            files,
            brand,
        })
    }

    /// A page as HTML.
    ///
    /// # Errors
    /// The template or a text that it names is missing, or a value that it needs.
    pub(crate) fn render(
        &self,
        template: &str,
        frame: &Frame<'_>,
        values: Value,
    ) -> Result<String, Error> {
        let values = context! {
            page_name => template.trim_end_matches(".html"),
            csrf => frame.csrf, signed_in => frame.signed_in, here => frame.here,
            who => frame.who, phone => frame.phone, told => frame.told, entering => frame.entering,
            filled => frame.filled, ends => frame.ends, ..values
        };
        let environment = self.environments.of(frame.lang);
        environment.get_template(template)?.render(values)
    }
}

/// The environment whose templates speak this language: `lang` is its tag, and
/// `t("key", name=value)` a text of it. Templates that are imported have both too.
fn spoken(
    environment: &Environment<'static>,
    texts: &Arc<Texts>,
    lang: Lang,
) -> Environment<'static> {
    let mut environment = environment.clone();
    let texts = texts.clone();
    let t = move |key: &str, values: Kwargs| -> Result<String, Error> {
        let names: Vec<String> = values.args().map(str::to_owned).collect();
        let mut pairs = Vec::new();
        for name in &names {
            pairs.push((name.as_str(), given(&values.get(name)?)));
        }
        let text = texts.get(lang, key, &pairs);
        text.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no text {key}")))
    };
    environment.add_function("t", t);
    environment.add_filter("time", move |seconds: u64| {
        written::time_element(lang, seconds)
    });
    environment.add_global("lang", lang.code());
    environment
}

/// A template's value for a text. Numbers stay numbers, which choose plural forms.
fn given(value: &Value) -> FluentValue<'static> {
    match (value.kind(), i64::try_from(value.clone())) {
        (ValueKind::Number, Ok(number)) => number.into(),
        (ValueKind::None | ValueKind::Undefined, _) => FluentValue::None,
        _ => value.to_string().into(),
    }
}
