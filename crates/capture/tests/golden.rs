//! Captures of real traffic, made by `golden/make.sh`, and what must be read from them.

use connector_check_capture::facts::{
    CaptureFacts, Connection, Ending, HashFamily, Opening, Side, Version, Warning,
};
use connector_check_capture::read;
use serde::Deserialize;

mod common;

#[derive(Debug, PartialEq, Deserialize)]
struct Expected {
    facts: CaptureFacts,
    warnings: Vec<Warning>,
}

#[test]
fn every_case_gives_what_stands_beside_it() {
    for (name, folder) in common::golden() {
        let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: Expected = serde_json::from_str(&expected).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (facts, warnings) = read(&name, &std::fs::read(folder.join("capture")).unwrap());
        assert_eq!(Expected { facts, warnings }, expected, "{name}");
    }
}

/// The connections of a case.
fn connections(name: &str) -> Vec<Connection> {
    let (_, folder) = common::golden().into_iter().find(|(case, _)| case == name).expect(name);
    let (facts, warnings) = read(name, &std::fs::read(folder.join("capture")).unwrap());
    assert_eq!(warnings, [], "{name}");
    facts.connections
}

fn one(name: &str) -> Connection {
    let mut connections = connections(name);
    assert_eq!(connections.len(), 1, "{name}");
    connections.remove(0)
}

#[test]
fn a_proxy_says_what_it_wants() {
    let refused = one("proxy-407");
    let [exchange] = &refused.http[..] else { panic!("{:?}", refused.http) };
    assert_eq!((exchange.authority(), exchange.status), (Some(("203.0.113.3", 443)), Some(407)));
    assert_eq!(exchange.proxy_authenticate, ["Negotiate", "NTLM", "Basic"]);
    assert!(exchange.via.as_deref().is_some_and(|via| via.contains("proxy.example")));
    assert!(refused.tls.is_none() && !exchange.authorization);

    for (name, status) in [("proxy-403", 403), ("proxy-502", 502), ("proxy-503", 503)] {
        let connection = one(name);
        assert_eq!(connection.connect().and_then(|exchange| exchange.status), Some(status), "{name}");
    }
}

#[test]
fn browsers_behind_a_proxy_are_read_as_curl_is() {
    for browser in ["chromium", "firefox"] {
        for (case, status) in [("407-basic", 407), ("403", 403), ("bump", 200)] {
            let name = format!("{browser}-proxy-{case}");
            let connections = connections(&name);
            assert!(!connections.is_empty(), "{name}");
            for connection in connections {
                let exchange = connection.connect().expect(&name);
                let asked = (exchange.authority(), exchange.status);
                assert_eq!(asked, (Some(("203.0.113.3", 443)), Some(status)), "{name}");
                let schemes: &[&str] = if status == 407 { &["Basic"] } else { &[] };
                assert_eq!(exchange.proxy_authenticate, schemes, "{name}");
                // Inspection of TLS 1.3 is hidden in a capture, and said to be.
                let tls = connection.tls.as_ref();
                assert_eq!(
                    tls.map(|tls| (tls.in_tunnel, tls.hides_certificates())),
                    (status == 200).then_some((true, true)),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn what_follows_a_refused_connect_on_the_same_connection_is_read() {
    let connections = connections("proxy-407-then-basic");
    let last = connections.last().unwrap();
    let exchange = last.connect().unwrap();
    assert_eq!((exchange.status, exchange.authorization), (Some(200), true));
    let tls = last.tls.as_ref().unwrap();
    assert!(tls.in_tunnel);
    assert_eq!(tls.version(), Some(Version::TLS_1_2));
}

#[test]
fn tls_in_a_tunnel_shows_who_signed() {
    let honest = one("proxy-tunnel-tls12").tls.unwrap();
    assert!(honest.in_tunnel);
    assert_eq!(honest.certificates[0].issuer, "O=Golden Tests, CN=Golden Root");
    assert_eq!(honest.certificates[0].names, ["connector.example", "*.connector.example"]);
    let bumped = one("proxy-bump").tls.unwrap();
    assert_eq!(bumped.certificates[0].issuer, "O=Example Inspection, CN=Example Inspection CA");
    let hidden = one("proxy-tunnel-tls13").tls.unwrap();
    assert!(hidden.hides_certificates() && hidden.certificates.is_empty());
}

#[test]
fn each_version_of_tls_is_told() {
    for (name, version) in [("tls10", 0x0301), ("tls11", 0x0302), ("tls12", 0x0303), ("tls13", 0x0304)] {
        let tls = one(name).tls.expect(name);
        assert_eq!(tls.version(), Some(Version(version)), "{name}");
        assert_eq!(tls.hides_certificates(), version == 0x0304, "{name}");
    }
    let tls = one("tls12").tls.unwrap();
    assert_eq!(tls.server_name(), Some("connector.example"));
    assert!(
        tls.client_hello
            .unwrap()
            .signature_algorithms
            .iter()
            .any(|scheme| scheme.hash() == HashFamily::Sha512)
    );
    let retried = one("tls13-retry").tls.unwrap();
    assert!(retried.retry_ms.is_some() && retried.server_hello.is_some());
    assert!(one("tls12-client-certificate").tls.unwrap().client_certificate_requested);
    assert_eq!(
        one("tls12-sha512").tls.unwrap().certificates[0].signature_algorithm,
        "sha512WithRSAEncryption"
    );
}

#[test]
fn alerts_are_told_with_who_sent_them() {
    let version = one("alert-version").tls.unwrap();
    let alerts: Vec<_> = version.alerts.iter().map(|alert| (alert.from, alert.name())).collect();
    assert_eq!(alerts, [(Side::Server, "protocol_version")]);
    let unknown = one("alert-unknown-ca").tls.unwrap();
    let alerts: Vec<_> = unknown.alerts.iter().map(|alert| (alert.from, alert.name())).collect();
    assert_eq!(alerts, [(Side::Client, "unknown_ca")]);
}

#[test]
fn attempts_to_connect_are_told_apart() {
    let dropped = one("syn-dropped");
    assert_eq!(dropped.opening, Opening::Unanswered);
    assert_eq!(dropped.syns_ms.len(), 1 + dropped.syn_retransmissions as usize);
    assert!(dropped.syn_retransmissions >= 2, "{dropped:?}");
    // Linux waits one second, the first times or each time twice as long, by its version.
    let waits: Vec<f64> = dropped.syns_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((900.0..1200.0).contains(&waits[0]) && waits.last() > Some(&1800.0), "{waits:?}");
    assert_eq!(one("syn-refused").opening, Opening::Refused);
    assert_eq!(one("syn-prohibited").opening, Opening::Unreachable);
    let retried = one("syn-retried");
    assert_eq!(retried.opening, Opening::Answered);
    assert!(retried.syn_retransmissions >= 1 && retried.tls.is_some());
    assert!(retried.close.is_some_and(|close| close.how == Ending::Fin));
}

#[test]
fn what_answers_of_name_servers_and_tls_call_an_address_is_told_where_a_connection_does_not() {
    let [dropped, answered] = &connections("syn-dropped-named")[..] else { panic!() };
    assert_eq!((dropped.opening, dropped.host()), (Opening::Unanswered, None));
    assert_eq!(dropped.names, ["connector.example", "www.connector.example"]);
    assert_eq!((answered.host(), &answered.names[..]), (Some("www.connector.example"), &[][..]));
}

#[test]
fn every_way_through_the_layers_leads_to_the_same() {
    assert!(one("ipv6").client.address.is_ipv6());
    assert_eq!(one("ipv6").tls.unwrap().server_name(), Some("connector.example"));
    assert_eq!(one("vlan").tls.unwrap().version(), Some(Version::TLS_1_2));
}
