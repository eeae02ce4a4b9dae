//! What is fuzzed, as plain functions: each fuzz target calls one, and `tests/smoke.rs` of the crate calls all of them
//! with the seeds, changed at random, on a stable compiler.

use std::sync::Arc;

use connector_check_diagnosis::responder::CodePoint;
use connector_check_responder::hello::{ClientHello, MAX_HELLO, Recorded, Recorder, read};
use tls_parser::{
    TlsExtension, TlsExtensionType, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions,
    parse_tls_message_handshake,
};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

/// A name, and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; the programs in `fuzz_targets` bear the same names.
pub const TARGETS: [Target; 1] = [("hello", hello)];

/// Bytes of the longest record that a header can announce; one that has begun is taken in whole.
const MAX_RECORD: usize = 64 * 1024;

/// Extensions that both readers look into, by IANA's numbers.
const GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;

/// The first bytes of a connection, in pieces whose length the first byte says: nothing panics, nothing is kept beyond
/// the limit, the pieces do not matter, and where another reader understands the same message, both read the same.
pub fn hello(input: &[u8]) {
    let [size, bytes @ ..] = input else { return };
    let whole = recorded([bytes].into_iter());
    let cut = recorded(bytes.chunks(usize::from(*size) + 1));
    assert_eq!(whole.state(), cut.state());
    // A message that nobody put together from records must be as harmless.
    let _ = read(bytes, 1);
    if whole.state() != Recorded::Whole {
        return;
    }
    assert_eq!(whole.message(), cut.message());
    let (message, records) = whole.message();
    let Ok(ours) = read(message, records) else { return };
    assert_eq!(ours.offer.bytes, message.len());
    // Ten characters, then two hashes of twelve.
    assert_eq!(ours.offer.ja4.chars().count(), 36, "{}", ours.offer.ja4);
    if let Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ClientHello(theirs)))) =
        parse_tls_message_handshake(message)
    {
        let ciphers: Vec<_> = theirs.ciphers.iter().map(|cipher| CodePoint(cipher.0)).collect();
        assert_eq!(ours.offer.cipher_suites, ciphers);
        assert_eq!(ours.offer.legacy_version, CodePoint(theirs.version.0));
        if let Some(Ok(([], extensions))) = theirs.ext.map(parse_tls_client_hello_extensions) {
            same_extensions(&ours, &extensions);
        }
    }
}

fn recorded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Recorder {
    let mut recorder = Recorder::default();
    for piece in pieces {
        recorder.push(piece);
        assert!(recorder.message().0.len() <= MAX_HELLO + MAX_RECORD);
    }
    recorder
}

/// Extensions that stand once; what stands twice no peer may send, and readers differ over which counts.
fn same_extensions(ours: &ClientHello, theirs: &[TlsExtension<'_>]) {
    let only = |wanted: u16| {
        let mut found = theirs.iter().filter(|extension| TlsExtensionType::from(*extension).0 == wanted);
        found.next().filter(|_| found.next().is_none())
    };
    if let Some(TlsExtension::EllipticCurves(groups)) = only(GROUPS) {
        let groups: Vec<_> = groups.iter().map(|group| CodePoint(group.0)).collect();
        assert_eq!(ours.offer.groups, groups);
    }
    if let Some(TlsExtension::SignatureAlgorithms(algorithms)) = only(SIGNATURE_ALGORITHMS) {
        let algorithms: Vec<_> = algorithms.iter().map(|number| CodePoint(*number)).collect();
        assert_eq!(ours.offer.signature_algorithms, algorithms);
    }
}

/// What a client sends first, in several versions and cut into records of several lengths, with a byte before it that
/// says the length of the pieces; and what is no TLS at all.
pub fn seeds() -> Vec<Vec<u8>> {
    let versions: [&[&'static SupportedProtocolVersion]; 3] = [&[&TLS12], &[&TLS13], &[&TLS13, &TLS12]];
    let mut seeds =
        vec![b"\x00GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), b"\x05\x80\x2e\x01\x00\x02".to_vec()];
    for versions in versions {
        for (record, name) in [(None, "responder.example"), (Some(64), "a.example"), (Some(512), "192.0.2.1")]
        {
            for protocols in [&[][..], &[b"h2".to_vec(), b"http/1.1".to_vec()]] {
                seeds.push([&[0xff], &first_bytes(versions, record, name, protocols)[..]].concat());
            }
        }
    }
    seeds
}

fn first_bytes(
    versions: &[&'static SupportedProtocolVersion],
    record: Option<usize>,
    name: &'static str,
    protocols: &[Vec<u8>],
) -> Vec<u8> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("the provider speaks both")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = protocols.to_vec();
    config.max_fragment_size = record;
    let name = name.try_into().expect("it is a name or an address");
    let mut bytes = Vec::new();
    ClientConnection::new(Arc::new(config), name)
        .and_then(|mut client| {
            client
                .write_tls(&mut bytes)
                .map_err(|error| tokio_rustls::rustls::Error::General(error.to_string()))
        })
        .expect("a client begins");
    bytes
}
