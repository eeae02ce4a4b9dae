//! Many connections at once: certificates are exchanged without anyone noticing, and thousands of idle ones
//! stay open. Bounded, and on loopback.

#![cfg(unix)]

mod lab;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lab::{port, program, ready, signal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const REQUEST: &[u8] = b"GET /?nonce=load HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A new certificate is in use within two seconds; a busy machine takes longer for everything.
const PATIENCE: Duration = Duration::from_mins(1);

/// An authority, and certificates of it that differ.
struct Mint {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    root: CertificateDer<'static>,
}

impl Mint {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: rcgen::Issuer::new(params, key), root }
    }

    /// Puts a new certificate with its own key where the responder looks for it, one file after the other.
    fn replace(&self, folder: &Path) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(folder.join("c.pem"), certificate.pem()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        fs::write(folder.join("k.pem"), key.serialize_pem()).unwrap();
    }

    fn connector(&self, fragment: Option<usize>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.max_fragment_size = fragment;
        TlsConnector::from(Arc::new(config))
    }
}

async fn connect(connector: &TlsConnector, port: u16) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    connector.connect("localhost".try_into().unwrap(), stream).await
}

/// One request on an open connection; the body of the answer.
async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(REQUEST).await?;
    answered(stream).await
}

async fn answered(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 8192];
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        text.extend_from_slice(&piece[..length]);
        let whole = String::from_utf8_lossy(&text);
        let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| length.parse() == Ok(body.len())) {
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            return Ok(body.to_owned());
        }
    }
}

fn responder(folder: &Path, port: u16) -> std::process::Child {
    let mut command = program();
    command.args(["--ports", &port.to_string(), "--rate", "0", "--cert"]).arg(folder.join("c.pem"));
    command.arg("--key").arg(folder.join("k.pem"));
    ready(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_exchanged_under_load_without_a_failed_request() {
    const CLIENTS: usize = 8;
    const EXCHANGES: usize = 5;
    let (mint, folder, port) = (Mint::new(), tempfile::tempdir().unwrap(), port());
    mint.replace(folder.path());
    let mut child = responder(folder.path(), port);
    let running = Arc::new(AtomicBool::new(true));
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (running, requests, seen) = (Arc::clone(&running), Arc::clone(&requests), Arc::clone(&seen));
        let connector = mint.connector(None);
        clients.spawn(async move {
            while running.load(Ordering::Relaxed) {
                let mut stream = connect(&connector, port).await.expect("a handshake");
                let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
                seen.lock().unwrap().insert(shown);
                for _ in 0..3 {
                    ask(&mut stream).await.expect("an answer");
                    requests.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    let known = || seen.lock().unwrap().len();
    for exchange in 1..=EXCHANGES {
        let begun = Instant::now();
        while known() < exchange {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} certificates were shown, {} requests",
                known(),
                requests.load(Ordering::Relaxed)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        mint.replace(folder.path());
        // Both ways: told, and by itself.
        if exchange % 2 == 0 {
            signal(&child, "HUP");
        }
    }
    let begun = Instant::now();
    while known() <= EXCHANGES && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.store(false, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.expect("every request of this client was answered");
    }
    println!("{} requests, {} certificates", requests.load(Ordering::Relaxed), known());
    assert_eq!(known(), EXCHANGES + 1, "each certificate was shown");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_idle_connections_stay_and_are_answered() {
    const CONNECTIONS: usize = 400;
    let (mint, folder, port) = (Mint::new(), tempfile::tempdir().unwrap(), port());
    mint.replace(folder.path());
    let mut child = responder(folder.path(), port);
    let connector = mint.connector(None);
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(connect(&connector, port).await.unwrap());
    }
    for stream in &mut open {
        ask(stream).await.unwrap();
    }
    // Soon, while the server still has everything at hand, and when it has put it away; half a request waits as well.
    for pause in [Duration::from_millis(200), Duration::from_secs(3), Duration::from_secs(3)] {
        let (begin, rest) = REQUEST.split_at(9);
        open[0].write_all(begin).await.unwrap();
        tokio::time::sleep(pause).await;
        open[0].write_all(rest).await.unwrap();
        answered(&mut open[0]).await.expect("half a request was kept");
        for stream in &mut open {
            ask(stream).await.expect("still open");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_hello_in_many_small_records_is_read_whole() {
    let (mint, folder, port) = (Mint::new(), tempfile::tempdir().unwrap(), port());
    mint.replace(folder.path());
    let mut child = responder(folder.path(), port);
    let mut stream = connect(&mint.connector(Some(32)), port).await.unwrap();
    let text = ask(&mut stream).await.unwrap();
    let reading = connector_check_diagnosis::responder::Reading::parse(&text).unwrap();
    let hello = reading.tls.unwrap().hello.expect("the hello was read");
    assert!(hello.records > 5, "{} records", hello.records);
    assert!(hello.ja4.starts_with("t13d"), "{}", hello.ja4);
    child.kill().unwrap();
    child.wait().unwrap();
}
