//! Reading JavaScript values that may be missing, or not what they should be.
//!
//! Add-ons and old browsers replace or lack interfaces; nothing here throws or panics.

use wasm_bindgen::{JsCast, JsValue};

/// Characters of an error's text that are kept; no browser's own text comes near it.
const MAX_ERROR_CHARS: usize = 200;

/// The window.
pub(crate) fn global() -> JsValue {
    js_sys::global().into()
}

/// A property, or `undefined`.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// A text property, or an empty text.
pub(crate) fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

/// Calls a method with one argument; a missing method is an error like one that throws.
pub(crate) fn call(object: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    match get(object, method).dyn_into::<js_sys::Function>() {
        Ok(function) => function.call1(object, argument),
        Err(_) => Err(JsValue::from_str(&format!("this browser has no {method}"))),
    }
}

/// What a thrown value says of itself, for a reader.
pub(crate) fn error_text(error: &JsValue) -> String {
    let text = match (text(error, "name"), text(error, "message")) {
        (name, message) if name.is_empty() && message.is_empty() => {
            error.as_string().unwrap_or_else(|| "an error without a text".to_owned())
        }
        (name, message) if message.is_empty() => name,
        (name, message) if name.is_empty() => message,
        (name, message) => format!("{name}: {message}"),
    };
    text.chars().take(MAX_ERROR_CHARS).collect()
}
