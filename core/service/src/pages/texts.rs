//! The texts that a person sees, by key, one file for a language.

use std::collections::BTreeMap;

/// The texts of a language.
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// English, built in.
    pub(super) fn english() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("../../texts/en.json")).map(Self)
    }

    /// The text of a key with its `{name}`s replaced; `None` if the language has no such key.
    pub(crate) fn get(&self, key: &str, values: &[(&str, String)]) -> Option<String> {
        let mut text = self.0.get(key)?.clone();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        Some(text)
    }

    /// The text of an event in an account's history, from its name and its detail.
    pub(crate) fn event(&self, what: &str, detail: &str) -> Option<String> {
        let detail = match what {
            "signed-in" => self.get(&format!("strength_{detail}"), &[])?,
            _ => detail.to_owned(),
        };
        self.get(&format!("event_{what}"), &[("detail", detail)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text key that a template or a handler names is there.
    #[test]
    fn every_text_that_is_named_exists() {
        let texts = Texts::english().unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            for call in source.split("t(\"").skip(1) {
                let key = call.split('"').next().unwrap();
                if call[key.len() + 1..].trim_start().starts_with('~') {
                    assert!(
                        texts.0.keys().any(|known| known.starts_with(key)),
                        "{key}* in {}",
                        path.display()
                    );
                } else {
                    assert!(texts.0.contains_key(key), "{key} in {}", path.display());
                }
            }
        }
    }
}
