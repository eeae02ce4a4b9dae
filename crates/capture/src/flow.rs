//! One connection while it is read: what its packets say about its opening and its end, and its two directions.

use crate::budget::Budget;
use crate::conversation::{Listener, Shared, Speech, Talk, listens, release};
use crate::facts::{Close, Connection, Ending, Opening, Side, Totals, Volume};
use crate::internet::{ACK, FIN, RST, SYN, Segment};
use crate::numbers::{Numbers, Place};
use crate::stream::Stream;

/// Roughly what the facts of a connection take without any details.
const EMPTY: usize = 480;

/// A connection and where its two directions stand.
#[derive(Debug)]
pub struct Flow {
    /// What is known of it so far.
    pub facts: Connection,
    /// The number of its last packet.
    pub last: u64,
    shared: Shared,
    client: Half,
    server: Half,
    /// When the last SYN was sent, for the round trip.
    syn_ns: Option<i64>,
    round_trip_ns: Option<i64>,
}

/// One direction.
#[derive(Debug, Default)]
struct Half {
    stream: Stream,
    speech: Speech,
    numbers: Numbers,
    /// The number of its FIN.
    fin: Option<u32>,
}

/// A moment: for the facts, and as it stands in the capture.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Milliseconds since the first packet.
    pub ms: f64,
    /// Unix time in nanoseconds.
    pub ns: i64,
}

impl Flow {
    /// The connection that this segment is the first of.
    pub fn new(id: u64, segment: &Segment<'_>, now: Moment, budget: &mut Budget) -> Self {
        // Without a SYN the lower port is the likelier server.
        let from_client = match (segment.has(SYN), segment.has(ACK)) {
            (true, acknowledges) => !acknowledges,
            (false, _) => segment.from.port >= segment.to.port,
        };
        let (client, server) =
            if from_client { (segment.from, segment.to) } else { (segment.to, segment.from) };
        let facts = Connection {
            id,
            client,
            server,
            names: Vec::new(),
            start_ms: now.ms,
            end_ms: now.ms,
            opening: Opening::NotCaptured,
            syns_ms: Vec::new(),
            syn_retransmissions: 0,
            opened_ms: None,
            close: None,
            sent: Volume::default(),
            received: Volume::default(),
            http: Vec::new(),
            tls: None,
            gaps: false,
        };
        // Counted even beyond the limit: the number of connections has a limit of its own.
        let counted = if budget.keep(EMPTY) { EMPTY } else { 0 };
        Self {
            facts,
            last: 0,
            shared: Shared { weight: counted, ..Shared::default() },
            client: Half::default(),
            server: Half::default(),
            syn_ns: None,
            round_trip_ns: None,
        }
    }

    /// Whether a segment opens another connection between the same ends: a SYN with a new number.
    pub fn is_over_with(&self, segment: &Segment<'_>) -> bool {
        if !segment.has(SYN) || segment.has(ACK) {
            return false;
        }
        let half = if segment.from == self.facts.client { &self.client } else { &self.server };
        half.numbers.base.is_some_and(|base| base != segment.sequence)
    }

    /// Takes a segment of this connection.
    pub fn segment(&mut self, segment: &Segment<'_>, now: Moment, totals: &mut Totals, budget: &mut Budget) {
        let from = if segment.from == self.facts.client { Side::Client } else { Side::Server };
        self.facts.end_ms = now.ms;
        let volume = match from {
            Side::Client => &mut self.facts.sent,
            Side::Server => &mut self.facts.received,
        };
        volume.packets += 1;
        volume.bytes += u64::from(segment.length);

        let place = self.follow(segment, from, now);
        let syn = segment.has(SYN) && !segment.has(ACK);
        if syn {
            self.syn_ns = Some(now.ns);
            if matches!(place, Place::Repeated | Place::Received) {
                totals.syn_retransmissions += 1;
                self.facts.syn_retransmissions += 1;
            }
            if from == Side::Client && self.facts.syns_ms.len() < Connection::SYNS {
                self.facts.syns_ms.push(now.ms);
            }
        } else if segment.has(ACK) && !segment.has(SYN) && self.round_trip_ns.is_none() {
            self.round_trip_ns = self.syn_ns.map(|syn| now.ns.saturating_sub(syn));
        }
        self.opening(segment, from, now.ms);
        self.ending(segment, from, now.ms);
        self.bytes(segment, from, place, now.ms, totals, budget);
    }

    /// A router says that what the client sent cannot be passed.
    pub fn unreachable(&mut self, now: Moment) {
        if self.facts.opening == Opening::Unanswered {
            self.facts.opening = Opening::Unreachable;
            self.facts.opened_ms = Some(now.ms);
        }
    }

    /// The facts, with what they are counted with.
    pub fn finish(mut self, totals: &mut Totals, budget: &mut Budget) -> (Connection, usize) {
        let at_ms = self.facts.end_ms;
        for from in [Side::Client, Side::Server] {
            let half = match from {
                Side::Client => &mut self.client,
                Side::Server => &mut self.server,
            };
            let Half { stream, speech, .. } = half;
            if listens(speech) {
                let talk = Talk {
                    facts: &mut self.facts,
                    shared: &mut self.shared,
                    totals,
                    budget,
                    from,
                    at_ms,
                    ends: false,
                };
                stream.flush(&mut Listener { speech, talk });
            }
            stream.discard(budget);
            release(speech, budget);
        }
        self.facts.http.shrink_to_fit();
        (self.facts, self.shared.weight)
    }

    fn follow(&mut self, segment: &Segment<'_>, from: Side, now: Moment) -> Place {
        let (own, other) = match from {
            Side::Client => (&mut self.client.numbers, &mut self.server.numbers),
            Side::Server => (&mut self.server.numbers, &mut self.client.numbers),
        };
        let syn = segment.has(SYN);
        own.base.get_or_insert(if syn { segment.sequence } else { segment.sequence.wrapping_sub(1) });
        if segment.has(ACK) {
            other.base.get_or_insert(segment.acknowledged.wrapping_sub(1));
        }
        own.follow(other, segment, now.ns, self.round_trip_ns)
    }

    fn opening(&mut self, segment: &Segment<'_>, from: Side, at_ms: f64) {
        let facts = &mut self.facts;
        let (syn, ack, reset) = (segment.has(SYN), segment.has(ACK), segment.has(RST));
        match (facts.opening, from) {
            (Opening::NotCaptured, Side::Client) if syn && !ack => facts.opening = Opening::Unanswered,
            (Opening::Answered, _) => {}
            (_, Side::Server) if syn && ack => {
                facts.opening = Opening::Answered;
                facts.opened_ms = Some(at_ms);
            }
            (Opening::Unanswered | Opening::Unreachable, Side::Server) if reset => {
                facts.opening = Opening::Refused;
                facts.opened_ms = Some(at_ms);
            }
            // The SYN-ACK is missing in the capture, but what follows it is there.
            (Opening::Unanswered, Side::Server) if ack && segment.length > 0 => {
                facts.opening = Opening::Answered;
                facts.opened_ms = Some(at_ms);
            }
            _ => {}
        }
    }

    fn ending(&mut self, segment: &Segment<'_>, from: Side, at_ms: f64) {
        let how = match (segment.has(RST), segment.has(FIN)) {
            (true, _) => Ending::Reset,
            (false, true) => Ending::Fin,
            (false, false) => return,
        };
        if matches!(self.facts.opening, Opening::Answered | Opening::NotCaptured) {
            self.facts.close.get_or_insert(Close { by: from, how, at_ms });
        }
    }

    fn bytes(
        &mut self,
        segment: &Segment<'_>,
        from: Side,
        place: Place,
        at_ms: f64,
        totals: &mut Totals,
        budget: &mut Budget,
    ) {
        let (own, other) = match from {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        };
        let mut sequence = segment.sequence;
        if segment.has(SYN) {
            sequence = sequence.wrapping_add(1);
            own.stream.begin(sequence);
        }
        if segment.has(ACK) {
            if segment.has(SYN) {
                other.stream.begin(segment.acknowledged);
            }
            other.stream.confirm(segment.acknowledged);
            if from == Side::Server && segment.length > 0 && other.stream.lacks(segment.acknowledged) {
                // Requests are missing, so the next answer may be to one of these.
                self.shared.pending.clear();
            }
        }
        let ends = segment.has(FIN);
        let closed = !listens(&own.speech);
        if segment.has(RST) || ((segment.length == 0 || closed) && !ends) {
            return;
        }
        if ends {
            own.fin = Some(sequence.wrapping_add(segment.length));
        }
        let Half { stream, speech, fin, .. } = own;
        let talk =
            Talk { facts: &mut self.facts, shared: &mut self.shared, totals, budget, from, at_ms, ends };
        let mut listener = Listener { speech, talk };
        if segment.length > 0 && !closed {
            stream.segment(sequence, segment.payload, segment.length, place, &mut listener);
        }
        // Of what nobody listens to any more it is not known whether all of it was there.
        if closed || fin.is_some_and(|fin| stream.has_reached(fin)) {
            listener.finished();
        }
        if !listens(listener.speech) {
            stream.discard(listener.talk.budget);
        }
    }
}
