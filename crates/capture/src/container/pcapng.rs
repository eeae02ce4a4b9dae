//! pcapng: any number of sections and interfaces, either byte order; blocks that say nothing about packets are passed.

use pcap_parser::pcapng::{self, Block};

use super::{LINK_METADATA, MAX_PACKET, Order, Packet, Sink, Step};
use crate::facts::Warning;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Obsolete, and still written by some.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Blocks that hold no packet and have a number among the packets in Wireshark all the same: entries of the systemd
/// journal and both kinds of custom blocks.
const NUMBERED: [u32; 3] = [9, 0x0bad, 0x4000_0bad];

/// A block of these kinds that is longer is not taken into memory.
const MAX_BLOCK: usize = 1 << 20;

/// More interfaces than this in one section are no capture's.
const MAX_INTERFACES: usize = 65_536;

/// A reader of this format.
#[derive(Debug, Default)]
pub struct PcapNg {
    /// `None` before the first section.
    order: Option<Order>,
    interfaces: Vec<Interface>,
    /// Problems that did not stop the reading.
    pub warnings: Vec<Warning>,
    position: u64,
    last_time: i64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u32,
    snap: u32,
    /// Time units in a second.
    units: u64,
    /// Seconds to be added to each time.
    offset: i64,
}

impl PcapNg {
    /// By the first block.
    pub fn recognise(start: &[u8]) -> bool {
        Order::Little.u32(start, 0) == Some(SECTION) && section_order(start).is_some()
    }

    /// One block.
    pub fn step(&mut self, data: &[u8], sink: &mut impl Sink) -> Step {
        if data.len() < 12 {
            return Step::Need(12);
        }
        if Order::Little.u32(data, 0) == Some(SECTION) {
            // A section may be of the other order than the one before.
            let Some(order) = section_order(data) else {
                return self.end("a section of no known byte order");
            };
            self.order = Some(order);
            self.interfaces.clear();
        }
        let Some(order) = self.order else {
            return self.end("no section");
        };
        let (Some(kind), Some(length)) = (order.u32(data, 0), order.u32(data, 4)) else {
            return Step::Need(12);
        };
        if length < 12 || length % 4 != 0 {
            return self.end("a block of impossible length");
        }
        let long = u64::from(length);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let wanted = [INTERFACE, PACKET, SIMPLE_PACKET, ENHANCED_PACKET].contains(&kind);
        if !wanted || length > MAX_BLOCK {
            if wanted {
                self.warn("a block that is too long to be one of packets");
            }
            if NUMBERED.contains(&kind) {
                let (time_ns, link) = (self.last_time, LINK_METADATA);
                sink.packet(&Packet { time_ns, link, data: &[], length: long });
            }
            self.position += long;
            return Step::Skip(long);
        }
        let Some(block) = data.get(..length) else {
            return Step::Need(length);
        };
        if self.block(order, kind, block, sink).is_none() {
            self.warn("a block that contradicts itself");
        }
        self.position += long;
        Step::Took(length)
    }

    fn block(&mut self, order: Order, kind: u32, block: &[u8], sink: &mut impl Sink) -> Option<()> {
        if kind == PACKET {
            return self.obsolete_packet(order, block, sink);
        }
        let parse = match order {
            Order::Little => pcapng::parse_block_le,
            Order::Big => pcapng::parse_block_be,
        };
        let (_, parsed) = parse(block).ok()?;
        match parsed {
            Block::InterfaceDescription(interface) => {
                if self.interfaces.len() >= MAX_INTERFACES {
                    return None;
                }
                self.interfaces.push(Interface {
                    link: u32::try_from(interface.linktype.0).ok()?,
                    snap: interface.snaplen,
                    units: units(interface.if_tsresol),
                    offset: interface.if_tsoffset,
                });
            }
            Block::EnhancedPacket(packet) => {
                let interface = *self.interfaces.get(usize::try_from(packet.if_id).ok()?)?;
                let data = packet.data.get(..usize::try_from(packet.caplen).ok()?)?;
                self.emit(interface, Some((packet.ts_high, packet.ts_low)), data, packet.origlen, sink);
            }
            Block::SimplePacket(packet) => {
                let interface = *self.interfaces.first()?;
                let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
                let captured = usize::try_from(packet.origlen.min(snap)).ok()?;
                let data = packet.data.get(..captured.min(packet.data.len()))?;
                self.emit(interface, None, data, packet.origlen, sink);
            }
            _ => {}
        }
        Some(())
    }

    fn obsolete_packet(&mut self, order: Order, block: &[u8], sink: &mut impl Sink) -> Option<()> {
        let interface = *self.interfaces.get(usize::from(order.u16(block, 8)?))?;
        let time = (order.u32(block, 12)?, order.u32(block, 16)?);
        let captured = usize::try_from(order.u32(block, 20)?).ok()?;
        let data = block.get(28..28_usize.checked_add(captured)?)?;
        self.emit(interface, Some(time), data, order.u32(block, 24)?, sink);
        Some(())
    }

    fn emit(
        &mut self,
        interface: Interface,
        time: Option<(u32, u32)>,
        data: &[u8],
        length: u32,
        sink: &mut impl Sink,
    ) {
        if data.len() > MAX_PACKET {
            return self.warn("a packet that is too long");
        }
        // A packet without a time of its own was not before the one in front of it.
        let time_ns = time.map_or(self.last_time, |(high, low)| {
            nanoseconds(u64::from(high) << 32 | u64::from(low), interface)
        });
        self.last_time = time_ns;
        sink.packet(&Packet { time_ns, link: interface.link, data, length: u64::from(length) });
    }

    fn end(&self, what: &str) -> Step {
        Step::End(Some(Warning::Damaged { at: self.position, what: what.to_owned() }))
    }

    /// The first of each kind suffices.
    fn warn(&mut self, what: &str) {
        let known =
            |warning: &Warning| matches!(warning, Warning::Damaged { what: other, .. } if other == what);
        if !self.warnings.iter().any(known) {
            self.warnings.push(Warning::Damaged { at: self.position, what: what.to_owned() });
        }
    }
}

/// The byte order that a section header tells.
fn section_order(block: &[u8]) -> Option<Order> {
    match Order::Little.u32(block, 8)? {
        0x1a2b_3c4d => Some(Order::Little),
        0x4d3c_2b1a => Some(Order::Big),
        _ => None,
    }
}

/// Units in a second, from `if_tsresol`: a power of ten, or with the top bit set of two.
fn units(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

fn nanoseconds(time: u64, interface: Interface) -> i64 {
    let nanoseconds = match interface.units {
        1_000_000 => u128::from(time) * 1000,
        1_000_000_000 => u128::from(time),
        units => u128::from(time) * 1_000_000_000 / u128::from(units),
    };
    let nanoseconds = i64::try_from(nanoseconds).unwrap_or(i64::MAX);
    nanoseconds.saturating_add(interface.offset.saturating_mul(1_000_000_000))
}
