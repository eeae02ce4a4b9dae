//! Connections that are made, and on which TLS does not come about.

use super::seen::{hosts_count, hosts_of, ports_of};
use super::{Matrix, Row};
use crate::decision::Reason;
use crate::finding::{Confidence, FindingCode};
use crate::text::Message;
use crate::timing::Step;

/// How a failed TLS connection ended, as far as its time tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Handshake,
    Open,
}

impl<'a> Matrix<'a> {
    /// TCP connects, and what should come after it does not: no firewall rule for the port is missing.
    pub(super) fn tls(&mut self) {
        let silent = self.failing(|row| row.reason() == Some(&Reason::SilentAfterConnect));
        self.tls_finding(&[(FindingCode::AcceptedThenSilent, Confidence::Likely)], &silent);
        let (common, known) = (self.common, |row: &Row<'_>| row.reason() == Some(&Reason::TlsFails));
        let kind = |row: &Row<'_>| match (known(row), common.pace.tls_step(row.check)) {
            (true, Some(Step::Certificate)) => Kind::Certificate,
            (true, Some(Step::Handshake)) => Kind::Handshake,
            (true, _) | (false, None) => Kind::Open,
            // Nothing but the time of the failure tells that a connection was made.
            (false, Some(_)) => match common.pace.step(row.check) {
                Some(Step::Certificate) => Kind::Certificate,
                Some(Step::Handshake) => Kind::Handshake,
                _ => Kind::Open,
            },
        };
        let timed = |row: &Row<'_>| known(row) || row.reason() == Some(&Reason::Failed);
        let certificate = self.failing(|row| timed(row) && kind(row) == Kind::Certificate);
        self.tls_finding(&[(FindingCode::CertificateNotTrusted, Confidence::Likely)], &certificate);
        let reset = |row: &Row<'_>| {
            row.endpoint.is_some_and(|place| place.scheme.is_tls())
                && common.pace.step(row.check) == Some(Step::Reset)
        };
        let handshake = self.failing(|row| timed(row) && (kind(row) == Kind::Handshake || reset(row)));
        self.tls_finding(&[(FindingCode::TlsHandshakeRefused, Confidence::Likely)], &handshake);
        let open = self.failing(known);
        // Nothing that a page can see separates the two: both are named, the more frequent one first.
        let both = [FindingCode::CertificateNotTrusted, FindingCode::TlsHandshakeRefused];
        self.tls_finding(&both.map(|code| (code, Confidence::Possible)), &open);
        let cut = self.failing(|row| {
            row.reason() == Some(&Reason::Failed)
                && matches!(common.pace.step(row.check), Some(Step::AfterTls | Step::Reset))
        });
        self.tls_finding(&[(FindingCode::AcceptedThenSilent, Confidence::Possible)], &cut);
    }

    fn tls_finding(&mut self, candidates: &[(FindingCode, Confidence)], rows: &[Row<'a>]) {
        let Some(first) = rows.first() else { return };
        let evidence = self.lines_with_healthy(rows, |_| true);
        let command = format!("curl.exe -v --connect-timeout 30 {}", first.url());
        self.push_candidates(candidates, rows, |code| summary(code.as_str(), rows), &evidence, &command);
    }

    /// Connections are made in the name of what cannot exist, and TLS fails on them as it does on all others: somebody
    /// opens TLS whose authority this browser does not know.
    pub(super) fn unknown_authority(&mut self) {
        if self.common.tcp_honest {
            return;
        }
        let rows = self.failing(|row| row.reason() == Some(&Reason::TlsFails));
        if rows.is_empty() {
            return;
        }
        let mut evidence = self.lines_with_healthy(&rows, |_| true);
        evidence.insert(0, Message::new("evidence-impossible-connected"));
        let summary = summary("tls-intercepted-untrusted", &rows);
        self.push(FindingCode::TlsIntercepted, Confidence::Likely, &rows, summary, evidence);
    }
}

pub(super) fn summary(code: &str, rows: &[Row<'_>]) -> Message {
    Message::new(format!("finding-{code}"))
        .text("hosts", hosts_of(rows))
        .text("ports", ports_of(rows))
        .count("count", hosts_count(rows))
}
