//! How fast captures are read in real browsers, and what memory that takes: `cargo xtask bench capture`.
//!
//! The arguments are a capture and the seconds that tshark took for it.
#![cfg(not(target_arch = "wasm32"))]

#[cfg(target_os = "linux")]
#[allow(dead_code, unused_imports, unused_macros, reason = "the browser tests use all of it")]
#[path = "../browser/lab/mod.rs"]
mod lab;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod reading;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    reading::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED capture: it needs network namespaces, which only Linux has");
}
