//! The file format of libpcap, with the variants that other systems made of it.
//!
//! Some variants share a magic number and differ in the length of a packet's header only; which it is shows in the
//! first packets.

use super::{MAX_PACKET, Order, Packet, Sink, Step};
use crate::facts::Warning;

/// How much of the file is looked at to tell the variants apart.
const TRIAL: usize = 65_536;

/// So many packets in a row are proof enough.
const TRIAL_PACKETS: usize = 4;

/// A reader of this format.
#[derive(Debug)]
pub struct Pcap {
    order: Order,
    nanoseconds: bool,
    link: u32,
    /// Files before version 2.4 may have the two lengths exchanged.
    old: bool,
    /// Bytes of the file's header, until it is done.
    file_header: usize,
    /// Candidates, then the one: bytes of a packet's header.
    packet_header: &'static [usize],
    name: &'static str,
}

impl Pcap {
    /// By the magic number; needs the whole file header.
    pub fn recognise(start: &[u8]) -> Option<Self> {
        // Header lengths: 16 by the book; 20 Nokia; 24 Red Hat 6.1 and "modified"; 28 SuSE 6.3.
        let (order, (nanoseconds, packet_header, file_header, name)) =
            [Order::Little, Order::Big].into_iter().find_map(|order| {
                let variant: (bool, &[usize], usize, &str) = match order.u32(start, 0)? {
                    0xa1b2_c3d4 => (false, &[16, 24, 20], 24, "pcap"),
                    0xa1b2_3c4d => (true, &[16], 24, "pcap, nanoseconds"),
                    0xa1b2_cd34 => (false, &[24, 28], 24, "pcap, modified"),
                    // Ixia's: the length of everything stands behind the header.
                    0x1c00_01ac | 0x1c00_01ab => (true, &[16], 28, "pcap, Ixia"),
                    _ => return None,
                };
                Some((order, variant))
            })?;
        let (major, minor) = (order.u16(start, 4)?, order.u16(start, 6)?);
        // The upper bits tell of checksums behind each packet.
        let link = order.u32(start, 20)? & 0x03ff_ffff;
        let old = major == 2 && minor < 4;
        Some(Self { order, nanoseconds, link, old, file_header, packet_header, name })
    }

    /// For readers.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// One packet, or the file header.
    pub fn step(&mut self, data: &[u8], last: bool, sink: &mut impl Sink) -> Step {
        if self.file_header > 0 {
            if data.len() < self.file_header {
                return Step::Need(self.file_header);
            }
            return Step::Took(std::mem::take(&mut self.file_header));
        }
        if self.packet_header.len() > 1 {
            if data.len() < TRIAL && !last {
                return Step::Need(TRIAL);
            }
            self.choose(data);
        }
        let header = self.packet_header[0];
        if data.len() < header {
            return Step::Need(header);
        }
        let Some((time_ns, captured, length)) = self.header(data) else {
            return Step::Need(header);
        };
        if captured > MAX_PACKET {
            let what = format!("a packet of {captured} bytes");
            return Step::End(Some(Warning::Damaged { at: 0, what }));
        }
        let Some(packet) = data.get(header..header + captured) else {
            return Step::Need(header + captured);
        };
        sink.packet(&Packet { time_ns, link: self.link, data: packet, length: u64::from(length) });
        Step::Took(header + captured)
    }

    /// Time, captured length, length on the wire.
    fn header(&self, data: &[u8]) -> Option<(i64, usize, u32)> {
        let field = |at| self.order.u32(data, at);
        let (seconds, fraction) = (field(0)?, field(4)?);
        let (mut captured, mut length) = (field(8)?, field(12)?);
        if self.old && captured > length {
            (captured, length) = (length, captured);
        }
        let scale = if self.nanoseconds { 1 } else { 1000 };
        let time_ns = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * scale;
        Some((time_ns, usize::try_from(captured).ok()?, length))
    }

    /// Keeps the header length with which most packets make sense; the first where several do.
    fn choose(&mut self, data: &[u8]) {
        let sizes = self.packet_header;
        let mut best = (0, 0);
        for (index, header) in sizes.iter().enumerate() {
            let score = self.plausible(data, *header);
            if score > best.1 {
                best = (index, score);
            }
        }
        self.packet_header = &sizes[best.0..=best.0];
        self.name = match self.packet_header[0] {
            20 => "pcap, Nokia",
            24 if self.name == "pcap" => "pcap, Red Hat 6.1",
            28 => "pcap, SuSE 6.3",
            _ => self.name,
        };
    }

    /// How many packets in a row make sense with headers of this length.
    fn plausible(&self, data: &[u8], header: usize) -> usize {
        let fraction_limit = if self.nanoseconds { 1_000_000_000 } else { 1_000_000 };
        let mut at = 0;
        for count in 0..TRIAL_PACKETS {
            let Some(rest) = data.get(at..) else { return count };
            let fields = (self.header(rest), self.order.u32(rest, 4));
            let (Some((_, captured, length)), Some(fraction)) = fields else {
                // A file may end here, behind a whole packet, and nowhere else.
                return if rest.is_empty() { TRIAL_PACKETS } else { count };
            };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if fraction >= fraction_limit || captured > MAX_PACKET || captured > length || length > 1 << 24 {
                return count;
            }
            at += header + captured;
        }
        TRIAL_PACKETS
    }
}
