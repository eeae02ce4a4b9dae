//! The servers of a network.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HOST, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::fate::{Act, PORTAL, Reply};

/// How long a server that speaks first waits for a client that does, too. An answer that is sent before the request
/// was read would be lost in the reset that closing then causes.
const REQUEST_WAIT: Duration = Duration::from_millis(500);

/// What stands behind a port.
#[derive(Clone)]
pub struct Service {
    /// Where.
    pub at: SocketAddr,
    /// What comes first.
    pub tls: Option<TlsAcceptor>,
    /// What comes then.
    pub then: Then,
}

/// What a service does once it is connected to.
#[derive(Debug, Clone)]
pub enum Then {
    /// This.
    Act(Act),
    /// Hands everything on to the least busy of some servers of its own machine.
    HandOn(Arc<Vec<Behind>>),
}

/// A server behind another one.
#[derive(Debug)]
pub struct Behind {
    at: SocketAddr,
    busy: AtomicUsize,
}

impl Then {
    /// Hands everything on to the least busy of these.
    pub fn hand_on(to: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self::HandOn(Arc::new(to.into_iter().map(|at| Behind { at, busy: AtomicUsize::new(0) }).collect()))
    }
}

/// Sets a server up, which ends when `servers` is dropped.
///
/// # Panics
/// Where the address cannot be had.
pub async fn serve(servers: &mut JoinSet<()>, service: Service) {
    let listener = TcpListener::bind(service.at).await;
    let listener = listener.unwrap_or_else(|error| panic!("a server at {}: {error}", service.at));
    servers.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => {
                    // Otherwise a small answer waits a round trip for what was sent before it.
                    let _gone = stream.set_nodelay(true);
                    connections.spawn(treat(stream, service.clone()));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    });
}

async fn treat(stream: TcpStream, service: Service) {
    if let (None, Then::Act(Act::Reset)) = (&service.tls, &service.then) {
        return reset(&stream);
    }
    match service.tls {
        None if matches!(service.then, Then::Act(Act::ResetAfterHearing)) => {
            let mut stream = stream;
            let _heard = stream.read(&mut [0; 4096]).await;
            reset(&stream);
        }
        None => speak(stream, service.then).await,
        Some(acceptor) => {
            // A client that does not like the certificate is the client's affair.
            if let Ok(stream) = acceptor.accept(stream).await {
                speak(stream, service.then).await;
            }
        }
    }
}

/// Makes closing a reset.
fn reset(stream: &TcpStream) {
    let set = stream.set_zero_linger();
    set.expect("a connection can be told to end at once");
}

async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, then: Then) {
    let mut heard = [0; 8192];
    // Errors are clients that went away.
    match then {
        Then::HandOn(to) => {
            let least = to.iter().min_by_key(|behind| behind.busy.load(Ordering::Relaxed));
            let least = least.expect("there is a server behind");
            least.busy.fetch_add(1, Ordering::Relaxed);
            if let Ok(mut behind) = TcpStream::connect(least.at).await {
                let _gone = copy_bidirectional(&mut stream, &mut behind).await;
            }
            least.busy.fetch_sub(1, Ordering::Relaxed);
        }
        Then::Act(Act::Answer(reply)) => {
            let service =
                service_fn(move |request| async move { Ok::<_, Infallible>(answer(&request, reply).await) });
            let http = hyper::server::conn::http1::Builder::new();
            let _gone = http.serve_connection(TokioIo::new(stream), service).await;
        }
        Then::Act(Act::Silence) => {
            // Reading on notices when the client gives up.
            while matches!(stream.read(&mut heard).await, Ok(1..)) {}
        }
        Then::Act(Act::Close | Act::Reset) => {
            let _gone = stream.shutdown().await;
        }
        Then::Act(Act::CloseAfterHearing | Act::ResetAfterHearing) => {
            let _heard = stream.read(&mut heard).await;
            let _gone = stream.shutdown().await;
        }
        Then::Act(Act::Say(text)) => {
            let _heard = tokio::time::timeout(REQUEST_WAIT, stream.read(&mut heard)).await;
            let _gone = stream.write_all(text).await;
            let _gone = stream.shutdown().await;
        }
    }
}

async fn answer<B>(request: &Request<B>, reply: Reply) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    let open = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (HeaderName::from_static("timing-allow-origin"), "*")];
    let (status, headers) = match reply {
        Reply::Status(status) => (status, open.to_vec()),
        Reply::After(delay) => {
            tokio::time::sleep(delay).await;
            (204, open.to_vec())
        }
        Reply::RedirectToPortal => {
            let to = HeaderValue::from_str(&format!("http://{PORTAL}/")).expect("an address is text");
            response.headers_mut().insert(LOCATION, to);
            (302, Vec::new())
        }
        Reply::RedirectToHttp => {
            let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            let name = host.split(':').next().unwrap_or_default();
            let to = HeaderValue::from_str(&format!("http://{name}/")).expect("it came in a header");
            response.headers_mut().insert(LOCATION, to);
            (302, Vec::new())
        }
        Reply::SameOriginOnly => {
            (200, vec![(HeaderName::from_static("cross-origin-resource-policy"), "same-origin")])
        }
    };
    *response.status_mut() = StatusCode::from_u16(status).expect("checked where it was read");
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
