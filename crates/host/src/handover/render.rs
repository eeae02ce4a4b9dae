//! The rules in each form. Whatever stands in a command or a configuration is a host, a domain or a port; a
//! catalogue's free words stand in letters and tables only, on one line each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use connector_check_diagnosis::catalogue::Need;
use connector_check_diagnosis::guidance::port_list;
use connector_check_diagnosis::text::{Message, Texts};

use super::{DIRECT_SERVICE_BUS_PORTS, Demands, Form, Rule};

/// The services' names, old and new connector alike (Microsoft's support script and documentation).
const SERVICES: [&str; 2] = ["WAPCSvc", "WAPCUpdaterSvc"];

/// The rules in one form.
pub fn render(rules: &[Rule], form: Form, demands: &Demands, texts: &Texts) -> String {
    match form {
        Form::Text => letter(rules, demands, texts),
        Form::Csv => csv(rules, texts),
        Form::Squid => squid(rules, demands, texts),
        Form::WindowsFirewall => windows(rules, demands, texts),
        Form::Pac => pac(rules, demands, texts),
    }
}

fn letter(rules: &[Rule], demands: &Demands, texts: &Texts) -> String {
    let mut lines = vec![texts.get("handover-letter-head"), String::new()];
    for rule in rules {
        let mut line = format!("  {}  TCP {}", rule.allow, port_list(&rule.ports()));
        if rule.need != Need::Required {
            line.extend(["  [", &texts.get(need(rule.need)), "]"]);
        }
        lines.push(line);
        lines.extend(rule.reasons.iter().map(|reason| format!("      {}", one_line(reason))));
    }
    lines.push(String::new());
    lines.extend(notes(rules, demands, texts).into_iter().map(|note| format!("- {note}")));
    lines.join("\r\n") + "\r\n"
}

/// What else matters, beside the rules: tunnels, inspection, sign-in, revocation, the ports to close.
fn notes(rules: &[Rule], demands: &Demands, texts: &Texts) -> Vec<String> {
    let ports: BTreeSet<u16> = rules.iter().flat_map(|rule| rule.tls_ports.iter().copied()).collect();
    let mut notes = vec![texts.get("handover-note-identities")];
    if !ports.is_empty() {
        let ports = port_list(&ports.into_iter().collect::<Vec<_>>());
        notes.push(texts.say(&Message::new("handover-note-connect").text("ports", ports)));
    }
    notes.push(texts.get("handover-note-inspection"));
    notes.push(texts.get("handover-note-authentication"));
    if rules.iter().any(|rule| rule.revocation) {
        notes.push(texts.get("handover-note-revocation"));
    }
    if demands.proxy.is_some() {
        let ports = port_list(&DIRECT_SERVICE_BUS_PORTS);
        notes.push(texts.say(&Message::new("handover-note-close").text("ports", ports)));
    }
    notes
}

fn csv(rules: &[Rule], texts: &Texts) -> String {
    let columns = ["host", "ports", "protocol", "direction", "need", "reason"];
    let head: Vec<_> = columns.iter().map(|column| texts.get(&format!("handover-column-{column}"))).collect();
    let mut lines = vec![row(&head)];
    for rule in rules {
        let protocol = match (rule.tls_ports.is_empty(), rule.plain_ports.is_empty()) {
            (false, true) => "TCP (TLS)",
            (true, _) => "TCP (HTTP)",
            (false, false) => "TCP (TLS, HTTP)",
        };
        lines.push(row(&[
            rule.allow.clone(),
            port_list(&rule.ports()),
            protocol.to_owned(),
            texts.get("handover-outbound"),
            texts.get(need(rule.need)),
            rule.reasons.iter().map(|reason| one_line(reason)).collect::<Vec<_>>().join("; "),
        ]));
    }
    lines.concat()
}

fn row(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| csv_cell(cell)).collect();
    cells.join(",") + "\r\n"
}

/// Quoted where it has to be; a cell that a spreadsheet would compute gets an apostrophe in front.
fn csv_cell(text: &str) -> String {
    let computed = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if computed { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn squid(rules: &[Rule], demands: &Demands, texts: &Texts) -> String {
    let mut lines = comment("#", &texts.get("handover-squid-head"));
    let sections = [("tls", true), ("plain", false)];
    for (name, tls) in sections {
        for (at, (ports, hosts)) in by_ports(rules, tls).into_iter().enumerate() {
            let acl = format!("connector_check_{name}_{}", at + 1);
            let (names, addresses): (Vec<_>, Vec<_>) =
                widest(&hosts).into_iter().partition(|(_, host)| host.parse::<IpAddr>().is_err());
            lines.push(format!("acl {acl}_port port {}", spaced(&ports)));
            let mut allow = |suffix: &str, kind: &str, hosts: Vec<String>| {
                if hosts.is_empty() {
                    return;
                }
                lines.push(format!("acl {acl}_{suffix} {kind} {}", hosts.join(" ")));
                let method = if tls { "connector_check_connect " } else { "" };
                lines.push(format!("http_access allow {method}{acl}_{suffix} {acl}_port"));
            };
            let dotted =
                |(domain, host): (bool, &str)| if domain { format!(".{host}") } else { host.to_owned() };
            allow("host", "dstdomain", names.into_iter().map(dotted).collect());
            allow("ip", "dst", addresses.into_iter().map(|(_, host)| host.to_owned()).collect());
        }
    }
    let at = lines.iter().position(|line| line.starts_with("acl")).unwrap_or(lines.len());
    lines.insert(at, "acl connector_check_connect method CONNECT".to_owned());
    lines.push(String::new());
    lines.extend(comment("#", &texts.get("handover-squid-splice")));
    let all: Vec<_> = rules.iter().filter(|rule| !rule.tls_ports.is_empty()).collect();
    let hosts: BTreeSet<_> = all.iter().map(|rule| (rule.is_domain(), rule.host())).collect();
    let names = widest(&hosts.into_iter().collect::<Vec<_>>());
    let names: Vec<_> = names
        .into_iter()
        .map(|(domain, host)| if domain { format!(".{host}") } else { host.to_owned() })
        .collect();
    lines.push(format!("# acl connector_check_name ssl::server_name {}", names.join(" ")));
    lines.push("# ssl_bump splice connector_check_name".to_owned());
    lines.push(String::new());
    for note in notes(rules, demands, texts) {
        lines.extend(comment("#", &note));
    }
    lines.join("\n") + "\n"
}

/// Hosts by the set of ports that they need.
fn by_ports(rules: &[Rule], tls: bool) -> BTreeMap<Vec<u16>, Vec<(bool, &str)>> {
    let mut groups: BTreeMap<Vec<u16>, Vec<(bool, &str)>> = BTreeMap::new();
    for rule in rules {
        let ports = if tls { &rule.tls_ports } else { &rule.plain_ports };
        if !ports.is_empty() {
            let hosts = groups.entry(ports.iter().copied().collect()).or_default();
            if !hosts.contains(&(rule.is_domain(), rule.host())) {
                hosts.push((rule.is_domain(), rule.host()));
            }
        }
    }
    groups
}

/// Without the names that a domain of the list covers already: Squid refuses a list that says a thing twice.
fn widest<'a>(hosts: &[(bool, &'a str)]) -> Vec<(bool, &'a str)> {
    let covered = |(domain, host): (bool, &str)| {
        hosts.iter().any(|(wide, other)| {
            *wide
                && (domain, host) != (true, *other)
                && (host == *other || host.strip_suffix(other).is_some_and(|rest| rest.ends_with('.')))
        })
    };
    hosts.iter().copied().filter(|host| !covered(*host)).collect()
}

fn windows(rules: &[Rule], demands: &Demands, texts: &Texts) -> String {
    let ports: BTreeSet<u16> = rules.iter().flat_map(Rule::ports).collect();
    let mut lines = comment("#", &texts.get("handover-windows-head"));
    if !ports.is_empty() {
        for service in SERVICES {
            lines.push(firewall(&format!("{service}: allow"), "Allow", &ports, service));
        }
    }
    if demands.proxy.is_some() {
        lines.push(String::new());
        lines.extend(comment("#", &texts.get("handover-windows-close")));
        let closed = BTreeSet::from(DIRECT_SERVICE_BUS_PORTS);
        lines.push(firewall("WAPCSvc: no direct Service Bus", "Block", &closed, SERVICES[0]));
    }
    lines.push(String::new());
    lines.extend(comment("#", &texts.get("handover-windows-undo")));
    lines.push("# Remove-NetFirewallRule -Group 'Connector Check'".to_owned());
    lines.join("\r\n") + "\r\n"
}

fn firewall(name: &str, action: &str, ports: &BTreeSet<u16>, service: &str) -> String {
    let ports = port_list(&ports.iter().copied().collect::<Vec<_>>());
    let ports: Vec<_> = ports.split(", ").map(|port| format!("'{port}'")).collect();
    format!(
        "New-NetFirewallRule -Group 'Connector Check' -DisplayName '{name}' -Direction Outbound -Action {action} \
         -Protocol TCP -RemotePort {} -Service {service}",
        ports.join(", ")
    )
}

fn pac(rules: &[Rule], demands: &Demands, texts: &Texts) -> String {
    let hosts = |revocation: bool| -> Vec<String> {
        let of = rules.iter().filter(|rule| (rule.revocation && demands.revocation_direct) == revocation);
        let hosts: BTreeSet<_> = of.map(|rule| (rule.is_domain(), rule.host())).collect();
        let hosts = widest(&hosts.into_iter().collect::<Vec<_>>());
        let quoted = |(domain, host): (bool, &str)| format!("\"{}{host}\"", if domain { "." } else { "" });
        hosts.into_iter().map(quoted).collect()
    };
    let proxy = demands.proxy.as_ref().map(|proxy| proxy.as_str().trim_start_matches("http://"));
    let way = proxy.map_or_else(|| "DIRECT".to_owned(), |proxy| format!("PROXY {proxy}"));
    let list = |hosts: Vec<String>| hosts.join(",\r\n    ");
    let mut lines = comment("//", &texts.get("handover-pac-head"));
    lines.push(format!("var connectorHosts = [\r\n    {}\r\n];", list(hosts(false))));
    lines.push(format!("var directHosts = [\r\n    {}\r\n];", list(hosts(true))));
    lines.push(
        "function listed(host, list) {\r\n    \
         for (var i = 0; i < list.length; i++) {\r\n        \
         if (host === list[i]) return true;\r\n        \
         if (list[i].charAt(0) === \".\" && dnsDomainIs(host, list[i])) return true;\r\n    \
         }\r\n    return false;\r\n}"
            .to_owned(),
    );
    lines.push("function FindProxyForURL(url, host) {".to_owned());
    lines.push("    host = host.toLowerCase();".to_owned());
    lines.push("    if (listed(host, directHosts)) return \"DIRECT\";".to_owned());
    lines.push(format!("    if (listed(host, connectorHosts)) return \"{way}\";"));
    lines.extend(comment("    //", &texts.get("handover-pac-rest")));
    lines.push("    return \"DIRECT\";".to_owned());
    lines.push("}".to_owned());
    lines.join("\r\n") + "\r\n"
}

const fn need(need: Need) -> &'static str {
    match need {
        Need::Required => "handover-need-required",
        Need::Recommended => "handover-need-recommended",
        Need::Informational => "handover-need-informational",
    }
}

/// A comment, each line marked, in ASCII: `squid.conf`, PAC files and scripts are read in whatever encoding.
fn comment(mark: &str, text: &str) -> Vec<String> {
    let ascii: String = text
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2013}' | '\u{2014}' => '-',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect();
    ascii.lines().map(|line| format!("{mark} {line}").trim_end().to_owned()).collect()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn spaced(ports: &[u16]) -> String {
    port_list(ports).replace(", ", " ")
}
