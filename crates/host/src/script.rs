//! The host script: one readable PowerShell file, made for the catalogue and the names in use.
//!
//! What is put into it are ids, host names and ports, never free words of a catalogue: a script made of them could do
//! anything.

use std::collections::BTreeMap;

use connector_check_diagnosis::catalogue::{Catalogue, Expect, Group};
use connector_check_diagnosis::plan::{Fill, Plan};

/// The parts of the script, in order; each a file that can be read and checked by itself.
const PARTS: [&str; 4] = [
    include_str!("script/head.ps1"),
    include_str!("script/look.ps1"),
    include_str!("script/facts.ps1"),
    include_str!("script/run.ps1"),
];

/// Version of the script; its result carries it.
pub const VERSION: &str = "1";

/// What the file is called.
pub const FILE_NAME: &str = "connector-check-host.ps1";

/// What it writes.
pub const RESULT_NAME: &str = "connector-check-host.json";

/// What starts it; the policy counts for this one run only.
pub const COMMAND: &str = r"powershell -NoProfile -ExecutionPolicy Bypass -File .\connector-check-host.ps1";

/// One endpoint that the script asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
    tls: bool,
    clock: bool,
}

/// A script, and how much of the catalogue is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// ASCII, with the line ends of Windows.
    pub text: String,
    /// Endpoints that it asks.
    pub asks: usize,
    /// Checks that it leaves out because a placeholder of their host is empty.
    pub waits: usize,
}

/// Writes the script.
pub fn script(catalogue: &Catalogue, fill: &Fill) -> Script {
    let plan = Plan::new(catalogue, fill, "script");
    let mut targets: BTreeMap<(String, u16), Target> = BTreeMap::new();
    let mut waits = 0;
    for planned in plan.checks.iter().filter(|planned| planned.canary.is_none()) {
        if planned.check.expect == Expect::Refusal {
            continue;
        }
        let Some(endpoint) = planned.endpoint() else {
            waits += 1;
            continue;
        };
        let tls = endpoint.scheme.is_tls();
        // Asked for the time: hosts whose certificate and answer everything else depends on as well.
        let clock = tls && planned.check.group == Group::Login;
        let target = targets.entry((endpoint.host.clone(), endpoint.port)).or_insert_with(|| Target {
            host: endpoint.host.clone(),
            port: endpoint.port,
            tls,
            clock,
        });
        target.tls |= tls;
        target.clock |= clock;
    }
    let asks = targets.len();
    let lines: Vec<_> = targets.into_values().map(|target| line(&target)).collect();
    let text = PARTS
        .join("\n")
        .replace("#TARGETS#", &lines.join(",\n    "))
        .replace("#VERSION#", VERSION)
        .replace("#CATALOGUE#", &inner(&catalogue.id))
        .replace("#UPDATED#", &inner(&catalogue.updated))
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    Script { text, asks, waits }
}

fn line(target: &Target) -> String {
    let truth = |yes: bool| if yes { "$true" } else { "$false" };
    format!(
        "@{{ Host = '{}'; Port = {}; Tls = {}; Clock = {} }}",
        inner(&target.host),
        target.port,
        truth(target.tls),
        truth(target.clock)
    )
}

/// The inside of a single-quoted literal. What comes here has been checked to be an id, a date or a host; should
/// anything else ever come, it is dropped, because PowerShell takes five characters for a quote.
fn inner(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.:".contains(*c)).collect()
}
