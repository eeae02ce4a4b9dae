//! Writes a long capture, the same one each time: `cargo run -p connector-check-capture --example traffic -- FILE MEGABYTES`.
//!
//! The golden captures over and over, each time with another client, and between them downloads and uploads inside TLS,
//! several at a time, names that are looked up, and ARP. For measurements: a real capture of that length would not be
//! the same on two machines.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

/// Payload of a full segment.
const FULL: usize = 1448;

/// Transfers that go on at the same time.
const TRANSFERS: usize = 4;

/// Segments of one transfer in each round.
const BURST: u32 = 24;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(file), Some(megabytes)) =
        (arguments.next(), arguments.next().and_then(|number| number.to_str()?.parse::<u64>().ok()))
    else {
        eprintln!("usage: cargo run -p connector-check-capture --example traffic -- FILE MEGABYTES");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&file), megabytes * 1_000_000) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {}: {error}", Path::new(&file).display());
            ExitCode::FAILURE
        }
    }
}

fn write(path: &Path, length: u64) -> io::Result<()> {
    let cases = golden()?;
    let mut capture =
        Capture { file: BufWriter::with_capacity(1 << 20, File::create(path)?), written: 0, micros: 0 };
    capture.raw(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
    let mut payload: Vec<u8> = (0..FULL).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect();
    // What TLS calls application data; the length of the record is that of the segment.
    let record = u16::try_from(FULL - 5).unwrap_or(0).to_be_bytes();
    payload[..5].copy_from_slice(&[23, 3, 3, record[0], record[1]]);
    for round in 0_u32.. {
        for case in 0..cases.len() {
            for frame in &cases[case] {
                let mut frame = frame.clone();
                renumber(&mut frame, round);
                capture.frame(&frame)?;
            }
            // Between two cases: a part of each transfer.
            let (part, parts) = (u32::try_from(case).unwrap_or(0), u32::try_from(cases.len()).unwrap_or(1));
            for burst in 0..BURST {
                for transfer in 0..TRANSFERS {
                    let number = (round * parts + part) * BURST + burst;
                    capture.transfer(transfer, number, &payload)?;
                }
            }
            capture.name_lookup(round)?;
            if capture.written >= length {
                return capture.file.flush();
            }
        }
    }
    Ok(())
}

struct Capture {
    file: BufWriter<File>,
    written: u64,
    micros: u64,
}

impl Capture {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// A frame, a tenth of a millisecond after the one before.
    fn frame(&mut self, frame: &[u8]) -> io::Result<()> {
        self.micros += 100;
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let length = frame.len() as u64;
        let head = [number(1_790_000_000 + seconds), number(micros), number(length), number(length)];
        for number in head {
            self.raw(&number.to_le_bytes())?;
        }
        self.raw(frame)
    }

    /// The next segment of a transfer, and for every other one a confirmation. The even ones are downloads.
    fn transfer(&mut self, transfer: usize, number: u32, payload: &[u8]) -> io::Result<()> {
        let client = [10, 200, 0, u8::try_from(transfer).unwrap_or(0)];
        let (client, server) =
            ((client, 50_000 + u16::try_from(transfer).unwrap_or(0)), ([203, 0, 113, 9], 443));
        let (from, to) = if transfer.is_multiple_of(2) { (server, client) } else { (client, server) };
        let sequence = number.wrapping_mul(u32::try_from(FULL).unwrap_or(0)).wrapping_add(1);
        self.frame(&segment(from, to, [sequence, 1], payload))?;
        if !number.is_multiple_of(2) {
            let end = sequence.wrapping_add(u32::try_from(FULL).unwrap_or(0));
            self.frame(&segment(to, from, [1, end], &[]))?;
        }
        Ok(())
    }

    /// A question to DNS, and one of ARP.
    fn name_lookup(&mut self, round: u32) -> io::Result<()> {
        let mut question = round.to_be_bytes()[2..].to_vec();
        question.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        question.extend(b"\x09connector\x07example\x00\x00\x01\x00\x01");
        let length = u16::try_from(8 + question.len()).unwrap_or(0);
        let udp = [&[0xc0, 0, 0, 53], &length.to_be_bytes()[..], &[0, 0], &question].concat();
        self.frame(&ip(17, [10, 0, 0, 1], [203, 0, 113, 53], &udp))?;
        let mut arp = vec![0xff; 6];
        arp.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1]);
        arp.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 2]);
        self.frame(&arp)
    }
}

type End = ([u8; 4], u16);

/// A frame with a TCP segment.
fn segment(from: End, to: End, numbers: [u32; 2], payload: &[u8]) -> Vec<u8> {
    let mut tcp = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
    tcp.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    // With the option for time stamps, as nearly all have it.
    tcp.extend([0x80, 0x10, 0x10, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
    tcp.extend(payload);
    ip(6, from.0, to.0, &tcp)
}

/// A frame with an IPv4 packet.
fn ip(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut frame =
        vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64];
    frame.extend([protocol, 0, 0]);
    frame.extend([from, to].concat());
    frame.extend(payload);
    frame
}

/// Gives the client of a golden capture another address.
fn renumber(frame: &mut [u8], round: u32) {
    const CLIENT: [u8; 4] = [203, 0, 113, 2];
    let [_, high, middle, low] = round.to_be_bytes();
    for at in [26, 30] {
        if frame.get(12..14) == Some(&[8, 0])
            && let Some(address) = frame.get_mut(at..at + 4).filter(|address| **address == CLIENT)
        {
            address.copy_from_slice(&[10, high, middle, low]);
        }
    }
}

/// The frames of every golden capture.
fn golden() -> io::Result<Vec<Vec<Vec<u8>>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path().join("capture")).filter(|file| file.is_file()))
        .collect();
    files.sort();
    files.iter().map(|file| Ok(frames(&fs::read(file)?))).collect()
}

fn frames(file: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = file.get(24..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let Some((frame, behind)) = behind.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX))
        else {
            break;
        };
        frames.push(frame.to_vec());
        rest = behind;
    }
    frames
}
