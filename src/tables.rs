//! From a catalogue and a run to the tables on the page: regions down and ports across.
//!
//! Pure, so that what the page shows can be tested without a browser.

use std::collections::BTreeSet;

use connector_check_diagnosis::CheckResult;
use connector_check_diagnosis::catalogue::{Catalogue, Check, CheckId, Expect, Group};
use connector_check_diagnosis::decision::{Reason, Status};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::evidence::{CheckEvidence, Evidence, Progress};
use connector_check_diagnosis::plan::{Fill, Plan};

use crate::state::Run;

/// Consecutive ports from this many on share one column; fewer are easier to read apart.
const MIN_RANGE: usize = 4;

/// What a cell looks like; each has a shape, a word and a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// Tried, and failed with an error.
    Failed,
    /// Tried, and nothing came back.
    Silent,
    /// Something else answers.
    Intercepted,
    /// The evidence does not decide.
    Inconclusive,
    /// The browser would not ask.
    NotTestable,
    /// Being asked.
    Running,
    /// Something is there, but it is open yet what it is worth.
    Verifying,
    /// Not begun.
    Waiting,
    /// Not asked.
    Skipped,
    /// A name that must fail has failed.
    RefusedAsItMust,
    /// Reached.
    Reachable,
}

impl Look {
    /// The name of its shape, word and colour.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Silent => "silent",
            Self::Intercepted => "intercepted",
            Self::Inconclusive => "inconclusive",
            Self::NotTestable => "not-testable",
            Self::Running => "running",
            Self::Verifying => "verifying",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::RefusedAsItMust => "refused",
            Self::Reachable => "reachable",
        }
    }
}

/// One table of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Which of the page's tables.
    pub kind: Kind,
    /// Ports, ascending.
    pub columns: Vec<Column>,
    /// Regions or hosts, in catalogue order.
    pub rows: Vec<TableRow>,
}

/// The tables that a page can have, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Regions down.
    Regions,
    /// The sign-in pages.
    Login,
    /// The service's hosts that belong to no region.
    Service,
    /// What only a certain kind of TLS reaches.
    Tls,
    /// Certificate revocation and trust lists.
    Revocation,
    /// References and names that cannot exist.
    Control,
}

impl Kind {
    /// Every kind, in the page's order.
    pub const ALL: [Self; 6] =
        [Self::Regions, Self::Login, Self::Service, Self::Tls, Self::Revocation, Self::Control];

    /// The name that its texts have.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regions => "regions",
            Self::Login => "login",
            Self::Service => "service",
            Self::Tls => "tls",
            Self::Revocation => "revocation",
            Self::Control => "control",
        }
    }

    fn of(check: &Check) -> Self {
        match check.group {
            Group::Control => Self::Control,
            Group::Service | Group::Login | Group::Tls | Group::Revocation if check.region.is_some() => {
                Self::Regions
            }
            Group::Login => Self::Login,
            Group::Service => Self::Service,
            Group::Tls => Self::Tls,
            Group::Revocation => Self::Revocation,
        }
    }
}

/// A column: one port, or a range of consecutive ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// First port.
    pub first: u16,
    /// Last port; the first again where it is one.
    pub last: u16,
}

impl Column {
    /// As it stands in the head of the table.
    pub fn title(&self) -> String {
        if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}–{}", self.first, self.last)
        }
    }

    const fn holds(&self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

/// One region or host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Region or check title.
    pub title: String,
    /// The host, where the title does not say it.
    pub host: Option<String>,
    /// One for each column; `None` where nothing is asked there.
    pub cells: Vec<Option<Cell>>,
}

/// One place of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The checks behind it, in catalogue order; never empty.
    pub checks: Vec<CheckId>,
    /// The gravest of their looks.
    pub look: Look,
    /// How many of them were reached.
    pub reached: usize,
    /// Whole milliseconds of the slowest answer, where any has come.
    pub ms: Option<u32>,
}

/// The tables of a catalogue, with the results of a run where there is one.
pub fn tables(catalogue: &Catalogue, fill: &Fill, run: Option<&Run>) -> Vec<Table> {
    let planned;
    let (evidence, results) = match run {
        Some(run) => (&run.evidence, run.diagnosis.results.as_slice()),
        None => {
            planned = Evidence::of(Plan::new(catalogue, fill, "preview"), catalogue, true);
            (&planned, [].as_slice())
        }
    };
    let items: Vec<_> = evidence
        .checks
        .iter()
        .enumerate()
        .map(|(at, evidence)| Item { evidence, result: results.get(at), kind: Kind::of(evidence.check()) })
        .collect();
    Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let items: Vec<_> = items.iter().filter(|item| item.kind == kind).collect();
            (!items.is_empty()).then(|| table(kind, catalogue, &items))
        })
        .collect()
}

struct Item<'a> {
    evidence: &'a CheckEvidence,
    result: Option<&'a CheckResult>,
    kind: Kind,
}

impl Item<'_> {
    /// Of a check that waits for a placeholder the port is known all the same.
    fn port(&self) -> u16 {
        match self.evidence.planned.endpoint() {
            Some(endpoint) => endpoint.port,
            None => {
                let check = self.evidence.check();
                let url = check
                    .placeholders()
                    .iter()
                    .fold(check.url.clone(), |url, id| url.replace(&format!("{{{id}}}"), "x"));
                Endpoint::parse(&url).map_or(0, |endpoint| endpoint.port)
            }
        }
    }

    fn host(&self) -> String {
        match self.evidence.planned.endpoint() {
            Some(endpoint) => endpoint.host.clone(),
            None => {
                let url = &self.evidence.check().url;
                let host = url.split("://").nth(1).unwrap_or(url);
                host.split(['/', ':']).next().unwrap_or(host).to_owned()
            }
        }
    }

    fn look(&self) -> Look {
        look(self.evidence, self.result)
    }
}

/// What one check looks like.
pub fn look(check: &CheckEvidence, result: Option<&CheckResult>) -> Look {
    match result.and_then(|result| result.decision.as_ref()) {
        Some((Status::Reachable, _)) => Look::Reachable,
        Some((Status::Unreachable, Reason::RefusedAsItMust)) => Look::RefusedAsItMust,
        Some((Status::Unreachable, Reason::TimedOut | Reason::SilentAfterConnect)) => Look::Silent,
        Some((Status::Unreachable, _)) => Look::Failed,
        Some((Status::Intercepted, _)) => Look::Intercepted,
        Some((Status::Inconclusive, _)) => Look::Inconclusive,
        Some((Status::NotTestable, _)) => Look::NotTestable,
        Some((Status::Skipped, _)) => Look::Skipped,
        None => match check.progress {
            Progress::Waiting | Progress::NotRun(_) => Look::Waiting,
            Progress::Running | Progress::Repeating(_) => Look::Running,
            Progress::Observed(_) => Look::Verifying,
        },
    }
}

fn table(kind: Kind, catalogue: &Catalogue, items: &[&Item<'_>]) -> Table {
    let columns = columns(items.iter().map(|item| item.port()).collect());
    let mut rows: Vec<(String, TableRow, Vec<&Item<'_>>)> = Vec::new();
    for item in items {
        let check = item.evidence.check();
        let (key, title, host) = match (&check.region, kind) {
            (Some(region), Kind::Regions) => {
                (region.clone(), catalogue.region_title(region).to_owned(), None)
            }
            _ => {
                let host = item.host();
                let named = check.expect != Expect::Refusal && !check.title.contains(&host);
                let title = if check.expect == Expect::Refusal { host.clone() } else { check.title.clone() };
                (host.clone(), title, named.then_some(host))
            }
        };
        match rows.iter_mut().find(|(known, _, _)| *known == key) {
            Some((key, row, of_row)) => {
                // Several checks of one host, each of a name of its own: the row is the host's.
                if kind != Kind::Regions && row.title != title {
                    row.title.clone_from(key);
                    row.host = None;
                }
                of_row.push(item);
            }
            None => rows.push((key, TableRow { title, host, cells: Vec::new() }, vec![item])),
        }
    }
    let rows = rows
        .into_iter()
        .map(|(_, row, items)| TableRow {
            cells: columns.iter().map(|column| cell(column, &items)).collect(),
            ..row
        })
        .collect();
    Table { kind, columns, rows }
}

fn columns(ports: BTreeSet<u16>) -> Vec<Column> {
    let mut runs: Vec<Column> = Vec::new();
    for port in ports {
        match runs.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(port) => run.last = port,
            _ => runs.push(Column { first: port, last: port }),
        }
    }
    runs.into_iter()
        .flat_map(|run| {
            if usize::from(run.last - run.first) + 1 >= MIN_RANGE {
                vec![run]
            } else {
                (run.first..=run.last).map(|port| Column { first: port, last: port }).collect()
            }
        })
        .collect()
}

fn cell(column: &Column, items: &[&Item<'_>]) -> Option<Cell> {
    let here: Vec<_> = items.iter().filter(|item| column.holds(item.port())).collect();
    let look = here.iter().map(|item| item.look()).min()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = |ms: f64| ms.round().clamp(0.0, f64::from(u32::MAX)) as u32;
    Some(Cell {
        checks: here.iter().map(|item| item.evidence.check().id.clone()).collect(),
        look,
        reached: here.iter().filter(|item| item.look() == Look::Reachable).count(),
        ms: here.iter().filter_map(|item| item.result.and_then(|result| result.duration_ms)).map(whole).max(),
    })
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
