//! The tools that are installed per user, each in one pinned version.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// The package that holds `wasm-opt`; Trunk can fetch it as well.
pub const BINARYEN: &str = "binaryen";

/// A tool, how to recognise it and where it comes from.
#[derive(Debug)]
pub struct Tool {
    /// For messages and the cache folder; of a crate also its name in the registry.
    pub name: &'static str,
    /// The only version that is used.
    pub version: String,
    /// Where it is installed from.
    pub source: Source,
    /// Below the cache folder of the tool, the files that must be there; the first is the one that is asked for.
    pub files: &'static [&'static str],
    /// How long installing takes on two cores.
    pub duration: &'static str,
}

/// Where a tool comes from.
#[derive(Debug)]
pub enum Source {
    /// `cargo install` of the crate of that name.
    Crate {
        /// The packages in it that do the work: they are optimised. The others would take minutes, for a tool that runs
        /// for seconds.
        optimised: &'static [&'static str],
    },
    /// `npm install` of packages with their versions.
    Npm {
        /// As npm takes them, `name@version`.
        packages: &'static [&'static str],
    },
}

/// What turns the source into a page.
pub fn of_page(wasm_bindgen: &str) -> Vec<Tool> {
    vec![
        Tool {
            // Newer ones need a newer compiler than the pinned one.
            name: "trunk",
            version: "0.21.14".to_owned(),
            source: Source::Crate { optimised: &[] },
            files: &["bin/trunk"],
            duration: "about 5 minutes",
        },
        Tool {
            // Must agree with the library to the letter.
            name: "wasm-bindgen-cli",
            version: wasm_bindgen.to_owned(),
            source: Source::Crate { optimised: &["id-arena", "walrus", "wasm-encoder", "wasmparser"] },
            files: &["bin/wasm-bindgen", "bin/wasm-bindgen-test-runner"],
            duration: "about 2 minutes",
        },
        Tool {
            // Releases before 117 cannot read what the compiler emits today; Trunk.toml names the same one.
            name: BINARYEN,
            version: "132".to_owned(),
            source: Source::Npm { packages: &["binaryen@132.0.0"] },
            files: &["node_modules/.bin/wasm-opt"],
            duration: "some seconds",
        },
    ]
}

/// What the browser tests need beyond that.
pub fn of_tests() -> Vec<Tool> {
    vec![
        Tool {
            name: "geckodriver",
            version: "0.37.0".to_owned(),
            source: Source::Crate { optimised: &[] },
            files: &["bin/geckodriver"],
            duration: "about 2 minutes",
        },
        Tool {
            name: "axe-core",
            version: "4.14.1".to_owned(),
            source: Source::Npm { packages: &["axe-core@4.14.1"] },
            files: &["node_modules/axe-core/axe.min.js"],
            duration: "some seconds",
        },
        Tool {
            // With what users of the npm package have. Later ones need a newer Node.js than Debian's, or are not JavaScript.
            name: "vite",
            version: "6.4.6".to_owned(),
            source: Source::Npm {
                packages: &[
                    "vite@6.4.6",
                    "typescript@5.9.3",
                    "react@19.0.9",
                    "react-dom@19.0.9",
                    "vue@3.5.45",
                    "@vitejs/plugin-vue@5.2.4",
                ],
            },
            files: &[
                "node_modules/vite/package.json",
                "node_modules/typescript/bin/tsc",
                "node_modules/react-dom/package.json",
                "node_modules/@vitejs/plugin-vue/package.json",
            ],
            duration: "about 20 seconds",
        },
    ]
}

/// What fuzzing needs, beside a compiler for C++.
pub fn of_fuzzing() -> Vec<Tool> {
    vec![Tool {
        name: "cargo-fuzz",
        version: "0.13.2".to_owned(),
        source: Source::Crate { optimised: &[] },
        files: &["bin/cargo-fuzz"],
        duration: "about 2 minutes",
    }]
}

impl Tool {
    /// Its folder in the cache.
    pub fn folder(&self, cache: &Path) -> PathBuf {
        cache.join(format!("{}-{}", self.name, self.version))
    }

    /// Its first file, in the cache or else on PATH.
    pub fn find(&self, cache: &Path) -> Option<PathBuf> {
        let folder = self.folder(cache);
        let cached = |file: &&str| {
            let file = folder.join(file);
            if file.is_file() {
                return Some(file);
            }
            process::find_in(file.parent()?, file.file_name()?.to_str()?)
        };
        let all: Option<Vec<PathBuf>> = self.files.iter().map(cached).collect();
        all.and_then(|files| files.into_iter().next()).or_else(|| self.find_on_path())
    }

    fn find_on_path(&self) -> Option<PathBuf> {
        let program = |file: &&str| process::find(Path::new(file).file_name()?.to_str()?);
        let all: Option<Vec<PathBuf>> = self.files.iter().map(program).collect();
        let first = all?.into_iter().next()?;
        let output = Command::new(&first).arg("--version").output().ok()?;
        names_version(&String::from_utf8_lossy(&output.stdout), &self.version).then_some(first)
    }
}

/// Whether what a program says of itself names this version, as a word.
fn names_version(output: &str, version: &str) -> bool {
    output.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_version_counts() {
        assert!(names_version("trunk 0.21.14\n", "0.21.14"));
        assert!(names_version("wasm-opt version 132 (version_132)\n", "132"));
        assert!(names_version("geckodriver 0.37.0 (abc 2026-01-01)\n", "0.37.0"));
        assert!(!names_version("trunk 0.21.1\n", "0.21.14"));
        assert!(!names_version("wasm-opt version 108 (version_108)\n", "132"));
        assert!(!names_version("", "132"));
    }

    #[test]
    fn the_folder_carries_the_version() {
        let tools = of_page("0.2.126");
        assert_eq!(tools[1].folder(Path::new("cache")), Path::new("cache").join("wasm-bindgen-cli-0.2.126"));
    }
}
