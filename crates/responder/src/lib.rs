//! The responder: a test endpoint of one's own, on many ports, that answers over HTTPS and tells what it saw of
//! the TLS handshake: version, cipher suite, server name, and everything that the `ClientHello` offered.
//!
//! A page cannot read a handshake, but it can ask who was at the other end of it. What arrives here and is not
//! what the browser sends was sent by something on the way.
//!
//! The parts: [`options`] and `main.rs` are the command; [`Server`] listens; `connection` treats one connection,
//! through `stream`, which remembers the `ClientHello` that [`hello`] reads; `answer` makes the JSON, whose shape
//! is [`connector_check_diagnosis::responder`]; `certificate` exchanges certificates while connections go on;
//! `limit` counts.

mod activity;
mod answer;
mod answering;
mod certificate;
mod connection;
pub mod hello;
mod http1;
pub mod ja4;
mod limit;
mod log;
pub mod options;
mod ports;
mod server;
mod stream;
mod tls;

pub use certificate::{Authority, CertificateError, CertificateFiles, Description, Digest};
pub use connection::Patience;
pub use limit::Limits;
pub use log::Log;
pub use ports::{Kind, PortError, PortMap};
pub use server::{Certificates, Config, Loaded, SelfMade, Server, ServerError};
