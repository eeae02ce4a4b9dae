//! What this browser sends against what arrived: signs that something on the way opens TLS.
//!
//! A clean path must never be accused, so a difference counts only where no browser, no setting, no policy and no
//! future version could have made it:
//!
//! - Lists are not compared as such: browsers put made-up values in, shuffle extensions, offer new key exchanges with
//!   each version, and policies take ciphers, versions and hashes away. What counts is that a `ClientHello` has what no
//!   browser of the family has ever sent, or lacks several things that each of its versions sends and no setting
//!   removes; one difference alone is none.
//! - Over HTTP/2 a browser may send a request on a connection that it has made for another name of the same server, so
//!   that another server name is nothing; and with encrypted client hello the name in the clear is another by design.
//! - Nothing of this is known for browsers other than Chromium's and Firefox's families.
//!
//! Sources: measured with Chromium 156 and Firefox 153; for versions down to [`OLDEST_CHROMIUM`] and
//! [`OLDEST_FIREFOX`] what is generally known of them, not measured: therefore two differences are asked for, and only such
//! as no version is known to show.

use super::look::{Engine, Look};
use super::{CodePoint, Hello};
use crate::finding::Confidence;

/// The last Chromium for Windows Server 2012 R2 is 109; nothing is claimed of versions much older.
pub const OLDEST_CHROMIUM: u32 = 100;

/// The last Firefox for Windows Server 2012 R2 is 115.
pub const OLDEST_FIREFOX: u32 = 115;

/// A difference between what was sent and what arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// Another nonce came back, or none: the answer is not to this request.
    Nonce,
    /// `Via` was added, with this text.
    Via(String),
    /// `Forwarded` or `X-Forwarded-For` was added, with this text.
    Forwarded(String),
    /// Another server name arrived, or none where one was sent.
    ServerName(Option<String>),
    /// The request was for another host when it arrived.
    Host(String),
    /// The browser spoke this protocol, and another one arrived.
    Protocol(String, String),
    /// The `ClientHello` is not one of this browser's; carries what gave it away.
    Hello(Vec<Trait>),
}

/// Something about a `ClientHello` that tells clients apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trait {
    /// No made-up values anywhere (GREASE, RFC 8701), which Chromium's family always sends.
    NoGrease,
    /// The extension of this number is missing, which the family always sends.
    Lacks(CodePoint),
    /// The extension of this number is there, which no browser has ever sent.
    Has(CodePoint),
    /// A cipher suite, group or signature algorithm of this number is on offer, which no browser has ever offered.
    Offers(CodePoint),
    /// Compressed points of curves are on offer, which no browser has ever offered.
    CompressedPoints,
}

/// How much a sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// An add-on or the responder's own operator could have caused it, too.
    Hint,
    /// Only who reads and writes inside TLS can cause it.
    Proof,
}

/// `encrypt_then_mac` (RFC 7366): OpenSSL and `GnuTLS` send it, the libraries of browsers never had it.
const ENCRYPT_THEN_MAC: CodePoint = CodePoint(0x0016);
/// `signed_certificate_timestamp` (RFC 6962).
const TIMESTAMP: CodePoint = CodePoint(0x0012);
/// `compress_certificate` (RFC 8879).
const COMPRESS_CERTIFICATE: CodePoint = CodePoint(0x001b);
/// `status_request` (RFC 6066).
const STATUS_REQUEST: CodePoint = CodePoint(0x0005);
/// `record_size_limit` (RFC 8449).
const RECORD_SIZE_LIMIT: CodePoint = CodePoint(0x001c);
/// `delegated_credential` (RFC 9345).
const DELEGATED_CREDENTIAL: CodePoint = CodePoint(0x0022);
/// `encrypted_client_hello`.
const ENCRYPTED_HELLO: CodePoint = CodePoint(0xfe0d);
/// `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` (RFC 5746); browsers send the extension in its place.
const RENEGOTIATION_SCSV: CodePoint = CodePoint(0x00ff);
/// x448.
const X448: CodePoint = CodePoint(0x001e);
/// ed448.
const ED448: CodePoint = CodePoint(0x0808);

/// So many differences make a `ClientHello` foreign.
const FOREIGN: usize = 2;

/// The signs in one look; none where there is nothing to compare.
pub fn compare(look: &Look) -> Vec<Sign> {
    // Without TLS at the responder, something in front of it ends TLS: its operator's own affair.
    let Some(tls) = &look.reading.tls else { return Vec::new() };
    let (sent, request) = (&look.sent, &look.reading.request);
    let mut signs = Vec::new();
    if look.reading.nonce.as_deref() != Some(sent.nonce.as_str()) {
        signs.push(Sign::Nonce);
    }
    if !request.via.is_empty() {
        signs.push(Sign::Via(request.via.join(", ")));
    }
    let forwarded = [request.forwarded.as_slice(), &request.x_forwarded_for].concat();
    if !forwarded.is_empty() {
        signs.push(Sign::Forwarded(forwarded.join(", ")));
    }
    if let Some(host) = &request.host
        && !is_host(&without_port(host), &sent.host)
    {
        signs.push(Sign::Host(host.clone()));
    }
    let shared = request.protocol == "h2";
    let encrypted = tls.hello.as_ref().is_some_and(|hello| hello.extensions.contains(&ENCRYPTED_HELLO));
    let named = sent.host.parse::<std::net::IpAddr>().is_err();
    if named && !shared && !encrypted && tls.sni.as_deref() != Some(sent.host.as_str()) {
        signs.push(Sign::ServerName(tls.sni.clone()));
    }
    if !sent.protocol.is_empty() && !request.protocol.is_empty() && sent.protocol != request.protocol {
        signs.push(Sign::Protocol(sent.protocol.clone(), request.protocol.clone()));
    }
    if let (Some(engine), Some(hello)) = (sent.engine, &tls.hello) {
        let foreign = foreign_traits(engine, hello);
        if foreign.len() >= FOREIGN {
            signs.push(Sign::Hello(foreign));
        }
    }
    signs
}

/// What signs amount to together; `None` where there are none.
pub fn confidence(signs: &[Sign]) -> Option<Confidence> {
    match (signs.iter().map(Sign::weight).max()?, signs.len()) {
        (Weight::Proof, _) | (Weight::Hint, 2..) => Some(Confidence::Proven),
        (Weight::Hint, _) => Some(Confidence::Likely),
    }
}

impl Sign {
    const fn weight(&self) -> Weight {
        match self {
            Self::Nonce | Self::Via(_) | Self::ServerName(_) | Self::Hello(_) => Weight::Proof,
            Self::Forwarded(_) | Self::Host(_) | Self::Protocol(..) => Weight::Hint,
        }
    }
}

/// What of a `ClientHello` cannot come from this browser.
pub fn foreign_traits(engine: Engine, hello: &Hello) -> Vec<Trait> {
    let lacks = |numbers: &[CodePoint]| {
        let missing = numbers.iter().filter(|number| !hello.extensions.contains(number));
        missing.map(|number| Trait::Lacks(*number)).collect::<Vec<_>>()
    };
    let mut traits = match engine {
        Engine::Chromium(OLDEST_CHROMIUM..) => {
            let mut all = hello.cipher_suites.iter().chain(&hello.extensions).chain(&hello.groups);
            let mut traits = lacks(&[TIMESTAMP, COMPRESS_CERTIFICATE, STATUS_REQUEST]);
            if !all.any(|number| number.is_grease()) {
                traits.push(Trait::NoGrease);
            }
            traits
        }
        // Stapling can be switched off in Firefox, and so says nothing there.
        Engine::Firefox(OLDEST_FIREFOX..) => lacks(&[RECORD_SIZE_LIMIT, DELEGATED_CREDENTIAL]),
        Engine::Chromium(_) | Engine::Firefox(_) => return Vec::new(),
    };
    if hello.extensions.contains(&ENCRYPT_THEN_MAC) {
        traits.push(Trait::Has(ENCRYPT_THEN_MAC));
    }
    let offers = [
        (RENEGOTIATION_SCSV, &hello.cipher_suites),
        (X448, &hello.groups),
        (ED448, &hello.signature_algorithms),
    ];
    let offered = offers.into_iter().filter(|(number, list)| list.contains(number));
    traits.extend(offered.map(|(number, _)| Trait::Offers(number)));
    if hello.point_formats.iter().any(|form| *form != 0) {
        traits.push(Trait::CompressedPoints);
    }
    traits
}

/// Whether two texts name one host: an address can be written in several ways.
fn is_host(one: &str, other: &str) -> bool {
    let address = |text: &str| text.parse::<std::net::IpAddr>().ok();
    one == other || address(one).is_some_and(|one| address(other) == Some(one))
}

/// A host as it stands in `Host`, without its port, as the page writes it.
fn without_port(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if let Some((v6, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return v6.to_owned();
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => host,
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
