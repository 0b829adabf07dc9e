//! How strong a sign-in is: a policy over what was proved, and when. A service asks for a level, an
//! age or certain ways; a session either reaches that or lacks some steps to it.

use countersign_protocol::Time;
use serde::{Deserialize, Serialize};

use crate::base::names::names;

/// A level of assurance, from the lowest to the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// One element: the password.
    Basic,
    /// Two elements, one of them the app.
    Medium,
    /// Two elements, one of them a device that does nothing else. No way of today reaches it.
    High,
}

names!(Level { Basic = "BASIC", Medium = "MEDIUM", High = "HIGH" });

/// What a session can have proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// The password.
    Password,
    /// An approval in the app, with PIN or biometrics.
    App,
    /// A code of the app.
    Code,
    /// An approval in the app that began in the browser of the same phone.
    Mobile,
}

/// A way to sign in: what has to be proved for it. The names are those of the reference system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// Password and an approval in the app.
    App,
    /// Password and a code of the app.
    Code,
    /// An approval in the app, which has two elements by itself.
    AppAlone,
    /// The password alone.
    Password,
}

names!(Way { App = "PASSWORD_MOBILE_APP", Code = "PASSWORD_SOFTWARE_TOKEN", AppAlone = "MOBILE_APP", Password = "PASSWORD" });

impl Way {
    /// All of them, in the order in which they are preferred.
    const ALL: [Self; 4] = [Self::App, Self::Code, Self::AppAlone, Self::Password];

    /// The level that it reaches.
    pub(crate) const fn level(self) -> Level {
        match self {
            Self::Password => Level::Basic,
            Self::App | Self::Code | Self::AppAlone => Level::Medium,
        }
    }

    /// What it rests on: one of each group.
    const fn rests_on(self) -> &'static [&'static [Element]] {
        match self {
            Self::App => &[&[Element::Password], &[Element::App]],
            Self::Code => &[&[Element::Password], &[Element::Code]],
            Self::AppAlone => &[&[Element::App, Element::Mobile]],
            Self::Password => &[&[Element::Password]],
        }
    }
}

/// What a service asks of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The lowest level.
    pub(crate) least: Level,
    /// Everything that the level rests on was proved at this time or later.
    pub(crate) since: Option<Time>,
    /// The only ways that are taken; `None`: all.
    pub(crate) ways: Option<Vec<Way>>,
}

/// What a session reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The way that was used.
    pub(crate) way: Way,
    /// When the oldest of what it rests on was proved.
    pub(crate) at: Time,
}

/// The next steps that lead a session to what is wanted; each by itself is one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// To give the password.
    pub(crate) password: bool,
    /// To approve in the app.
    pub(crate) app: bool,
    /// To give a code of the app.
    pub(crate) code: bool,
}

impl Wanted {
    fn ways(&self) -> impl Iterator<Item = Way> {
        let takes = |way: &Way| self.ways.as_ref().is_none_or(|ways| ways.contains(way));
        let ways = Way::ALL.into_iter().filter(takes);
        ways.filter(|way| way.level() >= self.least)
    }

    /// When the newest proof of one of these elements was given, if it is young enough.
    fn proved(&self, proofs: &[(Element, Time)], group: &[Element]) -> Option<Time> {
        let since = self.since.unwrap_or(0);
        let young = proofs
            .iter()
            .filter(|(element, at)| group.contains(element) && *at >= since);
        young.map(|(_, at)| *at).max()
    }

    /// The way by which these proofs reach what is wanted, if they do.
    pub(crate) fn reached(&self, proofs: &[(Element, Time)]) -> Option<Reached> {
        self.ways().find_map(|way| {
            let groups = way.rests_on().iter();
            let times: Option<Vec<_>> = groups.map(|group| self.proved(proofs, group)).collect();
            let at = times?.into_iter().min()?;
            Some(Reached { way, at })
        })
    }

    /// The steps that are next, for an account that has a device that works, or none. `None`: no
    /// step leads there.
    pub(crate) fn steps(&self, proofs: &[(Element, Time)], has_device: bool) -> Option<Steps> {
        let mut steps = Steps::default();
        for way in self.ways() {
            let groups = way.rests_on().iter();
            let lacking: Vec<_> = groups
                .filter(|group| self.proved(proofs, group).is_none())
                .collect();
            let lacks = |element| lacking.iter().any(|group| group.contains(&element));
            if !has_device && (lacks(Element::App) || lacks(Element::Code)) {
                continue;
            }
            // The password comes first where another step is due too.
            match lacks(Element::Password) {
                true => steps.password = true,
                false => {
                    steps.app |= lacks(Element::App);
                    steps.code |= lacks(Element::Code);
                }
            }
        }
        (steps != Steps::default()).then_some(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: Element = Element::Password;
    const APP: Element = Element::App;

    fn wanted(least: Level) -> Wanted {
        Wanted {
            least,
            since: None,
            ways: None,
        }
    }

    fn steps(wanted: &Wanted, proofs: &[(Element, Time)], has_device: bool) -> String {
        let Some(steps) = wanted.steps(proofs, has_device) else {
            return "none".to_owned();
        };
        let all = [
            ("password", steps.password),
            ("app", steps.app),
            ("code", steps.code),
        ];
        let due = all.iter().filter(|(_, due)| *due).map(|(name, _)| *name);
        due.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_level_is_what_its_proofs_reach_and_its_time_is_that_of_the_oldest() {
        let (medium, basic) = (wanted(Level::Medium), wanted(Level::Basic));
        let way = |wanted: &Wanted, proofs: &[_]| wanted.reached(proofs).map(|r| (r.way, r.at));
        assert_eq!(way(&basic, &[]), None);
        assert_eq!(way(&basic, &[(PASSWORD, 5)]), Some((Way::Password, 5)));
        assert_eq!(way(&medium, &[(PASSWORD, 5)]), None);
        let both = [(PASSWORD, 5), (APP, 9)];
        assert_eq!(way(&medium, &both), Some((Way::App, 5)));
        assert_eq!(way(&basic, &both), Some((Way::App, 5)));
        let code = [(PASSWORD, 5), (Element::Code, 7)];
        assert_eq!(way(&medium, &code), Some((Way::Code, 5)));
        assert_eq!(
            way(&medium, &[(Element::Code, 7)]),
            None,
            "no PIN, no password"
        );
        let mobile = [(Element::Mobile, 4)];
        assert_eq!(way(&medium, &mobile), Some((Way::AppAlone, 4)));
        assert_eq!(way(&wanted(Level::High), &both), None);
    }

    #[test]
    fn what_is_too_old_does_not_count() {
        let both = [(PASSWORD, 5), (APP, 9)];
        for (since, way) in [(5, Some(Way::App)), (6, Some(Way::AppAlone)), (10, None)] {
            let wanted = Wanted {
                since: Some(since),
                ..wanted(Level::Medium)
            };
            assert_eq!(wanted.reached(&both).map(|reached| reached.way), way);
        }
    }

    #[test]
    fn the_next_steps_are_exactly_what_is_missing() {
        let (medium, basic) = (wanted(Level::Medium), wanted(Level::Basic));
        assert_eq!(steps(&medium, &[(PASSWORD, 5)], true), "app code");
        assert_eq!(steps(&medium, &[(PASSWORD, 5)], false), "none");
        assert_eq!(steps(&basic, &[], false), "password");
        let renew = Wanted {
            since: Some(10),
            ..medium.clone()
        };
        assert_eq!(
            steps(&renew, &[(PASSWORD, 5), (APP, 9)], true),
            "password app"
        );
        assert_eq!(steps(&renew, &[(PASSWORD, 10), (APP, 9)], true), "app code");
        let only_app = Wanted {
            ways: Some(vec![Way::App]),
            ..medium
        };
        assert_eq!(
            steps(&only_app, &[(PASSWORD, 5), (Element::Code, 6)], true),
            "app"
        );
        assert_eq!(steps(&wanted(Level::High), &[], true), "none");
    }
}
