//! All connections of a capture: finding the one that a packet belongs to, and keeping no more than fits.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::budget::Budget;
use crate::container::{LINK_METADATA, Packet, Sink};
use crate::dns::Names;
use crate::facts::{CaptureFacts, Connection, End, Opening, Tls, Totals, Warning};
use crate::flow::{Flow, Moment};
use crate::internet::{Content, Segment, content};
use crate::link::{Frame, frame};

/// Connections that are followed at a time. Each takes up to a kilobyte beside what the budget counts.
const MAX_FLOWS: usize = 16_384;

/// Connections whose facts are kept.
const MAX_KEPT: usize = 10_000;

/// Link types that are told apart in warnings.
const MAX_LINKS: usize = 16;

/// The connections of a capture.
#[derive(Debug, Default)]
pub struct Connections {
    /// Sums.
    pub totals: Totals,
    budget: Budget,
    flows: Vec<Flow>,
    places: HashMap<Key, usize, RandomState>,
    /// The ends of the last packet and the place of its connection: packets come in bursts.
    last: Option<(Key, usize)>,
    kept: Vec<(Connection, usize)>,
    names: Names,
    start_ns: Option<i64>,
    end_ns: i64,
    cut: u64,
    unknown_links: BTreeMap<u32, u64>,
}

/// Both ends, the smaller first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key(End, End);

impl Key {
    fn of(a: End, b: End) -> Self {
        if a <= b { Self(a, b) } else { Self(b, a) }
    }
}

impl Sink for Connections {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.totals.packets += 1;
        self.totals.bytes += packet.length;
        if packet.link == LINK_METADATA {
            return;
        }
        let now = self.moment(packet.time_ns);
        let missing = packet.length.saturating_sub(packet.data.len() as u64);
        if missing > 0 {
            self.cut += 1;
        }
        let ip = match frame(packet.link, packet.data) {
            Frame::Ip(ip) => ip,
            Frame::Other => return,
            Frame::Unknown => {
                if self.unknown_links.len() < MAX_LINKS || self.unknown_links.contains_key(&packet.link) {
                    *self.unknown_links.entry(packet.link).or_default() += 1;
                }
                return;
            }
        };
        match content(ip, usize::try_from(missing).unwrap_or(usize::MAX)) {
            Content::Segment(segment) => self.segment(&segment, now),
            Content::Dns(message) => self.names.message(message, &mut self.budget),
            Content::Fragment => self.totals.fragments += 1,
            Content::Unreachable { from, to } => {
                let flow = self.places.get(&Key::of(from, to)).and_then(|place| self.flows.get_mut(*place));
                if let Some(flow) = flow.filter(|flow| flow.facts.client == from) {
                    flow.unreachable(now);
                }
            }
            Content::Other => {}
        }
    }
}

impl Connections {
    /// See [`Budget::work`].
    pub const fn work(&self) -> u64 {
        self.budget.work + self.totals.packets
    }

    /// Everything that was learnt.
    pub fn finish(mut self) -> (CaptureFacts, Vec<Warning>) {
        for flow in std::mem::take(&mut self.flows) {
            let kept = flow.finish(&mut self.totals, &mut self.budget);
            self.keep(kept);
        }
        self.prune(MAX_KEPT);
        let mut connections: Vec<Connection> =
            std::mem::take(&mut self.kept).into_iter().map(|(facts, _)| facts).collect();
        self.give_names(&mut connections);
        connections.sort_by_key(|connection| connection.id);
        let mut warnings = Vec::new();
        let links = self.unknown_links.into_iter();
        warnings.extend(links.map(|(link, packets)| Warning::UnknownLink { link, packets }));
        if self.cut > 0 {
            warnings.push(Warning::CutPackets { packets: self.cut });
        }
        if self.budget.refused > 0 {
            warnings.push(Warning::DetailsLeftOut { times: self.budget.refused });
        }
        let duration_ms = self.start_ns.map_or(0.0, |start| milliseconds(self.end_ns.saturating_sub(start)));
        let facts = CaptureFacts {
            container: None,
            start_ns: self.start_ns,
            duration_ms,
            totals: self.totals,
            connections,
        };
        (facts, warnings)
    }

    /// Those that tell no name themselves get what their server's address is called elsewhere.
    fn give_names(&mut self, connections: &mut [Connection]) {
        for connection in connections.iter() {
            let direct = connection.tls.as_ref().filter(|tls| !tls.in_tunnel);
            if let Some(name) = direct.and_then(Tls::server_name) {
                self.names.learn(connection.server.address, &name.to_ascii_lowercase(), &mut self.budget);
            }
        }
        for connection in connections.iter_mut().filter(|connection| connection.host().is_none()) {
            let names = self.names.of(connection.server.address);
            if self.budget.keep(names.iter().map(String::len).sum()) {
                connection.names = names.to_vec();
            }
        }
    }

    fn moment(&mut self, time_ns: i64) -> Moment {
        self.end_ns = if self.start_ns.is_none() { time_ns } else { self.end_ns.max(time_ns) };
        let start = *self.start_ns.get_or_insert(time_ns);
        Moment { ms: milliseconds(time_ns.saturating_sub(start)), ns: time_ns }
    }

    fn segment(&mut self, segment: &Segment<'_>, now: Moment) {
        self.totals.tcp_packets += 1;
        let key = Key::of(segment.from, segment.to);
        let place = match self.last {
            Some((last, place)) if last == key => Some(place),
            _ => self.places.get(&key).copied(),
        };
        let place = match place {
            Some(place) if !self.flows[place].is_over_with(segment) => place,
            Some(place) => {
                let flow = self.new_flow(segment, now);
                let over = std::mem::replace(&mut self.flows[place], flow);
                let kept = over.finish(&mut self.totals, &mut self.budget);
                self.keep(kept);
                place
            }
            None => {
                if self.flows.len() >= MAX_FLOWS {
                    self.evict();
                }
                let flow = self.new_flow(segment, now);
                self.flows.push(flow);
                self.places.insert(key, self.flows.len() - 1);
                self.flows.len() - 1
            }
        };
        self.last = Some((key, place));
        let flow = &mut self.flows[place];
        flow.last = self.totals.packets;
        flow.segment(segment, now, &mut self.totals, &mut self.budget);
    }

    fn new_flow(&mut self, segment: &Segment<'_>, now: Moment) -> Flow {
        let id = self.totals.connections;
        self.totals.connections += 1;
        Flow::new(id, segment, now, &mut self.budget)
    }

    /// Finishes the quarter that has been silent for longest. A packet of one of these begins a new one.
    fn evict(&mut self) {
        let mut flows = std::mem::take(&mut self.flows);
        self.budget.worked(flows.len());
        flows.sort_unstable_by_key(|flow| flow.last);
        let rest = flows.split_off(flows.len() / 4);
        for flow in flows {
            let kept = flow.finish(&mut self.totals, &mut self.budget);
            self.keep(kept);
        }
        let ends = rest.iter().map(|flow| Key::of(flow.facts.client, flow.facts.server));
        self.places = ends.enumerate().map(|(place, key)| (key, place)).collect();
        self.flows = rest;
        self.last = None;
    }

    fn keep(&mut self, kept: (Connection, usize)) {
        self.kept.push(kept);
        if self.kept.len() >= MAX_KEPT + MAX_KEPT / 4 {
            self.prune(MAX_KEPT);
        }
    }

    /// Leaves so many: those that tell most, and of these the first.
    fn prune(&mut self, room: usize) {
        if self.kept.len() <= room {
            return;
        }
        self.budget.worked(self.kept.len());
        self.kept.sort_by_key(|(facts, _)| (interest(facts), facts.id));
        for (_, weight) in self.kept.drain(room..) {
            self.totals.connections_left_out += 1;
            self.budget.forget(weight);
        }
    }
}

/// 0 for trouble, 1 for a proxy or TLS, 2 for the rest.
fn interest(facts: &Connection) -> u8 {
    let opened = matches!(facts.opening, Opening::Answered | Opening::NotCaptured);
    let refused = facts.http.iter().any(|exchange| {
        exchange.is_connect() && !exchange.status.is_some_and(|status| (200..300).contains(&status))
    });
    let alert = facts.tls.as_ref().is_some_and(|tls| !tls.alerts.is_empty());
    let connect = facts.http.iter().any(crate::facts::Exchange::is_connect);
    if !opened || refused || alert {
        0
    } else {
        2 - u8::from(connect || facts.tls.is_some() || facts.syn_retransmissions > 0)
    }
}

/// Nanoseconds as milliseconds. Exact to a nanosecond for some months, to a microsecond for centuries.
#[expect(clippy::cast_precision_loss, reason = "said above")]
fn milliseconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e6
}
