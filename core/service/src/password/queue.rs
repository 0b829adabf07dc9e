//! The queue for Argon2: a few turns at a time, given to the sources in rotation.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::edge::Source;

/// Requests that wait in all, at most.
const WAITING: usize = 512;
/// Requests of one source that wait, at most.
const OF_ONE_SOURCE: usize = 64;

/// Too many are waiting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// The queue. Each source has a line of its own, and the next turn goes to the next source that has
/// a request waiting: a source with many requests slows down only itself.
pub(super) struct Queue(Mutex<State>);

struct State {
    /// Turns that nobody has.
    free: usize,
    /// The waiting requests, by source. No line is empty.
    lines: HashMap<Source, VecDeque<oneshot::Sender<Turn>>>,
    /// The sources that have a line, the next one first.
    round: VecDeque<Source>,
    /// The length of all lines together.
    waiting: usize,
}

/// A turn, given back when dropped.
pub(super) struct Turn(Option<Arc<Queue>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.give();
        }
    }
}

impl Queue {
    /// A queue that gives this many turns at a time.
    pub(super) fn new(turns: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: turns,
            lines: HashMap::new(),
            round: VecDeque::new(),
            waiting: 0,
        })))
    }

    /// Waits for a turn. Dropping the future leaves the line.
    ///
    /// # Errors
    /// [`Full`], at once or when a source with a shorter line needs the place.
    pub(super) async fn turn(self: &Arc<Self>, source: Source) -> Result<Turn, Full> {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Turn(Some(self.clone())));
            }
            state.join(source)?
        };
        turn.await.map_err(|_| Full)
    }

    /// Gives a returned turn to the next waiting request.
    fn give(self: &Arc<Self>) {
        loop {
            let Some(next) = self.state().next() else {
                return;
            };
            match next.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // It left the line just now. This loop gives the turn on, not the turn's own drop.
                Err(mut turn) => turn.0 = None,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A place at the end of the source's line.
    fn join(&mut self, source: Source) -> Result<oneshot::Receiver<Turn>, Full> {
        let mut own = self.lines.get(&source).map_or(0, VecDeque::len);
        if own >= OF_ONE_SOURCE || self.waiting >= WAITING {
            self.forget_who_left();
            own = self.lines.get(&source).map_or(0, VecDeque::len);
        }
        if own >= OF_ONE_SOURCE {
            return Err(Full);
        }
        if self.waiting >= WAITING {
            self.make_room(own)?;
        }
        let (turn, receiver) = oneshot::channel();
        if own == 0 {
            self.round.push_back(source);
        }
        self.lines.entry(source).or_default().push_back(turn);
        self.waiting += 1;
        Ok(receiver)
    }

    /// Drops the last request of the longest line, if that line is then still no shorter than the
    /// one of the source that needs the place.
    fn make_room(&mut self, own: usize) -> Result<(), Full> {
        let longest = self.lines.iter_mut().max_by_key(|(_, line)| line.len());
        let (_, line) = longest
            .filter(|(_, line)| line.len() > own + 1)
            .ok_or(Full)?;
        line.pop_back();
        self.waiting -= 1;
        Ok(())
    }

    /// The next waiting request. If there is none, the turn is free.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let Some(source) = self.round.pop_front() else {
            self.free += 1;
            return None;
        };
        let line = self.lines.get_mut(&source)?;
        let next = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&source);
        } else {
            self.round.push_back(source);
        }
        self.waiting -= 1;
        next
    }

    fn forget_who_left(&mut self) {
        self.lines.retain(|_, line| {
            line.retain(|turn| !turn.is_closed());
            !line.is_empty()
        });
        self.round.retain(|source| self.lines.contains_key(source));
        self.waiting = self.lines.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{IpAddr, Ipv4Addr},
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn source(last: u8) -> Source {
        Source::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    /// Asks once whether the future is done.
    fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    type Asked<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Turn, Full>> + 'a>>;

    fn ask(queue: &Arc<Queue>, last: u8) -> Asked<'_> {
        let mut asked: Asked<'_> = Box::pin(queue.turn(source(last)));
        assert!(poll(&mut asked).is_pending());
        asked
    }

    fn taken(asked: &mut Asked<'_>) -> Option<Turn> {
        match poll(asked) {
            Poll::Ready(turn) => turn.ok(),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn sources_take_turns_however_many_wait_from_one() {
        let queue = Queue::new(1);
        let turn = queue.turn(source(1)).await.unwrap();
        let mut flood: Vec<_> = (0..OF_ONE_SOURCE).map(|_| ask(&queue, 1)).collect();
        let mut other = ask(&queue, 2);
        drop(turn);
        let first = taken(&mut flood[0]).unwrap();
        drop(first);
        let _second = taken(&mut other).unwrap();
        assert!(taken(&mut flood[1]).is_none());
    }

    #[tokio::test]
    async fn a_source_has_a_bound_of_its_own() {
        let queue = Queue::new(1);
        let _turn = queue.turn(source(1)).await.unwrap();
        let mut flood: Vec<_> = (0..OF_ONE_SOURCE).map(|_| ask(&queue, 1)).collect();
        assert!(queue.turn(source(1)).await.is_err());
        let _other = ask(&queue, 2);
        // A request that leaves makes room.
        flood.pop();
        let _again = ask(&queue, 1);
    }

    #[tokio::test]
    async fn a_full_line_makes_room_for_a_source_that_has_less() {
        let queue = Queue::new(1);
        let _turn = queue.turn(source(0)).await.unwrap();
        let of_one = u8::try_from(OF_ONE_SOURCE).unwrap();
        let sources = u8::try_from(WAITING / OF_ONE_SOURCE).unwrap();
        let mut flood: Vec<_> = (1..=sources)
            .flat_map(|source| (0..of_one).map(move |_| source))
            .map(|source| ask(&queue, source))
            .collect();
        let _other = ask(&queue, 200);
        let refused = flood
            .iter_mut()
            .filter_map(|asked| match poll(asked) {
                Poll::Ready(turn) => Some(turn),
                Poll::Pending => None,
            })
            .filter(Result::is_err);
        assert_eq!(refused.count(), 1);
    }

    #[tokio::test]
    async fn no_turn_is_lost_when_those_who_wait_leave() {
        let queue = Queue::new(1);
        let turn = queue.turn(source(1)).await.unwrap();
        let left = ask(&queue, 1);
        let mut stays = ask(&queue, 2);
        drop(left);
        drop(turn);
        let turn = taken(&mut stays).unwrap();
        // Given, and dropped before it was taken up.
        let given = ask(&queue, 1);
        drop(turn);
        drop(given);
        assert!(queue.turn(source(3)).await.is_ok());
    }
}
