//! Calls into an app's own code, which may throw, hang, or fail in ways that nobody thought of.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// How long the person may take to confirm.
pub(crate) const PRESENCE_LIMIT: Duration = Duration::from_secs(120);

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Why a call gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("it does not answer")]
    Hangs,
    #[error("earlier calls still hang in it")]
    TooManyHang,
    #[error("it failed unexpectedly")]
    Failed,
    #[error("the system gives no thread")]
    NoThread,
}

/// Makes calls on threads of their own and waits for each for a limited time. A thread that hangs
/// can't be ended; a few are borne.
pub(crate) struct Calls {
    limit: Duration,
    most_hanging: isize,
    hanging: Arc<AtomicIsize>,
}

impl Calls {
    pub(crate) fn new(limit: Duration, most_hanging: isize) -> Self {
        Self {
            limit,
            most_hanging,
            hanging: Arc::default(),
        }
    }

    pub(crate) fn make<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        if self.hanging.load(Ordering::SeqCst) >= self.most_hanging {
            return Err(NoAnswer::TooManyHang);
        }
        let state = Arc::new(AtomicU8::new(RUNNING));
        let end = End {
            state: Arc::clone(&state),
            hanging: Arc::clone(&self.hanging),
        };
        let (sender, receiver) = sync_channel(1);
        thread::Builder::new()
            .name("countersign-platform".to_owned())
            .spawn(move || {
                let _end = end;
                // Nobody listens any more when the call took too long.
                let _ = sender.send(call());
            })
            .map_err(|_| NoAnswer::NoThread)?;
        // Others go on meanwhile.
        let answer = tokio::task::block_in_place(|| receiver.recv_timeout(self.limit));
        match answer {
            Ok(value) => Ok(value),
            Err(RecvTimeoutError::Disconnected) => Err(NoAnswer::Failed),
            Err(RecvTimeoutError::Timeout) => {
                if state.swap(GIVEN_UP, Ordering::SeqCst) == DONE {
                    return receiver.try_recv().map_err(|_| NoAnswer::Failed);
                }
                self.hanging.fetch_add(1, Ordering::SeqCst);
                Err(NoAnswer::Hangs)
            }
        }
    }
}

/// Notes that a call is over, also when it ends by a panic.
struct End {
    state: Arc<AtomicU8>,
    hanging: Arc<AtomicIsize>,
}

impl Drop for End {
    fn drop(&mut self) {
        if self.state.swap(DONE, Ordering::SeqCst) == GIVEN_UP {
            self.hanging.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::resume_unwind;
    use std::sync::mpsc::channel;

    #[test]
    fn a_call_is_answered_also_when_it_panics() {
        let calls = Calls::new(Duration::from_secs(60), 1);
        assert_eq!(calls.make(|| 7), Ok(7));
        let panicked = calls.make(|| resume_unwind(Box::new("a fault")));
        assert_eq!(panicked, Err::<u8, _>(NoAnswer::Failed));
        assert_eq!(calls.make(|| 7), Ok(7));
    }

    #[test]
    fn a_call_that_hangs_is_given_up_and_too_many_stop_further_ones() {
        let calls = Calls::new(Duration::from_millis(100), 2);
        let hang = || {
            let (end, ended) = channel::<()>();
            let given_up = calls.make(move || ended.recv().is_ok());
            assert_eq!(given_up, Err(NoAnswer::Hangs));
            end
        };
        let ends = [hang(), hang()];
        assert_eq!(calls.make(|| 7), Err(NoAnswer::TooManyHang));
        drop(ends);
        // They end by themselves now, and calls are made again.
        while calls.make(|| 7) != Ok(7) {
            thread::yield_now();
        }
    }
}
