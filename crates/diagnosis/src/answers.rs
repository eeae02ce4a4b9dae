//! What only a person can tell: the sign-in, the role, the proxy. Kept in the report.

use serde::{Deserialize, Serialize};

/// The admin's answers; what was not answered is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// Whether the sign-in page takes the account that installs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignIn>,
    /// What the sign-in page or the installer said, as the admin typed it; empty where nothing was typed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The account's role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether Internet Explorer Enhanced Security is switched off for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_security_off: Option<bool>,
    /// How the machine gets out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<WayOut>,
    /// Which proxy, as it was typed; empty where nothing was typed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy_address: String,
    /// Whether the network hands out proxy settings by WPAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wpad: Option<bool>,
}

/// How signing in went, in another tab, with the account that installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignIn {
    /// The account is in.
    Worked,
    /// It is not; the message may say why.
    Failed,
}

/// The account's role in the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the documents of 2018 ask for; enough today as well.
    GlobalAdministrator,
    /// Enough today.
    ApplicationAdministrator,
    /// Neither.
    Other,
}

/// How the machine gets out, as far as the admin knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayOut {
    /// Straight; there is no proxy.
    Direct,
    /// Straight, or through a proxy.
    Either,
    /// Only through a proxy.
    ProxyOnly,
}

impl Answers {
    /// The proxy that everything has to go through, if there is one and it was named.
    pub fn only_proxy(&self) -> Option<&str> {
        let named = self.proxy_address.trim();
        (self.proxy == Some(WayOut::ProxyOnly) && !named.is_empty()).then_some(named)
    }

    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A message that is known: what stands in it, and the id of its explanation.
struct Known {
    /// All of these, in lower case; a word that begins or ends with a digit has no letter or digit beside that.
    words: &'static [&'static str],
    id: &'static str,
}

const fn known(words: &'static [&'static str], id: &'static str) -> Known {
    Known { words, id }
}

/// The messages of sign-in page, installer and event log that are known, the most special first.
///
/// Sources: Microsoft Learn, "Troubleshoot connectors" and the reference of AADSTS codes; those of 2016 from the
/// troubleshooting page of that year.
const MESSAGES: &[Known] = &[
    known(&["aadsts50001", "registerapp"], "lookup-application-proxy-disabled"),
    known(&["aadsts50059"], "lookup-no-tenant"),
    known(&["aadsts50020"], "lookup-foreign-account"),
    known(&["aadsts90072"], "lookup-foreign-account"),
    known(&["aadsts50034"], "lookup-no-such-user"),
    known(&["aadsts50126"], "lookup-wrong-password"),
    known(&["aadsts50053"], "lookup-locked"),
    known(&["aadsts50055"], "lookup-password-expired"),
    known(&["aadsts50057"], "lookup-account-disabled"),
    known(&["aadsts50076"], "lookup-second-factor"),
    known(&["aadsts50079"], "lookup-second-factor"),
    known(&["aadsts53000"], "lookup-device-policy"),
    known(&["aadsts53003"], "lookup-conditional-access"),
    known(&["aadsts90094"], "lookup-consent"),
    known(&["aadsts65001"], "lookup-consent"),
    known(&["aadsts"], "lookup-other-code"),
    known(&["no endpoint listening", "9090"], "lookup-port-9090"),
    known(&["registration request was denied"], "lookup-denied"),
    known(&["one or more errors occurred"], "lookup-window-closed"),
    known(&["clear error is presented"], "lookup-wrong-password"),
    known(&["cannot proceed"], "lookup-wrong-password"),
    known(&["execution policy"], "lookup-execution-policy"),
    known(&["failed to download the configuration"], "lookup-configuration"),
    known(&["trust certificate expired"], "lookup-trust-expired"),
    known(&["unable to connect to the service due to networking"], "lookup-networking"),
    known(&["failed to validate chain"], "lookup-chain"),
    known(&["could not establish trust relationship"], "lookup-trust-relationship"),
    known(&["could not create ssl/tls secure channel"], "lookup-secure-channel"),
    known(&["make sure your computer is connected to the internet"], "lookup-networking"),
    known(&["407"], "lookup-proxy-sign-in"),
    known(&["sha512"], "lookup-sha512"),
    known(&["sha-512"], "lookup-sha512"),
    known(&["2973337"], "lookup-sha512"),
    known(&["bad gateway"], "lookup-bad-gateway"),
    known(&["502"], "lookup-bad-gateway"),
    known(&["gateway timeout"], "lookup-gateway-timeout"),
    known(&["gateway time-out"], "lookup-gateway-timeout"),
    known(&["504"], "lookup-gateway-timeout"),
    known(&["forbidden"], "lookup-forbidden"),
    known(&["403"], "lookup-forbidden"),
    known(&["inactive"], "lookup-inactive"),
    known(&["synretransmit"], "lookup-syn"),
    known(&["12008"], "lookup-kerberos"),
    known(&["13016"], "lookup-kerberos"),
    known(&["13019"], "lookup-kerberos"),
    known(&["13020"], "lookup-kerberos"),
    known(&["13022"], "lookup-kerberos"),
    known(&["make sure you enabled application proxy"], "lookup-window-closed"),
];

/// The id of the explanation of a message; `None` where it is not known.
pub fn explanation(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let fits = |known: &&Known| known.words.iter().all(|word| has(&message, word));
    MESSAGES.iter().find(fits).map(|known| known.id)
}

/// Whether a word stands in a message. A number is one by itself: what is part of a longer one, of an address or of an
/// id in hexadecimal digits is another.
fn has(message: &str, word: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let close = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    message.match_indices(word).any(|(at, _)| {
        let (before, after) = (&message[..at], &message[at + word.len()..]);
        !(digit(word.chars().next()) && close(before.chars().next_back())
            || digit(word.chars().next_back()) && close(after.chars().next()))
    })
}

/// Whether a known message is about the account and its role, so that it stands for a failed sign-in.
pub fn about_account(id: &str) -> bool {
    matches!(
        id,
        "lookup-no-tenant"
            | "lookup-foreign-account"
            | "lookup-no-such-user"
            | "lookup-wrong-password"
            | "lookup-locked"
            | "lookup-password-expired"
            | "lookup-account-disabled"
            | "lookup-second-factor"
            | "lookup-device-policy"
            | "lookup-conditional-access"
            | "lookup-consent"
            | "lookup-other-code"
            | "lookup-application-proxy-disabled"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Message, Texts};

    #[test]
    fn every_known_message_has_an_explanation() {
        let texts = Texts::for_language("en");
        for known in MESSAGES {
            assert!(texts.is_complete(&Message::new(known.id)), "{}", known.id);
            for word in known.words {
                assert_eq!(word.to_lowercase(), *word, "words are compared in lower case");
            }
            // No entry hides behind a more general one before it.
            assert_eq!(explanation(&known.words.join(" ")), Some(known.id), "{:?}", known.words);
        }
    }

    #[test]
    fn messages_are_looked_up_by_what_is_in_them() {
        for (message, id) in [
            (
                "AADSTS50059: No tenant-identifying information found in either the request",
                Some("lookup-no-tenant"),
            ),
            (
                "Connector registration failed: Make sure you enabled Application Proxy in the Azure Management \
                 Portal and that you entered your Active Directory user name and password correctly. Error: 'One or \
                 more errors occurred.'",
                Some("lookup-window-closed"),
            ),
            (
                "Error: 'AADSTS50001: Resource https://proxy.cloudwebappproxy.net/registerapp is disabled.'",
                Some("lookup-application-proxy-disabled"),
            ),
            ("aadsts700016: Application was not found", Some("lookup-other-code")),
            (
                "The connector was unable to connect to the service due to networking issues.",
                Some("lookup-networking"),
            ),
            (
                "The remote server returned an error: (407) Proxy Authentication Required.",
                Some("lookup-proxy-sign-in"),
            ),
            ("The proxy answered CONNECT with 502.", Some("lookup-bad-gateway")),
            ("Bad gateway: This corporate app can't be accessed.", Some("lookup-bad-gateway")),
            ("Gateway timeout", Some("lookup-gateway-timeout")),
            ("The status of the connector is Inactive", Some("lookup-inactive")),
            ("KB2973337", None),
            ("update 2973337", Some("lookup-sha512")),
            ("SynRetransmit #1", Some("lookup-syn")),
            // Another code that begins alike, and numbers inside of numbers.
            ("AADSTS500590: something else", Some("lookup-other-code")),
            ("Correlation ID: 5f407a21-4071-1407-a407-0000000040751", None),
            ("10.0.120081.1", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(explanation(message), id, "{message}");
        }
    }
}
