//! What happens on one accepted connection.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use connector_check_diagnosis::responder::{CodePoint, Tls};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::answer::{Connection, Site};
use crate::answering::Answering;
use crate::certificate::Certificate;
use crate::hello::{self, ClientHello};
use crate::http1;
use crate::limit::Admission;
use crate::log::{Event, Log};
use crate::stream::Recording;
use crate::tls::H2;

/// The first byte of every TLS connection: a record of the handshake.
const HANDSHAKE_RECORD: u8 = 22;

/// What a client gets that speaks HTTP where TLS comes first.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 48\r\n\
    Connection: close\r\n\r\nThis port speaks HTTPS; write https:// instead.\n";

/// The least that hyper takes for the buffer that a request's head must fit in.
pub(crate) const LEAST_BUFFER: usize = 8192;

/// Requests of one HTTP/2 connection at a time.
const STREAMS: u32 = 32;

/// Bytes that a client may send ahead in HTTP/2; nothing here takes a body.
const WINDOW: u32 = 64 * 1024;

/// Bytes that the plain echo sends back before it closes: it is there to test a path, not to carry traffic.
const ECHO_LIMIT: usize = 64 * 1024;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From a connection to the end of its TLS handshake.
    pub handshake: Duration,
    /// Without a request, and for the head of one.
    pub idle: Duration,
    /// For what is under way when the server is told to stop.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(15),
            // Longer than browsers keep unused connections is of no use to anyone.
            idle: Duration::from_mins(5),
            grace: Duration::from_secs(10),
        }
    }
}

/// What every connection of a server shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) site: Site,
    pub(crate) patience: Patience,
    pub(crate) log: Log,
    /// Turns `true` when the server is to stop.
    pub(crate) stop: watch::Receiver<bool>,
}

/// What a port does, ready to be done.
#[derive(Clone)]
pub(crate) enum Act {
    Https { acceptor: TlsAcceptor, certificate: Arc<Certificate> },
    Http,
    Echo,
}

/// What is done on a connection from here on. On the heap, because a task is as large as the largest thing that it ever
/// does itself, and thousands of idle ones need not carry the handshake along.
type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Treats one connection until it ends; it counts for so long.
pub(crate) async fn treat(arrived: Arrived, act: Act, shared: Arc<Shared>, _counted: Admission) {
    // Answers are small and single; waiting for more to send would only be waiting.
    let _ = arrived.stream.set_nodelay(true);
    let served: Served = match act {
        Act::Echo => Box::pin(echo(arrived.stream, shared)),
        Act::Http => {
            let Arrived { stream, client, port } = arrived;
            Box::pin(http1::serve(stream, Answering::new(Connection { client, port, tls: None }, &shared)))
        }
        Act::Https { acceptor, certificate } => {
            match Box::pin(begin_https(arrived, acceptor, certificate, shared)).await {
                Some(served) => served,
                None => return,
            }
        }
    };
    served.await;
}

/// What was accepted.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) stream: TcpStream,
    pub(crate) client: IpAddr,
    /// Ours.
    pub(crate) port: u16,
}

/// Makes the handshake; what follows it, where it came about.
async fn begin_https(
    arrived: Arrived,
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    shared: Arc<Shared>,
) -> Option<Served> {
    let Arrived { stream, client, port } = arrived;
    // One for everything: who is slow in each part is not to have the time for each.
    let end = Instant::now() + shared.patience.handshake;
    let mut first = [0];
    match timeout_at(end, stream.peek(&mut first)).await {
        Ok(Ok(1..)) => {}
        _ => return None,
    }
    if first[0].is_ascii_uppercase() {
        refuse_plain(stream, end).await;
        return None;
    }
    let is_tls = first[0] == HANDSHAKE_RECORD;
    let mut stream = handshake(stream, client, port, &acceptor, &shared, is_tls, end).await?;
    let tls = describe(&mut stream, certificate.description().signature);
    let service = Answering::new(Connection { client, port, tls: Some(tls) }, &shared);
    Some(if stream.get_ref().1.alpn_protocol() == Some(H2) {
        Box::pin(serve_http2(stream, service))
    } else {
        Box::pin(http1::serve(stream, service))
    })
}

async fn handshake(
    stream: TcpStream,
    client: IpAddr,
    port: u16,
    acceptor: &TlsAcceptor,
    shared: &Shared,
    is_tls: bool,
    end: Instant,
) -> Option<TlsStream<Recording>> {
    let accepting = acceptor.accept(Recording::new(stream)).into_fallible();
    match timeout_at(end, accepting).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err((error, mut stream))) => {
            if shared.log.is_on() {
                let hello = if is_tls { read_hello(&mut stream) } else { None };
                let offer = hello.as_ref().map(|hello| &hello.offer);
                shared.log.write(client, &Event::NoHandshake { port, reason: &error, offer });
            }
            // A client is to see the alert, not a reset that overtakes it.
            let _ = timeout(FAREWELL, stream.shutdown()).await;
            None
        }
        Err(_) => None,
    }
}

/// How long the last words to a client may take.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

async fn refuse_plain(mut stream: TcpStream, end: Instant) {
    let talk = async {
        let mut request = vec![0; LEAST_BUFFER];
        // What was not read would make the system send a reset that overtakes the answer.
        let _ = stream.read(&mut request).await?;
        stream.write_all(SPEAK_TLS).await?;
        stream.shutdown().await
    };
    let _: Result<io::Result<()>, _> = timeout_at(end, talk).await;
}

fn read_hello(stream: &mut Recording) -> Option<ClientHello> {
    let recorder = stream.take()?;
    let (message, records) = recorder.message();
    hello::read(message, records).ok()
}

fn describe(stream: &mut TlsStream<Recording>, signature: String) -> Tls {
    let (recording, session) = stream.get_mut();
    let hello = read_hello(recording);
    Tls {
        version: CodePoint(session.protocol_version().map_or(0, u16::from)),
        cipher_suite: CodePoint(session.negotiated_cipher_suite().map_or(0, |suite| suite.suite().into())),
        group: session.negotiated_key_exchange_group().map(|group| CodePoint(group.name().into())),
        alpn: session.alpn_protocol().map(|name| name.escape_ascii().to_string()),
        sni: session.server_name().map(str::to_owned),
        certificate_signature: Some(signature),
        hello: hello.map(|hello| hello.offer),
    }
}

/// Answers until the connection ends, is idle for too long or to end, or the server is to stop.
async fn serve_http2(stream: TlsStream<Recording>, service: Answering) {
    let (shared, activity) = (Arc::clone(&service.shared), Arc::clone(&service.activity));
    let mut served = Box::pin(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_send_buf_size(LEAST_BUFFER)
            .max_header_list_size(u32::try_from(shared.site.max_request).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), service),
    );
    let mut stop = shared.stop.clone();
    tokio::select! {
        // Errors are clients that went away.
        _gone = served.as_mut() => return,
        () = activity.ceased(shared.patience.idle) => {}
        () = activity.ended() => {}
        () = told_to_stop(&mut stop) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(shared.patience.grace, served).await;
}

/// Returns once the server is to stop, or is gone.
pub(crate) async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn echo(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut stop = shared.stop.clone();
    let mut buffer = [0; 2048];
    let mut echoed = 0;
    while echoed < ECHO_LIMIT {
        let read = tokio::select! {
            read = timeout(shared.patience.idle, stream.read(&mut buffer)) => read,
            () = told_to_stop(&mut stop) => return,
        };
        let Ok(Ok(length @ 1..)) = read else { return };
        if !matches!(timeout(shared.patience.idle, stream.write_all(&buffer[..length])).await, Ok(Ok(()))) {
            return;
        }
        echoed += length;
    }
}
