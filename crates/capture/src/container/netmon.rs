//! Microsoft Network Monitor, versions 1.x and 2.0 to 2.3.
//!
//! The layout stands in the help of Network Monitor 3.4 ("Capture File Format"). Frames lie anywhere in the file; a
//! table, usually at its end, says where, so the reader asks for places in the file, a window of the table at a time.

use super::{LINK_METADATA, MAX_PACKET, Order, Packet, Sink, Step};
use crate::facts::Warning;

/// The header, magic included, is padded to this.
const HEADER: usize = 128;

/// Table entries that are held at once.
const WINDOW: u64 = 65_536;

/// A table that sends the reader back and forth more often than this is no capture's, and would be read for hours.
const MAX_BACKWARD: u32 = 10_000;

const LE: Order = Order::Little;

/// A reader of this format.
#[derive(Debug)]
pub struct NetMon {
    major: u8,
    minor: u8,
    link: u32,
    start_ns: i64,
    table: u64,
    entries: u64,
    /// Without seeking, frames are taken to follow each other from the header to the table.
    seekable: bool,
    /// Entries of the table that were read.
    read: u64,
    window: std::vec::IntoIter<u32>,
    /// Where the next frame begins; `None`: the next part of the table is wanted.
    frame: Option<u64>,
    backward: u32,
    header_done: bool,
}

impl NetMon {
    /// By the magic and the header.
    pub fn recognise(start: &[u8], size: Option<u64>) -> Option<Self> {
        let header = start.get(..HEADER)?;
        let (minor, major) = (header[4], header[5]);
        match (&header[..4], major) {
            (b"RTSS", 1) | (b"GMBU", 2) => {}
            _ => return None,
        }
        let field = |index: usize| LE.u16(header, 8 + 2 * index).map(i64::from);
        // Year, month, (day of the week), day, hour, minute, second, millisecond; local time of an unknown zone.
        let days = days_from_civil(field(0)?, field(1)?, field(3)?);
        let seconds = days * 86_400 + field(4)? * 3600 + field(5)? * 60 + field(6)?;
        let (table, entries) = (u64::from(LE.u32(header, 24)?), u64::from(LE.u32(header, 28)? / 4));
        Some(Self {
            major,
            minor,
            link: link_of_network(u32::from(LE.u16(header, 6)?)).unwrap_or(LINK_METADATA),
            start_ns: (seconds * 1000).saturating_add(field(7)?).saturating_mul(1_000_000),
            table,
            entries,
            // A file that was cut has lost its table, and not its frames.
            seekable: size.is_some_and(|size| table + 4 * entries <= size),
            read: 0,
            window: Vec::new().into_iter(),
            frame: None,
            backward: 0,
            header_done: false,
        })
    }

    /// For readers.
    pub fn name(&self) -> String {
        format!("Network Monitor {}.{}", self.major, self.minor)
    }

    /// Whether every frame of the table was read.
    pub fn complete(&self) -> bool {
        self.frame.is_none() && self.read >= self.entries
    }

    /// One frame, or a part of the table.
    pub fn step(&mut self, data: &[u8], at: u64, sink: &mut impl Sink) -> Step {
        if !self.header_done {
            self.header_done = true;
            if self.entries == 0 {
                let what = "a frame table without entries".to_owned();
                return Step::End(Some(Warning::Damaged { at: 28, what }));
            }
            if !self.seekable {
                self.frame = Some(HEADER as u64);
                self.read = self.entries;
            }
            return Step::Took(HEADER);
        }
        match self.frame {
            Some(frame) if at != frame => self.seek(frame, at),
            Some(_) => self.frame_at(data, at, sink),
            None if self.read >= self.entries => Step::End(None),
            None => self.table_at(data, at),
        }
    }

    /// See [`super::Container::elsewhere`].
    pub fn elsewhere(&mut self, at: u64) -> Option<Step> {
        if !self.header_done || !self.seekable {
            return None;
        }
        let table = (self.read < self.entries).then_some(self.table + 4 * self.read);
        let place = self.frame.or(table)?;
        (place != at).then(|| self.seek(place, at))
    }

    fn seek(&mut self, frame: u64, at: u64) -> Step {
        if frame > at {
            return Step::Skip(frame - at);
        }
        self.backward += 1;
        if self.backward > MAX_BACKWARD {
            let what = "a frame table that goes back and forth".to_owned();
            return Step::End(Some(Warning::Damaged { at: self.table, what }));
        }
        Step::Seek(frame)
    }

    fn table_at(&mut self, data: &[u8], at: u64) -> Step {
        let place = self.table + 4 * self.read;
        if at != place {
            return self.seek(place, at);
        }
        let count = (self.entries - self.read).min(WINDOW);
        let length = usize::try_from(4 * count).unwrap_or(usize::MAX);
        let Some(entries) = data.get(..length) else {
            return Step::Need(length);
        };
        let window: Vec<u32> = entries.chunks_exact(4).filter_map(|entry| LE.u32(entry, 0)).collect();
        self.window = window.into_iter();
        self.read += count;
        self.frame = self.window.next().map(u64::from);
        Step::Took(length)
    }

    fn frame_at(&mut self, data: &[u8], at: u64, sink: &mut impl Sink) -> Step {
        if !self.seekable && at >= self.table {
            return Step::End(None);
        }
        let old = self.major == 1;
        let header = if old { 8 } else { 16 };
        if data.len() < header {
            return Step::Need(header);
        }
        let (length, captured) = if old {
            (LE.u16(data, 4).map(u32::from), LE.u16(data, 6).map(u32::from))
        } else {
            (LE.u32(data, 8), LE.u32(data, 12))
        };
        let (Some(length), Some(captured)) = (length, captured.and_then(|n| usize::try_from(n).ok())) else {
            return Step::Need(header);
        };
        if captured > MAX_PACKET {
            let what = format!("a frame of {captured} bytes");
            return Step::End(Some(Warning::Damaged { at, what }));
        }
        let trailer = match (self.major, self.minor) {
            (1, _) | (2, 0) => 0,
            (_, 1) => 2,
            (_, 2) => 6,
            (_, _) => 15,
        };
        let whole = header + captured + trailer;
        let Some(frame) = data.get(..whole) else {
            return Step::Need(whole);
        };
        let (packet, trailer) = frame[header..].split_at(captured);
        if let Some(link) = self.link_of(trailer) {
            let time_ns = self.time_of(frame, trailer);
            sink.packet(&Packet { time_ns, link, data: packet, length: u64::from(length) });
        }
        self.frame = if self.seekable { self.window.next().map(u64::from) } else { Some(at + whole as u64) };
        Step::Took(whole)
    }

    /// The link type of a frame; `None` for records that are no frames at all.
    fn link_of(&self, trailer: &[u8]) -> Option<u32> {
        let Some(network) = LE.u16(trailer, 0) else {
            return Some(self.link);
        };
        match network {
            // Message Analyzer's own.
            0xe080 => Some(105),
            0xe081..=0xe08a => Some(LINK_METADATA),
            // A converted pcap file.
            0xe000..=0xefff => Some(u32::from(network & 0x0fff)),
            // A list of adapters, resolved names, the head of a reassembled message.
            0xfffc..=0xfffe => None,
            other => Some(link_of_network(u32::from(other)).unwrap_or(LINK_METADATA)),
        }
    }

    fn time_of(&self, frame: &[u8], trailer: &[u8]) -> i64 {
        // Version 2.3: 100 ns since 1601, in UTC.
        if let Some(filetime) = LE.u64(trailer, 6) {
            const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
            let ticks = i64::try_from(filetime).unwrap_or(i64::MAX);
            return ticks.saturating_sub(UNIX_EPOCH.cast_signed()).saturating_mul(100);
        }
        if self.major == 1 {
            let milliseconds = LE.u32(frame, 0).map_or(0, i64::from);
            return self.start_ns.saturating_add(milliseconds * 1_000_000);
        }
        // Microseconds, which may be negative once they are counted in tenths.
        let tenths = LE.u64(frame, 0).unwrap_or_default().wrapping_mul(10).cast_signed();
        self.start_ns.saturating_add(tenths.saturating_mul(100))
    }
}

/// LINKTYPE for the media types of Network Monitor; `None` for those that carry no packets.
const fn link_of_network(network: u32) -> Option<u32> {
    match network {
        // Some captures of tunnels say 0 and hold Ethernet.
        0 | 1 => Some(1),
        2 => Some(6),
        3 => Some(10),
        // Tunnel, mobile broadband, raw IP.
        7..=9 => Some(101),
        6 => Some(105),
        _ => None,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; months and days out of range count on.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::days_from_civil;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 2, 29), 11_016);
        assert_eq!(days_from_civil(2026, 11, 21), 20_778);
    }
}
