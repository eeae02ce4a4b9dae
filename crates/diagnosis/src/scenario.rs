//! Recorded observations, to be diagnosed and shown without a network: demonstrations, training, tests.
//!
//! A scenario is a file in `scenarios/`: a catalogue, what is typed into its fields, what is seen of every
//! check, and where something else is seen. The file also says which findings must come first, and a test
//! holds it to that.

use serde::Deserialize;

use crate::catalogue::{Catalogue, Check, CheckId};
use crate::evidence::{CheckEvidence, Engine, Evidence, NotRun, PageKind, Progress};
use crate::observation::Observation;
use crate::plan::{Fill, Plan};
use crate::supplements::Supplements;

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// One scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line for the list.
    pub title: String,
    /// Id of a built-in catalogue.
    pub catalogue: String,
    /// What is typed into its fields.
    #[serde(default)]
    pub fill: Fill,
    /// `false` where the browser says that it is offline.
    #[serde(default = "yes")]
    pub online: bool,
    /// How the page was opened.
    #[serde(default = "http")]
    pub page: PageKind,
    /// Checks beside those of the catalogue.
    #[serde(default)]
    pub also: Vec<Check>,
    /// What asked: how failures are read depends on it.
    #[serde(default)]
    pub browser: Engine,
    /// What is seen of every check of the catalogue that nothing else is said of.
    pub seen: Vec<Observation>,
    /// What is seen of every name that cannot exist that nothing else is said of.
    pub canaries: Vec<Observation>,
    /// Exceptions; the last that matches counts.
    #[serde(default)]
    pub except: Vec<Exception>,
    /// What files and the admin tell beside it.
    #[serde(default)]
    pub supplements: Supplements,
    /// The codes that the diagnosis must begin with.
    pub finds: Vec<String>,
}

/// Something else is seen of some checks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// A check's id, in which `*` stands for anything.
    pub checks: String,
    /// What is seen; nothing at all where the check was not asked.
    pub seen: Vec<Observation>,
}

const fn yes() -> bool {
    true
}

const fn http() -> PageKind {
    PageKind::Http
}

impl Scenario {
    /// The names of all scenarios, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// The scenario of this name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, json) = SCENARIOS.iter().find(|(known, _)| *known == name)?;
        // The build script has read it by the same types' rules; a test reads every one.
        serde_json::from_str(json).ok()
    }

    /// The evidence of a finished run in which all this was seen.
    pub fn evidence(&self, catalogue: &Catalogue) -> Evidence {
        let mut catalogue = catalogue.clone();
        catalogue.checks.extend(self.also.iter().cloned());
        let plan = Plan::new(&catalogue, &self.fill, "scenario");
        let mut evidence = Evidence::of(plan, &catalogue, self.online);
        evidence.finished = true;
        evidence.client.engine = self.browser;
        evidence.supplements = self.supplements.clone();
        for check in &mut evidence.checks {
            let seen = self.seen_of(check);
            check.progress = if seen.is_empty() {
                Progress::NotRun(NotRun::Stopped)
            } else {
                Progress::Observed(seen.to_vec())
            };
        }
        evidence
    }

    fn seen_of(&self, check: &CheckEvidence) -> &[Observation] {
        let id = &check.check().id;
        let exception = self.except.iter().rev().find(|exception| matches(&exception.checks, id));
        let usual = if check.planned.canary.is_some() { &self.canaries } else { &self.seen };
        exception.map_or(usual, |exception| &exception.seen)
    }
}

/// Whether an id fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, id: &CheckId) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = id.0.strip_prefix(first) else { return false };
    let mut open_end = false;
    for part in parts {
        open_end = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || open_end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, id, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*", "", true),
            ("*-9090", "east-us-9090", true),
            ("*-9090", "east-us-9091", false),
            ("east-*-90*", "east-us-9091", true),
            ("*a", "b", false),
        ] {
            assert_eq!(matches(pattern, &CheckId::from(id)), fits, "{pattern} {id}");
        }
    }
}
