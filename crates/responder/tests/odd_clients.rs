//! Clients that no browser is: slow, cut up, immense, half, and many at once. What a responder tells stays true, and others
//! are answered meanwhile.

#![cfg(unix)]

mod lab;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_check_diagnosis::responder::{CodePoint, Reading};
use connector_check_responder::hello::{MAX_HELLO, MAX_PROTOCOLS};
use lab::{Lab, port};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

const REQUEST: &[u8] = b"GET /?nonce=odd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Longer than any limit of these tests, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(lab: &Lab, protocols: &[Vec<u8>]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(lab.ca()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.to_vec();
    config
}

/// Asks with a hello that goes over the wire the way `cut` cuts it.
fn told(port: u16, config: ClientConfig, name: &str, cut: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Reading {
    let mut wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
    wire.set_nodelay(true).unwrap();
    wire.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    for piece in cut(&hello) {
        wire.write_all(&piece).unwrap();
        // Otherwise several pieces would travel together.
        std::thread::sleep(Duration::from_micros(200));
    }
    let mut answer = Vec::new();
    let mut stream = Stream::new(&mut client, &mut wire);
    stream.write_all(REQUEST).unwrap();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => panic!("{error}"),
        _ => {}
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    Reading::parse(body).unwrap()
}

/// The same message in records of so many bytes.
fn in_records(hello: &[u8], size: usize) -> Vec<Vec<u8>> {
    let record = |content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[22, 3, 1, length[0], length[1]], content].concat()
    };
    vec![hello[5..].chunks(size).flat_map(record).collect()]
}

#[test]
fn a_hello_is_the_same_however_it_comes() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let ask = |cut: &dyn Fn(&[u8]) -> Vec<Vec<u8>>| {
        told(https, config(&lab, &[b"http/1.1".to_vec()]), "localhost", cut).tls.unwrap()
    };
    let plain = ask(&|hello| vec![hello.to_vec()]);
    let whole = plain.hello.unwrap();
    assert_eq!((plain.sni.as_deref(), whole.records), (Some("localhost"), 1));
    // Byte after byte, each in a packet of its own.
    let slow = ask(&|hello| hello.iter().map(|byte| vec![*byte]).collect());
    assert_eq!(slow.hello.unwrap().ja4, whole.ja4);
    for size in [1, 7, 100] {
        let cut = ask(&|hello| in_records(hello, size));
        let hello = cut.hello.unwrap();
        assert_eq!((hello.ja4.as_str(), hello.bytes), (whole.ja4.as_str(), whole.bytes), "{size}");
        assert_eq!(hello.records, whole.bytes.div_ceil(size), "{size}");
        assert_eq!(cut.sni.as_deref(), Some("localhost"), "{size}");
    }
}

#[test]
fn a_name_that_was_not_sent_is_not_told() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let mut nameless = config(&lab, &[]);
    nameless.enable_sni = false;
    for (config, name) in [(nameless, "localhost"), (config(&lab, &[]), "127.0.0.1")] {
        let tls = told(https, config, name, |hello| vec![hello.to_vec()]).tls.unwrap();
        assert_eq!((tls.sni, tls.alpn), (None, None), "{name}");
        assert!(!tls.hello.unwrap().extensions.contains(&CodePoint(0)), "{name}");
    }
}

#[test]
fn an_immense_hello_is_answered_and_not_kept() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let usual = b"http/1.1".to_vec();
    let long = vec![b'x'; 250];
    for (protocols, read) in [
        (vec![usual.clone(), long.clone()], true),
        ([vec![usual.clone()], vec![vec![b'x']; MAX_PROTOCOLS - 1]].concat(), true),
        ([vec![usual.clone()], vec![vec![b'x']; MAX_PROTOCOLS]].concat(), false),
        ([vec![usual.clone()], vec![long.clone(); MAX_HELLO / 250]].concat(), false),
        // More than one record holds.
        ([vec![usual], vec![long; 200]].concat(), false),
    ] {
        let count = protocols.len();
        let tls =
            told(https, config(&lab, &protocols), "localhost", |hello| vec![hello.to_vec()]).tls.unwrap();
        assert_eq!(tls.hello.is_some(), read, "{count} protocols");
        // What TLS itself has understood is told all the same.
        assert_eq!((tls.sni.as_deref(), tls.alpn.as_deref()), (Some("localhost"), Some("http/1.1")));
    }
}

#[test]
fn hundreds_who_wait_keep_nobody_else_waiting() {
    const EACH: usize = 60;
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--handshake-timeout", "3"]);
    let mut client =
        ClientConnection::new(Arc::new(config(&lab, &[])), "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    let openings: [&[u8]; 5] = [
        b"",
        &hello[..hello.len() / 2],
        b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc",
        b"\x16\x03\x01",
        &[0x16; 40],
    ];
    let begun = Instant::now();
    let mut waiting: Vec<TcpStream> = Vec::new();
    for opening in openings.iter().flat_map(|opening| std::iter::repeat_n(opening, EACH)) {
        let mut stream = TcpStream::connect(("127.0.0.1", https)).unwrap();
        // One that was refused already may say so here.
        let _ = stream.write_all(opening);
        waiting.push(stream);
    }
    let answered = told(https, config(&lab, &[]), "localhost", |hello| vec![hello.to_vec()]);
    assert_eq!(answered.nonce.as_deref(), Some("odd"));
    for mut stream in waiting {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            // At most an alert.
            Ok(length) => assert!(length <= 7, "{rest:02x?}"),
        }
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    let (code, errors) = lab.terminate();
    assert!(code == Some(0) && !errors.contains("panicked"), "{code:?}: {errors}");
}

#[test]
fn who_is_slow_in_each_part_has_no_time_for_each() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--handshake-timeout", "4"]);
    let mut stream = TcpStream::connect(("127.0.0.1", https)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(3));
    stream.write_all(b"\x16\x03\x01").unwrap();
    assert!(matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_)), "closed");
    assert!(begun.elapsed() < Duration::from_millis(6500), "{:?}", begun.elapsed());
    drop(lab);
}
