//! What fuzzing begins with: the golden captures in the form of each target's input, and some conversations by hand.

use std::path::Path;
use std::{fs, io};

/// The golden captures, each with its name.
pub fn golden(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut captures = Vec::new();
    for case in fs::read_dir(folder)? {
        let case = case?;
        if case.path().join("capture").is_file() {
            let name = case.file_name().to_string_lossy().into_owned();
            captures.push((name, fs::read(case.path().join("capture"))?));
        }
    }
    captures.sort();
    Ok(captures)
}

/// The seeds of a target, made from little-endian pcap files.
pub fn of(target: &str, captures: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    match target {
        "tcp" => captures.iter().map(|(_, file)| as_segments(file)).chain([hand_made_tcp()]).collect(),
        "tls" => captures.iter().map(|(_, file)| as_records(file)).filter(|seed| !seed.is_empty()).collect(),
        "http" => {
            let through_proxies = captures.iter().filter(|(name, _)| name.contains("proxy"));
            through_proxies.map(|(_, file)| as_pieces(file)).chain(hand_made_http()).collect()
        }
        "dns" => captures.iter().flat_map(|(_, file)| answers(file)).chain(hand_made_dns()).collect(),
        _ => captures.iter().map(|(_, file)| as_file(target, file)).collect(),
    }
}

fn as_file(target: &str, file: &[u8]) -> Vec<u8> {
    match target {
        "pcap" => [&[0], &file[4..]].concat(),
        "pcapng" => {
            let mut input = vec![0, 1, 8, 1, 0, 0, 0, 0, 0, 4, 0];
            for packet in packets(file) {
                let packet = &packet[..packet.len().min(235)];
                let Ok(length) = u8::try_from(packet.len()) else { continue };
                input.extend([6, 20 + length]);
                input.extend([0; 12]);
                input.extend([length, 0, 0, 0, length, 0, 0, 0]);
                input.extend(packet);
            }
            input
        }
        "gzip" => [&[1, 255], file].concat(),
        "netmon" => netmon(file),
        "packet" => {
            let mut input = vec![0];
            for packet in packets(file) {
                let packet = &packet[..packet.len().min(255)];
                input.push(u8::try_from(packet.len()).unwrap_or(0));
                input.extend(packet);
            }
            input
        }
        _ => [&[255], file].concat(),
    }
}

/// Version 2.1, behind the version's byte and without its magic number.
fn netmon(file: &[u8]) -> Vec<u8> {
    let mut written = vec![0; 128];
    written[4..8].copy_from_slice(&[1, 2, 1, 0]);
    written[8..16].copy_from_slice(&[0xea, 7, 11, 0, 6, 0, 21, 0]);
    let mut table = Vec::new();
    for packet in packets(file) {
        table.extend(u32::try_from(written.len()).unwrap_or(0).to_le_bytes());
        let length = u32::try_from(packet.len()).unwrap_or(0).to_le_bytes();
        written.extend([[0; 4], [0; 4], length, length].concat());
        written.extend(packet);
        written.extend([1, 0]);
    }
    let (place, length) =
        (u32::try_from(written.len()).unwrap_or(0), u32::try_from(table.len()).unwrap_or(0));
    written[24..28].copy_from_slice(&place.to_le_bytes());
    written[28..32].copy_from_slice(&length.to_le_bytes());
    written.extend(table);
    [&[1], &written[6..]].concat()
}

/// The packets of a little-endian pcap file.
fn packets(file: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    let mut rest = file.get(24..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let Some((packet, behind)) = behind.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX))
        else {
            break;
        };
        packets.push(packet);
        rest = behind;
    }
    packets
}

/// Payloads of TCP over IPv4 in Ethernet: whether the server speaks, the flags, and the bytes.
fn payloads(file: &[u8]) -> Vec<(bool, u8, &[u8])> {
    let payload = |packet: &&'_ [u8]| {
        let ip = packet.get(14..)?;
        let tcp = ip.get(usize::from(ip.first()? & 15) * 4..)?;
        let flags = *tcp.get(13)?;
        let from = u16::from_be_bytes([*tcp.first()?, *tcp.get(1)?]);
        let to = u16::from_be_bytes([*tcp.get(2)?, *tcp.get(3)?]);
        let start = usize::from(tcp.get(12)? >> 4) * 4;
        Some((from < to, flags, start))
    };
    let packets = packets(file);
    packets
        .iter()
        .filter_map(|packet| {
            let (server, flags, start) = payload(packet)?;
            let ip = packet.get(14..)?;
            let whole = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
            let bytes = ip.get(usize::from(ip.first()? & 15) * 4 + start..whole.min(ip.len()))?;
            Some((server, flags, bytes))
        })
        .collect()
}

/// What name servers sent by UDP over IPv4 in Ethernet.
fn answers(file: &[u8]) -> Vec<Vec<u8>> {
    let message = |packet: &&[u8]| {
        let (ip, udp) = packet.get(14..)?.split_at_checked(20)?;
        let (ports, message) = udp.split_at_checked(8)?;
        (ip[9] == 17 && ports[..2] == [0, 53]).then(|| message.to_vec())
    };
    packets(file).iter().filter_map(message).map(|message| as_messages(&[message])).collect()
}

fn as_messages(messages: &[Vec<u8>]) -> Vec<u8> {
    let with_length = |message: &Vec<u8>| {
        let mut message = message[..message.len().min(254)].to_vec();
        // An even length stands for an answer; nobody reads what is behind the last record.
        message.resize(message.len().next_multiple_of(2), 0);
        [&[u8::try_from(message.len()).unwrap_or(0)], &message[..]].concat()
    };
    messages.iter().flat_map(with_length).collect()
}

fn hand_made_dns() -> Vec<Vec<u8>> {
    let question = b"\x09connector\x07example\x00\x00\x01\x00\x01";
    let head = |answers: u8| [0, 7, 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0];
    // Names are pointers to the question's, or to its end.
    let record = |kind: u8, data: &[u8]| {
        let length = u8::try_from(data.len()).unwrap_or(0);
        [&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
    };
    let (v4, v6) =
        (record(1, &[10, 0, 0, 2]), record(28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]));
    let alias = record(5, b"\x04edge\xc0\x16");
    let message = |records: &[&Vec<u8>]| {
        let count = u8::try_from(records.len()).unwrap_or(0);
        let records: Vec<u8> = records.iter().flat_map(|record| record.iter().copied()).collect();
        [&head(count)[..], question, &records].concat()
    };
    let circle = [&head(1)[..], &[0xc0, 12, 0, 1, 0, 1], &v4].concat();
    let messages = [
        message(&[&v4]),
        message(&[&v6]),
        message(&[&alias, &v4, &v6]),
        message(&[&v4; 12]),
        message(&[]),
        circle,
    ];
    let mut seeds: Vec<_> =
        messages.iter().map(|message| as_messages(std::slice::from_ref(message))).collect();
    seeds.push(as_messages(&messages));
    seeds
}

fn as_segments(file: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    for (server, flags, bytes) in payloads(file) {
        let mut first = true;
        // Even where there are none.
        for piece in std::iter::once(&bytes[..bytes.len().min(255)])
            .chain(bytes.get(255..).unwrap_or_default().chunks(255))
        {
            let flags = if first { flags & 0x1f } else { 0x18 };
            first = false;
            input.extend([flags, 0, u8::from(server) << 7, u8::try_from(piece.len()).unwrap_or(0)]);
            input.extend(piece);
        }
    }
    input
}

fn as_records(file: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    for (server, _, bytes) in payloads(file) {
        for piece in bytes.chunks(255) {
            // As they are.
            input.extend([0x7f | u8::from(server) << 7, 3, u8::try_from(piece.len()).unwrap_or(0)]);
            input.extend(piece);
        }
    }
    input
}

fn as_pieces(file: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    for (server, _, bytes) in payloads(file) {
        for piece in bytes.chunks(127) {
            input.push(u8::from(server) << 7 | u8::try_from(piece.len()).unwrap_or(0));
            input.extend(piece);
        }
    }
    input
}

fn hand_made_tcp() -> Vec<u8> {
    let mut input = vec![2, 0, 1, 0, 0x12, 0, 0x81, 0];
    let request = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    input.extend([0x18, 0, 1, u8::try_from(request.len()).unwrap_or(0)]);
    input.extend(request);
    let answer = b"HTTP/1.1 200 OK\r\n\r\n";
    input.extend([0x18, 0xd0, 0x81, u8::try_from(answer.len()).unwrap_or(0)]);
    input.extend(answer);
    input
}

fn hand_made_http() -> Vec<Vec<u8>> {
    let talks: [&[(u8, &[u8])]; 3] = [
        &[
            (0, b"CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: Basic x\r\n\r\n"),
            (1, b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nVia: 1.1 p\r\nContent-Length: 3\r\n\r\nabc"),
            (0, b"CONNECT a:443 HTTP/1.1\r\n\r\n"),
            (1, b"HTTP/1.0 200 Connection established\r\nProxy-Agent: x\r\n\r\n"),
            (0, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"),
        ],
        &[
            (0, b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n"),
            (1, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            (1, b"0\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n"),
        ],
        &[(0, b"HEAD / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), (1, b"HTTP/1.1 101 Switching\r\n\r\n\x81\x05hello")],
    ];
    let piece = |(side, bytes): &(u8, &[u8])| -> Vec<u8> {
        let bytes = &bytes[..bytes.len().min(127)];
        [&[side << 7 | u8::try_from(bytes.len()).unwrap_or(0)], bytes].concat()
    };
    talks.iter().map(|talk| talk.iter().flat_map(piece).collect()).collect()
}
