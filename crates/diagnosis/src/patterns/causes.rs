//! Causes on the path: each explains failures that none before it has explained.

use super::seen::{hosts_count, hosts_of, ports_of};
use super::{Matrix, Row};
use crate::catalogue::Group;
use crate::decision::Status;
use crate::finding::{Confidence, FindingCode};
use crate::text::Message;

impl Matrix<'_> {
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
}
