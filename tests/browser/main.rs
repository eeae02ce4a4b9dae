//! The page in real browsers, in networks of its own; and the lab that makes them.
//!
//! `lab_*` tests show what the browsers do, on which the product relies; the scenarios show what the product
//! makes of it. `cargo xtask test` builds the page and runs them all.
#![cfg(not(target_arch = "wasm32"))]

#[cfg(target_os = "linux")]
mod closer;
#[cfg(target_os = "linux")]
mod kept;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod lab_tests;
#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
mod product;
#[cfg(target_os = "linux")]
mod responder;
#[cfg(target_os = "linux")]
mod scenarios;
#[cfg(target_os = "linux")]
mod shipping;

#[cfg(not(target_os = "linux"))]
#[test]
fn browser_tests() {
    println!("SKIPPED browser_tests: they need network namespaces, which only Linux has");
}
