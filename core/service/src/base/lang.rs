//! The languages in which the service speaks to people.

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
