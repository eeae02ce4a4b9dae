//! What findings a capture leads to, and what it does not.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use connector_check_capture::facts::Opening;
use connector_check_capture::read;
use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::evidence::{CheckEvidence, Evidence, Progress};
use connector_check_diagnosis::finding::{Finding, FindingCode, Severity};
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use connector_check_diagnosis::plan::{Stage, Target};
use connector_check_diagnosis::scenario::Scenario;
use connector_check_diagnosis::supplements::{Capture, Supplements};
use connector_check_diagnosis::text::Texts;
use connector_check_diagnosis::{Verdict, diagnose};

/// Findings of real captures, those of the capture crate's own tests, without a run.
fn findings(case: &str) -> Vec<Finding> {
    let mut evidence = Evidence::without_run(Supplements::default(), true);
    evidence.supplements.capture = Some(Arc::new(golden(case)));
    diagnose(&evidence).findings
}

fn golden(case: &str) -> Capture {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../capture/tests/golden").join(case).join("capture");
    let (facts, warnings) = read(case, &fs::read(file).unwrap());
    Capture { name: case.to_owned(), facts, warnings }
}

fn check(case: &str, expected: &[FindingCode]) {
    let findings = findings(case);
    let of_capture = findings.iter().map(|finding| finding.code);
    let codes: Vec<_> = of_capture.filter(|code| !matches!(code, FindingCode::Undecided)).collect();
    assert_eq!(codes, expected, "{case}");
    let texts = Texts::for_language("en");
    for finding in &findings {
        assert!(texts.is_complete(&finding.summary), "{case}: {:?}", finding.summary);
        assert!(
            finding.evidence.iter().all(|line| texts.is_complete(line)),
            "{case}: {:?}",
            finding.evidence
        );
    }
}

#[test]
fn real_captures_lead_to_their_findings() {
    check("proxy-407", &[FindingCode::ConnectNeedsAuthentication]);
    check("proxy-403", &[FindingCode::ConnectRefused]);
    check("proxy-502", &[FindingCode::ConnectRefused]);
    check("proxy-503", &[FindingCode::ConnectRefused]);
    check("syn-refused", &[FindingCode::ServiceBusDirectAttempt]);
    check("syn-dropped", &[FindingCode::ServiceBusDirectAttempt]);
    check("alert-version", &[FindingCode::TlsAlert]);
    check("alert-unknown-ca", &[FindingCode::TlsAlert]);
    check("tls10", &[FindingCode::TlsVersionTooOld]);
    check("tls11", &[FindingCode::TlsVersionTooOld]);
}

#[test]
fn what_works_is_called_without_failure() {
    for case in [
        "syn-retried",
        "proxy-407-then-basic",
        "proxy-tunnel-tls12",
        "proxy-tunnel-tls13",
        "tls12",
        "tls13",
        "tls13-retry",
        "ipv6",
    ] {
        check(case, &[FindingCode::CaptureWithoutFailure]);
    }
    // Its name is not one of the service's, so whoever signed for it is not accused.
    check("proxy-bump", &[FindingCode::CaptureWithoutFailure]);
}

#[test]
fn without_failure_is_said_of_what_was_there() {
    let lines = |case: &str, change: &dyn Fn(&mut Capture)| -> (String, Vec<String>) {
        let mut capture = golden(case);
        change(&mut capture);
        let mut evidence = Evidence::without_run(Supplements::default(), true);
        evidence.supplements.capture = Some(Arc::new(capture));
        let findings = diagnose(&evidence).findings;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].code, FindingCode::CaptureWithoutFailure);
        (findings[0].summary.id.clone(), findings[0].evidence.iter().map(|line| line.id.clone()).collect())
    };
    // connector.example is no host of the service.
    let (summary, evidence) = lines("tls13", &|_| {});
    assert_eq!(summary, "finding-capture-without-failure-elsewhere");
    assert_eq!(evidence, ["evidence-capture-connections", "evidence-capture-hidden"]);
    let of_service = |capture: &mut Capture| {
        let tls = capture.facts.connections[0].tls.as_mut().unwrap();
        tls.client_hello.as_mut().unwrap().server_name = Some("T.Bootstrap.MsAppProxy.net".to_owned());
    };
    let (summary, _) = lines("tls13", &of_service);
    assert_eq!(summary, "finding-capture-without-failure");
    // An attempt at the very end of the capture.
    let (_, evidence) = lines("syn-dropped", &|capture| {
        capture.facts.connections.truncate(1);
        let connection = &mut capture.facts.connections[0];
        connection.syns_ms.truncate(1);
        connection.syn_retransmissions = 0;
        capture.facts.duration_ms = connection.start_ms + 500.0;
    });
    assert_eq!(evidence, ["evidence-capture-connections", "evidence-capture-pending"]);
    // What is no capture says so itself.
    let mut evidence = Evidence::without_run(Supplements::default(), true);
    let (facts, warnings) = read("letter.txt", b"Dear Sir or Madam");
    evidence.supplements.capture = Some(Arc::new(Capture { name: "letter.txt".to_owned(), facts, warnings }));
    let codes: Vec<_> = diagnose(&evidence).findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::Undecided]);
}

/// pktmon captures a packet at every layer that it passes, within microseconds.
#[test]
fn a_packet_captured_twice_is_no_second_attempt() {
    let codes = |second_after_ms: f64| -> Vec<FindingCode> {
        let mut capture = golden("syn-dropped");
        capture.facts.connections.truncate(1);
        let connection = &mut capture.facts.connections[0];
        connection.server.port = 443;
        connection.syns_ms = vec![connection.start_ms, connection.start_ms + second_after_ms];
        connection.syn_retransmissions = 1;
        capture.facts.duration_ms = connection.start_ms + 1500.0;
        let mut evidence = Evidence::without_run(Supplements::default(), true);
        evidence.supplements.capture = Some(Arc::new(capture));
        diagnose(&evidence).findings.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(0.02), [FindingCode::CaptureWithoutFailure]);
    assert_eq!(codes(1000.0), [FindingCode::SynUnanswered]);
}

fn scenario(name: &str) -> (Scenario, Evidence) {
    let scenario = Scenario::named(name).unwrap();
    let catalogue = Catalogue::parse(include_str!("../../../catalogues/entra-connector.json")).unwrap();
    let evidence = scenario.evidence(&catalogue);
    (scenario, evidence)
}

#[test]
fn a_public_authority_is_not_accused_and_a_stranger_is() {
    let (_, evidence) = scenario("capture-tls");
    let findings = diagnose(&evidence).findings;
    let found = findings.iter().find(|finding| finding.code == FindingCode::CertificateIntercepted).unwrap();
    let texts = Texts::for_language("en");
    let lines: Vec<_> = found.evidence.iter().map(|line| texts.say(line)).collect();
    assert!(
        lines[0].contains("login.microsoftonline.com:443") && lines[0].contains("Example Inspection CA"),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("GlobalSign")), "{lines:?}");
}

#[test]
fn a_probe_of_the_same_place_supports_or_contradicts() {
    let (_, evidence) = scenario("capture-tls");
    let lines = |evidence: &Evidence| -> Vec<String> {
        let findings = diagnose(evidence).findings;
        let found =
            findings.iter().find(|finding| finding.code == FindingCode::CertificateIntercepted).unwrap();
        found.evidence.iter().map(|line| line.id.clone()).collect()
    };
    assert!(lines(&evidence).contains(&"evidence-capture-contradicted".to_owned()));
    let mut evidence = evidence;
    let of_host = |check: &CheckEvidence| {
        check.endpoint().is_some_and(|endpoint| endpoint.host == "login.microsoftonline.com")
    };
    for check in evidence.checks.iter_mut().filter(|check| of_host(check)) {
        let again = Observation { probe: Probe::Repeat, ..Observation::fetched(Outcome::Failed, 60.0) };
        check.progress = Progress::Observed(vec![Observation::fetched(Outcome::Failed, 60.0), again]);
    }
    let ids = lines(&evidence);
    assert!(ids.contains(&"evidence-capture-supported".to_owned()), "{ids:?}");
    assert!(!ids.contains(&"evidence-capture-contradicted".to_owned()), "{ids:?}");
}

#[test]
fn a_capture_alone_never_blocks() {
    for name in ["capture-proxy", "capture-direct", "capture-tls"] {
        let (_, evidence) = scenario(name);
        let diagnosis = diagnose(&evidence);
        assert_eq!(diagnosis.verdict, Some(Verdict::Degraded), "{name}");
        assert!(diagnosis.findings.iter().all(|finding| finding.severity != Severity::Blocking), "{name}");
    }
}

#[test]
fn service_bus_ports_are_harmless_behind_a_proxy_that_opens_tunnels() {
    let (_, evidence) = scenario("capture-proxy");
    let findings = diagnose(&evidence).findings;
    let found = findings.iter().find(|finding| finding.code == FindingCode::ServiceBusDirectAttempt).unwrap();
    assert_eq!(found.severity, Severity::Info);
}

#[test]
fn an_attempt_is_known_by_the_name_that_its_address_was_given() {
    let found = |evidence: &Evidence| {
        let findings = diagnose(evidence).findings;
        findings.into_iter().find(|finding| finding.code == FindingCode::SynUnanswered).unwrap()
    };
    let told = |finding: &Finding| -> Vec<String> {
        let texts = Texts::for_language("en");
        finding.evidence.iter().map(|line| texts.say(line)).collect()
    };
    let mut evidence = Evidence::without_run(Supplements::default(), true);
    evidence.supplements.capture = Some(Arc::new(golden("syn-dropped-named")));
    let alone = found(&evidence);
    assert_eq!(alone.places, [("connector.example".to_owned(), 8080)]);
    assert!(told(&alone)[0].contains("connector.example:8080 (203.0.113.3)"), "{:?}", told(&alone));

    // A live check of the other name, which shares the address, and then of the port that is dropped.
    let (_, mut evidence) = scenario("capture-tls");
    evidence.supplements.capture = Some(Arc::new(golden("syn-dropped-named")));
    for (outcome, says) in [(Outcome::Failed, "page agrees"), (Outcome::Answered, "page disagrees")] {
        let mut evidence = evidence.clone();
        let of_service = |check: &&mut CheckEvidence| check.planned.stage == Stage::Sweep;
        let check = evidence.checks.iter_mut().find(of_service).unwrap();
        check.planned.target =
            Target::Endpoint(Endpoint::parse("https://www.connector.example:8080/").unwrap());
        let again = Observation { probe: Probe::Repeat, ..Observation::fetched(outcome, 60.0) };
        check.progress = Progress::Observed(vec![Observation::fetched(outcome, 60.0), again]);
        let joined = found(&evidence);
        let lines = told(&joined);
        assert!(
            lines.iter().any(|line| line.contains("www.connector.example:8080") && line.contains(says)),
            "{lines:?}"
        );
    }
}

/// Attempts as `client > server:port name`, with `!` before those that nobody answered.
fn attempts(lines: &[&str]) -> Vec<Finding> {
    let mut capture = golden("syn-dropped");
    let model = capture.facts.connections.remove(0);
    let connection = |(at, line): (usize, &&str)| {
        let mut words = line.trim_start_matches('!').split([' ', '>']).filter(|word| !word.is_empty());
        let mut connection = model.clone();
        connection.id = at as u64;
        connection.client.address = words.next().unwrap().parse().unwrap();
        let server: std::net::SocketAddr = words.next().unwrap().parse().unwrap();
        (connection.server.address, connection.server.port) = (server.ip(), server.port());
        connection.names = words.map(str::to_owned).collect();
        if !line.starts_with('!') {
            connection.opening = Opening::Answered;
            connection.opened_ms = Some(connection.start_ms + 1.0);
        }
        connection
    };
    capture.facts.connections = lines.iter().enumerate().map(connection).collect();
    let mut evidence = Evidence::without_run(Supplements::default(), true);
    evidence.supplements.capture = Some(Arc::new(capture));
    let findings = diagnose(&evidence).findings;
    let texts = Texts::for_language("en");
    assert!(findings.iter().flat_map(|finding| &finding.evidence).all(|line| texts.is_complete(line)));
    findings
}

fn codes_and_lines(findings: &[Finding]) -> (Vec<FindingCode>, Vec<&str>) {
    let lines = findings.iter().flat_map(|finding| &finding.evidence).map(|line| line.id.as_str());
    (findings.iter().map(|finding| finding.code).collect(), lines.collect())
}

#[test]
fn attempts_from_outside_were_called_a_way_out_that_is_closed() {
    let findings = attempts(&["10.0.0.5 > 203.0.113.1:443", "!192.0.2.9 > 10.0.0.5:8443"]);
    let (codes, lines) = codes_and_lines(&findings);
    assert_eq!(codes, [FindingCode::CaptureWithoutFailure]);
    assert!(lines.contains(&"evidence-capture-inbound"), "{lines:?}");
    // A proxy on the machine itself is on the way out.
    let findings = attempts(&["10.0.0.5 > 203.0.113.1:443", "!10.0.0.5 > 10.0.0.5:8888"]);
    assert_eq!(codes_and_lines(&findings).0, [FindingCode::SynUnanswered]);
}

#[test]
fn a_name_that_answers_over_ipv4_was_called_silent_for_its_ipv6() {
    let answers = "10.0.0.5 > 203.0.113.1:443 a.example";
    let findings = attempts(&[answers, "!2001:db8::5 > [2001:db8::1]:443 a.example"]);
    let (codes, lines) = codes_and_lines(&findings);
    assert_eq!(codes, [FindingCode::CaptureWithoutFailure]);
    assert!(lines.contains(&"evidence-capture-other-family"), "{lines:?}");
    // Another port, another name, or another address of the same kind is another matter.
    for other in [
        "!2001:db8::5 > [2001:db8::1]:8443 a.example",
        "!2001:db8::5 > [2001:db8::1]:443 b.example",
        "!10.0.0.5 > 203.0.113.2:443 a.example",
    ] {
        assert_eq!(codes_and_lines(&attempts(&[answers, other])).0, [FindingCode::SynUnanswered], "{other}");
    }
    let findings = attempts(&[answers, "!10.0.0.5 > 203.0.113.2:443 a.example"]);
    assert_eq!(codes_and_lines(&findings).1, ["evidence-capture-unanswered-here"]);
}

/// A browser that answers the proxy spoke for a service that cannot.
#[test]
fn a_tunnel_that_another_program_got_later_hid_the_question_of_the_proxy() {
    let codes = |later_ms: f64| -> Vec<FindingCode> {
        let mut capture = golden("proxy-407");
        let mut other = capture.facts.connections[0].clone();
        other.id = 1;
        let exchange = &mut other.http[0];
        (exchange.at_ms, exchange.status) = (exchange.at_ms + later_ms, Some(200));
        capture.facts.connections.push(other);
        let mut evidence = Evidence::without_run(Supplements::default(), true);
        evidence.supplements.capture = Some(Arc::new(capture));
        diagnose(&evidence).findings.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(100.0), [FindingCode::CaptureWithoutFailure]);
    assert_eq!(codes(30_000.0), [FindingCode::ConnectNeedsAuthentication]);
}

/// Remote desktops and web sites of the machine itself have certificates and versions of their own.
#[test]
fn tls_from_outside_was_judged_as_a_way_out() {
    let codes = |outgoing: Option<[u8; 4]>| -> Vec<FindingCode> {
        let mut capture = golden("tls10");
        let mut other = capture.facts.connections[0].clone();
        (other.id, other.tls) = (1, None);
        (other.client, other.server) = (other.server, other.client);
        if let Some(address) = outgoing {
            other.server.address = address.into();
            capture.facts.connections.push(other);
        }
        let mut evidence = Evidence::without_run(Supplements::default(), true);
        evidence.supplements.capture = Some(Arc::new(capture));
        diagnose(&evidence).findings.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(None), [FindingCode::TlsVersionTooOld]);
    assert_eq!(codes(Some([203, 0, 113, 77])), [FindingCode::CaptureWithoutFailure]);
}
