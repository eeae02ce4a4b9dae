use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::*;

/// The first bytes of a client that really exists, records and all.
fn wire() -> Vec<u8> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = "responder.example".try_into().unwrap();
    let mut bytes = Vec::new();
    ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut bytes).unwrap();
    bytes
}

/// The message in one record.
fn message() -> Vec<u8> {
    wire()[5..].to_vec()
}

fn record(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[22, 3, 1, length[0], length[1]], content].concat()
}

/// The way of a connection's bytes through both readers.
fn read_wire(pieces: &[&[u8]]) -> Result<ClientHello, Recorded> {
    let mut recorder = Recorder::default();
    for piece in pieces {
        recorder.push(piece);
    }
    match recorder.state() {
        Recorded::Whole => {
            let (message, records) = recorder.message();
            read(message, records).map_err(Recorded::Failed)
        }
        other => Err(other),
    }
}

#[test]
fn a_real_hello_tells_what_its_client_offers() {
    let hello = read_wire(&[&wire()]).unwrap();
    assert_eq!(hello.server_name.as_deref(), Some("responder.example"));
    let offer = hello.offer;
    assert_eq!(offer.versions, [0x0304, 0x0303].map(CodePoint));
    assert!(offer.cipher_suites.contains(&CodePoint(0x1301)));
    assert!(offer.signature_algorithms.contains(&CodePoint(0x0806)) && offer.sha512);
    assert_eq!(offer.alpn, ["h2", "http/1.1"]);
    assert_eq!((offer.records, offer.bytes), (1, message().len()));
    assert!(offer.ja4.starts_with("t13d") && offer.ja4.contains("h2_"), "{}", offer.ja4);
}

#[test]
fn segments_and_records_may_be_cut_anywhere() {
    let whole = read_wire(&[&wire()]).unwrap();
    let (wire, message) = (wire(), message());
    // The random parts differ from one hello to the next; what is offered does not.
    for cut in 0..=wire.len() {
        assert_eq!(read_wire(&[&wire[..cut], &wire[cut..]]).unwrap().offer.ja4, whole.offer.ja4, "{cut}");
    }
    for cut in 1..message.len() {
        let records = [record(&message[..cut]), record(&message[cut..])].concat();
        let hello = read_wire(&[&records]).unwrap();
        assert_eq!((hello.offer.records, hello.offer.ja4), (2, whole.offer.ja4.clone()), "{cut}");
    }
    let single: Vec<_> = message.chunks(1).flat_map(record).collect();
    let pieces: Vec<_> = single.chunks(1).collect();
    assert_eq!(read_wire(&pieces).unwrap().offer.records, message.len());
}

#[test]
fn half_a_hello_is_waited_for() {
    let wire = wire();
    for length in 0..wire.len() {
        assert_eq!(read_wire(&[&wire[..length]]), Err(Recorded::Partly), "{length}");
    }
}

#[test]
fn what_follows_is_of_no_concern() {
    let mut bytes = wire();
    bytes.extend_from_slice(b"\x14\x03\x03\x00\x01\x01");
    assert!(read_wire(&[&bytes]).is_ok());
    let mut together = message();
    let length = together.len();
    together.extend_from_slice(&[2, 0, 0, 0]);
    let hello = read_wire(&[&record(&together)]).unwrap();
    assert_eq!(hello.offer.bytes, length);
}

#[test]
fn other_things_are_no_hello() {
    let failed = |bytes: &[u8]| read_wire(&[bytes]).unwrap_err();
    assert_eq!(failed(b"GET / HTTP/1.1\r\n"), Recorded::Failed(HelloError::OtherRecord(b'G')));
    assert_eq!(failed(b"\x80\x2e\x01\x00\x02"), Recorded::Failed(HelloError::OtherRecord(0x80)));
    assert_eq!(failed(&record(&[2, 0, 0, 0])), Recorded::Failed(HelloError::OtherMessage(2)));
    assert_eq!(failed(&record(&[1, 1, 0, 0])), Recorded::Failed(HelloError::TooLong));
    let empty = Recorded::Failed(HelloError::Short("a record without content"));
    assert_eq!(failed(&[22, 3, 1, 0, 0]), empty);
}

#[test]
fn nothing_grows_beyond_the_limit() {
    let mut recorder = Recorder::default();
    let endless = [record(&[1, 0xff, 0xff, 0xff]), record(&[0; 16_384])].concat();
    for _ in 0..100 {
        recorder.push(&endless);
    }
    assert_eq!(recorder.state(), Recorded::Failed(HelloError::TooLong));
    assert!(recorder.message().0.len() <= MAX_HELLO);
}

#[test]
fn lengths_that_lie_are_named() {
    let mut short = message();
    short.truncate(20);
    assert_eq!(read(&short, 1), Err(HelloError::Short("its length")));
    let mut bytes = message();
    bytes.push(0);
    assert_eq!(read(&bytes, 1), Err(HelloError::LeftOver("its length")));
    // Version, random, no session, three bytes of cipher suites.
    let body = [&[3, 3][..], &[0; 32], &[0], &[0, 3, 1, 2, 3], &[1, 0]].concat();
    let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    assert_eq!(read(&message, 1), Err(HelloError::LeftOver("the cipher suites")));
}

#[test]
fn a_hello_without_extensions_is_as_old_as_it_says() {
    let body = [&[3, 1][..], &[0; 32], &[0], &[0, 2, 0, 0x2f], &[1, 0]].concat();
    let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], &body[..]].concat();
    let hello = read(&message, 1).unwrap();
    assert_eq!(hello.offer.versions, [CodePoint(0x0301)]);
    assert!(!hello.offer.sha512);
    assert!(hello.offer.ja4.starts_with("t10i010000_"), "{}", hello.offer.ja4);
}

/// What the fuzz target does without end, for a while on every run: nothing panics, what is read does not depend
/// on how it was cut, and where another reader understands the same bytes, both read the same.
#[test]
fn damaged_hellos_are_read_or_refused_and_never_differently() {
    use tls_parser::{TlsMessage, TlsMessageHandshake, parse_tls_message_handshake};
    let mut dice = fastrand::Rng::with_seed(0x5eed_5eed_5eed_5eed);
    let original = wire();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = original.clone();
        for _ in 0..=dice.usize(..4) {
            let place = dice.usize(..bytes.len());
            match dice.usize(..4) {
                0 => bytes[place] = dice.u8(..),
                1 => bytes.truncate(place.max(1)),
                2 => bytes.insert(place, dice.u8(..)),
                _ => bytes[place] ^= 1 << dice.usize(..8),
            }
        }
        let whole = read_wire(&[&bytes]);
        let cut = dice.usize(..bytes.len());
        assert_eq!(whole, read_wire(&[&bytes[..cut], &bytes[cut..]]), "{bytes:02x?} cut at {cut}");
        let Ok(hello) = whole else {
            refused += 1;
            continue;
        };
        accepted += 1;
        let mut recorder = Recorder::default();
        recorder.push(&bytes);
        let (message, _) = recorder.message();
        if let Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ClientHello(other)))) =
            parse_tls_message_handshake(message)
        {
            let theirs: Vec<_> = other.ciphers.iter().map(|cipher| CodePoint(cipher.0)).collect();
            assert_eq!(hello.offer.cipher_suites, theirs, "{bytes:02x?}");
            assert_eq!(hello.offer.legacy_version, CodePoint(other.version.0));
        }
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} accepted, {refused} refused");
}
