//! Listening, and everything that goes on beside the connections.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::RootCertStore;

use crate::answer::Site;
use crate::certificate::{
    Authority, Certificate, CertificateError, CertificateFiles, Description, Digest, Renewal,
};
use crate::connection::{Act, Arrived, Patience, Shared, told_to_stop, treat};
use crate::limit::{Gate, Limits};
use crate::log::Log;
use crate::ports::{Kind, PortMap};
use crate::tls;

/// Connections that may wait to be accepted. The system caps it (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// How often certificate files are looked at: soon enough for anyone who has just put new ones there.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(2);

/// How long accepting pauses where the system has no descriptors left: connections end by themselves.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where the certificates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificates {
    /// No port speaks TLS.
    None,
    /// Files, looked at again and again; `sha512` is for the ports of that kind.
    Files {
        /// For every other TLS port.
        usual: CertificateFiles,
        /// For ports with a certificate signed with SHA-512.
        sha512: Option<CertificateFiles>,
    },
    /// An authority for trials.
    SelfMade(SelfMade),
}

/// How a trial authority is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfMade {
    /// The host names and addresses that it may speak for.
    pub names: Vec<String>,
    /// The folder that keeps it; without one it ends with the program.
    pub folder: Option<std::path::PathBuf>,
}

/// Everything that a server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What to listen on; none for every address of the machine.
    pub addresses: Vec<IpAddr>,
    /// Which port does what.
    pub ports: PortMap,
    /// The certificates.
    pub certificates: Certificates,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
    /// How much may be asked.
    pub limits: Limits,
    /// How long things may take.
    pub patience: Patience,
    /// Bytes of the longest request.
    pub max_request: usize,
    /// The path of the health answer.
    pub health: String,
    /// What is written down.
    pub log: Log,
}

/// A server cannot be set up; for an admin.
#[derive(Debug)]
pub enum ServerError {
    /// A certificate cannot be used.
    Certificate(CertificateError),
    /// The system would not give a port.
    Bind(SocketAddr, io::Error),
    /// TLS cannot be set up.
    Tls(tokio_rustls::rustls::Error),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "TLS cannot be set up: {error}"),
            Self::Bind(at, error) => {
                write!(f, "cannot listen on {at}: {error}")?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied => f.write_str(
                        "; ports below 1024 need CAP_NET_BIND_SERVICE (see deploy/) or net.ipv4.ip_unprivileged_port_start=80",
                    ),
                    io::ErrorKind::AddrInUse => write!(f, "; see who has it: ss -ltnp 'sport = :{}'", at.port()),
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for ServerError {}

impl From<CertificateError> for ServerError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

/// The certificates of a configuration, loaded.
#[derive(Debug)]
pub struct Loaded {
    usual: Option<Arc<Certificate>>,
    sha512: Option<Arc<Certificate>>,
    authority: Option<Arc<Authority>>,
    /// Whether the trial authority was made just now.
    pub authority_is_new: bool,
}

impl Loaded {
    /// Loads what a configuration names, and refuses what would not do what its port promises.
    pub fn of(config: &Config) -> Result<Self, ServerError> {
        let mut loaded = Self { usual: None, sha512: None, authority: None, authority_is_new: false };
        match &config.certificates {
            Certificates::None => {}
            Certificates::Files { usual, sha512 } => {
                loaded.usual = Some(Arc::new(Certificate::from_files(usual.clone())?));
                if let Some(files) = sha512 {
                    loaded.sha512 = Some(Arc::new(Certificate::from_files(files.clone())?));
                }
            }
            Certificates::SelfMade(SelfMade { names, folder }) => {
                let (authority, is_new) = match folder {
                    Some(folder) => Authority::in_folder(folder, names)?,
                    None => (Authority::new(names)?, true),
                };
                let authority = Arc::new(authority);
                let made = |digest| Certificate::self_made(Arc::clone(&authority), digest).map(Arc::new);
                loaded.usual = Some(made(Digest::Sha256)?);
                loaded.sha512 = Some(made(Digest::Sha512)?);
                loaded.authority_is_new = is_new;
                loaded.authority = Some(authority);
            }
        }
        if config.ports.has(Kind::Sha512) {
            match loaded.description_of(Kind::Sha512) {
                Some(description) if description.is_sha512() => {}
                Some(description) => {
                    return Err(CertificateError::not_sha512(&description).into());
                }
                None => return Err(CertificateError::missing("sha512").into()),
            }
        }
        if config.ports.iter().any(|(_, kind)| kind.is_tls()) && loaded.usual.is_none() {
            return Err(CertificateError::missing("usual").into());
        }
        Ok(loaded)
    }

    /// The certificate of ports of this kind.
    pub fn description_of(&self, kind: Kind) -> Option<Description> {
        self.of_kind(kind).map(|certificate| certificate.description())
    }

    /// The certificate of the trial authority as PEM, where there is one.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(|authority| authority.certificate_pem())
    }

    fn of_kind(&self, kind: Kind) -> Option<&Arc<Certificate>> {
        match kind {
            Kind::Https | Kind::Tls12 | Kind::Tls13 | Kind::ClientCertificate => self.usual.as_ref(),
            Kind::Sha512 => self.sha512.as_ref(),
            Kind::Http | Kind::Echo => None,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.usual.iter().chain(&self.sha512)
    }
}

/// A server at work. Dropped, it ends at once; [`Self::stop`] lets it finish.
#[derive(Debug)]
pub struct Server {
    at: Vec<(SocketAddr, Kind)>,
    stop: watch::Sender<bool>,
    renew: watch::Sender<()>,
    listeners: JoinSet<JoinSet<()>>,
    helpers: JoinSet<()>,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on every port of the configuration, or on none: a port that cannot be had is an error. Must be
    /// called within a tokio runtime.
    pub fn start(config: &Config, loaded: Loaded) -> Result<Self, ServerError> {
        let (stop, stopped) = watch::channel(false);
        let (renew, renewal) = watch::channel(());
        let mut bound = Vec::new();
        for (port, kind) in config.ports.iter() {
            for listener in listen(&config.addresses, port)? {
                bound.push((listener, kind));
            }
        }
        let gate = Arc::new(Gate::new(config.limits));
        let shared = Arc::new(Shared {
            site: Site {
                gate: Arc::clone(&gate),
                ports: config.ports.told(),
                health: config.health.clone(),
                max_request: config.max_request,
            },
            patience: config.patience,
            log: config.log,
            stop: stopped,
        });
        let nobody = authority_of_nobody()?;
        let mut server = Self {
            at: Vec::new(),
            stop,
            renew,
            listeners: JoinSet::new(),
            helpers: JoinSet::new(),
            shared: Arc::clone(&shared),
        };
        for (listener, kind) in bound {
            let at = listener
                .local_addr()
                .map_err(|error| ServerError::Bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), error))?;
            server.at.push((at, kind));
            let act = match (kind, loaded.of_kind(kind)) {
                (Kind::Echo, _) => Act::Echo,
                (_, Some(certificate)) => {
                    let resolver = Arc::clone(certificate) as _;
                    let tls = tls::config(kind, resolver, &nobody, config.http2).map_err(ServerError::Tls)?;
                    let acceptor = TlsAcceptor::from(Arc::new(tls));
                    Act::Https { acceptor, certificate: Arc::clone(certificate) }
                }
                (_, None) => Act::Http,
            };
            server.listeners.spawn(accept(listener, at.port(), act, Arc::clone(&shared)));
        }
        server.helpers.spawn(look_after(loaded, gate, renewal));
        Ok(server)
    }

    /// Where it listens, and what it does there.
    pub fn listens_on(&self) -> &[(SocketAddr, Kind)] {
        &self.at
    }

    /// Open connections.
    pub fn open_connections(&self) -> usize {
        self.shared.site.gate.open()
    }

    /// Looks at the certificate files now, and not only in its own time.
    pub fn renew_certificates(&self) {
        self.renew.send_replace(());
    }

    /// Takes no more connections, lets requests finish, and returns how many connections had to be cut off.
    pub async fn stop(mut self) -> usize {
        self.stop.send_replace(true);
        let mut connections = JoinSet::new();
        while let Some(listener) = self.listeners.join_next().await {
            let mut of_listener = listener.unwrap_or_default();
            connections.spawn(async move { while of_listener.join_next().await.is_some() {} });
        }
        // A little longer than the connections have, so that each can end by itself.
        let patience = self.shared.patience.grace + Duration::from_secs(1);
        let finished = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(patience, finished).await;
        self.open_connections()
    }
}

/// Accepts until the server stops, and hands over the connections that are still open.
async fn accept(listener: TcpListener, port: u16, act: Act, shared: Arc<Shared>) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        tokio::select! {
            () = told_to_stop(&mut stop) => return connections,
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let client = from.ip().to_canonical();
                    // Too many: the connection is closed, which a client sees at once.
                    if let Some(admission) = shared.site.gate.admit(client) {
                        let arrived = Arrived { stream, client, port };
                        connections.spawn(treat(arrived, act.clone(), Arc::clone(&shared), admission));
                    }
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Takes new certificates into use, and forgets addresses that have gone.
async fn look_after(loaded: Loaded, gate: Arc<Gate>, mut renewal: watch::Receiver<()>) {
    let mut interval = interval(RENEWAL_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut refused: Option<CertificateError> = None;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            changed = renewal.changed() => if changed.is_err() { return },
        }
        gate.tidy();
        let certificates: Vec<_> = loaded.all().cloned().collect();
        let looked = tokio::task::spawn_blocking(move || {
            certificates.iter().map(|certificate| certificate.renew()).collect::<Vec<_>>()
        });
        let mut error_now = None;
        for renewed in looked.await.unwrap_or_default() {
            match renewed {
                Renewal::Unchanged => {}
                Renewal::Renewed(description) => eprintln!(
                    "a new certificate is in use: {}, {}, valid until {}",
                    description.names.join(", "),
                    description.signature,
                    description.not_after.date()
                ),
                Renewal::Refused(error) => error_now = Some(error),
            }
        }
        // Files that are being written are whole a moment later; one word about each state is enough.
        if error_now != refused {
            if let Some(error) = &error_now {
                eprintln!("the certificate in use stays, because the new one cannot be used: {error}");
            }
            refused = error_now;
        }
    }
}

fn listen(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, ServerError> {
    if !addresses.is_empty() {
        return addresses.iter().map(|ip| bind(SocketAddr::new(*ip, port))).collect();
    }
    // One socket for both families, where the machine has IPv6 at all.
    let both = bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    match both {
        Err(ServerError::Bind(_, error)) if is_without_ipv6(&error) => {
            Ok(vec![bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?])
        }
        other => Ok(vec![other?]),
    }
}

fn is_without_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT, which the standard library has no name for.
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(97)
}

fn bind(at: SocketAddr) -> Result<TcpListener, ServerError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
        // On Windows the option would let two programs share a port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        if at.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            socket.set_only_v6(false)?;
        }
        socket.bind(&at.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    };
    bind().map_err(|error| ServerError::Bind(at, error))
}

/// An authority that ends with this function: no client has a certificate of it.
fn authority_of_nobody() -> Result<RootCertStore, ServerError> {
    let failed =
        |error: rcgen::Error| ServerError::Tls(tokio_rustls::rustls::Error::General(error.to_string()));
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let mut roots = RootCertStore::empty();
    roots.add(params.self_signed(&key).map_err(failed)?.der().clone()).map_err(ServerError::Tls)?;
    Ok(roots)
}
