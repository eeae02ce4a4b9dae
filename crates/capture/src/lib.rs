//! Reads network captures into facts about connections.
//!
//! [`Reader`] takes a file piece by piece, in whatever pieces the caller has, and never keeps more than a bounded part
//! of it. It reads pcap and its variants, pcapng, both also in gzip, and Microsoft Network Monitor. It never fails:
//! what was read stays, and [`Warning`] says what could not be. There is no I/O here, no clock, and nothing of the web.
//!
//! Without the feature `reader` only [`facts`] is there.
//!
//! [`Warning`]: facts::Warning

pub mod facts;

#[cfg(feature = "reader")]
mod assembly;
#[cfg(feature = "reader")]
mod budget;
#[cfg(feature = "reader")]
mod connections;
#[cfg(feature = "reader")]
mod container;
#[cfg(feature = "reader")]
mod conversation;
#[cfg(feature = "reader")]
mod dns;
#[cfg(feature = "reader")]
mod flow;
#[cfg(feature = "reader")]
mod http;
#[cfg(feature = "reader")]
mod internet;
#[cfg(feature = "reader")]
mod link;
#[cfg(feature = "reader")]
mod numbers;
#[cfg(feature = "reader")]
mod reader;
#[cfg(feature = "reader")]
mod stream;
#[cfg(feature = "reader")]
mod tls;

#[cfg(feature = "reader")]
pub use reader::{CHUNK, Reader, read};
