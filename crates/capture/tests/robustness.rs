//! Damaged, cut and made-up files: no panic, no endless reading, nothing that grows without bound. The fuzz targets in
//! `fuzz/` do the same for longer.

use std::fs;

use connector_check_capture::facts::{CaptureFacts, Connection, Warning};
use connector_check_capture::{Reader, read};
use proptest::prelude::*;
use proptest::test_runner::TestRng;

mod common;
mod netmon;

/// What the mutations begin with: every golden case, and one of them in the other containers.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        common::golden().iter().map(|(_, folder)| fs::read(folder.join("capture")).unwrap()).collect();
    let frame: Vec<u8> = seeds[0][40..].to_vec();
    for minor in 0..=3 {
        seeds.push(netmon::write(2, minor, &[(1, 2, &frame[..60]), (1, 3, &frame[..60])], minor == 3));
    }
    seeds.push(pcapng(&seeds[0]));
    seeds
}

/// A section, an interface and the packets of a pcap file.
fn pcapng(pcap: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padding = (4 - body.len() % 4) % 4;
        let length = u32::try_from(12 + body.len() + padding).unwrap().to_le_bytes();
        file.extend(kind.to_le_bytes());
        file.extend(length);
        file.extend(body);
        file.resize(file.len() + padding, 0);
        file.extend(length);
    };
    block(0x0a0d_0d0a, &[[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0].as_slice(), &[0xff; 8]].concat());
    block(1, &[1, 0, 0, 0, 0, 0, 0, 0]);
    let mut at = 24;
    while at < pcap.len() {
        let length = u32::from_le_bytes(pcap[at + 8..at + 12].try_into().unwrap());
        let data = &pcap[at + 16..at + 16 + length as usize];
        let head = [[0; 12].as_slice(), &length.to_le_bytes(), &length.to_le_bytes()].concat();
        block(6, &[&head, data].concat());
        at += 16 + length as usize;
    }
    file
}

#[test]
fn pcapng_made_here_is_read() {
    let pcap = fs::read(common::golden()[0].1.join("capture")).unwrap();
    assert_eq!(read("", &pcapng(&pcap)).0.totals, read("", &pcap).0.totals);
}

/// Some bytes changed, removed or repeated.
fn mutated(mut file: Vec<u8>, random: &mut TestRng) -> Vec<u8> {
    for _ in 0..=random.random_below(8) {
        if file.is_empty() {
            break;
        }
        let at = random.random_below(file.len());
        match random.random_below(6) {
            0 => file[at] = random.next_u32().to_le_bytes()[0],
            1 => file[at] ^= 1 << random.random_below(8),
            2 => file.truncate(at),
            3 => drop(file.drain(at..(at + random.random_below(64)).min(file.len()))),
            4 => {
                let piece = file[at..(at + 200).min(file.len())].to_vec();
                let to = random.random_below(file.len());
                file.splice(to..to, piece);
            }
            _ => {
                let end = (at + 4).min(file.len());
                let special =
                    [[0; 4], [0xff; 4], [0xff, 0xff, 0, 0], [0, 0, 0, 0x80]][random.random_below(4)];
                file[at..end].copy_from_slice(&special[..end - at]);
            }
        }
    }
    file
}

trait Below {
    fn random_below(&mut self, limit: usize) -> usize;
}

impl Below for TestRng {
    fn random_below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next_u64() % limit as u64).unwrap()
    }
}

/// Steps of work for each byte of a file, at the most; it would be thousands if work were quadratic.
const WORK: u64 = 16;

/// Reads a file, and asks whether the work was in proportion.
fn read_in_proportion(file: &[u8]) -> (CaptureFacts, Vec<Warning>) {
    let mut reader = Reader::new("", Some(file.len() as u64));
    let mut pushed = 0;
    while let Some(rest) = reader.wants().and_then(|at| file.get(usize::try_from(at).ok()?..)) {
        if rest.is_empty() {
            break;
        }
        pushed += rest.len() as u64;
        reader.push(rest);
    }
    // A file may send its reader to and fro, and is unpacked to as much as a thousand times its length.
    let each = if file.starts_with(&[0x1f, 0x8b]) { 1100 * WORK } else { WORK };
    let work = reader.work();
    assert!(work <= 1_000_000 + each * pushed, "{work} steps for {pushed} bytes");
    reader.finish()
}

fn survives(file: &[u8]) {
    let (facts, warnings) = read_in_proportion(file);
    assert!(facts.totals.packets <= file.len() as u64);
    assert!(warnings.len() < 64);
    for connection in &facts.connections {
        assert!(connection.http.len() <= Connection::EXCHANGES);
    }
    let json = serde_json::to_string(&(&facts, &warnings)).unwrap();
    assert!(json.len() <= 4096 + 200 * file.len(), "{} bytes of facts from {}", json.len(), file.len());
}

#[test]
fn mutated_captures_neither_panic_nor_grow() {
    let mut random = TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha);
    let seeds = seeds();
    for round in 0..4000 {
        let seed = seeds[round % seeds.len()].clone();
        survives(&mutated(seed, &mut random));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_do_not_matter(file in 0..30_usize, cut in 0.0..1.0_f64, size in 1..3000_usize) {
        let seeds = seeds();
        let file = &seeds[file % seeds.len()];
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small file")]
        let file = &file[..(file.len() as f64 * cut) as usize];
        let whole = read("", file);
        let mut reader = Reader::new("", Some(file.len() as u64));
        while let Some(rest) = reader.wants().and_then(|at| file.get(usize::try_from(at).ok()?..)) {
            if rest.is_empty() {
                break;
            }
            reader.push(&rest[..rest.len().min(size)]);
        }
        prop_assert_eq!(reader.finish(), whole);
    }

    #[test]
    fn any_bytes_behind_a_header_are_survived(kind in 0..5_usize, body in prop::collection::vec(any::<u8>(), 0..4000)) {
        let headers: [&[u8]; 5] = [
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
            b"GMBU\x03\x02\x01\0",
            &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
            &[],
        ];
        survives(&[headers[kind], &body].concat());
    }
}

/// An Ethernet frame with a TCP segment.
fn segment(from: u32, port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + payload.len()).unwrap().to_be_bytes();
    let mut frame = [[0; 12].as_slice(), &[8, 0, 0x45, 0], &length, &[0, 0, 0, 0, 64, 6, 0, 0]].concat();
    frame.extend(from.to_be_bytes());
    frame.extend([203, 0, 113, 1]);
    frame.extend(port.to_be_bytes());
    frame.extend(443_u16.to_be_bytes());
    frame.extend(sequence.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

fn pcap(frames: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (frame, second) in frames.zip(0_u32..) {
        let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
        file.extend((second / 1000).to_le_bytes());
        file.extend((second % 1000 * 1000).to_le_bytes());
        file.extend(length);
        file.extend(length);
        file.extend(frame);
    }
    file
}

#[test]
fn a_flood_of_connections_is_counted_and_not_kept() {
    // As a port scan makes them: a SYN each, every other repeated.
    let flood = (0..60_000_u32).map(|n| segment(0x0a00_0000 + n / 2, 1000, n / 2, 2, b""));
    let (facts, _) = read_in_proportion(&pcap(flood));
    assert_eq!(facts.totals.connections, 30_000);
    assert_eq!(facts.totals.syn_retransmissions, 30_000);
    assert_eq!(facts.connections.len() as u64 + facts.totals.connections_left_out, 30_000);
    assert!(facts.connections.len() <= 10_000);
}

#[test]
fn segments_that_never_fit_together_take_little_work() {
    // Each a hole ahead of the one before, in every order; quadratic work would be thousands of steps for each byte.
    let holes = (0..60_000_u32).map(|n| {
        let place = if n % 2 == 0 { 10 * n } else { 10_000_000 - 10 * n };
        segment(0x0a00_0001, 1000, place + 1, 24, &[0x16; 5])
    });
    let (facts, _) =
        read_in_proportion(&pcap(std::iter::once(segment(0x0a00_0001, 1000, 0, 2, b"")).chain(holes)));
    assert_eq!(facts.totals.tcp_packets, 60_001);
}

#[test]
fn one_byte_at_a_time_is_no_trouble() {
    // The head of a request that never ends.
    let bytes = (0..70_000_u32).map(|n| {
        let byte = if n < 4 { b"GET "[n as usize] } else { b'x' };
        segment(0x0a00_0001, 1000, n + 1, 24, &[byte])
    });
    let (facts, _) =
        read_in_proportion(&pcap(std::iter::once(segment(0x0a00_0001, 1000, 0, 2, b"")).chain(bytes)));
    assert_eq!(facts.connections.len(), 1);
}
