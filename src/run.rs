//! One run of a catalogue: what was asked, what was seen, what is worth asking again or looking at closer.

use connector_check_diagnosis::Diagnosis;
use connector_check_diagnosis::catalogue::{CheckId, Expect};
use connector_check_diagnosis::common::{Common, Way, requests};
use connector_check_diagnosis::decision::{Reason, Status};
use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::evidence::{Evidence, NotRun, Progress};
use connector_check_diagnosis::observation::{
    Observation, Outcome, PERMISSION_POSSIBLE, PERMISSION_PROMPT, Probe,
};
use connector_check_diagnosis::plan::{Canary, PlannedCheck};

use crate::scan::{Doubt, ScanEvent};

/// Where a run stands; the value of the element's `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has run yet.
    Idle,
    /// Probes are out.
    Running,
    /// The last run came to its end.
    Done,
    /// The admin stopped the last run.
    Stopped,
}

impl Phase {
    /// As the element's `state` property tells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
        }
    }
}

/// One run, going on or ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Counts runs, so that late events of an earlier one are known.
    pub number: u32,
    /// RFC 3339, UTC.
    pub started: String,
    /// Which checks this run asks; a repeat of the failed ones keeps the results of the others.
    pub asked: Vec<CheckId>,
    /// What was planned and seen.
    pub evidence: Evidence,
    /// What it amounts to.
    pub diagnosis: Diagnosis,
    /// Whether closer looks go on behind the quick verdict.
    pub closer: bool,
}

impl Run {
    /// Checks with a result, and checks asked.
    pub fn progress(&self) -> (usize, usize) {
        // What failed and is asked once more has a result already, if not its last.
        let settled = |id: &&CheckId| {
            self.evidence.get(id).is_some_and(|check| match check.progress {
                Progress::Waiting | Progress::Running => false,
                Progress::Repeating(_) | Progress::Observed(_) | Progress::NotRun(_) => true,
            })
        };
        (self.asked.iter().filter(settled).count(), self.asked.len())
    }
}

/// Whether a check of the next run is worth asking again: it was not reached, or it is another place by now.
pub fn worth_repeating(last: &Run, planned: &PlannedCheck) -> bool {
    if planned.endpoint().is_none() {
        return false;
    }
    let at = last.evidence.checks.iter().position(|check| check.planned.check.id == planned.check.id);
    let same = at.filter(|at| last.evidence.checks[*at].planned.target == planned.target);
    match same.and_then(|at| last.diagnosis.results[at].status()) {
        Some(Status::Unreachable | Status::Inconclusive | Status::Intercepted | Status::Skipped) | None => {
            true
        }
        Some(Status::Reachable | Status::NotTestable) => false,
    }
}

/// What a closer look saw is added to what is known; it never takes away. Whether the diagnosis may be another one now.
pub fn look_closer(run: &mut Run, id: &CheckId, seen: Observation) -> bool {
    if run.closer
        && let Some(check) = run.evidence.get_mut(id)
        && let Progress::Observed(before) = &mut check.progress
    {
        before.push(seen);
        return true;
    }
    false
}

/// Adds what a scan under way tells of a check; whether the diagnosis may be another one now.
pub fn observe(run: &mut Run, event: ScanEvent) -> bool {
    let progress = |run: &Run, id: &CheckId| {
        run.evidence.get(id).map_or(Progress::Waiting, |check| check.progress.clone())
    };
    let (id, progress) = match event {
        ScanEvent::Started(id) => (id, Progress::Running),
        ScanEvent::Observed(id, seen) => match progress(run, &id) {
            // A repeat that was not given its time leaves the first word standing.
            Progress::Repeating(before) if cut_short(&seen) => (id, Progress::Observed(before)),
            Progress::Repeating(before) => (id, Progress::Observed([before, vec![seen]].concat())),
            // Silence that was not given its time says nothing.
            _ if cut_short(&seen) => (id, Progress::NotRun(NotRun::NoRoom)),
            _ => (id, Progress::Observed(vec![seen])),
        },
        ScanEvent::Repeating(id) => match progress(run, &id) {
            Progress::Observed(before) => (id, Progress::Repeating(before)),
            other => (id, other),
        },
        ScanEvent::NotStarted(id) => (id, Progress::NotRun(NotRun::NoRoom)),
        ScanEvent::Looked(..) => return false,
    };
    let tells = progress != Progress::Running;
    if let Some(check) = run.evidence.get_mut(&id) {
        check.progress = progress;
    }
    tells
}

/// What a closer look could tell more about: failures that are or may be held against the network, with the last word
/// of their requests, and names that cannot exist; and what answered, a proxy in the place of such a name included.
pub fn in_doubt(run: &Run) -> (Vec<Doubt>, Vec<(CheckId, Endpoint)>) {
    let mut doubts = Vec::new();
    let mut healthy = Vec::new();
    let mut canaries = Vec::new();
    // Through a proxy any request may wait for a sign-in.
    let proxy = Common::of(&run.evidence).way == Way::Proxy;
    for (check, result) in run.evidence.checks.iter().zip(&run.diagnosis.results) {
        let Some(endpoint) = check.planned.endpoint().filter(|_| !check.earlier) else { continue };
        let (id, endpoint) = (check.check().id.clone(), endpoint.clone());
        let Some(last) = check.observations().iter().rfind(|seen| requests(seen) || is_websocket(seen))
        else {
            continue;
        };
        let canary = check.planned.canary == Some(Canary::Anywhere);
        let held = proxy || last.notes(PERMISSION_POSSIBLE) || last.notes(PERMISSION_PROMPT);
        let doubt = |waits| Doubt {
            id: id.clone(),
            endpoint: endpoint.clone(),
            outcome: last.outcome,
            canary,
            waits,
        };
        if canary {
            match (last.outcome, endpoint.scheme.is_tls()) {
                (Outcome::Answered, false) => healthy.push((id, endpoint)),
                (Outcome::Failed | Outcome::TimedOut, true) => canaries.push(doubt(true)),
                _ => {}
            }
        } else if check.check().expect != Expect::Refusal {
            match &result.decision {
                Some((Status::Reachable, _)) => healthy.push((id, endpoint)),
                Some((Status::Unreachable, _) | (_, Reason::NothingAnswered | Reason::NeedsAnotherProbe)) => {
                    doubts.push(doubt(held));
                }
                Some((
                    _,
                    Reason::PermissionPossible
                    | Reason::PermissionPrompt
                    | Reason::Withheld
                    | Reason::AtOnce
                    | Reason::TlsWithoutHttp,
                )) => doubts.push(doubt(true)),
                _ => {}
            }
        }
    }
    // A name that cannot exist and hangs is in doubt itself; one that failed only helps to understand others.
    if !doubts.is_empty() || canaries.iter().any(|canary| canary.outcome == Outcome::TimedOut) {
        doubts.extend(canaries);
    }
    (doubts, healthy)
}

fn is_websocket(seen: &Observation) -> bool {
    seen.probe == Probe::WebSocket
}

/// What answered in this run, over HTTP, and is said to be a responder.
pub fn readable(run: &Run) -> Vec<(CheckId, Endpoint)> {
    let fresh = run.evidence.checks.iter().filter(|check| check.check().responder && !check.earlier);
    let answered =
        fresh.filter(|check| check.observations().iter().any(|seen| seen.outcome == Outcome::Answered));
    answered
        .filter_map(|check| Some((check.check().id.clone(), check.planned.endpoint()?.clone())))
        .filter(|(_, endpoint)| endpoint.scheme != Scheme::Wss)
        .collect()
}

/// Milliseconds; a time-out after less was one of a latecomer, who does not get the whole deadline.
const WHOLE_DEADLINE_MS: f64 = 7_500.0;

/// Whether a time-out came before its time.
pub fn cut_short(seen: &Observation) -> bool {
    // A detail names another reason, such as a clock that ran on without the page.
    let bare = seen.outcome == Outcome::TimedOut && seen.detail.is_empty();
    bare && seen.ms.is_some_and(|ms| ms < WHOLE_DEADLINE_MS)
}
