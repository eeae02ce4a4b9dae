//! A responder as its users start it, and the clients that are asked to judge it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use connector_check_diagnosis::responder::Reading;

/// Ports below those that systems hand out by themselves, so that no connection of a test takes one.
const FIRST_PORT: u16 = 20_000;
const PORT_SPAN: u16 = 10_000;

static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody had a moment ago, and that no other test of this process gets.
pub fn port() -> u16 {
    let start = u16::try_from(std::process::id() % u32::from(PORT_SPAN)).unwrap();
    for _ in 0..PORT_SPAN {
        let step = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + (start + step) % PORT_SPAN;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// A running responder with a trial authority for `localhost`, `127.0.0.1`, `::1` and `responder.example`.
pub struct Lab {
    pub child: Child,
    pub folder: tempfile::TempDir,
}

/// The program that Cargo has just built, or the one that `CONNECTOR_CHECK_RESPONDER` names, a static one for example.
pub fn program() -> Command {
    let built = env!("CARGO_BIN_EXE_connector-check-responder");
    Command::new(std::env::var_os("CONNECTOR_CHECK_RESPONDER").unwrap_or_else(|| built.into()))
}

impl Lab {
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program();
        command.args(["--self-signed", "--names", "localhost,127.0.0.1,::1,responder.example", "--ca-dir"]);
        command.arg(folder.path()).args(arguments);
        Self { child: ready(command), folder }
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Runs curl with the trial authority trusted.
    pub fn curl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]).arg(self.ca());
        command.args(arguments).output().expect("curl is installed")
    }

    /// What curl reads at this address.
    pub fn reading(&self, arguments: &[&str]) -> Reading {
        read(&self.curl(arguments))
    }

    /// Asks the system to end the responder, and returns its exit code and what it wrote on standard error.
    pub fn terminate(mut self) -> (Option<i32>, String) {
        signal(&self.child, "TERM");
        let status = self.child.wait().unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (status.code(), errors)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a responder and waits until it listens.
pub fn ready(mut command: Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    if !lines.any(|line| line.unwrap() == "Ready.") {
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        panic!("the responder did not start: {errors}");
    }
    // Whoever closes the pipe makes the next line of the responder fail.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

pub fn read(output: &Output) -> Reading {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    Reading::parse(&text).unwrap_or_else(|error| panic!("{error}: {text} {errors}"))
}

/// Asks over `openssl s_client`; its own words are in the error.
pub fn openssl(ca: &Path, port: u16, arguments: &[&str]) -> Result<Reading, String> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-verify_return_error", "-ign_eof"]);
    command.arg("-CAfile").arg(ca).args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    // A handshake that failed has closed the pipe already.
    let request = b"GET /?nonce=openssl HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let _ = child.stdin.take().unwrap().write_all(request);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let body = text.find("{\"format\"").map(|start| &text[start..]);
    let json = body.and_then(|body| body.rfind('}').map(|end| &body[..=end]));
    match json {
        Some(json) => Ok(Reading::parse(json).unwrap()),
        None => Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr))),
    }
}
