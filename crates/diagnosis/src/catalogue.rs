//! What to test and why: the catalogue file, read strictly.
//!
//! Source of the format: the project's catalogue contract, `connector-check/catalogue@1`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, canonical_host};

/// The only format that is read.
pub const FORMAT: &str = "connector-check/catalogue@1";
/// Bytes; a catalogue of 500 long checks stays well below.
pub const MAX_BYTES: usize = 1024 * 1024;
/// More checks than this would outlast any patience and most firewalls' alarms.
pub const MAX_CHECKS: usize = 500;

/// Ids that begin so belong to checks that a plan adds; catalogues may not use them.
pub const CANARY_PREFIX: &str = "canary-";

/// A list of checks with its origin and date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Always [`FORMAT`].
    pub format: String,
    /// Stable name, unique among the catalogues on offer.
    pub id: String,
    /// One line for the picker.
    pub title: String,
    /// Date of the facts, `YYYY-MM-DD`.
    pub updated: String,
    /// Where the facts come from.
    pub sources: Vec<Source>,
    /// The rows of the matrix, in order.
    pub regions: Vec<Region>,
    /// What the admin must fill in.
    #[serde(default)]
    pub placeholders: Vec<Placeholder>,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

/// A document that facts were taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// For a reader.
    pub title: String,
    /// Where it stands.
    pub url: String,
}

/// A row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Stable name, unique in the catalogue.
    pub id: String,
    /// For a reader.
    pub title: String,
}

/// A part of host names that only the admin knows, written `{id}` in [`Check::url`] and [`Check::allow`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placeholder {
    /// The name between the braces.
    pub id: String,
    /// What to type, for a reader.
    pub title: String,
    /// What stands in the field at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A check's stable name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckId(pub String);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for CheckId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// One endpoint to ask, and what its answer means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Unique in the catalogue.
    pub id: CheckId,
    /// What part of the service it belongs to.
    pub group: Group,
    /// For a reader.
    pub title: String,
    /// Address, possibly with placeholders in the host.
    pub url: String,
    /// Id of the region it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How much the connector depends on it.
    pub need: Need,
    /// What must happen for the check to pass.
    pub expect: Expect,
    /// What the endpoint is for.
    pub purpose: String,
    /// The rule that covers the host, as an admin would write it.
    pub allow: String,
    /// Whether the host runs the project's responder.
    #[serde(default)]
    pub responder: bool,
}

/// The part of the service that a check belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The connector's own service.
    Service,
    /// Sign-in pages.
    Login,
    /// What only a certain kind of TLS can reach.
    Tls,
    /// Certificate revocation and trust lists.
    Revocation,
    /// References and canaries.
    Control,
}

/// How much the connector depends on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Nothing is well while it fails.
    Required,
    /// Works without, but worse.
    Recommended,
    /// Tells something, and no more.
    Informational,
}

/// What must happen for a check to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// Any HTTP answer, whatever its status.
    Answer,
    /// A completed TLS handshake.
    Tls,
    /// A TCP connection.
    Tcp,
    /// Nothing: no honest path can make it succeed.
    Refusal,
}

/// Why a catalogue was refused; the one in use stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogueError {
    /// Longer than [`MAX_BYTES`]; carries the length.
    TooLarge(usize),
    /// No JSON, or not of the form; 1-based line and column, and what the reader said.
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
    /// Something wrong outside the checks: where, and what.
    Part {
        /// For example `regions` or `placeholder "tenant"`.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// Something wrong in one check.
    Check {
        /// The check's id, or its position where the id is the trouble.
        id: String,
        /// What is wrong.
        message: String,
    },
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(bytes) => {
                write!(f, "the catalogue has {bytes} bytes; at most {MAX_BYTES} are read")
            }
            Self::Json { line, column, message } => {
                write!(f, "line {line}, column {column}: {message}")
            }
            Self::Format(format) => write!(f, "format is \"{format}\"; only \"{FORMAT}\" is read"),
            Self::Part { place, message } => write!(f, "{place}: {message}"),
            Self::Check { id, message } => write!(f, "check \"{id}\": {message}"),
        }
    }
}

impl std::error::Error for CatalogueError {}

/// Only the format, so that a catalogue of another version is refused by that and not by a field.
#[derive(Deserialize)]
#[serde(expecting = "a catalogue: an object with format, id and checks")]
struct FormatOnly {
    format: Option<String>,
}

impl Catalogue {
    /// Reads and checks a catalogue file.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        if text.len() > MAX_BYTES {
            return Err(CatalogueError::TooLarge(text.len()));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let head: FormatOnly = serde_json::from_str(text).map_err(|e| json_error(&e))?;
        if let Some(format) = head.format.filter(|format| format != FORMAT) {
            return Err(CatalogueError::Format(format));
        }
        let catalogue: Self = serde_json::from_str(text).map_err(|e| json_error(&e))?;
        catalogue.validate()?;
        Ok(catalogue)
    }

    fn validate(&self) -> Result<(), CatalogueError> {
        let part = |place: &str, message: String| CatalogueError::Part { place: place.to_owned(), message };
        if !is_id(&self.id) {
            return Err(part("id", format!("\"{}\" is no id; use letters, digits, - and _", self.id)));
        }
        if self.title.trim().is_empty() {
            return Err(part("title", "is empty".to_owned()));
        }
        if !is_date(&self.updated) {
            return Err(part("updated", format!("\"{}\" is no date such as 2026-11-20", self.updated)));
        }
        for source in &self.sources {
            // Shown as a link: only what a link may be.
            if !source.url.starts_with("https://") && !source.url.starts_with("http://") {
                return Err(part("sources", format!("\"{}\" is no http or https address", source.url)));
            }
        }
        let mut regions = BTreeSet::new();
        for region in &self.regions {
            if !is_id(&region.id) || !regions.insert(region.id.as_str()) {
                return Err(part("regions", format!("id \"{}\" is malformed or stands twice", region.id)));
            }
        }
        let mut placeholders = BTreeSet::new();
        for placeholder in &self.placeholders {
            if !is_id(&placeholder.id) || !placeholders.insert(placeholder.id.as_str()) {
                let message = format!("id \"{}\" is malformed or stands twice", placeholder.id);
                return Err(part("placeholders", message));
            }
        }
        if self.checks.is_empty() {
            return Err(part("checks", "there are none".to_owned()));
        }
        if self.checks.len() > MAX_CHECKS {
            return Err(part("checks", format!("{}; at most {MAX_CHECKS} are read", self.checks.len())));
        }
        let mut ids = BTreeSet::new();
        for (at, check) in self.checks.iter().enumerate() {
            if !is_id(&check.id.0) || check.id.0.starts_with(CANARY_PREFIX) {
                let message = format!("\"{}\" cannot be an id (checks[{at}])", check.id);
                return Err(CatalogueError::Check { id: check.id.0.clone(), message });
            }
            if !ids.insert(&check.id) {
                let message = format!("the id stands twice (checks[{at}])");
                return Err(CatalogueError::Check { id: check.id.0.clone(), message });
            }
            check
                .validate(&regions, &placeholders)
                .map_err(|message| CatalogueError::Check { id: check.id.0.clone(), message })?;
        }
        Ok(())
    }

    /// The title of a region; its id where the catalogue does not list it.
    pub fn region_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.regions.iter().find(|region| region.id == id).map_or(id, |region| region.title.as_str())
    }
}

impl Check {
    /// The ids between braces in the address, in order.
    pub fn placeholders(&self) -> Vec<&str> {
        braces(&self.url).unwrap_or_default()
    }

    fn validate(&self, regions: &BTreeSet<&str>, placeholders: &BTreeSet<&str>) -> Result<(), String> {
        if let Some(region) = self.region.as_deref().filter(|region| !regions.contains(region)) {
            return Err(format!("region \"{region}\" is not listed in regions"));
        }
        let used = braces(&self.url)?;
        for id in used.iter().chain(&braces(&self.allow)?) {
            if !placeholders.contains(id) {
                return Err(format!("placeholder {{{id}}} is not declared in placeholders"));
            }
        }
        let behind_host = self.url.split("://").nth(1).and_then(|rest| rest.split_once(['/', '?']));
        if behind_host.is_some_and(|(_, rest)| rest.contains(['{', '}'])) {
            return Err(format!("url \"{}\": placeholders may stand in the host only", self.url));
        }
        // With every placeholder standing for a plain label, the rest must be an address.
        let probe = used.iter().fold(self.url.clone(), |url, id| url.replace(&format!("{{{id}}}"), "x"));
        Endpoint::parse(&probe).map_err(|e| format!("url \"{}\": {e}", self.url))?;
        let allow = self.allow.strip_prefix("*.").unwrap_or(&self.allow);
        let allow =
            braces(allow)?.iter().fold(allow.to_owned(), |a, id| a.replace(&format!("{{{id}}}"), "x"));
        let (host, path) = allow.split_once('/').unwrap_or((&allow, ""));
        // It is copied into rules and commands.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b);
        if canonical_host(host).is_none() || !path.bytes().all(plain) {
            return Err(format!("allow {:?} is no host, *.domain or host/path", self.allow));
        }
        Ok(())
    }
}

/// The ids between braces, in order; an error for a brace without its partner.
fn braces(text: &str) -> Result<Vec<&str>, String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let close = rest[open..].find('}').filter(|_| rest.as_bytes()[open] == b'{');
        let Some(close) = close else { return Err(format!("\"{text}\": a brace without its partner")) };
        ids.push(&rest[open + 1..open + close]);
        rest = &rest[open + close + 1..];
    }
    Ok(ids)
}

fn json_error(error: &serde_json::Error) -> CatalogueError {
    // serde_json appends " at line L column C", which the error carries by itself.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    CatalogueError::Json { line: error.line(), column: error.column(), message }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        })
        && (1..=12).contains(&text[5..7].parse::<u8>().unwrap_or(0))
        && (1..=31).contains(&text[8..10].parse::<u8>().unwrap_or(0))
}
