//! The page reads a capture, and the same one ten times over as one file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connector_check_range::{Site, SiteFile};
use fantoccini::elements::{Element, ElementRef};
use serde_json::Value;

use crate::lab::{self, Browser, Kind, Lab, Proxy};
use crate::memory;

/// How many times as fast as tshark the page is to be.
const FASTER: f64 = 10.0;

/// What a capture may take, of whatever size.
const MEMORY: f64 = 128.0 * MEBIBYTE;

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// How often the page is asked, and its memory looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How often the long file has the capture's packets.
const TIMES: u32 = 10;

/// Notes when a reader is begun, what it says at the end, and when its connections are shown. Nothing is asked of the page
/// meanwhile, and nothing is taken apart here: both would be measured as well.
const WATCH: &str = "
    const Original = Worker;
    window.Worker = class extends Original {
        constructor(...given) {
            super(...given);
            window.read = { begun: performance.now() };
            this.addEventListener('message', ({ data }) => {
                if (data.result === undefined && data.error === undefined) return;
                const packets = /\"totals\":\\{\"packets\":(\\d+)/.exec(data.result);
                Object.assign(window.read, { memory: data.memory, error: data.error, packets: packets && Number(packets[1]) });
            });
        }
    };
    const panel = document.querySelector('connector-check').shadowRoot;
    new MutationObserver(() => {
        const there = panel.querySelector('.connections .connection, .capture-failed');
        if (there && window.read?.memory) window.read.shown ??= performance.now();
    }).observe(panel, { childList: true, subtree: true });
    window.field = () => panel.querySelector('[type=file]');";

/// Ends where connections are shown.
const SHOWN: &str = "return window.read?.shown || window.read?.error ? window.read : null";

/// Measures in both browsers.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (Some(file), Some(tshark)) =
        (arguments.next(), arguments.next().and_then(|text| text.parse::<f64>().ok()))
    else {
        eprintln!("usage: capture FILE SECONDS_OF_TSHARK; `cargo xtask bench capture` makes both");
        return ExitCode::FAILURE;
    };
    let within = Arc::new(AtomicBool::new(true));
    println!(
        "{:<10} {:>8} {:>8} {:>8} {:>14} {:>12} {:>14}",
        "browser", "MB", "seconds", "MB/s", "times tshark", "reader, MiB", "browser, MiB"
    );
    for (kind, name) in [(Kind::Chromium, "chromium"), (Kind::Firefox, "firefox")] {
        let (file, within) = (PathBuf::from(&file), Arc::clone(&within));
        lab::run(&format!("bench::capture::{name}"), async move |lab| {
            if !measure(lab, kind, &file, tshark).await {
                within.store(false, Ordering::Relaxed);
            }
        });
    }
    println!(
        "limits: at least {FASTER} times as fast as tshark; the reader below {:.0} MiB",
        MEMORY / MEBIBYTE
    );
    if within.load(Ordering::Relaxed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether everything was within its limits.
async fn measure(mut lab: Lab, kind: Kind, file: &Path, tshark: f64) -> bool {
    lab.net.up().await;
    let dist = std::env::var_os("CONNECTOR_CHECK_DIST").expect("`cargo xtask bench capture` sets it");
    let site = Site::start(0, &Path::new(&dist).join("site"), &SiteFile::new(None, Vec::new(), [].into()));
    let site = site.unwrap_or_else(|error| panic!("{error}"));
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    // Without a run of the page, which would have the processor at the same time.
    browser.goto(&format!("{}?autorun=0", site.url())).await;
    until(&browser, "return document.querySelector('connector-check')?.shadowRoot?.querySelector('[type=file]') ? 1 : null", false).await;
    browser.js(WATCH).await;
    let megabytes = mebibytes(std::fs::metadata(file).expect("the capture is there").len()) * MEBIBYTE / 1e6;
    let before = memory::of_descendants();
    let field = browser.js("return window.field()").await;
    let id = field.as_object().and_then(|field| field.values().next()?.as_str());
    let id = ElementRef::from(id.expect("the page has a field for files").to_owned());
    let field = Element::from_element_id(browser.client().clone(), id);
    // A field whose file was taken by the page may be empty again, so the script keeps it for later.
    browser
        .js("const root = document.querySelector('connector-check').shadowRoot;
             root.addEventListener('change', ({ target }) => { window.file = target.files[0]; }, true)")
        .await;
    field.send_keys(&file.display().to_string()).await.expect("a file can be chosen");
    let once = until(&browser, SHOWN, false).await;
    let mut good = tell(kind, megabytes, &once, None, Some(tshark));
    // The same for its memory: to look at that takes time from the browser.
    give(&browser, 1).await;
    let again = until(&browser, SHOWN, true).await;
    good &= tell(kind, megabytes, &again, Some(before), None);
    give(&browser, TIMES).await;
    let often = until(&browser, SHOWN, true).await;
    good &= tell(kind, megabytes * f64::from(TIMES), &often, Some(before), None);
    let packets = |told: &Told| told.value["packets"].as_u64().unwrap_or(0);
    assert_eq!(packets(&again), packets(&once), "every packet is read");
    assert_eq!(packets(&often), packets(&once) * u64::from(TIMES), "every packet is read");
    good
}

/// Gives the page the capture again, with its packets so many times.
async fn give(browser: &Browser, times: u32) {
    browser
        .js(&format!(
            "window.read = undefined;
             const packets = window.file.slice(24);
             const long = new File([window.file, ...Array({times} - 1).fill(packets)], 'long.pcap');
             const transfer = new DataTransfer();
             transfer.items.add(long);
             const field = window.field();
             field.files = transfer.files;
             field.dispatchEvent(new Event('change', {{ bubbles: true, composed: true }}));"
        ))
        .await;
}

/// What the page says at the end, and the most memory that all processes of the browser had, where that was looked at.
struct Told {
    value: Value,
    peak: u64,
}

/// Asks until the answer is not `null`, and looks at the browser's memory meanwhile if asked to.
async fn until(browser: &Browser, script: &str, looks: bool) -> Told {
    let begun = Instant::now();
    let mut peak = 0;
    loop {
        if looks {
            peak = peak.max(memory::of_descendants());
        }
        let value = browser.js(script).await;
        if !value.is_null() {
            assert!(value["error"].is_null(), "{}", value["error"]);
            return Told { value, peak };
        }
        assert!(begun.elapsed() < Duration::from_secs(140), "the page does not come to an end");
        tokio::time::sleep(LOOK).await;
    }
}

/// To a thousandth, and for up to four thousand gigabytes.
fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

/// Prints a line; whether it is within the limits.
fn tell(kind: Kind, megabytes: f64, told: &Told, before: Option<u64>, tshark: Option<f64>) -> bool {
    let number = |field: &str| told.value[field].as_f64().unwrap_or(f64::NAN);
    let seconds = (number("shown") - number("begun")) / 1000.0;
    let times = tshark.map(|tshark| tshark / seconds);
    let grown = before.map(|before| mebibytes(told.peak.saturating_sub(before)));
    let or_nothing =
        |number: Option<f64>, digits| number.map_or_else(|| "-".to_owned(), |n| format!("{n:.digits$}"));
    println!(
        "{:<10} {megabytes:>8.0} {seconds:>8.1} {:>8.0} {:>14} {:>12.1} {:>14}",
        format!("{kind:?}"),
        megabytes / seconds,
        or_nothing(times, 1),
        number("memory") / MEBIBYTE,
        or_nothing(grown, 0),
    );
    number("memory") < MEMORY && times.is_none_or(|times| times >= FASTER)
}
