//! For whom something is done. A request's caller goes with its task, from there into the
//! transactions that it asks for, and so into the account's history.

use std::{cell::RefCell, future::Future};

use countersign_protocol::challenge::{Browser, Context, System};

use crate::base::agent::Agent;

/// What asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// A browser.
    Browser(Agent),
    /// The app on a phone.
    Device,
    /// An operator, by this name.
    Operator(String),
}

impl By {
    /// As it is stored: `firefox/linux`, `device` or `operator/NAME`.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Browser(agent) => agent.code(),
            Self::Device => "device".to_owned(),
            Self::Operator(name) => format!("operator/{name}"),
        }
    }

    /// What [`By::code`] made.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code.strip_prefix("operator/") {
            Some(name) => Some(Self::Operator(name.to_owned())),
            None if code == "device" => Some(Self::Device),
            None => Agent::from_code(code).map(Self::Browser),
        }
    }
}

/// For whom something is done, as a history says it. Work of the service itself has neither part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// What asked.
    pub(crate) by: Option<By>,
    /// From where, as a trusted proxy says.
    pub(crate) place: Option<String>,
}

impl Caller {
    /// What asked, where that can only have been a browser.
    pub(crate) fn browser(&self) -> By {
        let by = self.by.clone();
        by.unwrap_or(By::Browser(Agent::UNKNOWN))
    }

    /// What a phone shows of it.
    pub(crate) fn context(&self) -> Context {
        let (browser, system) = match self.by {
            Some(By::Browser(agent)) => (agent.browser, agent.system),
            _ => (Browser::Unknown, System::Unknown),
        };
        let country = self.place.as_deref().map(str::as_bytes);
        let country = country.and_then(|place| <[u8; 2]>::try_from(place).ok());
        let country = country.filter(|place| place.iter().all(u8::is_ascii_uppercase));
        Context {
            browser,
            system,
            place: country.unwrap_or(*b"ZZ"),
        }
    }
}

/// A caller, and the address that the security log says.
#[derive(Clone)]
struct Source {
    address: String,
    caller: Caller,
}

tokio::task_local! {
    /// For whom this task works.
    static SOURCE: Source;
}

/// Keeps the source of a request for what is logged and noted while `work` goes on for it. Its
/// address is the security log's; what an operator asks for has none, but a word.
pub(crate) fn of_source<F: Future>(
    address: impl ToString,
    caller: Caller,
    work: F,
) -> impl Future<Output = F::Output> {
    let address = address.to_string();
    SOURCE.scope(Source { address, caller }, work)
}

/// The same for work that another task does for this one.
pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let source = SOURCE.try_with(Source::clone).ok();
    async move {
        match source {
            Some(source) => SOURCE.scope(source, work).await,
            None => work.await,
        }
    }
}

/// For whom this task works.
pub(crate) fn caller() -> Caller {
    let caller = SOURCE.try_with(|source| source.caller.clone());
    caller.unwrap_or_default()
}

/// The address for which this task works, as the security log says it.
pub(super) fn address() -> String {
    let address = SOURCE.try_with(|source| source.address.clone());
    address.unwrap_or_else(|_| "service".to_owned())
}

thread_local! {
    /// For whom the transaction is that this thread works on.
    static CALLER: RefCell<Caller> = RefCell::default();
}

/// Runs `work` on this thread for a caller: the events that it notes are theirs.
pub(crate) fn on_behalf_of<T>(caller: Caller, work: impl FnOnce() -> T) -> T {
    let before = CALLER.replace(caller);
    let done = work();
    CALLER.set(before);
    done
}

/// For whom the transaction is that this thread works on.
pub(crate) fn caller_here() -> Caller {
    CALLER.with_borrow(Caller::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_was_written() {
        let agent = Agent::of(b"Firefox/140.0 Linux");
        for by in [
            By::Browser(agent),
            By::Device,
            By::Operator("anna/b".to_owned()),
        ] {
            assert_eq!(By::from_code(&by.code()), Some(by));
        }
        assert_eq!(By::from_code("<b>"), None);
    }

    #[test]
    fn a_phone_is_shown_a_place_that_is_a_country_and_no_other() {
        for (place, shown) in [
            (Some("LV"), "LV"),
            (Some("lv"), "ZZ"),
            (Some("Rīga"), "ZZ"),
            (Some("ē"), "ZZ"),
            (None, "ZZ"),
        ] {
            let caller = Caller {
                by: None,
                place: place.map(str::to_owned),
            };
            assert_eq!(caller.context().place(), shown);
        }
    }

    #[tokio::test]
    async fn another_task_and_the_thread_of_a_transaction_know_for_whom_they_work() {
        let asked = Caller {
            by: Some(By::Device),
            place: Some("Rīga".to_owned()),
        };
        let work = async {
            let here = caller();
            let there = tokio::spawn(carried(async { (caller(), address()) }));
            (here, there.await.unwrap())
        };
        let source = of_source("192.0.2.1", asked.clone(), work);
        let (here, (there, address)) = source.await;
        assert_eq!((&here, &there), (&asked, &asked));
        assert_eq!(address, "192.0.2.1");
        assert_eq!(on_behalf_of(asked.clone(), caller_here), asked);
        assert_eq!(caller_here(), Caller::default());
        assert_eq!(caller(), Caller::default());
    }
}
