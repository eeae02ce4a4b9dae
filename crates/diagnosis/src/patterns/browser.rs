//! What the browser itself may have done, where the network is easily blamed for it.

use super::seen::{hosts_count, hosts_of, lines, ports_of};
use super::{Matrix, Row, finding};
use crate::common::requests;
use crate::decision::Reason;
use crate::facts::at_once;
use crate::finding::{Confidence, FindingCode, Severity};
use crate::observation::{PERMISSION_POSSIBLE, PERMISSION_PROMPT};
use crate::text::Message;

impl<'a> Matrix<'a> {
    /// Missing permissions that are only possible, and add-ons.
    pub(super) fn in_the_browser(&mut self) {
        let permission = self.select(|row| {
            matches!(
                row.reason(),
                Some(Reason::PermissionPossible | Reason::Withheld | Reason::PermissionPrompt | Reason::Held)
            ) && asks_permission(row)
        });
        self.own_limit(FindingCode::LocalNetworkPermission, Confidence::Possible, &permission);
        // TLS was completed in another way, and requests ended before a single packet could have come back.
        let nearest = self.common.pace.nearest().is_some();
        let unsent = |row: &Row<'_>| {
            nearest && row.reason() == Some(&Reason::TlsWithoutHttp) && at_once(row.check.observations())
        };
        self.own_limit(FindingCode::BlockedByAddOn, Confidence::Likely, &self.select(unsent));
        let sudden = self.select(|row| row.reason() == Some(&Reason::AtOnce));
        for code in [FindingCode::BlockedByAddOn, FindingCode::NameNotResolved] {
            self.own_limit(code, Confidence::Possible, &sudden);
        }
    }

    fn own_limit(&mut self, code: FindingCode, confidence: Confidence, rows: &[Row<'a>]) {
        let Some(first) = rows.first() else { return };
        let summary = Message::new(format!("finding-{code}"))
            .text("hosts", hosts_of(rows))
            .text("ports", ports_of(rows))
            .count("count", hosts_count(rows));
        let mut evidence = lines(rows);
        if confidence == Confidence::Possible {
            let command = format!("Resolve-DnsName {}", first.host());
            evidence.push(Message::new("evidence-separates").text("command", command));
        }
        self.explain(rows);
        self.findings.push(finding(code, Severity::Info, confidence, rows, summary, evidence));
    }
}

/// Whether the browser may be waiting for a permission for this one.
pub(super) fn asks_permission(row: &Row<'_>) -> bool {
    let noted = |note| row.check.observations().iter().any(|seen| requests(seen) && seen.notes(note));
    noted(PERMISSION_POSSIBLE) || noted(PERMISSION_PROMPT)
}
