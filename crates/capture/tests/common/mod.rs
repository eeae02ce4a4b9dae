//! What the tests of this crate share: captures, and tshark's opinion of them.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use connector_check_capture::facts::Totals;

/// What tshark and the manifest of the shared captures tell of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oracle {
    pub packets: u64,
    pub connects: u64,
    pub statuses: BTreeMap<String, u64>,
    pub syn_retransmissions: u64,
    pub names: BTreeMap<String, u64>,
    pub hellos: BTreeMap<String, u64>,
    pub alerts: BTreeMap<String, u64>,
}

impl From<&Totals> for Oracle {
    fn from(totals: &Totals) -> Self {
        let text = |(number, count): (&u16, &u64)| (number.to_string(), *count);
        Self {
            packets: totals.packets,
            connects: totals.connect_requests,
            statuses: totals.http_statuses.iter().map(text).collect(),
            syn_retransmissions: totals.syn_retransmissions,
            names: totals.server_names.clone(),
            hellos: totals.server_hellos.clone(),
            alerts: totals.alerts.iter().map(|(number, count)| (number.to_string(), *count)).collect(),
        }
    }
}

/// Numbers that look random and are the same everywhere.
pub struct Random(fastrand::Rng);

impl Random {
    /// Another sequence for each seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Below the limit; 0 where that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit.max(1))
    }

    /// One of them.
    pub fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// With a chance of one in so many.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Why tshark's tools cannot be asked; `None` if they can.
pub fn no_tshark() -> Option<&'static str> {
    let runs = |program: &str| {
        let status = Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    (!runs("tshark") || !runs("editcap")).then_some("tshark and editcap are not installed")
}

/// Names, each with an address that it has.
pub type Names = BTreeSet<(String, String)>;

/// Asks tshark, with its default settings.
pub fn tshark(file: &Path) -> Oracle {
    tshark_with_names(file).0
}

/// The same; and what names addresses have: by answers of name servers, and by server names in TLS to them.
pub fn tshark_with_names(file: &Path) -> (Oracle, Names, Names) {
    const FIELDS: [&str; 18] = [
        "tcp.flags.syn",
        "tcp.flags.ack",
        "tcp.analysis.retransmission",
        "http.request.method",
        "http.response.code",
        "tls.handshake.extensions_server_name",
        "tls.alert_message.desc",
        "tls.handshake.type",
        "tls.handshake.version",
        "tls.handshake.extensions.supported_version",
        "udp.srcport",
        "dns.flags.response",
        "dns.flags.rcode",
        "dns.qry.name",
        "dns.a",
        "dns.aaaa",
        "ip.dst",
        "ipv6.dst",
    ];
    let (mut oracle, mut answers, mut greetings) = (Oracle::default(), Names::new(), Names::new());
    for line in fields(file, "frame", &FIELDS).lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let first =
            |column: usize| columns.get(column).and_then(|text| text.split(',').next()).unwrap_or_default();
        let count = |column: usize, counts: &mut BTreeMap<String, u64>| {
            for value in
                columns.get(column).into_iter().flat_map(|text| text.split(',')).filter(|v| !v.is_empty())
            {
                *counts.entry(value.to_owned()).or_default() += 1;
            }
        };
        oracle.packets += 1;
        if first(0) == "1" && first(1) == "0" && !first(2).is_empty() {
            oracle.syn_retransmissions += 1;
        }
        let mut methods = BTreeMap::new();
        count(3, &mut methods);
        oracle.connects += methods.get("CONNECT").copied().unwrap_or_default();
        count(4, &mut oracle.statuses);
        count(5, &mut oracle.names);
        count(6, &mut oracle.alerts);
        // One hello in a packet, as all the captures here have it.
        if columns.get(7).is_some_and(|types| types.split(',').any(|kind| kind == "2")) {
            *oracle.hellos.entry(format!("{}/{}", first(8), first(9))).or_default() += 1;
        }
        let pairs = |name: &str, addresses: [usize; 2]| -> Names {
            let addresses = addresses.iter().filter_map(|column| columns.get(*column));
            let addresses = addresses.flat_map(|text| text.split(',')).filter(|address| !address.is_empty());
            addresses.map(|address| (name.to_lowercase(), address.to_owned())).collect()
        };
        // The fields of flags are numbers here and words there, by tshark's version.
        if first(10) == "53" && matches!(first(11), "1" | "True") && first(12) == "0" {
            answers.extend(pairs(first(13), [14, 15]));
        }
        if !first(5).is_empty() {
            greetings.extend(pairs(first(5), [16, 17]));
        }
    }
    (oracle, answers, greetings)
}

fn fields(file: &Path, filter: &str, names: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-Y", filter, "-T", "fields"]);
    for name in names {
        command.args(["-e", name]);
    }
    let output = command.stderr(Stdio::null()).output().expect("tshark was found before");
    assert!(output.status.success(), "tshark could not read {}", file.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One connection after the other, made up packet by packet, a millisecond apart.
pub struct Traffic {
    /// Frames as far as they were captured, and how long they were.
    packets: Vec<(Vec<u8>, usize)>,
    ports: [u16; 2],
    next: [u32; 2],
}

impl Traffic {
    /// A connection that is open to this port; the first side is the client's.
    pub fn new(port: u16) -> Self {
        let mut traffic = Self { packets: Vec::new(), ports: [40_000, port], next: [0; 2] };
        traffic.new_connection();
        traffic
    }

    /// Another one, to the same port.
    pub fn new_connection(&mut self) {
        self.ports[0] += 1;
        self.next = [1000, 5000];
        for (side, flags) in [(0, 2), (1, 0x12)] {
            self.packet(side, flags, &[], 0);
            self.next[side] += 1;
        }
        self.packet(0, 0x10, &[], 0);
    }

    /// A segment.
    pub fn say(&mut self, side: usize, bytes: &[u8]) -> &mut Self {
        self.cut(side, bytes, bytes.len())
    }

    /// A segment of which so many bytes were captured.
    pub fn cut(&mut self, side: usize, bytes: &[u8], captured: usize) -> &mut Self {
        self.packet(side, 0x18, &bytes[..captured], bytes.len());
        self.lose(side, bytes.len())
    }

    /// So many bytes that were not captured.
    pub fn lose(&mut self, side: usize, bytes: usize) -> &mut Self {
        self.next[side] = self.next[side].wrapping_add(u32::try_from(bytes).unwrap());
        self
    }

    /// The capture.
    pub fn file(&self) -> Vec<u8> {
        self.repeated(1)
    }

    /// The capture, with all but the opening so many times, and numbers that go on.
    pub fn repeated(&self, times: u32) -> Vec<u8> {
        let mut file =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
        let said = [self.next[0] - 1001, self.next[1] - 5001];
        let mut millis = 0;
        for round in 0..times {
            for (packet, length) in self.packets.iter().skip(if round == 0 { 0 } else { 3 }) {
                let mut packet = packet.clone();
                let side = usize::from(packet[15] == 2);
                for (at, side) in [(24, side), (28, 1 - side)] {
                    let field: [u8; 4] = packet[at..at + 4].try_into().unwrap();
                    let number = u32::from_be_bytes(field).wrapping_add(round.wrapping_mul(said[side]));
                    packet[at..at + 4].copy_from_slice(&number.to_be_bytes());
                }
                let captured = u32::try_from(packet.len()).unwrap();
                let (seconds, micros) = (1_790_000_000 + millis / 1000, millis % 1000 * 1000);
                for number in [seconds, micros, captured, u32::try_from(*length).unwrap()] {
                    file.extend(number.to_le_bytes());
                }
                file.extend(packet);
                millis += 1;
            }
        }
        file
    }

    fn packet(&mut self, side: usize, flags: u8, captured: &[u8], length: usize) {
        let total = u16::try_from(40 + length).unwrap().to_be_bytes();
        let mut packet = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 6, 0, 0];
        let addresses = [[192, 0, 2, 1], [192, 0, 2, 2]];
        packet.extend([addresses[side], addresses[1 - side]].concat());
        packet.extend([self.ports[side].to_be_bytes(), self.ports[1 - side].to_be_bytes()].concat());
        let acknowledged = if flags & 0x10 == 0 { 0 } else { self.next[1 - side] };
        packet.extend([self.next[side].to_be_bytes(), acknowledged.to_be_bytes()].concat());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(captured);
        self.packets.push((packet, 40 + length));
    }
}

/// A record of TLS.
pub fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], &u16::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
}

/// A handshake message of TLS.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

/// A ClientHello of TLS 1.2 that asks for this name.
pub fn client_hello(name: &str) -> Vec<u8> {
    let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    let names = [
        &[0, 0],
        &length(name.len() + 5)[..],
        &length(name.len() + 3),
        &[0],
        &length(name.len()),
        name.as_bytes(),
    ]
    .concat();
    body.extend(length(names.len()));
    body.extend(names);
    message(1, &body)
}

/// The golden cases: the name of each and its folder.
pub fn golden() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .expect("the golden cases are part of the crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path))
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "only {} golden cases", cases.len());
    cases
}

/// The captures that stand beside the repository on some machines.
pub fn shared() -> Option<PathBuf> {
    let folder = env::var_os("CONNECTOR_CHECK_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}

/// The capture files of a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    const ENDINGS: [&str; 4] = ["pcap", "pcapng", "cap", "gz"];
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.extension().and_then(OsStr::to_str).is_some_and(|ending| ENDINGS.contains(&ending))
        })
        .collect();
    files.sort();
    files
}
