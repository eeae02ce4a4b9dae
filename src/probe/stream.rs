//! An event stream: the one interface by which Chromium's family tells an answer that a page may not read from a
//! failure of the network.
//!
//! After an HTTP answer of whatever kind, a redirect included, the browser gives the stream up for good; after a
//! failure of the network it means to connect again (measured in Chromium 156; `tests/browser/kept.rs`). Redirects are
//! not followed: their first answer is one that the page may not read. Firefox gives up in both cases.

use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use crate::js;
use crate::probe::slot::Slot;

/// `EventSource.CLOSED`.
const CLOSED: f64 = 2.0;

/// Whether something answered the stream's request. Without the interface nothing did. Dropping the future closes
/// the stream, before the browser connects a second time.
///
/// It carries no credentials. As with every request whose answer might be read, the browser names the page's origin.
pub(super) async fn answers(url: &str) -> bool {
    let Ok(stream) = Stream::open(url) else { return false };
    let answered = Rc::new(Slot::new());
    let (on_open, on_error) = (Rc::clone(&answered), Rc::clone(&answered));
    let target = stream.0.clone();
    let _listeners = (
        EventListener::once(&stream.0, "open", move |_| on_open.fill(true)),
        EventListener::once(&stream.0, "error", move |_| {
            on_error.fill(js::get(&target, "readyState").as_f64() == Some(CLOSED));
        }),
    );
    answered.filled().await
}

/// An `EventSource`, closed when dropped.
struct Stream(EventTarget);

impl Stream {
    fn open(url: &str) -> Result<Self, JsValue> {
        let constructor = js::get(&js::global(), "EventSource").dyn_into::<Function>()?;
        Reflect::construct(&constructor, &Array::of1(&JsValue::from_str(url)))?.dyn_into().map(Self)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // An object without the method has nothing to close.
        let _ = js::call(&self.0, "close", &JsValue::UNDEFINED);
    }
}
