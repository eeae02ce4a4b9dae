//! From a finding to what its guide is filled with: the hosts, ports and rules of this run.

use std::collections::BTreeSet;

use crate::catalogue::{Check, Expect};
use crate::evidence::Evidence;
use crate::finding::Finding;
use crate::guidance::{Context, Rule};

/// The guide's context for one finding of a run.
pub fn context(finding: &Finding, evidence: &Evidence) -> Context {
    let checks: Vec<_> = finding
        .checks
        .iter()
        .filter_map(|id| evidence.get(id))
        // A canary's own name is no host to open a firewall for.
        .filter(|check| check.check().expect != Expect::Refusal)
        .collect();
    let endpoints: Vec<_> = checks
        .iter()
        .filter_map(|check| check.endpoint())
        .map(|endpoint| (endpoint.host.clone(), endpoint.port))
        .chain(finding.places.iter().cloned())
        .collect();
    let mut rules: Vec<Rule> = Vec::new();
    for check in &checks {
        add_rule(&mut rules, check.check(), check.endpoint().map(|endpoint| endpoint.port));
    }
    let regions: BTreeSet<_> = checks.iter().filter_map(|check| check.check().region.as_deref()).collect();
    let region = match regions.iter().collect::<Vec<_>>()[..] {
        [one] => evidence.regions.iter().find(|region| region.id == *one).map(|region| region.title.clone()),
        _ => None,
    };
    Context { endpoints, rules, region, count: checks.len() }
}

/// One line per rule, with all its ports and purposes.
fn add_rule(rules: &mut Vec<Rule>, check: &Check, port: Option<u16>) {
    let Some(port) = port.filter(|_| !check.allow.is_empty()) else { return };
    let at = rules.iter().position(|rule| rule.allow == check.allow).unwrap_or_else(|| {
        rules.push(Rule { allow: check.allow.clone(), ..Rule::default() });
        rules.len() - 1
    });
    let rule = &mut rules[at];
    if !rule.ports.contains(&port) {
        rule.ports.push(port);
    }
    if !rule.purposes.contains(&check.purpose) {
        rule.purposes.push(check.purpose.clone());
    }
}
