//! Opening a WebSocket, for endpoints that speak nothing else.

use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{CloseEvent, WebSocket};

use crate::js;
use crate::probe::slot::Slot;

/// Opens a WebSocket and closes it again. The error is the close code, all that the browser tells.
/// Dropping the future closes the connection.
pub(super) async fn open(url: &str) -> Result<(), String> {
    let socket = CloseOnDrop(WebSocket::new(url).map_err(|error| js::error_text(&error))?);
    let outcome = Rc::new(Slot::new());
    let on_open = Rc::clone(&outcome);
    let on_close = Rc::clone(&outcome);
    let _listeners = (
        EventListener::once(&socket.0, "open", move |_| on_open.fill(Ok(()))),
        // Every failure ends in `close`; `error` before it tells nothing.
        EventListener::once(&socket.0, "close", move |event| {
            let code = event.dyn_ref::<CloseEvent>().map_or(0, CloseEvent::code);
            on_close.fill(Err(code.to_string()));
        }),
    );
    outcome.filled().await
}

struct CloseOnDrop(WebSocket);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        // Refused only for a close code, and none is given.
        let _ = self.0.close();
    }
}
