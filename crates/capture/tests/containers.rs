//! The same packets in every container give the same facts; what is damaged gives what it holds; what is no capture is
//! answered with the way to make one of it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use connector_check_capture::facts::{CaptureFacts, Connection, Warning};
use connector_check_capture::{Reader, read};
use flate2::Compression;
use flate2::write::GzEncoder;

mod common;
mod netmon;

/// What editcap writes and is read here. Everything else that it writes is to be recognised as foreign.
const READ: [&str; 8] =
    ["pcap", "pcapng", "modpcap", "nokiapcap", "nsecpcap", "rh6_1pcap", "suse6_3pcap", "netmon2"];

fn capture(case: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case).join("capture")).unwrap()
}

/// Facts without what a container may change: its name, and the last digits of times.
fn comparable(mut facts: CaptureFacts, unit_ms: f64) -> CaptureFacts {
    let round = |ms: &mut f64| *ms = (*ms / unit_ms).round() * unit_ms;
    let start = facts.start_ns.take();
    assert!(start.is_some());
    facts.container = None;
    round(&mut facts.duration_ms);
    for connection in &mut facts.connections {
        times(connection, &round);
    }
    facts
}

fn times(connection: &mut Connection, round: &dyn Fn(&mut f64)) {
    let Connection { start_ms, end_ms, syns_ms, opened_ms, close, http, tls, .. } = connection;
    let tls_times = tls.iter_mut().flat_map(|tls| {
        let hellos = [tls.client_hello.as_mut().map(|hello| &mut hello.at_ms)];
        let rest = [
            tls.server_hello.as_mut().map(|hello| &mut hello.at_ms),
            tls.encrypted_ms.as_mut(),
            tls.retry_ms.as_mut(),
        ];
        hellos.into_iter().chain(rest).flatten().chain(tls.alerts.iter_mut().map(|alert| &mut alert.at_ms))
    });
    let http_times =
        http.iter_mut().flat_map(|e| std::iter::once(&mut e.at_ms).chain(e.answered_ms.as_mut()));
    [start_ms, end_ms]
        .into_iter()
        .chain(syns_ms)
        .chain(opened_ms.as_mut())
        .chain(close.as_mut().map(|close| &mut close.at_ms))
        .chain(tls_times)
        .chain(http_times)
        .for_each(round);
}

#[test]
fn every_container_that_editcap_writes_is_read_or_recognised() {
    if let Some(reason) = common::no_tshark() {
        println!("SKIPPED every_container_that_editcap_writes_is_read_or_recognised: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.pcap");
    fs::write(&source, capture("proxy-bump")).unwrap();
    let (expected, _) = read("source.pcap", &capture("proxy-bump"));
    let list =
        Command::new("editcap").arg("-F").stderr(Stdio::piped()).stdout(Stdio::piped()).output().unwrap();
    let list = String::from_utf8_lossy(&[list.stdout, list.stderr].concat()).into_owned();
    let kinds = list.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(" - "));
    let (mut read_count, mut foreign) = (0, 0);
    for (kind, _) in kinds {
        let target = folder.path().join(kind);
        let status = Command::new("editcap")
            .args(["-F", kind])
            .arg(&source)
            .arg(&target)
            .stderr(Stdio::null())
            .status();
        // Many write packets of other networks only.
        if !status.is_ok_and(|status| status.success()) {
            continue;
        }
        let (facts, warnings) = read(kind, &fs::read(&target).unwrap());
        if READ.contains(&kind) || kind == "netmon1" {
            // Network Monitor 1.x counts milliseconds.
            let unit = if kind == "netmon1" { 4.0 } else { 0.01 };
            if kind == "netmon1" {
                assert_eq!(facts.totals, expected.totals, "{kind}");
            } else {
                assert_eq!(comparable(facts, unit), comparable(expected.clone(), unit), "{kind}");
            }
            assert_eq!(warnings, [], "{kind}");
            read_count += 1;
        } else {
            assert_eq!(facts, CaptureFacts::default(), "{kind}");
            let [Warning::NotACapture { convert, seems }] = &warnings[..] else {
                panic!("{kind}: {warnings:?}")
            };
            assert!(!convert.is_empty() || seems.as_deref() == Some("text"), "{kind}");
            foreign += 1;
        }
    }
    assert_eq!(read_count, READ.len() + 1);
    assert!(foreign > 3, "editcap writes more than is read here");
}

/// The packets of a little-endian pcap file: seconds, microseconds, data.
fn packets(pcap: &[u8]) -> Vec<(u32, u32, &[u8])> {
    let mut packets = Vec::new();
    let mut at = 24;
    while at < pcap.len() {
        let field = |n: usize| u32::from_le_bytes(pcap[at + 4 * n..at + 4 * n + 4].try_into().unwrap());
        let length = field(2) as usize;
        packets.push((field(0), field(1), &pcap[at + 16..at + 16 + length]));
        at += 16 + length;
    }
    packets
}

#[test]
fn network_monitor_is_read_in_every_version_and_as_tshark_reads_it() {
    let pcap = capture("proxy-bump");
    let (expected, _) = read("", &pcap);
    let folder = tempfile::tempdir().unwrap();
    for minor in 0..=3 {
        for shuffled in [false, true] {
            let file = netmon::write(2, minor, &packets(&pcap), shuffled);
            let (facts, warnings) = read("trace.cap", &file);
            assert_eq!(warnings, [], "2.{minor}");
            assert_eq!(facts.container, Some(format!("Network Monitor 2.{minor}")));
            assert_eq!(comparable(facts, 0.01), comparable(expected.clone(), 0.01), "2.{minor}");
            if common::no_tshark().is_none() {
                let path = folder.path().join(format!("{minor}-{shuffled}.cap"));
                fs::write(&path, &file).unwrap();
                assert_eq!(common::tshark(&path), common::Oracle::from(&expected.totals), "2.{minor}");
            }
        }
    }
    let (facts, warnings) = read("old.cap", &netmon::write(1, 1, &packets(&pcap), false));
    assert_eq!((facts.totals, warnings), (expected.totals, Vec::new()));
    if let Some(reason) = common::no_tshark() {
        println!("SKIPPED network_monitor_is_read_as_tshark_reads_it: {reason}");
    }
}

#[test]
fn a_network_monitor_file_without_its_table_gives_its_frames() {
    let pcap = capture("tls12");
    let file = netmon::write(2, 1, &packets(&pcap), false);
    let whole = read("", &pcap).0.totals.packets;
    let (facts, warnings) = read("trace.cap", &file[..file.len() - 4 * usize::try_from(whole).unwrap() - 20]);
    assert_eq!(facts.totals.packets, whole - 1);
    assert_eq!(warnings, [Warning::Truncated]);
}

#[test]
fn both_byte_orders_say_the_same() {
    let little = capture("proxy-407");
    let mut big = Vec::new();
    let swap = |big: &mut Vec<u8>, bytes: &[u8], width: usize| {
        bytes.chunks(width).for_each(|number| big.extend(number.iter().rev()));
    };
    swap(&mut big, &little[..4], 4);
    swap(&mut big, &little[4..8], 2);
    swap(&mut big, &little[8..24], 4);
    let mut at = 24;
    while at < little.len() {
        let length = u32::from_le_bytes(little[at + 8..at + 12].try_into().unwrap()) as usize;
        swap(&mut big, &little[at..at + 16], 4);
        big.extend(&little[at + 16..at + 16 + length]);
        at += 16 + length;
    }
    assert_eq!(read("", &big), read("", &little));
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_is_unpacked_in_pieces_of_any_length() {
    let plain = capture("proxy-bump");
    let expected = read("", &plain).0;
    // Two members, as `cat a.gz b.gz` makes them.
    let packed = [gzip(&plain[..1000]), gzip(&plain[1000..])].concat();
    for size in [1, 7, 100, packed.len()] {
        let mut reader = Reader::new("trace.pcap.gz", Some(packed.len() as u64));
        packed.chunks(size).for_each(|piece| reader.push(piece));
        let (facts, warnings) = reader.finish();
        assert_eq!(warnings, [], "pieces of {size}");
        assert_eq!(facts.container.as_deref(), Some("pcap, gzip"));
        assert_eq!(
            (facts.totals, facts.connections),
            (expected.totals.clone(), expected.connections.clone())
        );
    }
    let (facts, warnings) = read("", &gzip(&plain)[..1500]);
    assert!(facts.totals.packets > 0 && facts.totals.packets < expected.totals.packets);
    assert_eq!(warnings, [Warning::Truncated]);
}

#[test]
fn pieces_of_any_length_say_the_same() {
    let pcap = capture("proxy-407");
    let netmon = netmon::write(2, 3, &packets(&pcap), true);
    for file in [pcap, netmon] {
        let whole = read("", &file);
        for size in [1, 3, 17, 500] {
            let mut reader = Reader::new("", Some(file.len() as u64));
            while let Some(rest) = reader.wants().and_then(|at| file.get(usize::try_from(at).ok()?..)) {
                if rest.is_empty() {
                    break;
                }
                reader.push(&rest[..rest.len().min(size)]);
            }
            assert_eq!(reader.finish(), whole, "pieces of {size}");
        }
    }
}

#[test]
fn a_file_that_was_cut_gives_what_it_holds() {
    let file = capture("tls12");
    let whole = read("", &file).0;
    let (facts, warnings) = read("", &file[..file.len() - 3]);
    assert_eq!(warnings, [Warning::Truncated]);
    assert_eq!(facts.totals.packets, whole.totals.packets - 1);
    assert_eq!(facts.connections[0].tls, whole.connections[0].tls);
}

#[test]
fn what_is_no_capture_is_answered_with_what_to_do() {
    let check = |name: &str, data: &[u8], what: Option<&str>, command: Option<&str>| {
        let (facts, warnings) = read(name, data);
        assert_eq!(facts, CaptureFacts::default());
        let [Warning::NotACapture { seems, convert }] = &warnings[..] else { panic!("{name}: {warnings:?}") };
        assert_eq!(seems.as_deref(), what, "{name}");
        assert_eq!(convert.first().map(String::as_str), command, "{name}");
    };
    let mut etl = vec![0; 200];
    etl[..4].copy_from_slice(&0x0001_0000_u32.to_le_bytes());
    etl[72..76].copy_from_slice(&0xc001_0002_u32.to_le_bytes());
    let etl_what = Some("a Windows event trace (.etl)");
    check("anything", &etl, etl_what, Some("etl2pcapng.exe FILE FILE.pcapng"));
    check("NetTrace.ETL", &[1, 2, 3, 0], etl_what, Some("etl2pcapng.exe FILE FILE.pcapng"));
    check(
        "a.cab",
        b"MSCF\0\0\0\0rest\xff",
        Some("a cabinet, as netsh trace writes beside its .etl"),
        Some("expand.exe -F:* FILE ."),
    );
    check("notes.txt", b"no packets here", Some("text"), None);
    check("x.bin", &[0xff; 300], None, Some("editcap -F pcapng FILE FILE.pcapng"));
    assert_eq!(read("empty.pcap", &[]), (CaptureFacts::default(), vec![Warning::Empty]));
}
