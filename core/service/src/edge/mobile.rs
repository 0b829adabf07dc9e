//! Sign-ins on mobile that wait for their phone. Anybody can begin one, so there is a bound for all
//! together, which is divided among the sources.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use countersign_protocol::{Time, id::ChallengeId};

use super::{Source, budgets::TooMany};

/// Those that are open, by source.
pub(crate) struct Begun(Mutex<State>);

struct State {
    most: usize,
    /// All in the order in which they end, including those that have made room.
    all: VecDeque<(Time, Source, ChallengeId)>,
    of: HashMap<Source, VecDeque<ChallengeId>>,
    /// The sources by their number of open sign-ins.
    sizes: BTreeSet<(usize, Source)>,
    open: usize,
}

impl Begun {
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(State {
            most,
            all: VecDeque::new(),
            of: HashMap::new(),
            sizes: BTreeSet::new(),
            open: 0,
        }))
    }

    /// Adds a sign-in that ends at `until`. If there are too many, the oldest of the source that
    /// has most makes room and is returned; the caller must drop it.
    ///
    /// # Errors
    /// [`TooMany`] when this is a new source, and every other source has only one.
    pub(crate) fn add(
        &self,
        source: Source,
        id: ChallengeId,
        until: Time,
        now: Time,
    ) -> Result<Option<ChallengeId>, TooMany> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget_what_is_over(now);
        let dropped = if state.open < state.most {
            None
        } else {
            state.make_room(source, now)?
        };
        state.all.push_back((until, source, id));
        state.change(source, |own| own.push_back(id));
        Ok(dropped)
    }
}

impl State {
    fn make_room(&mut self, source: Source, now: Time) -> Result<Option<ChallengeId>, TooMany> {
        let own = self.of.get(&source).map_or(0, VecDeque::len);
        let gives = match self.sizes.last() {
            Some((most, heaviest)) if *most > own + 1 => *heaviest,
            _ if own > 0 => source,
            _ => {
                let next = self.all.front().map_or(now, |(until, ..)| *until);
                return Err(TooMany(next.saturating_sub(now).max(1)));
            }
        };
        let mut dropped = None;
        self.change(gives, |list| dropped = list.pop_front());
        Ok(dropped)
    }

    fn forget_what_is_over(&mut self, now: Time) {
        while let Some((_, source, id)) = self.all.pop_front_if(|(until, ..)| *until <= now) {
            let oldest = self.of.get(&source).and_then(VecDeque::front);
            if oldest == Some(&id) {
                self.change(source, |list| {
                    list.pop_front();
                });
            }
        }
    }

    fn change(&mut self, source: Source, change: impl FnOnce(&mut VecDeque<ChallengeId>)) {
        let list = self.of.entry(source).or_default();
        let before = list.len();
        change(list);
        let after = list.len();
        if after == 0 {
            self.of.remove(&source);
        }
        self.sizes.remove(&(before, source));
        if after > 0 {
            self.sizes.insert((after, source));
        }
        self.open = self.open + after - before;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn source(number: u32) -> Source {
        Source::new(Ipv4Addr::from(0xc000_0200 + number).into())
    }

    struct Tried {
        begun: Begun,
        next: u128,
    }

    impl Tried {
        fn new(most: usize) -> Self {
            Self {
                begun: Begun::new(most),
                next: 0,
            }
        }

        /// The number of the sign-in that was dropped for a new one of this source. Numbers count
        /// up.
        fn add(&mut self, of: u32, now: Time) -> Result<Option<u128>, TooMany> {
            let id = ChallengeId(self.next.to_be_bytes());
            self.next += 1;
            let dropped = self.begun.add(source(of), id, now + 180, now)?;
            Ok(dropped.map(|id| u128::from_be_bytes(id.0)))
        }
    }

    #[test]
    fn whoever_begins_most_makes_room_for_others() {
        let mut tried = Tried::new(100);
        for _ in 0..100 {
            assert_eq!(tried.add(1, 1000), Ok(None));
        }
        for number in 0..10 {
            assert_eq!(tried.add(2, 1000), Ok(Some(number)));
        }
        // Of its own, when it goes on.
        assert_eq!(tried.add(1, 1000), Ok(Some(10)));
        for number in 11..60 {
            assert_eq!(tried.add(100 + number, 1000), Ok(Some(number.into())));
        }
    }

    #[test]
    fn nobody_is_pushed_out_who_has_one_only() {
        let mut tried = Tried::new(100);
        for of in 0..100 {
            assert_eq!(tried.add(of, 1000), Ok(None));
        }
        assert_eq!(tried.add(200, 1100), Err(TooMany(80)));
        assert_eq!(tried.add(7, 1100), Ok(Some(7)));
    }

    #[test]
    fn what_is_over_makes_room_by_itself() {
        let mut tried = Tried::new(100);
        for _ in 0..150 {
            tried.add(1, 1000).unwrap();
        }
        assert_eq!(tried.add(2, 1180), Ok(None));
        let state = tried.begun.0.lock().unwrap();
        assert_eq!((state.open, state.of.len(), state.sizes.len()), (1, 1, 1));
        assert_eq!(state.all.len(), 1);
    }
}
