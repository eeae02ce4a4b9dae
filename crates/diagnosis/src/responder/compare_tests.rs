use super::*;
use crate::responder::look::Sent;
use crate::responder::{Client, FORMAT, Ports, Reading, Request, Tls};

/// Hosts of the tests; the first is a name.
const HOST: &str = "probe.example";

fn points<const N: usize>(numbers: [u16; N]) -> Vec<CodePoint> {
    numbers.map(CodePoint).to_vec()
}

/// What Chromium 156 sends (measured).
fn chromium() -> Hello {
    Hello {
        versions: points([0x6a6a, 0x0304, 0x0303]),
        cipher_suites: points([
            0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ]),
        extensions: points([
            0xaaaa, 0x0010, 0xff01, 0x0017, 0x001b, 0x0005, 0x0012, 0x0000, 0x002b, 0x0033, 0x002d, 0x000d,
            0x0023, 0x44cd, 0x000b, 0xca34, 0x000a, 0xfe0d, 0x7a7a,
        ]),
        signature_algorithms: points([
            0xaaaa, 0x0904, 0x0905, 0x0906, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
        ]),
        groups: points([0x1a1a, 0x11ec, 0x001d, 0x0017, 0x0018]),
        point_formats: vec![0],
        ..Hello::default()
    }
}

/// What Firefox 153 sends (measured).
fn firefox() -> Hello {
    Hello {
        versions: points([0x0304, 0x0303]),
        cipher_suites: points([
            0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ]),
        extensions: points([
            0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0023, 0x0010, 0x0005, 0x0022, 0x0012, 0x0033, 0x002b,
            0x000d, 0x002d, 0x001c, 0x001b, 0xfe0d,
        ]),
        signature_algorithms: points([
            0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
        ]),
        groups: points([0x11ec, 0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101]),
        point_formats: vec![0],
        ..Hello::default()
    }
}

/// What OpenSSL 3.0 sends with its defaults, written down by hand.
fn openssl() -> Hello {
    Hello {
        versions: points([0x0304, 0x0303]),
        cipher_suites: points([0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0x00ff]),
        extensions: points([0x0000, 0x000b, 0x000a, 0x0023, 0x0016, 0x0017, 0x000d, 0x002b, 0x002d, 0x0033]),
        signature_algorithms: points([0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x0804, 0x0401]),
        groups: points([0x001d, 0x0017, 0x001e, 0x0019, 0x0018]),
        point_formats: vec![0, 1, 2],
        ..Hello::default()
    }
}

fn look(engine: Option<Engine>, hello: Hello) -> Look {
    let request = Request {
        method: "GET".to_owned(),
        port: 443,
        protocol: "h2".to_owned(),
        host: Some(HOST.to_owned()),
        ..Request::default()
    };
    let tls = Tls {
        version: CodePoint(0x0304),
        cipher_suite: CodePoint(0x1301),
        group: None,
        alpn: Some("h2".to_owned()),
        sni: Some(HOST.to_owned()),
        certificate_signature: None,
        hello: Some(hello),
    };
    let reading = Reading {
        format: FORMAT.to_owned(),
        version: "0.1.0".to_owned(),
        nonce: Some("n".to_owned()),
        client: Client { address: String::new() },
        request,
        tls: Some(tls),
        ports: Ports::default(),
    };
    let sent = Sent { nonce: "n".to_owned(), host: HOST.to_owned(), engine, protocol: "h2".to_owned() };
    Look { sent, phases: None, reading }
}

fn check(look: &Look, expected: Option<Confidence>) {
    let signs = compare(look);
    assert_eq!(confidence(&signs), expected, "{signs:?}");
}

const CHROMIUM: Option<Engine> = Some(Engine::Chromium(156));
const FIREFOX: Option<Engine> = Some(Engine::Firefox(153));

#[test]
fn browsers_themselves_are_never_accused() {
    check(&look(CHROMIUM, chromium()), None);
    check(&look(FIREFOX, firefox()), None);
    check(&look(Some(Engine::Chromium(109)), chromium()), None);
    check(&look(Some(Engine::Firefox(115)), firefox()), None);
}

#[test]
fn what_policies_settings_and_versions_change_is_no_sign() {
    type Change = fn(&mut Hello);
    let changes: [Change; 9] = [
        // Post-quantum key exchange off.
        |hello| hello.groups.retain(|number| number.0 != 0x11ec),
        // Encrypted client hello off.
        |hello| hello.extensions.retain(|number| *number != ENCRYPTED_HELLO),
        // A resumed session: pre_shared_key comes last.
        |hello| hello.extensions.push(CodePoint(0x0029)),
        // SHA-1 off, TLS 1.3 off, most ciphers off.
        |hello| hello.signature_algorithms.retain(|number| ![0x0201, 0x0203].contains(&number.0)),
        |hello| hello.versions.retain(|number| number.0 != 0x0304),
        |hello| hello.cipher_suites.truncate(4),
        // Padding, another order.
        |hello| hello.extensions.push(CodePoint(0x0015)),
        |hello| hello.extensions.reverse(),
        // Something of a future version: an extension, a group, a signature algorithm.
        |hello| {
            hello.extensions.push(CodePoint(0xabcd));
            hello.groups.insert(0, CodePoint(0x11ed));
            hello.signature_algorithms.push(CodePoint(0x0807));
        },
    ];
    for (engine, hello) in [(CHROMIUM, chromium()), (FIREFOX, firefox())] {
        let mut all = hello.clone();
        for change in changes {
            let mut one = hello.clone();
            change(&mut one);
            check(&look(engine, one), None);
            change(&mut all);
        }
        check(&look(engine, all), None);
    }
    // Each extension of the list gone, alone: stapling switched off, a future version without it.
    for (engine, hello) in [(CHROMIUM, chromium()), (FIREFOX, firefox())] {
        for number in hello.extensions.clone() {
            let mut one = hello.clone();
            one.extensions.retain(|other| *other != number);
            check(&look(engine, one), None);
        }
    }
}

#[test]
fn the_hello_of_another_library_is_proof() {
    check(&look(CHROMIUM, openssl()), Some(Confidence::Proven));
    check(&look(FIREFOX, openssl()), Some(Confidence::Proven));
    check(&look(CHROMIUM, firefox()), None);
    check(&look(FIREFOX, chromium()), Some(Confidence::Proven));
}

#[test]
fn of_unknown_and_very_old_browsers_nothing_is_claimed() {
    for engine in [None, Some(Engine::Chromium(80)), Some(Engine::Firefox(60))] {
        check(&look(engine, openssl()), None);
    }
}

#[test]
fn what_only_an_intermediary_writes_is_proof_and_what_an_add_on_may_write_is_a_hint() {
    let change = |change: fn(&mut Look)| {
        let mut look = look(CHROMIUM, chromium());
        change(&mut look);
        look
    };
    check(&change(|look| look.reading.request.via = vec!["1.1 proxy".to_owned()]), Some(Confidence::Proven));
    check(&change(|look| look.reading.nonce = None), Some(Confidence::Proven));
    check(&change(|look| look.reading.nonce = Some("old".to_owned())), Some(Confidence::Proven));
    let forwarded = change(|look| look.reading.request.x_forwarded_for = vec!["10.0.0.1".to_owned()]);
    check(&forwarded, Some(Confidence::Likely));
    check(&change(|look| look.reading.request.host = Some("inner".to_owned())), Some(Confidence::Likely));
    check(&change(|look| look.sent.protocol = "http/1.1".to_owned()), Some(Confidence::Likely));
    let both = change(|look| {
        look.reading.request.x_forwarded_for = vec!["10.0.0.1".to_owned()];
        look.sent.protocol = "http/1.1".to_owned();
    });
    check(&both, Some(Confidence::Proven));
    check(&change(|look| look.sent.protocol = String::new()), None);
}

#[test]
fn another_server_name_counts_only_where_a_browser_could_not_have_sent_it() {
    let named = |sni: Option<&str>, protocol: &str, encrypted: bool| {
        let mut look = look(CHROMIUM, chromium());
        if let Some(tls) = &mut look.reading.tls {
            tls.sni = sni.map(str::to_owned);
            if let Some(hello) = tls.hello.as_mut().filter(|_| !encrypted) {
                hello.extensions.retain(|number| *number != ENCRYPTED_HELLO);
            }
        }
        look.reading.request.protocol = protocol.to_owned();
        look.sent.protocol = protocol.to_owned();
        look
    };
    check(&named(Some("other.example"), "http/1.1", false), Some(Confidence::Proven));
    check(&named(None, "http/1.1", false), Some(Confidence::Proven));
    // One connection for two names of one server.
    check(&named(Some("other.example"), "h2", false), None);
    // The name in the clear is another by design.
    check(&named(Some("outer.example"), "http/1.1", true), None);
    // Addresses have no server name.
    let mut address = named(None, "http/1.1", false);
    address.sent.host = "192.0.2.1".to_owned();
    address.reading.request.host = Some("192.0.2.1:9090".to_owned());
    check(&address, None);
    // A browser writes this one in its own way.
    address.sent.host = "::ffff:192.0.2.1".to_owned();
    address.reading.request.host = Some("[::ffff:c000:201]:9090".to_owned());
    check(&address, None);
    address.reading.request.host = Some("[::ffff:c000:202]:9090".to_owned());
    check(&address, Some(Confidence::Likely));
}

#[test]
fn a_responder_behind_a_device_that_ends_tls_accuses_nobody() {
    let mut look = look(CHROMIUM, openssl());
    look.reading.tls = None;
    look.reading.request.x_forwarded_for = vec!["203.0.113.7".to_owned()];
    check(&look, None);
}

#[test]
fn hosts_are_compared_without_their_ports() {
    for (written, host) in [
        ("Probe.Example", "probe.example"),
        ("probe.example:8443", "probe.example"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.1:80", "192.0.2.1"),
    ] {
        assert_eq!(without_port(written), host);
    }
}
