//! An event listener that is taken off when it is dropped.

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// Listens as long as it lives.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn Fn()>,
}

impl Listener {
    /// Calls `heard` for every event of this name; a target that is none hears nothing.
    pub fn new(target: &JsValue, name: &'static str, heard: impl Fn() + 'static) -> Self {
        let target: EventTarget = target.clone().unchecked_into();
        let closure = Closure::new(heard);
        // Fails only for a callback that is none.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        Self { target, name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.name, callback);
    }
}
