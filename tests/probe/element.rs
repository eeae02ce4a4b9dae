//! What an element leaves behind in the program's memory, to the byte.

use std::panic::{set_hook, take_hook};
use std::time::Duration;

use connector_check::element;
use gloo_timers::future::sleep;
use js_sys::{Function, JSON, Promise, Reflect};
use peak_alloc::PeakAlloc;
use serde_json::json;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use super::{local, port};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// More than this for each element would be a leak: one that is kept takes 680 KB (measured). A little is handed back
/// later, when the browser collects its garbage, and buffers that all share become larger now and then.
const BYTES: usize = 1024;

/// Puts elements into the page, one after the other, lets each make a run, and removes it again.
async fn come_and_go(times: usize) {
    let (_, url) = local("service", port::ANSWER);
    let check = json!({
        "id": "one", "group": "service", "title": "One", "url": url, "need": "required", "expect": "answer",
        "purpose": "Test", "allow": "127.0.0.1",
    });
    let catalogue = json!({
        "format": "connector-check/catalogue@1", "id": "one", "title": "One", "updated": "2026-11-20",
        "sources": [], "regions": [], "checks": [check],
    });
    let catalogue = JSON::parse(&catalogue.to_string()).unwrap();
    let document = web_sys::window().unwrap().document().unwrap();
    for at in 0..times {
        let one = document.create_element("connector-check").unwrap();
        Reflect::set(&one, &"catalogue".into(), &catalogue).unwrap();
        document.document_element().unwrap().append_child(&one).unwrap();
        let run: Function = Reflect::get(&one, &"run".into()).unwrap().unchecked_into();
        let report: Promise = run.call0(&one).unwrap().unchecked_into();
        let report = JsFuture::from(report).await.unwrap();
        let results = JSON::stringify(&report).unwrap().as_string().unwrap();
        assert!(results.contains("\"reachable\""), "{results}");
        let drawn = || one.shadow_root().unwrap().query_selector(".cell").unwrap().is_some();
        for _ in 0..500 {
            if drawn() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert!(drawn(), "number {at}");
        one.remove();
    }
    // Whatever was under way ends.
    sleep(Duration::from_secs(2)).await;
}

#[wasm_bindgen_test]
async fn elements_that_are_gone_leave_no_memory_behind() {
    // Since then hooks can no longer be set.
    assert!(!std::thread::panicking(), "an earlier test has failed; this one can only be made without it");
    // The element's own hook would keep a test's complaint for itself.
    let hook = take_hook();
    element::register();
    set_hook(hook);
    come_and_go(10).await;
    let before = HEAP.current_usage();
    come_and_go(40).await;
    let after = HEAP.current_usage();
    console_log!("{before} bytes after 10 elements, {after} after 50");
    assert!(after < before + 40 * BYTES, "{before} bytes after 10 elements, {after} after 50");
}
