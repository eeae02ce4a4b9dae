//! What must hold of every diagnosis, whatever was observed.

use std::rc::Rc;

use connector_check_diagnosis::catalogue::{Catalogue, Check, CheckId, Expect, Group, Need, Region};
use connector_check_diagnosis::decision::{Network, Reason, Status, Trust, status};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::evidence::{CheckEvidence, Client, Engine, Evidence, NotRun, Progress};
use connector_check_diagnosis::facts::{Facts, Layer, Manner};
use connector_check_diagnosis::finding::{Confidence, FindingCode};
use connector_check_diagnosis::observation::{
    BrowserLimit, CLOCK_GAP, Observation, Outcome, PERMISSION_POSSIBLE, PERMISSION_PROMPT, Probe, SENT,
};
use connector_check_diagnosis::plan::{Fill, Plan, Target};
use connector_check_diagnosis::text::Texts;
use connector_check_diagnosis::{CheckResult, Verdict, diagnose};
use proptest::prelude::*;
use proptest::sample::select;

thread_local! {
    static TEXTS: Rc<Texts> = Rc::new(Texts::for_language("en"));
}

/// A check as the catalogue reader would pass it; the hosts and ports collide on purpose.
fn check(at: usize) -> impl Strategy<Value = Check> {
    (
        select(vec![Group::Service, Group::Login, Group::Tls, Group::Revocation, Group::Control]),
        select(vec!["a.svc.example", "b.svc.example", "c.other.example", "127.0.0.1", "{gap}"]),
        select(vec![80_u16, 443, 9090, 9091, 10080]),
        select(vec!["https", "http", "wss"]),
        select(vec![None, Some("north"), Some("south")]),
        select(vec![Need::Required, Need::Recommended, Need::Informational]),
        select(vec![Expect::Answer, Expect::Tls, Expect::Tcp, Expect::Refusal]),
        select(vec!["*.svc.example", "*.other.example", "c.other.example"]),
    )
        .prop_map(move |(group, host, port, scheme, region, need, expect, allow)| Check {
            id: CheckId(format!("check-{at}")),
            group,
            title: format!("Check {at}"),
            url: format!("{scheme}://{host}:{port}/"),
            region: region.map(str::to_owned),
            need,
            expect,
            purpose: "purpose".to_owned(),
            allow: allow.to_owned(),
            responder: false,
        })
}

fn observation() -> impl Strategy<Value = Observation> {
    let fetched = |outcome, detail: &str, ms| Observation {
        detail: detail.to_owned(),
        ..Observation::fetched(outcome, ms)
    };
    prop_oneof![
        3 => (0.0..9_000.0).prop_map(|ms| Observation::fetched(Outcome::Answered, ms)),
        3 => (0.0..9_000.0).prop_map(|ms| Observation::fetched(Outcome::Failed, ms)),
        2 => Just(fetched(Outcome::TimedOut, "", 8_000.0)),
        1 => Just(fetched(Outcome::TimedOut, CLOCK_GAP, 80_000.0)),
        1 => Just(fetched(Outcome::TimedOut, PERMISSION_PROMPT, 8_000.0)),
        1 => select(BrowserLimit::ALL.to_vec()).prop_map(Observation::prevented),
        2 => closer_look(),
    ]
}

/// What the confirming probes may add.
fn closer_look() -> impl Strategy<Value = Observation> {
    let probes = vec![
        Probe::Repeat,
        Probe::Deep,
        Probe::Get,
        Probe::Stream,
        Probe::Plain,
        Probe::KeepAlive,
        Probe::Timed,
        Probe::Turns,
        Probe::Turn,
        Probe::WebSocket,
        Probe::Responder,
    ];
    let outcomes = vec![Outcome::Answered, Outcome::Failed, Outcome::TimedOut];
    let details = vec!["", "1006", "1015", SENT, PERMISSION_POSSIBLE, CLOCK_GAP];
    (select(probes), select(outcomes), 0.0..40_000.0, select(details)).prop_map(
        |(probe, outcome, ms, detail)| Observation {
            probe,
            outcome,
            ms: Some(ms),
            detail: detail.to_owned(),
        },
    )
}

fn progress() -> impl Strategy<Value = Progress> {
    prop_oneof![
        8 => prop::collection::vec(observation(), 1..5).prop_map(Progress::Observed),
        1 => Just(Progress::Waiting),
        1 => Just(Progress::Running),
        1 => observation().prop_map(|seen| Progress::Repeating(vec![seen])),
        1 => select(vec![NotRun::Stopped, NotRun::NoRoom]).prop_map(Progress::NotRun),
    ]
}

/// Finished runs over catalogues of up to 12 checks, canaries included.
fn evidence() -> impl Strategy<Value = Evidence> {
    let checks = (0..12_usize).prop_flat_map(|count| (0..count).map(check).collect::<Vec<_>>());
    let engines = vec![Engine::Chromium, Engine::Firefox, Engine::Other];
    let client = (select(engines), any::<bool>()).prop_map(|(engine, windows)| Client { engine, windows });
    (checks, any::<bool>(), any::<bool>(), client).prop_flat_map(|(checks, online, filled, client)| {
        let catalogue = Catalogue {
            format: connector_check_diagnosis::catalogue::FORMAT.to_owned(),
            id: "t".to_owned(),
            title: "T".to_owned(),
            updated: "2026-11-20".to_owned(),
            sources: Vec::new(),
            regions: ["north", "south"].map(|id| Region { id: id.to_owned(), title: id.to_owned() }).to_vec(),
            placeholders: Vec::new(),
            checks,
        };
        let mut fill = Fill::new();
        if filled {
            fill.insert("gap".to_owned(), "filled.example".to_owned());
        }
        let plan = Plan::new(&catalogue, &fill, "n");
        let mut evidence = Evidence::of(plan, &catalogue, online);
        evidence.finished = true;
        evidence.client = client;
        let count = evidence.checks.len();
        (Just(evidence), prop::collection::vec(progress(), count)).prop_map(|(mut evidence, all)| {
            for (check, progress) in evidence.checks.iter_mut().zip(all) {
                check.progress = progress;
            }
            evidence
        })
    })
}

fn needed(check: &CheckEvidence) -> bool {
    check.check().need == Need::Required && check.check().expect != Expect::Refusal
}

/// A mere connection is no answer, and an event stream that ends may have missed a permission.
fn answers_in_its_name(seen: &Observation) -> bool {
    let stands = match seen.probe {
        Probe::Fetch | Probe::Repeat | Probe::Deep | Probe::Get | Probe::Turns => true,
        Probe::Stream => !seen.notes(PERMISSION_POSSIBLE),
        // A reading is made of what has answered before.
        Probe::Rule
        | Probe::Plain
        | Probe::KeepAlive
        | Probe::Timed
        | Probe::Turn
        | Probe::WebSocket
        | Probe::Responder => false,
    };
    stands && seen.outcome == Outcome::Answered
}

fn canary_answered(evidence: &Evidence) -> bool {
    evidence.checks.iter().any(|check| {
        check.check().expect == Expect::Refusal
            && matches!(check.planned.target, Target::Endpoint(_))
            && check.observations().iter().any(answers_in_its_name)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_finished_run_is_decided_explained_and_put_into_words(evidence in evidence()) {
        let diagnosis = diagnose(&evidence);
        prop_assert!(diagnosis.verdict.is_some());
        prop_assert!(!diagnosis.findings.is_empty());
        prop_assert_eq!(diagnosis.results.len(), evidence.checks.len());
        let texts = TEXTS.with(Clone::clone);
        for finding in &diagnosis.findings {
            prop_assert!(!finding.evidence.is_empty(), "{} without evidence", finding.code);
            for message in finding.evidence.iter().chain([&finding.summary]) {
                prop_assert!(texts.is_complete(message), "{message:?}");
            }
        }
        for (check, result) in evidence.checks.iter().zip(&diagnosis.results) {
            prop_assert!(result.decision.is_some());
            let reachable_or_good = result.status() == Some(Status::Reachable)
                || check.check().expect == Expect::Refusal;
            let explained = diagnosis.findings.iter().any(|f| f.checks.contains(&result.id));
            prop_assert!(reachable_or_good || explained, "{} is {:?} without a finding", result.id, result.decision);
        }
    }

    #[test]
    fn nothing_is_called_reachable_that_was_not_reached(evidence in evidence()) {
        let diagnosis = diagnose(&evidence);
        let status_of = |check: &CheckEvidence| {
            diagnosis.results.iter().find(|r| r.id == check.check().id).and_then(CheckResult::status)
        };
        for check in &evidence.checks {
            if status_of(check) == Some(Status::Reachable) {
                // That TLS failed on a connection proves the connection, and that a request was sent proves TLS.
                let tcp = check.check().expect == Expect::Tcp;
                let tls = check.check().expect == Expect::Tls;
                let seen = |seen: &Observation| {
                    seen.outcome == Outcome::Answered || (tls && seen.notes(SENT))
                };
                prop_assert!(tcp || check.observations().iter().any(seen));
            }
        }
        let all_needed = evidence.checks.iter().filter(|c| needed(c)).all(|c| status_of(c) == Some(Status::Reachable));
        let says_all = diagnosis.findings.iter().any(|f| f.code == FindingCode::AllReachable);
        prop_assert!(!says_all || all_needed);
        prop_assert!(!says_all || !canary_answered(&evidence));
        prop_assert!(diagnosis.verdict != Some(Verdict::Ready) || (all_needed && says_all));
    }

    #[test]
    fn under_a_fabricated_answer_over_tls_no_tls_check_is_green(evidence in evidence()) {
        let tls_canary = evidence.checks.iter().any(|check| {
            check.check().expect == Expect::Refusal
                && !check.check().id.0.starts_with("canary-svc") && !check.check().id.0.starts_with("canary-other")
                && check.endpoint().is_some_and(|e| e.scheme.is_tls() && !e.is_loopback())
                && check.observations().iter().any(|o| o.outcome == Outcome::Answered && o.probe == Probe::Fetch)
        });
        if tls_canary {
            let diagnosis = diagnose(&evidence);
            for (check, result) in evidence.checks.iter().zip(&diagnosis.results) {
                // Nothing on a path can answer for this machine.
                let here = check.endpoint().is_some_and(Endpoint::is_loopback);
                prop_assert!(here || result.status() != Some(Status::Reachable), "{}", result.id);
            }
            prop_assert!(diagnosis.findings.iter().any(|f| f.code == FindingCode::AnswersFabricated));
        }
    }

    #[test]
    fn the_order_in_which_closer_looks_arrive_does_not_matter(evidence in evidence()) {
        let request = |seen: &Observation| {
            matches!(
                seen.probe,
                Probe::Rule | Probe::Fetch | Probe::Repeat | Probe::Deep | Probe::Get | Probe::Stream
            )
        };
        let (mut one, mut other) = (evidence.clone(), evidence);
        for (one, other) in one.checks.iter_mut().zip(&mut other.checks) {
            // What a WebSocket saw is its request where there is no other.
            let wss = one.endpoint().is_some_and(|place| place.scheme.as_str() == "wss");
            if let (Progress::Observed(one), Progress::Observed(other)) = (&mut one.progress, &mut other.progress)
                && !wss
            {
                one.sort_by_key(|seen| !request(seen));
                let requests = one.iter().take_while(|seen| request(seen)).count();
                other.clone_from(one);
                other[requests..].reverse();
            }
        }
        let summary = |evidence: &Evidence| {
            let diagnosis = diagnose(evidence);
            let statuses: Vec<_> = diagnosis.results.iter().map(|result| result.decision.clone()).collect();
            let causes: Vec<_> = diagnosis
                .findings
                .iter()
                .map(|finding| (finding.code, finding.confidence, finding.checks.clone()))
                .collect();
            (diagnosis.verdict, statuses, causes)
        };
        prop_assert_eq!(summary(&one), summary(&other));
    }

    #[test]
    fn times_make_nothing_red_or_green(evidence in evidence()) {
        let mut timeless = evidence.clone();
        for check in &mut timeless.checks {
            if let Progress::Observed(seen) = &mut check.progress {
                let first = seen[0].clone();
                seen.retain(|seen| !matches!(seen.probe, Probe::KeepAlive | Probe::Timed));
                if seen.is_empty() {
                    seen.push(first);
                }
            }
        }
        let before = diagnose(&timeless);
        for (with, without) in diagnose(&evidence).results.iter().zip(&before.results) {
            let at_once = matches!(with.decision, Some((Status::Inconclusive, Reason::AtOnce)));
            prop_assert!(at_once || with.decision == without.decision, "{with:?} {without:?}");
        }
    }

    #[test]
    fn the_order_of_the_catalogue_does_not_change_verdict_or_causes(evidence in evidence(), seed in any::<u64>()) {
        let mut shuffled = evidence.clone();
        let count = shuffled.checks.len();
        for at in (1..count).rev() {
            let to = usize::try_from(seed.rotate_left(u32::try_from(at).unwrap()) % (at as u64 + 1)).unwrap();
            shuffled.checks.swap(at, to);
        }
        let summary = |evidence: &Evidence| {
            let diagnosis = diagnose(evidence);
            let mut codes: Vec<_> = diagnosis
                .findings
                .iter()
                .map(|f| {
                    let mut ids = f.checks.clone();
                    ids.sort();
                    (f.code, f.severity, f.confidence, ids)
                })
                .collect();
            codes.sort();
            (diagnosis.verdict, codes)
        };
        prop_assert_eq!(summary(&evidence), summary(&shuffled));
    }

    #[test]
    fn one_more_passing_check_never_makes_the_verdict_worse(evidence in evidence()) {
        let rank = |verdict| match verdict {
            Some(Verdict::Ready) => 0,
            Some(Verdict::Degraded) => 1,
            Some(Verdict::Inconclusive) => 2,
            Some(Verdict::Blocked) => 3,
            None => 4,
        };
        let before = diagnose(&evidence);
        // A new host that passes, on this machine, so that it lends no proof to other failures.
        let mut more = evidence.clone();
        let catalogue = Catalogue::parse(r#"{"format":"connector-check/catalogue@1","id":"t","title":"T",
            "updated":"2026-11-20","sources":[],"regions":[],"checks":[{"id":"extra","group":"service","title":"T",
            "url":"http://127.0.0.9:1234/","need":"informational","expect":"answer","purpose":"p","allow":"127.0.0.9"}]}"#).unwrap();
        let mut extra = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true).checks.pop().unwrap();
        extra.progress = Progress::Observed(vec![Observation::fetched(Outcome::Answered, 10.0)]);
        more.checks.push(extra);
        let after = diagnose(&more);
        // "Nothing was reached at all" is the one thing that a first success takes back.
        prop_assert!(rank(after.verdict) <= rank(before.verdict), "{:?} -> {:?}", before.verdict, after.verdict);
    }

    #[test]
    fn proof_needs_more_than_a_silent_or_failed_request(evidence in evidence()) {
        for finding in diagnose(&evidence).findings {
            let cause = matches!(
                finding.code,
                FindingCode::PortDropped | FindingCode::PortRefused | FindingCode::DomainBlocked
                    | FindingCode::RegionUnreachable | FindingCode::LoginUnreachable | FindingCode::NoInternet
                    | FindingCode::EndpointRetired | FindingCode::RevocationUnreachable
                    | FindingCode::NameNotResolved | FindingCode::ProxyRefusesPort
                    | FindingCode::ProxyRequiresAuthentication | FindingCode::WebsocketBlocked
                    | FindingCode::BlockedByAddOn | FindingCode::CertificateNotTrusted
                    | FindingCode::TlsHandshakeRefused | FindingCode::AcceptedThenSilent
            );
            prop_assert!(!cause || finding.confidence != Confidence::Proven, "{}", finding.code);
        }
    }
}

#[test]
fn the_table_is_total_and_never_green_without_proof() {
    let layers = [None, Some(Layer::Tcp), Some(Layer::Tls), Some(Layer::Http)];
    let limits = BrowserLimit::ALL.map(Manner::Prevented);
    let manners = [
        Manner::Answered,
        Manner::Failed,
        Manner::Silent,
        Manner::ConnectTimedOut,
        Manner::NameTimedOut,
        Manner::ClockGap,
        Manner::PermissionPrompt,
        Manner::PermissionPossible,
        Manner::Held,
        Manner::Withheld,
        Manner::AtOnce,
    ];
    let manners: Vec<_> = manners.into_iter().chain(limits).collect();
    let mut rows = 0;
    for proven in layers {
        for disproven in layers {
            for &manner in &manners {
                for expect in [Expect::Answer, Expect::Tls, Expect::Tcp, Expect::Refusal] {
                    for trust in [
                        Trust::Clean,
                        Trust::Fabricated,
                        Trust::FabricatedPlain,
                        Trust::Doubtful,
                        Trust::Spared,
                        Trust::Stranger,
                        Trust::Unknown,
                    ] {
                        for network in [Network::Proven, Network::Unproven] {
                            let facts = Facts { proven, disproven, manner };
                            let (status, reason) = status(facts, expect, trust, network);
                            rows += 1;
                            let needed = match expect {
                                Expect::Answer => Some(Layer::Http),
                                Expect::Tls => Some(Layer::Tls),
                                Expect::Tcp => Some(Layer::Tcp),
                                Expect::Refusal => None,
                            };
                            let green = needed.is_some() && proven >= needed && trust == Trust::Clean;
                            assert_eq!(status == Status::Reachable, green, "{facts:?} {expect:?} {trust:?}");
                            let red = status == Status::Unreachable && reason != Reason::RefusedAsItMust;
                            let shown = network == Network::Proven || proven.is_some();
                            assert!(!red || shown, "{facts:?} {expect:?}: red without a network");
                            assert!(!red || proven < needed, "{facts:?} {expect:?}: red though it works");
                        }
                    }
                }
            }
        }
    }
    assert_eq!(rows, 4 * 4 * 15 * 4 * 7 * 2);
}
