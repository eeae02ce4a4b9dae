//! The diagnosis: a status for every check, then the findings that explain them, then the verdict.

use serde::{Deserialize, Serialize};

use crate::catalogue::{CheckId, Expect};
use crate::decision::{Reading, Reason, Status};
use crate::evidence::{CheckEvidence, Evidence};
use crate::facts::Reached;
use crate::finding::{Finding, FindingCode, Severity};
use crate::patterns;

/// The whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// One sentence's worth; `None` while the run goes on.
    pub verdict: Option<Verdict>,
    /// A result for every planned check, in the plan's order.
    pub results: Vec<CheckResult>,
    /// Ranked: what unblocks most comes first. Empty while the run goes on.
    pub findings: Vec<Finding>,
}

/// What the run as a whole says of this browser's route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every required check was reached, and nothing warns.
    Ready,
    /// Every required check was reached, but something is not as it should be.
    Degraded,
    /// Something that the connector needs cannot be reached.
    Blocked,
    /// The evidence does not decide.
    Inconclusive,
}

/// What one check came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// Which check.
    pub id: CheckId,
    /// Status and why; `None` while it is open.
    pub decision: Option<(Status, Reason)>,
    /// How far the path was seen to work; `None` where nothing tells.
    pub reached: Option<Reached>,
    /// Milliseconds of the observation that decided.
    pub duration_ms: Option<f64>,
}

impl CheckResult {
    /// The status, once it is decided.
    pub fn status(&self) -> Option<Status> {
        self.decision.as_ref().map(|(status, _)| *status)
    }
}

/// Decides what the evidence amounts to. Total: no input panics, every finished run has at least one finding.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let reading = Reading::of(evidence);
    let results: Vec<_> =
        evidence.checks.iter().enumerate().map(|(at, check)| result(at, check, &reading)).collect();
    if !evidence.finished {
        return Diagnosis { verdict: None, results, findings: Vec::new() };
    }
    let findings = patterns::findings(evidence, &results);
    let verdict = Some(verdict(&findings));
    Diagnosis { verdict, results, findings }
}

fn result(at: usize, check: &CheckEvidence, reading: &Reading<'_>) -> CheckResult {
    let decision = reading.decide(at);
    CheckResult {
        id: check.check().id.clone(),
        reached: decision.as_ref().and_then(|(status, _)| reading.reached(at, *status)),
        decision,
        duration_ms: check.observations().last().and_then(|observation| observation.ms),
    }
}

/// The findings already weigh the checks; the verdict only reads them.
fn verdict(findings: &[Finding]) -> Verdict {
    let grave = |severity| findings.iter().any(|finding| finding.severity == severity);
    let all_reached = findings.iter().any(|finding| finding.code == FindingCode::AllReachable);
    match (grave(Severity::Blocking), all_reached, grave(Severity::Warning)) {
        (true, _, _) => Verdict::Blocked,
        (false, false, _) => Verdict::Inconclusive,
        (false, true, true) => Verdict::Degraded,
        (false, true, false) => Verdict::Ready,
    }
}

/// Whether a check says something about what the connector needs; canaries and other refusals do not.
pub(crate) fn counts(check: &CheckEvidence) -> bool {
    check.check().expect != Expect::Refusal
}
