//! One direction of a connection: putting its bytes in order, as far as anyone is interested in them.

use crate::assembly::Arrival;
use crate::budget::Budget;
use crate::numbers::Place;

/// Segments that one direction may have waiting.
const MAX_SEGMENTS: usize = 256;

/// Bytes that one direction may have waiting.
const MAX_BYTES: usize = 256 << 10;

/// Roughly what a segment that waits takes beside its bytes.
const WAITING: usize = 64;

/// What takes the bytes in order.
pub trait Consumer {
    /// The next bytes, as they came in one segment.
    fn data(&mut self, data: &[u8], arrival: Arrival);
    /// So many bytes are not in the capture: with the packets that held them, or because the packet was `cut` whose
    /// bytes came last.
    fn gap(&mut self, bytes: u32, cut: bool);
    /// What may be held meanwhile.
    fn budget(&mut self) -> &mut Budget;
}

/// Where one direction stands.
#[derive(Debug, Default)]
pub struct Stream {
    /// The number of the byte that is to be delivered next; `None` before anything is known of it.
    next: Option<u32>,
    /// Segments beyond a hole, by their distance from each other in order.
    waiting: Vec<Waiting>,
    /// What these take, as they are counted.
    waiting_bytes: usize,
    /// What the other side has confirmed.
    confirmed: Option<u32>,
}

#[derive(Debug, Default)]
struct Waiting {
    sequence: u32,
    /// On the wire; `data` may be shorter.
    length: u32,
    data: Vec<u8>,
    arrival: Arrival,
}

impl Waiting {
    fn weight(&self) -> usize {
        WAITING + self.data.len()
    }
}

impl Stream {
    /// The direction begins with this byte: it follows a SYN.
    pub fn begin(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    /// The other side has received everything before this byte.
    pub fn confirm(&mut self, sequence: u32) {
        if self.confirmed.is_none_or(|confirmed| distance(confirmed, sequence) > 0) {
            self.confirmed = Some(sequence);
        }
    }

    /// A segment: `data` of it was captured, `length` was on the wire.
    pub fn segment(&mut self, sequence: u32, data: &[u8], length: u32, place: Place, to: &mut impl Consumer) {
        let next = *self.next.get_or_insert(sequence);
        let ahead = distance(next, sequence);
        let cut = data.len() < usize::try_from(length).unwrap_or(usize::MAX);
        let arrival = match place {
            Place::OutOfOrder => Arrival::OutOfOrder,
            Place::Ahead | Place::Asked | Place::Received if cut => Arrival::Cut,
            Place::Repeated | Place::Received => Arrival::Repeated,
            Place::Ahead | Place::Asked if ahead > 0 => Arrival::Early,
            Place::Ahead => Arrival::InOrder,
            Place::Asked => Arrival::Asked,
        };
        if ahead <= 0 {
            self.deliver(sequence, data, length, arrival, to);
            self.drain(to);
            return;
        }
        self.hold(Waiting { sequence, length, data: data.to_vec(), arrival }, to.budget());
        // A hole that the receiver does not have is a hole of the capture: nothing will fill it.
        while let Some(first) = self.waiting.first() {
            let missed = self.confirmed.is_some_and(|confirmed| distance(first.sequence, confirmed) >= 0);
            if !missed && self.waiting.len() <= MAX_SEGMENTS && self.waiting_bytes <= MAX_BYTES {
                break;
            }
            self.skip_hole(to);
        }
    }

    /// Nothing more will come: delivers what waits, with its holes.
    pub fn flush(&mut self, to: &mut impl Consumer) {
        while !self.waiting.is_empty() {
            self.skip_hole(to);
        }
    }

    /// Whether everything before this byte was delivered.
    pub fn has_reached(&self, sequence: u32) -> bool {
        self.next == Some(sequence)
    }

    /// Whether something before this byte is missing.
    pub fn lacks(&self, sequence: u32) -> bool {
        self.next.is_some_and(|next| distance(next, sequence) > 0)
    }

    /// Gives up what waits.
    pub fn discard(&mut self, budget: &mut Budget) {
        budget.done_waiting(self.waiting_bytes);
        self.waiting_bytes = 0;
        self.waiting = Vec::new();
    }

    fn deliver(&mut self, sequence: u32, data: &[u8], length: u32, arrival: Arrival, to: &mut impl Consumer) {
        let next = self.next.unwrap_or(sequence);
        // Not ahead of `next`, so this is how much of it is old.
        let old = next.wrapping_sub(sequence);
        if length <= old {
            return;
        }
        let old_bytes = usize::try_from(old).unwrap_or(usize::MAX);
        let new = data.get(old_bytes..).unwrap_or_default();
        if !new.is_empty() {
            to.budget().worked(new.len());
            to.data(new, arrival);
        }
        let missing = (length - old).saturating_sub(u32::try_from(new.len()).unwrap_or(u32::MAX));
        if missing > 0 {
            to.gap(missing, true);
        }
        self.next = Some(sequence.wrapping_add(length));
    }

    fn hold(&mut self, waiting: Waiting, budget: &mut Budget) {
        // Almost always at the end.
        let place = self.waiting.iter().rposition(|other| distance(other.sequence, waiting.sequence) >= 0);
        budget.worked(self.waiting.len() - place.unwrap_or(0));
        let same = place.and_then(|place| self.waiting.get(place));
        if same.is_some_and(|same| same.sequence == waiting.sequence && same.length >= waiting.length) {
            return;
        }
        if !budget.wait(waiting.weight()) {
            return;
        }
        self.waiting_bytes += waiting.weight();
        self.waiting.insert(place.map_or(0, |place| place + 1), waiting);
    }

    /// Delivers what waits and has no hole before it any more.
    fn drain(&mut self, to: &mut impl Consumer) {
        let Some(mut next) = self.next else { return };
        let mut count = 0;
        while let Some(first) = self.waiting.get(count) {
            if distance(next, first.sequence) > 0 {
                break;
            }
            let first = std::mem::take(&mut self.waiting[count]);
            to.budget().done_waiting(first.weight());
            self.waiting_bytes -= first.weight();
            self.deliver(first.sequence, &first.data, first.length, first.arrival, to);
            next = self.next.unwrap_or(next);
            count += 1;
        }
        to.budget().worked(if count > 0 { self.waiting.len() } else { 1 });
        self.waiting.drain(..count);
    }

    fn skip_hole(&mut self, to: &mut impl Consumer) {
        let (Some(next), Some(first)) = (self.next, self.waiting.first()) else { return };
        let missing = distance(next, first.sequence);
        if missing > 0 {
            to.gap(missing.unsigned_abs(), false);
            self.next = Some(first.sequence);
        }
        self.drain(to);
    }
}

/// How far `to` is ahead of `from`, in numbers that wrap around.
const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What arrived, with gaps as `[n]`, what came out of order as `(text)` and what was cut as `text[n!]`.
    #[derive(Default)]
    struct Text(String, Budget);

    impl Consumer for Text {
        fn data(&mut self, data: &[u8], arrival: Arrival) {
            let text = std::str::from_utf8(data).unwrap();
            self.0.extend(if arrival == Arrival::OutOfOrder { ["(", text, ")"] } else { ["", text, ""] });
        }

        fn gap(&mut self, bytes: u32, cut: bool) {
            self.0.extend(["[", &bytes.to_string(), if cut { "!]" } else { "]" }]);
        }

        fn budget(&mut self) -> &mut Budget {
            &mut self.1
        }
    }

    /// Segments by their place; a number instead of text confirms.
    fn check(begin: u32, segments: &[(i64, &str)], expected: &str) {
        let (mut stream, mut text) = (Stream::default(), Text::default());
        stream.begin(begin);
        let mut highest = 0;
        for (place, data) in segments {
            let at = begin.wrapping_add_signed(i32::try_from(*place).unwrap());
            if data.is_empty() {
                stream.confirm(at);
            } else {
                // An asterisk stands for a byte that was not captured.
                let captured = data.trim_end_matches('*');
                let length = u32::try_from(data.len()).unwrap();
                let end = place + i64::from(length);
                let order = if end > highest { Place::Ahead } else { Place::OutOfOrder };
                highest = highest.max(end);
                stream.segment(at, captured.as_bytes(), length, order, &mut text);
            }
        }
        stream.flush(&mut text);
        assert_eq!(text.0, expected, "{segments:?}");
        assert_eq!(stream.waiting_bytes, 0);
    }

    #[test]
    fn bytes_arrive_once_and_in_order() {
        for begin in [0, 1000, u32::MAX - 3] {
            check(begin, &[(0, "abc"), (3, "def")], "abcdef");
            check(begin, &[(0, "abc"), (0, "abc"), (3, "def"), (0, "abcdef")], "abcdef");
            check(begin, &[(0, "abc"), (2, "cde"), (1, "bcdefg")], "abcdefg");
            check(begin, &[(3, "def"), (0, "abc")], "(abc)def");
            check(begin, &[(6, "ghi"), (3, "def"), (6, "ghi"), (0, "abc"), (9, "j")], "(abc)(def)ghij");
            check(begin, &[(3, "defg"), (4, "efghi"), (0, "abc")], "(abc)defghi");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        check(7, &[(0, "abc"), (5, "fgh")], "abc[2]fgh");
        check(7, &[(0, "abc"), (3, "d"), (9, ""), (6, "ghi"), (9, "j")], "abcd[2]ghij");
        // Not yet confirmed, so it may still come.
        check(7, &[(0, "abc"), (4, ""), (6, "ghi"), (3, "def")], "abc(def)ghi");
        check(7, &[(-3, "xyz"), (0, "abc")], "abc");
        check(7, &[(0, "a"), (2, "c"), (4, "e"), (7, ""), (6, "g")], "a[1]c[1]e[1]g");
        check(7, &[(0, "ab**"), (4, "efg")], "ab[2!]efg");
    }

    #[test]
    fn little_is_held() {
        let (mut stream, mut text) = (Stream::default(), Text::default());
        stream.begin(0);
        for index in 0..100_000_u32 {
            stream.segment(2 * index + 1, b"x", 1, Place::Ahead, &mut text);
            assert!(stream.waiting.len() <= MAX_SEGMENTS + 1);
        }
    }
}
