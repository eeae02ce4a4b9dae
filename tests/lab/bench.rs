//! How fast the page is, as ratios: `cargo xtask bench` prints them.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::expectation::took_ms;
use crate::group::{Group, Run};
use crate::session::Reports;

/// Milliseconds: the deadline of a single probe, `Deadlines::probe` of the page.
const PROBE_DEADLINE_MS: f64 = 8_000.0;

/// Milliseconds between the page and everything else.
const ROUND_TRIP: u64 = 60;

/// A scenario, and what its time is compared with.
struct Measure {
    scenario: &'static str,
    what: &'static str,
    limit: f64,
    yardstick: fn(&Value) -> f64,
}

const MEASURES: [Measure; 2] = [
    Measure {
        scenario: "sixty-hosts-dropped",
        what: "60 of 61 hosts dropped: first verdict / deadline of a probe",
        limit: 1.1,
        yardstick: |_| PROBE_DEADLINE_MS,
    },
    Measure {
        scenario: "everything-open",
        what: "everything open: run / slowest check",
        limit: 1.5,
        yardstick: slowest_ms,
    },
];

/// Measures, one after the other, and prints.
pub fn run(runs: &[Run], dir: &Path) -> ExitCode {
    println!("{:<64} {:<10} {:>6} {:>6}", "time of the page, 60 ms round trip", "browser", "ratio", "limit");
    let mut all_within = true;
    for measure in MEASURES {
        let wanted = |run: &&Run| {
            run.scenario.name == measure.scenario
                && run.case.round_trip == ROUND_TRIP
                && run.case.page == crate::scenario::Page::Http
        };
        for run in runs.iter().filter(wanted) {
            let group = Group {
                network: run.scenario.network.clone(),
                round_trip: ROUND_TRIP,
                kind: run.case.browser,
                runs: vec![run.clone()],
            };
            let ratio = group.run(dir).and_then(|visited| {
                let reports = visited.into_iter().next().expect("one report for each run")?;
                Ok(ratio(&measure, &reports))
            });
            match ratio {
                Ok(ratio) => {
                    all_within &= ratio <= measure.limit;
                    let browser = format!("{:?}", run.case.browser);
                    println!("{:<64} {browser:<10} {ratio:>6.2} {:>6.1}", measure.what, measure.limit);
                }
                Err(reason) => println!("SKIPPED {}: {reason}", run.name),
            }
        }
    }
    if all_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ratio(measure: &Measure, reports: &Reports) -> f64 {
    took_ms(&reports.quick).unwrap_or(f64::NAN) / (measure.yardstick)(&reports.quick)
}

/// Of the checks that answered.
fn slowest_ms(report: &Value) -> f64 {
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = checks.iter().filter(|check| check["status"] == "reachable");
    answered.filter_map(|check| check["duration_ms"].as_f64()).fold(0.0, f64::max)
}
