//! When a connection was last used, and what is under way on it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;

/// One connection's past, shared by what answers on it, what it reads from, and what ends it.
#[derive(Debug)]
pub(crate) struct Activity {
    begun: Instant,
    /// Milliseconds from the beginning to the last request.
    last: AtomicU64,
    end: Notify,
    /// Something was written and not flushed yet.
    writing: AtomicBool,
    /// Nothing was there at the last attempt to read.
    waiting: AtomicBool,
    /// What was read last may be followed by more that belongs to it.
    partly: AtomicBool,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            last: AtomicU64::new(0),
            end: Notify::new(),
            writing: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            partly: AtomicBool::new(false),
        }
    }

    /// A request has come; `whole` where nothing of it is still to come.
    pub(crate) fn note(&self, whole: bool) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
        self.writing.store(true, Ordering::Relaxed);
        self.partly.store(!whole, Ordering::Relaxed);
    }

    /// Something was written, or all of it has left.
    pub(crate) fn writes(&self, writing: bool) {
        self.writing.store(writing, Ordering::Relaxed);
    }

    /// Nothing was there to be read, or something was.
    pub(crate) fn waits(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// There is more of a request to come.
    pub(crate) fn is_partly_read(&self) {
        self.partly.store(true, Ordering::Relaxed);
    }

    /// Whether every answer has left, and nothing of a request has come.
    pub(crate) fn is_quiet(&self) -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        is(&self.waiting) && !is(&self.writing) && !is(&self.partly)
    }

    /// After what is under way the connection is to end.
    pub(crate) fn end(&self) {
        self.end.notify_one();
    }

    /// Returns once [`Self::end`] was called.
    pub(crate) async fn ended(&self) {
        self.end.notified().await;
    }

    /// Returns once no request was noted for so long.
    pub(crate) async fn ceased(&self, idle: Duration) {
        loop {
            let end = Duration::from_millis(self.last.load(Ordering::Relaxed)) + idle;
            match end.checked_sub(self.begun.elapsed()) {
                Some(left) if !left.is_zero() => sleep(left).await,
                _ => return,
            }
        }
    }
}
