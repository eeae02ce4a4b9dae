//! Counting what passed, failed and was skipped, over everything that is run.

use std::fmt::{Display, Write as _};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::process;

/// A test that could not do its work writes a line that starts so, with its name and the reason, and returns.
const SKIPPED: &str = "SKIPPED ";

/// What has been counted so far.
#[derive(Debug, Default)]
pub struct Tally {
    passed: usize,
    /// Tests and whole steps.
    pub failed: usize,
    skipped: usize,
    /// For the summary: the steps that failed, and what was skipped why.
    remarks: Vec<String>,
}

impl Tally {
    /// Runs a command that counts as one test.
    pub fn check(&mut self, name: &str, command: &mut Command) {
        announce(name, command);
        match process::run(command) {
            Ok(()) => self.passed += 1,
            Err(error) => self.fail(name, &error),
        }
    }

    /// Runs a command that runs tests, and counts them by what it writes.
    pub fn tests(&mut self, name: &str, command: &mut Command) {
        announce(name, command);
        match run_tests(command) {
            Ok(counted) => self.add(name, &counted),
            Err(error) => self.fail(name, &error),
        }
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
        if counted.failed > 0 {
            self.remarks.push(format!("FAILED {name}: {} of its tests", counted.failed));
        } else if !counted.success {
            self.fail(name, &"it ended with an error, though none of its tests failed");
        } else if counted.passed + counted.ignored == 0 {
            self.fail(name, &"it ran no test at all");
        }
    }
}

fn announce(name: &str, command: &Command) {
    eprintln!("\n== {name}: {}", process::line(command));
}

/// What one command wrote about its tests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: usize,
    failed: usize,
    ignored: usize,
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
        } else if line.starts_with(SKIPPED) {
            self.skipped.push(line.to_owned());
        }
    }
}

fn run_tests(command: &mut Command) -> Result<Counted> {
    let child = command.stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start `{}`", process::line(command)))?;
    let output = child.stdout.take().expect("standard output was piped above");
    let mut counted = Counted::default();
    // Browsers' output is not always text.
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output of the tests")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counted.read(line.trim_end());
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
        let mut tally = Tally::default();
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
    fn neither_a_crash_nor_silence_passes() {
        check("error: could not compile", false, "0 passed, 1 failed, 0 skipped");
        check("test result: ok. 5 passed; 0 failed; 0 ignored", false, "5 passed, 1 failed, 0 skipped");
        check("no tests to run!", true, "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn the_report_names_what_is_wrong_and_ends_with_the_numbers() {
        let mut tally = Tally::default();
        tally.fail("clippy", &"two warnings");
        tally.skip(3, "browser tests", "not on Linux");
        let expected = "\nFAILED clippy: two warnings\nSKIPPED browser tests: not on Linux\n\
            0 passed, 1 failed, 3 skipped\n";
        assert_eq!(tally.report(), expected);
    }
}
