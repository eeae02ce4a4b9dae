//! IP, TCP and UDP headers: from a packet to a segment.

use std::net::IpAddr;

use etherparse::{IpNumber, LaxIpSlice};

use crate::facts::End;
use crate::link;

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub from: End,
    /// Whom to.
    pub to: End,
    /// The number of its first byte, or of the SYN.
    pub sequence: u32,
    /// The number of the byte that is expected next from the other side; meaningful with [`ACK`].
    pub acknowledged: u32,
    /// The lower eight flags.
    pub flags: u8,
    /// How much the other side may send, as the header says it.
    pub window: u16,
    /// The payload, as far as it was captured.
    pub payload: &'a [u8],
    /// How long the payload was on the wire.
    pub length: u32,
}

/// Sender has finished.
pub const FIN: u8 = 1;
/// Opens a connection.
pub const SYN: u8 = 2;
/// Ends a connection at once.
pub const RST: u8 = 4;
/// [`Segment::acknowledged`] counts.
pub const ACK: u8 = 16;

impl Segment<'_> {
    /// Whether this flag is set.
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// What an IP packet holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// TCP.
    Segment(Segment<'a>),
    /// A part of a packet without the head of TCP.
    Fragment,
    /// What a name server sent by UDP, or what came from its port.
    Dns(&'a [u8]),
    /// A router cannot or will not pass what this end sent to that one.
    Unreachable {
        /// The sender of the packet that was not passed.
        from: End,
        /// Whom it was for.
        to: End,
    },
    /// Anything else.
    Other,
}

/// The port of name servers.
const DNS_PORT: u16 = 53;

/// No network card takes longer packets to cut them itself.
const MAX_OFFLOADED: usize = 512 << 10;

/// Tunnels within tunnels deeper than this are not followed.
const MAX_TUNNELS: usize = 4;

/// Looks into an IP packet of which so many bytes were not captured, tunnels of IP in IP and GRE included.
pub fn content(mut packet: &[u8], missing: usize) -> Content<'_> {
    for _ in 0..MAX_TUNNELS {
        let Ok((ip, _)) = LaxIpSlice::from_slice(packet) else {
            return Content::Other;
        };
        let payload = ip.payload();
        let data = payload.payload;
        let (from, to) = (ip.source_addr(), ip.destination_addr());
        // etherparse tells where the payload lies by reference only.
        let before = (data.as_ptr() as usize).saturating_sub(packet.as_ptr() as usize);
        let behind_start = match &ip {
            LaxIpSlice::Ipv4(slice) => payload.fragmented && slice.header().fragments_offset().value() != 0,
            LaxIpSlice::Ipv6(slice) => {
                payload.fragmented && fragment_offset(slice.header().next_header(), packet) != 0
            }
        };
        if behind_start {
            return Content::Fragment;
        }
        // A header may claim more than there ever was.
        let most = data.len().saturating_add(missing);
        let length =
            ip_payload_length(&ip, before).map_or(most.min(MAX_OFFLOADED), |length| length.min(most));
        match payload.ip_number {
            IpNumber::TCP => return tcp(from, to, data, length).map_or(Content::Other, Content::Segment),
            IpNumber::UDP => return udp(data),
            IpNumber::ICMP => return unreachable(data, 3),
            IpNumber::IPV6_ICMP => return unreachable(data, 1),
            IpNumber::IPV4 | IpNumber::IPV6 => packet = data,
            IpNumber::GRE => match gre(data) {
                Some(inner) => packet = inner,
                None => return Content::Other,
            },
            _ => return Content::Other,
        }
    }
    Content::Other
}

/// How long the payload was on the wire; `None` where the header leaves it open, as senders do that let the network
/// card cut packets.
fn ip_payload_length(ip: &LaxIpSlice<'_>, before: usize) -> Option<usize> {
    let whole = match ip {
        LaxIpSlice::Ipv4(slice) => usize::from(slice.header().total_len()),
        LaxIpSlice::Ipv6(slice) => match usize::from(slice.header().payload_length()) {
            0 => 0,
            length => length + 40,
        },
    };
    if whole == 0 { None } else { Some(whole.saturating_sub(before)) }
}

/// The offset in the fragment header of an IPv6 packet, which stands behind other extension headers.
fn fragment_offset(first: IpNumber, packet: &[u8]) -> u16 {
    let (mut next, mut at) = (first, 40);
    for _ in 0..8 {
        let Some(header) = packet.get(at..at + 8) else { return 0 };
        match next {
            IpNumber::IPV6_FRAGMENTATION_HEADER => return u16::from_be_bytes([header[2], header[3]]) >> 3,
            IpNumber::IPV6_HEADER_HOP_BY_HOP
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::IPV6_DESTINATION_OPTIONS => at += 8 + 8 * usize::from(header[1]),
            _ => return 0,
        }
        next = IpNumber(header[0]);
    }
    0
}

fn tcp(from: IpAddr, to: IpAddr, data: &[u8], length: usize) -> Option<Segment<'_>> {
    // Read by hand: captures that are cut short often end within the options, and the flags stand before these.
    let fixed: &[u8; 20] = data.first_chunk()?;
    let header = usize::from(fixed[12] >> 4) * 4;
    if header < 20 {
        return None;
    }
    let u16_at = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let u32_at = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let length = length.saturating_sub(header);
    let payload = data.get(header..).unwrap_or_default();
    Some(Segment {
        from: End { address: from, port: u16_at(0) },
        to: End { address: to, port: u16_at(2) },
        sequence: u32_at(4),
        acknowledged: u32_at(8),
        flags: fixed[13],
        window: u16_at(14),
        payload: &payload[..payload.len().min(length)],
        length: u32::try_from(length).unwrap_or(u32::MAX),
    })
}

/// Of UDP only what name servers say is of interest.
fn udp(data: &[u8]) -> Content<'_> {
    let from_name_server = |header: &[u8; 8]| u16::from_be_bytes([header[0], header[1]]) == DNS_PORT;
    match data.split_first_chunk() {
        Some((header, message)) if from_name_server(header) => Content::Dns(message),
        _ => Content::Other,
    }
}

/// An ICMP message that quotes the beginning of a TCP segment.
fn unreachable(data: &[u8], kind: u8) -> Content<'_> {
    let quoted = || {
        if *data.first()? != kind {
            return None;
        }
        let (ip, _) = LaxIpSlice::from_slice(link::ip(data.get(8..)?)?).ok()?;
        let payload = ip.payload();
        let ports: &[u8; 4] = payload.payload.first_chunk()?;
        let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
        (payload.ip_number == IpNumber::TCP).then(|| Content::Unreachable {
            from: End { address: ip.source_addr(), port: port(0) },
            to: End { address: ip.destination_addr(), port: port(2) },
        })
    };
    quoted().unwrap_or(Content::Other)
}

/// The IP packet in GRE, version 0.
fn gre(data: &[u8]) -> Option<&[u8]> {
    let flags = u16::from_be_bytes([*data.first()?, *data.get(1)?]);
    if flags & 0x0007 != 0 {
        return None;
    }
    // Checksum, key and sequence number, each four bytes.
    let optional = [0x8000, 0x2000, 0x1000].iter().filter(|flag| flags & **flag != 0).count();
    link::ip(data.get(4 + 4 * optional..)?)
}
