//! How surely inspection is proven, and that a clean path is never accused: many runs over each kind of way, in both
//! browsers, near and far. `cargo xtask bench inspection`.
#![cfg(not(target_arch = "wasm32"))]

#[cfg(target_os = "linux")]
#[allow(dead_code, unused_imports, unused_macros, reason = "the browser tests use all of it")]
#[path = "../browser/lab/mod.rs"]
mod lab;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the browser tests use all of it")]
#[path = "../browser/product.rs"]
mod product;
#[cfg(target_os = "linux")]
mod proving;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the browser tests use all of it")]
#[path = "../browser/responder/world.rs"]
mod world;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    proving::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED inspection: it needs network namespaces, which only Linux has");
}
