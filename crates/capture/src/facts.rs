//! The vocabulary: what a capture tells about connections.
//!
//! Times are milliseconds since the first packet of the capture. Everything here is plain data that a reader of any
//! language gets as JSON.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

mod names;
mod tls;

pub use names::{HashFamily, alert_name, scheme_name};
pub use tls::{Alert, AlertLevel, Certificate, ClientHello, Scheme, ServerHello, Tls, Version};

/// What was read from one capture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CaptureFacts {
    /// The form of the file, for readers, such as `pcapng, gzip`; `None` if nothing was recognised.
    pub container: Option<String>,
    /// Unix time of the first packet in nanoseconds; `None` without packets.
    pub start_ns: Option<i64>,
    /// Milliseconds from the first packet to the last.
    pub duration_ms: f64,
    /// Sums over the whole capture, over connections that are not listed too.
    pub totals: Totals,
    /// The connections, by their start. See [`Totals::connections_left_out`].
    pub connections: Vec<Connection>,
}

/// Sums over the whole capture.
///
/// What protocols say is counted as tshark 4.0 counts it with its default settings: once for each message that it puts
/// together, with its body; not on ports that tshark takes for plain HTTP, not where a segment seems to be sent again,
/// and of cut packets what it makes of each alone. [`Connection`] has what this leaves out, too.
///
/// Only TCP counts here: no HTTP over UDP (SSDP), no TLS in other tunnels than of a proxy (a VPN's, EAP, GTP). Where
/// tshark knows a port for something else (3389), TLS behind that protocol's own greeting counts here and not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Packets in the file.
    pub packets: u64,
    /// Bytes of these packets on the wire.
    pub bytes: u64,
    /// Packets with a TCP header.
    pub tcp_packets: u64,
    /// IP fragments that carry no TCP header of their own; they belong to no connection here.
    pub fragments: u64,
    /// TCP connections.
    pub connections: u64,
    /// Connections that are not listed because there are too many; those that worked are left out first.
    pub connections_left_out: u64,
    /// SYNs that repeat an earlier one of the same connection; SYN-ACKs do not count.
    pub syn_retransmissions: u64,
    /// CONNECT requests.
    pub connect_requests: u64,
    /// Status of HTTP/1 responses of any kind, and how often.
    pub http_statuses: BTreeMap<u16, u64>,
    /// Server names in ClientHellos, and how often.
    pub server_names: BTreeMap<String, u64>,
    /// `VERSION/SELECTED` of ServerHellos, HelloRetryRequests included, as tshark writes both: the field and the
    /// extension `supported_versions`, which is empty before TLS 1.3. And how often.
    pub server_hellos: BTreeMap<String, u64>,
    /// Descriptions of unencrypted TLS alerts, and how often.
    pub alerts: BTreeMap<u8, u64>,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct End {
    /// The address.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
}

/// Which of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The end that sent the first SYN, or, where none was captured, seems to have.
    Client,
    /// The other end.
    Server,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One TCP connection, or an attempt at one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its number in the capture, from 0, by the first packet.
    pub id: u64,
    /// Who opened it.
    pub client: End,
    /// Whom.
    pub server: End,
    /// Where the connection itself tells no name: what its server's address is called, by answers of name servers within
    /// the capture, and by server names in TLS to the same address. At most [`Connection::NAMES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The first packet.
    pub start_ms: f64,
    /// The last packet.
    pub end_ms: f64,
    /// What became of the attempt.
    pub opening: Opening,
    /// When each SYN of the client was sent, the first included; at most [`Connection::SYNS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syns_ms: Vec<f64>,
    /// How many SYNs there were beyond the first.
    #[serde(default)]
    pub syn_retransmissions: u32,
    /// The first SYN-ACK, or the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_ms: Option<f64>,
    /// Who ended it first, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<Close>,
    /// What the client sent.
    pub sent: Volume,
    /// What the server sent.
    pub received: Volume,
    /// HTTP/1 requests and their answers, CONNECT above all; at most [`Connection::EXCHANGES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<Exchange>,
    /// TLS, direct or inside a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Whether bytes are missing in the capture, so that something may have been overlooked.
    #[serde(default)]
    pub gaps: bool,
}

impl Connection {
    /// The most names of an address that are kept.
    pub const NAMES: usize = 4;
    /// The most SYN times that are kept.
    pub const SYNS: usize = 16;
    /// The most HTTP exchanges that are kept.
    pub const EXCHANGES: usize = 16;

    /// The target of the tunnel that TLS runs in, or that was asked for last.
    pub fn connect(&self) -> Option<&Exchange> {
        self.http.iter().rev().find(|exchange| exchange.is_connect())
    }

    /// The host that this is about: the server name, else the target of the tunnel. See also [`Connection::names`].
    pub fn host(&self) -> Option<&str> {
        let sni = self.tls.as_ref().and_then(Tls::server_name);
        sni.or_else(|| self.connect().and_then(Exchange::authority).map(|(host, _)| host))
    }

    /// The port that this is about: of the tunnel's target, else of the server.
    pub fn port(&self) -> u16 {
        self.connect().and_then(Exchange::authority).map_or(self.server.port, |(_, port)| port)
    }
}

/// What became of an attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// A SYN-ACK came.
    Answered,
    /// A reset came in answer to a SYN.
    Refused,
    /// A router said by ICMP that there is no way, or that it is forbidden.
    Unreachable,
    /// Nothing came, at least until the end of the capture.
    Unanswered,
    /// The capture begins later than the connection.
    NotCaptured,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Close {
    /// Who ended it first.
    pub by: Side,
    /// In which manner.
    pub how: Ending,
    /// When.
    pub at_ms: f64,
}

/// In which manner a connection was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// In order.
    Fin,
    /// By a reset.
    Reset,
}

/// How much one side sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Packets.
    pub packets: u64,
    /// Bytes of TCP payload, repeated ones included.
    pub bytes: u64,
}

/// One HTTP/1 request and its answer. Either may be missing in the capture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// When the request was complete, or else the answer.
    pub at_ms: f64,
    /// The method; empty if the request was not captured.
    pub method: String,
    /// The target as it stands in the request, shortened if it is very long.
    pub target: String,
    /// Whether the request carried `Proxy-Authorization`. Its value is never read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authorization: bool,
    /// The status of the final answer; `None` if none was captured.
    pub status: Option<u16>,
    /// When the answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_ms: Option<f64>,
    /// The schemes that `Proxy-Authenticate` offers, in order, such as `Negotiate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxy_authenticate: Vec<String>,
    /// `Proxy-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_agent: Option<String>,
    /// `Via`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// `Server`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl Exchange {
    /// Whether a tunnel was asked for.
    pub fn is_connect(&self) -> bool {
        self.method == "CONNECT"
    }

    /// Host and port of a CONNECT target; the host without the brackets of an IPv6 address.
    pub fn authority(&self) -> Option<(&str, u16)> {
        if !self.is_connect() {
            return None;
        }
        let (host, port) = self.target.rsplit_once(':')?;
        Some((host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?))
    }
}

/// Something that a reader of the facts must know about their worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Warning {
    /// The file is empty.
    Empty,
    /// The file is no capture that is read here.
    NotACapture {
        /// What it seems to be; `None` if nothing is known of it.
        seems: Option<String>,
        /// Commands that convert it, the likeliest first; `FILE` stands for its name.
        convert: Vec<String>,
    },
    /// The file ends within a packet; everything before was read.
    Truncated,
    /// The file is damaged from some place on; everything before was read.
    Damaged {
        /// The byte of the (uncompressed) file at which reading ended.
        at: u64,
        /// What is wrong there.
        what: String,
    },
    /// Packets of a kind of network that is not read here.
    UnknownLink {
        /// The number of the link type.
        link: u32,
        /// How many packets.
        packets: u64,
    },
    /// Packets were cut when they were captured, so headers and certificates may be missing.
    CutPackets {
        /// How many packets.
        packets: u64,
    },
    /// So many connections or so much data at once that some details were not kept.
    DetailsLeftOut {
        /// How often something was not kept.
        times: u64,
    },
}
