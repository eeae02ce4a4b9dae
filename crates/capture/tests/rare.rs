//! What is rare in captures of connectors and common in those of others: told as it is, and counted as tshark counts it.

use std::fs;

use connector_check_capture::facts::{CaptureFacts, Tls, Version};
use connector_check_capture::read;

mod common;

use common::{Oracle, Traffic, client_hello, message, no_tshark, record, tshark};

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// The facts of a capture, whose sums are tshark's where there is one.
fn check(test: &str, file: &[u8]) -> CaptureFacts {
    let (facts, warnings) = read("", file);
    assert_eq!(warnings, []);
    if let Some(reason) = no_tshark() {
        println!("SKIPPED {test}, against tshark: {reason}");
        return facts;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    fs::write(&path, file).unwrap();
    assert_eq!(Oracle::from(&facts.totals), tshark(&path));
    facts
}

/// A ServerHello with these two bytes of version; `session` holds what TLS 1.3 before draft 22 leaves out.
fn server_hello(version: [u8; 2], session: bool) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.extend(if session { &[0, 0xc0, 0x2f, 0][..] } else { &[0x13, 0x01] });
    // One extension: key_share, of the curve P-256, without a key.
    body.extend([0, 6, 0, 51, 0, 2, 0, 23]);
    message(2, &body)
}

#[test]
fn drafts_of_tls_13_choose_versions() {
    for draft in [18, 20, 21] {
        let mut traffic = Traffic::new(443);
        traffic.say(CLIENT, &record(22, &client_hello("a.example")));
        traffic.say(SERVER, &record(22, &server_hello([0x7f, draft], false)));
        let facts = check("drafts_of_tls_13_choose_versions", &traffic.file());
        let version = facts.connections[0].tls.as_ref().and_then(Tls::version).unwrap();
        assert_eq!(version, Version(0x7f00 + u16::from(draft)));
        assert_eq!(version.to_string(), format!("TLS 1.3, draft {draft}"));
        assert_eq!(facts.totals.server_hellos.values().sum::<u64>(), 1);
    }
}

#[test]
fn tls_within_remote_desktop_is_told_and_not_counted() {
    let request = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];
    let answer = [3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0];
    // The same greeting, on its own port and on another one; and TLS without it.
    for (port, greets, counted) in [(3389, true, 0), (3390, true, 1), (3389, false, 1)] {
        let mut traffic = Traffic::new(port);
        if greets {
            traffic.say(CLIENT, &request).say(SERVER, &answer);
        }
        traffic.say(CLIENT, &record(22, &client_hello("desk.example")));
        traffic.say(SERVER, &record(22, &server_hello([3, 3], true)));
        let facts = check("tls_within_remote_desktop_is_told_and_not_counted", &traffic.file());
        let name = facts.connections[0].tls.as_ref().and_then(Tls::server_name);
        assert_eq!(name, Some("desk.example"), "{port}");
        assert_eq!(facts.totals.server_names.len(), counted, "{port}, {greets}");
    }
}

#[test]
fn blocks_that_wireshark_numbers_are_counted_and_have_no_time() {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(12 + body.len()).unwrap().to_le_bytes();
        file.extend([&kind.to_le_bytes(), &length, body, &length].concat());
    };
    block(0x0a0d_0d0a, &[&[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0][..], &[0xff; 8]].concat());
    // Custom blocks of the number that is meant for documentation (RFC 5612).
    block(0x0bad, &32473_u32.to_le_bytes());
    block(1, &[1, 0, 0, 0, 0, 0, 0, 0]);
    // 2026-11-20 00:00:00 in microseconds.
    let time = 1_795_132_800_000_000_u64;
    let [high, low] = [(time >> 32).to_le_bytes(), (time & 0xffff_ffff).to_le_bytes()];
    let sizes = [60, 0, 0, 0, 60, 0, 0, 0];
    block(6, &[&[0; 4], &high[..4], &low[..4], &sizes, &[0; 60]].concat());
    block(0x4000_0bad, &[&32473_u32.to_le_bytes()[..], b"text"].concat());
    // A journal entry; and statistics, which have no number.
    block(9, b"__REALTIME_TIMESTAMP=1795132800000000\n\n\0");
    block(5, &[0; 12]);
    let facts = check("blocks_that_wireshark_numbers_are_counted_and_have_no_time", &file);
    assert_eq!(facts.totals.packets, 4);
    assert_eq!((facts.start_ns, facts.duration_ms), (Some(1_795_132_800_000_000_000), 0.0));
}
