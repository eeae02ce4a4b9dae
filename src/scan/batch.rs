//! What a run tells, handed on in handfuls: each makes the page diagnose and draw anew, and with many checks that
//! would keep it busy while their answers come in.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use wasm_bindgen_futures::spawn_local;

use crate::probe::timer::sleep;
use crate::scan::ScanEvent;

/// How long the first of a handful waits for others: nobody sees it.
const GATHERING: Duration = Duration::from_millis(60);

/// Gathers events, and hands them on in order.
#[derive(Clone)]
pub struct Batch {
    gathered: Rc<RefCell<Vec<ScanEvent>>>,
    deliver: Rc<dyn Fn(Vec<ScanEvent>)>,
}

impl Batch {
    /// Nothing gathered; `deliver` gets at least one event each time.
    pub fn new(deliver: impl Fn(Vec<ScanEvent>) + 'static) -> Self {
        Self { gathered: Rc::default(), deliver: Rc::new(deliver) }
    }

    /// Takes an event that need not be seen at once.
    pub fn tell(&self, event: ScanEvent) {
        self.gathered.borrow_mut().push(event);
        if self.gathered.borrow().len() == 1 {
            let batch = self.clone();
            spawn_local(async move {
                sleep(GATHERING).await;
                batch.flush();
            });
        }
    }

    /// Hands on what is still there.
    pub fn flush(&self) {
        let events = self.gathered.take();
        if !events.is_empty() {
            (self.deliver)(events);
        }
    }
}
