//! A TCP stream that remembers the `ClientHello` that went through it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::hello::{Recorded, Recorder};

/// A stream whose first bytes are looked at while TLS reads them: nothing is read twice, and what TLS does not
/// understand is recorded all the same.
#[derive(Debug)]
pub(crate) struct Recording {
    stream: TcpStream,
    /// Gone as soon as it has what it can get; thousands of idle connections need not carry one each.
    recorder: Option<Box<Recorder>>,
}

impl Recording {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, recorder: Some(Box::default()) }
    }

    /// What is below.
    pub(crate) const fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    /// What was recorded; nothing the second time.
    pub(crate) fn take(&mut self) -> Option<Box<Recorder>> {
        self.recorder.take()
    }
}

impl AsyncRead for Recording {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(recorder) = &mut self.recorder
            && recorder.state() == Recorded::Partly
        {
            recorder.push(&buffer.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Recording {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
