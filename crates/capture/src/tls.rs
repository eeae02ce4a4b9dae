//! TLS, one direction: records are followed, handshake messages are read as long as they are not encrypted.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::assembly::{Arrival, Assembly};
use crate::budget::Budget;
use crate::conversation::{Progress, Talk};
use crate::facts::{Alert, AlertLevel, Side, Tls, Version, alert_name};

mod certificate;
mod hello;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// RFC 5246 allows 2048 bytes beyond the plain text; RFC 8446 fewer.
const MAX_RECORD: usize = (1 << 14) + 2048;

/// A handshake message that is longer is none. Chains of certificates are the longest.
const MAX_MESSAGE: usize = 128 << 10;

/// After so many records of encrypted data nothing readable comes any more, whatever is missing of the beginning.
const ENOUGH: u32 = 16;

/// Roughly what an alert takes.
const ALERT_WEIGHT: usize = 32;

/// Names, and pairs of versions, that are counted one by one; beyond that only those that are known.
const MAX_NAMES: usize = 4096;

/// Roughly what takes a place in [`TlsReader::counted`] beside its text.
const COUNTED_WEIGHT: usize = 40;

/// What one message adds to the sums.
#[derive(Debug)]
enum Counted {
    ServerName(String),
    ServerHello(String),
    Alert(u8),
}

impl Counted {
    fn weight(&self) -> usize {
        COUNTED_WEIGHT
            + match self {
                Self::ServerName(text) | Self::ServerHello(text) => text.len(),
                Self::Alert(_) => 0,
            }
    }
}

/// Where one direction of TLS stands.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct TlsReader {
    head: [u8; 5],
    head_length: usize,
    /// The current record.
    assembly: Assembly,
    kind: u8,
    /// Bytes of the current record that are still to come.
    left: usize,
    /// Whether the current record is an alert that is not encrypted, and what is there of it.
    plain_alert: bool,
    alert: Vec<u8>,
    /// A handshake message that is not complete.
    message: Vec<u8>,
    /// What belongs to the sums once the record is complete.
    counted: Vec<Counted>,
    /// The current handshake message is damaged; nothing of this record can be read.
    broken: bool,
    /// That message goes on in the next record.
    spans: bool,
    changed: bool,
    data_records: u32,
    closed: bool,
}

impl TlsReader {
    /// Whether data begins with a record that TLS may begin with; `None` if that cannot be told yet.
    pub fn begins(data: &[u8]) -> Option<bool> {
        let is = |at: usize, good: RangeInclusive<u8>| data.get(at).map(|byte| good.contains(byte));
        for (at, good) in [(0, CHANGE_CIPHER_SPEC..=APPLICATION_DATA), (1, 3..=3), (2, 0..=4)] {
            let is_good = is(at, good);
            if is_good != Some(true) {
                return is_good;
            }
        }
        let (Some(high), Some(low)) = (data.get(3), data.get(4)) else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length == 0 || length > MAX_RECORD {
            return Some(false);
        }
        match data[0] {
            HANDSHAKE => is(5, 0..=24),
            ALERT | APPLICATION_DATA => Some(true),
            // ChangeCipherSpec, which is one byte.
            _ => Some(length == 1),
        }
    }

    /// Whether everything further is encrypted.
    pub const fn encrypted(&self) -> bool {
        self.closed
    }

    /// Takes the next bytes.
    pub fn data(&mut self, data: &[u8], arrival: Arrival, talk: &mut Talk<'_>) -> Progress {
        let mut at = 0;
        self.assembly.next(arrival);
        while at < data.len() && !self.closed {
            if self.left == 0 {
                if self.head_length == 0 {
                    self.assembly.begin(arrival, at == 0);
                }
                self.head[self.head_length] = data[at];
                self.head_length += 1;
                at += 1;
                if self.head_length == self.head.len() {
                    self.assembly.length_known(arrival);
                    if !self.begin_record(talk) {
                        self.release(talk.budget);
                        // The head of what is no record may be the head of something else.
                        return Progress::Ended(at.saturating_sub(self.head.len()));
                    }
                }
                continue;
            }
            let count = self.left.min(data.len() - at);
            self.left -= count;
            self.in_record(&data[at..at + count], talk);
            if self.left == 0 {
                self.count(talk);
            }
            at += count;
        }
        Progress::All
    }

    /// So many bytes are missing. An error where they may have held the beginning of a record.
    pub fn gap(&mut self, bytes: u64, cut: bool, talk: &mut Talk<'_>) -> Result<(), ()> {
        let spans =
            message_length(&self.message).is_some_and(|length| length > self.message.len() + self.left);
        if cut {
            let message = std::mem::take(&mut self.message);
            talk.budget.done_waiting(message.len());
            let alone = self.left as u64 <= bytes;
            self.cut_message(&message, alone, talk);
            self.count(talk);
        }
        self.assembly.lose();
        let left = self.left as u64;
        self.release(talk.budget);
        if left <= bytes {
            return Err(());
        }
        self.left -= usize::try_from(bytes).unwrap_or(self.left);
        self.broken = true;
        self.plain_alert = false;
        self.spans |= spans;
        Ok(())
    }

    /// Gives back what is held.
    pub fn release(&mut self, budget: &mut Budget) {
        self.release_message(budget);
        budget.done_waiting(self.counted.iter().map(Counted::weight).sum());
        self.counted = Vec::new();
    }

    fn release_message(&mut self, budget: &mut Budget) {
        budget.done_waiting(self.message.len());
        self.message = Vec::new();
    }

    /// The head of a record is complete; `false` if it is none.
    fn begin_record(&mut self, talk: &mut Talk<'_>) -> bool {
        self.head_length = 0;
        let [kind, major, minor, high, low] = self.head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let known = (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind);
        if !known || major != 3 || minor > 4 || length > MAX_RECORD {
            return false;
        }
        // What goes on in this record cannot be told from a beginning.
        let goes_on = self.spans && kind == HANDSHAKE;
        (self.kind, self.left) = (kind, length);
        (self.broken, self.spans) = (goes_on, goes_on);
        // An encrypted alert is longer.
        self.plain_alert = kind == ALERT && length == 2;
        self.alert.clear();
        if kind == APPLICATION_DATA {
            self.data_record(talk);
        } else if kind == CHANGE_CIPHER_SPEC {
            self.changed = true;
        }
        true
    }

    /// The record is complete: tshark sees records as a whole or not at all.
    fn count(&mut self, talk: &mut Talk<'_>) {
        for counted in self.counted.drain(..) {
            talk.budget.done_waiting(counted.weight());
            if self.assembly.is_missed() {
                continue;
            }
            let totals = &mut *talk.totals;
            match counted {
                Counted::ServerHello(versions) => add(&mut totals.server_hellos, versions),
                Counted::Alert(description) => *totals.alerts.entry(description).or_default() += 1,
                Counted::ServerName(name) => add(&mut totals.server_names, name),
            }
        }
    }

    /// Keeps what belongs to the sums until the record is complete.
    fn remember(&mut self, counted: Counted, talk: &mut Talk<'_>) {
        if talk.counts_tls() && talk.budget.wait(counted.weight()) {
            self.counted.push(counted);
        }
    }

    fn data_record(&mut self, talk: &mut Talk<'_>) {
        self.data_records += 1;
        let at_ms = talk.at_ms;
        let Some(tls) = conversation(talk) else { return };
        tls.encrypted_ms.get_or_insert(at_ms);
        // Before the server has answered it may be early data, and another ClientHello may follow.
        if tls.server_hello.is_some() || self.data_records > ENOUGH {
            self.closed = true;
            self.release(talk.budget);
        }
    }

    fn in_record(&mut self, data: &[u8], talk: &mut Talk<'_>) {
        match self.kind {
            HANDSHAKE if !self.broken && !self.handshake_is_encrypted(talk) => self.handshake(data, talk),
            ALERT if self.plain_alert => {
                self.alert.extend_from_slice(data);
                if let [level, description] = self.alert[..] {
                    self.alert(level, description, talk);
                }
            }
            _ => {}
        }
    }

    /// After ChangeCipherSpec only what TLS 1.3 sends for the sake of old boxes is followed by readable messages: in
    /// the exchange that a HelloRetryRequest began.
    fn handshake_is_encrypted(&self, talk: &Talk<'_>) -> bool {
        let retried =
            talk.facts.tls.as_ref().is_some_and(|tls| tls.retry_ms.is_some() && tls.server_hello.is_none());
        self.changed && !retried
    }

    fn handshake(&mut self, mut data: &[u8], talk: &mut Talk<'_>) {
        while !data.is_empty() {
            if self.message.is_empty() {
                // Most messages lie in one piece.
                if let Some(length) = message_length(data)
                    && let Some(message) = data.get(..length)
                {
                    self.message(message, talk);
                    data = &data[length..];
                    continue;
                }
            }
            let wanted = message_length(&self.message).unwrap_or(4);
            let count = wanted.saturating_sub(self.message.len()).min(data.len());
            let fits = wanted <= MAX_MESSAGE && talk.budget.wait(count);
            if !fits || count == 0 {
                self.broken = true;
                self.spans = wanted > self.message.len() + data.len() + self.left;
                self.release_message(talk.budget);
                return;
            }
            talk.budget.worked(count);
            self.message.extend_from_slice(&data[..count]);
            data = &data[count..];
            if message_length(&self.message) == Some(self.message.len()) {
                let message = std::mem::take(&mut self.message);
                talk.budget.done_waiting(message.len());
                self.message(&message, talk);
            }
        }
    }

    /// One whole handshake message, with its head.
    fn message(&mut self, message: &[u8], talk: &mut Talk<'_>) {
        let (kind, body) = (message[0], &message[4..]);
        talk.budget.worked(message.len());
        self.hello(kind, body, false, talk);
        match kind {
            11 if talk.from == Side::Server => certificate::chain(body, talk),
            13 => {
                if let Some(tls) = conversation(talk) {
                    tls.client_certificate_requested = true;
                }
            }
            _ => {}
        }
    }

    /// A handshake message whose packet was cut; whether its record is `alone` in that packet.
    fn cut_message(&mut self, message: &[u8], alone: bool, talk: &mut Talk<'_>) {
        // tshark looks at such a record only once it knows that it is TLS 1.3.
        let modern = talk.facts.tls.as_ref().is_some_and(|tls| tls.retry_ms.is_some());
        if !(alone && modern) {
            self.assembly.lose();
        }
        let [kind @ (1 | 2), _, _, _, body @ ..] = message else { return };
        talk.budget.worked(message.len());
        if let Some(body) = hello::mended(body, *kind == 2) {
            self.hello(*kind, &body, true, talk);
        }
    }

    fn hello(&mut self, kind: u8, body: &[u8], cut: bool, talk: &mut Talk<'_>) {
        let counted = match kind {
            1 => hello::client(body, cut, talk).map(Counted::ServerName),
            2 => hello::server(body, cut, talk).map(Counted::ServerHello),
            _ => None,
        };
        if let Some(counted) = counted {
            self.remember(counted, talk);
        }
    }

    fn alert(&mut self, level: u8, description: u8, talk: &mut Talk<'_>) {
        let level = match level {
            1 => AlertLevel::Warning,
            2 => AlertLevel::Fatal,
            _ => return,
        };
        if alert_name(description) == "unknown" {
            return;
        }
        self.remember(Counted::Alert(description), talk);
        let (at_ms, from) = (talk.at_ms, talk.from);
        let full = talk.facts.tls.as_ref().is_some_and(|tls| tls.alerts.len() >= Tls::ALERTS);
        let room = !full && talk.keep(ALERT_WEIGHT);
        if let Some(tls) = conversation(talk).filter(|_| room) {
            tls.alerts.push(Alert { at_ms, from, level, description });
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, text: String) {
    if counts.len() < MAX_NAMES || counts.contains_key(&text) {
        *counts.entry(text).or_default() += 1;
    }
}

/// The TLS facts of the connection, which are made where there are none.
fn conversation<'a>(talk: &'a mut Talk<'_>) -> Option<&'a mut Tls> {
    /// Roughly what they take without anything in them.
    const EMPTY: usize = 320;
    if talk.facts.tls.is_none() {
        if !talk.keep(EMPTY) {
            return None;
        }
        // The answer to CONNECT may be missing, or come behind what was sent without waiting for it.
        let asked = talk.facts.connect().is_some_and(|exchange| exchange.status.is_none());
        talk.facts.tls = Some(Tls { in_tunnel: talk.shared.tunnel || asked, ..Tls::default() });
    }
    talk.facts.tls.as_mut()
}

/// The length of a handshake message with its head; `None` if that is not there yet.
fn message_length(data: &[u8]) -> Option<usize> {
    let [_, high, middle, low, ..] = data else { return None };
    Some(4 + (usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low)))
}

/// As tshark writes both fields.
fn versions(version: Version, selected: Option<Version>) -> String {
    selected.map_or_else(|| format!("{version:?}/"), |selected| format!("{version:?}/{selected:?}"))
}
