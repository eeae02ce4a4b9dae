//! What the two sides say to each other: telling HTTP, TLS and everything else apart, and following each as far as
//! its facts go.

use std::collections::VecDeque;

use crate::assembly::Arrival;
use crate::budget::Budget;
use crate::facts::{Connection, Side, Totals};
use crate::http::Http;
use crate::stream::Consumer;
use crate::tls::TlsReader;

/// Ports that tshark 4.0 takes for HTTP before it looks at the data, so that it does not see TLS on them. The list is
/// that of its preference `http.tcp.port`.
const HTTP_PORTS: [u16; 10] = [80, 3128, 3132, 5985, 8080, 8088, 11371, 1900, 2869, 2710];

/// The port of the Remote Desktop Protocol. Where its own greeting comes first, tshark does not look into the TLS behind it.
const RDP_PORT: u16 = 3389;

/// What that greeting begins with: TPKT, version 3 (RFC 2126).
const TPKT: [u8; 2] = [3, 0];

/// As many bytes tell what a conversation is.
const DETECT: usize = 16;

/// Requests without an answer that are remembered.
const MAX_PENDING: usize = 32;

/// What both directions of a connection must know of each other.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct Shared {
    /// Requests whose final answer has not come, oldest first.
    pub pending: VecDeque<Request>,
    /// Which answer belongs to which request is not known any more.
    pub unpaired: bool,
    /// Whether a proxy opened a tunnel.
    pub tunnel: bool,
    /// Whether tshark saw that.
    pub tunnel_counts: bool,
    /// Whether the conversation began as one of the Remote Desktop Protocol.
    pub remote_desktop: bool,
    /// What the details in the facts are counted with.
    pub weight: usize,
    /// The last method that tshark saw: it takes every answer for that one's.
    pub method: Option<Kind>,
    /// Who sent something that tshark takes for the beginning of a head: what follows it, up to the end of a line, is
    /// lost to it.
    pub stray: Option<Side>,
    /// An answer without a request whose body may be all that follows: tshark gives it at the end.
    pub endless: Option<(Side, u16)>,
}

/// A request without an answer.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Its place in [`Connection::http`]; `None` if it was not kept.
    pub index: Option<usize>,
    /// What its method means for the answer.
    pub kind: Kind,
}

/// What a method means for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer to CONNECT has no body if it is a success.
    Connect,
    /// The answer to HEAD has no body.
    Head,
    /// The answer's own headers tell.
    Other,
}

impl Shared {
    /// Remembers a request. Nobody sends CONNECT before earlier answers have come, so where that seems so the capture
    /// lacks them. Where there are too many, no answer can be told from another any more.
    pub fn asked(&mut self, request: Request) {
        if request.kind == Kind::Connect {
            self.pending.clear();
        }
        if self.pending.len() >= MAX_PENDING {
            self.pending.clear();
            self.unpaired = true;
        }
        if !self.unpaired {
            self.pending.push_back(request);
        }
    }
}

/// One direction speaking: where facts go.
#[derive(Debug)]
pub struct Talk<'a> {
    /// The facts of the connection.
    pub facts: &'a mut Connection,
    /// What both directions share.
    pub shared: &'a mut Shared,
    /// The sums of the capture.
    pub totals: &'a mut Totals,
    /// What may be kept.
    pub budget: &'a mut Budget,
    /// Who speaks.
    pub from: Side,
    /// When.
    pub at_ms: f64,
    /// Whether the speaker finishes with this packet.
    pub ends: bool,
}

impl Talk<'_> {
    /// Whether so many bytes of details may be kept; they are counted for this connection.
    pub fn keep(&mut self, bytes: usize) -> bool {
        let kept = self.budget.keep(bytes);
        if kept {
            self.shared.weight += bytes;
        }
        kept
    }

    /// Whether tshark would see TLS here.
    pub fn counts_tls(&self) -> bool {
        self.shared.tunnel_counts
            || !(self.shared.tunnel || self.shared.remote_desktop || self.on_http_port())
    }

    /// Whether one of the ports is for HTTP by tshark's settings.
    pub fn on_http_port(&self) -> bool {
        let ports = [self.facts.client.port, self.facts.server.port];
        ports.iter().any(|port| HTTP_PORTS.contains(port))
    }
}

/// How far a reader came with the bytes that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It took all of them.
    All,
    /// It took so many; what follows is not its own.
    Ended(usize),
}

/// What one direction speaks.
#[derive(Debug, Default)]
pub enum Speech {
    /// Not known yet, or not known at all: the beginning of each piece is looked at.
    #[default]
    Open,
    /// Too few bytes to tell.
    Begun(Vec<u8>, Arrival),
    /// HTTP/1.
    Http(Http),
    /// TLS.
    Tls(Box<TlsReader>),
    /// Nothing more can be learnt.
    Closed,
}

/// One direction and where its facts go, for the time of one packet.
#[derive(Debug)]
pub struct Listener<'a, 'b> {
    /// What it speaks.
    pub speech: &'a mut Speech,
    /// Where its facts go.
    pub talk: Talk<'b>,
}

impl Consumer for Listener<'_, '_> {
    fn data(&mut self, data: &[u8], arrival: Arrival) {
        let arrival = if self.is_stray(data, arrival) { Arrival::Repeated } else { arrival };
        if let Speech::Begun(begun, was) = self.speech {
            let (begun, was) = (std::mem::take(begun), *was);
            *self.speech = detect(&[&begun, data].concat(), was);
            if matches!(self.speech, Speech::Open | Speech::Begun(..)) {
                return;
            }
            self.all(&begun, was);
        }
        self.all(data, arrival);
    }

    fn gap(&mut self, bytes: u32, cut: bool) {
        self.talk.facts.gaps = true;
        if self.talk.shared.endless.is_some_and(|(side, _)| side == self.talk.from) {
            self.talk.shared.endless = None;
        }
        if self.talk.shared.stray == Some(self.talk.from) {
            self.talk.shared.stray = None;
        }
        let bytes = u64::from(bytes);
        let lost = match self.speech {
            Speech::Open | Speech::Closed => false,
            Speech::Begun(..) => true,
            Speech::Http(http) => http.gap(bytes, cut, &mut self.talk).is_err(),
            Speech::Tls(tls) => tls.gap(bytes, cut, &mut self.talk).is_err(),
        };
        if lost {
            *self.speech = Speech::Open;
        }
        // What is missing may be an answer. Of packets that are missing one learns late, but one request at a time goes
        // on: then what comes next is its answer.
        let open = matches!(self.speech, Speech::Open);
        if open && self.talk.from == Side::Server && (cut || self.talk.shared.pending.len() > 1) {
            self.talk.shared.pending.clear();
        }
    }

    fn budget(&mut self) -> &mut Budget {
        self.talk.budget
    }
}

impl Listener<'_, '_> {
    /// The speaker has finished, and nothing of it is missing at the end.
    pub fn finished(&mut self) {
        if let Speech::Http(http) = self.speech {
            http.finished(&mut self.talk);
        }
        let (shared, from) = (&mut *self.talk.shared, self.talk.from);
        if let Some((_, status)) = shared.endless.take_if(|(side, _)| *side == from) {
            *self.talk.totals.http_statuses.entry(status).or_default() += 1;
        }
    }

    /// Whether tshark adds this segment to something without a beginning. In a conversation of HTTP it takes whatever
    /// it does not know, and that is text, for a line that has no end yet.
    fn is_stray(&mut self, data: &[u8], arrival: Arrival) -> bool {
        let (shared, from) = (&mut *self.talk.shared, self.talk.from);
        let was = shared.stray == Some(from);
        if was {
            shared.stray = None;
        }
        if !matches!(arrival, Arrival::InOrder | Arrival::Early | Arrival::Asked) || shared.tunnel {
            return false;
        }
        let unknown = match self.speech {
            Speech::Open => matches!(detect(data, arrival), Speech::Open),
            Speech::Http(http) => http.is_within_unknown(),
            Speech::Begun(..) | Speech::Tls(_) | Speech::Closed => false,
        };
        let is_http = self.talk.on_http_port() || !self.talk.facts.http.is_empty();
        let is_text = data.first().is_some_and(|byte| matches!(byte, b' '..=b'~'));
        if (was || (unknown && is_http && is_text)) && !data.contains(&b'\n') {
            self.talk.shared.stray = Some(from);
        }
        was
    }

    fn all(&mut self, mut data: &[u8], arrival: Arrival) {
        while !data.is_empty() {
            let progress = match self.speech {
                Speech::Closed => return,
                Speech::Open | Speech::Begun(..) => {
                    *self.speech = detect(data, arrival);
                    if matches!(self.speech, Speech::Open | Speech::Begun(..)) {
                        self.talk.shared.remote_desktop |=
                            data.starts_with(&TPKT) && self.talk.facts.server.port == RDP_PORT;
                        return;
                    }
                    continue;
                }
                Speech::Http(http) => http.data(data, arrival, &mut self.talk),
                Speech::Tls(tls) => tls.data(data, arrival, &mut self.talk),
            };
            let closed = matches!(self.speech, Speech::Tls(tls) if tls.encrypted());
            match progress {
                _ if closed => *self.speech = Speech::Closed,
                Progress::All => return,
                Progress::Ended(used) => {
                    if matches!(self.speech, Speech::Http(_)) && self.talk.from == Side::Server {
                        // A tunnel, or something that is no answer.
                        self.talk.shared.pending.clear();
                    }
                    *self.speech = Speech::Open;
                    data = data.get(used..).unwrap_or_default();
                    if used == 0 {
                        // Its own, and not to be understood: what follows in this piece has no known beginning.
                        return;
                    }
                }
            }
        }
    }
}

/// Whether the speaker needs to be listened to at all.
pub const fn listens(speech: &Speech) -> bool {
    !matches!(speech, Speech::Closed)
}

/// Gives back what a direction holds.
pub fn release(speech: &mut Speech, budget: &mut Budget) {
    match speech {
        Speech::Http(http) => http.release(budget),
        Speech::Tls(tls) => tls.release(budget),
        Speech::Open | Speech::Begun(..) | Speech::Closed => {}
    }
    *speech = Speech::Closed;
}

/// What begins so.
fn detect(data: &[u8], arrival: Arrival) -> Speech {
    match (TlsReader::begins(data), Http::begins(data)) {
        (Some(true), _) => Speech::Tls(Box::default()),
        (_, Some(true)) => Speech::Http(Http::default()),
        (None, _) | (_, None) if data.len() < DETECT => Speech::Begun(data.to_vec(), arrival),
        _ => Speech::Open,
    }
}
