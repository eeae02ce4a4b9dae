//! Whether a request that failed had been sent: Firefox tells so by its Resource Timing.
//!
//! The entry of a request that failed has a duration above zero only if the connection was made, and TLS on it where
//! it is `https:` (measured in Firefox 153; `tests/browser/kept.rs`). Chromium's has one in any case.

use std::rc::Rc;

use js_sys::{Array, Function, JSON, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::js;
use crate::probe::slot::Slot;

/// Milliseconds by which an entry may seem to have begun before its request: clocks are rounded.
const ROUNDING_MS: f64 = 2.0;

/// Listens for the entry of one request, until dropped.
pub(super) struct Watch {
    sent: Rc<Slot<bool>>,
    observer: Option<JsValue>,
    _callback: Closure<dyn FnMut(JsValue)>,
}

impl Watch {
    /// Begins to listen, just before the request for `url` is made.
    pub(super) fn new(url: &str) -> Self {
        let begun = super::clock::monotonic_ms() - ROUNDING_MS;
        let sent = Rc::new(Slot::new());
        let (slot, url) = (Rc::clone(&sent), url.to_owned());
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |list: JsValue| {
            let entries = js::call(&list, "getEntriesByName", &JsValue::from_str(&url));
            for entry in Array::from(&entries.unwrap_or(JsValue::UNDEFINED)).iter() {
                let number = |name| js::get(&entry, name).as_f64();
                if number("startTime").is_some_and(|start| start >= begun) {
                    slot.fill(number("duration").is_some_and(|ms| ms > 0.0));
                }
            }
        });
        let observer = observe(callback.as_ref()).ok();
        Self { sent, observer, _callback: callback }
    }

    /// Ends when the browser has told about the request.
    pub(super) async fn told(&self) -> bool {
        self.sent.filled().await
    }
}

fn observe(callback: &JsValue) -> Result<JsValue, JsValue> {
    let constructor = js::get(&js::global(), "PerformanceObserver").dyn_into::<Function>()?;
    let observer = Reflect::construct(&constructor, &Array::of1(callback))?;
    js::call(&observer, "observe", &JSON::parse(r#"{"type":"resource"}"#)?)?;
    Ok(observer)
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            let _ = js::call(observer, "disconnect", &JsValue::UNDEFINED);
        }
    }
}
