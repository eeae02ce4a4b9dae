//! The far end of the line: servers, firewalls, a name server, a proxy.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use nix::sched::{CloneFlags, unshare};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::certificates::{Certificates, Identity};
use crate::delay::{self, End};
use crate::fate::{Act, Fate, PORTAL, Path, Reply, Server};
use crate::place::{self, BLOCK_PAGE, EVERYTHING, NAME_SERVER, PORTAL_GATE, Placed};
use crate::process::{Process, run};
use crate::proxy;
use crate::scenario::{Dns, Network, OtherNames, Page, Proxy};
use crate::servers::{Service, Then, serve};

/// Every address of these can be listened on. The last one is private.
const LOCAL: [&str; 4] = ["203.0.113.1/24", "198.51.100.1/24", "192.0.2.1/24", "10.66.0.1/16"];

/// Where the clients are.
const CLIENTS: &str = "10.77.0.0/24";

/// Where pages are asked for over HTTPS.
const PAGE_PORT: u16 = 443;

/// Ports of servers behind others.
const BEHIND: std::ops::Range<u16> = 20_000..21_000;

/// OpenSSL's server has one client at a time, and a browser opens several connections at once.
const OPENSSL_SERVERS: usize = 4;

/// Larger packets are swallowed where only small ones pass: the first flight of any TLS handshake of today is larger.
const SMALL: u16 = 600;

/// What stands at the far end, for as long as this lives.
pub struct Internet {
    _servers: JoinSet<()>,
    _programs: Vec<Process>,
}

/// Moves this thread to the far end of a new line and hands back that end.
pub fn enter() -> Result<End, String> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).map_err(|error| {
        format!("the system refuses a network namespace ({error}); run as root, or in `unshare -rnm`")
    })?;
    run(&["ip", "link", "set", "lo", "up"], "");
    for network in LOCAL {
        run(&["ip", "addr", "add", network, "dev", "lo"], "");
    }
    let end = End::open().map_err(|error| format!("the system refuses a TUN device ({error})"))?;
    run(&["ip", "link", "set", delay::NAME, "addrgenmode", "none", "up"], "");
    run(&["ip", "route", "add", CLIENTS, "dev", delay::NAME], "");
    Ok(end)
}

/// Takes the line away, which ends what carries its packets.
pub fn leave() {
    run(&["ip", "link", "del", delay::NAME], "");
}

impl Internet {
    /// Sets everything up. `pages` are where the pages are served without TLS, one for each place whose page is
    /// asked for over HTTPS.
    pub async fn furnish(
        network: &Network,
        places: &[Placed],
        pages: &[Option<SocketAddr>],
        certificates: &Arc<Certificates>,
        dir: &FilePath,
    ) -> Self {
        let mut servers = JoinSet::new();
        let mut programs = Vec::new();
        let mut ports = BEHIND;
        let mut next_port = || {
            let port = ports.next().expect("there are enough ports");
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let mut rules = String::from(
            "add table inet lab\n\
             add chain inet lab in { type filter hook input priority 0; }\n\
             add chain inet lab out { type filter hook output priority 0; }\n",
        );
        for (place, page) in places.iter().zip(pages) {
            for dead in place.dead.values() {
                writeln!(rules, "add rule inet lab in ip daddr {dead} drop")
                    .expect("a String takes everything");
            }
            for (host, port, fate) in place.scenario.endpoints() {
                let at = place.scenario.host.iter().position(|other| other.id == host.id);
                let address = place.hosts[at.expect("a host of the scenario")];
                rules.push_str(&rule(fate.path, address, port));
                let name = host.name(&place.scenario.name);
                let tls = !host.plain.contains(&port);
                let at = SocketAddr::from((address, port));
                match service(fate, tls, certificates, &name, at) {
                    None => {}
                    Some(Ok(service)) => serve(&mut servers, service).await,
                    Some(Err(arguments)) => {
                        let files = certificates.files(&name, address);
                        let behind: Vec<_> = (0..OPENSSL_SERVERS).map(|_| next_port()).collect();
                        for at in &behind {
                            programs.push(openssl(*at, arguments, &files, dir));
                        }
                        serve(&mut servers, Service { at, tls: None, then: Then::hand_on(behind) }).await;
                    }
                }
            }
            if let Some(page) = page {
                let config = certificates.server(Identity::Sound, &place.page_name(), place.page);
                let service = Service {
                    at: (place.page, PAGE_PORT).into(),
                    tls: Some(TlsAcceptor::from(config)),
                    then: Then::hand_on([*page]),
                };
                serve(&mut servers, service).await;
            }
        }
        run(&["nft", "-f", "-"], &rules);
        block_page(places, &mut servers, certificates).await;
        answer_for_others(network.other_names, &mut servers, certificates).await;
        let names = place::names(places, network.other_names);
        servers.spawn(crate::dns::serve((NAME_SERVER, 53).into(), names));
        match network.proxy {
            Proxy::None | Proxy::Down => {}
            Proxy::Silent => {
                let then = Then::Act(Act::Silence);
                serve(&mut servers, Service { at: proxy::ADDRESS.into(), tls: None, then }).await;
            }
            Proxy::Plain | Proxy::Basic | Proxy::Negotiate | Proxy::Inspects | Proxy::InspectsUnknown => {
                programs.push(proxy::squid(network, certificates, dir).await);
            }
        }
        Self { _servers: servers, _programs: programs }
    }

    /// Whether a scenario's page is served from here.
    pub fn serves_page(place: &Placed) -> bool {
        place.scenario.pages.contains(&Page::Https)
    }
}

/// The firewall's rule for a port.
fn rule(path: Path, address: Ipv4Addr, port: u16) -> String {
    let to = format!("add rule inet lab in ip daddr {address} tcp dport {port}");
    match path {
        // Nothing listens where it is reset, and the system says so.
        Path::Open | Path::Reset | Path::ResetNearby => String::new(),
        Path::Drop => format!("{to} drop\n"),
        Path::Prohibit => format!("{to} reject with icmp type admin-prohibited\n"),
        Path::SmallOnly => format!(
            "{to} meta length > {SMALL} drop\n\
             add rule inet lab out ip saddr {address} tcp sport {port} meta length > {SMALL} drop\n"
        ),
    }
}

/// What listens; an error carries the arguments of a program of OpenSSL.
fn service(
    fate: &Fate,
    tls: bool,
    certificates: &Certificates,
    name: &str,
    at: SocketAddr,
) -> Option<Result<Service, &'static str>> {
    let SocketAddr::V4(v4) = at else { unreachable!("the lab speaks IPv4") };
    match fate.server? {
        Server::OpenSsl(arguments) => Some(Err(arguments)),
        Server::Plain(act) => Some(Ok(Service { at, tls: None, then: Then::Act(act) })),
        Server::Tls(identity, act) => {
            let acceptor = || TlsAcceptor::from(certificates.server(identity, name, *v4.ip()));
            Some(Ok(Service { at, tls: tls.then(acceptor), then: Then::Act(act) }))
        }
    }
}

/// A server with settings of former times, which only OpenSSL still has.
fn openssl(
    at: SocketAddr,
    arguments: &str,
    (certificate, key): &(PathBuf, PathBuf),
    dir: &FilePath,
) -> Process {
    let (accept, certificate, key) =
        (at.to_string(), certificate.display().to_string(), key.display().to_string());
    let mut command = vec!["openssl", "s_server", "-www", "-accept", &accept];
    command.extend(["-cert", &certificate, "-key", &key]);
    command.extend(arguments.split(' '));
    Process::spawn(&command, &[], &dir.join(format!("openssl-{}.log", at.port())))
}

/// Who answers for names that nobody has.
async fn answer_for_others(other: OtherNames, servers: &mut JoinSet<()>, certificates: &Arc<Certificates>) {
    let ok = || Then::Act(Act::Answer(Reply::Status(200)));
    let services = match other {
        OtherNames::Nobody | OtherNames::Silence => Vec::new(),
        OtherNames::Adverts => {
            let stranger = certificates.server(Identity::Untrusted, "adverts.example", PORTAL_GATE);
            vec![
                Service { at: (PORTAL_GATE, 80).into(), tls: None, then: ok() },
                Service { at: (PORTAL_GATE, 443).into(), tls: Some(TlsAcceptor::from(stranger)), then: ok() },
            ]
        }
        OtherNames::Everything => {
            let anyone = TlsAcceptor::from(certificates.server_for_everything());
            vec![
                Service { at: (EVERYTHING, 80).into(), tls: None, then: ok() },
                Service { at: (EVERYTHING, 443).into(), tls: Some(anyone), then: ok() },
            ]
        }
        OtherNames::Portal => {
            let stranger = certificates.server(Identity::Untrusted, "portal.example", PORTAL_GATE);
            let redirect = Then::Act(Act::Answer(Reply::RedirectToPortal));
            vec![
                Service { at: (PORTAL_GATE, 80).into(), tls: None, then: redirect },
                Service { at: (PORTAL_GATE, 443).into(), tls: Some(TlsAcceptor::from(stranger)), then: ok() },
                Service { at: (PORTAL, 80).into(), tls: None, then: ok() },
            ]
        }
    };
    for service in services {
        serve(servers, service).await;
    }
}

/// The page that says that a name is blocked, for those names that are.
async fn block_page(places: &[Placed], servers: &mut JoinSet<()>, certificates: &Arc<Certificates>) {
    let blocked = |place: &Placed| place.scenario.host.iter().any(|host| host.dns == Dns::BlockPage);
    if places.iter().any(blocked) {
        let stranger = certificates.server(Identity::Untrusted, "blocked.example", BLOCK_PAGE);
        let page = || Then::Act(Act::Answer(Reply::Status(403)));
        serve(servers, Service { at: (BLOCK_PAGE, 80).into(), tls: None, then: page() }).await;
        let tls = Some(TlsAcceptor::from(stranger));
        serve(servers, Service { at: (BLOCK_PAGE, 443).into(), tls, then: page() }).await;
    }
}
