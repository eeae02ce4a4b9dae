//! The fault lab: every scenario of `tests/scenarios`, built for real, in real browsers.
//!
//! `cargo xtask test NAME` runs those whose names contain NAME. Runs with the same network share it, and a browser in
//! it. The output is that of any test program.
#![cfg(not(target_arch = "wasm32"))]

#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod certificates;
#[cfg(target_os = "linux")]
#[path = "../browser/lab/cover.rs"]
mod cover;
#[cfg(target_os = "linux")]
mod delay;
#[cfg(target_os = "linux")]
mod dns;
#[cfg(target_os = "linux")]
#[path = "../browser/lab/driver.rs"]
mod driver;
#[cfg(target_os = "linux")]
mod expectation;
#[cfg(target_os = "linux")]
mod fate;
#[cfg(target_os = "linux")]
mod group;
#[cfg(target_os = "linux")]
mod harness;
#[cfg(target_os = "linux")]
mod internet;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
#[path = "../browser/lab/process.rs"]
mod process;
#[cfg(target_os = "linux")]
#[path = "../browser/lab/profile.rs"]
mod profile;
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(target_os = "linux")]
mod scenario;
#[cfg(target_os = "linux")]
mod servers;
#[cfg(target_os = "linux")]
mod session;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED lab: it needs network namespaces, which only Linux has");
    println!("test result: ok. 1 passed; 0 failed; 0 ignored");
}
