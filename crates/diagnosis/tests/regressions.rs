//! What once went wrong, each under the name of what it did.

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::decision::Status;
use connector_check_diagnosis::evidence::{Client, Evidence, Progress};
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_diagnosis::{CheckResult, Diagnosis, Verdict, diagnose};

const ANSWERED: Outcome = Outcome::Answered;
const FAILED: Outcome = Outcome::Failed;
const SILENT: Outcome = Outcome::TimedOut;

/// One check: id, address, what is expected; allowed by `*.svc.example` where it is below that.
fn check(id: &str, url: &str, expect: &str) -> String {
    let allow = if url.contains(".svc.example") { "*.svc.example" } else { "x.example" };
    format!(
        r#"{{"id":"{id}","group":"service","title":"T","url":"{url}","need":"required","expect":"{expect}",
        "purpose":"p","allow":"{allow}"}}"#
    )
}

fn catalogue(checks: &[String]) -> String {
    format!(
        r#"{{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],
        "regions":[],"placeholders":[{{"id":"t","title":"T"}}],"checks":[{}]}}"#,
        checks.join(",")
    )
}

/// What was seen by id, canaries included; the ids must be all there are.
fn run(checks: &[String], seen: &[(&str, Outcome)]) -> Diagnosis {
    let catalogue = Catalogue::parse(&catalogue(checks)).unwrap();
    let mut evidence = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true);
    evidence.finished = true;
    assert_eq!(evidence.checks.len(), seen.len(), "{:?}", evidence.checks);
    for (id, outcome) in seen {
        let ms = if *outcome == SILENT { 8_000.0 } else { 30.0 };
        let check = evidence.get_mut(&(*id).into()).unwrap_or_else(|| panic!("no check {id}"));
        check.progress = Progress::Observed(vec![Observation::fetched(*outcome, ms)]);
    }
    diagnose(&evidence)
}

fn status(diagnosis: &Diagnosis, id: &str) -> Status {
    diagnosis.results.iter().find(|result| result.id.0 == id).and_then(CheckResult::status).unwrap()
}

#[test]
fn a_dead_host_of_the_catalogue_vouched_for_all_answers() {
    let checks =
        [check("a", "https://a.example/", "answer"), check("dead", "https://dead.example/", "refusal")];
    let diagnosis = run(&checks, &[("canary-https", SILENT), ("a", ANSWERED), ("dead", FAILED)]);
    assert_eq!(status(&diagnosis, "a"), Status::Inconclusive);
}

#[test]
fn a_canary_of_one_domain_vouched_for_all_others() {
    let checks = [check("a", "https://a.example/", "answer"), check("b", "https://b.svc.example/", "answer")];
    let seen = [("canary-https", SILENT), ("canary-svc-example", FAILED), ("a", ANSWERED), ("b", ANSWERED)];
    let diagnosis = run(&checks, &seen);
    assert_eq!(status(&diagnosis, "a"), Status::Inconclusive);
    assert_eq!(status(&diagnosis, "b"), Status::Reachable);
}

#[test]
fn an_answer_of_this_machine_accused_the_whole_network() {
    let checks =
        [check("a", "https://a.example/", "answer"), check("here", "https://127.0.0.1:9/", "refusal")];
    let diagnosis = run(&checks, &[("canary-https", FAILED), ("a", ANSWERED), ("here", ANSWERED)]);
    assert_eq!(status(&diagnosis, "a"), Status::Reachable);
}

#[test]
fn an_inspecting_proxy_spoiled_what_runs_on_this_machine() {
    let checks = [check("here", "http://127.0.0.2:9090/", "answer")];
    let seen = [("canary-https", ANSWERED), ("canary-http", ANSWERED), ("here", ANSWERED)];
    assert_eq!(status(&run(&checks, &seen), "here"), Status::Reachable);
}

#[test]
fn the_error_pages_of_a_local_proxy_proved_a_network() {
    let checks = [check("a", "https://a.example/", "answer"), check("b", "http://b.example/", "answer")];
    let seen = [("canary-https", FAILED), ("canary-http", ANSWERED), ("a", FAILED), ("b", ANSWERED)];
    let diagnosis = run(&checks, &seen);
    assert_eq!(status(&diagnosis, "a"), Status::Inconclusive);
    assert_ne!(diagnosis.verdict, Some(Verdict::Ready));
}

#[test]
fn a_service_that_speaks_first_or_never_was_called_dropped() {
    let checks = [check("a", "https://a.example/", "answer"), check("tcp", "https://t.example/", "tcp")];
    let diagnosis = run(&checks, &[("canary-https", FAILED), ("a", ANSWERED), ("tcp", SILENT)]);
    assert_eq!(status(&diagnosis, "tcp"), Status::Inconclusive);
}

#[test]
fn a_websocket_that_was_answered_with_a_status_was_called_blocked() {
    let checks = [check("a", "https://a.example/", "answer"), check("w", "wss://w.example/", "answer")];
    let diagnosis = run(&checks, &[("canary-https", FAILED), ("a", ANSWERED), ("w", FAILED)]);
    assert_eq!(status(&diagnosis, "w"), Status::Inconclusive);
}

#[test]
fn placeholders_behind_the_host_and_rules_with_commands_in_them_were_taken() {
    for (url, allow, place) in [
        ("https://h.example/{t}", "h.example", "placeholders may stand in the host only"),
        ("https://h.example/?q={t}", "h.example", "placeholders may stand in the host only"),
        ("https://h.example/", "h.example/x'; Start-Process calc.exe", "is no host"),
        ("https://h.example/", "h.example/x\\ny", "is no host"),
    ] {
        let text = catalogue(&[check("a", url, "answer").replace("x.example", allow)]);
        let error = Catalogue::parse(&text).unwrap_err().to_string();
        assert!(error.contains("check \"a\"") && error.contains(place), "{error}");
    }
}

/// Where Windows was named with its age, refusals were expected at once, which take two seconds on every Windows.
#[test]
fn an_old_windows_was_taken_for_none() {
    for (os, windows) in [
        ("Windows", true),
        ("Windows 8.1, Server 2012 R2 or older", true),
        ("Windows, perhaps 8.1, Server 2012 R2 or older", true),
        ("Linux", false),
        ("", false),
    ] {
        assert_eq!(Client::named("Chrome 109", os).windows, windows, "{os}");
    }
}

/// A path was slow or not by which of two `WebSocket`s was told of first.
#[test]
fn a_path_was_slow_by_the_order_in_which_closer_looks_arrived() {
    let catalogue = Catalogue::parse(&catalogue(&[check("a", "https://a.example/", "answer")])).unwrap();
    let socket = |ms| Observation { probe: Probe::WebSocket, ..Observation::fetched(ANSWERED, ms) };
    let times = [[40.0, 9_000.0], [9_000.0, 40.0]].map(|order| {
        let mut evidence = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true);
        evidence.finished = true;
        evidence.get_mut(&"a".into()).unwrap().progress = Progress::Observed(order.map(socket).to_vec());
        diagnose(&evidence).results.iter().find(|result| result.id.0 == "a").and_then(|a| a.duration_ms)
    });
    assert_eq!(times, [Some(40.0); 2]);
}
