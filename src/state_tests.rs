use connector_check_capture::facts::{CaptureFacts, Warning};
use connector_check_diagnosis::Verdict;
use connector_check_diagnosis::catalogue::CheckId;
use connector_check_diagnosis::decision::Status;
use connector_check_diagnosis::evidence::PageKind;
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use connector_check_diagnosis::site::Site;
use connector_check_diagnosis::supplements::Capture;

use super::*;

const TWO: &str = r#"{"format":"connector-check/catalogue@1","id":"two","title":"Two","updated":"2026-11-20",
    "sources":[],"regions":[],"placeholders":[{"id":"tenant","title":"Tenant"}],"checks":[
    {"id":"a","group":"service","title":"A","url":"https://a.example/","need":"required","expect":"answer","purpose":"p","allow":"a.example"},
    {"id":"b","group":"service","title":"B","url":"https://b.example/","need":"required","expect":"answer","purpose":"p","allow":"b.example"},
    {"id":"c","group":"service","title":"C","url":"https://{tenant}.example/","need":"informational","expect":"answer","purpose":"p","allow":"x.example"}]}"#;

fn fresh() -> State {
    let environment = Environment {
        browser: "Test 1".to_owned(),
        os: String::new(),
        page: PageKind::File,
        embedded: false,
    };
    State::new(Texts::for_language("en"), environment, true, vec![Catalogue::parse(TWO).unwrap()])
}

fn start(state: &mut State, only_failed: bool) -> (u32, Vec<String>) {
    let effects = state.update(Message::Run { only_failed, nonce: "n".to_owned(), now: "start".to_owned() });
    let Some(Effect::Scan { run, plan }) = effects.last() else { panic!("{effects:?}") };
    (*run, plan.checks.iter().map(|planned| planned.check.id.0.clone()).collect())
}

fn see(state: &mut State, run: u32, id: &str, outcome: Outcome) -> Vec<Effect> {
    let observation = Observation::fetched(outcome, 10.0);
    state.update(Message::Scan { run, events: vec![ScanEvent::Observed(CheckId::from(id), observation)] })
}

fn end(state: &mut State, run: u32) -> Vec<Effect> {
    state.update(Message::ScanEnded { run, now: "end".to_owned() })
}

fn status(state: &State, id: &str) -> Option<Status> {
    let results = &state.run.as_ref().unwrap().diagnosis.results;
    results.iter().find(|result| result.id.0 == id).unwrap().status()
}

#[test]
fn a_run_goes_from_start_to_report() {
    let mut state = fresh();
    let (run, asked) = start(&mut state, false);
    assert_eq!(asked, ["canary-https", "a", "b", "c"]);
    assert_eq!(state.phase, Phase::Running);
    assert_eq!(see(&mut state, run, "a", Outcome::Answered), [Effect::Progress { done: 1, total: 3 }]);
    assert_eq!(status(&state, "a"), None, "an answer is worth nothing before the canary has spoken");
    see(&mut state, run, "canary-https", Outcome::Failed);
    assert_eq!(status(&state, "a"), Some(Status::Reachable));
    see(&mut state, run, "b", Outcome::Answered);
    assert_eq!(end(&mut state, run), [Effect::Report]);
    assert_eq!(state.phase, Phase::Done);
    let report = state.report.as_ref().unwrap();
    assert_eq!((report.started.as_str(), report.finished.as_str()), ("start", "end"));
    assert_eq!(report.verdict, Verdict::Ready);
    let read: Report = serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap();
    assert_eq!(&read, report, "a report can be loaded back");
}

#[test]
fn only_what_failed_is_asked_again_and_the_rest_is_kept() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "a", Outcome::Answered);
    see(&mut state, run, "b", Outcome::Failed);
    end(&mut state, run);
    assert!(state.has_failed());
    let (run, asked) = start(&mut state, true);
    assert_eq!(asked, ["canary-https", "b"]);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "b", Outcome::Answered);
    end(&mut state, run);
    assert_eq!(state.report.as_ref().unwrap().verdict, Verdict::Ready);
    assert!(!state.has_failed());
}

#[test]
fn stopping_ends_the_run_and_says_what_was_not_asked() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "a", Outcome::Answered);
    let effects = state.update(Message::Stop { now: "now".to_owned() });
    assert_eq!(effects, [Effect::Abort, Effect::Report]);
    assert_eq!(state.phase, Phase::Stopped);
    assert_eq!(status(&state, "b"), Some(Status::Skipped));
    assert_eq!(state.report.as_ref().unwrap().verdict, Verdict::Inconclusive);
    assert!(see(&mut state, run, "b", Outcome::Answered).is_empty(), "late news of a stopped run is dropped");
    assert_eq!(status(&state, "b"), Some(Status::Skipped));
}

#[test]
fn news_of_an_earlier_run_is_dropped() {
    let mut state = fresh();
    let (first, _) = start(&mut state, false);
    end(&mut state, first);
    let (second, _) = start(&mut state, false);
    assert_ne!(first, second);
    assert!(see(&mut state, first, "a", Outcome::Answered).is_empty());
    assert!(end(&mut state, first).is_empty());
    assert_eq!(state.phase, Phase::Running);
}

#[test]
fn a_refused_catalogue_leaves_the_one_in_use() {
    let mut state = fresh();
    let origin = Origin::File("bad.json".to_owned());
    let effects = state.update(Message::Catalogue(origin, Catalogue::parse("{\n  \"format\": 1")));
    assert_eq!(state.catalogue().id, "two");
    let [Effect::Error(text)] = &effects[..] else { panic!("{effects:?}") };
    let said = state.texts.say(text);
    assert!(said.contains("bad.json") && said.contains("line 2"), "{said}");
    assert!(state.notice.is_some());
}

#[test]
fn a_catalogue_in_a_link_never_runs_by_itself() {
    let mut state = fresh();
    let other = TWO.replace("\"two\"", "\"other\"");
    state.update(Message::Link(Catalogue::parse(&other)));
    assert_eq!(state.catalogue().id, "two");
    let run = Message::Run { only_failed: false, nonce: "n".to_owned(), now: String::new() };
    let effects = state.update(run);
    assert!(matches!(effects[..], [Effect::Abandon(_)]), "nothing is asked while the question is open");
    state.update(Message::LinkAnswered(false));
    assert_eq!(state.catalogue().id, "two");
    state.update(Message::Link(Catalogue::parse(&other)));
    state.update(Message::LinkAnswered(true));
    assert_eq!((state.catalogue().id.as_str(), state.phase), ("other", Phase::Idle));
}

#[test]
fn another_catalogue_aborts_the_run_and_forgets_it() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    let other = Catalogue::parse(&TWO.replace("\"two\"", "\"other\"")).unwrap();
    let effects = state.update(Message::Catalogue(Origin::Property, Ok(other)));
    assert!(matches!(effects[..], [Effect::Abort, Effect::Abandon(_)]), "{effects:?}");
    assert!(state.run.is_none() && state.report.is_none());
    assert!(see(&mut state, run, "a", Outcome::Answered).is_empty());
    assert_eq!(state.update(Message::Choose("two".to_owned())), []);
    assert_eq!(state.catalogue().id, "two");
    assert!(matches!(state.update(Message::Choose("nowhere".to_owned()))[..], [Effect::Error(_)]));
}

#[test]
fn a_site_file_offers_its_catalogues_first_and_fills_fields() {
    let mut state = fresh();
    let practice = Catalogue::parse(&TWO.replace("\"two\"", "\"practice\"")).unwrap();
    let site = Site {
        default: Some("practice".to_owned()),
        catalogues: vec![practice],
        placeholders: [("tenant".to_owned(), "127.0.0.2".to_owned())].into(),
        ..Site::default()
    };
    state.update(Message::Site(Box::new(Ok(site))));
    assert_eq!(state.catalogue().id, "practice");
    assert_eq!(state.catalogues.len(), 2);
    assert_eq!(start(&mut state, false).1, ["canary-https", "a", "b", "c"]);
    assert!(state.run.as_ref().unwrap().asked.contains(&CheckId::from("c")), "the filled one is asked too");
}

#[test]
fn a_site_file_may_leave_its_own_catalogues_alone_on_offer() {
    let mut state = fresh();
    let own = Catalogue::parse(&TWO.replace("\"two\"", "\"own\"")).unwrap();
    let site = Site { catalogues: vec![own], only_own: true, ..Site::default() };
    state.update(Message::Site(Box::new(Ok(site))));
    let ids: Vec<_> = state.catalogues.iter().map(|catalogue| catalogue.id.as_str()).collect();
    assert_eq!(ids, ["own"]);
    assert!(matches!(state.update(Message::Choose("two".to_owned()))[..], [Effect::Error(_)]));
}

/// "Only what failed" used to show the green of the host that stood in the field before.
#[test]
fn another_host_in_a_field_is_asked_and_never_inherits_a_green() {
    let mut state = fresh();
    let fill = |value: &str| Message::Fill { id: "tenant".to_owned(), value: value.to_owned() };
    state.update(fill("one"));
    let (run, _) = start(&mut state, false);
    for (id, outcome) in [
        ("canary-https", Outcome::Failed),
        ("a", Outcome::Answered),
        ("b", Outcome::Failed),
        ("c", Outcome::Answered),
    ] {
        see(&mut state, run, id, outcome);
    }
    end(&mut state, run);
    assert_eq!(status(&state, "c"), Some(Status::Reachable));
    state.update(fill("two"));
    let (_, asked) = start(&mut state, true);
    assert_eq!(asked, ["canary-https", "b", "c"]);
    assert_eq!(status(&state, "c"), None);
}

/// A green of an earlier run used to prove a network that was no longer there.
#[test]
fn what_was_seen_earlier_proves_no_network_now() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "a", Outcome::Answered);
    see(&mut state, run, "b", Outcome::Failed);
    end(&mut state, run);
    let (run, _) = start(&mut state, true);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "b", Outcome::Failed);
    end(&mut state, run);
    assert_eq!(status(&state, "b"), Some(Status::Inconclusive));
    let codes: Vec<_> = state.report.as_ref().unwrap().findings.iter().map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"undecided") && !codes.contains(&"no-internet"), "{codes:?}");
}

/// Twelve checks of one slow port used to be six green and six red.
#[test]
fn silence_that_was_cut_short_is_no_result() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "a", Outcome::Answered);
    let seen = Observation::fetched(Outcome::TimedOut, 4_500.0);
    state.update(Message::Scan { run, events: vec![ScanEvent::Observed(CheckId::from("b"), seen)] });
    end(&mut state, run);
    assert_eq!(status(&state, "b"), Some(Status::Skipped));
}

/// What was typed for one list used to go to the hosts of the next.
#[test]
fn what_is_typed_for_one_list_stays_with_it() {
    let mut state = fresh();
    state.update(Message::Fill { id: "tenant".to_owned(), value: "secret".to_owned() });
    let other = TWO.replace("\"two\"", "\"other\"");
    state.update(Message::Link(Catalogue::parse(&other)));
    state.update(Message::LinkAnswered(true));
    assert!(state.fill().is_empty());
    state.update(Message::Choose("two".to_owned()));
    assert_eq!(state.fill()["tenant"], "secret");
}

/// A link used to be able to stand in for a built-in list under its name.
#[test]
fn a_link_cannot_take_a_name_that_is_known() {
    let mut state = fresh();
    let effects = state.update(Message::Link(Catalogue::parse(TWO)));
    assert!(matches!(effects[..], [Effect::Error(_)]));
    assert!(state.offered.is_none());
}

/// The second word on a check used to be counted as another result.
#[test]
fn a_repeat_is_no_further_result() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    see(&mut state, run, "canary-https", Outcome::Failed);
    see(&mut state, run, "a", Outcome::Answered);
    assert_eq!(see(&mut state, run, "b", Outcome::Failed), [Effect::Progress { done: 3, total: 3 }]);
    state.update(Message::Scan { run, events: vec![ScanEvent::Repeating(CheckId::from("b"))] });
    assert_eq!(status(&state, "b"), None, "the first failure is not the last word");
    assert_eq!(see(&mut state, run, "b", Outcome::Answered), []);
    assert_eq!(status(&state, "b"), Some(Status::Reachable));
}

#[test]
fn what_comes_together_counts_in_its_order() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    let saw = |id: &str, outcome| ScanEvent::Observed(CheckId::from(id), Observation::fetched(outcome, 10.0));
    let failed = saw("b", Outcome::Failed);
    let again = ScanEvent::Repeating(CheckId::from("b"));
    let canary = saw("canary-https", Outcome::Failed);
    let events = vec![ScanEvent::Started(CheckId::from("b")), canary, failed, again];
    assert_eq!(state.update(Message::Scan { run, events }), [Effect::Progress { done: 2, total: 3 }]);
    assert_eq!(status(&state, "b"), None, "it is being asked again");
    let events = vec![saw("b", Outcome::Answered), ScanEvent::Started(CheckId::from("a"))];
    assert_eq!(state.update(Message::Scan { run, events }), []);
    assert_eq!(status(&state, "b"), Some(Status::Reachable));
    let late = vec![saw("a", Outcome::Answered)];
    assert_eq!(state.update(Message::Scan { run: run + 1, events: late }), [], "of another run");
    assert_eq!(status(&state, "a"), None);
}

#[test]
fn closer_looks_refine_the_report_and_can_be_ended() {
    let mut state = fresh();
    let (run, _) = start(&mut state, false);
    for (id, outcome) in [("canary-https", Outcome::Failed), ("a", Outcome::Answered), ("b", Outcome::Failed)]
    {
        see(&mut state, run, id, outcome);
    }
    let effects = end(&mut state, run);
    let [Effect::Report, Effect::LookCloser { doubts, healthy, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    let ids: Vec<_> = doubts.iter().map(|doubt| doubt.id.0.as_str()).collect();
    // What a name that cannot exist does beside failing tells what stands between.
    assert_eq!((ids, healthy.len()), (vec!["b", "canary-https"], 1));
    assert_eq!(status(&state, "b"), Some(Status::Unreachable));
    let tls = Observation { probe: Probe::Turns, ..Observation::fetched(Outcome::Answered, 90.0) };
    state.update(Message::Scan { run, events: vec![ScanEvent::Looked(CheckId::from("b"), tls)] });
    assert_eq!(status(&state, "b"), Some(Status::Inconclusive), "TLS works: red would be false");
    assert_eq!(state.update(Message::Stop { now: "later".to_owned() }), [Effect::Abort, Effect::Report]);
    let report = state.report.as_ref().unwrap();
    assert_eq!((report.started.as_str(), report.finished.as_str()), ("start", "later"));
    assert_eq!(report.checks.last().unwrap().observations.len(), 0);
    assert_eq!(state.phase, Phase::Done);
}

/// Leaving a recorded run used to leave its hosts in the fields and its kind of page in the next report.
#[test]
fn nothing_recorded_stays_when_a_recorded_run_is_left() {
    let catalogues = crate::offer::built_in();
    let mut state = State::new(Texts::for_language("en"), fresh().environment, true, catalogues);
    state.update(Message::Fill { id: "tenant".to_owned(), value: "mine".to_owned() });
    for name in ["offline", "https-page", "port-9090-dropped"] {
        let effects = state.update(Message::Scenario { name: name.to_owned(), now: "now".to_owned() });
        assert!(effects.contains(&Effect::Report), "{name}: {effects:?}");
        assert!(
            !effects.iter().any(|e| matches!(e, Effect::Scan { .. } | Effect::LookCloser { .. })),
            "{name}"
        );
        let run = Message::Run { only_failed: false, nonce: "n".to_owned(), now: "now".to_owned() };
        assert_eq!(state.update(run), [Effect::Report], "{name} asks nothing");
    }
    state.update(Message::LeaveScenario);
    assert_eq!((state.environment.page, state.online, &state.replay), (PageKind::File, true, &Replay::Off));
    assert!(state.fill().is_empty(), "the recorded test hosts are gone");
    state.update(Message::Choose("entra-connector".to_owned()));
    assert_eq!(state.fill()["tenant"], "mine");
}

fn captured(name: &str) -> CaptureMessage {
    let scenario = Scenario::named(name).expect("a scenario with a capture");
    let capture = scenario.supplements.capture.as_ref().expect("a capture");
    CaptureMessage::Ended(Box::new(Ok(capture.as_ref().clone())))
}

fn begun() -> Message {
    Message::Capture(CaptureMessage::Begun { name: "trace".to_owned(), size: 10.0, now_ms: 0.0 })
}

#[test]
fn a_capture_is_diagnosed_without_a_run_and_put_away_again() {
    let mut state = fresh();
    state.update(begun());
    state.update(Message::Capture(CaptureMessage::Progress { read: 5.0, packets: 2.0, now_ms: 9.0 }));
    assert!(
        matches!(&state.reading, CaptureReading::Reading { read, .. } if (*read - 5.0).abs() < f64::EPSILON)
    );
    state.update(Message::Capture(captured("capture-proxy")));
    assert_eq!(state.reading, CaptureReading::Idle);
    let codes = |state: &State| -> Vec<String> {
        state.known().map_or_else(Vec::new, |(_, d)| d.findings.iter().map(|f| f.code.to_string()).collect())
    };
    assert!(codes(&state).contains(&"connect-needs-authentication".to_owned()), "{:?}", codes(&state));
    state.update(Message::Capture(CaptureMessage::Closed));
    assert_eq!(codes(&state), [""; 0]);
}

#[test]
fn a_capture_that_was_cancelled_does_not_come_back() {
    let mut state = fresh();
    state.update(begun());
    assert_eq!(state.update(Message::Capture(CaptureMessage::Cancelled)), [Effect::StopReading]);
    state.update(Message::Capture(captured("capture-proxy")));
    assert!(state.supplements.is_empty());
}

#[test]
fn a_letter_that_was_brought_as_a_capture_was_called_an_undecided_run() {
    let mut state = fresh();
    state.update(begun());
    let warnings = vec![Warning::Empty];
    let letter = Capture { name: "letter.txt".to_owned(), facts: CaptureFacts::default(), warnings };
    state.update(Message::Capture(CaptureMessage::Ended(Box::new(Ok(letter)))));
    assert!(state.supplements.capture.is_some(), "its warning is shown");
    assert!(state.known().is_none(), "{:?}", state.known());
}
