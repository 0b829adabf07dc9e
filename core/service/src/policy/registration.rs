//! Who may register.

use crate::base::email::Email;

/// Who may register. Whoever may not is told to ask the administrator, whether or not the address
/// has an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    /// Nobody may: an administrator adds everybody.
    pub nobody: bool,
    /// Domains whose people an administrator adds: nobody registers with an address of exactly one
    /// of these, or changes theirs to one.
    pub closed_domains: Vec<String>,
}

/// This is no domain of e-mail addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no domain of e-mail addresses: give what stands behind the @, as in --closed-domain example.eu"
)]
pub struct BadDomain(String);

/// The same, with domains as addresses have them.
pub(crate) struct Doors {
    nobody: bool,
    closed: Vec<String>,
}

impl Registration {
    /// The same, checked.
    ///
    /// # Errors
    /// [`BadDomain`] names the first that is none.
    pub(crate) fn doors(&self) -> Result<Doors, BadDomain> {
        let domain = |text: &String| match Email::parse(&format!("a@{text}")) {
            Ok(email) => Ok(email.domain().to_owned()),
            Err(_) => Err(BadDomain(text.clone())),
        };
        Ok(Doors {
            nobody: self.nobody,
            closed: self
                .closed_domains
                .iter()
                .map(domain)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Doors {
    /// May anybody register?
    pub(crate) const fn are_open(&self) -> bool {
        !self.nobody
    }

    /// The domains whose people an administrator adds.
    pub(crate) fn closed(&self) -> &[String] {
        &self.closed
    }

    /// Does an administrator add the people of this address's domain?
    pub(crate) fn keep(&self, email: &Email) -> bool {
        self.closed.iter().any(|domain| domain == email.domain())
    }

    /// May this address register?
    pub(crate) fn take(&self, email: &Email) -> bool {
        self.are_open() && !self.keep(email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_domains_that_were_named_are_closed_in_any_spelling() {
        let registration = Registration {
            nobody: false,
            closed_domains: vec!["Example.EU".into(), "bücher.example".into()],
        };
        let doors = registration.doors().unwrap();
        let takes = |email: &str| doors.take(&Email::parse(email).unwrap());
        for closed in ["a@example.eu", "B@EXAMPLE.eu", "c@xn--bcher-kva.example"] {
            assert!(!takes(closed), "{closed}");
        }
        for open in ["a@sub.example.eu", "a@example.eu.com", "a@notexample.eu"] {
            assert!(takes(open), "{open}");
        }
        for bad in ["", "example", "a@example.eu", "*.example.eu"] {
            let registration = Registration {
                closed_domains: vec![bad.into()],
                ..Registration::default()
            };
            assert_eq!(registration.doors().err(), Some(BadDomain(bad.into())));
        }
    }
}
