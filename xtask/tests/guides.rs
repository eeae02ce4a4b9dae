//! What the guides tell a reader to write is read by what reads it, and what they tell a reader to type does what they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::site::Site;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository")
}

/// The guides with their texts.
fn guides() -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(root().join("docs")).expect("there are guides");
    let files = entries.map(|entry| entry.expect("readable").path());
    let guides = files.filter(|file| file.extension().is_some_and(|it| it == "md"));
    guides.map(|file| (file.clone(), fs::read_to_string(file).expect("a guide is text"))).collect()
}

#[test]
fn every_file_in_a_guide_is_read_by_what_reads_it() {
    let (mut catalogues, mut sites, mut answers) = (0, 0, 0);
    for (file, text) in guides() {
        for block in text.split("\n```json\n").skip(1) {
            let block = block.split("\n```").next().expect("the block ends");
            let place = format!("{}: {block}", file.display());
            let value: Value = serde_json::from_str(block).expect(&place);
            match value["format"].as_str().and_then(|format| format.strip_prefix("connector-check/")) {
                Some("catalogue@1") => {
                    Catalogue::parse(block).expect(&place);
                    catalogues += 1;
                }
                Some("site@1") => {
                    Site::parse(block).expect(&place);
                    sites += 1;
                }
                Some("responder@1") => answers += 1,
                _ => panic!("of no known format: {place}"),
            }
        }
    }
    assert!(catalogues >= 1 && sites >= 3 && answers >= 1, "{catalogues}, {sites}, {answers}");
}

#[test]
fn every_file_that_a_command_names_is_there() {
    let mut seen = 0;
    for (file, text) in guides() {
        for line in text.lines().filter(|line| line.trim_start().starts_with("cargo xtask bundle")) {
            for word in line.split_whitespace().filter(|word| word.starts_with("docs/")) {
                assert!(root().join(word).is_file(), "{}: {line}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 7, "only {seen} files are named");
}

#[test]
fn the_command_for_a_link_makes_what_the_page_reads() {
    let guide = fs::read_to_string(root().join("docs/catalogues.md")).expect("a guide is text");
    let command = guide.lines().map(str::trim).find(|line| line.starts_with("base64 ")).expect("a command");
    let made = match Command::new("sh").args(["-c", command]).current_dir(root()).output() {
        Ok(made) if made.status.success() => made,
        // macOS has another base64, Windows none.
        Ok(made) => {
            return println!("SKIPPED the_command_for_a_link: {}", String::from_utf8_lossy(&made.stderr));
        }
        Err(error) => return println!("SKIPPED the_command_for_a_link: {error}"),
    };
    let sample = fs::read(root().join("docs/samples/catalogue.json")).expect("the sample");
    assert_eq!(String::from_utf8_lossy(&made.stdout).trim(), BASE64_URL_SAFE_NO_PAD.encode(sample));
}
