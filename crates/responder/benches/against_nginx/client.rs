//! The one client that both servers answer: as little work of its own as possible, the same for both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Failure;

const REQUEST: &[u8] = b"GET /?nonce=0123456789abcdef HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What opens an HTTP/2 connection (RFC 9113, section 3.4): the preface and settings that change nothing.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// Kinds of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

/// The flags that end a stream and its headers, and the one that acknowledges settings.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACKNOWLEDGED: u8 = 1;

/// Handshakes at a time while connections are opened to be held.
const OPENING_AT_A_TIME: usize = 32;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Answers over connections that stay.
    Requests,
    /// Answers over a new connection each.
    Handshakes,
}

/// What is spoken over TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Client {
    http1: TlsConnector,
    http2: TlsConnector,
}

impl Client {
    /// A client that trusts one authority, and offers one version, one cipher and one group, so that both servers must
    /// do the same. It never resumes a session.
    pub(crate) fn new(root: &CertificateDer<'static>) -> Result<Self, Failure> {
        let connector = |protocol: &[u8]| -> Result<TlsConnector, Failure> {
            let mut roots = RootCertStore::empty();
            roots.add(root.clone())?;
            let mut provider = default_provider();
            provider.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
            provider.kx_groups = vec![kx_group::X25519];
            let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
                .with_protocol_versions(&[&TLS13])?
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.resumption = Resumption::disabled();
            config.alpn_protocols = vec![protocol.to_vec()];
            Ok(TlsConnector::from(Arc::new(config)))
        };
        Ok(Self { http1: connector(b"http/1.1")?, http2: connector(b"h2")? })
    }

    /// The body of one answer.
    pub(crate) async fn body(&self, port: u16) -> Result<Vec<u8>, Failure> {
        let mut connection = self.connect(port, Protocol::Http1).await?;
        connection.ask().await?;
        let (_, body) = split(&connection.answer).ok_or("an answer without a body")?;
        Ok(body.to_vec())
    }

    /// So many connections work for so long; returns how often they were answered.
    pub(crate) async fn work(
        &self,
        port: u16,
        work: Work,
        connections: usize,
        time: Duration,
    ) -> Result<u32, Failure> {
        let mut at_work = JoinSet::new();
        // Opening connections is no part of answering over those that stay.
        let mut ready = Vec::new();
        if matches!(work, Work::Requests) {
            for _ in 0..connections {
                ready.push(self.connect(port, Protocol::Http1).await?);
            }
        }
        let end = Instant::now() + time;
        for index in 0..connections {
            let mut connection = ready.pop();
            let client = self.clone();
            at_work.spawn(async move {
                let mut answers = 0_u32;
                while Instant::now() < end {
                    let mut current = match connection.take() {
                        Some(connection) => connection,
                        None => client.connect(port, Protocol::Http1).await?,
                    };
                    current.ask().await?;
                    answers += 1;
                    if matches!(work, Work::Requests) {
                        connection = Some(current);
                    }
                }
                Ok::<_, Failure>((index, answers))
            });
        }
        let mut answers = 0;
        while let Some(ended) = at_work.join_next().await {
            answers += ended??.1;
        }
        Ok(answers)
    }

    /// Opens so many connections, asks once over each, and keeps them.
    pub(crate) async fn hold(
        &self,
        port: u16,
        protocol: Protocol,
        count: usize,
    ) -> Result<Vec<Connection>, Failure> {
        let mut held = Vec::with_capacity(count);
        let mut opening = JoinSet::new();
        for number in 0..count {
            let client = self.clone();
            opening.spawn(async move {
                let mut connection = client.connect(port, protocol).await?;
                connection.ask().await?;
                Ok::<_, Failure>(connection)
            });
            if number >= OPENING_AT_A_TIME
                && let Some(opened) = opening.join_next().await
            {
                held.push(opened??);
            }
        }
        while let Some(opened) = opening.join_next().await {
            held.push(opened??);
        }
        Ok(held)
    }

    async fn connect(&self, port: u16, protocol: Protocol) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let connector = match protocol {
            Protocol::Http1 => &self.http1,
            Protocol::Http2 => &self.http2,
        };
        let mut stream = connector.connect("localhost".try_into()?, stream).await?;
        if matches!(protocol, Protocol::Http2) {
            stream.write_all(OPENING).await?;
        }
        Ok(Connection { stream, protocol, answer: Vec::new(), streams: 0 })
    }
}

/// One open connection.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    protocol: Protocol,
    /// The last answer, as it came.
    answer: Vec<u8>,
    /// Streams of HTTP/2 so far.
    streams: u32,
}

impl Connection {
    /// Asks and waits for the whole answer, which must be a good one.
    pub(crate) async fn ask(&mut self) -> Result<(), Failure> {
        match self.protocol {
            Protocol::Http1 => self.ask_http1().await,
            Protocol::Http2 => self.ask_http2().await,
        }
    }

    async fn ask_http1(&mut self) -> Result<(), Failure> {
        self.stream.write_all(REQUEST).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed a connection in use".into());
            }
            let Some((head, body)) = split(&self.answer) else { continue };
            if body.len() < length(head).ok_or("an answer without a length")? {
                continue;
            }
            if !head.starts_with(b"HTTP/1.1 200 ") {
                return Err(format!("no good answer: {}", String::from_utf8_lossy(head)).into());
            }
            return Ok(());
        }
    }

    async fn ask_http2(&mut self) -> Result<(), Failure> {
        // Out of the static table (RFC 7541, appendix A): GET, https, /, and localhost as the authority.
        const FIELDS: &[u8] = b"\x82\x87\x84\x01\x09localhost";
        // The static table's number of `:status: 200`, as an indexed field.
        const OK: u8 = 0x88;
        let stream = 2 * self.streams + 1;
        self.streams += 1;
        let request = frame(HEADERS, END_STREAM | END_HEADERS, stream, FIELDS);
        self.stream.write_all(&request).await?;
        self.answer.clear();
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await?;
            let [high, middle, low, kind, flags, ..] = head;
            self.answer.resize(usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low), 0);
            self.stream.read_exact(&mut self.answer).await?;
            match kind {
                SETTINGS if flags & ACKNOWLEDGED == 0 => {
                    self.stream.write_all(&frame(SETTINGS, ACKNOWLEDGED, 0, &[])).await?;
                }
                // A change of the table's size may stand before.
                HEADERS if !self.answer.iter().take(4).any(|byte| *byte == OK) => {
                    return Err(format!("no good answer: {:02x?}", self.answer).into());
                }
                DATA if flags & END_STREAM != 0 => return Ok(()),
                _ => {}
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[0, 0, length, kind, flags][..], &stream.to_be_bytes(), content].concat()
}

/// The head and the body of an answer, once the head is whole.
fn split(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    const END: &[u8] = b"\r\n\r\n";
    let at = answer.windows(END.len()).position(|window| window == END)?;
    Some((&answer[..at], &answer[at + END.len()..]))
}

fn length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let (_, length) = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    length.parse().ok()
}
