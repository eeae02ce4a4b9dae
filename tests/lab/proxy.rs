//! Real proxies: squid, in every kind that companies have.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::certificates::Certificates;
use crate::place::NAME_SERVER;
use crate::process::{Process, run};
use crate::scenario::{Network, Proxy};

/// Where browsers are told that the proxy is, whether it is or not. Private, as companies' proxies are.
pub const ADDRESS: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 66, 0, 2), 3128);

/// Debian's place for squid's helpers.
const HELPERS: &str = "/usr/lib/squid";

/// A user that is not root, which squid refuses to be; without meaning in a namespace of its own.
const SOMEBODY: &str = "13";

/// Starts squid at [`ADDRESS`] and waits until it listens.
pub async fn squid(network: &Network, certificates: &Certificates, dir: &Path) -> Process {
    let folder = dir.join("squid");
    fs::create_dir_all(&folder).expect("the lab's folder is there");
    let config = folder.join("squid.conf");
    fs::write(&config, text(network, certificates, &folder)).expect("the lab's folder is there");
    let config = config.display().to_string();
    let user = [format!("--map-user={SOMEBODY}"), format!("--map-group={SOMEBODY}")];
    let command = ["unshare", "--user", &user[0], &user[1], "--", "squid", "-N", "-f", &config];
    let mut process = Process::spawn(&command, &[], &folder.join("squid.log"));
    process.listening(ADDRESS.1).await;
    process
}

fn text(network: &Network, certificates: &Certificates, folder: &Path) -> String {
    let port = ADDRESS.1;
    let ports: Vec<_> = network.proxy_denies.iter().map(u16::to_string).collect();
    let denies = if ports.is_empty() {
        String::new()
    } else {
        format!("acl denied port {}\nhttp_access deny denied\n", ports.join(" "))
    };
    let wants = |scheme: &str, helper: &str| {
        format!(
            "http_port 0.0.0.0:{port}\n\
             auth_param {scheme} program {helper}\n\
             auth_param {scheme} children 2\n\
             acl known proxy_auth REQUIRED\n\
             http_access allow known\n\
             http_access deny all\n"
        )
    };
    let kind = match network.proxy {
        Proxy::Basic => {
            let users = folder.join("users");
            // No one knows the password.
            fs::write(&users, "lab:*\n").expect("the lab's folder is there");
            wants("basic", &format!("{HELPERS}/basic_ncsa_auth {}", users.display()))
        }
        Proxy::Negotiate => wants(
            "negotiate",
            &format!("{HELPERS}/negotiate_kerberos_auth -k {}/no.keytab -s GSS_C_NO_NAME", folder.display()),
        ),
        Proxy::Inspects => bumping(network, certificates, true, folder),
        Proxy::InspectsUnknown => bumping(network, certificates, false, folder),
        Proxy::None | Proxy::Plain | Proxy::Down | Proxy::Silent => {
            format!("http_port 0.0.0.0:{port}\n{denies}http_access allow all\n")
        }
    };
    format!(
        "{kind}\
         cache deny all\n\
         dns_nameservers {NAME_SERVER}\n\
         shutdown_lifetime 0\n\
         pid_filename none\n\
         coredump_dir {folder}\n\
         cache_log {folder}/cache.log\n\
         access_log stdio:{folder}/access.log\n\
         visible_hostname proxy.lab\n\
         pinger_enable off\n\
         netdb_filename none\n",
        folder = folder.display(),
    )
}

/// Ends every tunnel itself, and answers in the server's name where there is none.
fn bumping(network: &Network, certificates: &Certificates, trusted: bool, folder: &Path) -> String {
    let pem = folder.join("minting.pem");
    fs::write(&pem, certificates.for_minting(trusted)).expect("the lab's folder is there");
    let minted = folder.join("minted").display().to_string();
    run(&[&format!("{HELPERS}/security_file_certgen"), "-c", "-s", &minted, "-M", "4MB"], "");
    let inspects = match (&network.exempt, &network.inspects_only) {
        (Some(domain), _) => format!(
            "acl exempt ssl::server_name_regex \\.{domain}\\.\nssl_bump splice exempt\nssl_bump bump all\n"
        ),
        (None, Some(domain)) => format!(
            "acl only ssl::server_name_regex \\.{domain}\\.\nssl_bump bump only\nssl_bump splice all\n"
        ),
        (None, None) => "ssl_bump bump all\n".to_owned(),
    };
    format!(
        "http_port 0.0.0.0:{} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert={}\n\
         sslcrtd_program {HELPERS}/security_file_certgen -s {minted} -M 4MB\n\
         sslcrtd_children 2\n\
         {inspects}\
         tls_outgoing_options cafile={}\n\
         http_access allow all\n",
        ADDRESS.1,
        pem.display(),
        certificates.trusted_file().display(),
    )
}
