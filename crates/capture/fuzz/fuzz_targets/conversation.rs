//! What two sides say over TCP: HTTP, TLS and what looks like it, in segments that come in any order.
//!
//! The input is a list of segments: a byte of flags, a byte of distance, a byte of length, and the payload.
#![no_main]

use connector_check_capture::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let mut next = [1_u32, 1_u32];
    let mut rest = input;
    while let [flags, distance, length, behind @ ..] = rest {
        let (payload, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        let side = usize::from(flags >> 7);
        // Mostly in order; sometimes ahead or behind.
        let sequence = if distance & 0x80 == 0 { next[side] } else { next[side].wrapping_add_signed(i32::from(*distance) - 192) };
        next[side] = next[side].wrapping_add(u32::from(*length));
        let total = u16::try_from(40 + payload.len()).unwrap_or(u16::MAX).to_be_bytes();
        let (from, to) = if side == 0 { ([10, 0, 0, 1], [10, 0, 0, 2]) } else { ([10, 0, 0, 2], [10, 0, 0, 1]) };
        let (source, target) = if side == 0 { (1000_u16, 8080_u16) } else { (8080, 1000) };
        let mut packet = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 6, 0, 0];
        packet.extend([from, to].concat());
        packet.extend([source.to_be_bytes(), target.to_be_bytes()].concat());
        packet.extend([sequence.to_be_bytes(), next[1 - side].to_be_bytes()].concat());
        packet.extend([0x50, flags & 0x1f, 0, 0, 0, 0, 0, 0]);
        packet.extend(payload);
        let length = u32::try_from(packet.len()).unwrap_or(0).to_le_bytes();
        file.extend([[0; 4], [0; 4], length, length].concat());
        file.extend(packet);
    }
    let _ = read("fuzz", &file);
});
