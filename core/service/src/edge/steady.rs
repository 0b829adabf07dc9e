//! A stream that gives up on a client that does not read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// The time that a client may leave written bytes unread.
const PATIENCE: Duration = Duration::from_secs(20);
/// The client gets another second each time it reads this many bytes.
const BYTES_A_SECOND: u64 = 1024;

/// A stream whose writes fail with `TimedOut` when the other end reads too slowly. The time runs
/// from the first write that had to wait, until bytes come from the other end.
pub(crate) struct Steady<S> {
    stream: S,
    patience: Duration,
    // Only a stalled stream holds a clock: thousands of phones wait and write nothing.
    stalled: Option<Box<Stalled>>,
}

struct Stalled {
    since: Instant,
    written: u64,
    clock: Pin<Box<Sleep>>,
}

impl<S> Steady<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self::with(stream, PATIENCE)
    }

    fn with(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stalled: None,
        }
    }

    /// A write has to wait: pending until the time is over, then the error.
    fn waits<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| {
            let since = Instant::now();
            Box::new(Stalled {
                since,
                written: 0,
                clock: Box::pin(sleep_until(since + patience)),
            })
        });
        let more = Duration::from_secs(stalled.written / BYTES_A_SECOND);
        let end = stalled.since + patience + more;
        if stalled.clock.deadline() != end {
            stalled.clock.as_mut().reset(end);
        }
        ready!(stalled.clock.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn wrote(&mut self, bytes: usize) {
        if let Some(stalled) = &mut self.stalled {
            stalled.written += bytes as u64;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Steady<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.stalled = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Steady<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(Ok(written)) => {
                self.wrote(written);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.waits(context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, slices) {
            Poll::Ready(Ok(written)) => {
                self.wrote(written);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.waits(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.waits(context),
            flushed => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Pending => self.waits(context),
            shut => shut,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_reader_that_reads_nothing_is_given_up() {
        let (near, _far) = duplex(1000);
        let began = Instant::now();
        let written = Steady::with(near, SHORT).write_all(&[0; 5000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn a_reader_that_takes_a_byte_now_and_then_is_given_up_too() {
        let (near, mut far) = duplex(1000);
        tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(SHORT / 5).await;
            }
        });
        let written = Steady::with(near, SHORT).write_all(&[0; 5000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_line_may_take_its_time() {
        let (near, mut far) = duplex(4096);
        let reader = tokio::spawn(async move {
            let mut read = vec![0; 2048];
            for _ in 0..10 {
                far.read_exact(&mut read).await.unwrap();
                tokio::time::sleep(SHORT / 3).await;
            }
        });
        let mut near = Steady::with(near, SHORT);
        near.write_all(&[0; 20_480]).await.unwrap();
        drop(near);
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_asks_again_has_read() {
        let (near, mut far) = duplex(1000);
        let mut near = Steady::with(near, SHORT);
        for _ in 0..4 {
            let mut read = [0; 3000];
            let (_, written) = tokio::join!(
                async {
                    tokio::time::sleep(SHORT / 2).await;
                    far.read_exact(&mut read).await.unwrap();
                    far.write_all(b"more").await.unwrap();
                },
                async {
                    near.write_all(&[0; 3000]).await?;
                    near.read_exact(&mut [0; 4]).await
                }
            );
            written.unwrap();
        }
    }
}
