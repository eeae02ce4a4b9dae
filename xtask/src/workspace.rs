//! The folders of the repository and of the tool cache.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where things stand. All paths are absolute.
#[derive(Debug)]
pub struct Workspace {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// What `bundle` writes.
    pub dist: PathBuf,
    /// One folder per tool and version; shared by all clones of this user.
    pub tools: PathBuf,
}

impl Workspace {
    /// Finds the folders from the environment that Cargo and the system provide.
    pub fn find() -> Result<Self> {
        // Cargo sets it for `cargo run`, too, so that a repository that was moved is found without a new build.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = package.parent().context("the xtask package has no parent folder")?.to_owned();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let tools = cache_folder()?.join("connector-check").join("tools");
        Ok(Self { dist: root.join("dist"), root, target, tools })
    }

    /// `path` as a reader of the repository would name it.
    pub fn display<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// The user's cache folder, by the convention of the system.
fn cache_folder() -> Result<PathBuf> {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let found = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
    };
    found.context("no cache folder for the tools: set HOME (on Windows LOCALAPPDATA) to an absolute path")
}
