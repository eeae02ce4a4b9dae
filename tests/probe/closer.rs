//! Closer looks, with stand-ins for what cannot be had on loopback: ICE shows no addresses there.

use connector_check::environment::Agent;
use connector_check::scan::{CloserLimits, Doubt, Hanging, look_closer};
use futures_util::future::select;
use js_sys::Array;

use super::*;

const LIMITS: CloserLimits = CloserLimits {
    deep: Duration::from_millis(1500),
    ice: Duration::from_millis(300),
    websocket: Duration::from_secs(1),
    timing: Duration::from_millis(500),
    total: Duration::from_secs(3),
    webrtc: true,
};

/// Behaves as Chromium's does (measured, `tests/browser/closer.rs`), and tells on `globalThis.made` what was made of
/// it. The fate of an address is in its port.
const PEER_CONNECTION: &str = "
    globalThis.made = [];
    return class extends EventTarget {
        iceGatheringState = 'new';
        constructor(configuration) {
            super();
            this.configuration = configuration;
            made.push(this);
        }
        createDataChannel(label) { this.label = label }
        async setLocalDescription() {
            const tell = (url, address) =>
                this.dispatchEvent(Object.assign(new Event('icecandidateerror'), { url, address }));
            let silent = false;
            await null;
            setTimeout(() => {
                for (const url of this.configuration.iceServers[0].urls) {
                    const port = Number(url.match(/:(\\d+)\\?/)[1]);
                    // From a network that does not lead there, to begin with.
                    if (port !== 9090 && port !== 9350) tell(url, null);
                    if (port === 443) tell(url, '203.0.113.x');
                    if (port === 9443 && url.startsWith('turn:')) tell(url, '203.0.113.x');
                    silent ||= port === 9090;
                }
                if (silent) return;
                this.iceGatheringState = 'complete';
                this.dispatchEvent(new Event('icegatheringstatechange'));
            }, 20);
        }
        close() { this.closed = true }
    };";

fn doubt(id: &str, url: &str, outcome: Outcome) -> Doubt {
    Doubt { id: id.into(), endpoint: endpoint(url), outcome, canary: false, waits: false }
}

async fn surroundings(family: Family) -> Surroundings {
    let surroundings = Surroundings::detect().await;
    let agent = Agent { family, ..surroundings.agent };
    Surroundings { agent, ..surroundings }
}

/// What these probes told, out of [`look`]; requests are timed beside them.
fn of(probes: &[Probe], told: Vec<String>) -> Vec<String> {
    let names: Vec<_> = probes.iter().map(|probe| format!("{probe:?}")).collect();
    told.into_iter()
        .filter(|line| line.split(' ').nth(1).is_some_and(|it| names.iter().any(|name| name == it)))
        .collect()
}

const ICE: &[Probe] = &[Probe::Turn, Probe::Turns];

/// What was told, as text: check, probe, outcome and detail.
async fn look(
    family: Family,
    doubts: Vec<Doubt>,
    healthy: &[(&str, &str)],
    limits: CloserLimits,
) -> Vec<String> {
    let told = RefCell::new(Vec::new());
    let healthy = healthy.iter().map(|&(id, url)| (id.into(), endpoint(url))).collect();
    look_closer(
        doubts,
        healthy,
        Hanging::default(),
        &surroundings(family).await,
        limits,
        StopSignal::new(),
        |event| {
            let ScanEvent::Looked(id, seen) = event else { panic!("{event:?}") };
            told.borrow_mut().push(format!("{id} {:?} {:?} {}", seen.probe, seen.outcome, seen.detail));
        },
    )
    .await;
    let mut told = told.into_inner();
    told.sort_unstable();
    told
}

/// The connections that the stand-in made.
fn made() -> Vec<JsValue> {
    Array::from(&Reflect::get(&js_sys::global(), &"made".into()).unwrap()).to_vec()
}

fn is_closed(connection: &JsValue) -> bool {
    Reflect::get(connection, &"closed".into()).unwrap().is_truthy()
}

#[wasm_bindgen_test]
async fn ice_tells_how_far_each_connection_got() {
    let fake = Function::new_no_args(PEER_CONNECTION).call0(&JsValue::UNDEFINED).unwrap();
    let doubts = vec![
        doubt("untrusted", "https://one.invalid:9443/", Outcome::Failed),
        doubt("amqp", "https://one.invalid/", Outcome::Failed),
        doubt("refused", "https://one.invalid:9091/", Outcome::Failed),
        doubt("plain", "http://two.invalid:9443/", Outcome::Failed),
        doubt("untold", "https://two.invalid:9350/", Outcome::Failed),
        doubt("private", "https://10.0.0.1/", Outcome::Failed),
        doubt("dropped", "wss://three.invalid:9090/", Outcome::Failed),
    ];
    let healthy = [("good", "https://two.invalid/"), ("other", "https://four.invalid/")];
    let told =
        with_global("RTCPeerConnection", &fake, look(Family::Chromium, doubts, &healthy, LIMITS)).await;
    let expected = [
        "amqp Turn Answered ",
        "amqp Turns Answered ",
        "dropped Turn TimedOut ",
        "dropped Turns TimedOut ",
        "good Turn Answered ",
        "good Turns Answered ",
        "plain Turn Answered ",
        "refused Turn Failed ",
        "refused Turns Failed ",
        "untrusted Turn Answered ",
        "untrusted Turns Failed ",
    ];
    assert_eq!(of(ICE, told), expected);
    let made = made();
    assert_eq!(made.len(), 6, "two for each of three hosts");
    assert!(made.iter().all(is_closed));
}

#[wasm_bindgen_test]
async fn without_webrtc_nothing_is_told_of_it() {
    let doubts = || vec![doubt("a", "https://one.invalid/", Outcome::Failed)];
    for broken in [
        JsValue::UNDEFINED,
        Function::new_no_args("throw new DOMException('switched off')").into(),
        Function::new_no_args("return class extends EventTarget {}").call0(&JsValue::UNDEFINED).unwrap(),
        Function::new_no_args("return class {}").call0(&JsValue::UNDEFINED).unwrap(),
    ] {
        let told = look(Family::Chromium, doubts(), &[], LIMITS);
        assert_eq!(of(ICE, with_global("RTCPeerConnection", &broken, told).await), [""; 0]);
    }
    let fake = Function::new_no_args(PEER_CONNECTION).call0(&JsValue::UNDEFINED).unwrap();
    let off = CloserLimits { webrtc: false, ..LIMITS };
    for (family, limits) in [(Family::Chromium, off), (Family::WebKit, LIMITS), (Family::Other, LIMITS)] {
        let told = look(family, doubts(), &[], limits);
        assert_eq!(of(ICE, with_global("RTCPeerConnection", &fake, told).await), [""; 0]);
        assert!(made().is_empty(), "{family:?}");
    }
}

/// A run over these ports of this machine that ends after 800 ms, and its doubts.
async fn hanging(ports: &[u16], stop: &StopSignal) -> (Vec<Doubt>, Hanging) {
    let short = Deadlines { probe: Duration::from_millis(800), ..QUICK };
    let addresses: Vec<_> = ports.iter().map(|&port| local("service", port)).collect();
    let doubts = RefCell::new(Vec::new());
    let hanging = scan(plan(&addresses), Surroundings::detect().await, short, stop.clone(), |event| {
        if let ScanEvent::Observed(id, seen) = event
            && seen.outcome == Outcome::TimedOut
        {
            let at: usize = id.0.parse().unwrap();
            doubts.borrow_mut().push(doubt(&id.0, &addresses[at].1, Outcome::TimedOut));
        }
    });
    let hanging = hanging.await;
    (doubts.into_inner(), hanging)
}

/// Not asked again: Chromium would hand the connection of the first request to the second, and that would be too
/// late to tell when the browser gives up.
#[wasm_bindgen_test]
async fn what_hangs_is_given_more_time_from_its_own_beginning() {
    let requests = Rc::new(Cell::new(0));
    let (real, counter) = (Reflect::get(&js_sys::global(), &"fetch".into()).unwrap(), Rc::clone(&requests));
    let counting = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |request: JsValue| {
        counter.set(counter.get() + 1);
        Function::from(real.clone()).call1(&JsValue::UNDEFINED, &request).unwrap()
    });
    let told = RefCell::new(Vec::new());
    let surroundings = Surroundings::detect().await;
    let tell = |event| {
        let ScanEvent::Looked(id, seen) = event else { panic!("{event:?}") };
        told.borrow_mut().push((id.0, seen.probe, seen.outcome, seen.ms.unwrap()));
    };
    with_global("fetch", counting.as_ref(), async {
        let stop = StopSignal::new();
        let ports = [port::SILENT, port::ANSWER_AFTER_1500_MS, port::ANSWER, port::SILENT];
        let (mut doubts, hanging) = hanging(&ports, &stop).await;
        assert_eq!(doubts.len(), 3);
        assert_eq!(doubts.pop().unwrap().id, "3".into(), "and of this one nobody wants to know");
        let limits = CloserLimits { deep: Duration::from_millis(2500), ..LIMITS };
        look_closer(doubts, Vec::new(), hanging, &surroundings, limits, stop, tell).await;
    })
    .await;
    let looks = told.take();
    let [slow, silent] = &looks[..] else { panic!("{looks:?}") };
    assert_eq!((slow.0.as_str(), slow.1, slow.2), ("1", Probe::Deep, Outcome::Answered));
    assert!(slow.3 >= 1490.0, "{slow:?}");
    assert_eq!((silent.0.as_str(), silent.1, silent.2), ("0", Probe::Deep, Outcome::TimedOut));
    assert!(silent.3 >= 2490.0, "{silent:?}");
    assert_eq!(requests.get(), 4);

    // From its own beginning, not from when it was looked at: there are three seconds between the two.
    let stop = StopSignal::new();
    let (doubts, hanging) = hanging(&[port::SILENT], &stop).await;
    sleep(Duration::from_millis(2200)).await;
    let limits = CloserLimits { deep: Duration::from_secs(4), total: Duration::from_secs(9), ..LIMITS };
    look_closer(doubts, Vec::new(), hanging, &surroundings, limits, stop, tell).await;
    let looks = told.take();
    let [silent] = &looks[..] else { panic!("{looks:?}") };
    assert!((3990.0..6500.0).contains(&silent.3), "{silent:?}");
}

/// A failure that came while the page stood still used to be waited for although it was over, and the page with it.
#[wasm_bindgen_test]
async fn what_ended_while_the_page_stood_still_is_not_waited_for() {
    let fake = "return new Promise((_, fail) => setTimeout(fail, 100, new TypeError('over')))";
    let fake = Function::new_no_args(fake);
    let addresses = [local("service", port::ANSWER)];
    let (doubts, stop) = (RefCell::new(Vec::new()), StopSignal::new());
    let hanging = with_global("fetch", &fake, async {
        let freeze = Timeout::new(50, || {
            let end = js_sys::Date::now() + 2_900.0;
            while js_sys::Date::now() < end {}
        });
        let surroundings = Surroundings::detect().await;
        let hanging = scan(plan(&addresses), surroundings, QUICK, stop.clone(), |event| {
            if let ScanEvent::Observed(id, seen) = event {
                assert_eq!((seen.outcome, seen.detail.as_str()), (Outcome::TimedOut, CLOCK_GAP));
                doubts.borrow_mut().push(doubt(&id.0, &addresses[0].1, Outcome::TimedOut));
            }
        });
        let hanging = hanging.await;
        drop(freeze);
        hanging
    });
    let hanging = hanging.await;
    let doubts = doubts.take();
    assert_eq!(doubts.len(), 1);
    let surroundings = Surroundings::detect().await;
    look_closer(doubts, Vec::new(), hanging, &surroundings, LIMITS, stop, |event| {
        let ScanEvent::Looked(_, seen) = event else { panic!("{event:?}") };
        assert_ne!(seen.probe, Probe::Deep);
    })
    .await;
}

#[wasm_bindgen_test]
async fn firefox_is_asked_for_close_codes_of_what_failed() {
    let at = |port| format!("https://127.0.0.1:{port}/");
    let doubts = vec![
        doubt("untrusted", &at(port::UNTRUSTED_TLS), Outcome::Failed),
        doubt("refused", &at(port::REFUSE), Outcome::Failed),
        doubt("plain", "http://127.0.0.1:18006/", Outcome::Failed),
    ];
    let told = look(Family::Firefox, doubts, &[], LIMITS).await;
    let code = match Surroundings::detect().await.agent.family {
        Family::Firefox => "1015",
        Family::Chromium | Family::WebKit | Family::Other => "1006",
    };
    let untrusted = format!("untrusted WebSocket Failed {code}");
    // Plain HTTP is asked, too, as it may end in TLS; whether the page may ask there is not the matter here.
    let (plain, rest): (Vec<_>, Vec<_>) =
        of(&[Probe::WebSocket], told).into_iter().partition(|line| line.starts_with("plain "));
    assert_eq!(plain.len(), 1, "{plain:?}");
    assert_eq!(rest, ["refused WebSocket Failed 1006", untrusted.as_str()]);
}

#[wasm_bindgen_test]
async fn websockets_are_opened_one_at_a_time_to_each_host() {
    let fake = Function::new_no_args(
        "globalThis.most = {}; globalThis.open = {};
         return class extends EventTarget {
             constructor(url) {
                 super();
                 this.host = new URL(url).hostname;
                 open[this.host] = (open[this.host] || 0) + 1;
                 most[this.host] = Math.max(most[this.host] || 0, open[this.host]);
                 setTimeout(() => this.dispatchEvent(new CloseEvent('close', { code: 1015 })), 30);
             }
             close() { open[this.host] -= 1 }
         }",
    );
    let fake = fake.call0(&JsValue::UNDEFINED).unwrap();
    let mut doubts = Vec::new();
    for n in 0..4 {
        for host in ["one", "two"] {
            let url = format!("https://{host}.invalid:{}/", 9090 + n);
            doubts.push(doubt(&format!("{host}-{n}"), &url, Outcome::Failed));
        }
    }
    doubts.push(doubt("same", "https://one.invalid:9090/other", Outcome::Failed));
    let told = with_global("WebSocket", &fake, look(Family::Firefox, doubts, &[], LIMITS)).await;
    let told = of(&[Probe::WebSocket], told);
    assert_eq!(told.len(), 9, "{told:?}");
    assert!(told.iter().all(|told| told.ends_with("WebSocket Failed 1015")), "{told:?}");
    for (object, expected) in [("most", 1.0), ("open", 0.0)] {
        let counts = Reflect::get(&js_sys::global(), &object.into()).unwrap();
        for host in ["one.invalid", "two.invalid"] {
            let count = Reflect::get(&counts, &host.into()).unwrap().as_f64();
            assert_eq!(count, Some(expected), "{object} {host}");
        }
    }
}

/// Until a connection was made beyond so many. Names that do not exist come first, and how long a browser takes for
/// these is its system's.
async fn connected(before: usize) {
    for _ in 0..80 {
        if made().len() > before {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("no connection was made");
}

#[wasm_bindgen_test]
async fn stopping_and_dropping_close_everything_at_once() {
    let fake = Function::new_no_args(PEER_CONNECTION).call0(&JsValue::UNDEFINED).unwrap();
    let doubts = async |stop: &StopSignal| {
        let (mut doubts, hanging) = hanging(&[port::SILENT], stop).await;
        doubts.push(doubt("dropped", "https://one.invalid:9090/", Outcome::Failed));
        (doubts, hanging)
    };
    let surroundings = surroundings(Family::Chromium).await;
    // None of the limits ends it: they count from the beginning of what hangs, and that is long ago on a busy machine.
    let long = Duration::from_mins(1);
    let patient = CloserLimits { ice: long, deep: long, total: long, ..LIMITS };
    with_global("RTCPeerConnection", &fake, async {
        for stopped in [true, false] {
            let stop = StopSignal::new();
            let (doubts, hanging) = doubts(&stop).await;
            // Over HTTP there is nothing to be reached, which is soon told.
            let known = |event| match event {
                ScanEvent::Looked(_, seen) if seen.probe == Probe::Timed => {}
                event => panic!("{event:?}"),
            };
            let looks = look_closer(doubts, Vec::new(), hanging, &surroundings, patient, stop.clone(), known);
            let (start, before) = (js_sys::Date::now(), made().len());
            if stopped {
                let giving = async {
                    connected(before).await;
                    assert!(!made().iter().any(is_closed));
                    stop.stop();
                };
                join(looks, giving).await;
            } else {
                select(std::pin::pin!(looks), std::pin::pin!(connected(before))).await;
            }
            let ms = js_sys::Date::now() - start;
            assert!(ms < 5_000.0, "{ms} ms");
            sleep(Duration::from_millis(50)).await;
            assert!(made().iter().all(is_closed));
        }
        let stop = StopSignal::new();
        let (doubts, hanging) = doubts(&stop).await;
        stop.stop();
        let before = made().len();
        let panic = |event| panic!("{event:?}");
        look_closer(doubts, Vec::new(), hanging, &surroundings, patient, stop, panic).await;
        assert_eq!(made().len(), before, "nothing begins after the signal");
    })
    .await;
}
