//! Runs a layout of the practice range, and serves a page that tests it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use connector_check_range::{
    Authority, Behaviour, Layout, Range, Running, Service, Site, SiteFile, format_ports,
};

const HELP: &str = "\
Servers on loopback with known faults, and a page that tests them.

Usage: connector-check-range [--port N] [--site DIR] [--layout NAME] [--list]

  --site DIR      serve the built page in DIR, with a catalogue of the range
  --port N        the page's port; 0 takes any free one (default 8480)
  --layout NAME   which faults stand where (default practice)
  --list          name the layouts, and end
";

/// High enough to need no rights, and no port that the layouts use.
const DEFAULT_PORT: u16 = 8480;

struct Options {
    port: u16,
    site: Option<PathBuf>,
    layout: String,
    list: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connector-check-range: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    if options.list {
        for name in Layout::names() {
            println!("{name:<16} {}", Layout::named(name)?.about);
        }
        return Ok(());
    }
    let layout = Layout::named(&options.layout)?;
    let authority = Arc::new(Authority::new()?);
    let running = Range::start(&layout, &authority);
    describe(&layout, &running);
    if running.bound().is_empty() {
        return Err("nothing could be set up".into());
    }
    let site = match &options.site {
        Some(folder) => {
            let site = Site::start(options.port, folder, &SiteFile::of(&layout, running.bound()))?;
            println!("\nPage: {}", site.url());
            Some(site)
        }
        None => None,
    };
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    drop((site, running));
    println!("The range has ended.");
    Ok(())
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    use lexopt::prelude::{Long, Short, ValueExt};
    let mut options = Options { port: DEFAULT_PORT, site: None, layout: "practice".to_owned(), list: false };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("site") => options.site = Some(arguments.value()?.into()),
            Long("layout") => options.layout = arguments.value()?.string()?,
            Long("list") => options.list = true,
            Long("help") | Short('h') => return Ok(None),
            _ => return Err(argument.unexpected().into()),
        }
    }
    Ok(Some(options))
}

/// Prints what each address does: one line for all ports of a region that do the same.
fn describe(layout: &Layout, running: &Running) {
    println!("{}: {}\n", layout.title, layout.about);
    let is_bound = |service: &Service| running.bound().contains(service);
    for region in &layout.regions {
        let mut groups: BTreeMap<Behaviour, Vec<u16>> = BTreeMap::new();
        for service in region.services().filter(is_bound) {
            groups.entry(service.behaviour).or_default().push(service.at.port());
        }
        let mut head = format!("{:<16} {:<10}", region.title, region.address.to_string());
        for (behaviour, ports) in groups {
            println!("  {head}  {:<22} {}", behaviour.to_string(), format_ports(&ports));
            head = " ".repeat(head.len());
        }
    }
    if let Some(control) = &layout.control {
        for (title, service) in [("Reference", control.reference), ("Closed port", control.closed)] {
            let (ip, port) = (service.at.ip().to_string(), service.at.port());
            println!("  {title:<16} {ip:<10}  {:<22} {port}", service.behaviour.to_string());
        }
    }
    if !running.stand_ins().is_empty() {
        println!("\nOnly Linux can drop connections on loopback; here those ports accept and stay silent.");
    }
    if !running.left_out().is_empty() {
        println!("\nLeft out:");
        for left_out in running.left_out() {
            println!("  {}", left_out.reason);
        }
    }
}
