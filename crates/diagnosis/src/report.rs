//! The report file: what a run found, to be saved, sent and loaded back.
//!
//! Source of the format: the project's report contract, `connector-check/report@1`.

use serde::{Deserialize, Serialize};

use crate::answers::Answers;
use crate::catalogue::{Catalogue, CheckId};
use crate::decision::Status;
use crate::diagnosis::{Diagnosis, Verdict};
use crate::evidence::{Evidence, PageKind};
use crate::facts::Reached;
use crate::finding::{Confidence, FindingCode, Severity};
use crate::observation::Observation;
use crate::text::Texts;

/// The only format that is written and read.
pub const FORMAT: &str = "connector-check/report@1";

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always [`FORMAT`].
    pub format: String,
    /// The product's version.
    pub version: String,
    /// Which list was tested.
    pub catalogue: CatalogueStamp,
    /// RFC 3339, UTC.
    pub started: String,
    /// RFC 3339, UTC.
    pub finished: String,
    /// Where the page ran.
    pub environment: Environment,
    /// What it comes to.
    pub verdict: Verdict,
    /// Every check that was planned, canaries included.
    pub checks: Vec<ReportedCheck>,
    /// Ranked.
    pub findings: Vec<ReportedFinding>,
    /// What the admin answered; absent where nothing was.
    #[serde(default, skip_serializing_if = "Answers::is_empty")]
    pub answers: Answers,
}

/// Which list was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueStamp {
    /// Its id.
    pub id: String,
    /// The date of its facts.
    pub updated: String,
}

/// Where the page ran. Nothing about the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Family and major version, for example `Chromium 156`.
    pub browser: String,
    /// For example `Windows`.
    pub os: String,
    /// How the page was opened.
    pub page: PageKind,
    /// Whether it ran inside another page.
    pub embedded: bool,
}

/// One check of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedCheck {
    /// Its id in the catalogue.
    pub id: CheckId,
    /// What it came to.
    pub status: Status,
    /// How far the path was seen to work.
    pub reached: Option<Reached>,
    /// Milliseconds, where something was sent.
    pub duration_ms: Option<f64>,
    /// What was seen, oldest first.
    pub observations: Vec<Observation>,
}

/// One finding of the report, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedFinding {
    /// Which cause.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it explains.
    pub checks: Vec<CheckId>,
    /// One sentence.
    pub summary: String,
    /// What was seen.
    pub evidence: Vec<String>,
}

/// What a report needs beyond the evidence.
pub struct Frame<'a> {
    /// The product's version.
    pub version: &'a str,
    /// The list that was tested.
    pub catalogue: &'a Catalogue,
    /// RFC 3339, UTC.
    pub started: String,
    /// RFC 3339, UTC.
    pub finished: String,
    /// Where the page ran.
    pub environment: Environment,
}

impl Report {
    /// Writes down a finished run; `None` while it goes on.
    pub fn of(evidence: &Evidence, diagnosis: &Diagnosis, frame: Frame<'_>, texts: &Texts) -> Option<Self> {
        let verdict = diagnosis.verdict?;
        let checks = evidence
            .checks
            .iter()
            .zip(&diagnosis.results)
            .map(|(check, result)| ReportedCheck {
                id: result.id.clone(),
                status: result.status().unwrap_or(Status::Inconclusive),
                reached: result.reached,
                duration_ms: result.duration_ms.map(tenths),
                observations: check
                    .observations()
                    .iter()
                    .map(|seen| Observation { ms: seen.ms.map(tenths), ..seen.clone() })
                    .collect(),
            })
            .collect();
        let findings = diagnosis
            .findings
            .iter()
            .map(|finding| ReportedFinding {
                code: finding.code,
                severity: finding.severity,
                confidence: finding.confidence,
                checks: finding.checks.clone(),
                summary: texts.say(&finding.summary),
                evidence: finding.evidence.iter().map(|line| texts.say(line)).collect(),
            })
            .collect();
        Some(Self {
            format: FORMAT.to_owned(),
            version: frame.version.to_owned(),
            catalogue: CatalogueStamp {
                id: frame.catalogue.id.clone(),
                updated: frame.catalogue.updated.clone(),
            },
            started: frame.started,
            finished: frame.finished,
            environment: frame.environment,
            verdict,
            checks,
            findings,
            answers: evidence.supplements.answers.clone(),
        })
    }
}

/// A browser's clock is not finer than a tenth of a millisecond.
fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
