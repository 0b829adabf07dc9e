//! The one thread that writes. Requests that arrive while a commit is on its way to the disk share
//! the next one: each runs in its own savepoint, and nobody is answered before the commit that
//! holds its change is durable.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{
    base::durable::Write,
    store::{StoreError, tx::Tx},
};

/// So many may wait for the writer; further ones wait for a place.
const QUEUE: usize = 1024;
/// At most so many share a commit, so that the first does not wait for the last too long.
const BATCH: usize = 256;

/// Reports the result of the commit to the waiting request.
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A piece of work inside the transaction, or the news that there is none. `Err` asks for the
/// savepoint to be rolled back.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Result<Finish, Finish> + Send>;

/// The way to the writing thread.
pub(in crate::store) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: std::thread::JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(connection, queue))?;
        Ok(Self { jobs, thread })
    }

    /// Runs `work` in a transaction and answers when it is on the disk. On an error nothing of it
    /// remains.
    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        write: Write,
        work: impl Fn(&dyn Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.and_then(|connection| work(connection));
            if done.is_ok() {
                write.reach();
            }
            let failed = done.is_err();
            let finish: Finish = Box::new(move |commit| {
                // The request may have gone away meanwhile; its change stands all the same.
                let _ = answer.send(commit.and(done));
            });
            if failed { Err(finish) } else { Ok(finish) }
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Stopped)?;
        result.await.map_err(|_| StoreError::Stopped)?
    }

    /// Lets the queue run empty and closes the database.
    pub(super) fn stop(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

fn run(connection: Connection, mut queue: mpsc::Receiver<Job>) {
    let mut batch = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH {
            match queue.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        commit(&connection, &mut batch);
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

fn commit(connection: &Connection, batch: &mut Vec<Job>) {
    let mut finishes = Vec::with_capacity(batch.len());
    let mut result = connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(StoreError::from);
    for job in batch.drain(..) {
        if result.is_ok() {
            result = connection
                .execute_batch("SAVEPOINT job")
                .map_err(StoreError::from);
        }
        // After a failure nothing may run: outside the transaction it would be committed by itself.
        if let Err(error) = &result {
            finishes.push(job(Err(error.clone())).unwrap_or_else(|finish| finish));
            continue;
        }
        let (finish, end) = match job(Ok(connection)) {
            Ok(finish) => (finish, "RELEASE job"),
            Err(finish) => (finish, "ROLLBACK TO job; RELEASE job"),
        };
        finishes.push(finish);
        if let Err(error) = connection.execute_batch(end) {
            result = Err(error.into());
        }
    }
    if result.is_ok() {
        result = connection.execute_batch("COMMIT").map_err(StoreError::from);
    }
    if let Err(error) = &result {
        tracing::error!(%error, "a commit failed");
        // Fails when SQLite has rolled back by itself already.
        let _ = connection.execute_batch("ROLLBACK");
    }
    for finish in finishes {
        finish(result.clone());
    }
}
