//! The rules to hand over: complete, safe to paste, and read by the programs that they are for.

use std::io::ErrorKind;
use std::process::{Command, Output};
use std::{env, fs};

use connector_check_diagnosis::catalogue::{Catalogue, CheckId, Expect};
use connector_check_diagnosis::plan::{Fill, Plan};
use connector_check_diagnosis::text::Texts;
use connector_check_host::doctor::ProxyAddress;
use connector_check_host::handover::{Demands, Form, Rule, render, rules};
use tree_sitter::Parser;

const CATALOGUES: [&str; 3] = [
    include_str!("../../../catalogues/entra-connector.json"),
    include_str!("../../../catalogues/classic-connector.json"),
    include_str!("../../../catalogues/us-government.json"),
];

fn catalogues() -> Vec<Catalogue> {
    CATALOGUES.iter().map(|text| Catalogue::parse(text).unwrap()).collect()
}

fn all(catalogue: &Catalogue, fill: &Fill) -> Vec<Rule> {
    rules(&Plan::new(catalogue, fill, "n"), |_| true)
}

fn behind_proxy() -> Demands {
    let proxy = ProxyAddress::parse("proxyserver:8080").ok();
    Demands { proxy, revocation_direct: true }
}

fn written(rules: &[Rule], form: Form, demands: &Demands) -> String {
    render(rules, form, demands, &Texts::for_language("en"))
}

/// Runs a program; `None`, and a word, where it is not installed.
fn run(test: &str, command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("SKIPPED {test}: {} is not installed", command.get_program().display());
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_check_is_in_exactly_one_rule_and_every_form_names_every_host_and_port() {
    let fill: Fill = [("central-us", "central.example"), ("east-us", "10.9.8.7")]
        .map(|(id, value)| (id.to_owned(), value.to_owned()))
        .into();
    for catalogue in catalogues() {
        let rules = all(&catalogue, &fill);
        let counted: usize = rules.iter().map(|rule| rule.checks.len()).sum();
        let expected = catalogue.checks.iter().filter(|check| check.expect != Expect::Refusal).count();
        assert_eq!(counted, expected, "{}", catalogue.id);
        for form in Form::ALL {
            let text = written(&rules, form, &Demands::default());
            for rule in &rules {
                // The Windows firewall knows no names.
                assert!(
                    form == Form::WindowsFirewall || text.contains(rule.host()),
                    "{form:?}: {}",
                    rule.allow
                );
                let port = rule.ports()[0].to_string();
                assert!(form == Form::Pac || text.contains(&port) || text.contains('-'), "{form:?}: {port}");
            }
        }
    }
}

#[test]
fn a_gap_that_only_the_admin_can_fill_is_left_out() {
    let mut classic = catalogues()[1].clone();
    for check in classic.checks.iter_mut().filter(|check| check.url.contains("{central-us}")) {
        check.allow = "{central-us}".to_owned();
    }
    let rules = all(&classic, &Fill::new());
    assert!(!rules.is_empty() && rules.iter().all(|rule| !rule.allow.contains('{')), "{rules:?}");
    let filled: Fill = [("central-us".to_owned(), "central.example".to_owned())].into();
    assert!(all(&classic, &filled).iter().any(|rule| rule.allow == "central.example"));
    // Where the rule itself has no gap, it is known without the tenant.
    assert!(all(&catalogues()[0], &Fill::new()).iter().any(|rule| rule.allow == "*.msappproxy.net"));
}

#[test]
fn only_what_failed_is_only_what_failed() {
    let catalogue = &catalogues()[0];
    let plan = Plan::new(catalogue, &Fill::new(), "n");
    let one = rules(&plan, |id| *id == CheckId::from("management"));
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].allow.as_str(), one[0].ports()), ("management.azure.com", vec![443]));
    let text = written(&one, Form::Squid, &Demands::default());
    assert!(text.contains("management.azure.com") && !text.contains("msappproxy"), "{text}");
}

#[test]
fn squid_reads_its_lines() {
    let binary =
        ["squid", "/usr/sbin/squid"].into_iter().find(|name| Command::new(name).arg("-v").output().is_ok());
    let fill: Fill = [("central-us", "central.example"), ("east-us", "http://[2001:db8::7]")]
        .map(|(id, value)| (id.to_owned(), value.to_owned()))
        .into();
    for catalogue in catalogues() {
        let lines = written(&all(&catalogue, &fill), Form::Squid, &behind_proxy());
        // What is left out for squids that do not open TLS is tried as well as far as every squid knows it.
        let folder = env::temp_dir().join(format!("connector-check-squid-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.conf", catalogue.id));
        fs::write(&path, format!("http_port 3128\n{lines}http_access deny all\n")).unwrap();
        let Some(output) = run(
            "squid_reads_its_lines",
            Command::new(binary.unwrap_or("squid")).args(["-k", "parse", "-f"]).arg(&path),
        ) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}\n{lines}", catalogue.id);
        for word in ["ERROR", "WARNING", "FATAL", "subdomain"] {
            let about_us = |line: &&str| line.contains(word) && line.contains("connector_check");
            assert_eq!(said.lines().find(about_us), None, "{}\n{lines}", catalogue.id);
        }
        assert!(!said.contains("is a subdomain of"), "{said}");
        let _ = fs::remove_dir_all(&folder);
    }
}

#[test]
fn the_pac_file_sends_each_host_its_way() {
    let catalogue = &catalogues()[0];
    let pac = written(&all(catalogue, &Fill::new()), Form::Pac, &behind_proxy());
    let script = format!(
        "function dnsDomainIs(host, domain) {{ return host.length >= domain.length && \
         host.substring(host.length - domain.length) === domain; }}\n{pac}\n\
         for (const host of process.argv.slice(1)) console.log(FindProxyForURL('http://' + host + '/', host));"
    );
    let hosts = [
        "tenant.registration.msappproxy.net",
        "Login.Windows.Net",
        "crl3.digicert.com",
        "evilmsappproxy.net",
        "www.example.com",
    ];
    let mut node = Command::new("node");
    let Some(output) = run("the_pac_file_sends_each_host_its_way", node.args(["-e", &script]).args(hosts))
    else {
        return;
    };
    let ways = String::from_utf8_lossy(&output.stdout);
    let proxy = "PROXY proxyserver:8080";
    let ways: Vec<_> = ways.lines().collect();
    assert_eq!(
        ways,
        [proxy, proxy, "DIRECT", "DIRECT", "DIRECT"],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_windows_commands_are_powershell_and_close_the_direct_way_only_where_a_proxy_must_be_used() {
    let catalogue = &catalogues()[0];
    let rules = all(catalogue, &Fill::new());
    for (demands, closes) in [(Demands::default(), false), (behind_proxy(), true)] {
        let text = written(&rules, Form::WindowsFirewall, &demands);
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        assert!(!parser.parse(&text, None).unwrap().root_node().has_error(), "{text}");
        assert_eq!(text.contains("-Action Block"), closes);
        assert_eq!(text.contains("'5671', '9350', '9352'"), closes, "{text}");
        assert!(text.is_ascii());
    }
}

#[test]
fn a_catalogues_words_stay_words() {
    let mut catalogue = catalogues()[0].clone();
    for check in &mut catalogue.checks {
        check.purpose = "=cmd|' /C calc'!A0\nhttp_access allow all\r\nRemove-Item \"x\", y".to_owned();
    }
    let rules = all(&catalogue, &Fill::new());
    for form in [Form::Squid, Form::WindowsFirewall, Form::Pac] {
        let text = written(&rules, form, &behind_proxy());
        assert!(!text.contains("calc") && !text.contains("Remove-Item"), "{form:?}");
        assert!(!text.contains("allow all"), "{form:?}");
    }
    let csv = written(&rules, Form::Csv, &Demands::default());
    assert_eq!(csv.lines().count(), rules.len() + 1, "a reason never begins a line of its own");
    assert!(csv.contains("\"'=cmd|"), "a spreadsheet computes nothing of it: {csv}");
    let letter = written(&rules, Form::Text, &Demands::default());
    assert!(!letter.lines().any(|line| line.starts_with("http_access")), "{letter}");
}

#[test]
fn the_letter_says_what_else_matters() {
    let rules = all(&catalogues()[0], &Fill::new());
    let text = written(&rules, Form::Text, &behind_proxy());
    for part in [
        "CONNECT",
        "No TLS inspection",
        "No proxy sign-in",
        "revocation",
        "5671, 9350, 9352",
        "Network Service",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let without = written(&rules, Form::Text, &Demands::default());
    assert!(!without.contains("9350"), "nothing to close without a proxy");
}
