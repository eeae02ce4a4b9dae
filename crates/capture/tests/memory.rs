//! Memory, counted by the allocator: captures made to take as much of it as they can. Pointers here are twice as long
//! as in a browser, so it takes less there.

use connector_check_capture::Reader;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What the page promises for a capture of any size, in bytes.
const LIMIT: usize = 128 << 20;

/// Connections, and segments of each that wait for one that never comes.
const CONNECTIONS: u32 = 9_000;
const SEGMENTS: u32 = 230;

/// One test, as the allocator counts for all threads.
#[test]
fn segments_that_wait_for_ever_take_a_bounded_part_of_memory() {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut reader = Reader::new("hostile.pcap", Some(u64::MAX));
    reader.push(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0]);
    let mut piece = Vec::new();
    for number in 0..SEGMENTS {
        for client in 0..CONNECTIONS {
            // The first of each is a SYN; then bytes behind a hole, with a hole before each.
            let (sequence, flags, payload): (u32, u8, &[u8]) =
                if number == 0 { (0, 2, &[]) } else { (1 + 3 * number, 24, &[22]) };
            packet(&mut piece, client, sequence, flags, payload);
        }
        reader.push(&piece);
        piece.clear();
    }
    let (facts, warnings) = reader.finish();
    let json = serde_json::to_string(&(&facts, &warnings)).unwrap();
    assert_eq!(facts.totals.packets, u64::from(CONNECTIONS) * u64::from(SEGMENTS));
    assert!(
        warnings.iter().any(|warning| format!("{warning:?}").starts_with("DetailsLeftOut")),
        "{warnings:?}"
    );
    let peak = MEMORY.peak_usage() - before;
    assert!(peak < LIMIT / 2, "{} MiB, with {} MiB of facts as text", peak >> 20, json.len() >> 20);
}

/// A segment over IPv4, behind the head of a packet in a pcap file.
fn packet(file: &mut Vec<u8>, client: u32, sequence: u32, flags: u8, payload: &[u8]) {
    let length = u32::try_from(40 + payload.len()).unwrap();
    file.extend([[0; 4], [0; 4], length.to_le_bytes(), length.to_le_bytes()].concat());
    file.extend([0x45, 0, 0, u8::try_from(length).unwrap(), 0, 0, 0, 0, 64, 6, 0, 0]);
    file.extend((0x0a00_0000 + client).to_be_bytes());
    file.extend([203, 0, 113, 1, 0xc3, 0x50, 1, 0xbb]);
    file.extend(sequence.to_be_bytes());
    file.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    file.extend(payload);
}
