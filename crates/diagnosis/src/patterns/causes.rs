//! Causes on the path: each explains failures that none before it has explained.

use std::collections::{BTreeMap, BTreeSet};

use super::seen::{hosts_count, hosts_of, ports_of};
use super::{Matrix, Row, finding, severity_of};
use crate::catalogue::{Group, Need};
use crate::decision::{Reason, Status};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::text::Message;

impl<'a> Matrix<'a> {
    /// TCP connects, and what should come after it does not: no firewall rule for the port is missing.
    pub(super) fn tls(&mut self) {
        let silent = self.failing(|row| row.reason() == Some(&Reason::SilentAfterConnect));
        if !silent.is_empty() {
            let code = FindingCode::AcceptedThenSilent;
            let summary = tls_summary(code, &silent);
            let evidence = self.lines_with_healthy(&silent, |_| true);
            self.push(code, Confidence::Likely, &silent, summary, evidence);
        }
        let fails = self.failing(|row| row.reason() == Some(&Reason::TlsFails));
        if !fails.is_empty() {
            // Nothing that a page can see separates the two: both are named, the more frequent one first.
            for code in [FindingCode::CertificateNotTrusted, FindingCode::TlsHandshakeRefused] {
                let summary = tls_summary(code, &fails);
                let evidence = self.lines_with_healthy(&fails, |_| true);
                self.push(code, Confidence::Possible, &fails, summary, evidence);
            }
        }
    }

    pub(super) fn login(&mut self) {
        let rows = self.failing(|row| row.check.check().group == Group::Login);
        if rows.is_empty() {
            return;
        }
        let all = self.rows.iter().filter(|row| row.check.check().group == Group::Login).count();
        let confidence = if rows.len() == all { Confidence::Likely } else { Confidence::Possible };
        let summary = Message::new("finding-login-unreachable")
            .text("hosts", hosts_of(&rows))
            .count("count", hosts_count(&rows));
        let evidence = self.lines_with_healthy(&rows, |row| row.check.check().group != Group::Login);
        self.push(FindingCode::LoginUnreachable, confidence, &rows, summary, evidence);
    }

    pub(super) fn revocation(&mut self) {
        let rows = self.failing(|row| row.check.check().group == Group::Revocation);
        if rows.is_empty() {
            return;
        }
        let all = self.rows.iter().filter(|row| row.check.check().group == Group::Revocation).count();
        let confidence = if rows.len() == all { Confidence::Likely } else { Confidence::Possible };
        let summary = Message::new("finding-revocation-unreachable")
            .text("hosts", hosts_of(&rows))
            .text("ports", ports_of(&rows))
            .count("count", hosts_count(&rows));
        let evidence = self.lines_with_healthy(&rows, |row| row.check.check().group != Group::Revocation);
        self.push(FindingCode::RevocationUnreachable, confidence, &rows, summary, evidence);
    }

    /// Every check of a region fails while another region has an answer.
    pub(super) fn regions(&mut self) {
        for region in &self.evidence.regions {
            let of_region = |row: &Row<'_>| row.check.check().region.as_deref() == Some(region.id.as_str());
            let elsewhere = self.rows.iter().any(|row| {
                row.is(Status::Reachable) && row.check.check().region.is_some() && !of_region(row)
            });
            let asked = self.rows.iter().filter(|row| of_region(row) && !row.is(Status::Skipped)).count();
            let rows = self.failing(of_region);
            if rows.len() < 2 || rows.len() < asked || !elsewhere {
                continue;
            }
            let summary = Message::new("finding-region-unreachable")
                .text("region", region.title.clone())
                .text("hosts", hosts_of(&rows))
                .count("count", rows.len());
            let evidence = self.lines_with_healthy(&rows, |row| row.check.check().region.is_some());
            self.push(FindingCode::RegionUnreachable, Confidence::Likely, &rows, summary, evidence);
        }
    }

    /// A port fails on every host that was asked on it, while those hosts answer on other ports.
    pub(super) fn ports(&mut self) {
        let mut by_port: BTreeMap<u16, Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|_| true) {
            by_port.entry(row.port()).or_default().push(row);
        }
        let mut dropped = Vec::new();
        let mut refused = Vec::new();
        for (port, rows) in by_port {
            let asked = self
                .rows
                .iter()
                .filter(|row| row.port() == port && !self.explained.contains(row.id()))
                .filter(|row| !row.is(Status::Skipped))
                .count();
            let hosts_live = rows.iter().all(|row| self.host_answers(row.host()));
            if rows.len() < asked || !hosts_live {
                continue;
            }
            // A firewall that drops is silent on all of them; one refusal speaks against it.
            if rows.iter().all(Row::silent) { dropped.extend(rows) } else { refused.extend(rows) }
        }
        self.port_finding(FindingCode::PortDropped, &dropped, Confidence::Likely);
        // An error alone may be a refusal, a reset or TLS; that no connection was made says which.
        let seen = |row: &Row<'_>| row.reason() == Some(&Reason::ConnectionRefused);
        let confidence = if refused.iter().all(seen) { Confidence::Likely } else { Confidence::Possible };
        self.port_finding(FindingCode::PortRefused, &refused, confidence);
    }

    fn port_finding(&mut self, code: FindingCode, rows: &[Row<'a>], confidence: Confidence) {
        if rows.is_empty() {
            return;
        }
        let ports: BTreeSet<_> = rows.iter().map(Row::port).collect();
        let summary = Message::new(format!("finding-{code}"))
            .text("ports", ports_of(rows))
            .count("portcount", ports.len())
            .text("hosts", hosts_of(rows))
            .count("hostcount", hosts_count(rows));
        let hosts: BTreeSet<_> = rows.iter().map(Row::host).collect();
        let evidence = self.lines_with_healthy(rows, |row| hosts.contains(row.host()));
        self.push(code, confidence, rows, summary, evidence);
    }

    /// Every host under one allow rule fails.
    pub(super) fn domains(&mut self) {
        let mut by_rule: BTreeMap<&str, Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|row| !row.rule().is_empty()) {
            by_rule.entry(row.rule()).or_default().push(row);
        }
        for (rule, rows) in by_rule {
            let asked = self.rows.iter().filter(|row| row.rule() == rule && !row.is(Status::Skipped)).count();
            let elsewhere = self.rows.iter().any(|row| row.rule() != rule && row.is(Status::Reachable));
            if rows.len() < asked || !elsewhere {
                continue;
            }
            let hosts = hosts_count(&rows);
            let confidence = if hosts > 1 { Confidence::Likely } else { Confidence::Possible };
            let summary = Message::new("finding-domain-blocked")
                .text("rule", rule)
                .text("ports", ports_of(&rows))
                .count("count", hosts);
            let evidence = self.lines_with_healthy(&rows, |row| row.rule() != rule);
            // Each host of a service domain may be spared, but not all of them at once.
            self.service_silent |=
                hosts > 1 && rows.iter().all(|row| row.check.check().group == Group::Service);
            let severity = if self.service_silent {
                severity_of(&rows).min(Severity::Warning)
            } else {
                severity_of(&rows)
            };
            self.explain(&rows);
            let code = FindingCode::DomainBlocked;
            self.findings.push(finding(code, severity, confidence, &rows, summary, evidence));
        }
    }

    /// A host that answers nowhere, among siblings under the same rule and port that do.
    pub(super) fn retired(&mut self) {
        for row in self.failing(|_| true) {
            let siblings = |other: &&Row<'_>| {
                other.rule() == row.rule()
                    && other.port() == row.port()
                    && other.host() != row.host()
                    && other.is(Status::Reachable)
            };
            let healthy = self.rows.iter().filter(siblings).count();
            if healthy < 2 || self.host_answers(row.host()) {
                continue;
            }
            let summary = Message::new("finding-endpoint-retired")
                .text("host", row.host())
                .text("rule", row.rule())
                .count("count", healthy);
            let evidence =
                self.lines_with_healthy(&[row], |o| o.rule() == row.rule() && o.port() == row.port());
            let severity = match row.check.check().need {
                Need::Required => Severity::Warning,
                Need::Recommended | Need::Informational => Severity::Info,
            };
            self.explain(&[row]);
            let code = FindingCode::EndpointRetired;
            self.findings.push(finding(code, severity, Confidence::Possible, &[row], summary, evidence));
        }
    }

    /// Failures without a pattern, by host and kind.
    pub(super) fn remaining_failures(&mut self) {
        let mut groups: BTreeMap<(bool, &str), Vec<Row<'a>>> = BTreeMap::new();
        for row in self.failing(|_| true) {
            groups.entry((row.silent(), row.host())).or_default().push(row);
        }
        for ((silent, _), rows) in groups {
            let code = if silent { FindingCode::PortDropped } else { FindingCode::PortRefused };
            self.port_finding(code, &rows, Confidence::Possible);
        }
    }
}

fn tls_summary(code: FindingCode, rows: &[Row<'_>]) -> Message {
    Message::new(format!("finding-{code}"))
        .text("hosts", hosts_of(rows))
        .text("ports", ports_of(rows))
        .count("count", hosts_count(rows))
}
