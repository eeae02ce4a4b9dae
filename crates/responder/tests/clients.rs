//! The responder against clients that others have made: curl and OpenSSL, at every version they speak.

#![cfg(unix)]

mod lab;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use connector_check_diagnosis::responder::CodePoint;
use lab::{Lab, openssl, port};

const TLS12: CodePoint = CodePoint(0x0303);
const TLS13: CodePoint = CodePoint(0x0304);

fn url(port: u16) -> String {
    format!("https://localhost:{port}/?nonce=n-1")
}

#[test]
fn curl_is_told_what_it_offered_over_both_protocols() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--http2"]);
    for (option, protocol) in [("--http1.0", "http/1.0"), ("--http1.1", "http/1.1"), ("--http2", "h2")] {
        let reading = lab.reading(&[option, "--user-agent", "probe/1", &url(https)]);
        assert_eq!(reading.nonce.as_deref(), Some("n-1"));
        assert_eq!(reading.request.protocol, protocol);
        assert_eq!(reading.request.host, Some(format!("localhost:{https}")));
        assert_eq!(reading.request.user_agent.as_deref(), Some("probe/1"));
        assert_eq!(reading.request.port, https);
        let tls = reading.tls.unwrap();
        assert_eq!((tls.version, tls.sni.as_deref()), (TLS13, Some("localhost")));
        assert_eq!(tls.alpn.as_deref(), Some(protocol));
        assert_eq!(tls.certificate_signature.as_deref(), Some("sha256WithRSAEncryption"));
        let hello = tls.hello.unwrap();
        assert!(hello.versions.starts_with(&[TLS13, TLS12]), "{:?}", hello.versions);
        assert!(hello.sha512 && hello.cipher_suites.contains(&tls.cipher_suite));
        assert!(hello.ja4.starts_with("t13d"), "{}", hello.ja4);
    }
}

#[test]
fn http2_is_offered_only_where_that_is_asked() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let reading = lab.reading(&["--http2", &url(https)]);
    assert_eq!(reading.request.protocol, "http/1.1");
    let tls = reading.tls.unwrap();
    assert_eq!(tls.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(tls.hello.unwrap().alpn, ["h2", "http/1.1"], "what the client offers is told all the same");
}

#[test]
fn a_connection_ends_with_the_answer_where_that_is_asked() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--http2"]);
    for protocol in ["--http1.1", "--http2"] {
        // How many connections each of two requests made.
        for (query, connections) in [("nonce=a", "10"), ("nonce=a&close=1", "11")] {
            let address = format!("https://localhost:{https}/?{query}");
            let asked = lab.curl(&[
                protocol,
                "--output",
                "/dev/null",
                "--output",
                "/dev/null",
                "--write-out",
                "%{num_connects}",
                &address,
                &address,
            ]);
            assert!(asked.status.success(), "{protocol} {query}: {asked:?}");
            assert_eq!(String::from_utf8_lossy(&asked.stdout), connections, "{protocol} {query}");
        }
    }
}

#[test]
fn addresses_are_those_of_the_client_in_both_families() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let v4 = lab.reading(&[&format!("https://127.0.0.1:{https}/")]);
    assert_eq!((v4.client.address.as_str(), v4.nonce), ("127.0.0.1", None));
    assert_eq!(v4.tls.unwrap().sni, None);
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!(
            "SKIPPED addresses_are_those_of_the_client_in_both_families (IPv6): this machine has no ::1"
        );
        return;
    }
    let v6 = lab.reading(&["--globoff", &format!("https://[::1]:{https}/")]);
    assert_eq!(v6.client.address, "::1");
}

#[test]
fn openssl_at_each_version() {
    let (https, only12, only13) = (port(), port(), port());
    let [a, b, c] = [https, only12, only13].map(|port| port.to_string());
    let lab = Lab::start(&["--ports", &a, "--tls12", &b, "--tls13", &c, "--log-requests"]);
    let ask = |port, version: &str| openssl(&lab.ca(), port, &[version]);
    for (port, version, agreed) in [
        (https, "-tls1_2", TLS12),
        (https, "-tls1_3", TLS13),
        (only12, "-tls1_2", TLS12),
        (only13, "-tls1_3", TLS13),
    ] {
        let tls = ask(port, version).unwrap_or_else(|error| panic!("{version}: {error}")).tls.unwrap();
        assert_eq!(tls.version, agreed, "{version} on {port}");
        assert_eq!(tls.hello.unwrap().versions, [agreed]);
    }
    for (port, version) in [(only12, "-tls1_3"), (only13, "-tls1_2")] {
        let refused = ask(port, version).expect_err("a version that this port does not speak");
        assert!(refused.contains("alert protocol version"), "{refused}");
    }
    // rustls speaks nothing older than TLS 1.2; who comes with that is refused by an alert, and its offer is read.
    for (version, name) in [("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1")] {
        let old = ["-cipher", "DEFAULT@SECLEVEL=0", version];
        let refused = openssl(&lab.ca(), https, &old).expect_err(name);
        assert!(refused.contains("SSL alert number"), "{refused}");
    }
    let reading = ask(https, "-tls1_3").unwrap();
    assert_eq!((reading.ports.tls12, reading.ports.tls13), (vec![only12], vec![only13]));
    let (code, log) = lab.terminate();
    assert_eq!(code, Some(0));
    for name in ["offered: TLS 1.0;", "offered: TLS 1.1;"] {
        assert!(log.contains(name), "{log}");
    }
    assert!(!log.contains("127.0.0.1"), "no addresses unless asked: {log}");
}

#[test]
fn the_sha512_port_shows_a_certificate_signed_with_sha512() {
    let (https, sha512) = (port(), port());
    let lab = Lab::start(&["--ports", &https.to_string(), "--sha512", &sha512.to_string()]);
    let reading = lab.reading(&[&url(sha512)]);
    assert_eq!(reading.tls.unwrap().certificate_signature.as_deref(), Some("sha512WithRSAEncryption"));
    assert_eq!(reading.ports.sha512, [sha512]);
    let shown = Command::new("sh")
        .args(["-c", "openssl s_client -connect \"$0\" </dev/null | openssl x509 -noout -text"])
        .arg(format!("127.0.0.1:{sha512}"))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("Signature Algorithm: sha512WithRSAEncryption"), "{shown}");
}

#[test]
fn a_client_without_sha512_is_known_by_its_offer() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string()]);
    let weak = ["-tls1_2", "-sigalgs", "RSA+SHA256:ECDSA+SHA256"];
    let hello = openssl(&lab.ca(), https, &weak).unwrap().tls.unwrap().hello.unwrap();
    assert!(!hello.sha512);
    assert_eq!(hello.signature_algorithms, [0x0401, 0x0403].map(CodePoint));
}

#[test]
fn the_client_certificate_port_takes_none() {
    let (https, client) = (port(), port());
    let lab = Lab::start(&["--ports", &https.to_string(), "--client-certificate", &client.to_string()]);
    for version in ["--tlsv1.3", "--tls-max"] {
        let mut arguments = vec![version];
        if version == "--tls-max" {
            arguments.push("1.2");
        }
        let address = url(client);
        arguments.push(&address);
        let output = lab.curl(&arguments);
        assert!(!output.status.success(), "{version}: {output:?}");
    }
    assert_eq!(lab.reading(&[&url(https)]).ports.client_certificate, [client]);
}

#[test]
fn plain_ports_answer_plainly() {
    let (https, http, echo) = (port(), port(), port());
    let [a, b, c] = [https, http, echo].map(|port| port.to_string());
    let lab = Lab::start(&["--ports", &a, "--http", &b, "--echo", &c]);
    let reading = lab.reading(&["--header", "Via: 1.1 lab", &format!("http://127.0.0.1:{http}/?nonce=x")]);
    assert_eq!((reading.tls, reading.request.via), (None, vec!["1.1 lab".to_owned()]));
    assert_eq!(lab.curl(&[&format!("http://127.0.0.1:{http}/healthz")]).stdout, b"ok\n");

    let mut stream = TcpStream::connect(("127.0.0.1", echo)).unwrap();
    stream.write_all(b"are you there?").unwrap();
    let mut back = [0; 14];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"are you there?");

    let wrong = lab.curl(&["--write-out", "%{http_code}", &format!("http://127.0.0.1:{https}/")]);
    let text = String::from_utf8_lossy(&wrong.stdout);
    assert_eq!(text, "This port speaks HTTPS; write https:// instead.\n400");
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--handshake-timeout", "1", "--idle-timeout", "1"]);
    let begun = Instant::now();
    for opening in [&b""[..], &b"\x16\x03\x01\x02\x00\x01"[..]] {
        let mut stream = TcpStream::connect(("127.0.0.1", https)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(opening).unwrap();
        assert!(matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_)), "closed");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    lab.reading(&[&url(https)]);
}

#[test]
fn one_address_may_not_ask_without_end() {
    let http = port();
    let lab = Lab::start(&["--http", &http.to_string(), "--rate", "1", "--burst", "3"]);
    let address = format!("http://127.0.0.1:{http}/");
    let asked = lab.curl(&[
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code} ",
        &address,
        &address,
        &address,
        &address,
        &address,
    ]);
    let codes = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(codes.contains("429"), "{codes}");
    assert!(codes.starts_with('2') || codes.starts_with('{'), "{codes}");
}

#[test]
fn long_requests_are_refused_and_short_ones_go_on() {
    let https = port();
    let lab = Lab::start(&["--ports", &https.to_string(), "--http2"]);
    let long = format!("X-Long: {}", "x".repeat(60_000));
    for option in ["--http1.1", "--http2"] {
        let output = lab.curl(&[option, "--header", &long, "--write-out", "%{http_code}", &url(https)]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.ends_with("200"), "{option}: {text}");
        lab.reading(&[option, &url(https)]);
    }
}
