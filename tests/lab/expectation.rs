//! What a report is to say, and what is wrong with one that says something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use connector_check_diagnosis::catalogue::Expect as Need;
use connector_check_diagnosis::finding::FindingCode;
use serde::Deserialize;
use serde_json::Value;

use crate::fate::Truth;
use crate::scenario::{Kind, Page, Scenario};

/// One way of running a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// In which browser.
    pub browser: Kind,
    /// At which distance, in milliseconds.
    pub round_trip: u64,
    /// How the page is opened.
    pub page: Page,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let browser = match self.browser {
            Kind::Chromium => "chromium",
            Kind::Firefox => "firefox",
        };
        let page = match self.page {
            Page::Http => "http",
            Page::Https => "https",
            Page::File => "file",
        };
        write!(f, "{browser}::{page}::{}ms", self.round_trip)
    }
}

/// What a report is to say. Wherever a text stands, `a | b` allows both.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// The verdict.
    pub verdict: String,
    /// The code of the first finding.
    pub first: String,
    /// Exactly these findings, each with its confidence; one whose code begins with `?` may be missing.
    pub findings: BTreeMap<String, String>,
    /// Findings that would be wrong, beyond those that are not listed anyway: for the reader.
    #[serde(default)]
    pub never: BTreeSet<String>,
    /// Milliseconds in which the first verdict stands.
    pub within: Option<f64>,
    /// The status of checks and how far they are known to have come, as in `unreachable, tcp`. A check that is not
    /// listed is `reachable, http`. An id may end in `*`.
    #[serde(default)]
    pub checks: BTreeMap<String, String>,
}

/// What differs in some cases; what is not given stays.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exception {
    /// Why, for the reader.
    #[serde(default)]
    pub because: String,
    /// In this browser only.
    pub browser: Option<Kind>,
    /// At this distance only.
    pub round_trip: Option<u64>,
    /// For this kind of page only.
    pub page: Option<Page>,
    /// Instead of the verdict.
    pub verdict: Option<String>,
    /// Instead of the first finding.
    pub first: Option<String>,
    /// Instead of all findings.
    pub findings: Option<BTreeMap<String, String>>,
    /// Beside or instead of single checks.
    #[serde(default)]
    pub checks: BTreeMap<String, String>,
}

impl Exception {
    /// Whether it is about this case.
    pub fn applies(&self, case: Case) -> bool {
        self.browser.is_none_or(|browser| browser == case.browser)
            && self.round_trip.is_none_or(|ms| ms == case.round_trip)
            && self.page.is_none_or(|page| page == case.page)
    }
}

impl Expectation {
    /// With what is different in an exception.
    pub fn with(mut self, exception: &Exception) -> Self {
        self.verdict = exception.verdict.clone().unwrap_or(self.verdict);
        self.first = exception.first.clone().unwrap_or(self.first);
        self.findings = exception.findings.clone().unwrap_or(self.findings);
        self.checks.extend(exception.checks.clone());
        self
    }

    /// Whether the words mean anything.
    pub fn check(&self, scenario: &Scenario) -> Result<(), String> {
        let keys = self.findings.keys().chain(&self.never).chain([&self.first]);
        for code in keys.flat_map(|text| codes(text)) {
            code.parse::<FindingCode>()?;
        }
        for text in self.findings.values().flat_map(|text| choices(text)) {
            if !["proven", "likely", "possible"].contains(&text) {
                return Err(format!("\"{text}\" is no confidence"));
            }
        }
        if let Some(both) = self.never.iter().find(|code| self.findings.contains_key(*code)) {
            return Err(format!("{both} is expected, and never to come"));
        }
        let ids: Vec<_> = scenario.endpoints().map(|(host, port, _)| host.check(port)).collect();
        match self.checks.keys().find(|key| !ids.iter().any(|id| matches(key, id))) {
            Some(key) => Err(format!("there is no check {key}")),
            None => Ok(()),
        }
    }

    /// What is wrong with a report; empty where nothing is.
    pub fn faults(&self, scenario: &Scenario, report: &Value) -> Faults {
        let mut faults = Faults::default();
        faults.compare("verdict", &self.verdict, text(&report["verdict"]));
        let found: Vec<_> = list(&report["findings"])
            .iter()
            .map(|finding| (text(&finding["code"]), text(&finding["confidence"])))
            .collect();
        faults.compare("first finding", &self.first, found.first().map_or("none", |(code, _)| code));
        for (code, confidence) in &found {
            let expected = self.findings.iter().find(|(key, _)| codes(key).any(|expected| expected == *code));
            match expected {
                Some((_, expected)) => {
                    faults.compare(&format!("confidence of {code}"), expected, confidence);
                }
                None => faults.say(&format!("finding {code} ({confidence}) is not expected")),
            }
        }
        for code in self.findings.keys().filter(|code| !code.starts_with('?')) {
            if !codes(code).any(|code| found.iter().any(|(found, _)| *found == code)) {
                faults.say(&format!("finding {code} is missing"));
            }
        }
        let seen: BTreeMap<_, _> =
            list(&report["checks"]).iter().map(|check| (text(&check["id"]), check)).collect();
        for (host, port, fate) in scenario.endpoints() {
            let id = host.check(port);
            let Some(check) = seen.get(id.as_str()) else {
                faults.say(&format!("check {id} is missing"));
                continue;
            };
            let (status, reached) = (text(&check["status"]), text(&check["reached"]));
            let said = if reached.is_empty() { status.to_owned() } else { format!("{status}, {reached}") };
            let place = format!("{id} ({})", fate.text);
            faults.compare(&place, self.of_check(&id), &said);
            faults.truth(&place, scenario.truth(host, port, fate), host.suffices(port), status);
        }
        faults
    }

    /// Adds to what is wrong whether the first verdict came too late.
    pub fn time(&self, faults: &mut Faults, quick: &Value) {
        let Some(within) = self.within else { return };
        match took_ms(quick) {
            Some(took) if took <= within => {}
            took => faults.say(&format!("the first verdict came after {took:?} ms instead of {within} ms")),
        }
    }

    /// What is expected of a check: the longest key that fits.
    fn of_check(&self, id: &str) -> &str {
        let fitting = self.checks.iter().filter(|(key, _)| matches(key, id));
        fitting.max_by_key(|(key, _)| key.len()).map_or("reachable, http", |(_, expected)| expected)
    }
}

/// How long a run took that ended in this report, in milliseconds.
pub fn took_ms(report: &Value) -> Option<f64> {
    let time = |name: &str| chrono::DateTime::parse_from_rfc3339(text(&report[name])).ok();
    let took = time("finished")? - time("started")?;
    Some(took.as_seconds_f64() * 1000.0)
}

/// What is wrong with a report.
#[derive(Debug, Default)]
pub struct Faults {
    /// One line each.
    pub lines: String,
    /// Checks that are green and must not be, or red and must not be.
    pub false_statuses: usize,
}

impl Faults {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn say(&mut self, line: &str) {
        writeln!(self.lines, "  {line}").expect("a String takes everything");
    }

    fn compare(&mut self, what: &str, expected: &str, seen: &str) {
        if !choices(expected).any(|choice| choice == seen) {
            self.say(&format!("{what}: {seen} instead of {expected}"));
        }
    }

    /// Whatever the file says: what does not work is never green, and what works is never red.
    fn truth(&mut self, place: &str, truth: Option<Truth>, need: Need, status: &str) {
        let Some(truth) = truth else { return };
        let works = match need {
            Need::Answer => truth >= Truth::Http,
            Need::Tls => truth >= Truth::Tls,
            Need::Tcp => truth >= Truth::Tcp,
            Need::Refusal => return,
        };
        match (status, works) {
            ("reachable", false) => self.false_status(place, "GREEN"),
            ("unreachable", true) => self.false_status(place, "RED"),
            _ => {}
        }
    }

    fn false_status(&mut self, place: &str, colour: &str) {
        self.false_statuses += 1;
        self.say(&format!("{place}: FALSE {colour}"));
    }
}

/// `a | b` as `a` and `b`.
fn choices(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').map(str::trim)
}

/// The same for a key of findings, whose `?` says that it may be missing.
fn codes(key: &str) -> impl Iterator<Item = &str> {
    choices(key.trim_start_matches('?'))
}

fn matches(key: &str, id: &str) -> bool {
    key.strip_suffix('*').map_or(key == id, |start| id.starts_with(start))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
