//! The practice range: servers on loopback with known faults, for demonstrations and tests.
//!
//! A [`Layout`] says which server stands where and what it does there ([`Behaviour`]); it is data, one TOML
//! file each in `layouts/`. [`Range::start`] sets the servers up and hands back what could be set up and what
//! could not, with the reason: ports below 1024 need rights on some systems, addresses such as `127.0.0.2` an
//! alias on others, and other programs have ports of their own. Everything ends when [`Running`] is dropped.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use connector_check_range::{Authority, Layout, Range};
//!
//! let authority = Arc::new(Authority::new()?);
//! let running = Range::start(&Layout::named("practice")?, &authority);
//! for left_out in running.left_out() {
//!     eprintln!("left out: {}", left_out.reason);
//! }
//! # Ok(()) }
//! ```
//!
//! # Behaviours
//!
//! | In a layout | Plain | Over TLS |
//! |---|---|---|
//! | `answer` | any HTTP request: 204, readable by every page | the same |
//! | `answer after N ms` | the same, later | the same |
//! | `status N` | any HTTP request: this status | the same |
//! | `refuse` | RST: the port is held and nothing listens | the same |
//! | `silent` | accepts, reads, says nothing | nothing after the handshake |
//! | `close after accept` | closes at once | closes at once, before the handshake |
//! | `close after handshake` | closes after the first bytes | closes after the handshake |
//! | `not http` | the AMQP header, then closes | the same |
//! | `drop` | SYNs stay unanswered (Linux; elsewhere silent) | the same |
//!
//! # Layouts
//!
//! `practice` is for people, `probe-test` for the probe's own tests, with fixed ports from 18001 (plain) and
//! 18101 (TLS) on 127.0.0.1. The others have one fault each: `all-open`, `port-dropped`, `port-refused`,
//! `region-gone`, `everything-dead`, `canary-answers`. All use loopback only; Central US is 127.0.0.2 and East
//! US 127.0.0.3, with every port of the documents. Beside the regions stand a reference on 127.0.0.1:18180,
//! which ought to answer, and a closed port, 18181.
//!
//! TLS servers show certificates of an [`Authority`] that is made anew each time: nothing trusts it unless a
//! test imports it.
//!
//! # Command
//!
//! `connector-check-range [--port N] [--site DIR] [--layout NAME] [--list]` runs a layout, and serves a built
//! page with a catalogue for it ([`SiteFile`]).

mod authority;
mod behaviour;
mod catalogue;
mod layout;
mod range;
mod server;
mod site;
mod socket;

pub use authority::{Authority, AuthorityError};
pub use behaviour::{Behaviour, UnknownBehaviour};
pub use catalogue::{CATALOGUE_ID, SITE_FILE, SiteFile, catalogue};
pub use layout::{Control, Layout, LayoutError, Region, Service, format_ports};
pub use range::{LeftOut, Range, Reason, Running};
pub use site::{Site, SiteError};
pub use socket::BindError;
