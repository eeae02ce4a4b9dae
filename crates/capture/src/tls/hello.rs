//! ClientHello and ServerHello.

use tls_parser::{
    SNIType, TlsCipherSuite, TlsExtension, parse_tls_client_hello_extension,
    parse_tls_handshake_client_hello, parse_tls_handshake_server_hello, parse_tls_server_hello_extension,
};

use super::{conversation, versions};
use crate::conversation::Talk;
use crate::facts::{ClientHello, Scheme, ServerHello, Version};

/// The random bytes that make a ServerHello a HelloRetryRequest (RFC 8446, section 4.1.3): SHA-256 of that word.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Drafts of TLS 1.3 say their number in the version field up to number 21, and have neither session nor compression in
/// their ServerHello (draft-ietf-tls-tls13-21, section 4.1.3).
const DRAFTS: std::ops::RangeInclusive<u16> = 0x7f00..=0x7f15;

/// Where the cipher suite of such a draft stands, behind version and random bytes.
const DRAFT_CIPHER: usize = 34;

/// DNS allows 253 characters.
const MAX_NAME: usize = 255;

/// Lists longer than this are cut; no real client comes near.
const MAX_LIST: usize = 64;

/// Reads a ClientHello, or what is left of one that was `cut`. The name that it asks for.
pub fn client(body: &[u8], cut: bool, talk: &mut Talk<'_>) -> Option<String> {
    let (_, parsed) = parse_tls_handshake_client_hello(body).ok()?;
    let mut hello = ClientHello {
        at_ms: talk.at_ms,
        version: Version(parsed.version.0),
        ciphers: parsed.ciphers.len(),
        cut,
        ..ClientHello::default()
    };
    for extension in extensions(parsed.ext.unwrap_or_default()) {
        let Ok((_, extension)) = parse_tls_client_hello_extension(extension) else { continue };
        match extension {
            TlsExtension::SNI(names) => {
                let host = names.iter().find(|(kind, _)| *kind == SNIType::HostName);
                hello.server_name = host.map(|(_, name)| text(name));
            }
            TlsExtension::SupportedVersions(list) => {
                hello.versions = real(list.iter().map(|version| version.0)).map(Version).collect();
            }
            TlsExtension::SignatureAlgorithms(list) => {
                hello.signature_algorithms = real(list.into_iter()).map(Scheme).collect();
            }
            TlsExtension::ALPN(list) => {
                let names = list.iter().take(MAX_LIST).map(|name| text(name));
                // Chromium mixes in made-up names too, of two equal bytes.
                hello.alpn = names.filter(|name| name.chars().all(|c| c.is_ascii_graphic())).collect();
            }
            _ => {}
        }
    }
    let weight = 32 + hello.alpn.len() * 32 + 2 * (hello.signature_algorithms.len() + hello.versions.len());
    let name = hello.server_name.clone();
    if cut && name.is_none() {
        return None;
    }
    if talk.facts.tls.as_ref().is_none_or(|tls| tls.client_hello.is_none())
        && talk.keep(weight + name.as_ref().map_or(0, String::len))
        && let Some(tls) = conversation(talk)
    {
        tls.client_hello.get_or_insert(hello);
    }
    name
}

/// Reads a ServerHello, or what is left of one that was `cut`. Its versions, as they are counted.
pub fn server(body: &[u8], cut: bool, talk: &mut Talk<'_>) -> Option<String> {
    let version = Version(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
    let body = if is_draft(body) { &as_final(body)? } else { body };
    let (_, parsed) = parse_tls_handshake_server_hello(body).ok()?;
    let mut hello = ServerHello {
        at_ms: talk.at_ms,
        version,
        cipher: parsed.cipher.0,
        cipher_name: TlsCipherSuite::from_id(parsed.cipher.0).map(|suite| suite.name.to_owned()),
        ..ServerHello::default()
    };
    for extension in extensions(parsed.ext.unwrap_or_default()) {
        // The parser takes the list of a ClientHello for it as well; here it is one number.
        if let [0, 43, 0, 2, high, low] = extension {
            hello.selected = Some(Version(u16::from_be_bytes([*high, *low])));
        } else if let Ok((_, TlsExtension::ALPN(list))) = parse_tls_server_hello_extension(extension) {
            hello.alpn = list.first().map(|name| text(name));
        }
    }
    let at_ms = talk.at_ms;
    let counted = versions(hello.version, hello.selected);
    // What it really chose may stand in what was cut off.
    if cut && hello.selected.is_none() && hello.version >= Version::TLS_1_2 {
        return Some(counted);
    }
    if parsed.random == RETRY {
        if let Some(tls) = conversation(talk) {
            tls.retry_ms.get_or_insert(at_ms);
        }
    } else if talk.facts.tls.as_ref().is_none_or(|tls| tls.server_hello.is_none())
        && talk.keep(64 + hello.cipher_name.as_ref().map_or(0, String::len))
        && let Some(tls) = conversation(talk)
    {
        tls.server_hello.get_or_insert(hello);
    }
    Some(counted)
}

/// Whether a ServerHello has the form of the drafts.
fn is_draft(body: &[u8]) -> bool {
    matches!(body, [high, low, ..] if DRAFTS.contains(&u16::from_be_bytes([*high, *low])))
}

/// The ServerHello of a draft in the form that TLS got in the end.
fn as_final(body: &[u8]) -> Option<Vec<u8>> {
    let (random, rest) = body.get(2..)?.split_at_checked(DRAFT_CIPHER - 2)?;
    let (cipher, extensions) = rest.split_at_checked(2)?;
    Some([&Version::TLS_1_2.0.to_be_bytes(), random, &[0], cipher, &[0], extensions].concat())
}

/// The beginning of a hello without the extensions that are not all there; `None` if that is too little to read.
pub fn mended(body: &[u8], from_server: bool) -> Option<Vec<u8>> {
    const BEFORE_SESSION: usize = 34;
    let mut at = BEFORE_SESSION;
    if !(from_server && is_draft(body)) {
        at += 1 + usize::from(*body.get(at)?);
    }
    if from_server {
        at += if is_draft(body) { 2 } else { 3 };
    } else {
        at += 2 + usize::from(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
        at += 1 + usize::from(*body.get(at)?);
    }
    let mut mended = body.get(..at)?.to_vec();
    if let Some(list) = body.get(at + 2..) {
        let whole: Vec<u8> = extensions(list).flatten().copied().collect();
        mended.extend(u16::try_from(whole.len()).ok()?.to_be_bytes());
        mended.extend(whole);
    }
    Some(mended)
}

/// The extensions one by one, each with its head. Ends where one is cut.
fn extensions(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = 4 + usize::from(u16::from_be_bytes([*data.get(2)?, *data.get(3)?]));
        let (extension, rest) = data.split_at_checked(length)?;
        data = rest;
        Some(extension)
    })
}

/// Without the made-up values of RFC 8701.
fn real(numbers: impl Iterator<Item = u16>) -> impl Iterator<Item = u16> {
    numbers.filter(|number| number & 0x0f0f != 0x0a0a || number >> 8 != number & 0xff).take(MAX_LIST)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(MAX_NAME).collect()
}
