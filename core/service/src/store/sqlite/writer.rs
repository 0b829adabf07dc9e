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
/// A piece of work inside the transaction, or the news that there is none. An error asks for the
/// savepoint to be rolled back.
type Job =
    Box<dyn FnOnce(Result<&Connection, StoreError>) -> (Finish, Result<(), StoreError>) + Send>;

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
            let ended = done.as_ref().map(|_| ()).map_err(Clone::clone);
            let finish: Finish = Box::new(move |commit| {
                // The request may have gone away meanwhile; its change stands all the same.
                let _ = answer.send(commit.and(done));
            });
            (finish, ended)
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
            finishes.push(job(Err(error.clone())).0);
            continue;
        }
        let (finish, ended) = job(Ok(connection));
        finishes.push(finish);
        let end = match ended {
            // A full or failing disk makes SQLite roll the whole transaction back by itself: the
            // reason is the same for all that share it.
            Err(error) if connection.is_autocommit() => {
                result = Err(error);
                continue;
            }
            Ok(()) => "RELEASE job",
            Err(_) => "ROLLBACK TO job; RELEASE job",
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tx::params;

    #[tokio::test]
    async fn a_disk_that_fills_within_a_transaction_says_that_it_is_full() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        let writer = Writer::start(connection).unwrap();
        // SQLite rolls everything back by itself then.
        let full = writer.write(Write::SetSetting, |tx| {
            tx.execute("INSERT INTO t VALUES (1)", params![])?;
            tx.execute("ROLLBACK", params![])?;
            Err::<(), _>(StoreError::Full)
        });
        let beside = writer.write(Write::SetSetting, |tx| {
            tx.execute("INSERT INTO t VALUES (2)", params![])
        });
        let (full, beside) = tokio::join!(full, beside);
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        // It shared the transaction, or had one of its own.
        let shared = matches!(beside, Err(StoreError::Full));
        assert!(shared || beside.is_ok(), "{beside:?}");
        let rows = writer.write(Write::SetSetting, |tx| {
            tx.one("SELECT count(*) AS n FROM t", params![], |row| {
                row.get::<u64>("n")
            })
        });
        let rows = rows.await.unwrap().unwrap();
        assert_eq!(rows, u64::from(!shared));
        writer.stop();
    }
}
