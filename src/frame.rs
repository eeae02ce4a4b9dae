//! The page in a frame of another page: what the address asks for, the messages to the page around, and what the
//! frame keeps from the page.
//!
//! Only the page's own element, the one with the attribute `page`, reads the address and talks with a parent; an
//! element on somebody's page does neither.

use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, UrlSearchParams, Window};

use crate::environment::{Permission, Surroundings};

#[wasm_bindgen(module = "/src/frame.js")]
extern "C" {
    /// The messages of one element; they end with `close`.
    type Channel;
    #[wasm_bindgen(js_name = openChannel)]
    fn open_channel(host: &HtmlElement, origins: Vec<String>) -> Channel;
    #[wasm_bindgen(method)]
    fn close(this: &Channel);
    #[wasm_bindgen(js_name = parentOrigin)]
    fn parent_origin() -> Option<String>;
    fn sandboxed() -> bool;
    #[wasm_bindgen(js_name = storageDenied)]
    fn storage_denied() -> bool;
}

/// The attribute of the page's own element.
const PAGE_ATTRIBUTE: &str = "page";

/// What the page around, or the browser, keeps from this page; each is said with what would change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The frame is sandboxed without `allow-same-origin`.
    Sandboxed,
    /// The frame does not pass on the permission for the local network.
    NoLocalNetwork,
    /// The site file lists no origins, so nobody is spoken to.
    NoOrigins,
    /// The page around is of this origin, which the site file does not list.
    Untrusted(String),
    /// The browser lets the page keep nothing.
    NoStorage,
}

/// What the page's own address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `embed=1`: the page around wants to talk.
    pub embed: bool,
    /// `catalogue=`: an id or an address.
    pub catalogue: Option<String>,
}

/// Whether this element is the page itself.
pub fn is_page(host: &HtmlElement) -> bool {
    host.has_attribute(PAGE_ATTRIBUTE)
}

/// Reads the address, and puts what is about looks and language into the element's attributes.
pub fn wishes(window: &Window, host: &HtmlElement) -> Wishes {
    let query = window.location().search().unwrap_or_default();
    let Ok(query) = UrlSearchParams::new_with_str(&query) else { return Wishes::default() };
    let value = |name: &str| query.get(name).filter(|value| !value.is_empty());
    // Setting an attribute fails only for names that are none.
    for name in ["theme", "lang"] {
        if let Some(value) = value(name) {
            let _ = host.set_attribute(name, &value);
        }
    }
    if let Some(value) = value("autorun") {
        let _ = host.set_attribute("autorun", if is_on(&value) { "true" } else { "false" });
    }
    if value("compact").is_some_and(|value| is_on(&value)) {
        let _ = host.set_attribute("compact", "");
    }
    Wishes { embed: value("embed").is_some_and(|value| is_on(&value)), catalogue: value("catalogue") }
}

fn is_on(value: &str) -> bool {
    matches!(value, "1" | "true")
}

/// Messages to and from the page around, until dropped.
pub struct Conversation {
    channel: Channel,
}

impl Conversation {
    /// Begins to talk, with pages of these origins alone.
    pub fn begin(host: &HtmlElement, origins: &[String]) -> Self {
        Self { channel: open_channel(host, origins.to_vec()) }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.channel.close();
    }
}

/// What is kept from the page; `trusted` is whom it may talk to, `None` where nobody asked for that.
pub fn notes(surroundings: &Surroundings, trusted: Option<&[String]>) -> Vec<Note> {
    let mut notes = Vec::new();
    if surroundings.embedded {
        if sandboxed() {
            notes.push(Note::Sandboxed);
        }
        if surroundings.local_network == Some(Permission::Denied) {
            notes.push(Note::NoLocalNetwork);
        }
        match (trusted, parent_origin()) {
            (Some([]), _) => notes.push(Note::NoOrigins),
            (Some(origins), Some(parent)) if !origins.contains(&parent) => {
                notes.push(Note::Untrusted(parent));
            }
            (Some(_) | None, _) => {}
        }
    }
    // A sandbox that is said already denies storage, too.
    if storage_denied() && !notes.contains(&Note::Sandboxed) {
        notes.push(Note::NoStorage);
    }
    notes
}
