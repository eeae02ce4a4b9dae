//! What is fuzzed, as plain functions: each fuzz target calls one, and `tests/smoke.rs` of the crate calls all of them
//! with the seeds, changed at random, on a stable compiler.
//!
//! Each target brings the parts that random bytes seldom hit (magic numbers, lengths, checksums), and then asks of
//! the result what must hold for any file.

use std::io::Write as _;

use connector_check_capture::facts::{CaptureFacts, Connection, Tls, Warning};
use connector_check_capture::{CHUNK, Reader, read};
use flate2::Compression;
use flate2::write::GzEncoder;

pub mod seeds;

/// A name, and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; the programs in `fuzz_targets` bear the same names.
pub const TARGETS: [Target; 10] = [
    ("file", file),
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("gzip", gzip),
    ("netmon", netmon),
    ("packet", packet),
    ("tcp", tcp),
    ("tls", tls),
    ("http", http),
    ("dns", dns),
];

/// Any file at all, by its own magic number, as a whole and in pieces whose length is its first byte.
pub fn file(input: &[u8]) {
    let [size, file @ ..] = input else { return };
    let whole = check(file);
    let facts = in_pieces(file, usize::from(*size) + 1);
    // Damaged gzip loses different tails, as the pieces end.
    if !file.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(facts, whole, "pieces of {} bytes read differently", usize::from(*size) + 1);
    }
}

/// The format of libpcap: the first byte chooses the variant.
pub fn pcap(input: &[u8]) {
    const MAGIC: [u32; 5] = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34, 0x1c00_01ac, 0x1c00_01ab];
    let [choice, rest @ ..] = input else { return };
    let magic = MAGIC[usize::from(*choice) % MAGIC.len()];
    let magic = if choice & 0x80 == 0 { magic.to_le_bytes() } else { magic.to_be_bytes() };
    check(&[&magic, rest].concat());
}

/// pcapng: the first byte chooses the byte order of the first section; then blocks, whose lengths are made to fit where
/// the lowest bit of their kind's first byte says so.
pub fn pcapng(input: &[u8]) {
    let [choice, rest @ ..] = input else { return };
    let little = choice & 1 == 0;
    let number = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let mut file =
        [number(0x0a0d_0d0a), number(28), number(0x1a2b_3c4d), number(1), [0xff; 4], [0xff; 4]].concat();
    file.extend(number(28));
    if choice & 2 != 0 {
        file.extend(rest);
        check(&file);
        return;
    }
    let mut rest = rest;
    while let [kind, length, behind @ ..] = rest {
        let (body, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        let padding = (4 - body.len() % 4) % 4;
        let length = number(u32::try_from(12 + body.len() + padding).unwrap_or(0));
        // Interface, packet, simple packet, names, statistics, enhanced packet, and what nobody knows.
        file.extend(number(if *kind == 0xff { 0x0a0d_0d0a } else { u32::from(kind % 12) }));
        file.extend(length);
        file.extend(body);
        file.resize(file.len() + padding, 0);
        file.extend(length);
    }
    check(&file);
}

/// Compressed: an even first byte stands before raw gzip data, an odd one before what is to be compressed.
pub fn gzip(input: &[u8]) {
    let [choice, size, rest @ ..] = input else { return };
    let packed = if choice & 1 == 0 {
        [&[0x1f, 0x8b], rest].concat()
    } else {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let written = encoder.write_all(rest).and_then(|()| encoder.finish());
        written.unwrap_or_default()
    };
    // What comes out may be a thousand times as long.
    sound(&packed, packed.len() * 1100, read("fuzz", &packed));
    sound(&packed, packed.len() * 1100, pieces_of(&packed, usize::from(*size) + 1));
}

/// Microsoft Network Monitor: the first byte is the version, 1.x where it is 0xff.
pub fn netmon(input: &[u8]) {
    let [version, rest @ ..] = input else { return };
    let (magic, major, minor) = if *version == 0xff { (b"RTSS", 1, 1) } else { (b"GMBU", 2, version % 4) };
    let file = [magic.as_slice(), &[minor, major], rest].concat();
    let whole = check(&file);
    assert_eq!(in_pieces(&file, 37), whole, "pieces read differently");
}

/// Packets of any kind of network: a byte for the link type, then packets with a byte of length each.
pub fn packet(input: &[u8]) {
    const LINKS: [u8; 14] = [1, 0, 9, 12, 14, 50, 51, 101, 108, 113, 147, 228, 229, 20];
    let [link, rest @ ..] = input else { return };
    let link = LINKS[usize::from(*link) % LINKS.len()];
    // 276, which is no byte.
    let link = if link == 147 { 276 } else { u32::from(link) };
    let mut file = header(link);
    let mut rest = rest;
    while let [length, behind @ ..] = rest {
        let (packet, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        add(&mut file, packet, packet.len());
    }
    check(&file);
}

/// Segments of a few connections in any order: for each a byte of flags, of distance, of ends and of length, and the
/// payload.
pub fn tcp(input: &[u8]) {
    let mut file = header(101);
    let mut next = [[1_u32; 2]; 4];
    let mut rest = input;
    while let [flags, distance, ends, length, behind @ ..] = rest {
        let (payload, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        let (side, flow) = (usize::from(ends >> 7), usize::from(ends & 3));
        // Mostly in order; sometimes ahead or behind.
        let ahead = i32::from(*distance) - 192;
        let far = if ends & 0x40 == 0 { 1 } else { 1 << 20 };
        let sequence = if distance & 0x80 == 0 {
            next[flow][side]
        } else {
            next[flow][side].wrapping_add_signed(ahead * far)
        };
        if ends & 0x20 == 0 {
            next[flow][side] = sequence.wrapping_add(u32::from(*length));
        }
        let on_wire = if ends & 0x10 == 0 { payload.len() } else { payload.len() + 100 };
        let numbers = [sequence, next[flow][1 - side]];
        add(&mut file, &segment(flow, side, numbers, flags & 0x1f, payload, on_wire), on_wire + 40);
    }
    check(&file);
}

/// TLS in both directions: pieces that are raw, records, or handshake messages in records, with fitting lengths.
pub fn tls(input: &[u8]) {
    let mut file = header(101);
    let mut next = [1_u32; 2];
    let mut rest = input;
    while let [kind, version, length, behind @ ..] = rest {
        let (body, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        let be = |length: usize| u16::try_from(length).unwrap_or(0).to_be_bytes();
        let record = |kind: u8, body: &[u8]| [&[kind, 3, version % 5], &be(body.len())[..], body].concat();
        let bytes = match kind & 0x7f {
            0..=24 => record(22, &[&[kind & 0x7f, 0], &be(body.len())[..], body].concat()),
            // A message over several records.
            25 => record(22, body),
            26 => record(21, body),
            27 => record(20, &[1]),
            28 => record(23, body),
            _ => body.to_vec(),
        };
        speak(&mut file, &mut next, 0, usize::from(kind >> 7), &bytes);
    }
    check(&file);
}

/// HTTP in both directions, in pieces: a byte with the side and the length.
pub fn http(input: &[u8]) {
    let mut file = header(101);
    let mut next = [1_u32; 2];
    let mut rest = input;
    while let [head, behind @ ..] = rest {
        let (bytes, behind) = behind.split_at(behind.len().min(usize::from(head & 0x7f)));
        rest = behind;
        speak(&mut file, &mut next, 1, usize::from(head >> 7), bytes);
    }
    check(&file);
}

/// What name servers answer: messages with a byte of length each, an even one as an answer without an error. Between
/// them nothing comes of attempts to reach the first addresses of a network.
pub fn dns(input: &[u8]) {
    let mut file = header(101);
    let mut rest = input;
    while let [length, behind @ ..] = rest {
        let (message, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        let mut message = message.to_vec();
        if length & 1 == 0 && message.len() > 4 {
            message[2..4].copy_from_slice(&[0x81, 0x80]);
        }
        let total = u16::try_from(28 + message.len()).unwrap_or(u16::MAX).to_be_bytes();
        let udp = u16::try_from(8 + message.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut packet =
            vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 53, 10, 0, 0, 1];
        packet.extend([0, 53, 0xc0, 0, udp[0], udp[1], 0, 0]);
        packet.extend(message);
        add(&mut file, &packet, packet.len());
        add(&mut file, &segment(usize::from(*length), 0, [1, 0], 2, &[], 0), 40);
    }
    let facts = check(&file);
    for connection in &facts.connections {
        assert!(
            connection.names.len() <= Connection::NAMES
                && connection.names.iter().all(|name| name.len() < 1024)
        );
    }
}

/// A segment in order.
fn speak(file: &mut Vec<u8>, next: &mut [u32; 2], flow: usize, side: usize, bytes: &[u8]) {
    let numbers = [next[side], next[1 - side]];
    add(file, &segment(flow, side, numbers, 0x18, bytes, bytes.len()), bytes.len() + 40);
    next[side] = next[side].wrapping_add(u32::try_from(bytes.len()).unwrap_or(0));
}

/// The header of a pcap file.
fn header(link: u32) -> Vec<u8> {
    let start = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    [&start[..], &link.to_le_bytes()].concat()
}

/// Adds a packet, so long on the wire, a millisecond after the one before.
fn add(file: &mut Vec<u8>, packet: &[u8], length: usize) {
    let milliseconds = u32::try_from(file.len()).unwrap_or(0);
    let number = |length: usize| u32::try_from(length).unwrap_or(0);
    let numbers = [milliseconds / 1000, milliseconds % 1000 * 1000, number(packet.len()), number(length)];
    file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    file.extend(packet);
}

/// An IPv4 packet with a segment of one of four connections.
fn segment(
    flow: usize,
    side: usize,
    [sequence, acknowledged]: [u32; 2],
    flags: u8,
    payload: &[u8],
    on_wire: usize,
) -> Vec<u8> {
    const PORTS: [u16; 4] = [443, 8080, 9350, 10100];
    let total = u16::try_from(40 + on_wire).unwrap_or(u16::MAX).to_be_bytes();
    let mut ends = [([10, 0, 0, 1], 50_000_u16), ([10, 0, 0, 2], PORTS[flow % PORTS.len()])];
    if side == 1 {
        ends.reverse();
    }
    let mut packet = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 6, 0, 0];
    packet.extend(ends.iter().flat_map(|(address, _)| address));
    packet.extend(ends.iter().flat_map(|(_, port)| port.to_be_bytes()));
    packet.extend([sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat());
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// Reads a file as a whole and asks of the result what must hold for any file.
fn check(file: &[u8]) -> CaptureFacts {
    let result = pieces_of(file, CHUNK);
    sound(file, file.len(), result.clone());
    result.0
}

/// `unpacked`: the most bytes that can be in the file.
fn sound(file: &[u8], unpacked: usize, (facts, warnings): (CaptureFacts, Vec<Warning>)) {
    assert!(facts.totals.packets <= unpacked as u64, "more packets than bytes");
    assert!(warnings.len() < 64, "{} warnings", warnings.len());
    assert!(facts.connections.len() <= 10_000, "{} connections", facts.connections.len());
    assert!(facts.connections.len() as u64 + facts.totals.connections_left_out == facts.totals.connections);
    for connection in &facts.connections {
        assert!(connection.http.len() <= Connection::EXCHANGES);
        assert!(connection.syns_ms.len() <= Connection::SYNS);
        let Some(tls) = &connection.tls else { continue };
        assert!(tls.certificates.len() <= Tls::CERTIFICATES && tls.alerts.len() <= Tls::ALERTS);
    }
    // The page reads what the worker writes, and its length is in proportion.
    let json = serde_json::to_string(&(&facts, &warnings)).expect("facts can be written");
    assert!(json.len() <= 8192 + 200 * unpacked, "{} bytes of facts from {}", json.len(), file.len());
    let again: (CaptureFacts, Vec<Warning>) =
        serde_json::from_str(&json).expect("what was written can be read");
    assert_eq!((again.0.totals, again.1), (facts.totals, warnings));
}

/// Steps of work for each byte, at the most: a segment of 56 bytes may pass 256 that wait.
const WORK: u64 = 16;

fn in_pieces(file: &[u8], size: usize) -> CaptureFacts {
    pieces_of(file, size).0
}

/// Reads a file in pieces of so many bytes, and checks that the work is in proportion.
fn pieces_of(file: &[u8], size: usize) -> (CaptureFacts, Vec<Warning>) {
    let mut reader = Reader::new("fuzz", Some(file.len() as u64));
    let mut pushed = 0;
    while let Some(rest) = reader.wants().and_then(|at| file.get(usize::try_from(at).ok()?..)) {
        if rest.is_empty() {
            break;
        }
        let piece = &rest[..rest.len().min(size)];
        pushed += piece.len() as u64;
        reader.push(piece);
    }
    // Linear: a constant beginning, and a constant for each byte; gzip brings at most so many from one.
    let each = if file.starts_with(&[0x1f, 0x8b]) { 1100 * WORK } else { WORK };
    assert!(reader.work() <= 1_000_000 + each * pushed, "{} steps for {pushed} bytes", reader.work());
    reader.finish()
}
