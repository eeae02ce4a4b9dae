//! Waiting, also while the page's own timers stand still.
//!
//! Firefox stops the timers of a page while a dialog of the browser is open, such as the one for a proxy's sign-in; those
//! of a worker go on (measured). So in a page from a file every wait has a timer of each kind, and the first one counts.
//! Elsewhere a policy may forbid workers made of text, and would report each attempt to whoever keeps the site; there
//! the page's timer is enough for all but dialogs.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use gloo_events::EventListener;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use crate::js;
use crate::probe::slot::Slot;

/// All that the worker does: it sends a number back after so many milliseconds.
const WORKER: &str = "onmessage = e => setTimeout(() => postMessage(e.data[0]), e.data[1]);";

/// Shorter waits end with the page's timer alone.
const WORTH_A_WORKER: Duration = Duration::from_millis(400);

thread_local! {
    /// Once asked for: the one that there is, or that there is none.
    static WATCHDOG: OnceCell<Option<Rc<Watchdog>>> = const { OnceCell::new() };
}

/// Ends after this time.
pub(crate) async fn sleep(duration: Duration) {
    let own = gloo_timers::future::sleep(duration);
    let watchdog = (duration >= WORTH_A_WORKER).then(Watchdog::shared).flatten();
    let Some(watchdog) = watchdog else { return own.await };
    let bell = watchdog.ring_after(duration);
    match select(pin!(own), pin!(bell.slot.filled())).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}

/// A worker that keeps time.
struct Watchdog {
    worker: EventTarget,
    waiting: Rc<RefCell<HashMap<u32, Rc<Slot<()>>>>>,
    next: RefCell<u32>,
    _listener: EventListener,
}

impl Watchdog {
    /// The page's one; `None` where there can be none.
    fn shared() -> Option<Rc<Self>> {
        WATCHDOG.with(|shared| {
            let from_a_file = || js::get(&js::get(&js::global(), "location"), "protocol") == "file:";
            shared.get_or_init(|| from_a_file().then(Self::start)?.ok().map(Rc::new)).clone()
        })
    }

    fn start() -> Result<Self, JsValue> {
        let global = js::global();
        let make = |name: &str, arguments: &Array| {
            Reflect::construct(&js::get(&global, name).dyn_into::<Function>()?, arguments)
        };
        let blob = make("Blob", &Array::of1(&Array::of1(&JsValue::from_str(WORKER))))?;
        let addresses = js::get(&global, "URL");
        let address = js::call(&addresses, "createObjectURL", &blob)?;
        let worker = make("Worker", &Array::of1(&address));
        // The worker has been given its program; whether it may run it, it tells by an event that nobody needs.
        let _ = js::call(&addresses, "revokeObjectURL", &address);
        let worker: EventTarget = worker?.dyn_into()?;
        let waiting = Rc::<RefCell<HashMap<u32, Rc<Slot<()>>>>>::default();
        let rung = Rc::clone(&waiting);
        let listener = EventListener::new(&worker, "message", move |event| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let number = js::get(event, "data").as_f64().map(|number| number as u32);
            if let Some(slot) = number.and_then(|number| rung.borrow_mut().remove(&number)) {
                slot.fill(());
            }
        });
        Ok(Self { worker, waiting, next: RefCell::new(0), _listener: listener })
    }

    fn ring_after(self: &Rc<Self>, duration: Duration) -> Bell {
        let number = self.next.replace_with(|next| next.wrapping_add(1));
        let slot = Rc::new(Slot::new());
        self.waiting.borrow_mut().insert(number, Rc::clone(&slot));
        let order = Array::of2(&number.into(), &(duration.as_secs_f64() * 1000.0).into());
        // One that takes no orders never rings.
        let _ = js::call(&self.worker, "postMessage", &order);
        Bell { watchdog: Rc::clone(self), number, slot }
    }
}

/// What rings when a time is over; taken back when dropped.
struct Bell {
    watchdog: Rc<Watchdog>,
    number: u32,
    slot: Rc<Slot<()>>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.watchdog.waiting.borrow_mut().remove(&self.number);
    }
}
