//! Every behaviour, asked over real sockets, plain and over TLS.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_check_range::{Authority, Behaviour, Range, Running, Service};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const REQUEST: &[u8] = b"HEAD / HTTP/1.1\r\nHost: range\r\n\r\n";

/// Long enough for any loopback server that is going to say something.
const QUIET: Duration = Duration::from_millis(700);

/// What a client sees.
#[derive(Debug, PartialEq)]
enum Seen {
    Refused,
    NoConnection,
    NoHandshake,
    Silence,
    Closed,
    Text(Vec<u8>),
}

struct Lab {
    authority: Arc<Authority>,
    running: Running,
    at: SocketAddr,
}

/// One server on a port that was free a moment ago.
fn lab(tls: bool, behaviour: Behaviour) -> Lab {
    let at = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let authority = Arc::new(Authority::new().unwrap());
    let running = Range::start_services(&[Service { at, tls, behaviour }], &authority);
    assert_eq!(running.left_out().len(), 0, "{:?}", running.left_out());
    Lab { authority, running, at }
}

impl Lab {
    async fn ask(&self, tls: bool) -> Seen {
        let stream = match timeout(QUIET, TcpStream::connect(self.at)).await {
            Err(_) => return Seen::NoConnection,
            Ok(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                return Seen::Refused;
            }
            Ok(Ok(stream)) => stream,
        };
        if !tls {
            return talk(stream).await;
        }
        match self.handshake(stream, "name.example").await {
            Ok(stream) => talk(stream).await,
            Err(_) => Seen::NoHandshake,
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        name: &str,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Seen {
    if stream.write_all(REQUEST).await.is_err() {
        return Seen::Closed;
    }
    let mut text = vec![0; 4096];
    match timeout(QUIET, stream.read(&mut text)).await {
        Err(_) => Seen::Silence,
        Ok(Ok(0) | Err(_)) => Seen::Closed,
        Ok(Ok(length)) => {
            text.truncate(length);
            Seen::Text(text)
        }
    }
}

async fn check(behaviour: Behaviour, plain: Seen, over_tls: Seen) {
    assert_eq!(lab(false, behaviour).ask(false).await, plain, "{behaviour}");
    assert_eq!(lab(true, behaviour).ask(true).await, over_tls, "{behaviour} over TLS");
}

async fn status_line(behaviour: Behaviour, tls: bool) -> String {
    match lab(tls, behaviour).ask(tls).await {
        Seen::Text(text) => String::from_utf8(text).unwrap(),
        other => panic!("{behaviour}: {other:?}"),
    }
}

#[tokio::test]
async fn answers_are_http_and_readable_by_any_page() {
    for tls in [false, true] {
        let text = status_line(Behaviour::Answer, tls).await;
        assert!(text.starts_with("HTTP/1.1 204 "), "{text}");
        assert!(text.contains("access-control-allow-origin: *"), "{text}");
        assert!(text.contains("timing-allow-origin: *"), "{text}");
        assert!(!text.contains("connection: close"), "{text}");
        assert!(status_line(Behaviour::Status(503), tls).await.starts_with("HTTP/1.1 503 "));
    }
}

#[tokio::test]
async fn slow_answers_come_no_sooner_than_they_should() {
    let delay = Duration::from_millis(300);
    let begun = Instant::now();
    status_line(Behaviour::AnswerSlowly(delay), false).await;
    assert!(begun.elapsed() >= delay);
}

#[tokio::test]
async fn faults_look_as_they_are_called() {
    check(Behaviour::Refuse, Seen::Refused, Seen::Refused).await;
    check(Behaviour::Silent, Seen::Silence, Seen::Silence).await;
    check(Behaviour::CloseAfterAccept, Seen::Closed, Seen::NoHandshake).await;
    check(Behaviour::CloseAfterHandshake, Seen::Closed, Seen::Closed).await;
    let header = || Seen::Text(b"AMQP\x03\x01\x00\x00".to_vec());
    check(Behaviour::NotHttp, header(), header()).await;
}

#[tokio::test]
async fn drops_are_silent_from_the_first_packet() {
    if cfg!(target_os = "linux") {
        check(Behaviour::Drop, Seen::NoConnection, Seen::NoConnection).await;
    } else {
        let lab = lab(false, Behaviour::Drop);
        assert_eq!(lab.running.stand_ins().len(), 1);
        assert_eq!(lab.ask(false).await, Seen::Silence);
    }
}

#[tokio::test]
async fn a_client_without_a_server_name_gets_a_certificate_for_the_address() {
    let lab = lab(true, Behaviour::Answer);
    let stream = TcpStream::connect(lab.at).await.unwrap();
    lab.handshake(stream, "127.0.0.1").await.expect("the certificate is good for the address");
}

#[tokio::test]
async fn a_stopped_range_answers_nobody_and_frees_its_ports() {
    let lab = lab(false, Behaviour::Silent);
    let mut open = TcpStream::connect(lab.at).await.unwrap();
    while lab.running.accepted(lab.at) != Some(1) {
        tokio::task::yield_now().await;
    }
    drop(lab.running);
    assert!(matches!(open.read(&mut [0; 1]).await, Ok(0) | Err(_)), "its connections end");
    let refused = TcpStream::connect(lab.at).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn what_cannot_be_bound_is_said_and_the_rest_stands() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let services = [taken.local_addr().unwrap(), free].map(|at| Service {
        at,
        tls: false,
        behaviour: Behaviour::Answer,
    });
    let running = Range::start_services(&services, &Arc::new(Authority::new().unwrap()));
    assert_eq!(running.bound(), &services[1..]);
    let reason = running.left_out()[0].reason.to_string();
    assert!(reason.contains("another program has this port"), "{reason}");
}
