//! Runs over ways with and without inspection, and a count of the right ones.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::lab::{self, Browser, Kind, Lab};
use crate::world::{Way, World, report};

/// Runs of each kind where the command line names no number.
const RUNS: usize = 10;

/// Runs in one browser: the first finds it new, the second with what it has kept. Then everything is made anew.
const RUNS_OF_A_BROWSER: usize = 2;

const WAYS: [Way; 4] = [Way::Clean, Way::Tunnelled, Way::Opened, Way::OpenedUnseen];

/// Milliseconds to the responder and back.
const ROUND_TRIPS: [u64; 2] = [1, 150];

/// What each run of a lab was found to be wrong with.
type Faults = Vec<Option<String>>;

/// Takes a number of runs, and words of which one must be part of a row's name.
pub fn main() -> ExitCode {
    let (mut runs, mut words) = (RUNS, Vec::new());
    for argument in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        match argument.parse() {
            Ok(number) => runs = number,
            Err(_) => words.push(argument),
        }
    }
    println!("{:<48} {:>10} {:>9}", "way, round trip, browser", "right", "seconds");
    let (mut right, mut all) = (0, 0);
    for way in WAYS {
        for (kind, round_trip) in
            [Kind::Chromium, Kind::Firefox].into_iter().flat_map(|kind| ROUND_TRIPS.map(|ms| (kind, ms)))
        {
            let name = format!("{way}, {round_trip} ms, {kind:?}");
            if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
                continue;
            }
            let begun = Instant::now();
            let faults = series(way, kind, round_trip, runs);
            let good = faults.iter().filter(|fault| fault.is_none()).count();
            println!(
                "{name:<48} {:>10} {:>9.0}",
                format!("{good} of {}", faults.len()),
                begun.elapsed().as_secs_f64()
            );
            for fault in faults.iter().flatten() {
                println!("  {fault}");
            }
            (right, all) = (right + good, all + faults.len());
        }
    }
    println!("{right} of {all} runs were right");
    if right == all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// So many runs; fewer, with a word on it, where the system does not permit any.
fn series(way: Way, kind: Kind, round_trip: u64, runs: usize) -> Faults {
    let mut faults = Faults::new();
    while faults.len() < runs {
        let pages = RUNS_OF_A_BROWSER.min(runs - faults.len());
        let found = Arc::new(Mutex::new(Faults::new()));
        let told = Arc::clone(&found);
        let name = format!("bench::inspection::{way:?}-{round_trip}-{kind:?}");
        let ended = catch_unwind(AssertUnwindSafe(|| {
            lab::run(&name, async move |lab| visit(lab, way, kind, round_trip, pages, &told).await);
        }));
        let mut found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        match ended {
            Ok(()) if found.is_empty() => break,
            Ok(()) => {}
            // What it was stands on standard error.
            Err(_) => found.resize(pages, Some("the run did not come to an end".to_owned())),
        }
        faults.append(&mut found);
    }
    faults
}

async fn visit(mut lab: Lab, way: Way, kind: Kind, round_trip: u64, pages: usize, faults: &Mutex<Faults>) {
    let world = World::furnish(&mut lab, Duration::from_millis(round_trip)).await;
    let (_squid, proxy) = way.furnish(&lab).await;
    let browser = Browser::start(&lab, kind, proxy).await;
    for _ in 0..pages {
        browser.goto(&world.page.url()).await;
        let fault = way.fault(&report(&browser).await);
        faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }
}
