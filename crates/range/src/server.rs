//! What happens on one accepted connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// AMQP 1.0 with SASL, the header that Service Bus answers with (OASIS AMQP 1.0, part 5, section 5.3.2).
const AMQP_HEADER: &[u8] = b"AMQP\x03\x01\x00\x00";

/// How long a server that speaks first waits for a client that does, too. An answer sent before the request
/// was read would be lost in the reset that closing then causes.
const REQUEST_WAIT: Duration = Duration::from_millis(500);

/// What a listener does once it has accepted: the part of a behaviour that needs a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Http { status: StatusCode, delay: Duration },
    Silence,
    CloseAtOnce,
    CloseAfterHandshake,
    Banner,
}

/// Accepts until it is dropped, and then drops its connections too.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    act: Act,
    accepted: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept() => match connection {
                Ok((stream, _)) => {
                    accepted.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(treat(stream, tls.clone(), act));
                }
                // Out of descriptors, or the client has gone: the next one may fare better.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn treat(stream: TcpStream, tls: Option<TlsAcceptor>, act: Act) {
    if matches!(act, Act::CloseAtOnce) {
        return;
    }
    match tls {
        None => speak(stream, false, act).await,
        Some(acceptor) => {
            // A client that does not like the certificate is the client's affair.
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, true, act).await;
            }
        }
    }
}

async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, tls: bool, act: Act) {
    let mut request = [0; 4096];
    match act {
        Act::Http { status, delay } => {
            let service = service_fn(move |_request| async move {
                tokio::time::sleep(delay).await;
                Ok::<_, Infallible>(answer(status))
            });
            // Errors are clients that went away.
            let _gone = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
        Act::Silence => {
            // Reading on notices when the client gives up.
            while matches!(stream.read(&mut request).await, Ok(1..)) {}
        }
        Act::CloseAtOnce => {}
        Act::CloseAfterHandshake => {
            if !tls {
                let _ = stream.read(&mut request).await;
            }
            let _ = stream.shutdown().await;
        }
        Act::Banner => {
            let _ = tokio::time::timeout(REQUEST_WAIT, stream.read(&mut request)).await;
            let _ = stream.write_all(AMQP_HEADER).await;
            let _ = stream.shutdown().await;
        }
    }
}

fn answer(status: StatusCode) -> Response<http_body_util::Empty<Bytes>> {
    let mut response = Response::new(http_body_util::Empty::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("timing-allow-origin", HeaderValue::from_static("*"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
