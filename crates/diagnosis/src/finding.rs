//! Findings: each cause has one stable code, a severity, a confidence, checks and evidence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue::CheckId;
use crate::text::Message;

/// Declares the codes once: the variant, its kebab-case code, and what it stands for.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// A cause, or a limit of what can be known. Codes that have shipped are never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode { $($(#[doc = $doc])+ $variant,)+ }

        impl FindingCode {
            /// Every code, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

codes! {
    /// Everything that the connector needs was reached.
    AllReachable = "all-reachable",
    /// The browser says that it is offline.
    BrowserOffline = "browser-offline",
    /// Nothing beyond this machine answered.
    NoInternet = "no-internet",
    /// Names that cannot exist get answers.
    AnswersFabricated = "answers-fabricated",
    /// A certificate was made up on the path, and the browser trusts it.
    TlsIntercepted = "tls-intercepted",
    /// TCP connects, and TLS fails: the certificate is the first candidate.
    CertificateNotTrusted = "certificate-not-trusted",
    /// TCP connects, and TLS fails: the handshake itself is the other candidate.
    TlsHandshakeRefused = "tls-handshake-refused",
    /// What offers TLS 1.2 alone fails, while its neighbours answer.
    Tls12Unavailable = "tls12-unavailable",
    /// What shows a certificate signed with SHA-512 fails, while its neighbours answer; or a capture shows such a signature
    /// and a client that does not offer SHA-512.
    Sha512Refused = "sha512-refused",
    /// The server asks for a client certificate, which a browser does not have.
    ClientCertificateRequested = "client-certificate-requested",
    /// TCP connects, and nothing comes back over it.
    AcceptedThenSilent = "accepted-then-silent",
    /// The sign-in pages do not answer.
    LoginUnreachable = "login-unreachable",
    /// A whole region does not answer while another does.
    RegionUnreachable = "region-unreachable",
    /// All hosts under one allow rule fail.
    DomainBlocked = "domain-blocked",
    /// Nothing comes back on a port.
    PortDropped = "port-dropped",
    /// Connections to a port end in an error at once.
    PortRefused = "port-refused",
    /// The proxy opens no connections to a port.
    ProxyRefusesPort = "proxy-refuses-port",
    /// The proxy demands a sign-in.
    ProxyRequiresAuthentication = "proxy-requires-authentication",
    /// A name does not resolve.
    NameNotResolved = "name-not-resolved",
    /// No `WebSocket` opens where HTTPS answers.
    WebsocketBlocked = "websocket-blocked",
    /// The hosts for certificate revocation and trust lists do not answer.
    RevocationUnreachable = "revocation-unreachable",
    /// One endpoint fails among healthy ones of the same kind.
    EndpointRetired = "endpoint-retired",
    /// Answers take seconds.
    SlowPath = "slow-path",
    /// Plain HTTP cannot be tried from an HTTPS page.
    MixedContent = "mixed-content",
    /// The port is on the browsers' own list of forbidden ports.
    PortRestrictedByBrowser = "port-restricted-by-browser",
    /// A Content-Security-Policy forbids the request.
    BlockedByPagePolicy = "blocked-by-page-policy",
    /// The permission for the local network is missing.
    LocalNetworkPermission = "local-network-permission",
    /// Something in the browser ends requests before they are sent.
    BlockedByAddOn = "blocked-by-add-on",
    /// A capture shows a proxy that wants to know who asks.
    ConnectNeedsAuthentication = "connect-needs-authentication",
    /// A capture shows a proxy that opens no tunnel.
    ConnectRefused = "connect-refused",
    /// A capture shows attempts to connect that nothing answered.
    SynUnanswered = "syn-unanswered",
    /// A capture shows attempts to connect that were refused.
    SynRefused = "syn-refused",
    /// A capture shows attempts on the ports that Service Bus is tried on directly.
    ServiceBusDirectAttempt = "service-bus-direct-attempt",
    /// A capture shows a TLS handshake that one side broke off with an alert.
    TlsAlert = "tls-alert",
    /// A capture shows a version of TLS that the service does not take.
    TlsVersionTooOld = "tls-version-too-old",
    /// A capture or the host script was shown a certificate of the service that none of its authorities issued.
    CertificateIntercepted = "certificate-intercepted",
    /// A capture shows a certificate that was not valid at the time of the capture.
    CertificateOutsideValidity = "certificate-outside-validity",
    /// A capture shows nothing that fails.
    CaptureWithoutFailure = "capture-without-failure",
    /// TLS 1.2 is switched off in Windows.
    SchannelTls12Disabled = "schannel-tls12-disabled",
    /// .NET is not told to use strong cryptography.
    StrongCryptoMissing = "strong-crypto-missing",
    /// An old Windows lacks the update that brings SHA-512 to TLS 1.2.
    Sha512UpdateMissing = "sha512-update-missing",
    /// .NET Framework is older than the connector asks for.
    DotnetTooOld = "dotnet-too-old",
    /// A service of the connector does not run.
    ServiceStopped = "service-stopped",
    /// The user's route works, the service account's does not.
    RoutesDisagree = "routes-disagree",
    /// `WinHTTP` goes another way than the user or the services' files.
    WinhttpProxyDiffers = "winhttp-proxy-differs",
    /// A service's configuration file cannot be read by .NET.
    ConfigMalformed = "config-malformed",
    /// An element of a configuration file stands in the wrong place.
    ConfigMisplacedElement = "config-misplaced-element",
    /// The proxy of a configuration file has no usable address.
    ConfigProxyWithoutScheme = "config-proxy-without-scheme",
    /// The services go around the proxy.
    ConfigProxyBypassed = "config-proxy-bypassed",
    /// The two services go different ways.
    ConfigServicesDisagree = "config-services-disagree",
    /// The sign-in page does not take the account.
    SignInFailed = "sign-in-failed",
    /// The account has no role that may register a connector.
    RoleMissing = "role-missing",
    /// The evidence does not decide.
    Undecided = "undecided",
    /// Checks wait for something that only the admin knows.
    WaitingForInput = "waiting-for-input",
    /// The run ended before every check was made.
    RunIncomplete = "run-incomplete",
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FindingCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no finding code of this version"))
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FindingCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How much a finding matters to the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The connector cannot work so.
    Blocking,
    /// It works, but worse, or not everywhere.
    Warning,
    /// Good to know.
    Info,
}

/// How surely the evidence names the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Nothing else explains the evidence.
    Proven,
    /// Other causes are rare.
    Likely,
    /// Other causes are common; the guidance names the test that separates them.
    Possible,
}

/// One cause, with what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which cause.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The checks that it explains, in the plan's order.
    pub checks: Vec<CheckId>,
    /// Hosts and ports that it is about and that no check stands for, for its guide.
    pub places: Vec<(String, u16)>,
    /// One sentence with the names filled in.
    pub summary: Message,
    /// What was seen, at least one line.
    pub evidence: Vec<Message>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_read_back() {
        let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), FindingCode::ALL.len());
        for code in FindingCode::ALL {
            let text = code.as_str();
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{text}"
            );
            assert_eq!(text.parse(), Ok(*code));
        }
    }

    #[test]
    fn the_list_that_the_guidance_is_checked_against_is_this_one() {
        let listed: Vec<_> = include_str!("../finding-codes.txt").lines().collect();
        let declared: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(listed, declared);
    }
}
