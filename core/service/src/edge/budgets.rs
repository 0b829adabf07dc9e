//! Budgets: how many requests each key may still make, in bounded memory.
//!
//! A key's requests of a class fill a bucket that empties with time. A request that does not fit is
//! refused. Keys are sources, devices or accounts, each in a table of its own, so that a flood of
//! new keys in one table displaces none in the others.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

use countersign_protocol::Time;

use super::classes::{Class, Rate};

/// Keys in a table, at most.
const KEYS: usize = 65_536;
/// In a full table a new key replaces the least used of this many, chosen at random.
const SAMPLE: u64 = 8;
/// One request in the unit of the buckets, thousandths.
pub(super) const REQUEST: u32 = 1000;

/// The request does not fit. Holds the seconds until it would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) u64);

/// The buckets of all keys of one kind.
pub(super) struct Budgets<K>(Mutex<Table<K>>);

struct Table<K> {
    rate: fn(Class) -> Option<Rate>,
    places: HashMap<K, usize>,
    buckets: Vec<Buckets<K>>,
    dice: RandomState,
    throws: u64,
}

struct Buckets<K> {
    key: K,
    /// The multiple of the usual budgets that this key has.
    factor: u32,
    at: Time,
    filled: [u32; Class::ALL.len()],
}

impl<K: Copy + Eq + Hash> Budgets<K> {
    /// Empty buckets with these rates. A class without a rate is not limited.
    pub(super) fn new(rate: fn(Class) -> Option<Rate>) -> Self {
        Self(Mutex::new(Table {
            rate,
            places: HashMap::new(),
            buckets: Vec::new(),
            dice: RandomState::new(),
            throws: 0,
        }))
    }

    /// Takes room for a request from the buckets of all these classes, or, if one is full, of none.
    ///
    /// # Errors
    /// [`TooMany`] when one of them is full.
    pub(super) fn take(
        &self,
        key: K,
        factor: u32,
        classes: &[Class],
        now: Time,
    ) -> Result<(), TooMany> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = table.rate;
        let buckets = table.of(key, factor, now);
        for class in classes {
            let Some(rate) = rate(*class) else { continue };
            let (size, runs_out) = buckets.scaled(rate);
            let would = buckets.filled[*class as usize].saturating_add(REQUEST);
            let over = would.saturating_sub(size);
            if over > 0 {
                return Err(TooMany(over.div_ceil(runs_out.max(1)).into()));
            }
        }
        for class in classes.iter().filter(|class| rate(**class).is_some()) {
            let filled = &mut buckets.filled[*class as usize];
            *filled = filled.saturating_add(REQUEST);
        }
        Ok(())
    }

    /// How full the bucket of a class is, in quarters, 0 to 3; `None` when a request doesn't fit.
    pub(super) fn quarter(&self, key: K, factor: u32, class: Class, now: Time) -> Option<u8> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = (table.rate)(class)?;
        // A key that was not seen yet has no place to be taken.
        if !table.places.contains_key(&key) {
            return Some(0);
        }
        let buckets = table.of(key, factor, now);
        let (size, _) = buckets.scaled(rate);
        let filled = buckets.filled[class as usize];
        let fits = filled.saturating_add(REQUEST) <= size;
        fits.then(|| (u64::from(filled) * 4 / u64::from(size.max(1))).min(3) as u8)
    }

    /// Gives the room of a request back.
    pub(super) fn give_back(&self, key: K, class: Class) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = table.places.get(&key).copied() {
            let filled = &mut table.buckets[place].filled[class as usize];
            *filled = filled.saturating_sub(REQUEST);
        }
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    /// The buckets of a key as they are now.
    fn of(&mut self, key: K, factor: u32, now: Time) -> &mut Buckets<K> {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.add(key, factor, now),
        };
        let buckets = &mut self.buckets[place];
        buckets.empty(self.rate, now);
        buckets.factor = factor;
        buckets
    }

    fn add(&mut self, key: K, factor: u32, now: Time) -> usize {
        let new = Buckets {
            key,
            factor,
            at: now,
            filled: [0; Class::ALL.len()],
        };
        let place = self.buckets.len();
        if place < KEYS {
            self.buckets.push(new);
            self.places.insert(key, place);
            return place;
        }
        let place = self.least_used(now);
        let old = std::mem::replace(&mut self.buckets[place], new);
        self.places.remove(&old.key);
        self.places.insert(key, place);
        place
    }

    /// The least used of a few places chosen at random. To get its own full bucket displaced, a
    /// client would have to fill the buckets of nearly all other keys as far.
    fn least_used(&mut self, now: Time) -> usize {
        let (mut least, mut place) = (u64::MAX, 0);
        for _ in 0..SAMPLE {
            self.throws += 1;
            let candidate = self.dice.hash_one(self.throws) as usize % self.buckets.len();
            let buckets = &mut self.buckets[candidate];
            buckets.empty(self.rate, now);
            let used = buckets.used(self.rate);
            if used < least {
                (least, place) = (used, candidate);
            }
        }
        place
    }
}

impl<K> Buckets<K> {
    /// Empties the buckets by the time since the last call. A clock that was set back empties none.
    fn empty(&mut self, rate: fn(Class) -> Option<Rate>, now: Time) {
        let seconds = now.saturating_sub(self.at);
        self.at = now;
        if seconds == 0 {
            return;
        }
        for class in Class::ALL {
            let Some(rate) = rate(class) else { continue };
            let emptied = seconds.saturating_mul(self.scaled(rate).1.into());
            let filled = &mut self.filled[class as usize];
            *filled = filled.saturating_sub(u32::try_from(emptied).unwrap_or(u32::MAX));
        }
    }

    /// The size of a bucket, and how much runs out of it in a second.
    fn scaled(&self, rate: Rate) -> (u32, u32) {
        let size = rate.burst.saturating_mul(REQUEST);
        let runs_out = rate.thousandths.saturating_mul(self.factor);
        (size.saturating_mul(self.factor), runs_out)
    }

    /// How full the fullest bucket is, in thousandths.
    fn used(&self, rate: fn(Class) -> Option<Rate>) -> u64 {
        let filled = Class::ALL.into_iter().filter_map(|class| {
            let filled = u64::from(self.filled[class as usize]);
            let size = u64::from(self.scaled(rate(class)?).0).max(1);
            Some(filled * 1000 / size)
        });
        filled.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(class: Class) -> Option<Rate> {
        match class {
            Class::Password => Some(Rate {
                burst: 3,
                thousandths: 100,
            }),
            Class::Form => Some(Rate {
                burst: 5,
                thousandths: 1000,
            }),
            _ => None,
        }
    }

    fn takes(budgets: &Budgets<u32>, key: u32, class: Class, now: Time) -> usize {
        (0..1000)
            .take_while(|_| budgets.take(key, 1, &[class], now).is_ok())
            .count()
    }

    #[test]
    fn a_bucket_fills_at_once_and_empties_with_time() {
        let budgets = Budgets::new(rate);
        assert_eq!(takes(&budgets, 1, Class::Password, 1000), 3);
        let full = |now| budgets.take(1, 1, &[Class::Password], now);
        assert_eq!(full(1000), Err(TooMany(10)));
        assert_eq!(full(1004), Err(TooMany(6)));
        assert_eq!(takes(&budgets, 1, Class::Password, 1010), 1);
        assert_eq!(takes(&budgets, 1, Class::Password, 9000), 3);
        // Other keys and other classes have buckets of their own.
        assert_eq!(takes(&budgets, 2, Class::Password, 1000), 3);
        assert_eq!(takes(&budgets, 1, Class::Form, 9000), 5);
        assert_eq!(takes(&budgets, 1, Class::Page, 9000), 1000);
    }

    #[test]
    fn a_request_takes_from_all_its_buckets_or_from_none() {
        let budgets = Budgets::new(rate);
        let both = [Class::Form, Class::Password];
        for _ in 0..3 {
            assert_eq!(budgets.take(1, 1, &both, 1000), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(budgets.take(1, 1, &both, 1000), Err(TooMany(10)));
        }
        assert_eq!(takes(&budgets, 1, Class::Form, 1000), 2);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let budgets = Budgets::new(rate);
        budgets.give_back(1, Class::Password);
        assert_eq!(takes(&budgets, 1, Class::Password, 1000), 3);
        budgets.give_back(1, Class::Password);
        assert_eq!(takes(&budgets, 1, Class::Password, 1000), 1);
    }

    #[test]
    fn a_bucket_says_which_quarter_is_full_and_looking_takes_nothing() {
        let budgets = Budgets::new(rate);
        let quarter = |now| budgets.quarter(1, 1, Class::Form, now);
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(quarter(1000));
            assert_eq!(quarter(1000), quarter(1000));
            let _ = budgets.take(1, 1, &[Class::Form], 1000);
        }
        let [some, none] = [Some, |_| None];
        assert_eq!(seen, [some(0), some(0), some(1), some(2), some(3), none(0)]);
        assert_eq!(quarter(1001), Some(3));
        assert_eq!(quarter(9000), Some(0));
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_nor_stops_a_bucket() {
        let budgets = Budgets::new(rate);
        assert_eq!(takes(&budgets, 1, Class::Password, 9000), 3);
        assert_eq!(takes(&budgets, 1, Class::Password, 1000), 0);
        assert_eq!(takes(&budgets, 1, Class::Password, 1010), 1);
    }

    #[test]
    fn a_larger_network_has_as_many_times_the_budget() {
        let budgets = Budgets::new(rate);
        let took = (0..100).take_while(|_| budgets.take(1, 10, &[Class::Password], 1000).is_ok());
        assert_eq!(took.count(), 30);
        assert_eq!(
            budgets.take(1, 10, &[Class::Password], 1000),
            Err(TooMany(1))
        );
    }

    #[test]
    fn a_spray_of_keys_is_bounded_and_frees_nobody_of_a_full_bucket() {
        let budgets = Budgets::new(rate);
        assert_eq!(takes(&budgets, 0, Class::Password, 1000), 3);
        for key in 1..=3 * u32::try_from(KEYS).unwrap() {
            assert_eq!(budgets.take(key, 1, &[Class::Password], 1000), Ok(()));
        }
        assert_eq!(takes(&budgets, 0, Class::Password, 1000), 0);
        let table = budgets.0.lock().unwrap();
        assert_eq!(table.buckets.len(), KEYS);
        assert_eq!(table.places.len(), KEYS);
    }
}
