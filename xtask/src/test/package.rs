//! The npm package as its users take it: packed, installed, compiled against, and bundled with their own pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(not(unix))]
use anyhow::bail;
use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tally::Tally;
use crate::process;
use crate::setup::Tools;
use crate::workspace::Workspace;

/// The tool that has Vite, TypeScript, React and Vue.
const TOOL: &str = "vite";

/// Browser tests of what is built here begin so.
const BUNDLED: &str = "shipping::bundled::";

/// All that may be in the package.
const FILES: [&str; 12] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "capture-worker.js",
    "capture-worker.wasm",
    "connector-check.classic.js",
    "connector-check.d.ts",
    "connector-check.js",
    "connector-check.wasm",
    "frame.d.ts",
    "frame.js",
    "package.json",
];

/// What the users' pages import beside the package.
const LIBRARIES: [&str; 5] = ["@vitejs", "react", "react-dom", "vite", "vue"];

/// The guide whose samples are compiled: the word after the three ticks, and what the users' pages call the file.
const GUIDE: &str = "docs/embed.md";
const SAMPLES: [(&str, &str); 2] = [("jsx", "Check.jsx"), ("vue", "Check.vue")];

/// Whether tests whose names contain this word need what is built here.
pub fn is_wanted(filter: Option<&str>) -> bool {
    filter.is_none_or(|filter| BUNDLED.contains(filter) || filter.contains("bundled"))
}

/// The folder of the users' pages as Vite made them; there once [`check`] went well.
pub fn built(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("dist")
}

/// Counts four tests: what is in the package, that it can be installed, that it compiles, that it can be bundled.
pub fn check(workspace: &Workspace, tools: &Tools, tally: &mut Tally) {
    let npm = process::find("npm").zip(process::find("node"));
    let Some(((npm, node), tool)) = npm.zip(tools.file(TOOL).ok()) else {
        tally.skip(4, "npm package", "Node.js or npm is not installed");
        return;
    };
    tally.result("npm pack", packed(&npm, &workspace.dist.join("embed")));
    let installed = installed(workspace, &npm, tool);
    let is_installed = installed.is_ok();
    tally.result("npm install of the package", installed);
    if is_installed {
        let folder = folder(workspace);
        let modules = libraries(tool);
        let mut compiler = Command::new(&node);
        compiler.arg(modules.join("typescript/bin/tsc")).args(["--project", "."]).current_dir(&folder);
        tally.check("the package's types in a user's program", &mut compiler);
        let mut bundler = Command::new(&node);
        bundler.arg(modules.join("vite/bin/vite.js")).arg("build").current_dir(&folder);
        tally.check("users' pages with Vite, React and Vue", &mut bundler);
    }
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("embedders")
}

/// `node_modules` of the tool, whose first file is `vite/package.json` in it.
fn libraries(tool: &Path) -> &Path {
    tool.parent().and_then(Path::parent).unwrap_or(tool)
}

/// What npm would publish, without doing so.
fn packed(npm: &Path, package: &Path) -> Result<()> {
    let mut command = Command::new(npm);
    let said = process::output(command.args(["pack", "--dry-run", "--json"]).current_dir(package))?;
    let said: Value = serde_json::from_str(&said).context("npm wrote no JSON")?;
    let mut files: Vec<&str> = said[0]["files"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    files.sort_unstable();
    ensure!(files == FILES, "the package has {files:?} instead of {FILES:?}");
    let text = fs::read_to_string(package.join("package.json")).context("cannot read package.json")?;
    let description: Value = serde_json::from_str(&text).context("package.json is no JSON")?;
    for target in targets(&description["exports"]).chain(targets(&description["types"])) {
        ensure!(
            files.contains(&target.trim_start_matches("./")),
            "exports name {target}, which is not there"
        );
    }
    Ok(())
}

/// The files that `exports` leads to, under whatever conditions.
fn targets(exports: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match exports {
        Value::String(target) => Box::new(std::iter::once(target.as_str())),
        Value::Object(entries) => Box::new(entries.values().flat_map(targets)),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Null => Box::new(std::iter::empty()),
    }
}

/// The users' pages with the guide's samples, the archive that `npm pack` makes, and the libraries.
fn installed(workspace: &Workspace, npm: &Path, tool: &Path) -> Result<()> {
    let folder = folder(workspace);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let source = workspace.root.join("tests/embedders");
    for entry in fs::read_dir(&source).with_context(|| format!("cannot read {}", source.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))
            .with_context(|| format!("cannot copy {}", entry.path().display()))?;
    }
    let guide =
        fs::read_to_string(workspace.root.join(GUIDE)).with_context(|| format!("cannot read {GUIDE}"))?;
    for (language, name) in SAMPLES {
        let sample =
            sample(&guide, language).with_context(|| format!("{GUIDE} has no sample in {language}"))?;
        // What is built in cannot be asked in a test's network; the browser tests put a list of their own there.
        let sample = sample.replace("\"entra-connector\"", "\"own.json\"");
        fs::write(folder.join(name), sample).with_context(|| format!("cannot write {name}"))?;
    }
    let mut pack = Command::new(npm);
    pack.args(["pack", "--json", "--pack-destination"]).arg(&folder);
    let said = process::output(pack.current_dir(workspace.dist.join("embed")))?;
    let said: Value = serde_json::from_str(&said).context("npm wrote no JSON")?;
    let archive = said[0]["filename"].as_str().context("npm names no archive")?;
    let mut install = Command::new(npm);
    install.args(["install", "--offline", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
    process::run(install.arg(format!("./{archive}")).current_dir(&folder))?;
    for library in LIBRARIES {
        link(&libraries(tool).join(library), &folder.join("node_modules").join(library))?;
    }
    Ok(())
}

/// The first block of this language.
fn sample<'a>(guide: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = guide.split_once(&format!("\n```{language}\n"))?;
    rest.split_once("\n```").map(|(sample, _)| sample)
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(original, link).with_context(|| format!("cannot make {}", link.display()))
}

#[cfg(not(unix))]
fn link(original: &Path, link: &Path) -> Result<()> {
    bail!("no link from {} to {} on this system", link.display(), original.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_what_stands_between_the_ticks() {
        let guide = "Text\n\n```jsx\none\ntwo\n```\n\n```jsx\nthree\n```\n";
        assert_eq!(sample(guide, "jsx"), Some("one\ntwo"));
        assert_eq!(sample(guide, "vue"), None);
    }

    #[test]
    fn exports_lead_to_files_under_all_conditions() {
        let exports =
            serde_json::json!({ ".": { "types": "./a.d.ts", "default": "./a.js" }, "./b": "./b.js" });
        assert_eq!(targets(&exports).collect::<Vec<_>>(), ["./a.js", "./a.d.ts", "./b.js"]);
    }

    #[test]
    fn a_filter_that_names_other_tests_builds_nothing() {
        assert!(
            is_wanted(None) && is_wanted(Some("shipping")) && is_wanted(Some("chromium::bundled_by_vite"))
        );
        assert!(!is_wanted(Some("hosted")) && !is_wanted(Some("lab::one-port-dropped")));
    }
}
