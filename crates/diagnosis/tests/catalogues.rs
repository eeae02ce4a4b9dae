//! The built-in catalogues, held to the contract and to what is known of the hosts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use connector_check_diagnosis::catalogue::{Catalogue, Check, Expect, Group, Need};
use connector_check_diagnosis::endpoint::{Endpoint, Scheme};

/// Names that must never be asked: retired ones that made earlier checkers show false errors for years, one that
/// may open a certificate dialog, and ones that are no endpoints at all.
const NEVER: [&str; 8] = [
    "watchdog.servicebus.windows.net",
    "connectorporttest.msappproxy.net",
    "bootstrap.msappproxy.net",
    "register.msappproxy.net",
    "updater.msappproxy.net",
    "connectorregistrationca.msappproxy.net",
    "proxy.cloudwebappproxy.net",
    "servicebus.microsoft.net",
];

fn built_in() -> Vec<Catalogue> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogues");
    let mut catalogues: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let catalogue = Catalogue::parse(&fs::read_to_string(&path).unwrap())
                .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{}.json", catalogue.id));
            catalogue
        })
        .collect();
    catalogues.sort_by(|a, b| a.id.cmp(&b.id));
    catalogues
}

fn find(id: &str) -> Catalogue {
    built_in().into_iter().find(|catalogue| catalogue.id == id).unwrap_or_else(|| panic!("no catalogue {id}"))
}

/// Where a check points, with a plain label for each placeholder.
fn endpoint(check: &Check) -> Endpoint {
    let url =
        check.placeholders().iter().fold(check.url.clone(), |url, id| url.replace(&format!("{{{id}}}"), "x"));
    Endpoint::parse(&url).unwrap()
}

#[test]
fn there_is_one_file_per_catalogue_of_the_contract() {
    let ids: Vec<_> = built_in().into_iter().map(|catalogue| catalogue.id).collect();
    assert_eq!(ids, ["classic-connector", "entra-connector", "us-government"]);
}

#[test]
fn every_catalogue_is_complete() {
    for catalogue in built_in() {
        let id = &catalogue.id;
        assert_eq!(catalogue.updated, "2026-11-20", "{id}");
        assert!(!catalogue.sources.is_empty(), "{id}: no sources");
        assert!(catalogue.sources.iter().all(|source| source.url.starts_with("https://")), "{id}");

        let used: BTreeSet<_> = catalogue.checks.iter().filter_map(|check| check.region.as_deref()).collect();
        let listed: BTreeSet<_> = catalogue.regions.iter().map(|region| region.id.as_str()).collect();
        assert_eq!(used, listed, "{id}: every region has checks");
        let used: BTreeSet<_> = catalogue.checks.iter().flat_map(Check::placeholders).collect();
        let declared: BTreeSet<_> = catalogue.placeholders.iter().map(|field| field.id.as_str()).collect();
        assert_eq!(used, declared, "{id}: every placeholder is used");

        let count = |group| catalogue.checks.iter().filter(|check| check.group == group).count();
        assert_eq!(count(Group::Control), 1, "{id}: one reference");
        assert_eq!(count(Group::Login), 2, "{id}: two sign-in pages");
        let required =
            |group| catalogue.checks.iter().any(|check| check.group == group && check.need == Need::Required);
        assert!(required(Group::Login) && required(Group::Service), "{id}");
    }
}

#[test]
fn every_check_says_what_it_is_for_and_asks_what_can_be_asked() {
    for catalogue in built_in() {
        let mut addresses = BTreeSet::new();
        for check in &catalogue.checks {
            let place = format!("{}: {}", catalogue.id, check.id);
            for text in [&check.title, &check.purpose] {
                assert!(!text.is_empty() && text.trim() == text && !text.ends_with('.'), "{place}: {text}");
            }
            assert!(!check.url.contains('*'), "{place}: a wildcard cannot be asked");
            assert!(!check.title.contains("**") && !check.purpose.contains('\n'), "{place}");
            assert_eq!(check.expect, Expect::Answer, "{place}");
            assert!(addresses.insert((check.url.clone(), check.region.clone())), "{place}: asked twice");

            let endpoint = endpoint(check);
            assert_eq!(
                endpoint.scheme == Scheme::Http,
                endpoint.port == 80,
                "{place}: plain HTTP is port 80"
            );
            for host in NEVER {
                let under = endpoint.host == host || endpoint.host.ends_with(&format!(".{host}"));
                assert!(!under && !check.allow.ends_with(host), "{place}: {host} must not be asked");
            }
            match check.group {
                Group::Control => assert_eq!(check.need, Need::Informational, "{place}"),
                Group::Revocation => assert_eq!(endpoint.port, 80, "{place}"),
                Group::Login | Group::Service | Group::Tls => {}
            }
        }
    }
}

#[test]
fn a_rule_covers_the_host_that_it_stands_beside() {
    for catalogue in built_in() {
        // A test host stands in for Microsoft's; the rule is for the real ones.
        for check in catalogue.checks.iter().filter(|check| !check.responder) {
            let host = endpoint(check).host;
            let rule = check.allow.split('/').next().unwrap_or_default();
            let covered = match rule.strip_prefix('*') {
                Some(domain) => host.ends_with(domain),
                None => host == rule,
            };
            assert!(covered, "{}: {}: {} does not cover {host}", catalogue.id, check.id, check.allow);
        }
    }
}

#[test]
fn what_microsoft_does_not_document_is_informational_and_says_so() {
    let catalogue = find("entra-connector");
    let undocumented: Vec<_> = catalogue
        .checks
        .iter()
        .filter(|check| check.purpose.contains("not documented by Microsoft"))
        .collect();
    assert!(undocumented.len() > 10);
    for check in &undocumented {
        assert_eq!(check.need, Need::Informational, "{}", check.id);
    }
    for check in catalogue.checks.iter().filter(|check| check.region.is_some()) {
        assert!(undocumented.iter().any(|other| other.id == check.id), "{}", check.id);
    }
}

#[test]
fn the_current_connector_needs_80_and_443_only() {
    for id in ["entra-connector", "us-government"] {
        for check in find(id).checks {
            assert!(matches!(endpoint(&check).port, 80 | 443), "{id}: {}", check.id);
        }
    }
    let registration = find("entra-connector").checks.into_iter().find(|check| check.id.0 == "registration");
    let registration = registration.expect("the registration check");
    assert_eq!(registration.need, Need::Required);
    assert_eq!(registration.placeholders(), ["tenant"]);
}

#[test]
fn the_classic_table_has_every_documented_port_in_both_regions() {
    let catalogue = find("classic-connector");
    let documented: Vec<u16> =
        [80, 443, 8080, 9090, 9091, 9350, 9352, 5671].into_iter().chain(10100..=10120).collect();
    for region in ["central-us", "east-us"] {
        let checks: Vec<_> =
            catalogue.checks.iter().filter(|check| check.region.as_deref() == Some(region)).collect();
        let ports: Vec<_> = checks.iter().map(|check| endpoint(check).port).collect();
        assert_eq!(ports, documented, "{region}");
        for (check, port) in checks.iter().zip(ports) {
            assert_eq!(check.id.0, format!("{region}-{port}"));
            assert_eq!(check.placeholders(), [region]);
            assert!(check.responder, "{}", check.id);
            let service_bus = matches!(port, 9350 | 9352 | 5671);
            assert_eq!(
                check.need,
                if service_bus { Need::Recommended } else { Need::Required },
                "{}",
                check.id
            );
            let rule = if service_bus { "*.servicebus.windows.net" } else { "*.msappproxy.net" };
            assert_eq!(check.allow, rule, "{}", check.id);
        }
    }
}
