//! A network of the test's own: nothing leaves, any address and any name is what the test says it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, unshare};

use super::cover::cover_names;
use super::process::{Process, run};

/// Addresses for documentation (RFC 5737), public to a browser; each of them can be listened on in the lab.
const PUBLIC: [&str; 2] = ["203.0.113.1/24", "198.51.100.1/24"];

/// A network card that leads nowhere, and its address (RFC 5737, too).
const CARD: &str = "lab";
const CARD_ADDRESS: &str = "192.0.2.1/24";
const OTHER_CARD_ADDRESS: &str = "192.0.2.129/25";

/// The network of one test, and of everything that the test's thread starts.
#[derive(Debug)]
pub struct Net {
    dir: PathBuf,
    names: BTreeMap<String, Ipv4Addr>,
    everything_else: Option<Ipv4Addr>,
    dns: Option<Process>,
}

impl Net {
    /// Moves this thread into new network and mount namespaces; `Err` says why the system does not permit it.
    ///
    /// # Panics
    /// Where namespaces are permitted, but cannot be furnished.
    pub fn enter(dir: &Path) -> Result<Self, String> {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).map_err(|error| {
            format!("the system refuses a network namespace ({error}); run as root, or in `unshare -rnm`")
        })?;
        cover_names(dir, Ipv4Addr::LOCALHOST);
        run(&["ip", "link", "set", "lo", "up"], "");
        for network in PUBLIC {
            run(&["ip", "addr", "add", network, "dev", "lo"], "");
        }
        // Browsers take a machine with nothing but loopback for one that is offline.
        run(&["ip", "link", "add", CARD, "type", "veth", "peer", "name", "labpeer"], "");
        for end in [CARD, "labpeer"] {
            // IPv6 would give itself an address a second later, and Chromium ends every request when addresses
            // change.
            run(&["ip", "link", "set", end, "addrgenmode", "none", "up"], "");
        }
        run(&["ip", "addr", "add", CARD_ADDRESS, "dev", CARD], "");
        nft("add table inet lab\nadd chain inet lab in { type filter hook input priority 0; }\n");
        Ok(Self { dir: dir.to_owned(), names: BTreeMap::new(), everything_else: None, dns: None })
    }

    /// Gives a name an address. All names without one do not exist.
    pub fn dns(&mut self, name: &str, address: Ipv4Addr) -> &mut Self {
        assert!(self.dns.is_none(), "names are given before the network is up");
        self.names.insert(name.to_owned(), address);
        self
    }

    /// Lets every other name there could be exist, at this address.
    pub fn dns_everything_else(&mut self, address: Ipv4Addr) -> &mut Self {
        assert!(self.dns.is_none(), "names are given before the network is up");
        self.everything_else = Some(address);
        self
    }

    /// Starts answering for the names.
    pub async fn up(&mut self) {
        let conf = self.dir.join("dnsmasq.conf");
        let mut text = format!(
            "no-resolv\nno-hosts\nno-poll\nbind-interfaces\nlisten-address=127.0.0.1\n\
             pid-file=\ncache-size=0\nlog-queries\naddress=/#/{}\n",
            self.everything_else.map(|address| address.to_string()).unwrap_or_default(),
        );
        for (name, address) in &self.names {
            writeln!(text, "host-record={name},{address}").expect("a String takes everything");
        }
        fs::write(&conf, text).expect("the lab's folder is there");
        let conf = format!("--conf-file={}", conf.display());
        // Otherwise it would change its user, which a user namespace of one user does not allow.
        let command = ["dnsmasq", "--no-daemon", &conf];
        let mut dns = Process::spawn(&command, &[], &self.dir.join("dnsmasq.log"));
        dns.listening(53).await;
        self.dns = Some(dns);
    }

    /// Which names were asked for so far, in order, with repetitions.
    pub fn asked(&self) -> Vec<String> {
        let log = self.dns.as_ref().map(Process::log).unwrap_or_default();
        let queries = log.lines().filter_map(|line| line.split_once("query[")?.1.split_once("] "));
        queries.filter_map(|(_, rest)| rest.split(' ').next().map(str::to_owned)).collect()
    }
}

/// In the network of this test: gives the machine another address, as joining a network or a VPN does.
pub fn change_address() {
    run(&["ip", "addr", "add", OTHER_CARD_ADDRESS, "dev", CARD], "");
}

/// In the network of this test: pulls the cable. Loopback stays.
pub fn unplug() {
    run(&["ip", "link", "del", CARD], "");
}

/// In the network of this test: drops every packet to this address and port, so that SYNs stay unanswered.
pub fn drop_tcp(at: SocketAddrV4) {
    nft(&format!("add rule inet lab in ip daddr {} tcp dport {} drop\n", at.ip(), at.port()));
}

/// In the network of this test: rejects connections the way routers do (ICMP, administratively prohibited).
/// Where nothing listens, connections are refused without it.
pub fn reject_tcp(at: SocketAddrV4) {
    let (ip, port) = (at.ip(), at.port());
    nft(&format!(
        "add rule inet lab in ip daddr {ip} tcp dport {port} reject with icmp type admin-prohibited\n"
    ));
}

fn nft(commands: &str) {
    run(&["nft", "-f", "-"], commands);
}
