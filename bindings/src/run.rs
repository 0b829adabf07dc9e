//! Where the core's work runs: on threads of its own, never on the caller's, which may be the one
//! that draws the screen.

use std::future::{Future, pending};
use std::io;
use std::panic::resume_unwind;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{AbortHandle, JoinError, JoinHandle};

/// A Tokio runtime that outlives the call that made it, and goes with its owner.
pub(crate) struct Runner(Option<Runtime>);

impl Runner {
    pub(crate) fn new() -> io::Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("countersign")
            .enable_io()
            .enable_time()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }

    /// Does the work on the runtime. Dropping the future, which is what a cancelled call does,
    /// stops the work where it next waits.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self.handle() {
            Some(handle) => joined(handle.spawn(work)).await,
            None => pending().await,
        }
    }

    /// Does short work that blocks: it goes on when the call is cancelled.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        match self.handle() {
            Some(handle) => joined(handle.spawn_blocking(work)).await,
            None => pending().await,
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // Waiting for threads that hang in an app's own code would hang this one too.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    let _abort = AbortOnDrop(task.abort_handle());
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        // A panic is a fault of ours: it arrives as an unexpected exception, and the library goes
        // on.
        Err(Ok(panic)) => resume_unwind(panic),
        // Only the end of the runtime cancels a task, and its owner lives as long as this call.
        Err(Err(_)) => pending().await,
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
