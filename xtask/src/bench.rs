//! `bench`: the page, its reader of captures and the responder against their yardsticks, and how surely inspection is found.

mod responder;

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::bundle::{brotli, gzip};
use crate::workspace::Workspace;
use crate::{bundle, page, process, setup, test};

/// A button and a counter in Yew, built in the same way: what no page of this kind comes below. Bytes, measured in
/// November 2026.
const FLOOR: [(&str, usize); 2] = [("program", 118_000), ("program, Brotli", 43_500)];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The page and the responder.
    Everything,
    /// The page's size and time.
    Page,
    /// How the page's reader reads captures.
    Capture,
    /// The responder's speed and memory.
    Responder,
    /// In how many runs inspection is proven, and in how many a clean path is not accused; of so many of each kind.
    Inspection(Option<u32>),
}

impl What {
    /// What stands behind `bench`.
    pub fn named(name: &OsStr) -> Result<Self> {
        match name.to_string_lossy().as_ref() {
            "page" => Ok(Self::Page),
            "capture" => Ok(Self::Capture),
            "responder" => Ok(Self::Responder),
            "inspection" => Ok(Self::Inspection(None)),
            other => {
                bail!("there is no benchmark \"{other}\"; there are page, capture, responder and inspection")
            }
        }
    }
}

/// Measures and prints. A figure beyond its limit is an error, after everything else was measured.
pub fn run(workspace: &Workspace, what: What) -> Result<()> {
    match what {
        What::Page => page(workspace),
        What::Capture => captures(workspace),
        What::Responder => responder::run(workspace),
        What::Inspection(runs) => inspection(workspace, runs),
        What::Everything => {
            let page = page(workspace);
            page.and(responder::run(workspace))
        }
    }
}

/// The page and a responder, with and without a proxy between them that opens TLS, again and again.
fn inspection(workspace: &Workspace, runs: Option<u32>) -> Result<()> {
    let tools = setup::for_tests(workspace)?;
    let page = page::build(workspace, &tools)?;
    bundle::write(workspace, &page, &bundle::Baked::default())?;
    test::bench_inspection(workspace, &tools, runs)
}

/// The page's size, also as a ratio where there is a yardstick; and on Linux how long it takes in real browsers, as ratios.
fn page(workspace: &Workspace) -> Result<()> {
    let tools = setup::for_page(workspace)?;
    let page = page::build(workspace, &tools)?;
    let read = |ending: &str| {
        let file = page.folder.join(format!("{}{ending}", page::PACKAGE));
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
    };
    let (program, glue) = (read("_bg.wasm")?, read(".js")?);
    let sizes = [
        ("program", program.len()),
        ("program, gzip", gzip(&program)?.len()),
        ("program, Brotli", brotli(&program)?.len()),
        ("glue", glue.len()),
        ("glue, gzip", gzip(&glue)?.len()),
        ("glue, Brotli", brotli(&glue)?.len()),
    ];
    println!("{:<20} {:>12} {:>18}", "size of the page", "bytes", "times the floor");
    for (name, size) in sizes {
        let floor = FLOOR.iter().find(|(of, _)| *of == name);
        println!(
            "{name:<20} {size:>12} {:>18}",
            floor.map_or_else(String::new, |(_, floor)| ratio(size, *floor))
        );
    }
    if cfg!(target_os = "linux") {
        let tools = setup::for_tests(workspace)?;
        bundle::write(workspace, &page, &bundle::Baked::default())?;
        test::bench(workspace, &tools)?;
    }
    Ok(())
}

/// The length of the capture that reading is measured with.
const TRAFFIC_MEGABYTES: u64 = 1000;

/// What the reader counts, as a filter and fields of tshark.
const TSHARK: [&str; 18] = [
    "-Y",
    "http.request.method == CONNECT or http.response or tcp.analysis.retransmission or tls.handshake.type in {1,2} or tls.alert_message",
    "-T",
    "fields",
    "-e",
    "frame.number",
    "-e",
    "http.request.uri",
    "-e",
    "http.response.code",
    "-e",
    "tls.handshake.extensions_server_name",
    "-e",
    "tls.handshake.version",
    "-e",
    "tls.handshake.extensions.supported_version",
    "-e",
    "tls.alert_message.desc",
];

/// How fast the page reads a capture of a gigabyte in real browsers, as a ratio to tshark on the same file, and what
/// memory it takes for that and for ten gigabytes.
fn captures(workspace: &Workspace) -> Result<()> {
    let tools = setup::for_tests(workspace)?;
    let traffic = traffic(workspace)?;
    let page = page::build(workspace, &tools)?;
    bundle::write(workspace, &page, &bundle::Baked::default())?;
    let Some(tshark) = process::find("tshark") else {
        bail!("tshark is the yardstick, and it is not installed: `apt install tshark`");
    };
    eprintln!("tshark reads {} …", workspace.display(&traffic));
    let begun = Instant::now();
    let mut command = Command::new(tshark);
    process::run(command.arg("-r").arg(&traffic).args(TSHARK).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("tshark: {seconds:.1} s, {:.1} MB/s", f64::from(u32::try_from(TRAFFIC_MEGABYTES)?) / seconds);
    test::bench_captures(workspace, &tools, &traffic, seconds)
}

/// The capture, which is the same on every machine.
fn traffic(workspace: &Workspace) -> Result<PathBuf> {
    let file = workspace.target.join("tmp").join("traffic.pcap");
    if fs::metadata(&file).is_ok_and(|known| known.len() >= TRAFFIC_MEGABYTES * 1_000_000) {
        return Ok(file);
    }
    fs::create_dir_all(workspace.target.join("tmp")).context("cannot make a folder for the capture")?;
    let mut command = process::cargo(workspace);
    command.args(["run", "--release", "--package", "connector-check-capture", "--example", "traffic", "--"]);
    process::run(command.arg(&file).arg(TRAFFIC_MEGABYTES.to_string()))?;
    Ok(file)
}

/// With two decimals, in whole numbers throughout.
fn ratio(size: usize, floor: usize) -> String {
    let hundredths = (size * 100 + floor / 2) / floor;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_rounded() {
        assert_eq!(ratio(118_000, 118_000), "1.00");
        assert_eq!(ratio(250, 100), "2.50");
        assert_eq!(ratio(2, 3), "0.67");
    }
}
