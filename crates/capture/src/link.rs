//! Link layers: from a frame to the IP packet in it.

/// What a frame holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// An IP packet, of either version.
    Ip(&'a [u8]),
    /// Something else, or too little of it.
    Other,
    /// The link type is not read here.
    Unknown,
}

const ETHERNET: u32 = 1;
const NULL: u32 = 0;
const PPP: u32 = 9;
const PPP_SERIAL: u32 = 50;
const PPPOE: u32 = 51;
const LOOP: u32 = 108;
const SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const SLL2: u32 = 276;

const ETHERTYPE_PPPOE: u16 = 0x8864;

/// More labels and tags than this stand before no real packet.
const MAX_TAGS: usize = 16;

/// The IP packet in a frame of this LINKTYPE.
pub fn frame(link: u32, data: &[u8]) -> Frame<'_> {
    let inner = match link {
        ETHERNET => u16_at(data, 12).and_then(|kind| after_ethertype(kind, data, 14)),
        // Raw IP: the registered number, and what some systems wrote instead.
        12 | 14 | 101 | IPV4 | IPV6 => ip(data),
        // The address family, in the byte order of whoever captured.
        NULL | LOOP => data.get(4..).and_then(ip),
        SLL => u16_at(data, 14).and_then(|kind| after_ethertype(kind, data, 16)),
        SLL2 => u16_at(data, 0).and_then(|kind| after_ethertype(kind, data, 20)),
        PPP | PPP_SERIAL => after_ppp(data),
        PPPOE => data.get(6..).and_then(after_ppp),
        _ => return Frame::Unknown,
    };
    inner.map_or(Frame::Other, Frame::Ip)
}

/// What follows an EtherType (or, below 1536, a length) that ends before `at`.
fn after_ethertype(mut kind: u16, data: &[u8], mut at: usize) -> Option<&[u8]> {
    for _ in 0..MAX_TAGS {
        match kind {
            0x0800 | 0x86dd => return ip(data.get(at..)?),
            // VLAN, QinQ, and what was used for it before there was a standard.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
                kind = u16_at(data, at + 2)?;
                at += 4;
            }
            ETHERTYPE_PPPOE => return after_ppp(data.get(at + 6..)?),
            0x8847 | 0x8848 => return after_mpls(data.get(at..)?),
            // LLC with SNAP.
            0..=1535 if data.get(at..at + 6)? == [0xaa, 0xaa, 3, 0, 0, 0] => {
                kind = u16_at(data, at + 6)?;
                at += 8;
            }
            // LLC for IP itself.
            0..=1535 if data.get(at..at + 3)? == [6, 6, 3] => return ip(data.get(at + 3..)?),
            _ => return None,
        }
    }
    None
}

fn after_mpls(mut data: &[u8]) -> Option<&[u8]> {
    for _ in 0..MAX_TAGS {
        let last = data.get(2)? & 1 == 1;
        data = data.get(4..)?;
        if last {
            return ip(data);
        }
    }
    None
}

/// PPP, whose head may be shortened.
fn after_ppp(data: &[u8]) -> Option<&[u8]> {
    let data = data.strip_prefix(&[0xff, 3]).unwrap_or(data);
    let (protocol, rest) = match data {
        [first, rest @ ..] if first & 1 == 1 => (u16::from(*first), rest),
        [first, second, rest @ ..] => (u16::from_be_bytes([*first, *second]), rest),
        _ => return None,
    };
    match protocol {
        0x0021 | 0x0057 => ip(rest),
        _ => None,
    }
}

/// The data itself, if its version is one of IP.
pub fn ip(data: &[u8]) -> Option<&[u8]> {
    matches!(data.first()? >> 4, 4 | 6).then_some(data)
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: u32, before: &[u8]) {
        let mut data = before.to_vec();
        data.extend([0x45, 1, 2, 3]);
        assert_eq!(frame(link, &data), Frame::Ip(&[0x45, 1, 2, 3]), "link type {link}, {before:?}");
        for length in 0..before.len() {
            assert_ne!(frame(link, &data[..length]), Frame::Ip(&[0x45, 1, 2, 3]), "cut at {length}");
        }
    }

    #[test]
    fn ip_is_found_behind_every_link_layer() {
        let addresses = [0; 12];
        let ethernet = |rest: &[u8]| [&addresses[..], rest].concat();
        check(ETHERNET, &ethernet(&[8, 0]));
        check(ETHERNET, &ethernet(&[0x81, 0, 0, 5, 8, 0]));
        check(ETHERNET, &ethernet(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]));
        check(ETHERNET, &ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0, 0x21]));
        check(ETHERNET, &ethernet(&[0x88, 0x47, 0, 0, 0x10, 64, 0, 0, 0x21, 64]));
        check(ETHERNET, &ethernet(&[0, 12, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]));
        check(NULL, &[2, 0, 0, 0]);
        check(LOOP, &[0, 0, 0, 2]);
        check(101, &[]);
        check(IPV4, &[]);
        check(SLL, &[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0]);
        check(SLL2, &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0]);
        check(PPP, &[0xff, 3, 0, 0x21]);
        check(PPP, &[0x21]);
    }

    #[test]
    fn what_is_not_ip_is_said_apart_from_what_is_not_known() {
        assert_eq!(frame(ETHERNET, &[[0; 12].as_slice(), &[8, 6, 0x45]].concat()), Frame::Other);
        assert_eq!(frame(189, &[0x45]), Frame::Unknown);
    }
}
