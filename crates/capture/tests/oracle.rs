//! What is read agrees with tshark: over the golden cases, and over other people's captures where they are.

use std::collections::BTreeMap;
use std::fs;

use connector_check_capture::read;

mod common;

use common::{Oracle, files, golden, no_tshark, shared, tshark};

#[test]
fn golden_cases_read_as_tshark_reads_them() {
    if let Some(reason) = no_tshark() {
        println!("SKIPPED golden_cases_read_as_tshark_reads_them: {reason}");
        return;
    }
    for (name, folder) in golden() {
        let file = folder.join("capture");
        let (facts, _) = read(&name, &fs::read(&file).unwrap());
        assert_eq!(Oracle::from(&facts.totals), tshark(&file), "{name}");
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
        assert_eq!(Oracle::from(&facts.totals), tshark(&file), "{}", file.display());
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
