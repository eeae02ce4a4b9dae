//! Setting servers up, and taking them down again.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::StatusCode;
use socket2::Socket;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, AuthorityError};
use crate::behaviour::Behaviour;
use crate::layout::{Layout, Service};
use crate::server::{Act, serve};
use crate::socket::{BindError, Dropping, bound, dropping, listening};

/// The range: a maker of [`Running`] servers.
#[derive(Debug)]
pub struct Range;

/// Servers at work. They end, with every connection, when this is dropped.
#[derive(Debug)]
pub struct Running {
    bound: Vec<Service>,
    left_out: Vec<LeftOut>,
    stand_ins: Vec<Service>,
    accepted: HashMap<SocketAddr, Arc<AtomicUsize>>,
    servers: JoinSet<()>,
    refusing: Vec<Socket>,
    dropping: Vec<Dropping>,
}

/// A server that could not be set up.
#[derive(Debug)]
pub struct LeftOut {
    /// Which.
    pub service: Service,
    /// Why.
    pub reason: Reason,
}

/// Why a server could not be set up.
#[derive(Debug)]
pub enum Reason {
    /// The system would not give the port.
    Bind(BindError),
    /// There are no certificates.
    Authority(AuthorityError),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(error) => error.fmt(f),
            Self::Authority(error) => error.fmt(f),
        }
    }
}

impl Range {
    /// Sets up the servers of a layout. Must be called within a tokio runtime, whose thread's network they use.
    pub fn start(layout: &Layout, authority: &Arc<Authority>) -> Running {
        Self::start_services(&layout.services(), authority)
    }

    /// Sets up these servers; the same as [`Self::start`] otherwise.
    pub fn start_services(services: &[Service], authority: &Arc<Authority>) -> Running {
        let mut running = Running {
            bound: Vec::new(),
            left_out: Vec::new(),
            stand_ins: Vec::new(),
            accepted: HashMap::new(),
            servers: JoinSet::new(),
            refusing: Vec::new(),
            dropping: Vec::new(),
        };
        for service in services {
            match running.add(*service, authority) {
                Ok(()) => running.bound.push(*service),
                Err(reason) => running.left_out.push(LeftOut { service: *service, reason }),
            }
        }
        running
    }
}

impl Running {
    /// What was set up, in the order it was asked for.
    pub fn bound(&self) -> &[Service] {
        &self.bound
    }

    /// What was not, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Those of [`Self::bound`] that were to drop SYNs, and stay silent instead because this system cannot.
    pub fn stand_ins(&self) -> &[Service] {
        &self.stand_ins
    }

    /// How many connections were accepted there so far; `None` where nothing accepts.
    pub fn accepted(&self, at: SocketAddr) -> Option<usize> {
        self.accepted.get(&at).map(|count| count.load(Ordering::Relaxed))
    }

    fn add(&mut self, service: Service, authority: &Arc<Authority>) -> Result<(), Reason> {
        let http = |status, delay| Act::Http { status, delay };
        let act = match service.behaviour {
            Behaviour::Answer => http(StatusCode::NO_CONTENT, Duration::ZERO),
            Behaviour::AnswerSlowly(delay) => http(StatusCode::NO_CONTENT, delay),
            Behaviour::Status(code) => {
                // A `Status` made in code may hold anything.
                http(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Duration::ZERO)
            }
            Behaviour::Silent => Act::Silence,
            Behaviour::CloseAfterAccept => Act::CloseAtOnce,
            Behaviour::CloseAfterHandshake => Act::CloseAfterHandshake,
            Behaviour::NotHttp => Act::Banner,
            Behaviour::Refuse => return self.refuse(service),
            Behaviour::Drop => {
                if let Some(dropping) = dropping(service.at).map_err(Reason::Bind)? {
                    self.dropping.push(dropping);
                    return Ok(());
                }
                self.stand_ins.push(service);
                Act::Silence
            }
        };
        // A stand-in for a drop must not answer a TLS handshake either.
        let tls = if service.tls && service.behaviour != Behaviour::Drop {
            Some(TlsAcceptor::from(authority.server(service.at.ip()).map_err(Reason::Authority)?))
        } else {
            None
        };
        let listener = listening(service.at).map_err(Reason::Bind)?;
        let accepted = Arc::<AtomicUsize>::default();
        self.accepted.insert(service.at, Arc::clone(&accepted));
        self.servers.spawn(serve(listener, tls, act, accepted));
        Ok(())
    }

    fn refuse(&mut self, service: Service) -> Result<(), Reason> {
        match bound(service.at) {
            Ok(socket) => {
                self.refusing.push(socket);
                Ok(())
            }
            // Nobody else may have the port without such rights either; what matters is that nobody has it.
            Err(error)
                if error.error.kind() == std::io::ErrorKind::PermissionDenied
                    && nobody_listens(service.at) =>
            {
                Ok(())
            }
            Err(error) => Err(Reason::Bind(error)),
        }
    }
}

/// How long Windows retries a refused connection before it says so is 2 s; loopback elsewhere takes microseconds.
const REFUSAL_WAIT: Duration = Duration::from_secs(3);

fn nobody_listens(at: SocketAddr) -> bool {
    std::net::TcpStream::connect_timeout(&at, REFUSAL_WAIT)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
}
