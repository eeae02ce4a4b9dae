//! The diagnosis: a status for every check, then the findings that explain them, then the verdict.

use serde::{Deserialize, Serialize};

use crate::decision::{CheckResult, Reading};
use crate::evidence::Evidence;
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

/// Decides what the evidence amounts to. Total: no input panics, every finished run has at least one finding.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let reading = Reading::of(evidence);
    let results: Vec<_> = (0..evidence.checks.len()).map(|at| reading.result(at)).collect();
    if !evidence.finished {
        return Diagnosis { verdict: None, results, findings: Vec::new() };
    }
    let findings = patterns::findings(evidence, &results, &reading.common);
    let verdict = Some(verdict(&findings));
    Diagnosis { verdict, results, findings }
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
