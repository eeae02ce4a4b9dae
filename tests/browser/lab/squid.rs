//! A real proxy: squid, as an ordinary one or as one that inspects TLS.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use super::Lab;
use super::process::{Process, run};

/// Squid's usual port.
pub const PORT: u16 = 3128;

/// Debian's place for it.
const CERTGEN: &str = "/usr/lib/squid/security_file_certgen";

/// A user that is not root, which squid refuses to be; without meaning in a namespace of its own.
const SOMEBODY: &str = "13";

/// A running squid on [`PORT`] of 127.0.0.1.
#[derive(Debug)]
pub struct Squid {
    _process: Process,
}

impl Squid {
    /// A proxy that passes tunnels on as they are.
    pub async fn plain(lab: &Lab) -> Self {
        Self::start(lab, &format!("http_port 127.0.0.1:{PORT}\n")).await
    }

    /// A proxy that ends every tunnel itself, with certificates of the lab's authority, and answers in the
    /// server's name when there is none.
    pub async fn bumping(lab: &Lab) -> Self {
        Self::bumping_by(lab, "ssl_bump bump all\n").await
    }

    /// The same for one host alone; every other tunnel is passed on as it is, so that names that cannot exist fail
    /// honestly.
    pub async fn bumping_only(lab: &Lab, host: &str) -> Self {
        Self::bumping_by(lab, &opening(host)).await
    }

    /// The same, without a word of it in any header.
    pub async fn bumping_unseen(lab: &Lab, host: &str) -> Self {
        Self::bumping_by(lab, &(opening(host) + "via off\nforwarded_for delete\n")).await
    }

    async fn bumping_by(lab: &Lab, rules: &str) -> Self {
        let dir = lab.scratch("squid");
        let pem = dir.join("authority-and-key.pem");
        fs::write(&pem, format!("{}{}", lab.authority.certificate_pem(), lab.authority.key_pem()))
            .expect("the lab's folder is there");
        let certificates = dir.join("certificates").display().to_string();
        run(&[CERTGEN, "-c", "-s", &certificates, "-M", "4MB"], "");
        let config = format!(
            "http_port 127.0.0.1:{PORT} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB \
             tls-cert={}\n\
             sslcrtd_program {CERTGEN} -s {certificates} -M 4MB\nsslcrtd_children 2\n{rules}\
             tls_outgoing_options cafile={}\n",
            pem.display(),
            lab.authority_file().display(),
        );
        Self::start(lab, &config).await
    }

    async fn start(lab: &Lab, ports: &str) -> Self {
        let dir = lab.scratch("squid");
        let conf = dir.join("squid.conf");
        fs::write(&conf, config(ports, &dir, &lab.dir)).expect("the lab's folder is there");
        let conf = conf.display().to_string();
        let user = [format!("--map-user={SOMEBODY}"), format!("--map-group={SOMEBODY}")];
        let log = lab.dir.join("squid.log");
        let command = ["unshare", "--user", &user[0], &user[1], "--", "squid", "-N", "-f", &conf];
        let mut process = Process::spawn(&command, &[], &log);
        process.listening(PORT).await;
        Self { _process: process }
    }
}

/// Opens the TLS of one host, and lets all other through.
fn opening(host: &str) -> String {
    format!(
        "acl opened ssl::server_name {host}\nacl first at_step SslBump1\n\
         ssl_bump peek first\nssl_bump bump opened\nssl_bump splice all\n"
    )
}

fn config(ports: &str, dir: &Path, logs: &Path) -> String {
    format!(
        "{ports}\
         http_access allow all\n\
         cache deny all\n\
         dns_nameservers {}\n\
         shutdown_lifetime 0\n\
         pid_filename none\n\
         coredump_dir {}\n\
         cache_log {logs}/squid-cache.log\n\
         access_log stdio:{logs}/squid-access.log\n\
         visible_hostname proxy.lab\n\
         pinger_enable off\n\
         netdb_filename none\n",
        Ipv4Addr::LOCALHOST,
        dir.display(),
        logs = logs.display(),
    )
}
