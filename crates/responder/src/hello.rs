//! Reading a `ClientHello`: out of the records of a connection ([`Recorder`]), and out of its own bytes ([`read`]).
//!
//! Everything here is total: any bytes give a result or an error that says where they end making sense, and
//! nothing is kept beyond the limits below. A fuzz target and a mutation test hold it to that.

mod cursor;
mod recorder;

use std::fmt;

use connector_check_diagnosis::responder::names::uses_sha512;
use connector_check_diagnosis::responder::{CodePoint, Hello};

use crate::ja4;
use cursor::Cursor;
pub use recorder::{Recorded, Recorder};

/// Bytes of the longest `ClientHello` that is read. Browsers with post-quantum key shares send about 1,800; TLS
/// allows 16 MiB, which nobody sends who means well. What is read is kept as long as its connection.
pub const MAX_HELLO: usize = 16 * 1024;

/// Protocols of the longest list that is read: each takes far more room here than on the wire. Browsers name two.
pub const MAX_PROTOCOLS: usize = 64;

/// The handshake message's type and length before the body.
pub(crate) const MESSAGE_HEADER: usize = 4;

/// The handshake message type of a `ClientHello` (RFC 8446, section 4).
pub(crate) const CLIENT_HELLO: u8 = 1;

/// Extensions that are looked into, by IANA's numbers.
const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// Why bytes are no `ClientHello`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelloError {
    /// Not a `ClientHello` but something else; carries the message's type.
    OtherMessage(u8),
    /// The bytes end, or a length inside points beyond the end, here.
    Short(&'static str),
    /// Bytes are left over after this.
    LeftOver(&'static str),
    /// Longer than [`MAX_HELLO`].
    TooLong,
    /// More than [`MAX_PROTOCOLS`] protocols.
    TooManyProtocols,
    /// A record that is no part of a TLS handshake; carries its first byte.
    OtherRecord(u8),
}

impl fmt::Display for HelloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherMessage(kind) => write!(f, "handshake message {kind} came first, not a ClientHello"),
            Self::Short(part) => write!(f, "the ClientHello ends within {part}"),
            Self::LeftOver(part) => write!(f, "the ClientHello has bytes too many after {part}"),
            Self::TooLong => write!(f, "the ClientHello is longer than {MAX_HELLO} bytes"),
            Self::TooManyProtocols => write!(f, "the ClientHello names more than {MAX_PROTOCOLS} protocols"),
            Self::OtherRecord(kind) => write!(f, "a record of type {kind} is no part of a handshake"),
        }
    }
}

impl std::error::Error for HelloError {}

/// A `ClientHello` and the name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// What is on offer.
    pub offer: Hello,
    /// The server name, where one that is text was named.
    pub server_name: Option<String>,
}

/// Reads a whole handshake message, header included; `records` is how many records it came in.
pub fn read(message: &[u8], records: usize) -> Result<ClientHello, HelloError> {
    if message.len() > MAX_HELLO {
        return Err(HelloError::TooLong);
    }
    let mut message_cursor = Cursor::new(message);
    let kind = message_cursor.u8("its type")?;
    if kind != CLIENT_HELLO {
        return Err(HelloError::OtherMessage(kind));
    }
    let mut body = message_cursor.block24("its length")?;
    message_cursor.end("its length")?;

    let mut offer = Hello { bytes: message.len(), records, ..Hello::default() };
    offer.legacy_version = CodePoint(body.u16("the version")?);
    body.take(32, "the random bytes")?;
    body.block8("the session id")?;
    offer.cipher_suites = body.block16("the cipher suites")?.code_points("the cipher suites")?;
    body.block8("the compression methods")?;
    let mut server_name = None;
    // SSL 3.0 and some clients of TLS 1.0 send no extensions at all.
    if !body.is_empty() {
        let mut extensions = body.block16("the extensions")?;
        body.end("the extensions")?;
        while !extensions.is_empty() {
            let number = extensions.u16("an extension's number")?;
            let mut content = extensions.block16("an extension")?;
            offer.extensions.push(CodePoint(number));
            match number {
                SERVER_NAME => server_name = read_server_name(content)?,
                SUPPORTED_GROUPS => {
                    offer.groups = content.block16("the groups")?.code_points("the groups")?;
                }
                POINT_FORMATS => {
                    offer.point_formats = content.block8("the point formats")?.rest().to_vec();
                }
                SIGNATURE_ALGORITHMS => {
                    let list = content.block16("the signature algorithms")?;
                    offer.signature_algorithms = list.code_points("the signature algorithms")?;
                }
                ALPN => offer.alpn = read_protocols(content)?,
                SUPPORTED_VERSIONS => {
                    offer.versions = content.block8("the versions")?.code_points("the versions")?;
                }
                _ => {}
            }
        }
    }
    if !offer.extensions.contains(&CodePoint(SUPPORTED_VERSIONS)) {
        offer.versions = vec![offer.legacy_version];
    }
    offer.sha512 = offer.signature_algorithms.iter().any(|number| uses_sha512(*number));
    offer.ja4 = ja4::fingerprint(&offer);
    Ok(ClientHello { offer, server_name })
}

/// The first name of the only kind there is, a host's (RFC 6066, section 3).
fn read_server_name(mut content: Cursor<'_>) -> Result<Option<String>, HelloError> {
    let part = "the server name";
    let mut names = content.block16(part)?;
    while !names.is_empty() {
        let kind = names.u8(part)?;
        let name = names.block16(part)?;
        if kind == 0 {
            return Ok(std::str::from_utf8(name.rest()).ok().map(str::to_owned));
        }
    }
    Ok(None)
}

/// Names of protocols are bytes; what is no text (GREASE again) is shown as such.
fn read_protocols(mut content: Cursor<'_>) -> Result<Vec<String>, HelloError> {
    let part = "the protocols";
    let mut list = content.block16(part)?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        if protocols.len() == MAX_PROTOCOLS {
            return Err(HelloError::TooManyProtocols);
        }
        let name = list.block8(part)?.rest();
        protocols.push(name.escape_ascii().to_string());
    }
    Ok(protocols)
}

#[cfg(test)]
#[path = "hello_tests.rs"]
mod tests;
