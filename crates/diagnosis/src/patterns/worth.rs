//! What the run as a whole is worth: made-up answers, no network, what was not or could not be asked, what
//! stays open, and when all is well.

use std::collections::BTreeSet;

use super::seen::{hosts_of, line, lines, ports_of, seconds};
use super::{Matrix, Row, finding, severity_of};
use crate::catalogue::Need;
use crate::decision::{Reason, Status};
use crate::evidence::NotRun;
use crate::finding::{Confidence, Finding, FindingCode, Severity};
use crate::observation::BrowserLimit;
use crate::plan::Canary;
use crate::text::Message;

/// Answers slower than this are worth a word: a healthy one takes a handful of round trips.
const SLOW_MS: f64 = 3_000.0;

impl Matrix<'_> {
    /// Names that cannot exist get answers: no answer of this run can be trusted.
    pub(super) fn fabricated(&mut self) {
        let answered: Vec<_> =
            self.refusals.iter().copied().filter(|row| row.is(Status::Intercepted)).collect();
        if answered.is_empty() {
            return;
        }
        let spoiled = self.select(|row| {
            matches!(row.reason(), Some(Reason::AnswersAreFabricated | Reason::DomainAnswersAnything))
        });
        let only_domains =
            answered.iter().all(|row| matches!(row.check.planned.canary, Some(Canary::Domain(_))));
        let tls = answered.iter().any(|row| {
            row.endpoint.is_some_and(|e| e.scheme.is_tls())
                && !matches!(row.check.planned.canary, Some(Canary::Domain(_)))
        });
        let evidence: Vec<_> = answered.iter().map(|row| line("evidence-impossible-answered", row)).collect();
        let kind = match (tls, only_domains) {
            (true, _) => "tls",
            (false, true) => "domain",
            (false, false) => "plain",
        };
        let severity = match (tls, only_domains) {
            // Whether or not it spares what the connector needs.
            (true, _) => severity_of(&spoiled).min(Severity::Warning),
            (false, true) => severity_of(&spoiled),
            (false, false) => Severity::Warning,
        };
        let confidence = if only_domains { Confidence::Likely } else { Confidence::Proven };
        let summary = Message::new(format!("finding-answers-fabricated-{kind}"))
            .text("host", answered[0].host())
            .count("count", spoiled.len());
        let ids: Vec<_> = answered.iter().chain(&spoiled).map(|row| row.id().clone()).collect();
        self.explain(&spoiled);
        self.findings.push(Finding {
            code: FindingCode::AnswersFabricated,
            severity,
            confidence,
            checks: ids.clone(),
            places: Vec::new(),
            summary,
            evidence: evidence.clone(),
        });
        if tls {
            // Only a certificate made for the name and trusted by this browser lets it answer.
            self.findings.push(Finding {
                code: FindingCode::TlsIntercepted,
                severity,
                confidence: Confidence::Proven,
                checks: ids,
                places: Vec::new(),
                summary: Message::new("finding-tls-intercepted").text("host", answered[0].host()),
                evidence,
            });
        }
    }

    /// Nothing beyond this machine answered.
    pub(super) fn no_network(&mut self) {
        // Where answers are made up, something is there, and what it hides is open.
        if self.refusals.iter().any(|row| row.is(Status::Intercepted)) || !self.common.tcp_honest {
            return;
        }
        // Something answered, and it is open what answers are worth.
        if self.rows.iter().any(|row| row.reason() == Some(&Reason::CanaryUndecided)) {
            return;
        }
        // Where only what failed was asked again, nothing was asked that could have answered.
        if self.rows.iter().any(|row| row.check.earlier && row.is(Status::Reachable)) {
            return;
        }
        let dead = self.select(|row| {
            row.reason() == Some(&Reason::NothingAnswered) && !self.explained.contains(row.id())
        });
        if !self.evidence.online && !dead.is_empty() {
            let mut evidence = vec![Message::new("evidence-offline")];
            evidence.extend(lines(&dead));
            let summary = Message::new("finding-browser-offline");
            self.push(FindingCode::BrowserOffline, Confidence::Proven, &dead, summary, evidence);
        } else if !dead.is_empty() {
            let hosts: BTreeSet<_> = dead.iter().map(Row::host).collect();
            let confidence = if hosts.len() > 2 { Confidence::Likely } else { Confidence::Possible };
            let summary = Message::new("finding-no-internet").count("count", hosts.len());
            let evidence = lines(&dead);
            self.push(FindingCode::NoInternet, confidence, &dead, summary, evidence);
        }
    }

    /// What the browser would not ask.
    pub(super) fn browser_limits(&mut self) {
        for limit in BrowserLimit::ALL {
            let rows = self.select(|row| row.reason() == Some(&Reason::Prevented(limit)));
            if rows.is_empty() {
                continue;
            }
            let code = match limit {
                BrowserLimit::MixedContent => FindingCode::MixedContent,
                BrowserLimit::RestrictedPort => FindingCode::PortRestrictedByBrowser,
                BrowserLimit::PagePolicy => FindingCode::BlockedByPagePolicy,
                BrowserLimit::LocalNetwork => FindingCode::LocalNetworkPermission,
            };
            let summary = Message::new(format!("finding-{code}"))
                .count("count", rows.len())
                .text("ports", ports_of(&rows));
            let evidence = lines(&rows);
            self.explain(&rows);
            self.findings.push(finding(code, Severity::Info, Confidence::Proven, &rows, summary, evidence));
        }
    }

    pub(super) fn slow(&mut self) {
        let rows = self
            .select(|row| row.is(Status::Reachable) && row.result.duration_ms.is_some_and(|ms| ms > SLOW_MS));
        if rows.is_empty() {
            return;
        }
        let slowest = rows.iter().filter_map(|row| row.result.duration_ms).fold(0.0, f64::max);
        let summary = Message::new("finding-slow-path")
            .text("hosts", hosts_of(&rows))
            .text("seconds", seconds(slowest))
            .count("count", rows.len());
        let evidence = lines(&rows);
        let needed = rows.iter().any(|row| row.check.check().need != Need::Informational);
        let severity = if needed { Severity::Warning } else { Severity::Info };
        let code = FindingCode::SlowPath;
        self.findings.push(finding(code, severity, Confidence::Proven, &rows, summary, evidence));
    }

    pub(super) fn not_run(&mut self) {
        let waiting = self.select(|row| matches!(row.reason(), Some(Reason::WaitsFor(_))));
        if !waiting.is_empty() {
            let ids: BTreeSet<_> = waiting
                .iter()
                .filter_map(|row| match row.reason() {
                    Some(Reason::WaitsFor(ids)) => Some(ids.join(", ")),
                    _ => None,
                })
                .collect();
            let names = ids.into_iter().collect::<Vec<_>>().join(", ");
            let summary = Message::new("finding-waiting-for-input")
                .count("count", waiting.len())
                .text("names", names.clone());
            let evidence =
                vec![Message::new("evidence-waiting").count("count", waiting.len()).text("names", names)];
            let code = FindingCode::WaitingForInput;
            let (severity, confidence) = (Severity::Info, Confidence::Proven);
            self.findings.push(finding(code, severity, confidence, &waiting, summary, evidence));
        }
        let cut =
            self.select(|row| matches!(row.reason(), Some(Reason::NotRun(NotRun::Stopped | NotRun::NoRoom))));
        if !cut.is_empty() {
            let no_room = cut.iter().filter(|row| row.reason() == Some(&Reason::NotRun(NotRun::NoRoom)));
            let line = if no_room.count() > 0 { "evidence-no-room" } else { "evidence-stopped" };
            let summary = Message::new("finding-run-incomplete").count("count", cut.len());
            let evidence = vec![Message::new(line).count("count", cut.len())];
            let code = FindingCode::RunIncomplete;
            let (severity, confidence) = (Severity::Info, Confidence::Proven);
            self.findings.push(finding(code, severity, confidence, &cut, summary, evidence));
        }
    }

    pub(super) fn undecided(&mut self) {
        let rows = self.select(|row| row.is(Status::Inconclusive) && !self.explained.contains(row.id()));
        if rows.is_empty() {
            return;
        }
        let summary =
            Message::new("finding-undecided").count("count", rows.len()).text("hosts", hosts_of(&rows));
        let mut evidence = lines(&rows);
        let canary_silent = rows.iter().any(|row| row.reason() == Some(&Reason::CanaryUndecided));
        if canary_silent {
            evidence.insert(0, Message::new("evidence-canary-silent"));
        }
        for (reason, id) in [
            (Reason::DomainMayBeSpared, "evidence-domain-spared"),
            (Reason::HostUnproven, "evidence-host-unproven"),
        ] {
            let about: Vec<_> = rows.iter().copied().filter(|row| row.reason() == Some(&reason)).collect();
            if !about.is_empty() {
                evidence.insert(0, Message::new(id).text("hosts", hosts_of(&about)));
            }
        }
        let code = FindingCode::Undecided;
        let (severity, confidence) = (Severity::Info, Confidence::Possible);
        self.findings.push(finding(code, severity, confidence, &rows, summary, evidence));
    }

    /// Everything that the connector needs was reached, and nothing made answers up.
    pub(super) fn all_reachable(&mut self) {
        let needed: Vec<_> =
            self.rows.iter().copied().filter(|row| row.check.check().need == Need::Required).collect();
        // Without any required check, everything there is has to stand for it.
        let needed = if needed.is_empty() { self.rows.clone() } else { needed };
        let made_up = self.refusals.iter().any(|row| row.is(Status::Intercepted));
        if needed.is_empty()
            || made_up
            || self.service_silent
            || self.opened
            || !needed.iter().all(|row| row.is(Status::Reachable))
        {
            if self.findings.is_empty() {
                self.nothing_to_say();
            }
            return;
        }
        let summary = Message::new("finding-all-reachable").count("count", needed.len());
        let refused = self.refusals.iter().filter(|row| row.reason() == Some(&Reason::RefusedAsItMust));
        let evidence = vec![
            Message::new("evidence-all-answered").count("count", needed.len()),
            Message::new("evidence-canaries-clean").count("count", refused.count()),
        ];
        let code = FindingCode::AllReachable;
        // Whoever intercepts only names that exist stays unseen; a page cannot read certificates.
        let (severity, confidence) = (Severity::Info, Confidence::Likely);
        self.findings.push(finding(code, severity, confidence, &needed, summary, evidence));
    }

    /// A run of which nothing counts still gets a word.
    fn nothing_to_say(&mut self) {
        let summary = Message::new("finding-undecided").count("count", 0).text("hosts", "");
        let evidence = vec![Message::new("evidence-nothing-asked")];
        let code = FindingCode::Undecided;
        let (severity, confidence) = (Severity::Info, Confidence::Possible);
        self.findings.push(finding(code, severity, confidence, &self.refusals, summary, evidence));
    }
}
