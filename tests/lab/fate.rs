//! What becomes of a connection, in the words of a scenario file.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Deserialize;

use crate::certificates::Identity;

/// What becomes of connections to one port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Fate {
    /// As it stands in the file.
    pub text: String,
    /// What the network does.
    pub path: Path,
    /// What the server does, where there is one.
    pub server: Option<Server>,
    /// How far a client gets that does everything right; `None` where clients differ in that for good reasons.
    pub truth: Option<Truth>,
}

/// What the network does with packets to the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Passes them on.
    Open,
    /// Drops them.
    Drop,
    /// Rejects them the way routers do: ICMP, administratively prohibited.
    Prohibit,
    /// Resets the connection, at the far end.
    Reset,
    /// Resets the connection on the client's own machine, without a round trip.
    ResetNearby,
    /// Passes on only what is small, in both directions.
    SmallOnly,
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Over TCP alone.
    Plain(Act),
    /// After a TLS handshake; over TCP alone where the check is plain HTTP.
    Tls(Identity, Act),
    /// A program of OpenSSL with these arguments, none of which a browser can agree with.
    OpenSsl(&'static str),
}

/// What a server does once it is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Answers requests.
    Answer(Reply),
    /// Never says a word.
    Silence,
    /// Closes at once: before a handshake where there is none yet, after it where there is one.
    Close,
    /// The same with a reset.
    Reset,
    /// Closes once the client has said something.
    CloseAfterHearing,
    /// Resets then.
    ResetAfterHearing,
    /// Says this, and closes.
    Say(&'static [u8]),
}

/// An HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// This status, readable by any page.
    Status(u16),
    /// 204, so much later.
    After(Duration),
    /// To the same host, over plain HTTP.
    RedirectToHttp,
    /// To the page of a portal.
    RedirectToPortal,
    /// 200, which no other site may use (`Cross-Origin-Resource-Policy: same-origin`).
    SameOriginOnly,
}

/// How far a sound client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// No connection.
    Nothing,
    /// TCP.
    Tcp,
    /// TLS with a trusted certificate.
    Tls,
    /// An HTTP answer.
    Http,
}

/// Where portals lead to.
pub const PORTAL: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 9);

/// AMQP 1.0 with SASL, the header that Service Bus answers with (OASIS AMQP 1.0, part 5, section 5.3.2).
const AMQP: &[u8] = b"AMQP\x03\x01\x00\x00";

/// How an SSH server greets.
const SSH: &[u8] = b"SSH-2.0-lab\r\n";

/// Every word of the files.
pub const WORDS: &str = "answer, answer after N ms, status N, answer over TLS 1.2, answer over TLS 1.3, \
    redirect to http, same-origin only, sha-512, refuse, refuse nearby, drop, prohibit, small packets only, silent, \
    silent after TLS, close after accept, reset after accept, close after hello, reset after hello, \
    close after handshake, close after request, amqp, amqp without TLS, ssh, plain http, TLS 1.0, TLS 1.1, \
    no common cipher, untrusted, expired, wrong name, missing intermediate, client certificate";

impl TryFrom<String> for Fate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        use Server::{OpenSsl, Plain, Tls};
        let answer = |reply| Act::Answer(reply);
        let ok = answer(Reply::Status(204));
        let number = |before: &str, after: &str| {
            text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).and_then(|n| n.parse().ok())
        };
        let open = |server, truth| (Path::Open, Some(server), Some(truth));
        let sound = |act| Tls(Identity::Sound, act);
        let (path, server, truth) = match text.as_str() {
            "answer" => open(sound(ok), Truth::Http),
            "answer over TLS 1.2" => open(Tls(Identity::SoundTls12, ok), Truth::Http),
            "answer over TLS 1.3" => open(Tls(Identity::SoundTls13, ok), Truth::Http),
            "sha-512" => open(Tls(Identity::Sha512, ok), Truth::Http),
            "redirect to http" => open(sound(answer(Reply::RedirectToHttp)), Truth::Http),
            "same-origin only" => open(sound(answer(Reply::SameOriginOnly)), Truth::Http),
            "refuse" => (Path::Reset, None, Some(Truth::Nothing)),
            "refuse nearby" => (Path::ResetNearby, None, Some(Truth::Nothing)),
            "drop" => (Path::Drop, None, Some(Truth::Nothing)),
            "prohibit" => (Path::Prohibit, None, Some(Truth::Nothing)),
            "small packets only" => (Path::SmallOnly, Some(sound(ok)), Some(Truth::Tcp)),
            "silent" => open(Plain(Act::Silence), Truth::Tcp),
            "silent after TLS" => open(sound(Act::Silence), Truth::Tls),
            "close after accept" => open(Plain(Act::Close), Truth::Tcp),
            "reset after accept" => open(Plain(Act::Reset), Truth::Tcp),
            "close after hello" => open(Plain(Act::CloseAfterHearing), Truth::Tcp),
            "reset after hello" => open(Plain(Act::ResetAfterHearing), Truth::Tcp),
            "close after handshake" => open(sound(Act::Close), Truth::Tls),
            "close after request" => open(sound(Act::CloseAfterHearing), Truth::Tls),
            // Firefox takes any text for an answer of HTTP/0.9.
            "amqp" => (Path::Open, Some(sound(Act::Say(AMQP))), None),
            "amqp without TLS" => open(Plain(Act::Say(AMQP)), Truth::Tcp),
            "ssh" => open(Plain(Act::Say(SSH)), Truth::Tcp),
            "plain http" => open(Plain(ok), Truth::Tcp),
            "TLS 1.0" => open(OpenSsl("-tls1 -cipher ALL:@SECLEVEL=0"), Truth::Tcp),
            "TLS 1.1" => open(OpenSsl("-tls1_1 -cipher ALL:@SECLEVEL=0"), Truth::Tcp),
            "no common cipher" => open(OpenSsl("-tls1_2 -cipher ECDHE-ECDSA-ARIA256-GCM-SHA384"), Truth::Tcp),
            "untrusted" => open(Tls(Identity::Untrusted, ok), Truth::Tcp),
            "expired" => open(Tls(Identity::Expired, ok), Truth::Tcp),
            "wrong name" => open(Tls(Identity::WrongName, ok), Truth::Tcp),
            "missing intermediate" => open(Tls(Identity::MissingIntermediate, ok), Truth::Tcp),
            "client certificate" => open(Tls(Identity::ClientCertificate, ok), Truth::Tcp),
            _ => {
                if let Some(ms) = number("answer after ", " ms") {
                    let delay = Duration::from_millis(ms);
                    open(sound(answer(Reply::After(delay))), Truth::Http)
                } else if let Some(status) = number("status ", "") {
                    let status = u16::try_from(status).map_err(|error| format!("{text}: {error}"))?;
                    open(sound(answer(Reply::Status(status))), Truth::Http)
                } else {
                    return Err(format!("\"{text}\" is no fate; there are {WORDS}"));
                }
            }
        };
        Ok(Self { text, path, server, truth })
    }
}
