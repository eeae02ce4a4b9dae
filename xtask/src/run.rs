//! `run`: the page together with the practice range; `range`: the practice range alone.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{page, process, setup};

/// The package of the practice range.
pub const RANGE_PACKAGE: &str = "connector-check-range";

/// What the practice range writes before the page's address once it can be opened.
const READY: &str = "Page: ";

/// How many ports after the wanted one are tried.
const PORT_TRIES: u16 = 100;

/// How often a running practice range is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Builds and serves the page until the range ends or the user stops it.
pub fn run(workspace: &Workspace, open: bool, port: u16) -> Result<ExitCode> {
    let tools = setup::for_page(workspace)?;
    let site = page::build(workspace, &tools)?.folder;
    let range = build_range(workspace)?;
    let free = free_port(port)?;
    if free != port {
        println!("Port {port} is in use; taking {free}.");
    }
    let mut command = Command::new(&range);
    command.arg("--site").arg(&site).arg("--port").arg(free.to_string());
    serve(&mut command, |address| {
        if open && let Err(error) = open_browser(address) {
            println!("No browser could be started ({error:#}); open {address} yourself.");
        }
    })
}

/// Starts the practice range without a page of its own.
pub fn range(workspace: &Workspace) -> Result<ExitCode> {
    serve(&mut Command::new(build_range(workspace)?), |_| ())
}

/// Compiles the practice range and returns its program.
fn build_range(workspace: &Workspace) -> Result<PathBuf> {
    eprintln!("building the practice range …");
    process::build_executable(workspace, &["build", "--package", RANGE_PACKAGE, "--bin", RANGE_PACKAGE])
}

/// Runs the practice range to its end and calls `ready` with the page's address once it is served.
fn serve(command: &mut Command, ready: impl FnOnce(&str)) -> Result<ExitCode> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::line(command)))?;
    let output = child.stdout.take().expect("standard output was piped above");
    let child = Arc::new(Mutex::new(child));
    stop_with_us(&child)?;
    let mut ready = Some(ready);
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what the practice range says")?;
        println!("{line}");
        if let Some(address) = line.strip_prefix(READY)
            && let Some(ready) = ready.take()
        {
            ready(address.trim());
        }
    }
    let status = loop {
        if let Some(status) = child.lock().map_or(Ok(None), |mut child| child.try_wait())? {
            break status;
        }
        thread::sleep(POLL);
    };
    if !status.success() {
        bail!("the practice range stopped ({status})");
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the child when this program is told to end; Ctrl-C alone would reach both, but `kill` and a closed window
/// reach only one.
fn stop_with_us(child: &Arc<Mutex<Child>>) -> Result<()> {
    let child = Arc::clone(child);
    let stop = move || {
        if let Ok(mut child) = child.lock() {
            // It may have ended by itself in the meantime.
            let _ = child.kill();
            let _ = child.wait();
        }
        // What shells report for a program that was interrupted.
        std::process::exit(130);
    };
    ctrlc::set_handler(stop).context("cannot listen for Ctrl-C")
}

/// The first port from `wanted` on that nobody listens on.
fn free_port(wanted: u16) -> Result<u16> {
    let last = wanted.saturating_add(PORT_TRIES);
    let free = (wanted..=last).find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.with_context(|| format!("ports {wanted} to {last} are all in use; name another one with --port"))
}

fn open_browser(address: &str) -> Result<()> {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("cmd");
        // The empty argument is the window's title; `start` would take the address for it.
        command.args(["/c", "start", "", address]);
        command
    } else {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let mut command = Command::new(process::find(opener).unwrap_or_else(|| Path::new(opener).to_owned()));
        command.arg(address);
        command
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| process::line(&command))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_passed_over() {
        let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let port = busy.local_addr().expect("it is bound").port();
        assert_ne!(free_port(port).expect("the next one may be free"), port);
    }
}
