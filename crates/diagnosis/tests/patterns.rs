//! Which pattern of results leads to which findings: a line for each check, and what must come of it.

use connector_check_diagnosis::catalogue::{Catalogue, Check, CheckId, Expect, Group, Need, Region};
use connector_check_diagnosis::evidence::{Evidence, Progress};
use connector_check_diagnosis::observation::{BrowserLimit, Observation, Outcome};
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_diagnosis::text::Texts;
use connector_check_diagnosis::{Diagnosis, Verdict, diagnose};

/// Reads lines of `group region host:port need outcome`; a host ending in `.svc` is covered by `*.svc.example`,
/// any other by itself. Names that cannot exist fail unless `canaries` says otherwise.
fn run(lines: &str, canaries: Outcome) -> Diagnosis {
    let mut checks = Vec::new();
    let mut outcomes = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let [group, region, place, need, outcome] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not five words: {line}");
        };
        let (host, port) = place.split_once(':').unwrap();
        let group = match group {
            "service" => Group::Service,
            "login" => Group::Login,
            "revocation" => Group::Revocation,
            "control" => Group::Control,
            other => panic!("{other}"),
        };
        let need = match need {
            "required" => Need::Required,
            "recommended" => Need::Recommended,
            "informational" => Need::Informational,
            other => panic!("{other}"),
        };
        let observation = match outcome {
            "ok" => Observation::fetched(Outcome::Answered, 50.0),
            "slow" => Observation::fetched(Outcome::Answered, 4_200.0),
            "fail" => Observation::fetched(Outcome::Failed, 60.0),
            "drop" => Observation::fetched(Outcome::TimedOut, 8_000.0),
            "mixed" => Observation::prevented(BrowserLimit::MixedContent),
            other => panic!("{other}"),
        };
        let scheme = if port == "80" { "http" } else { "https" };
        let (name, allow) = match host.strip_suffix(".svc") {
            Some(name) => (format!("{name}.svc.example"), "*.svc.example".to_owned()),
            None => (format!("{host}.example"), format!("{host}.example")),
        };
        checks.push(Check {
            id: CheckId(format!("{}-{port}", host.replace('.', "-"))),
            group,
            title: host.to_owned(),
            url: format!("{scheme}://{name}:{port}/"),
            region: (region != "-").then(|| region.to_owned()),
            need,
            expect: Expect::Answer,
            purpose: "p".to_owned(),
            allow,
            responder: false,
        });
        outcomes.push(observation);
    }
    let catalogue = Catalogue {
        format: connector_check_diagnosis::catalogue::FORMAT.to_owned(),
        id: "t".to_owned(),
        title: "T".to_owned(),
        updated: "2026-11-20".to_owned(),
        sources: Vec::new(),
        regions: ["central", "east", "west"].map(|id| Region { id: id.into(), title: id.into() }).to_vec(),
        placeholders: Vec::new(),
        checks,
    };
    let mut evidence = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true);
    evidence.finished = true;
    let made = evidence.checks.iter().filter(|check| check.planned.canary.is_some()).count();
    for (at, check) in evidence.checks.iter_mut().enumerate() {
        let observation = match at.checked_sub(made) {
            Some(listed) => outcomes[listed].clone(),
            None => Observation::fetched(canaries, 20.0),
        };
        check.progress = Progress::Observed(vec![observation]);
    }
    diagnose(&evidence)
}

/// `expected`: one line for each finding, `code confidence severity: checks`.
fn check(lines: &str, verdict: Verdict, expected: &[&str]) {
    let diagnosis = run(lines, Outcome::Failed);
    assert_eq!(findings(&diagnosis), expected, "{lines}");
    assert_eq!(diagnosis.verdict, Some(verdict), "{lines}");
}

fn findings(diagnosis: &Diagnosis) -> Vec<String> {
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    diagnosis
        .findings
        .iter()
        .map(|finding| {
            let ids: Vec<_> = finding.checks.iter().map(|id| id.0.as_str()).collect();
            format!(
                "{} {} {}: {}",
                finding.code,
                word(serde_json::to_value(finding.confidence).unwrap()),
                word(serde_json::to_value(finding.severity).unwrap()),
                ids.join(" ")
            )
        })
        .collect()
}

#[test]
fn everything_open() {
    check(
        "service central c.svc:443  required ok
         service east    e.svc:9090 required ok",
        Verdict::Ready,
        &["all-reachable likely info: c-svc-443 e-svc-9090"],
    );
}

#[test]
fn one_port_dropped_everywhere() {
    check(
        "service central c.svc:443  required ok
         service central c.svc:9090 required drop
         service east    e.svc:443  required ok
         service east    e.svc:9090 required drop",
        Verdict::Blocked,
        &["port-dropped likely blocking: c-svc-9090 e-svc-9090"],
    );
}

#[test]
fn a_dead_host_hides_no_port_that_is_dropped_everywhere() {
    check(
        "service central c:443  required ok
         service central c:9090 required drop
         service east    e:443  required ok
         service east    e:9090 required drop
         service west    w:443  required drop
         service west    w:8080 required ok
         service -       d:443  required drop
         service -       d:9090 required drop",
        Verdict::Blocked,
        &[
            "port-dropped likely blocking: c-9090 e-9090",
            "domain-blocked possible blocking: d-443 d-9090",
            "port-dropped possible blocking: w-443",
        ],
    );
}

#[test]
fn two_ports_of_one_cause_are_one_finding() {
    check(
        "service central c.svc:443  required ok
         service central c.svc:9090 required fail
         service central c.svc:9091 required fail
         service east    e.svc:443  required ok
         service east    e.svc:9090 required fail
         service east    e.svc:9091 required fail",
        Verdict::Blocked,
        &["port-refused possible blocking: c-svc-9090 e-svc-9090 c-svc-9091 e-svc-9091"],
    );
}

#[test]
fn a_port_blocked_for_one_host_only_is_less_sure() {
    check(
        "service central c.svc:443  required ok
         service central c.svc:9090 required ok
         service east    e.svc:443  required ok
         service east    e.svc:9090 required drop",
        Verdict::Blocked,
        &["port-dropped possible blocking: e-svc-9090"],
    );
}

#[test]
fn one_region_gone_and_one_port_dropped_in_the_others() {
    check(
        "service central c.svc:443  required ok
         service central c.svc:9090 required drop
         service east    e.svc:443  required fail
         service east    e.svc:9090 required fail
         service west    w.svc:443  required ok
         service west    w.svc:9090 required drop",
        Verdict::Blocked,
        &[
            "region-unreachable likely blocking: e-svc-443 e-svc-9090",
            "port-dropped likely blocking: c-svc-9090 w-svc-9090",
        ],
    );
}

#[test]
fn sign_in_blocked() {
    check(
        "login   - sign:443  required fail
         login   - in:443    required drop
         service - c.svc:443 required ok",
        Verdict::Blocked,
        &["login-unreachable likely blocking: sign-443 in-443"],
    );
}

#[test]
fn revocation_blocked_on_port_80() {
    check(
        "service    - c.svc:443 required ok
         revocation - crl3:80   required fail
         revocation - ocsp:80   required fail",
        Verdict::Blocked,
        &["revocation-unreachable likely blocking: crl3-80 ocsp-80"],
    );
}

#[test]
fn nothing_answers_at_all() {
    let diagnosis = run(
        "login   - sign:443  required drop
         service - c.svc:443 required fail
         service - d.svc:443 informational fail",
        Outcome::Failed,
    );
    assert_eq!(findings(&diagnosis), ["no-internet likely blocking: sign-443 c-svc-443 d-svc-443"]);
    assert_eq!(diagnosis.verdict, Some(Verdict::Blocked));
    // Without one answer a failure says nothing about the place that failed.
    assert!(diagnosis.results.iter().skip(2).all(|result| {
        result.status() == Some(connector_check_diagnosis::decision::Status::Inconclusive)
    }));
}

#[test]
fn a_service_domain_that_is_silent_as_a_whole_is_not_well_although_no_single_host_is_needed() {
    check(
        "login   - sign:443  required ok
         service - c.svc:443 informational fail
         service - d.svc:443 informational fail",
        Verdict::Inconclusive,
        &[
            "domain-blocked likely warning: c-svc-443 d-svc-443",
            "name-not-resolved possible info: c-svc-443 d-svc-443",
        ],
    );
}

#[test]
fn one_host_of_its_own_rule() {
    check(
        "login   - sign:443  required ok
         service - mgmt:443  required drop",
        Verdict::Blocked,
        &["domain-blocked possible blocking: mgmt-443"],
    );
}

#[test]
fn one_dead_host_among_healthy_siblings_sends_nobody_to_the_firewall() {
    check(
        "service - a.svc:443 required ok
         service - b.svc:443 informational ok
         service - c.svc:443 informational fail",
        Verdict::Ready,
        &["all-reachable likely info: a-svc-443", "endpoint-retired possible info: c-svc-443"],
    );
}

#[test]
fn plain_http_from_an_https_page_is_no_fault_of_the_network() {
    check(
        "service    - a.svc:443 required ok
         revocation - crl:80    required mixed",
        Verdict::Inconclusive,
        &["mixed-content proven info: crl-80"],
    );
}

#[test]
fn a_slow_answer_is_an_answer() {
    check(
        "service - a.svc:443 required ok
         service - b.svc:443 required slow",
        Verdict::Degraded,
        &["slow-path proven warning: b-svc-443", "all-reachable likely info: a-svc-443 b-svc-443"],
    );
}

#[test]
fn answers_for_names_that_cannot_exist_spoil_every_green() {
    let diagnosis = run(
        "login   - sign:443  required ok
         service - c.svc:443 required ok",
        Outcome::Answered,
    );
    assert_eq!(diagnosis.verdict, Some(Verdict::Blocked));
    let codes: Vec<_> = diagnosis.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["answers-fabricated", "tls-intercepted"]);
    assert!(
        diagnosis.results.iter().all(|result| {
            result.status() == Some(connector_check_diagnosis::decision::Status::Intercepted)
        })
    );
}

#[test]
fn a_canary_that_hangs_leaves_greens_open() {
    let diagnosis = run("service - c.svc:443 required ok", Outcome::TimedOut);
    assert_eq!(diagnosis.verdict, Some(Verdict::Inconclusive));
    assert_eq!(findings(&diagnosis), ["undecided possible info: c-svc-443"]);
    let texts = Texts::for_language("en");
    assert!(texts.say(&diagnosis.findings[0].evidence[0]).contains("cannot exist"));
}
