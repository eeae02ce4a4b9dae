//! Everything the page knows, and the one place where it changes.
//!
//! [`State::update`] is pure: it takes a [`Message`], changes the state and names the effects that the
//! edge is to carry out. Views draw a state and send messages; they decide nothing.

use std::collections::{BTreeMap, BTreeSet};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::evidence::{Client, Evidence, PageKind};
use connector_check_diagnosis::plan::{Fill, Plan, Stage};
use connector_check_diagnosis::report::{Environment, Frame, Report};
use connector_check_diagnosis::scenario::Scenario;
use connector_check_diagnosis::site::Site;
use connector_check_diagnosis::supplements::Supplements;
use connector_check_diagnosis::text::{Message as Text, Texts};
use connector_check_diagnosis::{Diagnosis, diagnose};

pub use crate::captured::{CaptureMessage, CaptureReading};
use crate::desk::Desk;
use crate::frame::Note;
pub use crate::message::{Effect, Message, Origin};
pub use crate::run::{Phase, Run};
use crate::run::{in_doubt, look_closer, observe, readable, worth_repeating};
use crate::scan::ScanEvent;

mod offers;

pub use offers::defaults;

/// A word to the admin that is no finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What happened.
    pub text: Text,
}

/// Recorded observations in place of probes.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// The page probes.
    Off,
    /// The list of scenarios is shown.
    List,
    /// This scenario is shown, and nothing is asked.
    Of(Box<Scenario>),
}

/// What a recorded run stands in for, until it is left.
#[derive(Debug, Clone)]
struct Aside {
    page: PageKind,
    online: bool,
    fills: BTreeMap<String, Fill>,
}

/// Everything the page knows.
pub struct State {
    /// The words of the chosen language.
    pub texts: Texts,
    /// The language that was asked for, whether it is spoken or not.
    wish: String,
    /// What the organisation adds.
    pub site: Site,
    /// What the page around, or the browser, keeps from this page.
    pub frame: Vec<Note>,
    /// Where the page runs.
    pub environment: Environment,
    /// `false` only where the browser says that it is offline.
    pub online: bool,
    /// What can be chosen, in order.
    pub catalogues: Vec<Catalogue>,
    /// Index of the one in use.
    pub chosen: usize,
    /// Ids of the catalogues that came from outside: by file, link, address or property.
    pub foreign: BTreeSet<String>,
    /// What was typed for placeholders, by catalogue id: what is typed for one list never goes to the hosts of
    /// another.
    fills: BTreeMap<String, Fill>,
    /// Where the run stands.
    pub phase: Phase,
    /// The last run.
    pub run: Option<Run>,
    /// The last ended run's report.
    pub report: Option<Report>,
    /// A word to the admin.
    pub notice: Option<Notice>,
    /// A catalogue that came by link and waits for consent.
    pub offered: Option<Catalogue>,
    /// Whether the page shows recorded observations in place of probing.
    pub replay: Replay,
    /// The page's own facts while a recorded run shows others.
    aside: Option<Aside>,
    /// What files and the admin tell beside the probes; outlives runs and catalogues.
    pub supplements: Supplements,
    /// Files as they came, choices, typed texts.
    pub desk: Desk,
    /// What that amounts to while there is no run.
    without_run: Option<(Evidence, Diagnosis)>,
    /// Whether closer looks may use ICE, which sends a STUN message to what failed.
    pub webrtc: bool,
    /// The capture that is being read.
    pub reading: CaptureReading,
    runs: u32,
}

impl State {
    /// The state of a fresh page.
    pub fn new(texts: Texts, environment: Environment, online: bool, catalogues: Vec<Catalogue>) -> Self {
        let fills = catalogues.iter().map(|catalogue| (catalogue.id.clone(), defaults(catalogue))).collect();
        Self {
            wish: texts.language().to_owned(),
            site: Site::default(),
            frame: Vec::new(),
            texts,
            environment,
            online,
            catalogues,
            chosen: 0,
            foreign: BTreeSet::new(),
            fills,
            phase: Phase::Idle,
            run: None,
            report: None,
            notice: None,
            offered: None,
            replay: Replay::Off,
            aside: None,
            supplements: Supplements::default(),
            desk: Desk::default(),
            without_run: None,
            webrtc: true,
            reading: CaptureReading::Idle,
            runs: 0,
        }
    }

    /// What is typed for the catalogue in use.
    pub fn fill(&self) -> &Fill {
        static NOTHING: Fill = Fill::new();
        self.fills.get(&self.catalogue().id).unwrap_or(&NOTHING)
    }

    /// The catalogue in use.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogues[self.chosen]
    }

    /// The one place where the state changes.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Run { only_failed, nonce, now } => self.start(only_failed, &nonce, now),
            Message::Scan { run, events } => self.observe(run, events),
            Message::ScanEnded { run, now } => self.end(run, Phase::Done, now),
            Message::CloserEnded { run, now } => self.end_closer(run, now),
            Message::WebRtc(on) => {
                self.webrtc = on;
                Vec::new()
            }
            Message::Stop { now } => match &self.run {
                Some(run) if run.closer => {
                    let number = run.number;
                    let mut effects = vec![Effect::Abort];
                    effects.extend(self.end_closer(number, now));
                    effects
                }
                Some(run) if self.phase == Phase::Running => {
                    let number = run.number;
                    let mut effects = vec![Effect::Abort];
                    effects.extend(self.end(number, Phase::Stopped, now));
                    effects
                }
                _ => Vec::new(),
            },
            Message::Online(online) => {
                self.online = online;
                Vec::new()
            }
            Message::Choose(id) => match self.catalogues.iter().position(|catalogue| catalogue.id == id) {
                Some(at) if at != self.chosen => {
                    self.chosen = at;
                    self.forget_run()
                }
                Some(_) => Vec::new(),
                None => self.complain(Text::new("notice-catalogue-unknown").text("id", id)),
            },
            Message::Catalogue(origin, Ok(catalogue)) => {
                let effects = self.forget_run();
                self.offer(catalogue, origin != Origin::Baked);
                effects
            }
            Message::Catalogue(origin, Err(error)) => self.complain(origin.refused(error.to_string())),
            Message::CatalogueUnreadable(origin, message) => self.complain(origin.refused(message)),
            Message::Capture(message) => self.capture(message),
            Message::FileUnknown(name) => self.complain(Text::new("notice-file-unknown").text("name", name)),
            // A stranger's list must not stand under a name that is known here.
            Message::Link(Ok(catalogue)) if self.catalogues.iter().any(|known| known.id == catalogue.id) => {
                self.complain(Text::new("notice-link-taken").text("id", catalogue.id))
            }
            Message::Link(Ok(catalogue)) => {
                self.offered = Some(catalogue);
                Vec::new()
            }
            Message::Link(Err(error)) => {
                self.complain(Text::new("notice-link-refused").text("message", error.to_string()))
            }
            Message::LinkAnswered(yes) => match self.offered.take() {
                Some(catalogue) if yes => {
                    let effects = self.forget_run();
                    self.offer(catalogue, true);
                    effects
                }
                Some(_) | None => Vec::new(),
            },
            Message::Fill { id, value } => {
                let catalogue = self.catalogue().id.clone();
                self.fills.entry(catalogue).or_default().insert(id, value);
                Vec::new()
            }
            Message::Site(read) => match *read {
                Ok(site) => self.settle(site),
                Err(error) => {
                    self.complain(Text::new("notice-site-refused").text("message", error.to_string()))
                }
            },
            Message::Frame(notes) => {
                self.frame = notes;
                Vec::new()
            }
            Message::Scenario { name, now } => self.replay(&name, now),
            Message::LeaveScenario => self.forget_run(),
            Message::Desk(action) => self.at_desk(action),
            Message::DismissNotice => {
                self.notice = None;
                Vec::new()
            }
            Message::Language(tag) => {
                self.texts = Texts::for_language(&self.site.language(&tag));
                self.wish = tag;
                Vec::new()
            }
        }
    }

    /// Whether running the failed ones again has anything to ask.
    pub fn has_failed(&self) -> bool {
        self.run.as_ref().is_some_and(|run| {
            let plan = Plan::new(self.catalogue(), self.fill(), "preview");
            let mut planned = plan.checks.iter().filter(|planned| planned.stage != Stage::Control);
            planned.any(|planned| worth_repeating(run, planned))
        })
    }

    fn start(&mut self, only_failed: bool, nonce: &str, now: String) -> Vec<Effect> {
        if self.phase == Phase::Running {
            return Vec::new();
        }
        // Recorded observations stay what they are; nothing is asked.
        match self.replay {
            Replay::Off => {}
            Replay::Of(_) => return vec![Effect::Report],
            Replay::List => return vec![Effect::Abandon(Text::new("abandoned-replay"))],
        }
        if self.offered.is_some() {
            return vec![Effect::Abandon(Text::new("abandoned-question"))];
        }
        let full = Plan::new(self.catalogue(), self.fill(), nonce);
        let mut evidence = Evidence::of(full.clone(), self.catalogue(), self.online);
        evidence.client = Client::named(&self.environment.browser, &self.environment.os);
        let plan = match &self.run {
            Some(last) if only_failed => {
                let plan = full.clone().narrowed(|planned| worth_repeating(last, planned));
                // What is not asked again keeps what was seen of it.
                for check in &mut evidence.checks {
                    let asked = plan.checks.iter().any(|planned| planned.check.id == check.planned.check.id);
                    if !asked && let Some(before) = last.evidence.get(&check.planned.check.id) {
                        check.progress = before.progress.clone();
                        check.earlier = true;
                    }
                }
                plan
            }
            Some(_) | None => full.clone(),
        };
        self.runs += 1;
        let number = self.runs;
        let asked: Vec<_> = plan
            .checks
            .iter()
            .filter(|planned| planned.endpoint().is_some())
            .map(|planned| planned.check.id.clone())
            .collect();
        let total = asked.len();
        let closer = self.closer();
        evidence.supplements = self.supplements.clone();
        let diagnosis = diagnose(&evidence);
        self.run = Some(Run { number, started: now, asked, evidence, diagnosis, closer: false });
        self.report = None;
        self.phase = Phase::Running;
        let mut effects = if closer { vec![Effect::Abort] } else { Vec::new() };
        effects.extend([Effect::Progress { done: 0, total }, Effect::Scan { run: number, plan }]);
        effects
    }

    /// Diagnoses recorded observations as if they had just been made.
    fn replay(&mut self, name: &str, now: String) -> Vec<Effect> {
        let mut effects = self.forget_run();
        let scenario = Scenario::named(name);
        let at = scenario.as_ref().and_then(|scenario| {
            self.catalogues.iter().position(|catalogue| catalogue.id == scenario.catalogue)
        });
        let (Some(scenario), Some(at)) = (scenario, at) else {
            self.replay = Replay::List;
            return effects;
        };
        self.aside =
            Some(Aside { page: self.environment.page, online: self.online, fills: self.fills.clone() });
        self.chosen = at;
        self.fills.insert(scenario.catalogue.clone(), scenario.fill.clone());
        self.environment.page = scenario.page;
        let mut evidence = scenario.evidence(self.catalogue());
        evidence.finished = false;
        let asked = evidence.checks.iter().map(|check| check.planned.check.id.clone()).collect();
        let diagnosis = diagnose(&evidence);
        self.runs += 1;
        let number = self.runs;
        self.run = Some(Run { number, started: now.clone(), asked, evidence, diagnosis, closer: false });
        self.online = scenario.online;
        self.replay = Replay::Of(Box::new(scenario));
        self.phase = Phase::Running;
        effects.extend(self.end(number, Phase::Done, now));
        effects
    }

    fn observe(&mut self, number: u32, events: Vec<ScanEvent>) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.number == number) else { return Vec::new() };
        let (before, _) = run.progress();
        let mut tells = false;
        for event in events {
            tells |= match event {
                ScanEvent::Looked(id, seen) => look_closer(run, &id, seen),
                event if self.phase == Phase::Running => observe(run, event),
                _ => false,
            };
        }
        if !tells {
            return Vec::new();
        }
        run.diagnosis = diagnose(&run.evidence);
        let (done, total) = run.progress();
        if done == before { Vec::new() } else { vec![Effect::Progress { done, total }] }
    }

    fn end(&mut self, number: u32, phase: Phase, now: String) -> Vec<Effect> {
        let Some(mut run) = self.run.take() else { return Vec::new() };
        if run.number != number || self.phase != Phase::Running {
            self.run = Some(run);
            return Vec::new();
        }
        run.evidence.finished = true;
        run.evidence.online = self.online;
        run.diagnosis = diagnose(&run.evidence);
        let frame = Frame {
            version: env!("CARGO_PKG_VERSION"),
            catalogue: self.catalogue(),
            started: run.started.clone(),
            finished: now,
            environment: self.environment.clone(),
        };
        self.report = Report::of(&run.evidence, &run.diagnosis, frame, &self.texts);
        let mut effects = vec![Effect::Report];
        let (doubts, healthy) = in_doubt(&run);
        let readable = readable(&run);
        let worth_it = !doubts.is_empty() || !readable.is_empty();
        if phase == Phase::Done && self.replay == Replay::Off && worth_it {
            run.closer = true;
            let webrtc = self.webrtc;
            effects.push(Effect::LookCloser { run: number, doubts, healthy, readable, webrtc });
        }
        self.run = Some(run);
        self.phase = phase;
        effects
    }

    /// The closer looks of a run are over, or were broken off: the report is written anew.
    fn end_closer(&mut self, number: u32, now: String) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.number == number && run.closer) else {
            return Vec::new();
        };
        run.closer = false;
        self.write_again(Some(now))
    }

    /// Writes the report of an ended run anew; without a time, its end stays what it was.
    fn write_again(&mut self, finished: Option<String>) -> Vec<Effect> {
        let (Some(before), Some(run)) = (self.report.take(), &self.run) else { return Vec::new() };
        let frame = Frame {
            version: env!("CARGO_PKG_VERSION"),
            catalogue: &self.catalogues[self.chosen],
            started: before.started,
            finished: finished.unwrap_or(before.finished),
            environment: before.environment,
        };
        self.report = Report::of(&run.evidence, &run.diagnosis, frame, &self.texts);
        vec![Effect::Report]
    }

    /// What is known at present, and what it amounts to: of the run, or without one of what was brought.
    pub fn known(&self) -> Option<(&Evidence, &Diagnosis)> {
        let run = self.run.as_ref().map(|run| (&run.evidence, &run.diagnosis));
        run.or_else(|| self.without_run.as_ref().map(|(evidence, diagnosis)| (evidence, diagnosis)))
    }

    /// Changes what files and the admin tell, and diagnoses anew. A recorded run stays as it was recorded.
    pub fn supplement(&mut self, change: impl FnOnce(&mut Supplements)) -> Vec<Effect> {
        change(&mut self.supplements);
        self.diagnose_without_run();
        match &mut self.run {
            Some(run) if self.replay == Replay::Off => {
                run.evidence.supplements = self.supplements.clone();
                run.diagnosis = diagnose(&run.evidence);
                if self.phase == Phase::Running { Vec::new() } else { self.write_again(None) }
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn diagnose_without_run(&mut self) {
        let mut brought = self.supplements.clone();
        // What is no capture says so in its own place, and nothing follows from it.
        brought.capture.take_if(|capture| capture.facts.container.is_none());
        self.without_run = (!brought.is_empty()).then(|| {
            let evidence = Evidence::without_run(brought, self.online);
            let diagnosis = diagnose(&evidence);
            (evidence, diagnosis)
        });
    }

    fn closer(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.closer)
    }

    /// Another list has other checks: what was seen of the last one says nothing about them.
    fn forget_run(&mut self) -> Vec<Effect> {
        let effects = if self.phase == Phase::Running {
            vec![Effect::Abort, Effect::Abandon(Text::new("abandoned-catalogue"))]
        } else if self.closer() {
            vec![Effect::Abort]
        } else {
            Vec::new()
        };
        self.run = None;
        self.report = None;
        self.phase = Phase::Idle;
        self.replay = Replay::Off;
        // Nothing recorded may end up in a run of this network.
        if let Some(own) = self.aside.take() {
            self.environment.page = own.page;
            self.online = own.online;
            self.fills = own.fills;
        }
        effects
    }

    pub(crate) fn complain(&mut self, text: Text) -> Vec<Effect> {
        self.notice = Some(Notice { text: text.clone() });
        vec![Effect::Error(text)]
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
