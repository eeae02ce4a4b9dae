//! Counting what passed, failed and was skipped, over everything that is run.

use std::fmt::{Display, Write as _};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::process;

/// A test that could not do its work writes a line that starts so, with its name and the reason, and returns.
const SKIPPED: &str = "SKIPPED ";

/// What has been counted so far.
#[derive(Debug)]
pub struct Tally {
    /// Where the whole output of each step goes.
    logs: PathBuf,
    passed: usize,
    /// Tests and whole steps.
    pub failed: usize,
    skipped: usize,
    /// For the summary: the steps that failed, and what was skipped why.
    remarks: Vec<String>,
}

impl Tally {
    /// Nothing counted yet; the output of each step will be kept in the folder `logs`.
    pub fn new(logs: &Path) -> Self {
        Self { logs: logs.to_path_buf(), passed: 0, failed: 0, skipped: 0, remarks: Vec::new() }
    }

    /// One for what happens at the same time, to be [appended](Self::append).
    pub fn another(&self) -> Self {
        Self::new(&self.logs)
    }

    /// Adds what another has counted.
    pub fn append(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.remarks.extend(other.remarks.iter().cloned());
    }

    /// Runs a command that counts as one test.
    pub fn check(&mut self, name: &str, command: &mut Command) {
        let start = announce(name, command);
        match process::run(command) {
            Ok(()) => self.passed += 1,
            Err(error) => self.fail(name, &error),
        }
        took(name, start);
    }

    /// Runs a command that runs tests, and counts them by what it writes. What passing tests write is kept in a file
    /// alone, so that what failed is not lost among it.
    pub fn tests(&mut self, name: &str, command: &mut Command) {
        let start = announce(name, command);
        let log = self.logs.join(format!("{}.log", name.replace([' ', '/', '\\'], "-")));
        match run_tests(command, &log) {
            Ok(counted) => self.add(name, &counted),
            Err(error) => self.fail(name, &format!("{error:#}")),
        }
        took(name, start);
    }

    /// Counts a result as one test.
    pub fn result(&mut self, name: &str, result: Result<()>) {
        if self.needed(name, result).is_some() {
            self.passed += 1;
        }
    }

    /// Counts a preparation as failed, unless it succeeded.
    pub fn needed<T>(&mut self, name: &str, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.fail(name, &format!("{error:#}"))).ok()
    }

    /// Counts tests that cannot run here; the report says so.
    pub fn skip(&mut self, count: usize, name: &str, reason: &str) {
        self.skipped += count;
        self.remarks.push(format!("{SKIPPED}{name}: {reason}"));
    }

    /// What failed and what was skipped, and at the very end the line of numbers.
    pub fn report(&self) -> String {
        let mut report = String::from("\n");
        for remark in &self.remarks {
            writeln!(report, "{remark}").expect("a String takes everything");
        }
        let Self { passed, failed, skipped, .. } = self;
        report + &format!("{passed} passed, {failed} failed, {skipped} skipped\n")
    }

    fn fail(&mut self, name: &str, error: &impl Display) {
        eprintln!("error: {name}: {error:#}");
        self.failed += 1;
        self.remarks.push(format!("FAILED {name}: {error:#}"));
    }

    fn add(&mut self, name: &str, counted: &Counted) {
        self.passed += counted.passed.saturating_sub(counted.skipped.len());
        self.failed += counted.failed;
        self.skipped += counted.ignored + counted.skipped.len();
        self.remarks.extend(counted.skipped.iter().cloned());
        self.remarks.extend(counted.names.iter().map(|test| format!("FAILED {name}: {test}")));
        if counted.failed > counted.names.len() {
            self.remarks.push(format!("FAILED {name}: {} of its tests", counted.failed));
        } else if counted.failed > 0 {
            // Each is named above.
        } else if !counted.success {
            self.fail(name, &"it ended with an error, though none of its tests failed");
        } else if counted.passed + counted.ignored == 0 {
            self.fail(name, &"it ran no test at all");
        }
    }
}

fn announce(name: &str, command: &Command) -> Instant {
    eprintln!("\n== {name}: {}", process::line(command));
    Instant::now()
}

fn took(name: &str, start: Instant) {
    eprintln!("== {name} took {} s", start.elapsed().as_secs());
}

/// What one command wrote about its tests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Of the tests that failed.
    names: Vec<String>,
    /// Lines of tests that the harness took for passed, though they could not do their work.
    skipped: Vec<String>,
    success: bool,
}

impl Counted {
    fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before(result, "passed");
            self.failed += number_before(result, "failed");
            self.ignored += number_before(result, "ignored");
        } else if let Some(name) = failed_test(line) {
            self.names.push(name.to_owned());
        } else if line.starts_with(SKIPPED) {
            self.skipped.push(line.to_owned());
        }
    }
}

/// The name of the test that this line calls failed: libtest and wasm-bindgen's runner end it differently.
fn failed_test(line: &str) -> Option<&str> {
    let (name, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    matches!(verdict, "FAILED" | "FAIL").then_some(name)
}

/// Tells the parts of libtest's output in which passing tests have their say from the rest.
#[derive(Debug, Default)]
struct Passing(bool);

impl Passing {
    fn holds(&mut self, line: &str) -> bool {
        self.0 = match line {
            "successes:" => true,
            "failures:" => false,
            line => self.0 && !line.starts_with("test result: "),
        };
        self.0
    }
}

fn run_tests(command: &mut Command, log: &Path) -> Result<Counted> {
    let folder = log.parent().context("a log lies in a folder")?;
    let kept = fs::create_dir_all(folder).and_then(|()| File::create(log));
    let mut kept = kept.with_context(|| format!("cannot write {}", log.display()))?;
    let child = command.stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start `{}`", process::line(command)))?;
    let output = child.stdout.take().expect("standard output was piped above");
    let mut counted = Counted::default();
    let mut passing = Passing::default();
    // Browsers' output is not always text.
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output of the tests")?;
        let line = String::from_utf8_lossy(&line);
        writeln!(kept, "{line}").with_context(|| format!("cannot write {}", log.display()))?;
        let line = line.trim_end();
        if !passing.holds(line) {
            println!("{line}");
        }
        counted.read(line);
    }
    counted.success = child.wait()?.success();
    Ok(counted)
}

/// The number in front of a word in `ok. 12 passed; 0 failed; …`.
fn number_before(result: &str, word: &str) -> usize {
    let counts = result.split([';', '.']).filter_map(|part| part.trim().split_once(' '));
    counts.filter(|(_, name)| *name == word).find_map(|(number, _)| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(output: &str, success: bool) -> Counted {
        let mut counted = Counted { success, ..Counted::default() };
        output.lines().for_each(|line| counted.read(line));
        counted
    }

    /// The last line of a report over one step with this output.
    fn check(output: &str, success: bool, expected: &str) {
        let mut tally = Tally::new(Path::new("unused"));
        tally.add("step", &counted(output, success));
        let report = tally.report();
        assert_eq!(report.lines().last(), Some(expected), "{output}");
        assert!(report.ends_with('\n'));
    }

    #[test]
    fn results_of_all_harnesses_are_added_up() {
        let output = "running 3 tests\n\
            test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 filtered out; finished in 3.02s\n";
        check(output, true, "14 passed, 0 failed, 1 skipped");
        check("test result: FAILED. 1 passed; 2 failed; 0 ignored", false, "1 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn a_test_that_skipped_itself_did_not_pass() {
        let output =
            "SKIPPED one_region_gone: no network namespaces\ntest result: ok. 5 passed; 0 failed; 0 ignored";
        check(output, true, "4 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn tests_that_failed_are_named() {
        let output = "test lab::dropped ... ok\ntest lab::refused ... FAILED\ntest closer::stop ... FAIL\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored";
        let mut tally = Tally::new(Path::new("unused"));
        tally.add("step", &counted(output, false));
        let expected =
            "\nFAILED step: lab::refused\nFAILED step: closer::stop\n1 passed, 2 failed, 0 skipped\n";
        assert_eq!(tally.report(), expected);
    }

    #[test]
    fn only_what_passed_is_kept_back() {
        let output = "test a ... ok\n\nsuccesses:\n\n---- a stdout ----\nerror: expected\n\nsuccesses:\n    a\n\n\
            failures:\n\n---- b stdout ----\nerror: real\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed";
        let mut passing = Passing::default();
        let shown: Vec<&str> =
            output.lines().filter(|line| !passing.holds(line) && !line.is_empty()).collect();
        let expected = [
            "test a ... ok",
            "failures:",
            "---- b stdout ----",
            "error: real",
            "failures:",
            "    b",
            "test result: FAILED. 1 passed",
        ];
        assert_eq!(shown, expected);
        let mut passing = Passing::default();
        let all = "successes:\n    a\n\ntest result: ok. 1 passed\nerror: next";
        assert_eq!(all.lines().filter(|line| !passing.holds(line)).count(), 2);
    }

    #[test]
    fn neither_a_crash_nor_silence_passes() {
        check("error: could not compile", false, "0 passed, 1 failed, 0 skipped");
        check("test result: ok. 5 passed; 0 failed; 0 ignored", false, "5 passed, 1 failed, 0 skipped");
        check("no tests to run!", true, "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn the_report_names_what_is_wrong_and_ends_with_the_numbers() {
        let mut tally = Tally::new(Path::new("unused"));
        tally.fail("clippy", &"two warnings");
        tally.skip(3, "browser tests", "not on Linux");
        let expected = "\nFAILED clippy: two warnings\nSKIPPED browser tests: not on Linux\n\
            0 passed, 1 failed, 3 skipped\n";
        assert_eq!(tally.report(), expected);
    }
}
