//! Configuration files and the admin's answers: what comes of them, alone and together.

use connector_check_diagnosis::answers::{Answers, Role, SignIn, WayOut};
use connector_check_diagnosis::config::{
    ConfigFile, ConfigProblem, ConfigService, ProblemKind, ProxySetting,
};
use connector_check_diagnosis::diagnose;
use connector_check_diagnosis::evidence::Evidence;
use connector_check_diagnosis::finding::FindingCode;
use connector_check_diagnosis::host::HostReport;
use connector_check_diagnosis::supplements::Supplements;
use connector_check_diagnosis::text::Texts;

fn file(service: ConfigService, setting: ProxySetting, kinds: &[ProblemKind]) -> ConfigFile {
    let problem =
        |kind: &ProblemKind| ConfigProblem { kind: *kind, line: 3, column: 5, detail: "x".to_owned() };
    let problems = kinds.iter().map(problem).collect();
    ConfigFile { name: format!("{}.exe.config", service.as_str()), service, setting, problems }
}

/// `code severity confidence` of every finding but `undecided`.
fn found(supplements: Supplements) -> Vec<String> {
    let texts = Texts::for_language("en");
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let diagnosis = diagnose(&Evidence::without_run(supplements, true));
    let findings = diagnosis.findings.iter().filter(|finding| finding.code != FindingCode::Undecided);
    findings
        .map(|finding| {
            for message in finding.evidence.iter().chain([&finding.summary]) {
                assert!(texts.is_complete(message), "{message:?}");
            }
            let severity = word(serde_json::to_value(finding.severity).unwrap());
            format!("{} {severity} {}", finding.code, word(serde_json::to_value(finding.confidence).unwrap()))
        })
        .collect()
}

fn configs(files: Vec<ConfigFile>) -> Supplements {
    Supplements { configs: files, ..Supplements::default() }
}

fn host(name: &str) -> Box<HostReport> {
    let path = format!("{}/tests/host/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Box::new(HostReport::parse(&std::fs::read_to_string(path).unwrap()).unwrap())
}

#[test]
fn every_kind_of_problem_leads_to_its_finding() {
    for kind in ProblemKind::ALL {
        let expected = match kind {
            ProblemKind::Malformed | ProblemKind::WrongEncoding | ProblemKind::NotAConfig => {
                vec!["config-malformed blocking proven"]
            }
            ProblemKind::DocumentType
            | ProblemKind::Misspelt
            | ProblemKind::UnknownAttribute
            | ProblemKind::BadValue
            | ProblemKind::Duplicate => vec!["config-malformed blocking likely"],
            ProblemKind::EncodingContradicts => vec!["config-malformed warning possible"],
            ProblemKind::Misplaced => vec!["config-misplaced-element blocking likely"],
            ProblemKind::WithoutScheme | ProblemKind::BadAddress => {
                vec!["config-proxy-without-scheme blocking likely"]
            }
            // Said in the panel: nothing is broken by them.
            ProblemKind::TooLarge | ProblemKind::NamedButDisabled | ProblemKind::AddressAndSystem => vec![],
        };
        let setting = ProxySetting::SystemDefault;
        assert_eq!(
            found(configs(vec![file(ConfigService::Connector, setting, &[kind])])),
            expected,
            "{kind:?}"
        );
    }
}

#[test]
fn a_bypass_is_a_fault_only_where_nothing_goes_out_directly() {
    let bypass = || vec![file(ConfigService::Connector, ProxySetting::Bypass, &[])];
    assert_eq!(found(configs(bypass())), ["config-proxy-bypassed info proven"]);
    let told = Answers { proxy: Some(WayOut::ProxyOnly), ..Answers::default() };
    let supplements = Supplements { answers: told, ..configs(bypass()) };
    assert_eq!(found(supplements), ["config-proxy-bypassed blocking likely"]);
    let supplements = Supplements { host: Some(host("healthy")), ..configs(bypass()) };
    assert_eq!(found(supplements), ["config-proxy-bypassed info proven"]);
    let seen = found(Supplements { host: Some(host("proxy-asks-for-sign-in")), ..configs(bypass()) });
    assert!(seen.contains(&"config-proxy-bypassed blocking proven".to_owned()), "{seen:?}");
}

#[test]
fn the_two_services_are_compared_and_a_file_that_was_brought_counts_before_the_scripts() {
    let (connector, updater) = (ConfigService::Connector, ConfigService::Updater);
    let named = || ProxySetting::Named("http://proxyserver:8080".to_owned());
    let both = |one, other| configs(vec![file(connector, one, &[]), file(updater, other, &[])]);
    assert_eq!(found(both(named(), named())), [""; 0]);
    assert_eq!(
        found(both(named(), ProxySetting::SystemDefault)),
        ["config-services-disagree warning proven"]
    );
    assert_eq!(found(both(named(), ProxySetting::Unknown)), [""; 0], "what cannot be read says nothing");
    let mut supplements = both(named(), named());
    supplements.host_configs = vec![file(updater, ProxySetting::Bypass, &[])];
    assert_eq!(found(supplements), [""; 0]);
    let mut supplements = configs(vec![file(connector, named(), &[])]);
    supplements.host_configs = vec![file(updater, ProxySetting::SystemDefault, &[])];
    assert_eq!(found(supplements), ["config-services-disagree warning proven"]);
}

#[test]
fn a_proxy_in_the_file_and_none_in_winhttp_differ_and_a_bypass_on_purpose_does_not() {
    let named = |setting| Supplements {
        host: Some(host("healthy")),
        ..configs(vec![file(ConfigService::Connector, setting, &[])])
    };
    let differs = "winhttp-proxy-differs warning likely".to_owned();
    assert_eq!(
        found(named(ProxySetting::Named("http://proxyserver:8080".to_owned()))),
        ["winhttp-proxy-differs warning likely"]
    );
    assert!(!found(named(ProxySetting::Bypass)).contains(&differs));
}

#[test]
fn the_proxy_and_the_discovery_that_the_admin_tells_of_count_where_windows_says_nothing() {
    let differs = ["winhttp-proxy-differs warning likely"];
    let with = |name: &str, answers: Answers| {
        found(Supplements { host: Some(host(name)), answers, ..Supplements::default() })
    };
    let told = |proxy, address: &str| Answers {
        proxy: Some(proxy),
        proxy_address: address.to_owned(),
        ..Answers::default()
    };
    assert_eq!(with("healthy", told(WayOut::ProxyOnly, "http://proxyserver:8080")), differs);
    // Where the direct way is open as well, WinHTTP may take it; without a name there is nothing to compare.
    assert_eq!(with("healthy", told(WayOut::Either, "http://proxyserver:8080")), [""; 0]);
    assert_eq!(with("healthy", told(WayOut::ProxyOnly, " ")), [""; 0]);
    // WinHTTP names a proxy and the user does not: with discovery the user may have the same one.
    assert_eq!(with("winhttp-elsewhere", Answers::default()), differs);
    let discovered = Answers { wpad: Some(true), ..Answers::default() };
    let mut direct = host("winhttp-elsewhere");
    direct.routes.user.enabled = false;
    let of = |answers| found(Supplements { host: Some(direct.clone()), answers, ..Supplements::default() });
    assert_eq!(of(Answers::default()), differs);
    assert_eq!(of(discovered), [""; 0]);
}

#[test]
fn answers_lead_to_findings_only_where_something_is_wrong() {
    let of = |answers| found(Supplements { answers, ..Supplements::default() });
    let fine = Answers {
        sign_in: Some(SignIn::Worked),
        role: Some(Role::ApplicationAdministrator),
        enhanced_security_off: Some(true),
        proxy: Some(WayOut::Direct),
        wpad: Some(false),
        ..Answers::default()
    };
    assert_eq!(of(fine), [""; 0]);
    let failed = |message: &str| Answers {
        sign_in: Some(SignIn::Failed),
        message: message.to_owned(),
        enhanced_security_off: Some(false),
        ..Answers::default()
    };
    assert_eq!(of(failed("")), ["sign-in-failed blocking possible"]);
    assert_eq!(of(failed("AADSTS50126")), ["sign-in-failed blocking likely"]);
    assert_eq!(
        of(failed("'The registration request was denied.'")),
        ["sign-in-failed blocking possible", "role-missing blocking possible"]
    );
    let other = Answers { role: Some(Role::Other), ..Answers::default() };
    assert_eq!(of(other), ["role-missing blocking likely"]);
}

#[test]
fn answers_are_kept_in_the_report_and_a_report_without_them_has_no_place_for_them() {
    use connector_check_diagnosis::catalogue::Catalogue;
    use connector_check_diagnosis::evidence::PageKind;
    use connector_check_diagnosis::report::{Environment, Frame, Report};
    let catalogue = Catalogue::parse(include_str!("../../../catalogues/entra-connector.json")).unwrap();
    let report = |answers: Answers| {
        let supplements = Supplements { answers, ..Supplements::default() };
        let evidence = Evidence::without_run(supplements, true);
        let environment =
            Environment { browser: String::new(), os: String::new(), page: PageKind::File, embedded: false };
        let time = "2026-11-21T10:00:00Z".to_owned();
        let frame =
            Frame { version: "0", catalogue: &catalogue, started: time.clone(), finished: time, environment };
        let report = Report::of(&evidence, &diagnose(&evidence), frame, &Texts::for_language("en")).unwrap();
        serde_json::to_value(report).unwrap()
    };
    assert!(report(Answers::default()).get("answers").is_none());
    let answers = Answers { sign_in: Some(SignIn::Failed), message: "x".to_owned(), ..Answers::default() };
    let written = report(answers.clone());
    assert_eq!(written["answers"], serde_json::json!({"sign_in": "failed", "message": "x"}));
    let read: Report = serde_json::from_value(written).unwrap();
    assert_eq!(read.answers, answers);
}
