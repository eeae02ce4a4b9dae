//! From a browser's event to the future that waits for it.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A place for one value, and for one task that waits for it.
pub(super) struct Slot<T> {
    value: Cell<Option<T>>,
    waiting: Cell<Option<Waker>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slot<T> {
    /// Without a value.
    pub(super) const fn new() -> Self {
        Self { value: Cell::new(None), waiting: Cell::new(None) }
    }

    /// Puts a value there; an earlier one that nobody took is gone.
    pub(super) fn fill(&self, value: T) {
        self.value.set(Some(value));
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Takes the value once it is there.
    pub(super) async fn filled(&self) -> T {
        poll_fn(|context| {
            if let Some(value) = self.value.take() {
                return Poll::Ready(value);
            }
            self.waiting.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}
