//! TLS, as far as it can be read without keys.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Side, alert_name, scheme_name};

/// One TLS conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tls {
    /// Whether it runs inside a tunnel that a proxy opened.
    pub in_tunnel: bool,
    /// The first ClientHello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_hello: Option<ClientHello>,
    /// When the server asked for another ClientHello, TLS 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<f64>,
    /// The ServerHello that is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_hello: Option<ServerHello>,
    /// The server's certificates, its own first. TLS 1.3 encrypts them: then this is empty and tells nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Whether the server asked for a certificate of the client, before TLS 1.3.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_certificate_requested: bool,
    /// Alerts that were not encrypted; at most [`Tls::ALERTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
    /// When the first encrypted data passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted_ms: Option<f64>,
}

impl Tls {
    /// The most alerts that are kept.
    pub const ALERTS: usize = 8;
    /// The most certificates that are kept.
    pub const CERTIFICATES: usize = 8;

    /// The name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.client_hello.as_ref()?.server_name.as_deref()
    }

    /// The version that the server chose.
    pub fn version(&self) -> Option<Version> {
        self.server_hello.as_ref().map(ServerHello::chosen)
    }

    /// Whether certificates were sent where nobody but the two ends can read them.
    pub fn hides_certificates(&self) -> bool {
        self.certificates.is_empty() && self.version() == Some(Version::TLS_1_3)
    }
}

/// What a client offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientHello {
    /// When.
    pub at_ms: f64,
    /// `server_name`; `None` if the client named none.
    pub server_name: Option<String>,
    /// The version field, which TLS 1.3 freezes at 1.2.
    pub version: Version,
    /// `supported_versions`, made-up values (GREASE) left out; empty before TLS 1.3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// How many cipher suites.
    pub ciphers: usize,
    /// `signature_algorithms`, made-up values left out; empty if the client sent none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signature_algorithms: Vec<Scheme>,
    /// `application_layer_protocol_negotiation`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
    /// Whether its packet was cut when it was captured: what is empty here may stand in what was cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl ClientHello {
    /// The highest version that the client offers.
    pub fn highest(&self) -> Version {
        self.versions.iter().copied().max().unwrap_or(self.version)
    }
}

/// What a server chose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerHello {
    /// When.
    pub at_ms: f64,
    /// The version field, which TLS 1.3 freezes at 1.2.
    pub version: Version,
    /// `supported_versions`; `None` before TLS 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Version>,
    /// The cipher suite's number, as in the registry of IANA.
    pub cipher: u16,
    /// Its name there; `None` if it is unknown here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher_name: Option<String>,
    /// The protocol for the application; TLS 1.3 encrypts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
}

impl ServerHello {
    /// The version that was really chosen.
    pub fn chosen(&self) -> Version {
        self.selected.unwrap_or(self.version)
    }
}

/// One certificate, from DER.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// Unix time in seconds.
    pub not_before: i64,
    /// Unix time in seconds.
    pub not_after: i64,
    /// The algorithm of the signature on it, such as `sha256WithRSAEncryption`, or the dotted number.
    pub signature_algorithm: String,
    /// SHA-256 of the DER, in hexadecimal.
    pub sha256: String,
    /// DNS names that it is for; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Set instead of everything but the fingerprint where the DER could not be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// An alert that was not encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// When.
    pub at_ms: f64,
    /// Who sent it.
    pub from: Side,
    /// How grave.
    pub level: AlertLevel,
    /// The description's number, RFC 8446 section 6.
    pub description: u8,
}

impl Alert {
    /// The description's name, such as `handshake_failure`.
    pub fn name(&self) -> &'static str {
        alert_name(self.description)
    }
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// The conversation may go on.
    Warning,
    /// It ends here.
    Fatal,
}

/// A version of TLS or SSL by its number on the wire, in JSON as `"0x0303"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

impl Version {
    /// TLS 1.2.
    pub const TLS_1_2: Self = Self(0x0303);
    /// TLS 1.3.
    pub const TLS_1_3: Self = Self(0x0304);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0x0002 => f.write_str("SSL 2.0"),
            0x0300 => f.write_str("SSL 3.0"),
            0x0301 => f.write_str("TLS 1.0"),
            0x0302 => f.write_str("TLS 1.1"),
            0x0303 => f.write_str("TLS 1.2"),
            0x0304 => f.write_str("TLS 1.3"),
            draft @ 0x7f00..=0x7fff => write!(f, "TLS 1.3, draft {}", draft & 0xff),
            other => write!(f, "TLS {other:#06x}"),
        }
    }
}

/// A signature scheme by its number on the wire, in JSON as `"0x0601"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheme(pub u16);

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match scheme_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

/// Numbers that stand in JSON as four hexadecimal digits, the way they are written everywhere.
macro_rules! hexadecimal {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#06x}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{:#06x}", self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let digits = text.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
                digits.map(Self).ok_or_else(|| de::Error::custom(format!("\"{text}\" is no number such as 0x0303")))
            }
        }
    )+};
}

hexadecimal!(Version, Scheme);
