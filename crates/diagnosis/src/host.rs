//! What the host script saw on the connector machine: the file `connector-check/host@1`, read strictly.
//!
//! The form is also written down as a JSON Schema, `schemas/host-1.json`; a test holds the two together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::report::CatalogueStamp;

/// The only format that is read.
pub const FORMAT: &str = "connector-check/host@1";

/// Bytes; 500 endpoints seen by three accounts, with certificates, stay well below.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Endpoints of one account; as many as a catalogue may have.
const MAX_ENDPOINTS: usize = crate::catalogue::MAX_CHECKS;

/// One run of the host script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostReport {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the script.
    pub script: String,
    /// The list that it asked.
    pub catalogue: CatalogueStamp,
    /// RFC 3339, UTC.
    pub started: String,
    /// RFC 3339, UTC.
    pub finished: String,
    /// Whether it ran with administrator rights.
    pub administrator: bool,
    /// The machine.
    pub windows: Windows,
    /// The clock, where a server told the time.
    pub clock: Option<Clock>,
    /// .NET Framework.
    pub dotnet: Dotnet,
    /// TLS as Windows is set up for it.
    pub tls: Tls,
    /// Proxies, each where it is set.
    pub routes: Routes,
    /// The services' configuration files.
    pub configs: Vec<ConfigText>,
    /// The services.
    pub services: Vec<Service>,
    /// The last errors and warnings of their event logs, newest first.
    pub events: Vec<Event>,
    /// What each account reached.
    pub identities: Vec<Identity>,
    /// What was not looked at, and why.
    pub skipped: Vec<Skipped>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Its name for itself.
    pub caption: String,
    /// For example `6.3.9600`.
    pub version: String,
    /// Version of PowerShell.
    pub powershell: String,
    /// Windows' id of the time zone.
    pub time_zone: String,
    /// Minutes east of UTC, daylight saving included.
    pub utc_offset_minutes: i32,
}

impl Windows {
    /// Major and minor version; `None` where it cannot be read.
    pub fn number(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    }
}

/// How far the clock is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Seconds that this machine is ahead of the server; whole, as the server's word is.
    pub skew_seconds: f64,
    /// The server.
    pub against: String,
}

/// .NET Framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dotnet {
    /// The `Release` value of version 4; absent where there is none.
    pub release: Option<u32>,
}

/// TLS as Windows is set up for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Values that were looked up; those that are not set are there with `null`.
    pub registry: Vec<RegistryValue>,
    /// Cipher suites in their order, where a list is set.
    pub cipher_suites: Vec<String>,
    /// Pairs of signature and hash that are offered, where a list is set.
    pub signature_hashes: Vec<String>,
    /// Whether update 2973337 is among the installed ones; absent where it does not apply or cannot be told.
    pub kb2973337: Option<bool>,
}

/// One value of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryValue {
    /// The key, beginning with `HKLM:\`.
    pub key: String,
    /// The value's name.
    pub name: String,
    /// What is set; `null` where nothing is.
    pub value: Option<i64>,
}

/// Proxies, each where it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// The signed-in user's Internet Options.
    pub user: UserProxy,
    /// `netsh winhttp show proxy`.
    pub winhttp: WinHttp,
    /// The proxy section of `machine.config`, where there is one.
    pub machine_config: Option<String>,
}

/// The signed-in user's Internet Options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserProxy {
    /// Whether the named proxy is used.
    pub enabled: bool,
    /// The named proxy.
    pub server: String,
    /// What goes around it.
    pub bypass: String,
    /// Address of a script.
    pub script: String,
    /// Automatic discovery; absent where it cannot be told.
    pub auto_detect: Option<bool>,
}

/// What services use that ask `WinHTTP`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinHttp {
    /// The named proxy; absent where everything goes directly.
    pub proxy: Option<String>,
    /// What goes around it.
    pub bypass: String,
    /// Windows' own words.
    pub text: String,
}

/// A configuration file, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigText {
    /// Where it lies.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name, for example `WAPCSvc`.
    pub name: String,
    /// Its name for people.
    pub display: String,
    /// For example `Running` or `Stopped`.
    pub state: String,
    /// For example `Auto` or `Disabled`.
    pub start: String,
    /// The account that it runs as.
    pub account: String,
    /// Version of its program; absent where it cannot be read.
    pub version: Option<String>,
}

/// An entry of an event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The log.
    pub log: String,
    /// RFC 3339, UTC.
    pub time: String,
    /// Its number.
    pub id: u32,
    /// For example `Error`.
    pub level: String,
    /// Its beginning.
    pub message: String,
}

/// Whose connections they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// Whoever started the script.
    User,
    /// The connector's.
    NetworkService,
    /// The updater's.
    System,
}

impl Account {
    /// Stable word, for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::NetworkService => "network-service",
            Self::System => "system",
        }
    }
}

/// What one account reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Which.
    pub account: Account,
    /// Whether it could be tried.
    pub ran: bool,
    /// Why not, or what was out of the ordinary.
    pub note: String,
    /// Every endpoint that was tried.
    pub endpoints: Vec<EndpointSeen>,
}

/// What an account saw of one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSeen {
    /// Lower-case host; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS is spoken there.
    pub tls: bool,
    /// Straight.
    pub direct: Leg,
    /// Through the proxy that this account would take; absent where it would take none.
    pub proxied: Option<Leg>,
}

/// One way to an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The proxy; absent on the direct way.
    pub proxy: Option<String>,
    /// How far it came.
    pub reached: Stage,
    /// Milliseconds until its end.
    pub ms: Option<f64>,
    /// What the last step failed with; empty where none did.
    pub error: String,
    /// The proxy's answer to CONNECT.
    pub status: Option<u16>,
    /// For example `Tls12`.
    pub protocol: Option<String>,
    /// The certificate that was shown.
    pub certificate: Option<Certificate>,
}

/// How far an attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// There was no time for it.
    NotTried,
    /// Not even a name.
    Nothing,
    /// The name has an address.
    Name,
    /// TCP connected, to the endpoint or to the proxy.
    Tcp,
    /// The proxy opened a tunnel.
    Tunnel,
    /// TLS 1.2 completed.
    Tls,
}

/// A certificate as Windows' TLS was shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Where the chain ends; empty where none could be built.
    pub root: String,
    /// RFC 3339, UTC.
    pub not_after: String,
    /// Signature algorithm, for example `sha256RSA`.
    pub signature: String,
    /// What Windows has against it; empty where it is trusted.
    pub problems: Vec<String>,
}

/// Something that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// Longer than [`MAX_BYTES`]; carries the length.
    TooLarge(usize),
    /// No JSON; 1-based line and column.
    Json {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// The reader's words.
        message: String,
    },
    /// Another format; carries it.
    Format(String),
    /// Not of the form: where, and what.
    Part {
        /// For example `identities[0].endpoints[3].port`.
        place: String,
        /// What is wrong.
        message: String,
    },
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => write!(f, "it has {bytes} bytes; at most {MAX_BYTES} are read"),
            Self::Json { line, column, message } => write!(f, "line {line}, column {column}: {message}"),
            Self::Format(format) => write!(f, "format is \"{format}\"; only \"{FORMAT}\" is read"),
            Self::Part { place, message } => write!(f, "{place}: {message}"),
        }
    }
}

impl std::error::Error for HostError {}

#[derive(Deserialize)]
#[serde(expecting = "the host script's result: an object with format, windows and identities")]
struct FormatOnly {
    format: Option<String>,
}

impl HostReport {
    /// Reads and checks a file of the host script.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.len() > MAX_BYTES {
            return Err(HostError::TooLarge(text.len()));
        }
        let text = text.trim_start_matches('\u{feff}');
        let head: FormatOnly = serde_json::from_str(text).map_err(|error| json_error(&error))?;
        if let Some(format) = head.format.filter(|format| format != FORMAT) {
            return Err(HostError::Format(format));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let report: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let place = error.path().to_string();
            match json_error(error.inner()) {
                HostError::Json { message, line, column } if place == "." => {
                    HostError::Json { line, column, message }
                }
                HostError::Json { message, .. } => HostError::Part { place, message },
                other => other,
            }
        })?;
        report.validate()?;
        Ok(report)
    }

    fn validate(&self) -> Result<(), HostError> {
        let part = |place: String, message: &str| Err(HostError::Part { place, message: message.to_owned() });
        for (place, time) in [("started", &self.started), ("finished", &self.finished)] {
            if !is_time(time) {
                return part(place.to_owned(), "is no time such as 2026-11-20T10:00:00Z");
            }
        }
        for (at, identity) in self.identities.iter().enumerate() {
            let place = format!("identities[{at}]");
            if self.identities[..at].iter().any(|other| other.account == identity.account) {
                return part(format!("{place}.account"), "stands twice");
            }
            if identity.endpoints.len() > MAX_ENDPOINTS {
                return part(format!("{place}.endpoints"), "has more than a catalogue may have");
            }
            for (nth, seen) in identity.endpoints.iter().enumerate() {
                let place = format!("{place}.endpoints[{nth}]");
                if seen.host.is_empty() || seen.host.len() > 253 {
                    return part(format!("{place}.host"), "is no host name");
                }
                if seen.port == 0 {
                    return part(format!("{place}.port"), "is no port; use 1 to 65535");
                }
                if seen.direct.proxy.is_some() {
                    return part(format!("{place}.direct.proxy"), "the direct way has no proxy");
                }
                if seen.proxied.as_ref().is_some_and(|leg| leg.proxy.is_none()) {
                    return part(format!("{place}.proxied.proxy"), "is missing");
                }
            }
        }
        Ok(())
    }

    /// What an account saw, where it was tried.
    pub fn identity(&self, account: Account) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.account == account && identity.ran)
    }
}

impl Identity {
    /// What it saw of an endpoint.
    pub fn seen(&self, host: &str, port: u16) -> Option<&EndpointSeen> {
        self.endpoints.iter().find(|seen| seen.port == port && seen.host.eq_ignore_ascii_case(host))
    }
}

impl EndpointSeen {
    /// The way that the account would really take.
    pub fn route(&self) -> &Leg {
        self.proxied.as_ref().unwrap_or(&self.direct)
    }

    /// Whether a way led to where the connector needs it: TLS with a trusted certificate, or plain TCP. `None`
    /// where it was not tried.
    pub fn works(&self, leg: &Leg) -> Option<bool> {
        let trusted = leg.certificate.as_ref().is_none_or(|certificate| certificate.problems.is_empty());
        match leg.reached {
            Stage::NotTried => None,
            Stage::Nothing | Stage::Name => Some(false),
            // A plain endpoint behind a proxy has been asked for by name: the proxy's answer tells.
            Stage::Tcp | Stage::Tunnel => Some(!self.tls && leg.error.is_empty()),
            Stage::Tls => Some(trusted),
        }
    }
}

fn json_error(error: &serde_json::Error) -> HostError {
    // serde_json appends " at line L column C", which the error carries by itself.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    HostError::Json { line: error.line(), column: error.column(), message }
}

fn is_time(text: &str) -> bool {
    let shape = |(at, b): (usize, u8)| match at {
        4 | 7 => b == b'-',
        10 => b == b'T',
        13 | 16 => b == b':',
        19 => b == b'Z',
        _ => b.is_ascii_digit(),
    };
    text.len() == 20 && text.bytes().enumerate().all(shape)
}
