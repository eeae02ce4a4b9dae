//! Connector Check: the page.
//!
//! Everything that needs a browser: the custom element ([`element`]), the app ([`app`]) with its pure
//! [`state`] and its [`view`]s, and the probes ([`probe`], [`scan`]). What can be decided without a browser
//! is decided in `connector-check-diagnosis`.

pub mod app;
mod capture;
pub mod captured;
pub mod connections;
pub mod desk;
pub mod element;
pub mod environment;
pub mod frame;
mod intake;
mod js;
mod listener;
pub mod message;
pub mod offer;
pub mod probe;
mod root;
pub mod run;
pub mod scan;
mod startup;
pub mod state;
pub mod tables;
mod view;

/// Called by the module's own glue as soon as it is loaded.
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    element::register();
}
