//! The command: what it says before it starts, and how it stops.

#![cfg(unix)]

mod lab;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use lab::{Lab, port, program, signal};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = program().args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_good_configuration_is_described_and_nothing_is_bound() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, text) = run(&["--check-config", "--self-signed", "--ports", &port, "--sha512", "1"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("--ports                {port}   localhost, 127.0.0.1, ::1")), "{text}");
    assert!(text.contains("sha512WithRSAEncryption"), "{text}");
    assert!(text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE"), "{text}");
}

#[test]
fn a_bad_configuration_is_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-sha256", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    for (arguments, part) in [
        (vec![], "ports with TLS need --cert and --key, or --self-signed"),
        (vec!["--cert", "/nowhere/c.pem", "--key", key], "cannot read /nowhere/c.pem"),
        (vec!["--cert", key, "--key", key], "no certificate in PEM is in it"),
        (vec!["--cert", certificate, "--key", certificate], "no private key in PEM"),
        (vec!["--cert", certificate, "--key", key, "--sha512", "1"], "--sha512 needs --sha512-cert"),
        (
            vec!["--sha512", "1", "--sha512-cert", certificate, "--sha512-key", key],
            "is signed with sha256WithRSAEncryption",
        ),
    ] {
        let (code, text) = run(&[vec!["--check-config"], arguments.clone()].concat());
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
    let (code, text) = run(&["--check-config", "--cert", certificate, "--key", key]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_certificate_that_has_expired_is_said_to_have() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    for (year, passed) in [(2020, true), (2999, false)] {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 2);
        let (certificate_file, key_file) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        std::fs::write(&certificate_file, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let files = [certificate_file, key_file].map(|file| file.display().to_string());
        let (code, text) = run(&["--check-config", "--cert", &files[0], "--key", &files[1]]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(&format!("until {year}-01-02")), "{text}");
        assert_eq!(text.contains("which has passed"), passed, "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (code, text) = run(&["--listen", "127.0.0.1", "--http", &port.to_string()]);
    assert_eq!(code, Some(2));
    assert!(
        text.contains(&format!("cannot listen on 127.0.0.1:{port}")) && text.contains("ss -ltnp"),
        "{text}"
    );
}

#[test]
fn told_to_stop_it_finishes_and_closes_what_is_idle() {
    let http = port();
    let mut lab = Lab::start(&["--http", &http.to_string(), "--grace", "5"]);
    let mut idle = TcpStream::connect(("127.0.0.1", http)).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    let length = idle.read(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
    signal(&lab.child, "TERM");
    assert!(matches!(idle.read(&mut answer), Ok(0) | Err(_)), "the idle connection is closed");
    assert_eq!(lab.child.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(("127.0.0.1", http)).is_err(), "nobody listens any more");
}

#[test]
fn the_unit_and_the_documents_know_the_options() {
    use connector_check_responder::options::{HELP, Task, parse};
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let unit = std::fs::read_to_string(format!("{root}/deploy/connector-check-responder.service")).unwrap();
    let unit = unit.replace("\\\n", " ");
    for (key, check) in [("ExecStart=", false), ("ExecStartPre=", true)] {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        let task = parse(line.split_whitespace().skip(1).map(Into::into)).unwrap();
        assert_eq!(matches!(task, Task::Check(_)), check, "{line}");
        assert_eq!(matches!(task, Task::Serve(_)), !check, "{line}");
    }
    let document = std::fs::read_to_string(format!("{root}/docs/responder.md")).unwrap();
    let options = HELP.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.starts_with("--"));
    for option in options.filter(|option| !["--version", "--help"].contains(option)) {
        assert!(document.contains(option), "{option} is not in docs/responder.md");
    }
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    const INSTALLED: &str = "/usr/local/bin/connector-check-responder";
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/connector-check-responder.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connector-check-responder.service");
    std::fs::write(&file, unit.replace(INSTALLED, env!("CARGO_BIN_EXE_connector-check-responder"))).unwrap();
    let checked = Command::new("systemd-analyze")
        .args(["verify", "--recursive-errors=no", "--man=no"])
        .arg(&file)
        .output();
    let Ok(checked) = checked else {
        println!("SKIPPED systemd_understands_every_line_of_the_unit: there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && said.is_empty(), "{said}");
}

#[test]
fn help_and_version() {
    assert!(run(&["--help"]).1.contains("--check-config"));
    assert_eq!(run(&["--version"]).1, format!("connector-check-responder {}\n", env!("CARGO_PKG_VERSION")));
    let (code, text) = run(&["--prots", "443"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("--prots") && text.contains("--help lists"), "{text}");
}
