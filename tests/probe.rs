//! What a probe sees in a real browser, over the practice range's layout `probe-test`.
//!
//! Every behaviour of a browser that the probes rely on stands here, so that a change is noticed.
#![cfg(target_arch = "wasm32")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use connector_check::environment::{AddressSpace, Family, Surroundings};
use connector_check::probe::probe;
use connector_check::scan::{Deadlines, ScanEvent, StopSignal, scan};
use connector_check_diagnosis::catalogue::{Catalogue, CheckId, Expect};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::evidence::PageKind;
use connector_check_diagnosis::observation::{BrowserLimit, CLOCK_GAP, Observation, Outcome, Probe};
use connector_check_diagnosis::plan::{Fill, Plan};
use futures_util::future::{Either, join, select};
use gloo_timers::callback::Timeout;
use gloo_timers::future::sleep;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[path = "probe/closer.rs"]
mod closer;
#[path = "probe/element.rs"]
mod element;

wasm_bindgen_test_configure!(run_in_browser);

/// The ports of `crates/range/layouts/probe-test.toml`; a hundred more is the same over TLS, with a
/// certificate that the browser does not trust.
mod port {
    pub const ANSWER: u16 = 18001;
    pub const ANSWER_AFTER_1500_MS: u16 = 18002;
    pub const STATUS_503: u16 = 18003;
    pub const REFUSE: u16 = 18004;
    pub const SILENT: u16 = 18005;
    pub const CLOSE_AFTER_ACCEPT: u16 = 18006;
    pub const NOT_HTTP: u16 = 18008;
    pub const DROP: u16 = 18009;
    pub const UNTRUSTED_TLS: u16 = 18101;
}

/// Long enough for everything on this machine that answers at all, Firefox' retries included.
const AMPLE: Duration = Duration::from_secs(5);
/// For what never answers.
const SHORT: Duration = Duration::from_millis(600);
/// How late a deadline may be kept: machines that are shared stand still for a second now and then. What would not keep
/// it at all is later by far.
const TOLERANCE_MS: f64 = 2_000.0;

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url).unwrap()
}

async fn ask(url: &str, deadline: Duration) -> Observation {
    probe(&endpoint(url), &Surroundings::detect().await, deadline).await
}

async fn ask_port(port: u16, deadline: Duration) -> Observation {
    ask(&format!("http://127.0.0.1:{port}/"), deadline).await
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[track_caller]
fn assert_kept(observation: &Observation, deadline: Duration) {
    let ms = observation.ms.unwrap();
    assert_eq!(observation.outcome, Outcome::TimedOut, "{observation:?}");
    assert_eq!(observation.detail, "");
    assert!((millis(deadline) - 1.0..millis(deadline) + TOLERANCE_MS).contains(&ms), "{ms} ms");
}

#[wasm_bindgen_test]
async fn the_surroundings_are_those_of_the_test() {
    let surroundings = Surroundings::detect().await;
    assert_eq!(surroundings.page, PageKind::Http);
    assert_eq!(surroundings.page_space, AddressSpace::Loopback);
    assert!(!surroundings.embedded);
    assert!(matches!(surroundings.agent.family, Family::Chromium | Family::Firefox), "{surroundings:?}");
    let (name, version) = surroundings.agent.browser.split_once(' ').unwrap();
    assert!(["Chromium", "Chrome", "Edge", "Firefox"].contains(&name), "{name}");
    assert!(version.parse::<u16>().unwrap() > 100, "{version}");
    assert!(!surroundings.agent.os.is_empty());
}

#[wasm_bindgen_test]
async fn any_http_status_is_an_answer_and_its_opaque_head_is_enough() {
    for port in [port::ANSWER, port::STATUS_503] {
        let observation = ask_port(port, AMPLE).await;
        assert_eq!((observation.probe, observation.outcome), (Probe::Fetch, Outcome::Answered), "{port}");
        assert_eq!(observation.detail, "");
    }
}

#[wasm_bindgen_test]
async fn a_slow_answer_is_measured() {
    let observation = ask_port(port::ANSWER_AFTER_1500_MS, AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Answered);
    let ms = observation.ms.unwrap();
    assert!((1490.0..3000.0).contains(&ms), "{ms} ms");
}

#[wasm_bindgen_test]
async fn a_refusal_and_a_closed_connection_fail_with_the_browsers_words() {
    for port in [port::REFUSE, port::CLOSE_AFTER_ACCEPT] {
        let observation = ask_port(port, AMPLE).await;
        assert_eq!(observation.outcome, Outcome::Failed, "{port}");
        assert!(observation.detail.starts_with("TypeError: "), "{observation:?}");
    }
}

#[wasm_bindgen_test]
async fn silence_ends_with_the_deadline() {
    for port in [port::SILENT, port::DROP] {
        assert_kept(&ask_port(port, SHORT).await, SHORT);
    }
}

#[wasm_bindgen_test]
async fn an_untrusted_certificate_fails() {
    let observation = ask(&format!("https://127.0.0.1:{}/", port::UNTRUSTED_TLS), AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Failed, "{observation:?}");
}

/// Firefox takes any text for an answer of HTTP/0.9, so that there an answer may be no HTTP.
#[wasm_bindgen_test]
async fn what_is_not_http_fails_in_chromium_and_answers_in_firefox() {
    let observation = ask_port(port::NOT_HTTP, AMPLE).await;
    let expected = match Surroundings::detect().await.agent.family {
        Family::Firefox => Outcome::Answered,
        Family::Chromium | Family::WebKit | Family::Other => Outcome::Failed,
    };
    assert_eq!(observation.outcome, expected, "{observation:?}");
}

#[wasm_bindgen_test]
async fn a_websocket_tells_its_close_code() {
    let observation = ask(&format!("wss://127.0.0.1:{}/", port::UNTRUSTED_TLS), AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Failed);
    let code = match Surroundings::detect().await.agent.family {
        Family::Firefox => "1015",
        Family::Chromium | Family::WebKit | Family::Other => "1006",
    };
    assert_eq!((observation.probe, observation.detail.as_str()), (Probe::WebSocket, code));
    assert_kept(&ask(&format!("wss://127.0.0.1:{}/", port::SILENT), SHORT).await, SHORT);
}

#[wasm_bindgen_test]
async fn a_restricted_port_is_known_without_traffic() {
    let observation = ask("http://127.0.0.1:10080/", AMPLE).await;
    assert_eq!(observation, Observation::prevented(BrowserLimit::RestrictedPort));
}

/// The policy stays for the rest of the page's life, so it allows all that other tests ask.
#[wasm_bindgen_test]
async fn a_page_policy_is_told_from_the_network() {
    let document = web_sys::window().unwrap().document().unwrap();
    let meta = document.create_element("meta").unwrap();
    meta.set_attribute("http-equiv", "Content-Security-Policy").unwrap();
    let allowed = "connect-src http://127.0.0.1:* https://127.0.0.1:* wss://127.0.0.1:*";
    meta.set_attribute("content", allowed).unwrap();
    document.head().unwrap().append_child(&meta).unwrap();

    let observation = ask(&format!("http://127.0.0.3:{}/", port::ANSWER), AMPLE).await;
    assert_eq!(observation.limit(), Some(BrowserLimit::PagePolicy), "{observation:?}");
    let observation = ask(&format!("wss://127.0.0.3:{}/", port::UNTRUSTED_TLS), SHORT).await;
    assert_eq!(observation.limit(), Some(BrowserLimit::PagePolicy), "{observation:?}");
    let neighbour = ask_port(port::REFUSE, AMPLE).await;
    assert_eq!(neighbour.outcome, Outcome::Failed, "only what was blocked is");
}

/// The test server isolates its page unless told otherwise, and then a healthy endpoint fails here.
#[wasm_bindgen_test]
async fn under_isolation_a_failure_is_the_pages_policy_and_not_the_networks() {
    let surroundings = Surroundings::detect().await;
    assert!(!surroundings.isolated, "run with WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1");
    let isolated = Surroundings { isolated: true, ..surroundings };
    let endpoint = endpoint(&format!("http://127.0.0.1:{}/", port::REFUSE));
    let observation = probe(&endpoint, &isolated, AMPLE).await;
    assert_eq!(observation.limit(), Some(BrowserLimit::PagePolicy), "{observation:?}");
}

/// Puts `fake` in the place of one of the browser's interfaces while `work` runs.
async fn with_global<T>(name: &str, fake: &JsValue, work: impl Future<Output = T>) -> T {
    let global = js_sys::global();
    let real = Reflect::get(&global, &name.into()).unwrap();
    Reflect::set(&global, &name.into(), fake).unwrap();
    let value = work.await;
    Reflect::set(&global, &name.into(), &real).unwrap();
    value
}

#[wasm_bindgen_test]
async fn a_request_carries_nothing_about_the_user_and_is_aborted_at_the_deadline() {
    let caught = Rc::new(RefCell::new(None));
    let catcher = Rc::clone(&caught);
    let fake = Closure::<dyn FnMut(web_sys::Request) -> Promise>::new(move |request| {
        *catcher.borrow_mut() = Some(request);
        Promise::new(&mut |_, _| {})
    });
    with_global("fetch", fake.as_ref(), async {
        let observation = ask("https://host.example:9090/a?b=c", SHORT).await;
        assert_kept(&observation, SHORT);
    })
    .await;
    let request = caught.borrow_mut().take().unwrap();
    assert_eq!(request.url(), "https://host.example:9090/a?b=c");
    let said = |name: &str| Reflect::get(&request, &name.into()).unwrap().as_string().unwrap();
    for (name, value) in [
        ("method", "HEAD"),
        ("mode", "no-cors"),
        ("cache", "no-store"),
        ("credentials", "omit"),
        ("referrerPolicy", "no-referrer"),
        ("redirect", "follow"),
    ] {
        assert_eq!(said(name), value, "{name}");
    }
    assert_eq!(request.headers().entries().into_iter().count(), 0);
    assert!(request.signal().aborted());
}

#[wasm_bindgen_test]
async fn whatever_an_add_on_made_of_fetch_is_a_failure_and_no_panic() {
    for (body, said) in [
        ("return Promise.reject('blocked by me')", "blocked by me"),
        ("return Promise.reject()", "without a text"),
        ("return Promise.reject({toString() { throw 1 }})", "without a text"),
        ("throw new RangeError('no')", "RangeError: no"),
    ] {
        let fake = Function::new_no_args(body);
        let observation = with_global("fetch", &fake, ask("http://127.0.0.1:18001/", AMPLE)).await;
        assert_eq!(observation.outcome, Outcome::Failed, "{body}");
        assert!(observation.detail.contains(said), "{observation:?}");
    }
    let observation = with_global("fetch", &JsValue::UNDEFINED, ask("http://127.0.0.1:18001/", AMPLE)).await;
    assert_eq!(observation.outcome, Outcome::Failed);
}

#[wasm_bindgen_test]
async fn a_frozen_page_does_not_blame_the_network() {
    // What takes its own time comes before: the page is to stand still while it waits for the answer.
    let surroundings = Surroundings::detect().await;
    let silent = endpoint(&format!("http://127.0.0.1:{}/", port::SILENT));
    let freeze = Timeout::new(50, || {
        let end = js_sys::Date::now() + 2_900.0;
        while js_sys::Date::now() < end {}
    });
    let observation = probe(&silent, &surroundings, SHORT).await;
    drop(freeze);
    assert_eq!((observation.outcome, observation.detail.as_str()), (Outcome::TimedOut, CLOCK_GAP));
}

/// A run over these addresses; each id is the address' position.
fn plan(addresses: &[(&str, String)]) -> Plan {
    let checks: Vec<_> = addresses
        .iter()
        .enumerate()
        .map(|(n, (group, url))| {
            format!(
                r#"{{"id":"{n}","group":"{group}","title":"T","url":"{url}","need":"required",
                "expect":"answer","purpose":"p","allow":"127.0.0.1"}}"#
            )
        })
        .collect();
    let catalogue = format!(
        r#"{{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],
        "regions":[],"checks":[{}]}}"#,
        checks.join(",")
    );
    let mut plan = Plan::new(&Catalogue::parse(&catalogue).unwrap(), &Fill::new(), "n");
    plan.checks.retain(|planned| planned.canary.is_none());
    plan
}

fn local(group: &'static str, port: u16) -> (&'static str, String) {
    (group, format!("http://127.0.0.1:{port}/"))
}

const QUICK: Deadlines = Deadlines {
    probe: Duration::from_millis(1500),
    total_slack: Duration::from_secs(1),
    head_start: Duration::from_millis(200),
    least: Duration::from_millis(400),
    repeat_pause: Duration::from_millis(200),
    otherwise: Duration::from_millis(500),
};

/// Runs a plan; returns what happened and how long it took, in milliseconds.
async fn run(plan: Plan, deadlines: Deadlines, stop: StopSignal) -> (Vec<ScanEvent>, f64) {
    let events = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&events);
    let surroundings = Surroundings::detect().await;
    let start = js_sys::Date::now();
    scan(plan, surroundings, deadlines, stop, move |event| sink.borrow_mut().push(event)).await;
    let ms = js_sys::Date::now() - start;
    (events.take(), ms)
}

/// Does it, and says for how many milliseconds the page stood still meanwhile, which it does now and then on a machine
/// that is shared.
async fn with_standstill<T>(work: impl Future<Output = T>) -> (T, f64) {
    const TICK: Duration = Duration::from_millis(20);
    let (still, ticked) = (Cell::new(0.0), Cell::new(js_sys::Date::now()));
    let late = || (js_sys::Date::now() - ticked.get() - millis(TICK)).max(0.0);
    let ticking = async {
        loop {
            sleep(TICK).await;
            still.set(still.get() + late());
            ticked.set(js_sys::Date::now());
        }
    };
    match select(pin!(work), pin!(ticking)).await {
        // With the tick that is under way.
        Either::Left((done, _)) => (done, still.get() + late()),
        Either::Right((never, _)) => never,
    }
}

fn outcomes(events: &[ScanEvent]) -> BTreeMap<&str, Vec<Outcome>> {
    let mut all = BTreeMap::<&str, Vec<Outcome>>::new();
    for event in events {
        if let ScanEvent::Observed(CheckId(id), observation) = event {
            all.entry(id).or_default().push(observation.outcome);
        }
    }
    all
}

#[wasm_bindgen_test]
async fn forty_dead_checks_end_in_time_and_each_ends_once() {
    let mut addresses = vec![local("control", port::DROP), local("login", port::SILENT)];
    addresses.extend((0..19).map(|_| local("service", port::DROP)));
    addresses.extend((0..19).map(|_| local("service", port::SILENT)));
    let ((events, ms), still) = with_standstill(run(plan(&addresses), QUICK, StopSignal::new())).await;
    assert!(ms < millis(QUICK.total()) + 100.0 + still, "{ms} ms, of which the page stood still for {still}");

    let ended: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ScanEvent::Observed(id, observation) => {
                assert_eq!(observation.outcome, Outcome::TimedOut);
                Some(id)
            }
            ScanEvent::NotStarted(id) => Some(id),
            ScanEvent::Started(_) => None,
            ScanEvent::Repeating(_) | ScanEvent::Looked(..) => panic!("nothing failed: {event:?}"),
        })
        .collect();
    assert_eq!(ended.len(), 40);
    assert_eq!(ended.iter().collect::<BTreeSet<_>>().len(), 40);
    let given_up = events.iter().filter(|event| matches!(event, ScanEvent::NotStarted(_))).count();
    assert!((1..40).contains(&given_up), "two waves of six fit, not seven: {given_up}");
}

#[wasm_bindgen_test]
async fn a_healthy_endpoint_answers_among_hanging_ones_and_stages_keep_their_order() {
    let mut addresses = vec![local("service", port::ANSWER)];
    addresses.extend((0..12).map(|_| local("service", port::DROP)));
    addresses.extend([local("service", port::STATUS_503), local("service", port::REFUSE)]);
    addresses.extend([local("login", port::ANSWER), local("control", port::ANSWER)]);
    addresses.push(local("service", 10080));
    let (events, _) = run(plan(&addresses), QUICK, StopSignal::new()).await;
    let outcomes = outcomes(&events);
    for (id, seen) in [
        ("0", vec![Outcome::Answered]),
        ("13", vec![Outcome::Answered]),
        ("14", vec![Outcome::Failed, Outcome::Failed]),
        ("15", vec![Outcome::Answered]),
        ("16", vec![Outcome::Answered]),
        ("17", vec![Outcome::Prevented]),
    ] {
        assert_eq!(outcomes.get(id), Some(&seen), "{id}");
    }
    let at = |wanted: &ScanEvent| events.iter().position(|event| event == wanted).unwrap();
    let started = |id: &str| at(&ScanEvent::Started(id.into()));
    assert!(started("16") < started("15") && started("15") < started("0"));
    assert!(
        !events.contains(&ScanEvent::Started("17".into())),
        "what the browser refuses by rule takes no connection"
    );
}

#[wasm_bindgen_test]
async fn what_fails_only_once_is_asked_again_and_answers() {
    // As when the machine's addresses change: what is under way fails, and what comes after is well.
    let fake = Function::new_no_args(
        "return globalThis.laterAnswers-- > 0 ? Promise.reject(new TypeError('changed')) : Promise.resolve(1)",
    );
    Reflect::set(&js_sys::global(), &"laterAnswers".into(), &2.into()).unwrap();
    let mut plan = plan(&[local("service", port::ANSWER), local("service", port::STATUS_503)]);
    plan.checks[1].check.expect = Expect::Refusal;
    let (events, ms) = with_global("fetch", &fake, run(plan, QUICK, StopSignal::new())).await;
    let told: Vec<_> = events
        .iter()
        .map(|event| match event {
            ScanEvent::Started(id) => format!("{id} started"),
            ScanEvent::Observed(id, seen) => format!("{id} {:?} {:?}", seen.probe, seen.outcome),
            ScanEvent::Repeating(id) => format!("{id} repeating"),
            ScanEvent::NotStarted(_) | ScanEvent::Looked(..) => panic!("{event:?}"),
        })
        .collect();
    let failures = [
        "0 started",
        "1 started",
        "0 Fetch Failed",
        "0 repeating",
        // It had to.
        "1 Fetch Failed",
        "0 Repeat Answered",
    ];
    assert_eq!(told, failures);
    assert!(ms >= millis(QUICK.repeat_pause), "{ms} ms");
}

#[wasm_bindgen_test]
async fn stopping_ends_the_run_at_once_and_says_nothing_more() {
    let addresses: Vec<_> = (0..12).map(|_| local("service", port::SILENT)).collect();
    let stop = StopSignal::new();
    let stopped_at = Cell::new(0.0);
    let stopping = join(run(plan(&addresses), QUICK, stop.clone()), async {
        sleep(Duration::from_millis(300)).await;
        stopped_at.set(js_sys::Date::now());
        stop.stop();
    });
    let (((events, _), ()), still) = with_standstill(stopping).await;
    let late = js_sys::Date::now() - stopped_at.get();
    assert!(late < 100.0 + still, "{late} ms, of which the page stood still for {still} at most");
    assert_eq!(events.len(), 6, "six started, none ended: {events:?}");
    let ((events, ms), still) = with_standstill(run(plan(&addresses), QUICK, stop)).await;
    assert!(events.is_empty() && ms < 100.0 + still, "a run that is stopped beforehand does nothing");
}
