//! Everything the page knows, and the one place where it changes.
//!
//! [`State::update`] is pure: it takes a [`Message`], changes the state and names the effects that the
//! edge is to carry out. Views draw a state and send messages; they decide nothing.

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError, CheckId};
use connector_check_diagnosis::decision::Status;
use connector_check_diagnosis::evidence::{Evidence, NotRun, Progress};
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_diagnosis::report::{Environment, Frame, Report};
use connector_check_diagnosis::text::{Message as Text, Texts};
use connector_check_diagnosis::{Diagnosis, diagnose};

use crate::offer::Site;
use crate::scan::ScanEvent;

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
}

impl Run {
    /// Checks with a result, and checks asked.
    pub fn progress(&self) -> (usize, usize) {
        let settled = |id: &&CheckId| {
            self.evidence
                .get(id)
                .is_some_and(|check| matches!(check.progress, Progress::Observed(_) | Progress::NotRun(_)))
        };
        (self.asked.iter().filter(settled).count(), self.asked.len())
    }
}

/// A word to the admin that is no finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What happened.
    pub text: Text,
}

/// Where a catalogue came from, for the notice that refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, by its name.
    File(String),
    /// An address.
    Address(String),
    /// The `catalogue` property.
    Property,
    /// Baked into the page.
    Baked,
}

/// Everything the page knows.
pub struct State {
    /// The words of the chosen language.
    pub texts: Texts,
    /// Where the page runs.
    pub environment: Environment,
    /// `false` only where the browser says that it is offline.
    pub online: bool,
    /// What can be chosen, in order.
    pub catalogues: Vec<Catalogue>,
    /// Index of the one in use.
    pub chosen: usize,
    /// What was typed for placeholders.
    pub fill: Fill,
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
    runs: u32,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Start a run: all checks, or those that failed or stayed open.
    Run {
        /// Only what was not reached.
        only_failed: bool,
        /// A random DNS label for the canaries.
        nonce: String,
        /// RFC 3339, UTC.
        now: String,
    },
    /// Something about one check of a run.
    Scan {
        /// Which run.
        run: u32,
        /// What.
        event: ScanEvent,
    },
    /// The scan of a run came to its end.
    ScanEnded {
        /// Which run.
        run: u32,
        /// RFC 3339, UTC.
        now: String,
    },
    /// Stop the run.
    Stop {
        /// RFC 3339, UTC.
        now: String,
    },
    /// The browser went online or offline.
    Online(bool),
    /// Use the catalogue of this id.
    Choose(String),
    /// A catalogue file was read, or refused.
    Catalogue(Origin, Result<Catalogue, CatalogueError>),
    /// A catalogue could not be fetched or read at all.
    CatalogueUnreadable(Origin, String),
    /// A link carried a catalogue; it must be asked for.
    Link(Result<Catalogue, CatalogueError>),
    /// The admin takes the link's catalogue, or does not.
    LinkAnswered(bool),
    /// Something was typed for a placeholder.
    Fill {
        /// Placeholder id.
        id: String,
        /// What was typed.
        value: String,
    },
    /// The site file was read, or something is wrong with it.
    Site(Result<Site, String>),
    /// Close the notice.
    DismissNotice,
    /// Speak this language.
    Language(String),
}

/// What the edge is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run these probes.
    Scan {
        /// Which run.
        run: u32,
        /// What to ask.
        plan: Plan,
    },
    /// Abort what is out.
    Abort,
    /// Tell the page around: so many of so many.
    Progress {
        /// Checks with a result.
        done: usize,
        /// Checks asked.
        total: usize,
    },
    /// Tell the page around: the report is there.
    Report,
    /// Tell the page around: something went wrong.
    Error(Text),
}

impl State {
    /// The state of a fresh page.
    pub fn new(texts: Texts, environment: Environment, online: bool, catalogues: Vec<Catalogue>) -> Self {
        let mut state = Self {
            texts,
            environment,
            online,
            catalogues,
            chosen: 0,
            fill: Fill::new(),
            phase: Phase::Idle,
            run: None,
            report: None,
            notice: None,
            offered: None,
            runs: 0,
        };
        state.take_defaults();
        state
    }

    /// The catalogue in use.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogues[self.chosen]
    }

    /// The one place where the state changes.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Run { only_failed, nonce, now } => self.start(only_failed, &nonce, now),
            Message::Scan { run, event } => self.observe(run, event),
            Message::ScanEnded { run, now } => self.end(run, Phase::Done, now),
            Message::Stop { now } => match &self.run {
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
            Message::Catalogue(_, Ok(catalogue)) => {
                self.offer(catalogue);
                self.forget_run()
            }
            Message::Catalogue(origin, Err(error)) => self.complain(refused(&origin, error.to_string())),
            Message::CatalogueUnreadable(origin, message) => self.complain(refused(&origin, message)),
            Message::Link(Ok(catalogue)) => {
                self.offered = Some(catalogue);
                Vec::new()
            }
            Message::Link(Err(error)) => {
                self.complain(Text::new("notice-link-refused").text("message", error.to_string()))
            }
            Message::LinkAnswered(yes) => match self.offered.take() {
                Some(catalogue) if yes => {
                    self.offer(catalogue);
                    self.forget_run()
                }
                Some(_) | None => Vec::new(),
            },
            Message::Fill { id, value } => {
                self.fill.insert(id, value);
                Vec::new()
            }
            Message::Site(Ok(site)) => {
                self.fill.extend(site.placeholders);
                for catalogue in site.catalogues.into_iter().rev() {
                    self.catalogues.retain(|known| known.id != catalogue.id);
                    self.catalogues.insert(0, catalogue);
                }
                self.chosen = 0;
                self.take_defaults();
                site.default.map_or_else(Vec::new, |id| self.update(Message::Choose(id)))
            }
            Message::Site(Err(message)) => {
                self.complain(Text::new("notice-site-refused").text("message", message))
            }
            Message::DismissNotice => {
                self.notice = None;
                Vec::new()
            }
            Message::Language(tag) => {
                self.texts = Texts::for_language(&tag);
                Vec::new()
            }
        }
    }

    /// Whether running the failed ones again has anything to ask.
    pub fn has_failed(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !repeatable(run).is_empty())
    }

    fn start(&mut self, only_failed: bool, nonce: &str, now: String) -> Vec<Effect> {
        if self.phase == Phase::Running || self.offered.is_some() {
            return Vec::new();
        }
        let full = Plan::new(self.catalogue(), &self.fill, nonce);
        let mut evidence = Evidence::of(full.clone(), self.catalogue(), self.online);
        let plan = match &self.run {
            Some(last) if only_failed => {
                let again = repeatable(last);
                let plan = full.narrowed(|id| again.contains(id));
                // What is not asked again keeps what was seen of it.
                for check in &mut evidence.checks {
                    let asked = plan.checks.iter().any(|planned| planned.check.id == check.planned.check.id);
                    if !asked && let Some(before) = last.evidence.get(&check.planned.check.id) {
                        check.progress = before.progress.clone();
                    }
                }
                plan
            }
            Some(_) | None => full,
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
        let diagnosis = diagnose(&evidence);
        self.run = Some(Run { number, started: now, asked, evidence, diagnosis });
        self.report = None;
        self.notice = None;
        self.phase = Phase::Running;
        vec![Effect::Progress { done: 0, total }, Effect::Scan { run: number, plan }]
    }

    fn observe(&mut self, number: u32, event: ScanEvent) -> Vec<Effect> {
        let Some(run) = self.run.as_mut().filter(|run| run.number == number) else { return Vec::new() };
        if self.phase != Phase::Running {
            return Vec::new();
        }
        let (id, progress) = match event {
            ScanEvent::Started(id) => (id, Progress::Running),
            ScanEvent::Observed(id, observation) => (id, Progress::Observed(vec![observation])),
            ScanEvent::NotStarted(id) => (id, Progress::NotRun(NotRun::NoRoom)),
        };
        let settled = progress != Progress::Running;
        if let Some(check) = run.evidence.get_mut(&id) {
            check.progress = progress;
        }
        if !settled {
            return Vec::new();
        }
        run.diagnosis = diagnose(&run.evidence);
        let (done, total) = run.progress();
        vec![Effect::Progress { done, total }]
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
        self.run = Some(run);
        self.phase = phase;
        vec![Effect::Report]
    }

    /// Puts a catalogue in use; it replaces one of the same id.
    fn offer(&mut self, catalogue: Catalogue) {
        self.notice = None;
        match self.catalogues.iter().position(|known| known.id == catalogue.id) {
            Some(at) => {
                self.catalogues[at] = catalogue;
                self.chosen = at;
            }
            None => {
                self.catalogues.push(catalogue);
                self.chosen = self.catalogues.len() - 1;
            }
        }
        self.take_defaults();
    }

    /// Another list has other checks: what was seen of the last one says nothing about them.
    fn forget_run(&mut self) -> Vec<Effect> {
        let effects = if self.phase == Phase::Running { vec![Effect::Abort] } else { Vec::new() };
        self.run = None;
        self.report = None;
        self.phase = Phase::Idle;
        effects
    }

    fn take_defaults(&mut self) {
        for placeholder in self.catalogues.iter().flat_map(|catalogue| &catalogue.placeholders) {
            if let Some(default) = &placeholder.default {
                self.fill.entry(placeholder.id.clone()).or_insert_with(|| default.clone());
            }
        }
    }

    fn complain(&mut self, text: Text) -> Vec<Effect> {
        self.notice = Some(Notice { text: text.clone() });
        vec![Effect::Error(text)]
    }
}

fn refused(origin: &Origin, message: String) -> Text {
    let (id, name) = match origin {
        Origin::File(name) => ("notice-file-refused", name.as_str()),
        Origin::Address(url) => ("notice-address-refused", url.as_str()),
        Origin::Property => ("notice-property-refused", ""),
        Origin::Baked => ("notice-baked-refused", ""),
    };
    Text::new(id).text("name", name).text("message", message)
}

/// What is worth asking again: everything that was not reached but could be.
fn repeatable(run: &Run) -> Vec<CheckId> {
    let again = |status: Option<Status>| match status {
        Some(Status::Unreachable | Status::Inconclusive | Status::Intercepted | Status::Skipped) | None => {
            true
        }
        Some(Status::Reachable | Status::NotTestable) => false,
    };
    run.evidence
        .checks
        .iter()
        .zip(&run.diagnosis.results)
        .filter(|(check, result)| {
            check.planned.stage != connector_check_diagnosis::plan::Stage::Control
                && check.planned.endpoint().is_some()
                && again(result.status())
        })
        .map(|(check, _)| check.planned.check.id.clone())
        .collect()
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
