//! What is read agrees with tshark: over the golden cases, and over other people's captures where they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use connector_check_capture::facts::{CaptureFacts, Connection};
use connector_check_capture::read;

mod common;

use common::{Oracle, files, golden, no_tshark, shared, tshark_with_names};

#[test]
fn golden_cases_read_as_tshark_reads_them() {
    if let Some(reason) = no_tshark() {
        println!("SKIPPED golden_cases_read_as_tshark_reads_them: {reason}");
        return;
    }
    for (name, folder) in golden() {
        let file = folder.join("capture");
        let (facts, _) = read(&name, &fs::read(&file).unwrap());
        compare(&facts, &file);
    }
}

#[test]
fn captures_of_others_read_as_tshark_reads_them() {
    let Some(folder) = shared() else {
        println!(
            "SKIPPED captures_of_others_read_as_tshark_reads_them: no ../shared/captures beside the repository"
        );
        return;
    };
    if let Some(reason) = no_tshark() {
        println!("SKIPPED captures_of_others_read_as_tshark_reads_them: {reason}");
        return;
    }
    for file in files(&folder) {
        let (facts, _) = read(&file.to_string_lossy(), &fs::read(&file).unwrap());
        compare(&facts, &file);
    }
}

/// The sums are tshark's; every name of an address is one that tshark sees, too, and none that a name server told is
/// missing.
fn compare(facts: &CaptureFacts, file: &Path) {
    let (oracle, answers, greetings) = tshark_with_names(file);
    assert_eq!(Oracle::from(&facts.totals), oracle, "{}", file.display());
    for connection in facts.connections.iter().filter(|connection| connection.host().is_none()) {
        let address = connection.server.address.to_string();
        for name in &connection.names {
            let pair = (name.to_lowercase(), address.clone());
            assert!(answers.contains(&pair) || greetings.contains(&pair), "{}: {pair:?}", file.display());
        }
        let told: Vec<_> = answers.iter().filter(|(_, of)| *of == address).map(|(name, _)| name).collect();
        let known = told.iter().filter(|name| connection.names.contains(name)).count();
        assert_eq!(known, told.len().min(Connection::NAMES), "{}: {address}, {told:?}", file.display());
    }
}

#[test]
fn captures_of_others_read_as_their_manifest_says() {
    let Some(folder) = shared() else {
        println!(
            "SKIPPED captures_of_others_read_as_their_manifest_says: no ../shared/captures beside the repository"
        );
        return;
    };
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.psv")) else {
        println!("SKIPPED captures_of_others_read_as_their_manifest_says: the folder has no manifest.psv");
        return;
    };
    let files = files(&folder);
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, .., packets, connects, statuses, names, hellos, alerts, retransmissions] = columns[..]
        else {
            panic!("{line}");
        };
        let stem = |file: &&std::path::PathBuf| {
            file.file_name().is_some_and(|file| file.to_string_lossy().split('.').next() == Some(name))
        };
        let file = files.iter().find(stem).unwrap_or_else(|| panic!("no capture {name}"));
        let (facts, _) = read(name, &fs::read(file).unwrap());
        let totals = Oracle::from(&facts.totals);
        assert_eq!(totals.packets.to_string(), packets, "{name}");
        assert_eq!(totals.connects.to_string(), connects, "{name}");
        assert_eq!(counts(&totals.statuses), statuses, "{name}");
        assert_eq!(counts(&totals.alerts), alerts, "{name}");
        assert_eq!(totals.syn_retransmissions.to_string(), retransmissions, "{name}");
        assert_eq!(counts(&totals.hellos), hellos, "{name}");
        // The manifest names the first three.
        let first: Vec<&str> = totals.names.keys().map(String::as_str).take(3).collect();
        assert_eq!(first.join(" "), names, "{name}");
    }
}

/// As the manifest writes it: `200x3 302x1`.
fn counts(counts: &BTreeMap<String, u64>) -> String {
    let words: Vec<String> = counts.iter().map(|(value, count)| format!("{value}x{count}")).collect();
    words.join(" ")
}
