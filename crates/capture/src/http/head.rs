//! The head of an HTTP/1 message.

use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Response, Status};

/// More headers than this and the rest is not looked at.
const MAX_HEADERS: usize = 128;

/// Texts from the wire are shortened to so many characters.
const MAX_TEXT: usize = 256;

/// Schemes that are kept of `Proxy-Authenticate`.
const MAX_SCHEMES: usize = 8;

/// What matters of a head.
#[derive(Debug, Default)]
pub struct Head {
    /// The first line.
    pub first: First,
    /// `Content-Length`.
    pub length: Option<u64>,
    /// Whether `Transfer-Encoding` ends with `chunked`.
    pub chunked: bool,
    /// Whether `Connection` asks for another protocol.
    pub upgrade: bool,
    /// Whether `Proxy-Authorization` is there; it is not looked at.
    pub proxy_authorization: bool,
    /// The schemes of `Proxy-Authenticate`.
    pub proxy_authenticate: Vec<String>,
    /// `Proxy-Agent`.
    pub proxy_agent: Option<String>,
    /// `Via`.
    pub via: Option<String>,
    /// `Server`.
    pub server: Option<String>,
}

/// The first line.
#[derive(Debug, PartialEq, Eq)]
pub enum First {
    /// Of a request.
    Request {
        /// The method.
        method: String,
        /// The target, shortened if it is very long.
        target: String,
    },
    /// Of a response.
    Response {
        /// The status.
        status: u16,
    },
}

impl Default for First {
    fn default() -> Self {
        Self::Response { status: 0 }
    }
}

impl Head {
    /// Reads a head with its empty line; `None` if it is none.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let first = if data.starts_with(b"HTTP/1.") {
            let mut response = Response::new(&mut headers);
            let mut config = ParserConfig::default();
            config.allow_spaces_after_header_name_in_responses(true);
            config.allow_obsolete_multiline_headers_in_responses(true);
            config.ignore_invalid_headers_in_responses(true);
            match config.parse_response(&mut response, data) {
                Ok(Status::Complete(_)) => First::Response { status: response.code? },
                _ => return by_lines(data),
            }
        } else {
            let mut request = Request::new(&mut headers);
            match request.parse(data) {
                Ok(Status::Complete(_)) => {
                    First::Request { method: short(request.method?), target: short(request.path?) }
                }
                _ => return by_lines(data),
            }
        };
        let mut head = Self { first, ..Self::default() };
        for Header { name, value } in headers.iter().take_while(|header| !header.name.is_empty()) {
            head.header(name, value);
        }
        Some(head)
    }

    /// What its texts weigh.
    pub fn weight(&self) -> usize {
        let texts = [&self.proxy_agent, &self.via, &self.server].into_iter().flatten();
        texts.chain(&self.proxy_authenticate).map(|text| text.len() + 24).sum()
    }

    fn header(&mut self, name: &str, value: &[u8]) {
        let text = || String::from_utf8_lossy(value).trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.length = text().parse().ok(),
            "transfer-encoding" => self.chunked = text().to_ascii_lowercase().ends_with("chunked"),
            "upgrade" => self.upgrade = true,
            "proxy-authorization" => self.proxy_authorization = true,
            "proxy-authenticate" => {
                let room = MAX_SCHEMES.saturating_sub(self.proxy_authenticate.len());
                self.proxy_authenticate.extend(schemes(&text()).into_iter().take(room));
            }
            "proxy-agent" => self.proxy_agent = Some(short(&text())),
            "via" => self.via = Some(short(&text())),
            "server" => self.server = Some(short(&text())),
            _ => {}
        }
    }
}

/// Reads a head that is not quite in order, as some proxies send it.
fn by_lines(data: &[u8]) -> Option<Head> {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let mut words = lines.next()?.split_ascii_whitespace();
    let first = words.next()?;
    let first = if first.starts_with("HTTP/1.") {
        First::Response { status: words.next()?.parse().ok().filter(|status| (100..1000).contains(status))? }
    } else {
        let target = words.next()?;
        // What was cut when it was captured ends with the sign for it.
        let cut = |word: &str| word.ends_with('…');
        let version = words.next().unwrap_or(target);
        if !version.starts_with("HTTP/1.") && !cut(version) {
            return None;
        }
        First::Request { method: short(first), target: short(target) }
    };
    let mut head = Head { first, ..Head::default() };
    for (name, value) in lines.take(MAX_HEADERS).filter_map(|line| line.split_once(':')) {
        head.header(name.trim(), value.trim().as_bytes());
    }
    Some(head)
}

/// The schemes in a challenge: words that are followed by neither `=` nor by being its value.
fn schemes(challenge: &str) -> Vec<String> {
    // What is quoted may hold anything.
    let unquoted: String = challenge.split('"').step_by(2).collect();
    let parts = unquoted.split(',').map(str::trim);
    let scheme = |part: &str| {
        let word = part.split_ascii_whitespace().next()?;
        let is_word = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // `realm = "x"` has its sign behind a space.
        let parameter = part[word.len()..].trim_start().starts_with('=');
        (is_word && !parameter).then(|| short(word))
    };
    parts.filter_map(scheme).collect()
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_wants_to_know_who_asks() {
        let text = "HTTP/1.1 407 Proxy Authentication Required\r\nServer: squid/5.7\r\n\
            Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM TlRMTVNTUAAC\r\n\
            Proxy-Authenticate: Basic realm=\"a, b\", charset=\"UTF-8\"\r\nVia: 1.1 proxy (squid/5.7)\r\n\
            Content-Length: 12\r\n\r\n";
        let head = Head::parse(text.as_bytes()).unwrap();
        assert_eq!(head.first, First::Response { status: 407 });
        assert_eq!(head.proxy_authenticate[..3], ["Negotiate", "NTLM", "Basic"]);
        assert_eq!(head.length, Some(12));
        assert_eq!(head.via.as_deref(), Some("1.1 proxy (squid/5.7)"));
    }

    #[test]
    fn what_is_not_quite_in_order_is_read_all_the_same() {
        let head = Head::parse(b"CONNECT host:443 HTTP/1.1\nBad Header\nContent-Length: 0\n\n").unwrap();
        assert_eq!(head.first, First::Request { method: "CONNECT".into(), target: "host:443".into() });
        let head = Head::parse(b"HTTP/1.0 200 Connection\x01established\r\n\r\n").unwrap();
        assert_eq!(head.first, First::Response { status: 200 });
        assert!(Head::parse(b"HELLO there\r\n\r\n").is_none());
        assert!(Head::parse(b"HTTP/1.1 abc\r\n\r\n").is_none());
    }
}
