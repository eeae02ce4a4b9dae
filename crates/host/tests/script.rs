//! The host script: a grammar reads it, and nothing in it is younger than Windows PowerShell 4.0.
//!
//! PowerShell itself is in none of the places that the project's tools come from, so the script is not run here; what
//! can be checked without it is checked: grammar, commands and parameters, types, and that nothing can be slipped in.

use std::collections::{BTreeMap, BTreeSet};

use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::plan::Fill;
use connector_check_host::script::script;
use tree_sitter::{Node, Parser, Tree};

const CATALOGUES: [&str; 3] = [
    include_str!("../../../catalogues/entra-connector.json"),
    include_str!("../../../catalogues/classic-connector.json"),
    include_str!("../../../catalogues/us-government.json"),
];

/// What Windows PowerShell 4.0 on Server 2012 R2 has, as far as the script uses it; the file names its sources.
const COMMANDS: &str = include_str!("powershell-4.0.txt");

fn catalogues() -> Vec<Catalogue> {
    CATALOGUES.iter().map(|text| Catalogue::parse(text).unwrap()).collect()
}

fn fill() -> Fill {
    let values = [
        ("tenant", "00000000-0000-0000-0000-000000000000"),
        ("central-us", "central.example"),
        ("east-us", "http://[2001:db8::1]"),
    ];
    values.into_iter().map(|(id, value)| (id.to_owned(), value.to_owned())).collect()
}

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

fn nodes<'a>(tree: &'a Tree, kind: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if node.kind() == kind {
            found.push(node);
        }
        open.extend((0..node.child_count()).rev().filter_map(|at| node.child(at)));
    }
    found
}

fn text_of<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    &text[node.byte_range()]
}

fn first_error<'a>(tree: &'a Tree, text: &'a str) -> Option<String> {
    let missing = |node: &Node<'_>| node.is_error() || node.is_missing();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if missing(&node) {
            let line = node.start_position().row + 1;
            return Some(format!("line {line}: {}", text_of(node, text).lines().next().unwrap_or_default()));
        }
        open.extend((0..node.child_count()).rev().filter_map(|at| node.child(at)));
    }
    None
}

#[test]
fn the_grammar_reads_every_script() {
    for catalogue in catalogues() {
        for fill in [Fill::new(), fill()] {
            let script = script(&catalogue, &fill);
            let tree = parse(&script.text);
            assert_eq!(first_error(&tree, &script.text), None, "{}", catalogue.id);
        }
    }
}

#[test]
fn the_grammar_notices_a_broken_script() {
    for broken in ["function A { if ($x) { ", "$a = @( 1, ", "Get-Item -Path 'x", "foreach ($a in ) { }"] {
        let tree = parse(broken);
        assert!(first_error(&tree, broken).is_some(), "{broken}");
    }
}

#[test]
fn every_command_and_parameter_is_one_that_4_0_has() {
    let known: BTreeMap<&str, BTreeSet<&str>> = COMMANDS
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap(), words.collect())
        })
        .collect();
    let text = script(&catalogues()[0], &fill()).text;
    let tree = parse(&text);
    let own: BTreeSet<_> =
        nodes(&tree, "function_name").into_iter().map(|node| text_of(node, &text)).collect();
    let mut used = BTreeSet::new();
    for command in nodes(&tree, "command") {
        let Some(name) = command.child_by_field_name("command_name") else { continue };
        let name = text_of(name, &text);
        let line = command.start_position().row + 1;
        if own.contains(name) {
            continue;
        }
        let parameters = known.get(name).unwrap_or_else(|| panic!("line {line}: {name} is not on the list"));
        used.insert(name.to_owned());
        for parameter in nodes_below(command, "command_parameter") {
            let written = text_of(parameter, &text).trim_end_matches(':');
            // What belongs to a command inside an argument of this one is that command's.
            if nearest_command(parameter) == Some(command.id()) {
                let fits = parameters.contains(written) || name == "netsh.exe";
                assert!(fits, "line {line}: {name} has no {written} on the list");
            }
        }
    }
    let unused: Vec<_> = known.keys().filter(|name| !used.contains(**name)).collect();
    assert!(unused.is_empty(), "on the list, and not used: {unused:?}");
    assert!(used.len() > 20, "{used:?}");
}

fn nodes_below<'a>(node: Node<'a>, kind: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if node.kind() == kind {
            found.push(node);
        }
        open.extend((0..node.child_count()).rev().filter_map(|at| node.child(at)));
    }
    found
}

fn nearest_command(node: Node<'_>) -> Option<usize> {
    let mut node = node.parent();
    while let Some(inner) = node {
        if inner.kind() == "command" {
            return Some(inner.id());
        }
        node = inner.parent();
    }
    None
}

#[test]
fn nothing_is_younger_than_4_0_and_every_word_is_read_the_same_everywhere() {
    let text = script(&catalogues()[0], &fill()).text;
    assert!(
        text.is_ascii(),
        "Windows PowerShell reads a file without a mark in the code page of the machine"
    );
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    // Operators and statements of 5.0 and 7.0.
    for word in ["??", "?.", "&&", "||", "::new(", "\nusing ", "\nclass ", "\nenum ", "-Parallel"] {
        assert!(!text.contains(word), "{word:?}");
    }
    // No placeholder of the template is left.
    for marker in ["#TARGETS#", "#VERSION#", "#CATALOGUE#", "#UPDATED#"] {
        assert!(!text.contains(marker), "{marker}");
    }
}

#[test]
fn it_changes_nothing_but_what_it_makes_itself() {
    let text = script(&catalogues()[0], &fill()).text;
    let tree = parse(&text);
    for command in nodes(&tree, "command") {
        let Some(name) = command.child_by_field_name("command_name") else { continue };
        let (name, line) = (text_of(name, &text), text_of(command, &text));
        let verb = name.split('-').next().unwrap_or_default();
        // Tasks and the folder of its own are removed by the name that they were made with.
        let own = line == "Set-StrictMode -Off"
            || line.contains("$job.Task")
            || line.contains("$name")
            || line.contains("$folder")
            || line.contains("$copy");
        let changes =
            ["Set", "Remove", "Clear", "Register", "Unregister", "Stop", "Restart", "Copy", "Move", "Rename"];
        assert!(!changes.contains(&verb) || own, "{line}");
    }
    assert!(!text.contains("Invoke-Expression") && !text.contains("DownloadString"));
}

#[test]
fn it_asks_what_the_catalogue_lists_and_nothing_else() {
    for catalogue in catalogues() {
        let whole = script(&catalogue, &fill());
        assert_eq!(whole.waits, 0, "{}", catalogue.id);
        let hosts: BTreeSet<_> =
            whole.text.lines().filter(|line| line.trim_start().starts_with("@{ Host = '")).collect();
        assert_eq!(hosts.len(), whole.asks);
        for check in &catalogue.checks {
            let Some(host) = check.url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next())
            else {
                continue;
            };
            if !host.contains('{') {
                assert!(whole.text.contains(&format!("Host = '{host}'")), "{host}");
            }
        }
        let empty = script(&catalogue, &Fill::new());
        assert!(!empty.text.contains("{tenant}"), "{}", catalogue.id);
        assert_eq!(empty.waits > 0, catalogue.checks.iter().any(|check| !check.placeholders().is_empty()));
    }
}

#[test]
fn nothing_that_is_typed_or_brought_along_gets_out_of_its_quotes() {
    let mut fill = fill();
    for typed in ["x'; Remove-Item C:\\ #", "x\u{2019}; calc", "$(calc)", "`n", "a\nb", "x\"y", "#TARGETS#"] {
        fill.insert("tenant".to_owned(), typed.to_owned());
        let catalogue = &catalogues()[0];
        let script = script(catalogue, &fill);
        assert!(script.waits > 0, "{typed} is no host");
        assert!(!script.text.contains("calc") && !script.text.contains("C:\\ #"), "{typed}");
    }
    // A catalogue's free words are nowhere in it.
    let mut catalogue = catalogues()[0].clone();
    catalogue.title = "'; calc #".to_owned();
    for check in &mut catalogue.checks {
        check.title = "'; calc #".to_owned();
        check.purpose = "'; calc #".to_owned();
    }
    assert!(!script(&catalogue, &Fill::new()).text.contains("calc"));
}

/// A number that the script sets, such as `$LookSeconds = 70`.
fn number(text: &str, name: &str) -> usize {
    let set = format!("${name} = ");
    let mut found = text.lines().filter_map(|line| line.trim().strip_prefix(set.as_str()));
    let value = found.next().unwrap_or_else(|| panic!("{name} is set")).parse().unwrap();
    assert_eq!(found.next(), None, "{name} is set once");
    value
}

#[test]
fn two_minutes_are_enough_for_every_list_where_every_host_and_the_proxy_are_silent() {
    for catalogue in catalogues() {
        let script = script(&catalogue, &fill());
        let of = |name| number(&script.text, name);
        let (connect, talk) = (of("connectMs"), of("talkMs"));
        // Nothing is answered directly; the proxy takes the connection, and says nothing to CONNECT.
        let dropped = connect + connect + talk;
        // Everything connects, and then nobody says anything: two handshakes directly, and the proxy as before.
        let mute = 2 * talk + connect + talk;
        let worst = dropped.max(mute) * script.asks.div_ceil(of("AtATime"));
        let (look, total) = (of("LookSeconds"), of("TotalSeconds"));
        assert!(worst <= look * 1000, "{}: {} endpoints, {worst} ms", catalogue.id, script.asks);
        // What is left after the looks: the other accounts' results, tidying up, the file.
        assert!(look + 5 <= total && total + 10 < 120, "{look} and {total} seconds");
        assert!(
            script.text.contains("AddSeconds($TotalSeconds - 5)"),
            "settings that take long shorten the looks"
        );
    }
}

#[test]
fn nothing_that_asks_windows_waits_without_end() {
    let text = script(&catalogues()[0], &fill()).text;
    let tree = parse(&text);
    let mut asked = 0;
    for command in nodes(&tree, "command") {
        let line = text_of(command, &text);
        let name = line.split_whitespace().next().unwrap_or_default();
        if name == "Get-CimInstance" {
            asked += 1;
            assert!(line.contains("-OperationTimeoutSec"), "{line}");
        }
        // Commands of a module do not go by the script's own preference.
        let verbs = ["New", "Register", "Start", "Unregister"];
        if name.contains("-ScheduledTask") && verbs.contains(&name.split('-').next().unwrap_or_default()) {
            assert!(line.contains("-ErrorAction Stop"), "{line}");
        }
    }
    assert_eq!(asked, 3);
}

/// The names in tables `[ordered] @{ name = ... }`, which are what is written.
fn written_names(text: &str) -> BTreeSet<String> {
    let tree = parse(text);
    nodes(&tree, "hash_entry")
        .into_iter()
        .filter(|entry| {
            let table = std::iter::successors(entry.parent(), Node::parent)
                .find(|node| node.kind() == "hash_literal_expression");
            table.is_some_and(|table| text[..table.start_byte()].trim_end().ends_with("[ordered]"))
        })
        .map(|entry| text_of(entry, text).split('=').next().unwrap_or_default().trim().to_owned())
        .collect()
}

#[test]
fn what_is_written_has_the_names_of_the_schema_and_is_not_cut_off() {
    fn names(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        if let Some(properties) = value.get("properties").and_then(serde_json::Value::as_object) {
            found.extend(properties.keys().cloned());
        }
        match value {
            serde_json::Value::Object(map) => map.values().for_each(|value| names(value, found)),
            serde_json::Value::Array(list) => list.iter().for_each(|value| names(value, found)),
            _ => {}
        }
    }
    fn depth(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
            serde_json::Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    let text = script(&catalogues()[0], &fill()).text;
    let schema = serde_json::from_str(include_str!("../../../schemas/host-1.json")).unwrap();
    let mut expected = BTreeSet::new();
    names(&schema, &mut expected);
    assert_eq!(written_names(&text), expected);
    // ConvertTo-Json writes what lies deeper as the name of its type.
    let sample = include_str!("../../diagnosis/tests/host/inspected.json");
    let deepest = depth(&serde_json::from_str(sample).unwrap());
    let limits: Vec<usize> = text
        .split("-Depth ")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap())
        .collect();
    assert!(limits.len() == 2 && limits.iter().all(|limit| *limit >= deepest), "{limits:?}, {deepest}");
}
