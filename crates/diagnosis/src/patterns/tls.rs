//! Connections that are made, and on which TLS does not come about.

use super::seen::{hosts_count, hosts_of, ports_of};
use super::{Matrix, Row, finding};
use crate::common::{CLOSED_BY_TLS, requests};
use crate::decision::{Reason, Status};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::observation::{Probe, SENT};
use crate::text::Message;
use crate::timing::Step;

/// What is said where TLS is opened in the name of an authority that the browser does not know.
const UNTRUSTED: &str = "tls-intercepted-untrusted";

impl<'a> Matrix<'a> {
    /// Firefox had sent its request, so that the handshake was complete for it, and then TLS failed: with TLS 1.3 a
    /// server says only then that it misses a certificate (measured in Firefox 153).
    pub(super) fn client_certificates(&mut self) {
        let rows = self.select(|row| {
            let seen = row.check.observations();
            row.reason() == Some(&Reason::TlsWithoutHttp)
                && is_tls(row)
                && seen.iter().any(|seen| requests(seen) && seen.notes(SENT))
                && seen.iter().any(|seen| seen.probe == Probe::WebSocket && seen.detail == CLOSED_BY_TLS)
        });
        if rows.is_empty() {
            return;
        }
        let code = FindingCode::ClientCertificateRequested;
        let evidence = self.lines_with_healthy(&rows, |_| true);
        self.explain(&rows);
        let summary = summary(code.as_str(), &rows);
        self.findings.push(finding(code, Severity::Info, Confidence::Likely, &rows, summary, evidence));
    }

    /// TCP connects, and what should come after it does not: no firewall rule for the port is missing.
    pub(super) fn tls(&mut self) {
        let silent = self.failing(|row| row.reason() == Some(&Reason::SilentAfterConnect));
        self.tls_finding(&[(FindingCode::AcceptedThenSilent, Confidence::Likely)], &silent);
        let (common, known) = (self.common, |row: &Row<'_>| row.reason() == Some(&Reason::TlsFails));
        // Where nothing but the time of the failure tells that a connection was made, a step is one of a direct way.
        let step = |row: &Row<'_>| match (known(row), row.reason()) {
            (true, _) => common.pace.tls_step(row.check),
            (false, Some(Reason::Failed)) => common.pace.step(row.check).filter(|_| is_tls(row)),
            (false, _) => None,
        };
        let handshake = self.failing(|row| matches!(step(row), Some(Step::Handshake | Step::Reset)));
        self.tls_finding(&[(FindingCode::TlsHandshakeRefused, Confidence::Likely)], &handshake);
        let open = self.failing(|row| known(row) || step(row) == Some(Step::OneHandshake));
        // Nothing that a page can see separates the two: both are named, the more frequent one first.
        let mut both = vec![FindingCode::CertificateNotTrusted, FindingCode::TlsHandshakeRefused];
        if !common.tcp_honest {
            both.push(FindingCode::TlsIntercepted);
        }
        let both: Vec<_> = both.into_iter().map(|code| (code, Confidence::Possible)).collect();
        self.tls_finding(&both, &open);
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
        let summary = |code| match code {
            FindingCode::TlsIntercepted => summary(UNTRUSTED, rows),
            _ => summary(code.as_str(), rows),
        };
        self.push_candidates(candidates, rows, summary, &evidence, &command);
    }

    /// Connections are made in the name of what cannot exist, and TLS fails on them as it does on all others: somebody
    /// opens TLS whose authority this browser does not know.
    pub(super) fn unknown_authority(&mut self) {
        // What is a mere machine for names that nobody has leaves all others alone.
        let honest = |row: &Row<'_>| row.is(Status::Reachable) && is_tls(row);
        if self.common.tcp_honest || self.rows.iter().any(honest) {
            return;
        }
        let rows = self.failing(|row| row.reason() == Some(&Reason::TlsFails));
        if rows.is_empty() {
            return;
        }
        let mut evidence = self.lines_with_healthy(&rows, |_| true);
        evidence.insert(0, Message::new("evidence-impossible-connected"));
        let summary = summary(UNTRUSTED, &rows);
        self.push(FindingCode::TlsIntercepted, Confidence::Likely, &rows, summary, evidence);
    }
}

fn is_tls(row: &Row<'_>) -> bool {
    row.endpoint.is_some_and(|place| place.scheme.is_tls())
}

pub(super) fn summary(code: &str, rows: &[Row<'_>]) -> Message {
    Message::new(format!("finding-{code}"))
        .text("hosts", hosts_of(rows))
        .text("ports", ports_of(rows))
        .count("count", hosts_count(rows))
}
