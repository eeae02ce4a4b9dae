//! What a capture shows of TLS.

use connector_check_capture::facts::{
    AlertLevel, CaptureFacts, Certificate, ClientHello, Connection, HashFamily, Side, Tls, Version,
};

use super::{Answered, Matrix, Shown, place};
use crate::finding::{Confidence, FindingCode};
use crate::text::Message;

/// Domains of the connector's service, whose certificates are known well enough to be judged.
const SERVICE: [&str; 9] = [
    "msappproxy.net",
    "msappproxy.us",
    "servicebus.windows.net",
    "servicebus.usgovcloudapi.net",
    "login.windows.net",
    "microsoftonline.com",
    "microsoftonline.us",
    "login.windows.us",
    "management.azure.com",
];

/// Words of the issuers that the service uses.
const EXPECTED: [&str; 3] = ["microsoft", "digicert", "baltimore cybertrust"];

/// Other public authorities: an unexpected one of these is no inspecting device, so it is not accused.
const PUBLIC: [&str; 30] = [
    "actalis",
    "amazon",
    "buypass",
    "camerfirma",
    "certum",
    "comodo",
    "cybertrust",
    "d-trust",
    "entrust",
    "geotrust",
    "globalsign",
    "godaddy",
    "google trust",
    "harica",
    "identrust",
    "isrg",
    "let's encrypt",
    "network solutions",
    "quovadis",
    "rapidssl",
    "sectigo",
    "ssl.com",
    "starfield",
    "swisssign",
    "symantec",
    "t-systems",
    "telia",
    "thawte",
    "usertrust",
    "verisign",
];

/// Alerts that end a conversation in order.
const ORDERLY: [u8; 2] = [0, 90];

impl Matrix<'_> {
    pub(super) fn tls_of_capture(&mut self, facts: &CaptureFacts) {
        let answered = Answered::of(facts);
        let conversations: Vec<(&Connection, &Tls)> = facts
            .connections
            .iter()
            .filter_map(|connection| Some((connection, connection.tls.as_ref()?)))
            // A tunnel goes on from there.
            .filter(|(connection, tls)| tls.in_tunnel || !answered.is_from_outside(connection))
            .collect();
        let shown = |one: &dyn Fn(&Connection, &Tls) -> Option<Message>| -> Vec<Shown> {
            let lines = conversations
                .iter()
                .filter_map(|(connection, tls)| Some((connection, one(connection, tls)?)));
            lines.map(|(connection, line)| about(connection, line)).collect()
        };
        self.show(FindingCode::Sha512Refused, Confidence::Likely, &shown(&|_, tls| sha512(tls)), |words| {
            Message { id: "finding-sha512-refused-capture".to_owned(), ..words }
        });
        self.show(
            FindingCode::TlsVersionTooOld,
            Confidence::Proven,
            &shown(&|_, tls| version(tls)),
            |words| words,
        );
        self.show(FindingCode::TlsAlert, Confidence::Proven, &shown(&|_, tls| alert(tls)), |words| words);
        let start = facts.start_ns.map(|start| start.div_euclid(1_000_000_000));
        let validity = shown(&|_, tls| start.and_then(|start| outside_validity(tls, start)));
        self.show(FindingCode::CertificateOutsideValidity, Confidence::Proven, &validity, |words| words);
        let foreign = shown(&|connection, tls| foreign_issuer(connection.host()?, tls));
        self.show(FindingCode::CertificateIntercepted, Confidence::Likely, &foreign, |words| words);
    }
}

/// The place that a line is about, with its name filled in.
fn about(connection: &Connection, line: Message) -> Shown {
    let host = connection.host().map_or_else(|| connection.server.address.to_string(), str::to_owned);
    let port = connection.port();
    Shown { line: line.text("place", place(&host, port)), host, port }
}

/// A handshake that one side broke off.
fn alert(tls: &Tls) -> Option<Message> {
    if tls.encrypted_ms.is_some() {
        return None;
    }
    let alert = tls
        .alerts
        .iter()
        .find(|alert| alert.level == AlertLevel::Fatal && !ORDERLY.contains(&alert.description))?;
    let id = match alert.from {
        Side::Client => "evidence-capture-alert-client",
        Side::Server => "evidence-capture-alert-server",
    };
    Some(Message::new(id).text("alert", alert.name()).text("number", alert.description.to_string()))
}

/// A version below 1.2, chosen or all that is offered.
fn version(tls: &Tls) -> Option<Message> {
    let chosen = tls.version().filter(|version| *version < Version::TLS_1_2);
    let offered = tls.client_hello.as_ref().map(ClientHello::highest);
    let offered = offered.filter(|version| *version < Version::TLS_1_2 && tls.server_hello.is_none());
    match (chosen, offered) {
        (Some(chosen), _) => {
            Some(Message::new("evidence-capture-version").text("version", chosen.to_string()))
        }
        (None, Some(offered)) => {
            Some(Message::new("evidence-capture-offered").text("version", offered.to_string()))
        }
        (None, None) => None,
    }
}

/// A signature with SHA-512, a client that does not offer it, and a handshake that failed.
fn sha512(tls: &Tls) -> Option<Message> {
    let hello = tls.client_hello.as_ref()?;
    let offers = hello.signature_algorithms.iter().any(|scheme| scheme.hash() == HashFamily::Sha512);
    let signed =
        tls.certificates.iter().find(|certificate| certificate.signature_algorithm.contains("512"))?;
    // A client that lists nothing leaves it open.
    if offers || hello.signature_algorithms.is_empty() || tls.encrypted_ms.is_some() {
        return None;
    }
    Some(Message::new("evidence-capture-sha512").text("subject", signed.subject.clone()))
}

/// A leaf that was not valid when the capture was taken, by the clock of the machine that took it.
fn outside_validity(tls: &Tls, start: i64) -> Option<Message> {
    let leaf = tls.certificates.first().filter(|leaf| !leaf.unreadable)?;
    let id = if start < leaf.not_before {
        "evidence-capture-not-yet-valid"
    } else if start > leaf.not_after {
        "evidence-capture-expired"
    } else {
        return None;
    };
    Some(Message::new(id).text("subject", leaf.subject.clone()))
}

/// Whether a name belongs to a domain of the connector's service.
pub(super) fn is_of_service(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    SERVICE.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The service's name, and an issuer that is neither its own nor any public one.
fn foreign_issuer(host: &str, tls: &Tls) -> Option<Message> {
    let leaf = tls.certificates.first().filter(|leaf| !leaf.unreadable)?;
    if !is_of_service(host) || known_issuer(leaf) {
        return None;
    }
    Some(Message::new("evidence-capture-issuer").text("issuer", leaf.issuer.clone()))
}

fn known_issuer(leaf: &Certificate) -> bool {
    let issuer = leaf.issuer.to_ascii_lowercase();
    EXPECTED.iter().chain(&PUBLIC).any(|word| issuer.contains(word))
}
