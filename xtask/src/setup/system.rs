//! The programs that the operating system's own packages provide.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// A package of Debian and its relatives.
#[derive(Debug)]
pub struct Package {
    /// Debian's name for it.
    pub name: &'static str,
    /// It counts as installed where one of these programs is found.
    pub programs: &'static [&'static str],
    /// What to install where Debian's names do not apply.
    pub elsewhere: &'static str,
}

/// nginx without modules.
const NGINX: Package = Package { name: "nginx-light", programs: &["nginx"], elsewhere: "nginx" };

/// What measuring the responder needs: what it is measured against, and what builds it as one file.
pub const OF_RESPONDER_BENCH: &[Package] =
    &[NGINX, Package { name: "musl-tools", programs: &["musl-gcc"], elsewhere: "musl-gcc" }];

/// What the browser tests need.
pub const PACKAGES: &[Package] = &[
    Package {
        name: "chromium",
        programs: &["chromium", "chromium-browser", "google-chrome"],
        elsewhere: "Chromium",
    },
    Package {
        name: "chromium-driver",
        programs: &["chromedriver"],
        elsewhere: "chromedriver, in the version of Chromium",
    },
    Package { name: "firefox-esr", programs: &["firefox-esr", "firefox"], elsewhere: "Firefox" },
    Package { name: "libnss3-tools", programs: &["certutil"], elsewhere: "certutil (NSS tools)" },
    Package { name: "dnsmasq-base", programs: &["dnsmasq"], elsewhere: "dnsmasq" },
    Package { name: "nftables", programs: &["nft"], elsewhere: "nftables" },
    Package { name: "iproute2", programs: &["ip"], elsewhere: "iproute2" },
    Package { name: "squid-openssl", programs: &["squid"], elsewhere: "Squid, built with OpenSSL" },
    Package { name: "curl", programs: &["curl"], elsewhere: "curl" },
    Package { name: "openssl", programs: &["openssl"], elsewhere: "OpenSSL's command" },
    Package { name: "tshark", programs: &["tshark"], elsewhere: "tshark (Wireshark's command line)" },
    Package { name: "xvfb", programs: &["Xvfb"], elsewhere: "Xvfb (X.org)" },
    NGINX,
    Package { name: "caddy", programs: &["caddy"], elsewhere: "Caddy" },
    Package { name: "nodejs", programs: &["node"], elsewhere: "Node.js" },
    Package { name: "npm", programs: &["npm"], elsewhere: "npm" },
];

/// Those of `packages` of which no program is found.
pub fn missing(packages: &'static [Package]) -> Vec<&'static Package> {
    packages
        .iter()
        .filter(|package| !package.programs.iter().any(|name| process::find(name).is_some()))
        .collect()
}

/// npm by apt where that is possible without asking anyone.
pub fn install_npm(progress: &str) -> Result<()> {
    if is_root() && process::find("apt-get").is_some() {
        let packages: Vec<&Package> =
            PACKAGES.iter().filter(|package| ["nodejs", "npm"].contains(&package.name)).collect();
        install(&packages, progress)?;
    }
    Ok(())
}

/// Installs packages by apt as root; otherwise the error says what to type or to install.
pub fn install(missing: &[&Package], progress: &str) -> Result<()> {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    if process::find("apt-get").is_none() {
        let list: Vec<&str> = missing.iter().map(|package| package.elsewhere).collect();
        bail!(
            "the tests need programs that are not installed; install them and try again: {}",
            list.join(", ")
        );
    }
    if !is_root() {
        bail!(
            "the tests need packages that are not installed; install them and try again:\n  \
             sudo apt-get update && sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        );
    }
    eprintln!("{progress} installing {} by apt-get (a few minutes) …", names.join(", "));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        process::run(command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], names.as_slice()].concat())
        .with_context(|| format!("apt-get could not install {}", names.join(", ")))
}

/// Whether this process runs as root.
#[cfg(unix)]
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // The owner of a process owns its folder; asking the system itself would take unsafe code or another program.
    std::fs::metadata("/proc/self").is_ok_and(|folder| folder.uid() == 0)
}

/// Whether this process runs as root, which does not exist here.
#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}
