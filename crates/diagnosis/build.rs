//! Reads `guidance/<language>/*.md` and writes one JSON table per language for the crate to embed; lists
//! `scenarios/*.json` for the same purpose.
//! A file that is no guide fails the build with its name and line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

#[path = "src/guidance/check.rs"]
mod check;
#[path = "src/guidance/model.rs"]
mod model;
#[path = "src/guidance/parse.rs"]
mod parse;
#[path = "src/guidance/placeholder.rs"]
mod placeholder;
#[path = "src/guidance/words.rs"]
mod words;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Vec<String>> {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"));
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    let codes_file = crate_dir.join("finding-codes.txt");
    let guidance = crate_dir.join("../../guidance");
    println!("cargo::rerun-if-changed={}", codes_file.display());
    println!("cargo::rerun-if-changed={}", guidance.display());

    let codes = read(&codes_file)?;
    let codes: Vec<&str> = codes.lines().collect();
    let mut sources = vec!["static SOURCES: &[(&str, &str)] = &[".to_owned()];
    let mut problems = Vec::new();
    for folder in entries(&guidance)?.into_iter().filter(|path| path.is_dir()) {
        let tag = name(&folder);
        match check::language(&files(&folder)?, &codes) {
            Ok(language) => {
                let json = serde_json::to_string(&language).expect("plain data");
                write(&out_dir.join(format!("guidance-{tag}.json")), &json)?;
                let include = format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/guidance-{tag}.json\"))");
                sources.push(format!("    ({tag:?}, {include}),"));
            }
            Err(found) => {
                problems.extend(found.into_iter().map(|problem| format!("guidance/{tag}/{problem}")));
            }
        }
    }
    sources.push("];\n".to_owned());
    if !problems.is_empty() {
        return Err(problems);
    }
    write(&out_dir.join("guidance.rs"), &sources.join("\n"))?;
    scenarios(&crate_dir, &out_dir)
}

/// Lists `scenarios/*.json` for the crate to embed; that each is sound is the tests' business.
fn scenarios(crate_dir: &Path, out_dir: &Path) -> Result<(), Vec<String>> {
    let folder = crate_dir.join("../../scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = vec!["static SCENARIOS: &[(&str, &str)] = &[".to_owned()];
    for path in entries(&folder)? {
        let Some(scenario) = name(&path).strip_suffix(".json").map(str::to_owned) else { continue };
        // Copied, so that the crate embeds what was listed.
        write(&out_dir.join(format!("scenario-{scenario}.json")), &read(&path)?)?;
        let include = format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/scenario-{scenario}.json\"))");
        list.push(format!("    ({scenario:?}, {include}),"));
    }
    list.push("];\n".to_owned());
    write(&out_dir.join("scenarios.rs"), &list.join("\n"))
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>, Vec<String>> {
    let files = entries(folder)?.into_iter().map(|path| Ok((name(&path), read(&path)?)));
    files.collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Vec<String>> {
    let paths = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = paths.map_err(|e| failure("list", folder, &e))?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<String, Vec<String>> {
    fs::read_to_string(path).map(|text| text.replace("\r\n", "\n")).map_err(|e| failure("read", path, &e))
}

fn write(path: &Path, text: &str) -> Result<(), Vec<String>> {
    fs::write(path, text).map_err(|e| failure("write", path, &e))
}

fn failure(operation: &str, path: &Path, error: &io::Error) -> Vec<String> {
    vec![format!("cannot {operation} {}: {error}", path.display())]
}
