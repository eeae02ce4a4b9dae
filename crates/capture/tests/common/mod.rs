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
