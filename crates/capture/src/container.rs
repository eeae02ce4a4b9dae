//! Containers: from the bytes of a file to packets, a piece at a time.

mod foreign;
mod netmon;
mod pcap;
mod pcapng;

use crate::facts::Warning;

pub use foreign::describe;
pub use netmon::NetMon;
pub use pcap::Pcap;
pub use pcapng::PcapNg;

/// The largest packet that is believed; Wireshark's limit as well.
pub const MAX_PACKET: usize = 262_144;

/// As many bytes of a file suffice to recognise it.
pub const SNIFF: usize = 128;

/// Packets of a link type that stands for "no packet of a network": counted, and not looked into.
pub const LINK_METADATA: u32 = u32::MAX;

/// One packet, as the container holds it.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Unix time in nanoseconds.
    pub time_ns: i64,
    /// LINKTYPE, as registered at tcpdump.org, or [`LINK_METADATA`].
    pub link: u32,
    /// What was captured.
    pub data: &'a [u8],
    /// How long it was on the wire.
    pub length: u64,
}

/// What takes packets.
pub trait Sink {
    /// Takes the next packet of the file.
    fn packet(&mut self, packet: &Packet<'_>);
}

/// What a container says to the bytes that begin at its place in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It needs this many of them at once before it can go on; always more than it was given.
    Need(usize),
    /// It is done with so many of them; at least one.
    Took(usize),
    /// It is not interested in so many, which may be more than it was given.
    Skip(u64),
    /// It wants to go on elsewhere in the file.
    Seek(u64),
    /// There is nothing more to be had.
    End(Option<Warning>),
}

/// A container that was recognised.
#[derive(Debug)]
pub enum Container {
    /// The file format of libpcap and its variants.
    Pcap(Pcap),
    /// pcapng.
    PcapNg(PcapNg),
    /// Microsoft Network Monitor.
    NetMon(NetMon),
}

impl Container {
    /// The container that begins so; `None` for anything else. Where the length of the file is known,
    /// [`Step::Seek`] can be followed.
    pub fn recognise(start: &[u8], size: Option<u64>) -> Option<Self> {
        if let Some(pcap) = Pcap::recognise(start) {
            return Some(Self::Pcap(pcap));
        }
        if PcapNg::recognise(start) {
            return Some(Self::PcapNg(PcapNg::default()));
        }
        NetMon::recognise(start, size).map(Self::NetMon)
    }

    /// For readers.
    pub fn name(&self) -> String {
        match self {
            Self::Pcap(pcap) => pcap.name().to_owned(),
            Self::PcapNg(_) => "pcapng".to_owned(),
            Self::NetMon(netmon) => netmon.name(),
        }
    }

    /// Works on the bytes at its place, `at` in the file. `last`: no more will ever come behind them.
    pub fn step(&mut self, data: &[u8], at: u64, last: bool, sink: &mut impl Sink) -> Step {
        match self {
            Self::Pcap(pcap) => pcap.step(data, last, sink),
            Self::PcapNg(pcapng) => pcapng.step(data, sink),
            Self::NetMon(netmon) => netmon.step(data, at, sink),
        }
    }

    /// The step to another place in the file than `at`, where the next bytes are wanted elsewhere.
    pub fn elsewhere(&mut self, at: u64) -> Option<Step> {
        match self {
            Self::Pcap(_) | Self::PcapNg(_) => None,
            Self::NetMon(netmon) => netmon.elsewhere(at),
        }
    }

    /// Problems that did not stop the reading.
    pub fn warnings(&self) -> Vec<Warning> {
        match self {
            Self::PcapNg(pcapng) => pcapng.warnings.clone(),
            Self::Pcap(_) | Self::NetMon(_) => Vec::new(),
        }
    }

    /// Whether everything that the file promises was read, so that an end here is in order.
    pub fn complete(&self) -> bool {
        match self {
            Self::Pcap(_) | Self::PcapNg(_) => true,
            Self::NetMon(netmon) => netmon.complete(),
        }
    }
}

/// Numbers at a place in bytes; `None` beyond their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least significant byte first.
    Little,
    /// The most significant byte first.
    Big,
}

impl Order {
    /// Two bytes at `at`.
    pub fn u16(self, data: &[u8], at: usize) -> Option<u16> {
        let bytes: [u8; 2] = data.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    /// Four bytes at `at`.
    pub fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        let bytes: [u8; 4] = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    /// Eight bytes at `at`.
    pub fn u64(self, data: &[u8], at: usize) -> Option<u64> {
        let bytes: [u8; 8] = data.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}
