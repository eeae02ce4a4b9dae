//! From scenarios to groups, from reports to results.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::bench;
use crate::expectation::Case;
use crate::group::{Group, Run};
use crate::scenario::{Network, Scenario};
use crate::session::{Reports, Visited};

/// Browsers at a time: most of the time they wait.
const GROUPS: usize = 4;

/// Runs of one browser, at most: more keep another core from taking a part.
const RUNS_OF_A_GROUP: usize = 24;

/// What was asked for.
#[derive(Default)]
struct Arguments {
    filters: Vec<String>,
    list: bool,
    bench: bool,
}

/// What came of everything.
#[derive(Default)]
struct Results {
    passed: usize,
    failed: Vec<(String, String)>,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = arguments();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenarios = Scenario::read_all(&root.join("tests/scenarios"));
    if arguments.bench {
        return bench::run(&runs(scenarios), &folder("bench"));
    }
    let all = runs(scenarios);
    let wanted = |run: &Run| {
        arguments.filters.is_empty() || arguments.filters.iter().any(|filter| run.name.contains(filter))
    };
    let count = all.len();
    let runs: Vec<_> = all.into_iter().filter(wanted).collect();
    if arguments.list {
        for run in &runs {
            println!("{}: test", run.name);
        }
        return ExitCode::SUCCESS;
    }
    let (chosen, left_out) = (runs.len(), count - runs.len());
    println!("\nrunning {chosen} tests");
    let begun = Instant::now();
    let results = run_all(groups(runs));
    if !results.failed.is_empty() {
        println!("\nfailures:");
        for (name, why) in &results.failed {
            println!("\n---- {name}\n{why}");
        }
    }
    let word = if results.failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {} passed; {} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {:.2}s",
        results.passed,
        results.failed.len(),
        begun.elapsed().as_secs_f64(),
    );
    if results.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// As any test program takes them; what only others can do is passed over.
fn arguments() -> Arguments {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => arguments.list = true,
            "--bench" => arguments.bench = true,
            "--test-threads" => drop(words.next()),
            option if option.starts_with('-') => {}
            filter => arguments.filters.push(filter.to_owned()),
        }
    }
    arguments
}

/// Every case of every scenario.
fn runs(scenarios: Vec<Scenario>) -> Vec<Run> {
    let scenarios = scenarios.into_iter().map(Arc::new);
    scenarios
        .flat_map(|scenario| {
            let cases = scenario.cases();
            cases.into_iter().map(move |case| Run {
                name: format!("lab::{}::{case}", scenario.name),
                scenario: Arc::clone(&scenario),
                case,
            })
        })
        .collect()
}

/// Puts together what can share a network and a browser.
fn groups(runs: Vec<Run>) -> VecDeque<Group> {
    let mut shared: BTreeMap<(Network, u64, _), Vec<Run>> = BTreeMap::new();
    for run in runs {
        let Case { browser, round_trip, .. } = run.case;
        shared.entry((run.scenario.network.clone(), round_trip, browser)).or_default().push(run);
    }
    let mut groups = Vec::new();
    for ((network, round_trip, kind), runs) in shared {
        let parts = runs.len().div_ceil(RUNS_OF_A_GROUP);
        let size = runs.len().div_ceil(parts);
        // A scenario's pages stay together, as they share hosts.
        groups.extend(runs.chunks(size).map(|runs| Group {
            network: network.clone(),
            round_trip,
            kind,
            runs: runs.to_vec(),
        }));
    }
    // The longest first, so that none is left for the end.
    groups.sort_by_key(|group| usize::MAX - group.runs.len());
    groups.into()
}

fn run_all(groups: VecDeque<Group>) -> Results {
    let (queue, results) = (Mutex::new(groups), Mutex::new(Results::default()));
    thread::scope(|scope| {
        for worker in 0..GROUPS {
            let (queue, results) = (&queue, &results);
            scope.spawn(move || {
                let mut number = 0;
                loop {
                    let group = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(group) = group else { return };
                    let dir = folder(&format!("{worker}-{number}"));
                    number += 1;
                    let begun = Instant::now();
                    let told = catch_unwind(AssertUnwindSafe(|| group.run(&dir)));
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.take(&group, told.map_err(|panic| message(&*panic)), &dir);
                    println!(
                        "     ({} runs in {:?} at {} ms: {:.0} s)",
                        group.runs.len(),
                        group.kind,
                        group.round_trip,
                        begun.elapsed().as_secs_f64()
                    );
                    let _closed = std::io::stdout().flush();
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Results {
    fn take(&mut self, group: &Group, told: Result<Result<Vec<Visited>, String>, String>, dir: &Path) {
        match told {
            Err(panic) => {
                for run in &group.runs {
                    self.fail(&run.name, &format!("  the lab could not be set up: {panic}"));
                }
            }
            Ok(Err(reason)) => {
                // `cargo xtask test` counts such lines, and takes each for one that the harness counts as passed.
                for run in &group.runs {
                    println!("SKIPPED {}: {reason}", run.name);
                    self.passed += 1;
                }
            }
            Ok(Ok(visited)) => {
                for (run, visited) in group.runs.iter().zip(visited) {
                    match visited {
                        Err(error) => self.fail(&run.name, &format!("  {error}")),
                        Ok(reports) => self.judge(run, &reports, dir),
                    }
                }
            }
        }
    }

    fn judge(&mut self, run: &Run, reports: &Reports, dir: &Path) {
        let expected = run.scenario.expected(run.case);
        let mut faults = expected.faults(&run.scenario, &reports.last);
        expected.time(&mut faults, &reports.quick);
        if faults.is_empty() {
            println!("test {} ... ok", run.name);
            self.passed += 1;
            return;
        }
        let file = dir.join(run.name.replace("::", "-")).join("report.json");
        let why = format!(
            "  {}\n{}{}  the report: {}",
            run.scenario.title,
            run.scenario.reasons(run.case),
            faults.lines,
            file.display()
        );
        self.fail(&run.name, &why);
    }

    fn fail(&mut self, name: &str, why: &str) {
        println!("test {name} ... FAILED");
        self.failed.push((name.to_owned(), why.to_owned()));
    }
}

/// Where a group's logs and reports stay.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenarios").join(name)
}

/// What a panic says.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
