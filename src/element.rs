//! The custom element `<connector-check>`: the public face of the app.

use std::cell::RefCell;
use std::rc::Rc;

use connector_check_diagnosis::report::Report;
use connector_check_diagnosis::text::Texts;
use js_sys::{Function, Promise};
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, HtmlElement, ShadowRoot};

use crate::app::Msg;
use crate::root::Root;

#[wasm_bindgen(module = "/src/element.js")]
extern "C" {
    fn define(css: &str, mount: &Closure<dyn Fn(HtmlElement, ShadowRoot) -> JsValue>);
    fn panicked(title: &str, what: &str, copy: &str, message: &str);
    #[wasm_bindgen(js_name = copyText, catch)]
    async fn copy_text_js(text: &str, root: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = saveFile)]
    fn save_file_js(name: &str, text: &str, root: &JsValue);
    #[wasm_bindgen(js_name = saveFile)]
    fn save_bytes_js(name: &str, bytes: js_sys::Uint8Array, root: &JsValue);
}

/// What the element shows of its app to the page around.
#[derive(Default)]
struct Face {
    report: Option<JsValue>,
    state: &'static str,
    catalogue: String,
    /// Callers of `run()` whose run has not begun.
    asking: Vec<(Function, Function)>,
    /// Callers of `run()` whose run goes on.
    waiting: Vec<(Function, Function)>,
    /// The element was removed: what its app says until it is gone itself, nobody hears.
    gone: bool,
}

/// The app's way to the page around its element.
#[derive(Clone)]
pub struct Outside {
    host: HtmlElement,
    face: Rc<RefCell<Face>>,
}

impl PartialEq for Outside {
    fn eq(&self, other: &Self) -> bool {
        self.host == other.host
    }
}

impl Outside {
    /// The element itself.
    pub const fn host(&self) -> &HtmlElement {
        &self.host
    }

    /// Keeps the element's `state` and `catalogue` in step with the app.
    /// While closer looks go on behind a verdict, the element has the attribute `data-closer="running"`.
    pub fn reflect(&self, state: &'static str, catalogue: &str, closer: bool) {
        if self.face.borrow().gone {
            return;
        }
        // Fails only for names that are none.
        let _ = if closer {
            self.host.set_attribute("data-closer", "running")
        } else {
            self.host.remove_attribute("data-closer")
        };
        let mut face = self.face.borrow_mut();
        face.state = state;
        catalogue.clone_into(&mut face.catalogue);
        if state == "running" || state == "idle" {
            face.report = None;
        }
    }

    /// `connector-check:progress`.
    pub fn progress(&self, done: usize, total: usize) {
        self.emit("connector-check:progress", &serde_json::json!({ "done": done, "total": total }));
    }

    /// `connector-check:report`, and every `run()` that waits for it.
    pub fn report(&self, report: &Report) {
        let value = serde_json::to_value(report).unwrap_or(Value::Null);
        let js = to_js(&value);
        let waiting = {
            let mut face = self.face.borrow_mut();
            face.report = Some(js.clone());
            std::mem::take(&mut face.waiting)
        };
        for (resolve, _) in waiting {
            // A caller's own error is reported by the browser at the caller.
            let _ = resolve.call1(&JsValue::NULL, &js);
        }
        self.emit("connector-check:report", &value);
    }

    /// The run that callers have asked for begins.
    pub fn begin(&self) {
        let mut face = self.face.borrow_mut();
        let asking = std::mem::take(&mut face.asking);
        face.waiting.extend(asking);
    }

    /// Tells every `run()` that waits that no report will come.
    pub fn abandon(&self, why: &str) {
        let waiting = std::mem::take(&mut self.face.borrow_mut().waiting);
        for (_, reject) in waiting {
            let _ = reject.call1(&JsValue::NULL, &js_sys::Error::new(why).into());
        }
    }

    /// `connector-check:error`.
    pub fn error(&self, message: &str) {
        self.emit("connector-check:error", &serde_json::json!({ "message": message }));
    }

    fn emit(&self, name: &str, detail: &Value) {
        if self.face.borrow().gone {
            return;
        }
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_composed(true);
        init.set_detail(&to_js(detail));
        if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
            // Fails only for an event that is being dispatched already.
            let _ = self.host.dispatch_event(&event);
        }
    }
}

/// Through JSON, because the page around wants plain objects.
fn to_js(value: &Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

/// A mounted app, as the element's class holds it.
#[wasm_bindgen]
pub struct Mounted {
    root: Option<Root>,
    outside: Outside,
}

#[wasm_bindgen]
impl Mounted {
    /// Takes the app down and aborts what is out.
    pub fn unmount(&mut self) {
        self.outside.face.borrow_mut().gone = true;
        if let Some(root) = self.root.take() {
            root.vacate();
        }
        self.outside.begin();
        self.outside.abandon("connector-check: the element was removed");
    }

    /// An attribute or string property changed.
    pub fn attribute(&self, name: &str, value: &str) {
        self.send(Msg::Attribute(name.to_owned(), value.to_owned()));
    }

    /// The `catalogue` property was given an object, here as JSON.
    pub fn take(&self, json: String) {
        self.send(Msg::CatalogueObject(json));
    }

    /// The id of the catalogue in use.
    pub fn catalogue(&self) -> String {
        self.outside.face.borrow().catalogue.clone()
    }

    /// The latest report, or `null`.
    pub fn report(&self) -> JsValue {
        self.outside.face.borrow().report.clone().unwrap_or(JsValue::NULL)
    }

    /// `idle`, `running`, `done`, `stopped` or `failed`.
    pub fn state(&self) -> String {
        self.outside.face.borrow().state.to_owned()
    }

    /// Starts a run unless one is going on; resolves with the report.
    pub fn run(&self) -> Promise {
        let face = self.outside.face.clone();
        let promise = Promise::new(&mut |resolve, reject| face.borrow_mut().asking.push((resolve, reject)));
        self.send(Msg::Start { only_failed: false });
        promise
    }

    /// Stops the run that is going on.
    pub fn stop(&self) {
        self.send(Msg::Stop);
    }

    fn send(&self, message: Msg) {
        if let Some(root) = &self.root {
            root.send(message);
        }
    }
}

/// Registers the element; called once, when the module starts.
pub fn register() {
    std::panic::set_hook(Box::new(|info| {
        let texts = Texts::for_language("en");
        let [title, what, copy] = ["failure-title", "failure-what", "copy"].map(|id| texts.get(id));
        panicked(&title, &what, &copy, &info.to_string());
    }));
    let mount = Closure::new(|host: HtmlElement, shadow: ShadowRoot| {
        let face = Face { state: "idle", ..Face::default() };
        let outside = Outside { host, face: Rc::new(RefCell::new(face)) };
        Mounted { root: Root::occupy(&shadow, outside.clone()), outside }.into()
    });
    define(include_str!("../static/connector-check.css"), &mount);
    // The element lives as long as the page.
    mount.forget();
}

/// Copies text to the clipboard; `false` where the browser would not.
pub async fn copy_text(text: &str, outside: &Outside) -> bool {
    copy_text_js(text, &root_of(outside)).await.is_ok_and(|copied| copied.is_truthy())
}

/// Hands a text out as a file of this name.
pub fn save_file(name: &str, text: &str, outside: &Outside) {
    save_file_js(name, text, &root_of(outside));
}

/// Hands bytes out as a file of this name.
pub fn save_bytes(name: &str, bytes: &[u8], outside: &Outside) {
    save_bytes_js(name, js_sys::Uint8Array::from(bytes), &root_of(outside));
}

fn root_of(outside: &Outside) -> JsValue {
    outside.host.shadow_root().map_or(JsValue::NULL, JsValue::from)
}
