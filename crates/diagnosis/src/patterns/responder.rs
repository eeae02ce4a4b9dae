//! What readings of a responder show: interception in the act, and ports that offer one thing alone.

use std::collections::BTreeSet;

use super::seen::{hosts_count, hosts_of, line, place, ports_of};
use super::{Matrix, Row, finding, severity_of};
use crate::catalogue::Group;
use crate::decision::{Reason, Status};
use crate::finding::{Confidence, FindingCode, Severity};
use crate::responder::compare::{Sign, Trait, compare, confidence};
use crate::responder::{Look, Ports};
use crate::text::Message;

/// More lines of evidence than this hide what they show.
const MAX_SIGNS: usize = 8;

/// What a port offers alone, and what it means that it fails while its host answers elsewhere.
struct Special {
    code: FindingCode,
    /// The sentence.
    summary: &'static str,
    /// A part of a check's id, between hyphens, that says so of a host that is no responder.
    mark: &'static str,
    ports: fn(&Ports) -> &Vec<u16>,
}

const SPECIALS: [Special; 3] = [
    Special {
        code: FindingCode::ClientCertificateRequested,
        summary: "finding-client-certificate-requested",
        mark: "clientcertificate",
        ports: |ports| &ports.client_certificate,
    },
    Special {
        code: FindingCode::Tls12Unavailable,
        summary: "finding-tls12-unavailable",
        mark: "tls12",
        ports: |ports| &ports.tls12,
    },
    Special {
        code: FindingCode::Sha512Refused,
        summary: "finding-sha512-refused-responder",
        mark: "sha512",
        ports: |ports| &ports.sha512,
    },
];

impl<'a> Matrix<'a> {
    /// What arrived at a responder is not what this browser sent.
    pub(super) fn inspected(&mut self) {
        let mut rows: Vec<Row<'a>> = Vec::new();
        let mut found: Option<Confidence> = None;
        let mut evidence = Vec::new();
        for row in self.rows.iter().copied().filter(|row| row.endpoint.is_some_and(|e| e.scheme.is_tls())) {
            let Some(signs) = looks(&row).map(|look| compare(&look)).find(|signs| !signs.is_empty()) else {
                continue;
            };
            // The surest first, in the order of the enum.
            found = found.into_iter().chain(confidence(&signs)).min();
            evidence.extend(signs.iter().map(|sign| sign_line(&row, sign)));
            rows.push(row);
        }
        let Some(confidence) = found else { return };
        let more = evidence.len().saturating_sub(MAX_SIGNS);
        evidence.truncate(MAX_SIGNS);
        if more > 0 {
            evidence.push(Message::new("evidence-more").count("count", more));
        }
        self.opened |= confidence == Confidence::Proven;
        let intercepted = FindingCode::TlsIntercepted;
        if let Some(known) = self.findings.iter_mut().find(|finding| finding.code == intercepted) {
            // A canary has shown it already: the readings show where.
            let new = rows.iter().map(|row| row.id().clone()).filter(|id| !known.checks.contains(id));
            known.checks.extend(new.collect::<Vec<_>>());
            known.evidence.extend(evidence);
            return;
        }
        let summary = Message::new("finding-tls-intercepted-responder")
            .text("hosts", hosts_of(&rows))
            .text("ports", ports_of(&rows))
            .count("count", hosts_count(&rows));
        // What is likely only warns.
        let severity = match confidence {
            Confidence::Proven => severity_of(&rows),
            Confidence::Likely | Confidence::Possible => severity_of(&rows).max(Severity::Warning),
        };
        self.findings.push(finding(intercepted, severity, confidence, &rows, summary, evidence));
    }

    /// A port fails that offers one thing alone, while its host answers on another.
    pub(super) fn specials(&mut self) {
        for special in SPECIALS {
            let rows =
                self.failing(|row| self.is_special(row, &special) && self.answers_otherwise(row, &special));
            if rows.is_empty() {
                continue;
            }
            let evidence = self.lines_with_healthy(&rows, |row| !self.is_special(row, &special));
            let summary = Message::new(special.summary)
                .text("hosts", hosts_of(&rows))
                .text("ports", ports_of(&rows))
                .count("count", hosts_count(&rows));
            if special.code == FindingCode::ClientCertificateRequested {
                // No browser can pass there, and none need: it is no fault of the path.
                self.explain(&rows);
                let (severity, confidence) = (Severity::Info, Confidence::Likely);
                self.findings.push(finding(special.code, severity, confidence, &rows, summary, evidence));
                continue;
            }
            // That the port itself is closed stays possible, unless TLS was seen to fail on it.
            let by_tls = rows.iter().all(|row| row.reason() == Some(&Reason::TlsFails));
            let confidence = if by_tls { Confidence::Likely } else { Confidence::Possible };
            self.push(special.code, confidence, &rows, summary, evidence);
        }
    }

    fn is_special(&self, row: &Row<'_>, special: &Special) -> bool {
        let told = self.rows.iter().filter(|other| other.host() == row.host()).flat_map(looks);
        let mut ports = told.map(|look| look.reading.ports);
        ports.any(|ports| (special.ports)(&ports).contains(&row.port()))
            || (row.check.check().group == Group::Tls
                && row.id().0.split('-').any(|part| part == special.mark))
    }

    /// Whether something else that this row depends on was seen to work: its host where it is a responder's port,
    /// anything of its group where it is a host of its own.
    fn answers_otherwise(&self, row: &Row<'_>, special: &Special) -> bool {
        self.rows.iter().any(|other| {
            other.is(Status::Reachable)
                && !self.is_special(other, special)
                && (other.host() == row.host() || other.check.check().group == Group::Tls)
        })
    }
}

/// The readings of a check.
fn looks<'a>(row: &Row<'a>) -> impl Iterator<Item = Look> + use<'a> {
    row.check.observations().iter().filter_map(Look::of)
}

fn sign_line(row: &Row<'_>, sign: &Sign) -> Message {
    match sign {
        Sign::Nonce => line("evidence-responder-nonce", row),
        Sign::Via(text) => line("evidence-responder-via", row).text("text", text.as_str()),
        Sign::Forwarded(text) => line("evidence-responder-forwarded", row).text("text", text.as_str()),
        Sign::ServerName(None) => line("evidence-responder-no-name", row),
        Sign::ServerName(Some(name)) => line("evidence-responder-name", row).text("text", name.as_str()),
        Sign::Host(host) => line("evidence-responder-host", row).text("text", host.as_str()),
        Sign::Protocol(sent, arrived) => line("evidence-responder-protocol", row)
            .text("sent", sent.as_str())
            .text("text", arrived.as_str()),
        Sign::Hello(traits) => {
            let texts: BTreeSet<_> = traits.iter().map(|it| trait_text(*it)).collect();
            let text = texts.into_iter().collect::<Vec<_>>().join(", ");
            Message::new("evidence-responder-hello").text("endpoint", place(row)).text("text", text)
        }
    }
}

/// Technical names, the same in every language.
fn trait_text(it: Trait) -> String {
    let name = |number: crate::responder::CodePoint| match number.0 {
        0x0005 => "status_request".to_owned(),
        0x0012 => "signed_certificate_timestamp".to_owned(),
        0x0016 => "encrypt_then_mac".to_owned(),
        0x001b => "compress_certificate".to_owned(),
        0x001c => "record_size_limit".to_owned(),
        0x001e => "x448".to_owned(),
        0x0022 => "delegated_credential".to_owned(),
        0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV".to_owned(),
        0x0808 => "ed448".to_owned(),
        _ => number.to_string(),
    };
    match it {
        Trait::NoGrease => "− GREASE".to_owned(),
        Trait::Lacks(number) => format!("− {}", name(number)),
        Trait::Has(number) | Trait::Offers(number) => format!("+ {}", name(number)),
        Trait::CompressedPoints => "+ ansiX962_compressed".to_owned(),
    }
}
