//! The command line.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt as _};

use crate::certificate::CertificateFiles;
use crate::connection::Patience;
use crate::limit::Limits;
use crate::log::Log;
use crate::ports::{Kind, PortMap};
use crate::server::{Certificates, Config, SelfMade};

/// What `--help` writes.
pub const HELP: &str = "\
A test endpoint for Connector Check: answers on many ports, and tells what it saw of the TLS handshake.

Usage: connector-check-responder [OPTIONS]

Ports, as lists such as 443,8080,10100-10120:
  --ports LIST               HTTPS, TLS 1.2 and 1.3 (443 where no ports are named at all)
  --http LIST                HTTP without TLS
  --tls12 LIST               HTTPS, TLS 1.2 alone
  --tls13 LIST               HTTPS, TLS 1.3 alone
  --sha512 LIST              HTTPS, with the certificate that is signed with SHA-512
  --client-certificate LIST  HTTPS that asks for a client certificate and takes none
  --echo LIST                TCP that sends back what it gets
  --http2                    Offer HTTP/2 as well; without it a browser makes a connection for each name and each port
  --listen ADDRESS           Listen on this address alone; may be repeated

Certificates, as PEM; files that change are taken into use within seconds:
  --cert FILE --key FILE     The chain, server first, and its key
  --sha512-cert FILE --sha512-key FILE
                             The same for --sha512
  --self-signed              An authority and certificates made here, for trials
  --names LIST               The host names and addresses these are for (default localhost,127.0.0.1,::1)
  --ca-dir DIR               Keep that authority in DIR: ca.pem is what browsers are to import

Limits:
  --rate N                   Requests per second and address on the long run, 0 for any (default 100)
  --burst N                  Requests of one address at once (default 10000)
  --max-connections N        Open connections altogether (default 20000)
  --max-per-address N        Open connections of one address (default 10000)
  --max-request BYTES        The longest request (default 16384)
  --handshake-timeout S      Seconds for a TLS handshake (default 15)
  --idle-timeout S           Seconds a connection may be unused (default 300)
  --grace S                  Seconds to finish when told to stop (default 10)

Otherwise:
  --health PATH              The path that only says that the server is well (default /healthz)
  --log-requests             One line per request on standard error, without addresses
  --log-addresses            The same with the client's address
  --check-config             Check options and certificates, say what they amount to, and end
  --version, --help
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Serve.
    Serve(Config),
    /// Only look whether one could.
    Check(Config),
    /// Write the version.
    Version,
    /// Write the help.
    Help,
}

/// A command line that makes no sense; for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError(String);

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; --help lists the options", self.0)
    }
}

impl std::error::Error for OptionError {}

impl From<lexopt::Error> for OptionError {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// Options that need another one to make sense.
#[derive(Debug, Default)]
struct Parts {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    sha512_certificate: Option<PathBuf>,
    sha512_key: Option<PathBuf>,
    self_signed: bool,
    names: Option<Vec<String>>,
    folder: Option<PathBuf>,
}

/// The default of `--max-request`: cookies and proxies' headers fit in, and nobody needs more.
const MAX_REQUEST: usize = 16 * 1024;

/// The names of a trial on one machine.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Reads a command line, without the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, OptionError> {
    let mut config = Config {
        addresses: Vec::new(),
        ports: PortMap::default(),
        certificates: Certificates::None,
        http2: false,
        limits: Limits::default(),
        patience: Patience::default(),
        max_request: MAX_REQUEST,
        health: "/healthz".to_owned(),
        log: Log::default(),
    };
    let mut parts = Parts::default();
    let mut check = false;
    let mut arguments = lexopt::Parser::from_args(arguments);
    while let Some(argument) = arguments.next()? {
        let Long(name) = argument else {
            match argument {
                Short('h') => return Ok(Task::Help),
                Short('V') => return Ok(Task::Version),
                other => return Err(other.unexpected().into()),
            }
        };
        let name = name.to_owned();
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.option() == name) {
            let list = arguments.value()?.string()?;
            config.ports.add(&list, kind).map_err(|error| OptionError(format!("--{name}: {error}")))?;
            continue;
        }
        match name.as_str() {
            "listen" => config.addresses.push(arguments.value()?.parse::<IpAddr>()?),
            "cert" => parts.certificate = Some(arguments.value()?.into()),
            "key" => parts.key = Some(arguments.value()?.into()),
            "sha512-cert" => parts.sha512_certificate = Some(arguments.value()?.into()),
            "sha512-key" => parts.sha512_key = Some(arguments.value()?.into()),
            "self-signed" => parts.self_signed = true,
            "names" => parts.names = Some(names(&arguments.value()?.string()?)?),
            "ca-dir" => parts.folder = Some(arguments.value()?.into()),
            "rate" => config.limits.rate = arguments.value()?.parse()?,
            "burst" => config.limits.burst = arguments.value()?.parse()?,
            "max-connections" => config.limits.connections = arguments.value()?.parse()?,
            "max-per-address" => config.limits.connections_per_address = arguments.value()?.parse()?,
            "max-request" => config.max_request = arguments.value()?.parse()?,
            "handshake-timeout" => config.patience.handshake = seconds(&mut arguments)?,
            "idle-timeout" => config.patience.idle = seconds(&mut arguments)?,
            "grace" => config.patience.grace = seconds(&mut arguments)?,
            "http2" => config.http2 = true,
            "health" => config.health = arguments.value()?.string()?,
            "log-requests" => config.log.requests = true,
            "log-addresses" => config.log = Log { requests: true, addresses: true },
            "check-config" => check = true,
            "version" => return Ok(Task::Version),
            "help" => return Ok(Task::Help),
            _ => return Err(Long(name.as_str()).unexpected().into()),
        }
    }
    if config.ports.is_empty() {
        config.ports.add("443", Kind::Https).map_err(|error| OptionError(error.to_string()))?;
    }
    if !config.health.starts_with('/') {
        return Err(OptionError(format!("--health: \"{}\" does not begin with /", config.health)));
    }
    config.certificates = parts.certificates()?;
    Ok(if check { Task::Check(config) } else { Task::Serve(config) })
}

impl Parts {
    fn certificates(self) -> Result<Certificates, OptionError> {
        let pair = |certificate: Option<PathBuf>, key: Option<PathBuf>, prefix: &str| match (certificate, key)
        {
            (Some(certificate), Some(key)) => Ok(Some(CertificateFiles { certificate, key })),
            (None, None) => Ok(None),
            _ => Err(OptionError(format!("--{prefix}cert and --{prefix}key go together"))),
        };
        let usual = pair(self.certificate, self.key, "")?;
        let sha512 = pair(self.sha512_certificate, self.sha512_key, "sha512-")?;
        if self.self_signed {
            if usual.is_some() || sha512.is_some() {
                return Err(OptionError(
                    "--self-signed makes certificates; --cert names some: take one".to_owned(),
                ));
            }
            let names = self.names.unwrap_or_else(|| LOCAL_NAMES.map(str::to_owned).to_vec());
            return Ok(Certificates::SelfMade(SelfMade { names, folder: self.folder }));
        }
        if self.names.is_some() || self.folder.is_some() {
            return Err(OptionError("--names and --ca-dir go with --self-signed".to_owned()));
        }
        match (usual, sha512) {
            (Some(usual), sha512) => Ok(Certificates::Files { usual, sha512 }),
            (None, None) => Ok(Certificates::None),
            (None, Some(usual)) => Ok(Certificates::Files { sha512: Some(usual.clone()), usual }),
        }
    }
}

/// Host names and addresses; a certificate can carry no others.
fn names(list: &str) -> Result<Vec<String>, OptionError> {
    let fit = |name: &str| {
        let text = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        name.parse::<IpAddr>().is_ok() || (!name.is_empty() && name.bytes().all(text))
    };
    let name = |name: &str| {
        // As certificates and browsers write it.
        let written = name.parse::<IpAddr>().map_or_else(|_| name.to_ascii_lowercase(), |ip| ip.to_string());
        if fit(name) {
            Ok(written)
        } else {
            Err(OptionError(format!("--names: \"{name}\" is neither a host name nor an address")))
        }
    };
    list.split(',').map(str::trim).map(name).collect()
}

fn seconds(arguments: &mut lexopt::Parser) -> Result<Duration, OptionError> {
    Ok(Duration::from_secs(arguments.value()?.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Task, OptionError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn config(line: &str) -> Config {
        match read(line) {
            Ok(Task::Serve(config) | Task::Check(config)) => config,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_ports_of_the_documents_with_the_special_ones() {
        let config = config(
            "--ports 443,8080,9090,9091,9350,9352,5671,10100-10120 --http 80 --tls12 10443 --tls13 10444 \
             --sha512 10445 --client-certificate 10446 --echo 10447 --self-signed --names a.example,192.0.2.1",
        );
        assert_eq!(config.ports.iter().count(), 28 + 6);
        assert_eq!(config.ports.of(Kind::ClientCertificate), [10446]);
        let names = vec!["a.example".to_owned(), "192.0.2.1".to_owned()];
        assert_eq!(config.certificates, Certificates::SelfMade(SelfMade { names, folder: None }));
    }

    #[test]
    fn without_ports_it_is_443() {
        assert_eq!(config("--self-signed").ports.of(Kind::Https), [443]);
        assert!(!config("--http 80").ports.has(Kind::Https));
    }

    #[test]
    fn nothing_is_written_down_unless_asked() {
        assert_eq!(config("--http 80").log, Log { requests: false, addresses: false });
        assert_eq!(config("--http 80 --log-requests").log, Log { requests: true, addresses: false });
        assert_eq!(config("--http 80 --log-addresses").log, Log { requests: true, addresses: true });
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (line, part) in [
            ("--ports 0", "--ports: \"0\" is no port"),
            ("--ports 1 --http 1", "port 1 stands in --ports and again in --http"),
            ("--cert a", "--cert and --key go together"),
            ("--sha512-key a", "--sha512-cert and --sha512-key go together"),
            ("--cert a --key b --self-signed", "take one"),
            ("--names a", "go with --self-signed"),
            ("--self-signed --names a,,b", "\"\" is neither"),
            ("--self-signed --names <b>", "\"<b>\" is neither"),
            ("--health x", "does not begin with /"),
            ("--rate many", "many"),
            ("--port 443", "--port"),
            ("443", "443"),
        ] {
            let error = read(line).expect_err(line).to_string();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn every_option_is_in_the_help() {
        for kind in Kind::ALL {
            assert!(HELP.contains(&format!("--{} LIST", kind.option())), "{kind:?}");
        }
    }
}
