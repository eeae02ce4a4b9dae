//! The services' `.exe.config` files: what they do about proxies, what is wrong with them, and how they are mended.
//!
//! Read with `roxmltree`, which tells where each element stands; written by splicing, so that every byte that is
//! not meant stays as it was: comments, order, line ends, the byte order mark.
//!
//! What .NET makes of the elements: Microsoft Learn, network settings schema, `<defaultProxy>` and `<proxy>`. An
//! empty `<defaultProxy>` means the system's settings; `enabled="false"` means no proxy; attributes beside
//! `usesystemdefault="True"` override the system's settings. Names are case-sensitive.

mod encoding;
mod mend;
mod read;

use connector_check_diagnosis::config::{
    ConfigFile, ConfigProblem, ConfigService, ProblemKind, ProxySetting,
};
use connector_check_diagnosis::endpoint::Endpoint;

pub use mend::{Edit, Mended, undo};

/// Bytes; such a file has a few thousand. A larger one is none, and is not read.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Elements, comments and texts; far beyond any such file, and what one page can hold without a pause.
const MAX_NODES: u32 = 50_000;

/// Attributes; the reader compares all of one element with each other, and such a file has a few dozen.
const MAX_ATTRIBUTES: usize = 10_000;

/// What is to stand in the mended file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The service goes around every proxy.
    Bypass,
    /// The service uses this proxy and no other.
    Named(ProxyAddress),
}

/// The address of a proxy as .NET needs it: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyAddress(String);

impl ProxyAddress {
    /// Reads what an admin typed; the scheme is added where it is missing.
    ///
    /// # Errors
    /// What is wrong with it, for the admin: another scheme than `http`, a sign-in, a path, no host or no port.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => {
                return Err(format!(
                    "\"{scheme}://\" cannot stand here; .NET speaks to proxies over http:// only"
                ));
            }
            None => text,
        };
        let endpoint = Endpoint::parse(&format!("http://{rest}")).map_err(|error| error.to_string())?;
        if endpoint.path != "/" || rest.contains(['/', '?']) {
            return Err("a proxy has host and port, and no path".to_owned());
        }
        let has_port = rest.rsplit(']').next().is_some_and(|tail| tail.contains(':'));
        if !has_port {
            return Err(format!("the port is missing; write {rest}:8080, for example"));
        }
        Ok(Self(format!("http://{}", endpoint.authority())))
    }

    /// `http://host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads one file; never fails, whatever the bytes are: what is wrong stands among the problems.
pub fn examine(name: &str, bytes: &[u8]) -> ConfigFile {
    let (setting, problems) = match encoding::decode(bytes) {
        Err(problem) => (ProxySetting::Unknown, vec![problem]),
        Ok(decoded) => match read::read(&decoded.text) {
            Err(problems) => (ProxySetting::Unknown, with_declaration(&decoded, problems)),
            Ok(read) => {
                let setting = read.setting();
                (setting, with_declaration(&decoded, read.problems))
            }
        },
    };
    ConfigFile { name: name.to_owned(), service: ConfigService::of(name), setting, problems }
}

/// Reads a file that was brought as text: in which encoding it lies on its disk is not known, and nothing is said of it.
pub fn examine_text(name: &str, text: &str) -> ConfigFile {
    let mut file = examine(name, text.as_bytes());
    file.problems.retain(|problem| problem.kind != ProblemKind::EncodingContradicts);
    file
}

/// Writes the choice into a file.
///
/// # Errors
/// The problems that no machine can mend: the file cannot be read at all.
pub fn mend(bytes: &[u8], choice: &Choice) -> Result<Mended, Vec<ConfigProblem>> {
    let decoded = encoding::decode(bytes).map_err(|problem| vec![problem])?;
    let read = read::read(&decoded.text)?;
    Ok(mend::mend(bytes, &decoded, &read, choice))
}

fn with_declaration(decoded: &encoding::Decoded, mut problems: Vec<ConfigProblem>) -> Vec<ConfigProblem> {
    problems.extend(decoded.contradiction());
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_http_host_and_port_and_nothing_else() {
        for (typed, expected) in [
            ("proxy:8080", Ok("http://proxy:8080")),
            (" HTTP://Proxy.Example:3128/ ", Ok("http://proxy.example:3128")),
            ("http://10.0.0.1:80", Ok("http://10.0.0.1:80")),
            ("[2001:db8::1]:8080", Ok("http://[2001:db8::1]:8080")),
            ("proxy", Err("the port is missing")),
            ("https://proxy:8080", Err("over http:// only")),
            ("user:secret@proxy:8080", Err("user name or password")),
            ("proxy:8080/path", Err("no path")),
            ("", Err("no host name")),
            ("a b:1", Err("no host name")),
            ("proxy:0", Err("no port")),
            ("\"/><x a=\":1", Err("no host name")),
        ] {
            match (ProxyAddress::parse(typed), expected) {
                (Ok(address), Ok(expected)) => assert_eq!(address.as_str(), expected, "{typed}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{typed}: {error}"),
                (other, _) => panic!("{typed}: {other:?}"),
            }
        }
    }
}
