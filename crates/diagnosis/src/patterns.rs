//! Across the matrix: which pattern of failures has which cause.
//!
//! The patterns are tried in the order of [`findings`]; each explains checks that none before it has
//! explained, so that one cause is named once. What no pattern explains ends in `port-dropped`,
//! `port-refused` or `undecided`: nothing that failed stays without a finding.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::catalogue::{CheckId, Expect, Need};
use crate::common::Common;
use crate::decision::{CheckResult, Reason, Status};

use crate::endpoint::Endpoint;
use crate::evidence::{CheckEvidence, Evidence};
use crate::finding::{Confidence, Finding, FindingCode, Severity};
use crate::text::Message;

mod answers;
mod browser;
mod capture;
mod causes;
mod config;
mod host;
mod hosts;
mod proxy;
mod responder;
mod seen;
mod tls;
mod worth;

pub use config::{problem_line, setting_line};
pub use host::route_line;
use seen::{line, lines, millis};

/// One check with all that is known of it.
#[derive(Clone, Copy)]
struct Row<'a> {
    check: &'a CheckEvidence,
    result: &'a CheckResult,
    endpoint: Option<&'a Endpoint>,
}

impl<'a> Row<'a> {
    fn id(&self) -> &'a CheckId {
        &self.check.check().id
    }

    fn is(&self, status: Status) -> bool {
        self.result.status() == Some(status)
    }

    fn reason(&self) -> Option<&'a Reason> {
        self.result.decision.as_ref().map(|(_, reason)| reason)
    }

    fn host(&self) -> &'a str {
        self.endpoint.map_or("", |endpoint| endpoint.host.as_str())
    }

    fn port(&self) -> u16 {
        self.endpoint.map_or(0, |endpoint| endpoint.port)
    }

    fn url(&self) -> String {
        self.endpoint.map_or_else(String::new, Endpoint::url)
    }

    fn rule(&self) -> &'a str {
        &self.check.check().allow
    }

    fn silent(&self) -> bool {
        matches!(self.reason(), Some(Reason::TimedOut | Reason::NameTimedOut))
    }
}

/// The run, and which of its failures are explained already.
struct Matrix<'a> {
    evidence: &'a Evidence,
    common: &'a Common<'a>,
    /// Every check that counts; canaries and other refusals stand apart.
    rows: Vec<Row<'a>>,
    refusals: Vec<Row<'a>>,
    explained: BTreeSet<&'a CheckId>,
    /// Whether a whole domain of the service is silent; then nothing is well, whatever each check's need.
    service_silent: bool,
    /// Whether a responder has shown that something on the way opens TLS.
    opened: bool,
    findings: Vec<Finding>,
}

/// All findings of a finished run, ranked.
pub fn findings(evidence: &Evidence, results: &[CheckResult], common: &Common<'_>) -> Vec<Finding> {
    let row = |(check, result)| Row { check, result, endpoint: CheckEvidence::endpoint(check) };
    let (rows, refusals) =
        evidence.checks.iter().zip(results).map(row).partition(|row: &Row<'_>| counts(row.check));
    let mut matrix = Matrix {
        evidence,
        common,
        rows,
        refusals,
        explained: BTreeSet::new(),
        service_silent: false,
        opened: false,
        findings: Vec::new(),
    };
    matrix.fabricated();
    matrix.proxy_sign_in();
    matrix.no_network();
    matrix.browser_limits();
    matrix.in_the_browser();
    matrix.unknown_authority();
    matrix.inspected();
    matrix.specials();
    matrix.client_certificates();
    matrix.tls();
    matrix.names();
    matrix.login();
    matrix.revocation();
    matrix.regions();
    matrix.ports();
    matrix.domains();
    matrix.retired();
    matrix.remaining_failures();
    matrix.host();
    matrix.configs();
    matrix.answers();
    matrix.slow();
    matrix.websockets();
    matrix.not_run();
    matrix.capture();
    matrix.undecided();
    matrix.all_reachable();
    let mut findings = matrix.findings;
    findings
        .sort_by_key(|f| (f.severity, Reverse(needed(evidence, f)), f.confidence, Reverse(f.checks.len())));
    findings
}

/// How many checks that the connector cannot do without a finding explains: to mend it unblocks so many.
fn needed(evidence: &Evidence, finding: &Finding) -> usize {
    let required = |id: &&CheckId| {
        evidence.get(id).is_some_and(|check| counts(check) && check.check().need == Need::Required)
    };
    // That all is well unblocks nothing.
    let cause = finding.code != FindingCode::AllReachable;
    finding.checks.iter().filter(|id| cause && required(id)).count()
}

impl CheckEvidence {
    /// The address, where it is complete.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.planned.endpoint()
    }
}

impl<'a> Matrix<'a> {
    fn select(&self, keep: impl Fn(&Row<'a>) -> bool) -> Vec<Row<'a>> {
        self.rows.iter().copied().filter(|row| keep(row)).collect()
    }

    /// Failures that no pattern has explained yet.
    fn failing(&self, keep: impl Fn(&Row<'a>) -> bool) -> Vec<Row<'a>> {
        self.select(|row| row.is(Status::Unreachable) && !self.explained.contains(row.id()) && keep(row))
    }

    fn host_answers(&self, host: &str) -> bool {
        self.rows.iter().any(|row| row.host() == host && row.is(Status::Reachable))
    }

    fn explain(&mut self, rows: &[Row<'a>]) {
        self.explained.extend(rows.iter().map(Row::id));
    }

    fn push(
        &mut self,
        code: FindingCode,
        confidence: Confidence,
        rows: &[Row<'a>],
        summary: Message,
        evidence: Vec<Message>,
    ) {
        self.explain(rows);
        let severity = severity_of(rows);
        self.findings.push(finding(code, severity, confidence, rows, summary, evidence));
    }

    /// The same causes for the same checks, which fit equally well: each is named, and what tells them apart.
    fn push_candidates(
        &mut self,
        candidates: &[(FindingCode, Confidence)],
        rows: &[Row<'a>],
        summary: impl Fn(FindingCode) -> Message,
        evidence: &[Message],
        command: &str,
    ) {
        for &(code, confidence) in candidates {
            let mut evidence = evidence.to_vec();
            if candidates.len() > 1 {
                evidence.push(Message::new("evidence-separates").text("command", command));
            }
            self.push(code, confidence, rows, summary(code), evidence);
        }
    }

    /// The same, with how many others answered meanwhile: the contrast is what names the cause.
    fn lines_with_healthy(&self, rows: &[Row<'_>], others: impl Fn(&Row<'a>) -> bool) -> Vec<Message> {
        let mut lines = lines(rows);
        let healthy: Vec<_> =
            self.rows.iter().filter(|row| row.is(Status::Reachable) && others(row)).collect();
        if let Some(example) = healthy.first() {
            lines.push(
                line("evidence-meanwhile", example)
                    .text("ms", millis(example.result.duration_ms.unwrap_or_default()))
                    .count("count", healthy.len() - 1),
            );
        }
        lines
    }
}

/// As grave as the gravest need among the checks.
fn severity_of(rows: &[Row<'_>]) -> Severity {
    match rows.iter().map(|row| row.check.check().need).min() {
        Some(Need::Required) => Severity::Blocking,
        Some(Need::Recommended) => Severity::Warning,
        Some(Need::Informational) | None => Severity::Info,
    }
}

fn finding(
    code: FindingCode,
    severity: Severity,
    confidence: Confidence,
    rows: &[Row<'_>],
    summary: Message,
    evidence: Vec<Message>,
) -> Finding {
    Finding {
        code,
        severity,
        confidence,
        checks: rows.iter().map(|row| row.id().clone()).collect(),
        places: Vec::new(),
        summary,
        evidence,
    }
}

/// Whether a check says something about what the connector needs; canaries and other refusals do not.
fn counts(check: &CheckEvidence) -> bool {
    check.check().expect != Expect::Refusal
}
