//! Rules to hand over: what the teams of firewall and proxy have to allow, in the forms that they work with.

mod render;

use std::collections::BTreeSet;

use connector_check_diagnosis::catalogue::{Check, CheckId, Expect, Group, Need};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::plan::{Plan, PlannedCheck};

pub use render::render;

use crate::doctor::ProxyAddress;

/// The ports of the Service Bus over plain TCP. Where the proxy must be used they have to be closed towards the
/// service, or the connector goes around it (Microsoft, "Work with existing on-premises proxy servers", 2018).
pub const DIRECT_SERVICE_BUS_PORTS: [u16; 3] = [5671, 9350, 9352];

/// One rule of the allow list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Host, `*.domain` or `host/path`.
    pub allow: String,
    /// TCP ports that TLS is spoken on, in ascending order; through a proxy these need CONNECT.
    pub tls_ports: BTreeSet<u16>,
    /// TCP ports for plain HTTP, in ascending order.
    pub plain_ports: BTreeSet<u16>,
    /// The gravest need among its checks.
    pub need: Need,
    /// What the hosts behind it are for; each once.
    pub reasons: Vec<String>,
    /// Whether it is about revocation and trust lists only.
    pub revocation: bool,
    /// The checks behind it.
    pub checks: Vec<CheckId>,
}

impl Rule {
    /// The host part, without `*.` and path.
    pub fn host(&self) -> &str {
        let host = self.allow.split('/').next().unwrap_or_default();
        host.strip_prefix("*.").unwrap_or(host)
    }

    /// Whether it stands for every name below a domain.
    pub fn is_domain(&self) -> bool {
        self.allow.starts_with("*.")
    }

    /// All ports, in ascending order.
    pub fn ports(&self) -> Vec<u16> {
        self.tls_ports.union(&self.plain_ports).copied().collect()
    }
}

/// A form of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A letter: what is needed, and what else matters.
    Text,
    /// Comma-separated values, RFC 4180.
    Csv,
    /// Lines for `squid.conf`.
    Squid,
    /// PowerShell commands for the Windows firewall.
    WindowsFirewall,
    /// A proxy auto-configuration file.
    Pac,
}

impl Form {
    /// Every form, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Text, Self::Csv, Self::Squid, Self::WindowsFirewall, Self::Pac];

    /// Stable word, for texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Squid => "squid",
            Self::WindowsFirewall => "windows",
            Self::Pac => "pac",
        }
    }

    /// What a saved file is called.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Text => "connector-rules.txt",
            Self::Csv => "connector-rules.csv",
            Self::Squid => "connector-rules.squid.conf",
            Self::WindowsFirewall => "connector-rules.ps1",
            Self::Pac => "connector-rules.pac",
        }
    }
}

/// What the network demands, as far as the admin has said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// The proxy that everything has to go through.
    pub proxy: Option<ProxyAddress>,
    /// Whether the hosts for revocation go out directly: a report says that the connector's checks of revocation
    /// do not use the proxy (microsoft/GlobalSecureAccess#24, one reporter, not confirmed by Microsoft).
    pub revocation_direct: bool,
}

/// The allow list of a plan: one rule for each `allow`, in the plan's order; only of the checks that `keep` keeps.
///
/// Names that cannot exist have no rule; a rule with a gap in it, which only the admin can fill, is left out.
pub fn rules(plan: &Plan, keep: impl Fn(&CheckId) -> bool) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for planned in &plan.checks {
        let check = &planned.check;
        let counts = planned.canary.is_none() && check.expect != Expect::Refusal && keep(&check.id);
        if !counts || check.allow.is_empty() || check.allow.contains(['{', '}']) {
            continue;
        }
        let Some((port, tls)) = port(planned) else { continue };
        let at = rules.iter().position(|rule| rule.allow == check.allow).unwrap_or_else(|| {
            rules.push(empty(check));
            rules.len() - 1
        });
        let rule = &mut rules[at];
        if tls {
            rule.tls_ports.insert(port)
        } else {
            rule.plain_ports.insert(port)
        };
        rule.need = rule.need.min(check.need);
        rule.revocation &= check.group == Group::Revocation;
        if !rule.reasons.contains(&check.purpose) {
            rule.reasons.push(check.purpose.clone());
        }
        rule.checks.push(check.id.clone());
    }
    rules
}

fn empty(check: &Check) -> Rule {
    Rule {
        allow: check.allow.clone(),
        tls_ports: BTreeSet::new(),
        plain_ports: BTreeSet::new(),
        need: check.need,
        reasons: Vec::new(),
        revocation: check.group == Group::Revocation,
        checks: Vec::new(),
    }
}

/// Port, and whether TLS is spoken there; known even while a placeholder of the host is empty.
fn port(planned: &PlannedCheck) -> Option<(u16, bool)> {
    if let Some(endpoint) = planned.endpoint() {
        return Some((endpoint.port, endpoint.scheme.is_tls()));
    }
    let ids = planned.check.placeholders();
    let url = ids.iter().fold(planned.check.url.clone(), |url, id| url.replace(&format!("{{{id}}}"), "x"));
    Endpoint::parse(&url).ok().map(|endpoint| (endpoint.port, endpoint.scheme.is_tls()))
}
