//! The numbers of one direction, judged as tshark judges them: its sums of repeated SYNs follow from that, and which
//! segments it puts together.

use crate::internet::{ACK, FIN, RST, SYN, Segment};

/// Below this distance in time a segment that is behind others came out of order and is no retransmission, until the
/// round trip is known; 3 ms, as in tshark.
const OUT_OF_ORDER_NS: i64 = 3_000_000;

/// A segment that so many equal acknowledgements asked for was sent again at once, if it came within this time.
const FAST: (u32, i64) = (2, 20_000_000);

/// What tshark takes a segment for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It goes on where the direction stands, or beyond.
    Ahead,
    /// It was sent again at once because the other side asked for it.
    Asked,
    /// It took another way.
    OutOfOrder,
    /// It was sent again, for all that is known.
    Repeated,
    /// The other side said before that it has it.
    Received,
}

/// Where the numbers of one direction stand.
#[derive(Debug, Default)]
pub struct Numbers {
    /// The number before the first byte.
    pub base: Option<u32>,
    /// Behind the highest number so far: 0 stands for none.
    next: u32,
    next_ns: i64,
    /// The same without what came behind a hole, until the other side has that, too.
    whole: u32,
    /// What this direction said last that it has of the other; 0 stands for nothing.
    acknowledged: u32,
    acknowledged_ns: i64,
    window: u16,
    /// How often it said that again.
    duplicates: u32,
}

impl Numbers {
    /// Follows a segment of this direction, and says what it is.
    pub fn follow(
        &mut self,
        other: &mut Self,
        segment: &Segment<'_>,
        now_ns: i64,
        round_trip_ns: Option<i64>,
    ) -> Place {
        let (sequence, length) = (segment.sequence, segment.length);
        let flag = segment.has(SYN) || segment.has(FIN);
        let end = sequence.wrapping_add(length).wrapping_add(u32::from(flag));
        let acknowledged = if segment.has(ACK) { segment.acknowledged } else { 0 };
        let silent = length == 0 && !flag && !segment.has(RST);
        if segment.has(SYN) && !segment.has(ACK) && self.base == Some(sequence) {
            // What was refused meanwhile may have had any number.
            self.next = self.whole;
        }
        if acknowledged != self.acknowledged {
            self.duplicates = 0;
        } else if silent && segment.window > 0 && segment.window == self.window && sequence == self.next {
            self.duplicates += 1;
        }
        if segment.has(ACK)
            && other.whole != 0
            && ahead(acknowledged, other.whole)
            && ahead(other.next, other.whole)
        {
            other.whole = other.next;
        }

        let probe = length == 1 && sequence == self.next && other.window == 0;
        // One byte that was sent before only asks whether the other side is there.
        let alive = length <= 1 && !flag && !segment.has(RST) && sequence.wrapping_add(1) == self.next;
        let beyond_probe = length > 1 && sequence.wrapping_add(1) == self.next;
        let behind = self.next != 0 && ahead(self.next, sequence) && !beyond_probe;
        let received = length > 0
            && other.acknowledged != 0
            && !ahead(sequence.wrapping_add(length), other.acknowledged);
        let place = if alive && length > 0 {
            Place::OutOfOrder
        } else if length == 0 && !flag {
            Place::Ahead
        } else if received {
            Place::Received
        } else if !behind {
            Place::Ahead
        } else {
            let asked = other.duplicates >= FAST.0
                && other.acknowledged == sequence
                && now_ns.saturating_sub(other.acknowledged_ns) < FAST.1;
            let soon = now_ns.saturating_sub(self.next_ns) < round_trip_ns.unwrap_or(OUT_OF_ORDER_NS);
            match (asked, soon && self.next != end) {
                (true, _) => Place::Asked,
                (false, true) => Place::OutOfOrder,
                (false, false) => Place::Repeated,
            }
        };

        if (self.next == 0 || ahead(end, self.next)) && !probe {
            (self.next, self.next_ns) = (end, now_ns);
        }
        if (sequence == self.whole || self.whole == 0) && !probe {
            self.whole = self.next;
        }
        (self.acknowledged, self.acknowledged_ns, self.window) = (acknowledged, now_ns, segment.window);
        place
    }
}

/// Whether a number is ahead of another one, in numbers that wrap around.
const fn ahead(number: u32, of: u32) -> bool {
    number.wrapping_sub(of).cast_signed() > 0
}
