//! Everything that is known when a diagnosis is asked for.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Check, CheckId, Region};
use crate::observation::Observation;
use crate::plan::{Plan, PlannedCheck};
use crate::supplements::Supplements;

/// Where the page came from; decides what a browser lets it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageKind {
    /// Opened from a file: no mixed-content rule, no Local Network Access.
    File,
    /// Served without TLS.
    Http,
    /// Served with TLS: plain HTTP targets are out of reach.
    Https,
}

/// Browsers that show failures in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Chromium, Chrome, Edge and their kin.
    Chromium,
    /// Firefox, but not on iOS.
    Firefox,
    /// Any other: nothing is known of how it fails.
    #[default]
    Other,
}

/// What made the observations, as far as it changes what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Client {
    /// Which engine.
    pub engine: Engine,
    /// Whether on Windows, where a refusal takes two seconds, because the system asks three times (documented).
    pub windows: bool,
}

impl Client {
    /// By the words of a report's environment, such as `Edge 156` and `Windows`.
    pub fn named(browser: &str, os: &str) -> Self {
        let engine = match browser.split(' ').next().unwrap_or_default() {
            "Chromium" | "Chrome" | "Edge" | "Brave" | "Opera" if os != "iOS" => Engine::Chromium,
            "Firefox" if os != "iOS" => Engine::Firefox,
            _ => Engine::Other,
        };
        // Old ones are named with their age.
        Self { engine, windows: os.starts_with("Windows") }
    }
}

/// The input of [`crate::diagnose`]: the plan of a run and what has come of it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// `false` only where the browser says that it is offline; `true` proves nothing. Everything is asked all
    /// the same: browsers have been wrong about it, and this machine's own addresses need no network.
    pub online: bool,
    /// Whether nothing more will come.
    pub finished: bool,
    /// What asked.
    pub client: Client,
    /// The catalogue's regions, for titles.
    pub regions: Vec<Region>,
    /// Every planned check, in the plan's order.
    pub checks: Vec<CheckEvidence>,
    /// What files and the admin tell beside the probes.
    pub supplements: Supplements,
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckEvidence {
    /// What was planned.
    pub planned: PlannedCheck,
    /// What came of it.
    pub progress: Progress,
    /// Whether that comes from an earlier run: it tells of the check, but not of the network as it is now.
    pub earlier: bool,
}

/// How far a check has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Begun and without result.
    Running,
    /// Has failed, and is asked once more: what struck only once is not the network's state.
    Repeating(Vec<Observation>),
    /// Has results, oldest first; never empty.
    Observed(Vec<Observation>),
    /// Will not be run.
    NotRun(NotRun),
}

/// Why a check was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotRun {
    /// The admin stopped the run.
    Stopped,
    /// Other connections hung, and none was free for this one in time.
    NoRoom,
}

impl Evidence {
    /// The evidence at the start of a run.
    pub fn of(plan: Plan, catalogue: &Catalogue, online: bool) -> Self {
        let checks = plan
            .checks
            .into_iter()
            .map(|planned| CheckEvidence { planned, progress: Progress::Waiting, earlier: false })
            .collect();
        let regions = catalogue.regions.clone();
        let (client, supplements) = (Client::default(), Supplements::default());
        Self { online, finished: false, client, regions, checks, supplements }
    }

    /// Evidence without a run: only what was brought to the page.
    pub fn without_run(supplements: Supplements, online: bool) -> Self {
        let client = Client::default();
        Self { online, finished: true, client, regions: Vec::new(), checks: Vec::new(), supplements }
    }

    /// The check of this id.
    pub fn get(&self, id: &CheckId) -> Option<&CheckEvidence> {
        self.checks.iter().find(|check| &check.check().id == id)
    }

    /// The check of this id, to be changed.
    pub fn get_mut(&mut self, id: &CheckId) -> Option<&mut CheckEvidence> {
        self.checks.iter_mut().find(|check| &check.planned.check.id == id)
    }
}

impl CheckEvidence {
    /// The check itself.
    pub const fn check(&self) -> &Check {
        &self.planned.check
    }

    /// What was observed, oldest first.
    pub fn observations(&self) -> &[Observation] {
        match &self.progress {
            Progress::Repeating(observations) | Progress::Observed(observations) => observations,
            Progress::Waiting | Progress::Running | Progress::NotRun(_) => &[],
        }
    }
}
