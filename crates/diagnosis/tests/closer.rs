//! What closer looks make of a failure, one case for each row of the table in `facts.rs`; and what once went wrong with it.

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::evidence::{Client, Engine, Evidence, Progress};
use connector_check_diagnosis::observation::{Observation, Outcome, Probe, SENT};
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_diagnosis::{CheckResult, Diagnosis, diagnose};

/// Reads what was seen: `probe outcome ms detail`, one after the other, divided by `;`.
fn seen(text: &str) -> Vec<Observation> {
    let one = |text: &str| {
        let mut words = text.split_whitespace();
        let mut word = || words.next().unwrap_or_default();
        let probe: Probe = serde_json::from_value(word().into()).unwrap();
        let outcome = match word() {
            "ok" => Outcome::Answered,
            "fail" => Outcome::Failed,
            "hang" => Outcome::TimedOut,
            other => panic!("{other}"),
        };
        let ms = word().parse().unwrap();
        Observation { probe, detail: word().to_owned(), ..Observation::fetched(outcome, ms) }
    };
    text.split(';').map(one).collect()
}

/// A run over `lines` of `id url expect: what was seen`. Names that cannot exist fail after 40 ms, unless a line
/// begins with their id.
fn run(engine: Engine, lines: &str) -> Diagnosis {
    let lines: Vec<_> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let parts = |line: &str| {
        let (what, observed) = line.split_once(": ").unwrap();
        let mut words = what.split_whitespace().map(str::to_owned);
        (words.next().unwrap(), words.next(), words.next(), seen(observed))
    };
    let checks: Vec<_> = lines
        .iter()
        .filter_map(|line| match parts(line) {
            (id, Some(url), Some(expect), _) => Some(format!(
                r#"{{"id":"{id}","group":"service","title":"T","url":"{url}","need":"required",
                "expect":"{expect}","purpose":"p","allow":"*.svc.example"}}"#
            )),
            _ => None,
        })
        .collect();
    let catalogue = Catalogue::parse(&format!(
        r#"{{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],
        "regions":[],"checks":[{}]}}"#,
        checks.join(",")
    ))
    .unwrap();
    let mut evidence = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true);
    evidence.finished = true;
    evidence.client = Client { engine, windows: false };
    for check in &mut evidence.checks {
        check.progress = Progress::Observed(seen("fetch fail 40"));
    }
    for line in &lines {
        let (id, _, _, observed) = parts(line);
        evidence.get_mut(&id.as_str().into()).unwrap().progress = Progress::Observed(observed);
    }
    diagnose(&evidence)
}

/// The status of the check `x`, and all findings with their confidence.
fn check(engine: Engine, lines: &str, status: &str, findings: &[&str]) {
    let diagnosis = run(engine, lines);
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let result = diagnosis.results.iter().find(|result| result.id.0 == "x");
    let found = result.and_then(CheckResult::status).unwrap();
    assert_eq!(word(serde_json::to_value(found).unwrap()), status, "{lines}");
    let all: Vec<_> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            format!("{} {}", finding.code, word(serde_json::to_value(finding.confidence).unwrap()))
        })
        .collect();
    assert_eq!(all, findings, "{lines}");
}

const GOOD: &str = "good https://a.svc.example/ answer: fetch ok 250";
const PACED: &str = "good https://a.svc.example/ answer: fetch ok 250; keep-alive ok 61; keep-alive ok 60";

fn beside(good: &str, line: &str) -> String {
    format!("{good}\n{line}")
}

#[test]
fn an_answer_that_the_browser_keeps_was_called_refused() {
    let kept = "x https://a.svc.example:8443/ answer: fetch fail 200; stream ok 80";
    check(Engine::Chromium, &beside(GOOD, kept), "reachable", &["all-reachable likely"]);
    let sent =
        "x https://a.svc.example:8443/ answer: fetch fail 200 request-sent; repeat fail 70 request-sent";
    check(Engine::Firefox, &beside(GOOD, sent), "inconclusive", &["undecided possible"]);
    let head = "x https://a.svc.example:8443/ answer: fetch fail 1800 request-sent; get ok 190";
    check(Engine::Firefox, &beside(GOOD, head), "reachable", &["all-reachable likely"]);
}

#[test]
fn what_was_sent_to_a_proxy_was_taken_for_tls() {
    let lines = "canary-https: fetch fail 333 request-sent; web-socket fail 229 1006
        good https://a.svc.example/ answer: fetch ok 235
        x https://a.svc.example:9091/ answer: fetch fail 182 request-sent; repeat fail 13 request-sent";
    let both = ["proxy-refuses-port possible", "port-refused possible"];
    check(Engine::Firefox, lines, "unreachable", &both);
}

#[test]
fn a_permission_that_may_be_missing_was_called_a_firewall() {
    let possible = ["local-network-permission possible"];
    let silent = "x https://b.svc.example/ answer: fetch hang 8000 permission-possible";
    check(Engine::Chromium, &beside(GOOD, silent), "inconclusive", &possible);
    // ICE is asked for no permission: what is silent there, too, was dropped.
    let dropped = format!("{silent}; turn hang 10000");
    check(Engine::Chromium, &beside(GOOD, &dropped), "unreachable", &["port-dropped possible"]);
    let refused = "x https://b.svc.example/ answer: fetch fail 190 permission-possible; stream ok 5 permission-possible";
    check(Engine::Chromium, &beside(GOOD, refused), "inconclusive", &possible);
    // An address is shown of public targets only.
    let public = format!("{refused}; turn ok 300");
    check(Engine::Chromium, &beside(GOOD, &public), "reachable", &["all-reachable likely"]);
    // Permissions are for addresses, not for ports.
    let port = "x https://a.svc.example:9090/ answer: fetch hang 8000 permission-possible";
    check(Engine::Chromium, &beside(GOOD, port), "unreachable", &["port-dropped possible"]);
}

#[test]
fn what_waits_for_a_sign_in_was_called_no_internet() {
    let lines = "canary-https: fetch hang 8000; web-socket fail 95 1006
        x https://a.svc.example/ answer: fetch hang 8000";
    check(Engine::Chromium, lines, "inconclusive", &["proxy-requires-authentication likely"]);
}

#[test]
fn a_server_that_waits_for_the_rest_of_a_record_was_called_refused() {
    let lines = "good https://a.svc.example/ answer: fetch ok 250; turns ok 300
        x https://a.svc.example:9443/ answer: fetch fail 12; repeat fail 11; turns fail 20; turn hang 10000";
    let both = ["certificate-not-trusted possible", "tls-handshake-refused possible"];
    check(Engine::Chromium, lines, "unreachable", &both);
}

#[test]
fn a_server_that_is_silent_after_tls_was_called_dropped() {
    let silent =
        "x https://a.svc.example:9090/ answer: fetch hang 8000; deep hang 35000; plain fail 70 request-sent";
    let lines =
        format!("canary-http: fetch fail 40\n{GOOD}\np http://a.svc.example/ answer: fetch ok 90\n{silent}");
    check(Engine::Firefox, &lines, "unreachable", &["accepted-then-silent likely"]);
    let open = "x https://a.svc.example:9090/ answer: fetch hang 8000; deep hang 35000";
    let both = ["port-dropped possible", "accepted-then-silent possible"];
    check(Engine::Firefox, &beside(GOOD, open), "unreachable", &both);
}

#[test]
fn a_certificate_that_a_server_misses_after_the_handshake_is_named() {
    let late = "x https://a.svc.example:9443/ answer: fetch fail 193 (SENT); repeat fail 193 (SENT); web-socket fail 200 CODE";
    let lines = |code: &str| {
        format!("{GOOD}\n{}", late.replace("(SENT)", &format!("({SENT})")).replace("CODE", code))
    };
    check(Engine::Firefox, &lines("1015"), "inconclusive", &["client-certificate-requested likely"]);
    check(Engine::Firefox, &lines("1006"), "inconclusive", &["undecided possible"]);
}

#[test]
fn a_dead_host_among_healthy_siblings_is_called_retired_even_where_it_is_required() {
    let lines = format!(
        "{GOOD}\nb https://b.svc.example/ answer: fetch ok 250\nx https://c.svc.example/ answer: fetch fail 60"
    );
    check(Engine::Chromium, &lines, "unreachable", &["endpoint-retired possible"]);
}

#[test]
fn a_late_failure_of_a_name_that_cannot_exist_left_everything_open() {
    let lines = "canary-https: fetch fail 5136
        x https://a.svc.example/ answer: fetch ok 4560";
    check(Engine::Firefox, lines, "reachable", &["slow-path proven", "all-reachable likely"]);
}

#[test]
fn answers_of_unknown_worth_are_no_proof_of_no_internet() {
    let lines = "canary-https: fetch hang 8000
        canary-svc-example: fetch hang 8000
        good https://a.svc.example/ answer: fetch ok 90
        x https://b.svc.example/ answer: fetch fail 90";
    check(Engine::Firefox, lines, "inconclusive", &["undecided possible"]);
}

#[test]
fn connections_in_the_name_of_what_cannot_exist_are_inspection() {
    let lines = "canary-https: fetch fail 100; web-socket fail 100 1015
        x https://a.svc.example/ answer: fetch fail 100; repeat fail 100; web-socket fail 100 1015";
    check(Engine::Firefox, lines, "unreachable", &["tls-intercepted likely"]);
    let tcp = lines.replace("answer", "tcp");
    check(Engine::Firefox, &tcp, "inconclusive", &["undecided possible"]);
    // Without that, it is the servers' own certificates.
    let own = lines.replace("; web-socket fail 100 1015\n", "; web-socket fail 100 1006\n");
    let both = ["certificate-not-trusted possible", "tls-handshake-refused possible"];
    check(Engine::Firefox, &own, "unreachable", &both);
}

#[test]
fn what_ends_before_a_packet_could_come_back_ends_in_the_browser() {
    let x = "x https://b.svc.example/ answer: fetch fail 1.5; repeat fail 1.2";
    let both = ["blocked-by-add-on possible", "name-not-resolved possible"];
    check(Engine::Firefox, &beside(PACED, x), "inconclusive", &both);
    // Where nothing is far away, everything is as quick.
    let near = ["port-refused possible", "name-not-resolved possible"];
    check(Engine::Firefox, &beside(GOOD, x), "unreachable", &near);
    // ICE passes by add-ons.
    let ice = format!("{x}; turn ok 90; turns ok 120");
    check(Engine::Chromium, &beside(PACED, &ice), "inconclusive", &["blocked-by-add-on likely"]);
}

#[test]
fn times_separate_handshakes_and_refusals() {
    let at = |ms: f64| {
        let x = format!(
            "x https://a.svc.example:9443/ answer: fetch fail {ms}; repeat fail {ms}; timed fail {ms}"
        );
        format!("canary-http: fetch fail 40\n{PACED}\np http://a.svc.example/ answer: fetch ok 90\n{x}")
    };
    for (engine, ms, findings) in [
        (Engine::Chromium, 64.0, ["port-refused likely"].as_slice()),
        (Engine::Chromium, 130.0, &["certificate-not-trusted possible", "tls-handshake-refused possible"]),
        (Engine::Chromium, 192.0, &["accepted-then-silent possible"]),
        (Engine::Chromium, 250.0, &["tls-handshake-refused likely"]),
        (Engine::Chromium, 500.0, &["port-refused possible"]),
        (Engine::Firefox, 64.0, &["port-refused likely"]),
        (Engine::Firefox, 130.0, &["port-refused possible"]),
        (Engine::Firefox, 1_240.0, &["tls-handshake-refused likely"]),
    ] {
        check(engine, &at(ms), "unreachable", findings);
    }
}

#[test]
fn a_name_server_that_stays_silent_is_seen_by_the_time_at_which_the_browser_gives_up() {
    let sure = ["name-not-resolved likely"].as_slice();
    // A server that gives up, or a name server that fails late.
    let open = &["port-dropped possible", "accepted-then-silent possible", "name-not-resolved possible"];
    for (engine, ms, findings) in [
        (Engine::Chromium, 13_100, sure),
        (Engine::Chromium, 12_100, open),
        (Engine::Firefox, 10_000, sure),
        (Engine::Firefox, 13_100, open),
    ] {
        let x = format!("x https://b.svc.example/ answer: fetch hang 8000; deep fail {ms}");
        check(engine, &beside(GOOD, &x), "unreachable", findings);
    }
}

#[test]
fn a_server_that_hangs_up_after_a_while_was_likely_dropped() {
    let hangs = "x https://a.svc.example:9090/ answer: fetch hang 8000; plain hang 5000";
    check(Engine::Chromium, &beside(GOOD, hangs), "unreachable", &["port-dropped likely"]);
    // Only Windows gives up connecting so early.
    let both = ["port-dropped possible", "accepted-then-silent possible"];
    for ms in [12_100, 24_100] {
        let ends = format!("{hangs}; deep fail {ms}");
        check(Engine::Chromium, &beside(GOOD, &ends), "unreachable", &both);
    }
}

#[test]
fn a_reset_far_away_was_called_a_sign_in() {
    let x = "x https://b.svc.example/ answer: fetch fail 7500; web-socket fail 1030 1006";
    let far = ["port-refused possible", "name-not-resolved possible"];
    check(Engine::Firefox, &beside(GOOD, x), "unreachable", &far);
    // Through a proxy it may be a dialog that somebody has closed.
    let proxy = format!("canary-https: fetch fail 333 request-sent\n{GOOD}\n{x}");
    check(Engine::Firefox, &proxy, "inconclusive", &["proxy-requires-authentication possible"]);
}

#[test]
fn the_page_of_a_filter_was_taken_for_the_host() {
    let lines = format!(
        "canary-http: fetch fail 40\n{GOOD}\nx http://b.svc.example/ answer: fetch ok 90
        t https://b.svc.example/ answer: fetch fail 90; repeat fail 90; web-socket fail 90 1015"
    );
    let open = ["certificate-not-trusted possible", "tls-handshake-refused possible", "undecided possible"];
    check(Engine::Firefox, &lines, "inconclusive", &open);
    // A certificate on any port shows who it is.
    let known = format!("{lines}\nu https://b.svc.example:8443/ answer: fetch ok 90");
    check(Engine::Firefox, &known, "reachable", &open[..2]);
}

#[test]
fn a_domain_that_inspection_leaves_alone_was_called_intercepted() {
    let spared = "canary-https: fetch ok 100\nx https://a.svc.example/ answer: fetch ok 250";
    let open = ["answers-fabricated proven", "tls-intercepted proven", "undecided possible"];
    check(Engine::Chromium, spared, "inconclusive", &open);
    let silent = format!("canary-svc-example: fetch hang 8000\n{spared}");
    check(Engine::Chromium, &silent, "intercepted", &open[..2]);
}

#[test]
fn a_machine_for_names_that_nobody_has_was_taken_for_inspection_of_all() {
    let lines = format!(
        "canary-https: fetch fail 100; web-socket fail 100 1015\n{GOOD}
        x https://b.svc.example/ answer: fetch fail 100; repeat fail 100; web-socket fail 100 1015"
    );
    let open =
        ["certificate-not-trusted possible", "tls-handshake-refused possible", "tls-intercepted possible"];
    check(Engine::Firefox, &lines, "unreachable", &open);
}
