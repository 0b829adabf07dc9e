//! The places for connections.
//!
//! A source can have a share of the places. When its share is taken, its connection that has waited
//! longest for a request is closed for a new one. When all places are taken, that happens to the
//! source that has most connections. A connection with a request in flight is never closed for
//! another.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::Source;

/// The smallest share of a source, in connections, however few places there are.
const LEAST_SHARE: usize = 32;
/// A source's share is the number of places divided by this.
const SHARE: usize = 8;

/// All connections.
pub(crate) struct Connections(Mutex<State>);

struct State {
    places: usize,
    open: usize,
    /// Counts the moments at which a connection began to wait.
    moment: u64,
    holders: HashMap<Source, Holder>,
    /// The sources that have an idle connection, by their number of connections.
    may_give: BTreeSet<(usize, Source)>,
}

#[derive(Default)]
struct Holder {
    /// Its connections without those that hold a phone's verified request.
    counted: usize,
    /// All its connections.
    open: usize,
    /// Those that wait for a request, by the moment at which they began to.
    idle: BTreeMap<u64, Arc<Connection>>,
}

/// One connection.
pub(crate) struct Connection {
    source: Source,
    /// It was closed for another one, or has ended.
    over: AtomicBool,
    end: Notify,
    proven: AtomicBool,
    state: Mutex<Now>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    Waits(u64),
    Answers,
    /// Holds the request of a phone whose device key was verified.
    Phone,
}

/// A connection's place, given up when dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    pub(crate) connection: Arc<Connection>,
}

/// A request in flight. When this is dropped, its connection is idle again.
pub(crate) struct Answering {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Connections {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            places,
            open: 0,
            moment: 0,
            holders: HashMap::new(),
            may_give: BTreeSet::new(),
        })))
    }

    /// A place for a new connection, if necessary that of an idle one. `factor` is the multiple of
    /// the usual share that the source has; without one it is bounded only by all places together.
    pub(crate) fn enter(self: &Arc<Self>, source: Source, factor: Option<u32>) -> Option<Place> {
        let mut state = self.state();
        if let Some(factor) = factor {
            let share = (state.places / SHARE).max(LEAST_SHARE) * factor as usize;
            let has = state.holders.get(&source).map_or(0, |has| has.counted);
            if has >= share && !state.end_longest_idle(source) {
                return None;
            }
        }
        if state.open >= state.places {
            let (_, most) = *state.may_give.last()?;
            state.end_longest_idle(most);
        }
        state.moment += 1;
        let moment = state.moment;
        let connection = Arc::new(Connection {
            source,
            over: AtomicBool::new(false),
            end: Notify::new(),
            proven: AtomicBool::new(false),
            state: Mutex::new(Now::Waits(moment)),
        });
        state.open += 1;
        state.change(source, |holder| {
            holder.open += 1;
            holder.counted += 1;
            holder.idle.insert(moment, connection.clone());
        });
        Some(Place {
            connections: self.clone(),
            connection,
        })
    }

    /// A request has come on a connection.
    pub(crate) fn answer(self: &Arc<Self>, connection: &Arc<Connection>) -> Answering {
        self.state().becomes(connection, |_| Now::Answers);
        Answering {
            connections: self.clone(),
            connection: connection.clone(),
        }
    }

    /// Notes that a known device signed the request: until it is answered, its connection is not
    /// counted for its source. `true` for the first such request on this connection.
    pub(crate) fn prove(&self, connection: &Arc<Connection>) -> bool {
        self.state().becomes(connection, |_| Now::Phone);
        !connection.proven.swap(true, Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Resolves when the place is needed for another connection.
    pub(crate) async fn ended(&self) {
        self.end.notified().await;
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.moment += 1;
        let moment = state.moment;
        state.becomes(&self.connection, |_| Now::Waits(moment));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.state().close(&self.connection);
    }
}

impl State {
    /// Changes a source's connections, and keeps `may_give` in order.
    fn change(&mut self, source: Source, change: impl FnOnce(&mut Holder)) {
        let holder = self.holders.entry(source).or_default();
        self.may_give.remove(&(holder.counted, source));
        change(holder);
        if holder.open == 0 {
            self.holders.remove(&source);
        } else if !holder.idle.is_empty() {
            self.may_give.insert((holder.counted, source));
        }
    }

    fn becomes(&mut self, connection: &Arc<Connection>, next: impl FnOnce(Now) -> Now) {
        if connection.over.load(Ordering::Relaxed) {
            return;
        }
        let before = *connection.now();
        let after = next(before);
        *connection.now() = after;
        self.change(connection.source, |holder| {
            holder.forget(before);
            holder.counted += usize::from(after != Now::Phone);
            if let Now::Waits(moment) = after {
                holder.idle.insert(moment, connection.clone());
            }
        });
    }

    /// Closes the connection of this source that has waited longest; `false` if none is idle.
    fn end_longest_idle(&mut self, source: Source) -> bool {
        let longest = self
            .holders
            .get(&source)
            .and_then(|holder| holder.idle.first_key_value())
            .map(|(_, connection)| connection.clone());
        let Some(connection) = longest else {
            return false;
        };
        self.close(&connection);
        connection.end.notify_one();
        true
    }

    fn close(&mut self, connection: &Connection) {
        if connection.over.swap(true, Ordering::Relaxed) {
            return;
        }
        let now = *connection.now();
        self.open -= 1;
        self.change(connection.source, |holder| {
            holder.open -= 1;
            holder.forget(now);
        });
    }
}

impl Holder {
    fn forget(&mut self, was: Now) {
        self.counted -= usize::from(was != Now::Phone);
        if let Now::Waits(moment) = was {
            self.idle.remove(&moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;

    fn source(last: u8) -> Source {
        Source::new(Ipv4Addr::new(192, 0, 2, last).into())
    }

    fn enter(connections: &Arc<Connections>, last: u8) -> Option<Place> {
        connections.enter(source(last), Some(1))
    }

    fn is_ended(place: &Place) -> bool {
        let ended = pin!(place.connection.ended());
        ended
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    fn ended(places: &[Place]) -> Vec<usize> {
        let ended = places
            .iter()
            .enumerate()
            .filter(|(_, place)| is_ended(place));
        ended.map(|(number, _)| number).collect()
    }

    #[test]
    fn a_source_that_has_its_share_gives_up_its_own_longest_idle_connection() {
        let connections = Connections::new(1000);
        let places: Vec<_> = (0..125).map_while(|_| enter(&connections, 1)).collect();
        let other = enter(&connections, 2).unwrap();
        assert_eq!(ended(&places), [0_usize; 0]);
        let answering = connections.answer(&places[0].connection);
        let more = enter(&connections, 1).unwrap();
        assert_eq!(ended(&places), [1]);
        drop(answering);
        let again = enter(&connections, 1).unwrap();
        assert_eq!(ended(&places), [2]);
        assert!(!is_ended(&other) && !is_ended(&more) && !is_ended(&again));
    }

    #[test]
    fn a_source_that_answers_all_it_may_have_gets_no_more() {
        let connections = Connections::new(1000);
        let places: Vec<_> = (0..125).map_while(|_| enter(&connections, 1)).collect();
        let answering: Vec<_> = places
            .iter()
            .map(|place| connections.answer(&place.connection))
            .collect();
        assert!(enter(&connections, 1).is_none());
        assert!(enter(&connections, 2).is_some());
        drop(answering);
        assert!(enter(&connections, 1).is_some());
    }

    #[test]
    fn phones_that_wait_are_not_counted_for_their_source() {
        let connections = Connections::new(1000);
        let mut office = Vec::new();
        for _ in 0..500 {
            let place = enter(&connections, 1).unwrap();
            let answering = connections.answer(&place.connection);
            assert!(connections.prove(&place.connection));
            office.push((place, answering));
        }
        let browsers: Vec<_> = (0..125).map_while(|_| enter(&connections, 1)).collect();
        assert_eq!(browsers.len(), 125);
        assert!(office.iter().all(|(place, _)| !is_ended(place)));
        // Once answered they are counted again, and go first because they wait longest.
        let (place, answering) = office.swap_remove(0);
        drop(answering);
        let answering = connections.answer(&place.connection);
        assert!(!connections.prove(&place.connection));
        drop((answering, place));
    }

    #[test]
    fn when_places_run_short_the_longest_idle_of_the_source_that_has_most_goes() {
        let connections = Connections::new(64);
        let mut places = Vec::new();
        for last in [1, 2, 2, 2, 3, 3] {
            places.push(enter(&connections, last).unwrap());
        }
        let fill: Vec<_> = (10..68)
            .map_while(|last| enter(&connections, last))
            .collect();
        assert_eq!(fill.len(), 58);
        let first = connections.answer(&places[1].connection);
        let _new = enter(&connections, 200).unwrap();
        assert_eq!(ended(&places), [2]);
        let _new = enter(&connections, 201).unwrap();
        assert_eq!(ended(&places), [4]);
        drop(first);
        // Both have one that waits left, and 2 has another.
        let _new = enter(&connections, 202).unwrap();
        assert_eq!(ended(&places), [3]);
        assert_eq!(ended(&fill), [0_usize; 0]);
    }

    #[test]
    fn where_all_are_answered_there_is_no_place_and_every_end_gives_one() {
        let connections = Connections::new(32);
        let mut busy = Vec::new();
        for last in 0..32 {
            let place = enter(&connections, last).unwrap();
            let answering = connections.answer(&place.connection);
            busy.push((answering, place));
        }
        assert!(enter(&connections, 100).is_none());
        busy.pop();
        let place = enter(&connections, 100).unwrap();
        assert!(connections.enter(source(101), None).is_some());
        assert!(is_ended(&place));
        drop((busy, place));
        let state = connections.state();
        assert_eq!((state.open, state.holders.len()), (0, 0));
        assert!(state.may_give.is_empty());
    }
}
