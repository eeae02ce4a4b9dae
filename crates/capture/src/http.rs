//! HTTP/1, one direction: heads are read, bodies are passed over.
//!
//! The facts of a connection have every message whose head is there. The sums of a capture have those that tshark
//! gives: it waits for the body, too.

use crate::assembly::{Arrival, Assembly};
use crate::budget::Budget;
use crate::conversation::{Kind, Progress, Request, Talk};
use crate::facts::{Connection, Exchange};

mod head;

use head::{First, Head};

/// A head that is longer is none.
const MAX_HEAD: usize = 64 << 10;

/// A line that gives the length of a chunk is not longer.
const MAX_CHUNK_LINE: usize = 256;

/// Roughly what an exchange takes beside its texts.
const EXCHANGE: usize = 256;

/// Where one direction of HTTP stands.
#[derive(Debug, Default)]
pub struct Http {
    state: State,
    /// What was received of a head; empty where none is cut.
    head: Vec<u8>,
    /// The current message, from the first byte of its head to the last of its body.
    assembly: Assembly,
    /// What belongs to the sums once that is complete.
    owed: Option<Counted>,
}

/// What a message adds to the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Connect,
    Status(u16),
}

/// A body that is longer is none to tshark: it does not wait for its end.
const LONGEST_BODY: u64 = i32::MAX as u64;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Body(u64),
    /// Of a chunk, with the two bytes behind it.
    Chunk(u64),
    /// The line before a chunk, with its value so far and its length.
    ChunkLine {
        value: u64,
        length: usize,
        digits: bool,
    },
    /// Lines after the last chunk; whether the current one is empty so far.
    Trailer {
        empty: bool,
        length: usize,
    },
    UntilClose,
}

const CHUNK_LINE: State = State::ChunkLine { value: 0, length: 0, digits: true };

impl Http {
    /// Whether data begins with a head; `None` if that cannot be told yet.
    pub fn begins(data: &[u8]) -> Option<bool> {
        const RESPONSE: &[u8] = b"HTTP/1.";
        let length = data.len().min(RESPONSE.len());
        if data[..length] == RESPONSE[..length] {
            return if length == RESPONSE.len() { Some(true) } else { None };
        }
        // Methods are extensible; these letters suffice for all that there are.
        let letters =
            data.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')).count();
        match data.get(letters) {
            Some(b' ') => Some((3..=20).contains(&letters)),
            Some(_) => Some(false),
            None if letters > 20 => Some(false),
            None => None,
        }
    }

    /// Takes the next bytes.
    pub fn data(&mut self, data: &[u8], arrival: Arrival, talk: &mut Talk<'_>) -> Progress {
        self.assembly.next(arrival);
        let mut at = 0;
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.state {
                State::Head => match self.read_head(rest, arrival, at == 0, talk) {
                    Taken::Bytes(count) => {
                        if matches!(self.state, State::Body(_) | State::UntilClose) {
                            self.assembly.length_known(arrival);
                        }
                        count
                    }
                    Taken::Ended(count) => return Progress::Ended(at + count),
                },
                State::Body(left) => {
                    let count = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - count as u64;
                    self.state = if left == 0 { State::Head } else { State::Body(left) };
                    count
                }
                State::Chunk(left) => {
                    let count = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - count as u64;
                    self.state = if left == 0 { CHUNK_LINE } else { State::Chunk(left) };
                    count
                }
                State::ChunkLine { value, length, digits } => {
                    if !self.chunk_line(rest[0], value, length, digits) {
                        // tshark waits no longer, either.
                        self.settle(talk);
                        return Progress::Ended(at);
                    }
                    1
                }
                State::Trailer { empty, length } => {
                    self.state = match rest[0] {
                        b'\n' if empty => State::Head,
                        b'\n' => State::Trailer { empty: true, length: length + 1 },
                        b'\r' => State::Trailer { empty, length: length + 1 },
                        _ => State::Trailer { empty: false, length: length + 1 },
                    };
                    // tshark waits for the line behind the last chunk, whatever it holds.
                    self.settle(talk);
                    if length > MAX_HEAD {
                        return Progress::Ended(at);
                    }
                    1
                }
                State::UntilClose => rest.len(),
            };
            if self.state == State::Head && self.head.is_empty() {
                self.settle(talk);
            }
        }
        if talk.ends && matches!(self.state, State::Chunk(_) | State::ChunkLine { .. }) {
            self.settle(talk);
        }
        Progress::All
    }

    /// So many bytes are missing. An error where they may have held the beginning of a head.
    pub fn gap(&mut self, bytes: u64, cut: bool, talk: &mut Talk<'_>) -> Result<(), ()> {
        // Where it began in an earlier packet the sums miss it, and the facts need not.
        if cut && self.cut_head(talk) {
            self.settle(talk);
            // Who knows how long the head is.
            self.state = State::Head;
            return Err(());
        }
        if cut && self.assembly.is_here() {
            self.settle(talk);
        }
        self.assembly.lose();
        match &mut self.state {
            State::Body(left) | State::Chunk(left) if *left > bytes => *left -= bytes,
            State::Body(left) if *left == bytes => self.state = State::Head,
            State::UntilClose => {}
            State::Body(_)
            | State::Chunk(_)
            | State::Head
            | State::ChunkLine { .. }
            | State::Trailer { .. } => {
                self.release(talk.budget);
                return Err(());
            }
        }
        Ok(())
    }

    /// Whether the next bytes belong to a body that tshark does not know of.
    pub fn is_within_unknown(&self) -> bool {
        !matches!(self.state, State::Head | State::Trailer { .. }) && self.assembly.is_unknown()
    }

    /// The speaker has finished, and all of it was there.
    pub fn finished(&mut self, talk: &mut Talk<'_>) {
        if self.state == State::UntilClose {
            self.settle(talk);
        }
    }

    /// The current message is as complete as tshark wants it.
    fn settle(&mut self, talk: &mut Talk<'_>) {
        let counted = self.owed.take().filter(|_| !self.assembly.is_missed());
        match counted {
            Some(Counted::Connect) => talk.totals.connect_requests += 1,
            Some(Counted::Status(status)) => *talk.totals.http_statuses.entry(status).or_default() += 1,
            None => {}
        }
    }

    /// Where the packet was cut within a head, what stands before that is read all the same. Whether it was one.
    fn cut_head(&mut self, talk: &mut Talk<'_>) -> bool {
        if self.state != State::Head || self.head.is_empty() {
            return false;
        }
        let mut head = std::mem::take(&mut self.head);
        talk.budget.done_waiting(head.len());
        if let Some(line) = head.iter().rposition(|byte| *byte == b'\n') {
            head.truncate(line + 1);
        } else if talk.on_http_port()
            || [&b"CONNECT "[..], b"HTTP/1."].iter().any(|word| head.starts_with(word))
        {
            if !talk.on_http_port() {
                // There tshark goes by whole lines.
                self.assembly.lose();
            }
            head.extend_from_slice("…\r\n".as_bytes());
        } else {
            return true;
        }
        head.extend_from_slice(b"\r\n");
        self.complete(&head, 0, talk);
        true
    }

    /// Gives back what is held.
    pub fn release(&mut self, budget: &mut Budget) {
        budget.done_waiting(self.head.len());
        self.head = Vec::new();
    }

    fn read_head(&mut self, data: &[u8], arrival: Arrival, first: bool, talk: &mut Talk<'_>) -> Taken {
        if self.head.is_empty() {
            // Some send an empty line too many behind a body.
            let blank = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                return Taken::Bytes(blank);
            }
            if Self::begins(data) == Some(false) {
                return Taken::Ended(0);
            }
            self.assembly.begin(arrival, first);
            talk.budget.worked(data.len());
            if let Some(end) = end_of_head(data, 0) {
                return self.complete(&data[..end], end, talk);
            }
        }
        let before = self.head.len();
        if before + data.len() > MAX_HEAD || !talk.budget.wait(data.len()) {
            self.release(talk.budget);
            return Taken::Ended(0);
        }
        self.head.extend_from_slice(data);
        // The end may have begun in the piece before.
        let from = before.saturating_sub(3);
        talk.budget.worked(self.head.len() - from);
        match end_of_head(&self.head, from) {
            Some(end) => {
                let mut head = std::mem::take(&mut self.head);
                talk.budget.done_waiting(head.len());
                head.truncate(end);
                self.complete(&head, end - before, talk)
            }
            None if Self::begins(&self.head) == Some(false) => {
                self.release(talk.budget);
                Taken::Ended(0)
            }
            None => Taken::Bytes(data.len()),
        }
    }

    /// A whole head, of which the last `taken` bytes are new.
    fn complete(&mut self, head: &[u8], taken: usize, talk: &mut Talk<'_>) -> Taken {
        let Some(head) = Head::parse(head) else {
            return Taken::Ended(0);
        };
        let tunnel = match &head.first {
            First::Request { method, target } => self.request(method, target, &head, talk),
            First::Response { status } => self.response(*status, &head, talk),
        };
        let endless = head.length.is_some_and(|length| length > LONGEST_BODY) && !head.chunked;
        let is_request = matches!(head.first, First::Request { .. });
        let switched = matches!(head.first, First::Response { status: 101 });
        let waits = self.state == State::UntilClose && !talk.ends && !self.assembly.is_alone();
        if tunnel && !switched && waits {
            let owed = self.owed.take().filter(|_| !self.assembly.is_missed());
            if let Some(Counted::Status(status)) = owed {
                talk.shared.endless = Some((talk.from, status));
            }
        }
        // Where the stream ends with this packet nothing more is waited for.
        if tunnel || talk.ends || self.state == State::Head || (endless && is_request) {
            self.settle(talk);
        }
        if tunnel { Taken::Ended(taken) } else { Taken::Bytes(taken) }
    }

    /// Whether what follows may be something else.
    fn request(&mut self, method: &str, target: &str, head: &Head, talk: &mut Talk<'_>) -> bool {
        let kind = match method {
            "CONNECT" => Kind::Connect,
            "HEAD" => Kind::Head,
            _ => Kind::Other,
        };
        if kind == Kind::Connect {
            self.owed = Some(Counted::Connect);
        }
        let exchange = Exchange {
            at_ms: talk.at_ms,
            method: method.to_owned(),
            target: target.to_owned(),
            authorization: head.proxy_authorization,
            ..Exchange::default()
        };
        let index = add(exchange, talk);
        talk.shared.asked(Request { index, kind });
        if !self.assembly.is_missed() {
            talk.shared.method = Some(kind);
        }
        self.state = match (kind, head.chunked, head.length) {
            (Kind::Connect, ..) | (_, false, None | Some(0)) => State::Head,
            (_, true, _) => CHUNK_LINE,
            (_, false, Some(length)) => State::Body(length),
        };
        kind == Kind::Connect || (head.upgrade && self.state == State::Head)
    }

    /// Whether what follows may be something else.
    fn response(&mut self, status: u16, head: &Head, talk: &mut Talk<'_>) -> bool {
        self.owed = Some(Counted::Status(status));
        if (100..200).contains(&status) && status != 101 {
            self.state = State::Head;
            return false;
        }
        let request = talk.shared.pending.pop_front();
        let index = match request {
            Some(request) => request.index,
            None => add(Exchange { at_ms: talk.at_ms, ..Exchange::default() }, talk),
        };
        if let Some(index) = index
            && talk.keep(head.weight())
            && let Some(exchange) = talk.facts.http.get_mut(index)
        {
            exchange.status = Some(status);
            exchange.answered_ms = Some(talk.at_ms);
            exchange.proxy_authenticate.clone_from(&head.proxy_authenticate);
            exchange.proxy_agent.clone_from(&head.proxy_agent);
            exchange.via.clone_from(&head.via);
            exchange.server.clone_from(&head.server);
        }
        let kind = request.map(|request| request.kind);
        let asked = kind.or(talk.shared.method);
        if asked == Some(Kind::Connect) && (200..300).contains(&status) {
            let known = talk.shared.method == Some(Kind::Connect);
            talk.shared.tunnel = true;
            talk.shared.tunnel_counts = known && status == 200 && !self.assembly.is_missed();
            if !known {
                // Then tshark does not know that there is no body.
                self.state = State::UntilClose;
            }
            return true;
        }
        self.state = match (kind, head.chunked, head.length) {
            (Some(Kind::Head), ..) | (_, false, Some(0)) => State::Head,
            _ if matches!(status, 204 | 304) => State::Head,
            (_, true, _) => CHUNK_LINE,
            (_, false, Some(length)) => State::Body(length),
            (_, false, None) => State::UntilClose,
        };
        // Where the request is missing it may have been CONNECT; and 101 is for something else by its meaning.
        status == 101 || (kind.is_none() && self.state == State::UntilClose)
    }

    /// One byte of a line that gives the length of a chunk; `false` if it is none.
    fn chunk_line(&mut self, byte: u8, value: u64, length: usize, digits: bool) -> bool {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        self.state = match (byte, digit) {
            (b'\n', _) if length == 0 => return false,
            (b'\n', _) if value == 0 => State::Trailer { empty: true, length: 0 },
            // The chunk and the line's end behind it.
            (b'\n', _) => State::Chunk(value.saturating_add(2)),
            (_, Some(digit)) if digits => State::ChunkLine {
                value: value.saturating_mul(16).saturating_add(digit),
                length: length + 1,
                digits,
            },
            _ if length == 0 => return false,
            _ => State::ChunkLine { value, length: length + 1, digits: false },
        };
        length < MAX_CHUNK_LINE
    }
}

enum Taken {
    /// So many bytes, and more may follow.
    Bytes(usize),
    /// So many bytes, and what follows is something else.
    Ended(usize),
}

/// Keeps an exchange if there is room.
fn add(exchange: Exchange, talk: &mut Talk<'_>) -> Option<usize> {
    let index = talk.facts.http.len();
    let weight = EXCHANGE + exchange.method.len() + exchange.target.len();
    if index >= Connection::EXCHANGES || !talk.keep(weight) {
        return None;
    }
    talk.facts.http.push(exchange);
    Some(index)
}

/// Behind the empty line that ends a head, searched from `from`.
fn end_of_head(data: &[u8], from: usize) -> Option<usize> {
    let lines = data.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| at).find_map(|at| match data.get(at + 1..)? {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}
