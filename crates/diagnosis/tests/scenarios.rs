//! Every scenario leads to what it says, and together they lead to every finding.

use std::collections::BTreeSet;

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::diagnose;
use connector_check_diagnosis::finding::FindingCode;
use connector_check_diagnosis::guidance;
use connector_check_diagnosis::scenario::Scenario;

const CATALOGUES: [&str; 3] = [
    include_str!("../../../catalogues/entra-connector.json"),
    include_str!("../../../catalogues/classic-connector.json"),
    include_str!("../../../catalogues/us-government.json"),
];

fn catalogue(id: &str) -> Catalogue {
    let all = CATALOGUES.map(|text| Catalogue::parse(text).unwrap());
    all.into_iter().find(|catalogue| catalogue.id == id).unwrap_or_else(|| panic!("no catalogue {id}"))
}

#[test]
fn each_scenario_begins_with_the_findings_that_it_names() {
    for name in Scenario::names() {
        let scenario =
            Scenario::named(name).unwrap_or_else(|| panic!("scenarios/{name}.json is not of the form"));
        let diagnosis = diagnose(&scenario.evidence(&catalogue(&scenario.catalogue)));
        let codes: Vec<_> = diagnosis.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(!scenario.finds.is_empty(), "{name} names no finding");
        assert_eq!(codes[..scenario.finds.len().min(codes.len())], scenario.finds, "{name}: {codes:?}");
    }
}

#[test]
fn every_exception_is_about_a_check_that_there_is() {
    for name in Scenario::names() {
        let scenario = Scenario::named(name).unwrap();
        let usual = scenario.evidence(&catalogue(&scenario.catalogue));
        for at in 0..scenario.except.len() {
            let mut fewer = scenario.clone();
            let exception = fewer.except.remove(at);
            assert_ne!(
                fewer.evidence(&catalogue(&scenario.catalogue)),
                usual,
                "{name}: {}",
                exception.checks
            );
        }
    }
}

#[test]
fn every_finding_has_a_scenario_that_leads_to_it_and_a_guide() {
    let mut seen = BTreeSet::new();
    for name in Scenario::names() {
        let scenario = Scenario::named(name).unwrap();
        let diagnosis = diagnose(&scenario.evidence(&catalogue(&scenario.catalogue)));
        seen.extend(diagnosis.findings.iter().map(|finding| finding.code));
    }
    for code in FindingCode::ALL {
        assert!(seen.contains(code), "no scenario leads to {code}");
        assert!(guidance::guide("en", code.as_str()).is_some(), "{code} has no guide");
    }
}

#[test]
fn a_name_that_is_none_is_none() {
    assert!(Scenario::named("no-such-scenario").is_none());
}
