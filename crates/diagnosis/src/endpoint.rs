//! An address that a check points at: scheme, host, port and path.

use std::fmt;
use std::net::IpAddr;

/// The schemes that a catalogue may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// TLS, then HTTP.
    Https,
    /// Plain HTTP.
    Http,
    /// WebSocket over TLS.
    Wss,
}

impl Scheme {
    /// As it stands in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Wss => "wss",
        }
    }

    /// The port that an address without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https | Self::Wss => 443,
            Self::Http => 80,
        }
    }

    /// Whether TLS comes first.
    pub const fn is_tls(self) -> bool {
        match self {
            Self::Https | Self::Wss => true,
            Self::Http => false,
        }
    }
}

/// A complete address, without user, query of secrets or fragment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// How to speak.
    pub scheme: Scheme,
    /// Lower-case name or IP literal; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query, at least `/`.
    pub path: String,
}

/// Why a text is no address that can be probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointError {
    /// The text is no absolute address.
    NotAnAddress,
    /// A scheme other than `https`, `http` or `wss`; carries it.
    Scheme(String),
    /// The host is missing or no name or address; carries what stands there.
    Host(String),
    /// The address carries a user name or password.
    UserInfo,
    /// The address carries a fragment, which is never sent.
    Fragment,
    /// The port is 0 or no number; carries what stands there.
    Port(String),
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAddress => write!(f, "not an absolute address such as https://host.example/"),
            Self::Scheme(scheme) => write!(f, "scheme \"{scheme}\" is not allowed; use https, http or wss"),
            Self::Host(host) => write!(f, "\"{host}\" is no host name or IP address"),
            Self::UserInfo => write!(f, "a user name or password in an address is not allowed"),
            Self::Fragment => write!(f, "the part after # is never sent; remove it"),
            Self::Port(port) => write!(f, "\"{port}\" is no port; use 1 to 65535"),
        }
    }
}

impl Endpoint {
    /// Reads an absolute address.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let (scheme_text, rest) = text.split_once("://").ok_or(EndpointError::NotAnAddress)?;
        let scheme = match scheme_text.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "wss" => Scheme::Wss,
            _ => return Err(EndpointError::Scheme(scheme_text.to_owned())),
        };
        if text.contains('#') {
            return Err(EndpointError::Fragment);
        }
        let authority_text = rest.split(['/', '?']).next().unwrap_or_default();
        if authority_text.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let (host_text, port_text) = split_port(authority_text);
        let port = match port_text {
            None => scheme.default_port(),
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => port,
                _ => return Err(EndpointError::Port(digits.to_owned())),
            },
        };
        let host = canonical_host(host_text).ok_or_else(|| EndpointError::Host(host_text.to_owned()))?;
        let uri: http::Uri = text.parse().map_err(|_| EndpointError::NotAnAddress)?;
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme, host, port, path })
    }

    /// The address as a browser wants it; the port stands only where it is not the scheme's own.
    pub fn url(&self) -> String {
        let host = self.bracketed_host();
        let scheme = self.scheme.as_str();
        if self.port == self.scheme.default_port() {
            format!("{scheme}://{host}{}", self.path)
        } else {
            format!("{scheme}://{host}:{}{}", self.port, self.path)
        }
    }

    /// Host and port, always with the port.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port)
    }

    fn bracketed_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    /// The host as an IP address, where it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the address can only mean this very machine, so that no network path lies between.
    pub fn is_loopback(&self) -> bool {
        self.ip().map_or_else(
            || self.host == "localhost" || self.host.ends_with(".localhost"),
            // 0.0.0.0 and :: reach this machine, too; an IPv4 address may stand in an IPv6 one.
            |ip| ip.to_canonical().is_loopback() || ip.is_unspecified(),
        )
    }

    /// Whether the host is a name that has to be looked up.
    pub fn is_named(&self) -> bool {
        self.ip().is_none() && !self.is_loopback()
    }
}

/// Splits `host:port`, `[v6]:port` or `host`.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_bracket..].find(':') {
        Some(at) => (&authority[..after_bracket + at], Some(&authority[after_bracket + at + 1..])),
        None => (authority, None),
    }
}

/// Lower-cases a host and checks its form: an IP literal, or labels of letters, digits, `-` and `_`.
pub(crate) fn canonical_host(text: &str) -> Option<String> {
    if let Some(v6) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return v6.parse::<std::net::Ipv6Addr>().ok().map(|ip| ip.to_string());
    }
    let host = text.trim_end_matches('.').to_ascii_lowercase();
    if host.is_empty() || host.len() > 253 {
        return None;
    }
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !host.split('.').all(label_ok) {
        return None;
    }
    // A last label that is a number makes a browser read the whole as an IPv4 address (WHATWG URL).
    let number = |label: &str| {
        let hex = label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
        hex || label.bytes().all(|b| b.is_ascii_digit())
    };
    let numeric_end = host.rsplit('.').next().is_some_and(number);
    if numeric_end && host.parse::<std::net::Ipv4Addr>().is_err() {
        return None;
    }
    Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Result<&str, EndpointError>) {
        assert_eq!(Endpoint::parse(input).map(|e| e.url()), expected.map(str::to_owned), "{input}");
    }

    #[test]
    fn addresses_are_read_and_written_back() {
        check("https://Host.Example", Ok("https://host.example/"));
        check("https://host.example:443/a?b=c", Ok("https://host.example/a?b=c"));
        check("https://host.example:9090/", Ok("https://host.example:9090/"));
        check("http://host.example:443/", Ok("http://host.example:443/"));
        check("http://127.0.0.2:80/", Ok("http://127.0.0.2/"));
        check("https://[2001:DB8::1]:8080/", Ok("https://[2001:db8::1]:8080/"));
        check("wss://host.example/$servicebus/websocket", Ok("wss://host.example/$servicebus/websocket"));
        check("https://host.example?x=1", Ok("https://host.example/?x=1"));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        check("host.example", Err(EndpointError::NotAnAddress));
        check("ftp://host.example/", Err(EndpointError::Scheme("ftp".into())));
        check("javascript://host.example/", Err(EndpointError::Scheme("javascript".into())));
        check("https://user:pw@host.example/", Err(EndpointError::UserInfo));
        check("https://host.example/#x", Err(EndpointError::Fragment));
        check("https://host.example:0/", Err(EndpointError::Port("0".into())));
        check("https://host.example:+80/", Err(EndpointError::Port("+80".into())));
        check("https://host.example:70000/", Err(EndpointError::Port("70000".into())));
        check("https:///x", Err(EndpointError::Host(String::new())));
        check("https://a..b/", Err(EndpointError::Host("a..b".into())));
        check("https://*.example.com/", Err(EndpointError::Host("*.example.com".into())));
        check("https://1.2.3/", Err(EndpointError::Host("1.2.3".into())));
        check("https://0x7f000001/", Err(EndpointError::Host("0x7f000001".into())));
        check("https://a.0x/", Err(EndpointError::Host("a.0x".into())));
        check("https://[fe80::1%25eth0]/", Err(EndpointError::Host("[fe80::1%25eth0]".into())));
    }

    #[test]
    fn loopback_is_known_by_literal_and_by_name() {
        for (url, loopback) in [
            ("http://127.0.0.2:9090/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://x.localhost/", true),
            ("http://0.0.0.0/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://127.0.0.1.example/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(Endpoint::parse(url).map(|e| e.is_loopback()), Ok(loopback), "{url}");
        }
    }
}
