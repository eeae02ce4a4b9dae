//! What the two services' `.exe.config` files say about the proxy, in the words every part of the product shares.
//!
//! The files themselves are read in `connector-check-host`; here is what comes of it.

use serde::{Deserialize, Serialize};

/// One `.exe.config` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The file's name, as it was given.
    pub name: String,
    /// Whose file it is, by its name.
    pub service: ConfigService,
    /// What it makes the service do.
    pub setting: ProxySetting,
    /// What is wrong with it, in the file's order.
    #[serde(default)]
    pub problems: Vec<ConfigProblem>,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigService {
    /// The connector; runs as Network Service.
    Connector,
    /// Its updater; runs as SYSTEM.
    Updater,
    /// The name tells nothing.
    Unknown,
}

impl ConfigService {
    /// By a file's name: old and new products name their updaters so.
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let connector =
            ["applicationproxyconnector", "privatenetworkconnector"].iter().any(|word| name.contains(word));
        match (name.contains("updater"), connector) {
            (true, _) => Self::Updater,
            (false, true) => Self::Connector,
            (false, false) => Self::Unknown,
        }
    }

    /// Stable word, for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Updater => "updater",
            Self::Unknown => "unknown",
        }
    }
}

/// What a file makes the service do about proxies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxySetting {
    /// Nothing is said: the account's own settings, by default with automatic discovery.
    SystemDefault,
    /// No proxy at all.
    Bypass,
    /// This proxy, as it stands in the file.
    Named(String),
    /// The script or discovery that the file itself names.
    Script(String),
    /// The file cannot be read, or .NET would refuse it.
    Unknown,
}

impl ProxySetting {
    /// Stable word, for texts.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SystemDefault => "system",
            Self::Bypass => "bypass",
            Self::Named(_) => "named",
            Self::Script(_) => "script",
            Self::Unknown => "unknown",
        }
    }
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigProblem {
    /// What.
    pub kind: ProblemKind,
    /// 1-based; 1 where it is about the file as a whole.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// The element, attribute, value or message it is about.
    pub detail: String,
}

/// What can be wrong in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// Larger than any such file is; not read.
    TooLarge,
    /// The bytes are in no encoding that the file declares or marks.
    WrongEncoding,
    /// The declaration names another encoding than the file has.
    EncodingContradicts,
    /// A document type, with which entities could be made up; not read.
    DocumentType,
    /// No well-formed XML.
    Malformed,
    /// Well-formed, but no `<configuration>`.
    NotAConfig,
    /// An element stands where .NET does not look for it or refuses it.
    Misplaced,
    /// An element or attribute is spelt with other capitals than .NET knows.
    Misspelt,
    /// An attribute that .NET does not know there.
    UnknownAttribute,
    /// A value that .NET does not know there.
    BadValue,
    /// A section stands twice.
    Duplicate,
    /// The proxy's address has no `http://` in front.
    WithoutScheme,
    /// The proxy's address is none that can be used.
    BadAddress,
    /// A proxy is named, and the whole section is switched off.
    NamedButDisabled,
    /// A proxy is named, and the account's own settings are called in beside it.
    AddressAndSystem,
}

impl ProblemKind {
    /// Every kind, for tests and texts.
    pub const ALL: [Self; 15] = [
        Self::TooLarge,
        Self::WrongEncoding,
        Self::EncodingContradicts,
        Self::DocumentType,
        Self::Malformed,
        Self::NotAConfig,
        Self::Misplaced,
        Self::Misspelt,
        Self::UnknownAttribute,
        Self::BadValue,
        Self::Duplicate,
        Self::WithoutScheme,
        Self::BadAddress,
        Self::NamedButDisabled,
        Self::AddressAndSystem,
    ];

    /// Stable word, for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::WrongEncoding => "wrong-encoding",
            Self::EncodingContradicts => "encoding-contradicts",
            Self::DocumentType => "document-type",
            Self::Malformed => "malformed",
            Self::NotAConfig => "not-a-config",
            Self::Misplaced => "misplaced",
            Self::Misspelt => "misspelt",
            Self::UnknownAttribute => "unknown-attribute",
            Self::BadValue => "bad-value",
            Self::Duplicate => "duplicate",
            Self::WithoutScheme => "without-scheme",
            Self::BadAddress => "bad-address",
            Self::NamedButDisabled => "named-but-disabled",
            Self::AddressAndSystem => "address-and-system",
        }
    }

    /// How much it matters: whether the service can start with it, or only does something else than was meant.
    pub const fn weight(self) -> Weight {
        match self {
            Self::TooLarge
            | Self::WrongEncoding
            | Self::DocumentType
            | Self::Malformed
            | Self::NotAConfig
            | Self::Misplaced
            | Self::Misspelt
            | Self::UnknownAttribute
            | Self::BadValue
            | Self::Duplicate
            | Self::WithoutScheme
            | Self::BadAddress => Weight::Breaks,
            // Whether .NET refuses a contradiction depends on the two encodings; it is mended all the same.
            Self::EncodingContradicts | Self::NamedButDisabled | Self::AddressAndSystem => Weight::Doubtful,
        }
    }
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The file does not do what it is meant to do.
    Breaks,
    /// It may; what is meant is not clear.
    Doubtful,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_old_and_new() {
        for (name, service) in [
            ("ApplicationProxyConnectorService.exe.config", ConfigService::Connector),
            ("ApplicationProxyConnectorUpdaterService.exe.config", ConfigService::Updater),
            ("MicrosoftEntraPrivateNetworkConnectorService.exe.config", ConfigService::Connector),
            ("microsoftentraprivatenetworkconnectorupdaterservice.exe (1).config", ConfigService::Updater),
            ("web.config", ConfigService::Unknown),
            ("", ConfigService::Unknown),
        ] {
            assert_eq!(ConfigService::of(name), service, "{name}");
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), ProblemKind::ALL.len());
    }
}
