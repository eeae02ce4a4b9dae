//! What a proxy on the way does: a sign-in that it demands, ports that it opens no tunnels to.

use std::collections::BTreeSet;

use super::browser::asks_permission;
use super::seen::{hosts_count, hosts_of, line, ports_of};
use super::{Matrix, Row, finding, severity_of};
use crate::common::Way;
use crate::decision::{Reason, Status};
use crate::endpoint::Scheme;
use crate::finding::{Confidence, FindingCode, Severity};
use crate::text::Message;
use crate::timing::Step;

impl<'a> Matrix<'a> {
    /// Requests for a name that cannot exist wait for somebody, while a WebSocket to it is turned down at once: a
    /// proxy demands a sign-in, and the browser asks the user for it.
    pub(super) fn proxy_sign_in(&mut self) {
        let canaries: Vec<_> =
            self.refusals.iter().copied().filter(|row| row.reason() == Some(&Reason::Held)).collect();
        let waiting = |row: &Row<'_>| {
            matches!(row.reason(), Some(Reason::NothingAnswered | Reason::TimedOut | Reason::Held))
        };
        let held = |row: &Row<'_>| row.reason() == Some(&Reason::Held) && !asks_permission(row);
        let (rows, confidence) = if canaries.is_empty() {
            // A proxy may demand it for some destinations alone; others hold requests, too.
            (self.select(held), Confidence::Possible)
        } else {
            (self.select(waiting), Confidence::Likely)
        };
        if rows.is_empty() {
            return;
        }
        let about = canaries.iter().chain(rows.iter().take(3));
        let evidence = about.map(|row| line("evidence-held", row)).collect();
        let summary =
            Message::new("finding-proxy-requires-authentication").count("count", hosts_count(&rows));
        self.push(FindingCode::ProxyRequiresAuthentication, confidence, &rows, summary, evidence);
    }

    /// A port fails on every host while a proxy shows itself; the proxy makes all connections, so it is the first to
    /// be asked, and what lies behind it the next.
    pub(super) fn refused_ports(&mut self, rows: &[Row<'a>], confidence: Confidence) {
        if rows.is_empty() {
            return;
        }
        if self.common.way != Way::Proxy {
            self.port_finding(FindingCode::PortRefused, rows, confidence);
            return;
        }
        let tunnel = |row: &Row<'_>| self.common.pace.step(row.check) == Some(Step::Tunnel);
        let by_proxy = if rows.iter().all(tunnel) { Confidence::Likely } else { Confidence::Possible };
        let candidates =
            [(FindingCode::ProxyRefusesPort, by_proxy), (FindingCode::PortRefused, Confidence::Possible)];
        let mut evidence = self.lines_with_healthy(rows, |row| row.is(Status::Reachable));
        let canary = self.refusals.iter().find(|row| row.is(Status::Intercepted));
        evidence.extend(canary.map(|row| line("evidence-proxy", row)));
        let command = format!("curl.exe -v -x http://proxyserver:8080 {}", rows[0].url());
        let summary = |code| port_summary(code, rows);
        self.push_candidates(&candidates, rows, summary, &evidence, &command);
    }

    /// No `WebSocket` opens where HTTPS answers on the same host.
    pub(super) fn websockets(&mut self) {
        let rows = self.select(|row| {
            row.endpoint.is_some_and(|place| place.scheme == Scheme::Wss)
                && row.reason() == Some(&Reason::NeedsAnotherProbe)
                && self.host_answers(row.host())
        });
        if rows.is_empty() {
            return;
        }
        let summary = Message::new("finding-websocket-blocked")
            .text("hosts", hosts_of(&rows))
            .count("count", hosts_count(&rows));
        let mut evidence = self.lines_with_healthy(&rows, |row| row.is(Status::Reachable));
        let command = format!("curl.exe -v {}", rows[0].url().replacen("wss:", "https:", 1));
        evidence.push(Message::new("evidence-separates").text("command", command));
        let code = FindingCode::WebsocketBlocked;
        // A server that opens none at this address looks the same.
        let severity = severity_of(&rows).max(Severity::Warning);
        self.explain(&rows);
        self.findings.push(finding(code, severity, Confidence::Possible, &rows, summary, evidence));
    }
}

pub(super) fn port_summary(code: FindingCode, rows: &[Row<'_>]) -> Message {
    let ports: BTreeSet<_> = rows.iter().map(Row::port).collect();
    Message::new(format!("finding-{code}"))
        .text("ports", ports_of(rows))
        .count("portcount", ports.len())
        .text("hosts", hosts_of(rows))
        .count("hostcount", hosts_count(rows))
}
