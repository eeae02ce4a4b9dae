//! The admin's "stop", as many tasks may wait for it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Set once, never taken back; clones share it.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Rc<State>);

#[derive(Debug, Default)]
struct State {
    stopped: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl StopSignal {
    /// A signal that has not been given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal.
    pub fn stop(&self) {
        self.0.stopped.set(true);
        // Taken out first: a task may ask again while it is woken.
        for waker in self.0.waiting.take() {
            waker.wake();
        }
    }

    /// Whether the signal has been given.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.get()
    }

    /// Ends when the signal is given.
    pub async fn stopped(&self) {
        poll_fn(|context| {
            if self.is_stopped() {
                return Poll::Ready(());
            }
            let mut waiting = self.0.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn every_clone_hears_the_signal() {
        let signal = StopSignal::new();
        let heard = signal.clone();
        assert_eq!(heard.stopped().now_or_never(), None);
        signal.stop();
        assert_eq!(heard.stopped().now_or_never(), Some(()));
        assert!(heard.is_stopped());
    }
}
