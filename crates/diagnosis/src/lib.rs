//! Catalogue, observations, decision, findings, guidance and report of Connector Check.
//!
//! The heart is [`diagnose`]: a pure, total function from [`evidence::Evidence`] to [`Diagnosis`].
//! Nothing here does I/O, reads a clock or knows a browser.

pub mod answers;
pub mod catalogue;
pub mod common;
pub mod config;
mod context;
pub mod decision;
mod diagnosis;
pub mod endpoint;
pub mod evidence;
pub mod facts;
pub mod finding;
pub mod guidance;
pub mod host;
pub mod observation;
mod patterns;
pub mod plan;
pub mod report;
pub mod responder;
pub mod scenario;
pub mod site;
pub mod supplements;
pub mod text;
pub mod timing;

pub use context::context;
pub use decision::CheckResult;
pub use diagnosis::{Diagnosis, Verdict, diagnose};
pub use patterns::{problem_line, route_line, setting_line};
