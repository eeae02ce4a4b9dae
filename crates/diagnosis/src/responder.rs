//! What a test endpoint of our own tells of one request: the format `connector-check/responder@1`, shared by
//! the responder that writes it and the page that reads it. Described for others in `docs/responder.md`.

mod code_point;
pub mod compare;
mod look;
pub mod names;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use code_point::CodePoint;
pub use look::{Engine, Look, Phases, Sent};

/// The only format there is.
pub const FORMAT: &str = "connector-check/responder@1";

/// Bytes of the longest answer that is read. A responder's own are below 8 KiB.
pub const MAX_READING: usize = 64 * 1024;

/// Characters of the longest nonce that is echoed.
pub const MAX_NONCE: usize = 64;

/// The name of the nonce in a request's query.
pub const NONCE: &str = "nonce";

/// What a query has beside the nonce where the connection is to end with the answer, so that the next request is made
/// over a new one.
pub const CLOSE: (&str, &str) = ("close", "1");

/// One request, as it arrived. Members that a reader does not know are passed over: the format may gain some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Always [`FORMAT`].
    pub format: String,
    /// The version of the program that answered.
    pub version: String,
    /// What stood behind `nonce=` in the query; `null` where nothing did, or nothing that may be echoed.
    pub nonce: Option<String>,
    /// Who asked, as far as the responder sees.
    pub client: Client,
    /// The request.
    pub request: Request,
    /// The TLS session it came in; `null` over plain HTTP.
    pub tls: Option<Tls>,
    /// What else the same responder offers on ports of their own.
    pub ports: Ports,
}

/// The other end of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// An IP address: of the client, or of the last thing that translated it.
    pub address: String,
}

/// A request, as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `GET` and the like.
    pub method: String,
    /// The port that was asked.
    pub port: u16,
    /// `http/1.0`, `http/1.1` or `h2`, in the words of ALPN and of Resource Timing.
    pub protocol: String,
    /// The host that was asked for, by `Host` or `:authority`.
    pub host: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// Every `Via` header.
    pub via: Vec<String>,
    /// Every `Forwarded` header (RFC 7239).
    pub forwarded: Vec<String>,
    /// Every `X-Forwarded-For` header.
    pub x_forwarded_for: Vec<String>,
}

/// A TLS session, as the responder sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// What was agreed upon: 0x0303 is TLS 1.2, 0x0304 TLS 1.3.
    pub version: CodePoint,
    /// The cipher suite that was agreed upon.
    pub cipher_suite: CodePoint,
    /// The key exchange group that was agreed upon.
    pub group: Option<CodePoint>,
    /// The protocol that was agreed upon.
    pub alpn: Option<String>,
    /// The server name that the client named.
    pub sni: Option<String>,
    /// How the responder's own certificate is signed, `sha256WithRSAEncryption` for example.
    pub certificate_signature: Option<String>,
    /// What the client offered; `null` where it could not be read.
    pub hello: Option<Hello>,
}

/// A `ClientHello`: everything a client offers before anything is agreed upon. Lists are in the order of the wire,
/// made-up values (GREASE, RFC 8701) included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The fingerprint by the rules of JA4.
    pub ja4: String,
    /// Bytes of the message.
    pub bytes: usize,
    /// TLS records that it came in.
    pub records: usize,
    /// The version field of old, 0x0303 in all that is current.
    pub legacy_version: CodePoint,
    /// The versions on offer: those of the extension, or else the field of old.
    pub versions: Vec<CodePoint>,
    /// The cipher suites on offer.
    pub cipher_suites: Vec<CodePoint>,
    /// The extensions.
    pub extensions: Vec<CodePoint>,
    /// The signature algorithms that the client takes.
    pub signature_algorithms: Vec<CodePoint>,
    /// Whether one of these uses SHA-512.
    pub sha512: bool,
    /// The key exchange groups on offer.
    pub groups: Vec<CodePoint>,
    /// The forms in which points of curves may be written (RFC 8422); browsers name 0 alone.
    pub point_formats: Vec<u8>,
    /// The protocols on offer.
    pub alpn: Vec<String>,
}

/// Ports of a responder that do something of their own; every list may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ports {
    /// Plain HTTP.
    pub http: Vec<u16>,
    /// TLS 1.2 and nothing newer.
    pub tls12: Vec<u16>,
    /// TLS 1.3 and nothing older.
    pub tls13: Vec<u16>,
    /// A certificate that is signed with SHA-512.
    pub sha512: Vec<u16>,
    /// A client certificate is asked for, and none is good enough.
    pub client_certificate: Vec<u16>,
    /// TCP that sends back what it gets.
    pub echo: Vec<u16>,
}

/// Why a text is no reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReading {
    /// Longer than [`MAX_READING`].
    TooLong,
    /// Not JSON, or not of this shape; for a reader.
    Malformed(String),
    /// Some other format; carries its name.
    Format(String),
}

impl fmt::Display for NoReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "longer than {MAX_READING} bytes"),
            Self::Malformed(reason) => f.write_str(reason),
            Self::Format(format) => write!(f, "of the format \"{format}\", not \"{FORMAT}\""),
        }
    }
}

impl std::error::Error for NoReading {}

impl Reading {
    /// Reads the body of an answer. Hosts that are no responder answer with all sorts of things.
    pub fn parse(text: &str) -> Result<Self, NoReading> {
        if text.len() > MAX_READING {
            return Err(NoReading::TooLong);
        }
        let reading: Self =
            serde_json::from_str(text).map_err(|error| NoReading::Malformed(error.to_string()))?;
        if reading.format == FORMAT { Ok(reading) } else { Err(NoReading::Format(reading.format)) }
    }
}

/// Whether a nonce is one that a responder echoes: letters, digits, `-` and `_`, at most [`MAX_NONCE`].
pub fn is_nonce(text: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NONCE).contains(&text.len()) && text.bytes().all(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading {
            format: FORMAT.to_owned(),
            version: "0.1.0".to_owned(),
            nonce: Some("n-1".to_owned()),
            client: Client { address: "2001:db8::1".to_owned() },
            request: Request { method: "GET".to_owned(), port: 443, ..Request::default() },
            tls: Some(Tls {
                version: CodePoint(0x0304),
                cipher_suite: CodePoint(0x1301),
                group: None,
                alpn: None,
                sni: None,
                certificate_signature: None,
                hello: Some(Hello { cipher_suites: vec![CodePoint(0x0a0a)], ..Hello::default() }),
            }),
            ports: Ports { echo: vec![7], ..Ports::default() },
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_may_have_grown() {
        let mut json = serde_json::to_value(reading()).unwrap();
        assert_eq!(Reading::parse(&json.to_string()), Ok(reading()));
        assert_eq!(json["tls"]["cipher_suite"], "0x1301");
        json["news"] = "of a later version".into();
        json["tls"]["hello"]["news"] = 1.into();
        json["ports"].as_object_mut().unwrap().remove("http");
        assert_eq!(Reading::parse(&json.to_string()), Ok(reading()));
    }

    #[test]
    fn other_answers_are_no_readings() {
        let mut json = serde_json::to_value(reading()).unwrap();
        json["format"] = "connector-check/responder@2".into();
        let other = NoReading::Format("connector-check/responder@2".to_owned());
        assert_eq!(Reading::parse(&json.to_string()), Err(other));
        for text in ["", "<html>", "[]", "{}", "null"] {
            assert!(matches!(Reading::parse(text), Err(NoReading::Malformed(_))), "{text}");
        }
        assert_eq!(Reading::parse(&" ".repeat(MAX_READING + 1)), Err(NoReading::TooLong));
    }

    #[test]
    fn nonces_carry_no_markup() {
        assert!(is_nonce("abcXYZ019-_"));
        for text in ["", "a b", "<b>", "a\"", "é", &"a".repeat(MAX_NONCE + 1)] {
            assert!(!is_nonce(text), "{text}");
        }
    }
}
