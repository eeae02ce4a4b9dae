//! The host script's result: every branch of it is read and fits the schema, and what is not of the form is refused
//! with its place.
//!
//! The samples in `host/` were written by hand after the script, one for each of its branches: no Windows was at hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::evidence::Evidence;
use connector_check_diagnosis::finding::{Confidence, FindingCode, Severity};
use connector_check_diagnosis::host::{Account, HostReport, Stage};
use connector_check_diagnosis::supplements::Supplements;
use connector_check_diagnosis::text::Texts;
use connector_check_diagnosis::{Diagnosis, Verdict, diagnose};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host");
    let mut samples: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

fn sample(name: &str) -> Value {
    samples().into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name}")).1
}

fn validate(value: &Value) -> Result<(), String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema =
        serde_json::from_str(&fs::read_to_string(root().join("schemas/host-1.json")).unwrap()).unwrap();
    compiler.add_resource("host-1.json", schema).unwrap();
    let index = compiler.compile("host-1.json", &mut schemas).unwrap();
    schemas.validate(value, index).map_err(|error| error.to_string())
}

fn diagnosed(value: &Value) -> Diagnosis {
    let host = HostReport::parse(&value.to_string()).unwrap();
    let supplements = Supplements { host: Some(Box::new(host)), ..Supplements::default() };
    diagnose(&Evidence::without_run(supplements, true))
}

fn codes(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn every_sample_is_read_fits_the_schema_and_comes_back_unchanged() {
    for (name, value) in samples() {
        let report = HostReport::parse(&value.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
        validate(&value).unwrap_or_else(|error| panic!("{name}: {error}"));
        validate(&serde_json::to_value(&report).unwrap())
            .unwrap_or_else(|error| panic!("{name}, written: {error}"));
    }
}

#[test]
fn together_the_samples_take_every_branch() {
    let mut stages = BTreeSet::new();
    let (mut proxied, mut untried, mut untrusted, mut refused) = (0, 0, 0, 0);
    let (mut nulls, mut updates) = (BTreeSet::new(), BTreeSet::new());
    for (_, value) in samples() {
        let report = HostReport::parse(&value.to_string()).unwrap();
        updates.insert(report.tls.kb2973337);
        nulls.extend(report.clock.is_none().then_some("clock"));
        nulls.extend(report.dotnet.release.is_none().then_some("release"));
        nulls.extend(report.routes.machine_config.is_none().then_some("machine_config"));
        nulls.extend(report.routes.user.auto_detect.is_none().then_some("auto_detect"));
        for identity in &report.identities {
            untried += usize::from(!identity.ran);
            for seen in &identity.endpoints {
                for leg in [Some(&seen.direct), seen.proxied.as_ref()].into_iter().flatten() {
                    stages.insert(leg.reached);
                    refused += usize::from(leg.status == Some(407));
                    proxied += usize::from(leg.proxy.is_some());
                    let problems = leg.certificate.as_ref().is_some_and(|c| !c.problems.is_empty());
                    untrusted += usize::from(problems);
                }
            }
        }
    }
    // A tunnel without TLS in it has no sample of its own: it is one below.
    let expected = [Stage::NotTried, Stage::Nothing, Stage::Name, Stage::Tcp, Stage::Tls];
    assert_eq!(stages.into_iter().collect::<Vec<_>>(), expected);
    assert!(proxied > 0 && untried > 0 && untrusted > 0 && refused > 0);
    assert_eq!(nulls.len(), 4, "{nulls:?}");
    assert_eq!(updates.len(), 3, "{updates:?}");
}

#[test]
fn a_tunnel_without_tls_in_it_is_no_way() {
    let mut value = sample("proxy-asks-for-sign-in");
    value["identities"][1]["endpoints"][0]["proxied"]["reached"] = json!("tunnel");
    value["identities"][1]["endpoints"][0]["proxied"]["status"] = json!(200);
    let report = HostReport::parse(&value.to_string()).unwrap();
    let service = report.identity(Account::NetworkService).unwrap();
    let seen = &service.endpoints[0];
    assert_eq!(seen.works(seen.route()), Some(false));
}

#[test]
fn what_is_not_of_the_form_is_refused_with_its_place_by_reader_and_schema() {
    let set = |pointer: &str, new: Value| {
        let mut value = sample("healthy");
        *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
        value
    };
    for (value, place) in [
        (set("/identities/0/endpoints/2/port", json!(0)), "identities[0].endpoints[2].port"),
        (set("/identities/0/endpoints/2/port", json!("443")), "identities[0].endpoints[2].port"),
        (set("/identities/0/endpoints/2/host", json!("")), "identities[0].endpoints[2].host"),
        (set("/identities/1/account", json!("root")), "identities[1].account"),
        (
            set("/identities/0/endpoints/0/direct/reached", json!("moon")),
            "identities[0].endpoints[0].direct.reached",
        ),
        (
            set("/identities/0/endpoints/0/direct/proxy", json!("http://p:1")),
            "identities[0].endpoints[0].direct.proxy",
        ),
        (
            set("/identities/0/endpoints/0/direct/certificate", json!({"subject": "x"})),
            "identities[0].endpoints[0].direct.certificate",
        ),
        (set("/tls/registry/3/value", json!("1")), "tls.registry[3].value"),
        (set("/windows", json!(null)), "windows"),
        (set("/routes/user/enabled", json!(1)), "routes.user.enabled"),
        (set("/started", json!("yesterday")), "started"),
        (set("/services/0", json!({"name": "x"})), "services[0]"),
    ] {
        let error = HostReport::parse(&value.to_string()).expect_err(place);
        assert!(error.to_string().starts_with(place), "{place}: {error}");
        assert!(validate(&value).is_err(), "{place} passes the schema");
    }
    let mut more = sample("healthy");
    more["windows"]["serial"] = json!("x");
    assert!(
        HostReport::parse(&more.to_string()).unwrap_err().to_string().contains("windows"),
        "unknown fields"
    );
    let mut twice = sample("healthy");
    twice["identities"][1]["account"] = json!("user");
    assert_eq!(
        HostReport::parse(&twice.to_string()).unwrap_err().to_string(),
        "identities[1].account: stands twice"
    );
    for (text, part) in [
        ("", "line 1"),
        ("{\n  \"format\": ", "line 2"),
        (r#"{"format": "connector-check/host@2"}"#, "only \"connector-check/host@1\""),
        ("[]", "line 1"),
        ("{}", "format"),
    ] {
        let error = HostReport::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    let long = format!("{{\"format\": \"{}\"}}", "x".repeat(9 * 1024 * 1024));
    assert!(HostReport::parse(&long).unwrap_err().to_string().contains("bytes"));
}

#[test]
fn a_healthy_machine_has_no_finding_of_its_own() {
    for name in [
        "healthy",
        "not-administrator",
        "before-the-installation",
        "old-windows-up-to-date",
        "by-script",
        "no-time",
    ] {
        let diagnosis = diagnosed(&sample(name));
        assert_eq!(codes(&diagnosis), ["undecided"], "{name}");
        assert_eq!(diagnosis.verdict, Some(Verdict::Inconclusive), "{name}: no browser has looked");
    }
}

#[test]
fn each_fault_is_named_as_surely_as_the_script_can_tell() {
    let word = |value: Value| value.as_str().unwrap().to_owned();
    let texts = Texts::for_language("en");
    let check = |value: &Value, expected: &[&str]| {
        let diagnosis = diagnosed(value);
        let found: Vec<_> = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.code != FindingCode::Undecided)
            .map(|finding| {
                assert!(!finding.evidence.is_empty(), "{}", finding.code);
                for message in finding.evidence.iter().chain([&finding.summary]) {
                    assert!(texts.is_complete(message), "{message:?}");
                }
                let severity = word(serde_json::to_value(finding.severity).unwrap());
                format!(
                    "{} {severity} {}",
                    finding.code,
                    word(serde_json::to_value(finding.confidence).unwrap())
                )
            })
            .collect();
        assert_eq!(found, expected);
    };
    check(
        &sample("old-windows"),
        &[
            "schannel-tls12-disabled blocking proven",
            "dotnet-too-old blocking likely",
            "strong-crypto-missing warning likely",
            "sha512-update-missing warning possible",
        ],
    );
    check(
        &sample("proxy-asks-for-sign-in"),
        &[
            "service-stopped blocking proven",
            "routes-disagree warning proven",
            "winhttp-proxy-differs warning likely",
        ],
    );
    check(&sample("winhttp-elsewhere"), &["winhttp-proxy-differs warning likely"]);
    check(&sample("inspected"), &["certificate-intercepted blocking proven"]);
    check(&sample("no-dotnet"), &["dotnet-too-old blocking likely"]);
    // One host, one account: the route differs, and one stranger alone is no proof of inspection.
    check(
        &sample("untrusted-by-services"),
        &["routes-disagree warning proven", "certificate-intercepted warning possible"],
    );
    let mut by_default = sample("healthy");
    by_default["tls"]["registry"][1]["value"] = json!(1);
    check(&by_default, &["schannel-tls12-disabled blocking likely"]);
    // The same machine has completed TLS 1.2: the value says something else, and may count from the next start on.
    let mut since_then = sample("healthy");
    since_then["tls"]["registry"][0]["value"] = json!(0);
    check(&since_then, &["schannel-tls12-disabled blocking likely"]);
    let seen = diagnosed(&since_then).findings.remove(0).evidence;
    assert!(seen.iter().any(|line| texts.say(line).contains("Yet TLS 1.2 was completed")), "{seen:?}");
    let mut between = sample("healthy");
    between["dotnet"]["release"] = json!(461_310);
    check(&between, &["dotnet-too-old warning possible"]);
    let mut unset = sample("healthy");
    unset["tls"]["registry"][4]["value"] = json!(null);
    check(&unset, &["strong-crypto-missing info possible"]);
    let mut updater = sample("healthy");
    updater["services"][1]["state"] = json!("Stopped");
    check(&updater, &["service-stopped warning proven"]);
}

#[test]
fn a_route_that_nobody_takes_is_not_held_against_the_services() {
    // The user fails as well: that is the network, and no matter of accounts.
    let mut value = sample("proxy-asks-for-sign-in");
    value["identities"][0]["endpoints"] = value["identities"][1]["endpoints"].clone();
    assert!(!codes(&diagnosed(&value)).contains(&"routes-disagree"));
    // What was not tried is not known.
    let mut value = sample("no-time");
    value["identities"][1] = value["identities"][0].clone();
    value["identities"][1]["account"] = json!("network-service");
    assert!(!codes(&diagnosed(&value)).contains(&"routes-disagree"));
}

#[test]
fn a_green_run_with_a_fault_below_is_blocked() {
    let catalogue = Catalogue::parse(include_str!("../../../catalogues/entra-connector.json")).unwrap();
    let scenario = connector_check_diagnosis::scenario::Scenario::named("services-go-elsewhere").unwrap();
    let diagnosis = diagnose(&scenario.evidence(&catalogue));
    assert_eq!(diagnosis.verdict, Some(Verdict::Blocked));
    let routes = diagnosis.findings.iter().find(|f| f.code == FindingCode::RoutesDisagree).unwrap();
    assert_eq!((routes.severity, routes.confidence), (Severity::Blocking, Confidence::Proven));
    assert!(routes.checks.iter().any(|id| id.0 == "management"), "{:?}", routes.checks);
}
