//! HTTP/1.1 on one connection, in little memory while nobody asks.
//!
//! hyper keeps two buffers of 8 KiB for a connection as long as it has it. One that is quiet is therefore taken back from
//! it, which its interface is made for, and given to it anew when something comes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Buf as _, Bytes};
use hyper::server::conn::http1::{Builder, Connection, Parts};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use crate::activity::Activity;
use crate::answering::Answering;
use crate::connection::{FAREWELL, LEAST_BUFFER, told_to_stop};
use crate::stream::Recording;

/// How long a connection must be quiet before it is taken back: whoever asks many times in a row is not to notice.
const QUIET: Duration = Duration::from_secs(1);

/// A stream of bytes over TCP.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// What carries it.
    fn tcp(&self) -> &TcpStream;
}

impl Carrier for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Carrier for TlsStream<Recording> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0.tcp()
    }
}

/// Answers until the connection ends, is idle for too long or to end, or the server is to stop.
pub(crate) async fn serve<S: Carrier>(stream: S, service: Answering) {
    let (shared, activity) = (Arc::clone(&service.shared), Arc::clone(&service.activity));
    let mut stop = shared.stop.clone();
    let mut watched = Watched { stream, unread: Bytes::new(), activity: Arc::clone(&activity) };
    let mut service = service;
    loop {
        let mut served = Box::new(
            Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(shared.patience.idle)
                .max_buf_size(shared.site.max_request.max(LEAST_BUFFER))
                .serve_connection(TokioIo::new(watched), service),
        );
        let quiet = tokio::select! {
            // Errors are clients that went away.
            _gone = served.as_mut() => return,
            () = quiet(&activity) => true,
            () = activity.ceased(shared.patience.idle) => false,
            () = activity.ended() => false,
            () = told_to_stop(&mut stop) => false,
        };
        if !quiet {
            Pin::new(served.as_mut()).graceful_shutdown();
            let _ = timeout(shared.patience.grace, served).await;
            return;
        }
        (watched, service) = taken_back(*served);
        if watched.unread.is_empty() {
            let asked = tokio::select! {
                // Whatever comes, hyper reads it: the end of the connection, too.
                ready = watched.stream.tcp().readable() => ready.is_ok(),
                () = activity.ceased(shared.patience.idle) => false,
                () = told_to_stop(&mut stop) => false,
            };
            if !asked {
                let _ = timeout(FAREWELL, watched.stream.shutdown()).await;
                return;
            }
        }
    }
}

/// Returns once nothing has been under way for [`QUIET`].
async fn quiet(activity: &Activity) {
    loop {
        activity.ceased(QUIET).await;
        if activity.is_quiet() {
            return;
        }
        sleep(QUIET).await;
    }
}

type Served<S> = Connection<TokioIo<Watched<S>>, Answering>;

fn taken_back<S: Carrier>(served: Served<S>) -> (Watched<S>, Answering) {
    let Parts { io, read_buf, service, .. } = served.into_parts();
    let mut watched = io.into_inner();
    if !read_buf.is_empty() {
        // The beginning of a request: it goes back to hyper, and stays there until the rest has come.
        watched.activity.is_partly_read();
        watched.unread = read_buf;
    }
    (watched, service)
}

/// A stream that tells what is under way on it.
#[derive(Debug)]
struct Watched<S> {
    stream: S,
    /// Bytes that were read before and are to be read first.
    unread: Bytes,
    activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let length = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread[..length]);
            self.unread.advance(length);
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.activity.waits(polled.is_pending());
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.activity.writes(true);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.activity.writes(true);
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        if polled.is_ready() {
            self.activity.writes(false);
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
