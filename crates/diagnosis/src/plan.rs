//! From a catalogue to the probes of one run: placeholders filled, canaries added, stages set.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalogue::{CANARY_PREFIX, Catalogue, Check, CheckId, Expect, Group, Need};
use crate::endpoint::{Endpoint, EndpointError, Scheme};

/// The top-level domain that can never exist (RFC 6761, section 6.4).
const NEVER: &str = "invalid";

/// A certificate's common name has no more letters (RFC 5280, upper bounds of appendix A). Who makes certificates up may
/// make none that a browser takes for a longer name (measured with squid 5.7), and would look honest.
const COMMON_NAME: usize = 64;

/// What the admin typed for each placeholder, by placeholder id.
pub type Fill = BTreeMap<String, String>;

/// When a check starts: controls first, then the sign-in pages, then everything else at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Canaries and references: they say what the other results are worth.
    Control,
    /// The sign-in pages.
    Login,
    /// All other checks.
    Sweep,
}

/// What a check points at in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A complete address.
    Endpoint(Endpoint),
    /// The ids of the placeholders that nothing usable was typed for.
    WaitsFor(Vec<String>),
}

/// One check of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCheck {
    /// The check as the catalogue has it, with placeholders filled in `allow`;
    /// canaries carry a check made for the run.
    pub check: Check,
    /// Where it points.
    pub target: Target,
    /// When it starts.
    pub stage: Stage,
    /// What the check guards, if the plan added it.
    pub canary: Option<Canary>,
}

/// A name that cannot exist; an answer in its name is made up by something on the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    /// Below `.invalid`: speaks for every check of its kind (TLS or plain).
    Anywhere,
    /// Below a service's own domain: speaks for the checks of that domain.
    Domain(String),
}

/// Everything one run asks: canaries, then the catalogue's checks in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The checks.
    pub checks: Vec<PlannedCheck>,
}

impl PlannedCheck {
    /// The address, where it is complete.
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        match &self.target {
            Target::Endpoint(endpoint) => Some(endpoint),
            Target::WaitsFor(_) => None,
        }
    }
}

impl Plan {
    /// Plans a run. `nonce` is a random DNS label, fresh for each run, so that no cache knows the canaries.
    pub fn new(catalogue: &Catalogue, fill: &Fill, nonce: &str) -> Self {
        let listed: Vec<_> = catalogue.checks.iter().map(|check| planned(check, fill)).collect();
        let mut checks = canaries(&listed, nonce);
        checks.extend(listed);
        Self { checks }
    }

    /// The same plan without the checks that `keep` turns down. Canaries, controls and whatever else says
    /// what results are worth always stay.
    #[must_use]
    pub fn narrowed(mut self, keep: impl Fn(&PlannedCheck) -> bool) -> Self {
        self.checks.retain(|planned| planned.stage == Stage::Control || keep(planned));
        self
    }
}

/// What an admin typed for a placeholder, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillValue {
    /// A label, name or address, as it goes into the host.
    pub host: String,
    /// `http://` stood in front: the test host speaks plain HTTP.
    pub plain: bool,
}

impl FillValue {
    /// Reads what was typed; surrounding blanks, a scheme and a final slash are allowed.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        let (plain, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (false, rest),
            Some((scheme, _)) => return Err(EndpointError::Scheme(scheme.to_owned())),
            None => (false, text),
        };
        let rest = rest.trim_end_matches('/');
        // A bare IPv6 address is meant as one, not as a host with a port.
        let bracketed = rest.parse::<std::net::Ipv6Addr>().map(|ip| format!("[{ip}]"));
        let rest = bracketed.as_deref().unwrap_or(rest);
        // A port or path belongs to the catalogue, not into a host.
        let endpoint = Endpoint::parse(&format!("https://{rest}/"))?;
        if rest.contains(['/', '?']) || endpoint.port != Scheme::Https.default_port() || has_port(rest) {
            return Err(EndpointError::Host(rest.to_owned()));
        }
        let host = if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host };
        Ok(Self { host, plain })
    }
}

fn has_port(authority: &str) -> bool {
    authority.rsplit(']').next().is_some_and(|rest| rest.contains(':'))
}

fn planned(check: &Check, fill: &Fill) -> PlannedCheck {
    let stage = match check.group {
        Group::Control => Stage::Control,
        Group::Login => Stage::Login,
        Group::Service | Group::Tls | Group::Revocation => Stage::Sweep,
    };
    let mut filled = check.clone();
    let mut url = check.url.clone();
    let mut missing = Vec::new();
    for id in check.placeholders() {
        match fill.get(id).and_then(|text| FillValue::parse(text).ok()) {
            Some(value) => {
                let braces = format!("{{{id}}}");
                url = url.replace(&braces, &value.host);
                filled.allow = filled.allow.replace(&braces, &value.host);
                if value.plain
                    && let Some(rest) = url.strip_prefix("https://")
                {
                    url = plain_with_port(rest);
                }
            }
            None if missing.iter().any(|known| known == id) => {}
            None => missing.push(id.to_owned()),
        }
    }
    let target = match Endpoint::parse(&url) {
        Ok(endpoint) if missing.is_empty() => Target::Endpoint(endpoint),
        Ok(_) | Err(_) => {
            if missing.is_empty() {
                missing = check.placeholders().into_iter().map(str::to_owned).collect();
            }
            Target::WaitsFor(missing)
        }
    };
    PlannedCheck { check: filled, target, stage, canary: None }
}

/// `host[:port]/path` of an `https` address, as plain HTTP on the same port.
fn plain_with_port(rest: &str) -> String {
    let authority = rest.split('/').next().unwrap_or_default();
    let path = &rest[authority.len()..];
    if has_port(authority) {
        format!("http://{authority}{path}")
    } else {
        format!("http://{authority}:{}{path}", Scheme::Https.default_port())
    }
}

fn canaries(listed: &[PlannedCheck], nonce: &str) -> Vec<PlannedCheck> {
    let asks = |tls: bool| {
        listed.iter().filter_map(PlannedCheck::endpoint).any(|endpoint| endpoint.scheme.is_tls() == tls)
    };
    let mut all: Vec<_> = canary(Scheme::Https, NEVER, nonce, Canary::Anywhere).into_iter().collect();
    if asks(false) {
        all.extend(canary(Scheme::Http, NEVER, nonce, Canary::Anywhere));
    }
    let domains: BTreeSet<&str> = listed
        .iter()
        .filter(|planned| planned.check.group == Group::Service)
        .filter(|planned| planned.endpoint().is_some_and(|endpoint| endpoint.scheme.is_tls()))
        .filter_map(|planned| {
            let domain = planned.check.allow.strip_prefix("*.")?;
            // Only where the rule is really about this check's own host.
            let host = &planned.endpoint()?.host;
            host.strip_suffix(domain)?.ends_with('.').then_some(domain)
        })
        .collect();
    for domain in domains {
        all.extend(canary(Scheme::Https, domain, nonce, Canary::Domain(domain.to_owned())));
    }
    all
}

/// `None` where the name would be too long to be asked for: its failure would say nothing.
fn canary(scheme: Scheme, domain: &str, nonce: &str, kind: Canary) -> Option<PlannedCheck> {
    let host = match &kind {
        Canary::Anywhere => format!("connector-check-{nonce}.{domain}"),
        // Two labels: a service's own wildcard certificate covers one, so that even where its DNS answers
        // for everything, only something on the path can answer with a certificate for this name.
        Canary::Domain(_) => {
            let long = format!("canary.connector-check-{nonce}.{domain}");
            if long.len() <= COMMON_NAME { long } else { format!("c.cc-{nonce}.{domain}") }
        }
    };
    let endpoint = Endpoint::parse(&format!("{}://{host}/", scheme.as_str())).ok()?;
    let name = match &kind {
        Canary::Anywhere => scheme.as_str().to_owned(),
        Canary::Domain(domain) => domain.replace('.', "-"),
    };
    let check = Check {
        id: CheckId(format!("{CANARY_PREFIX}{name}")),
        group: Group::Control,
        title: endpoint.host.clone(),
        url: endpoint.url(),
        region: None,
        need: Need::Required,
        expect: Expect::Refusal,
        purpose: String::new(),
        allow: String::new(),
        responder: false,
    };
    Some(PlannedCheck {
        check,
        target: Target::Endpoint(endpoint),
        stage: Stage::Control,
        canary: Some(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(checks: &str) -> Catalogue {
        Catalogue::parse(&format!(
            r#"{{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],
            "regions":[],"placeholders":[{{"id":"tenant","title":"T"}},{{"id":"host","title":"H"}}],
            "checks":[{checks}]}}"#
        ))
        .unwrap()
    }

    fn check(id: &str, url: &str, allow: &str) -> String {
        format!(
            r#"{{"id":"{id}","group":"service","title":"T","url":"{url}","need":"required","expect":"answer",
            "purpose":"p","allow":"{allow}"}}"#
        )
    }

    fn urls(plan: &Plan) -> Vec<String> {
        plan.checks
            .iter()
            .map(|planned| match &planned.target {
                Target::Endpoint(endpoint) => endpoint.url(),
                Target::WaitsFor(ids) => format!("waits for {}", ids.join(", ")),
            })
            .collect()
    }

    #[test]
    fn canaries_stand_for_every_service_domain_and_kind() {
        let catalogue = catalogue(
            &[
                check("a", "https://a.svc.example/", "*.svc.example"),
                check("b", "https://b.svc.example/", "*.svc.example"),
                check("c", "http://crl.example/", "crl.example"),
                check("d", "https://other.example/", "*.unrelated.example"),
            ]
            .join(","),
        );
        let plan = Plan::new(&catalogue, &Fill::new(), "n1");
        assert_eq!(
            urls(&plan)[..3],
            [
                "https://connector-check-n1.invalid/",
                "http://connector-check-n1.invalid/",
                "https://canary.connector-check-n1.svc.example/"
            ]
        );
        assert_eq!(plan.checks.len(), 7, "no canary for a rule that is not about the check's host");
    }

    #[test]
    fn names_of_canaries_fit_into_a_certificate() {
        let nonce = "0123456789ab";
        let canary = |domain: &str| {
            let url = format!("https://a.{domain}/");
            let plan = Plan::new(&catalogue(&check("a", &url, &format!("*.{domain}"))), &Fill::new(), nonce);
            plan.checks[1].endpoint().unwrap().host.clone()
        };
        assert_eq!(
            canary("servicebus.usgovcloudapi.net"),
            "canary.connector-check-0123456789ab.servicebus.usgovcloudapi.net"
        );
        assert_eq!(
            canary("service.some-division.example"),
            "c.cc-0123456789ab.service.some-division.example"
        );
    }

    #[test]
    fn placeholders_are_filled_and_never_guessed() {
        let catalogue = catalogue(
            &[
                check("a", "https://{tenant}.reg.example/", "*.reg.example"),
                check("b", "https://{host}:9090/x", "{host}"),
                check("c", "https://{host}/", "{host}"),
            ]
            .join(","),
        );
        let plan = Plan::new(&catalogue, &Fill::new(), "n");
        assert_eq!(urls(&plan)[1..], ["waits for tenant", "waits for host", "waits for host"]);

        let fill: Fill = [("host", " http://127.0.0.2/ "), ("tenant", "ABC-1")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        let plan = Plan::new(&catalogue, &fill, "n");
        let tail: Vec<_> = urls(&plan).into_iter().rev().take(3).collect();
        assert_eq!(tail, ["http://127.0.0.2:443/", "http://127.0.0.2:9090/x", "https://abc-1.reg.example/"]);
        assert_eq!(plan.checks.last().unwrap().check.allow, "127.0.0.2");
    }

    #[test]
    fn a_fill_is_a_host_and_nothing_else() {
        for (typed, host) in [
            ("host.example", Some("host.example")),
            ("https://host.example/", Some("host.example")),
            ("http://[::1]", Some("[::1]")),
            ("::1", Some("[::1]")),
            ("HTTP://Host.example", Some("host.example")),
            ("ftp://host.example", None),
            ("", None),
            ("host:8080", None),
            ("host:443", None),
            ("host/path", None),
            ("a b", None),
            ("x@y", None),
            ("{tenant}", None),
        ] {
            assert_eq!(FillValue::parse(typed).ok().map(|v| v.host).as_deref(), host, "{typed}");
        }
    }
}
