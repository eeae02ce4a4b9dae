//! What a page cannot see for itself, and what can be handed to others.
//!
//! [`script`] writes the PowerShell script that looks from the connector machine; [`doctor`] reads and mends the
//! services' `.exe.config` files; [`handover`] writes rules for those who run firewall and proxy. Pure: nothing here
//! does I/O, reads a clock or knows a browser.

pub mod doctor;
pub mod handover;
pub mod script;
