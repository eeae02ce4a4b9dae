//! What can happen to the state of the page, and what the edge is to do about it.

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError, CheckId};
use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::plan::Plan;
use connector_check_diagnosis::site::{Site, SiteError};
use connector_check_diagnosis::text::Message as Text;

use crate::captured::CaptureMessage;
use crate::desk::Action;
use crate::frame::Note;
use crate::scan::{Doubt, ScanEvent};

/// Where a catalogue came from, for the notice that refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, by its name.
    File(String),
    /// An address.
    Address(String),
    /// The `catalogue` property.
    Property,
    /// Baked into the page.
    Baked,
}

impl Origin {
    /// The notice that a catalogue from there was refused, and why.
    pub(crate) fn refused(&self, message: String) -> Text {
        let (id, name) = match self {
            Self::File(name) => ("notice-file-refused", name.as_str()),
            Self::Address(url) => ("notice-address-refused", url.as_str()),
            Self::Property => ("notice-property-refused", ""),
            Self::Baked => ("notice-baked-refused", ""),
        };
        Text::new(id).text("name", name).text("message", message)
    }
}

/// What can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Start a run: all checks, or those that failed or stayed open.
    Run {
        /// Only what was not reached.
        only_failed: bool,
        /// A random DNS label for the canaries.
        nonce: String,
        /// RFC 3339, UTC.
        now: String,
    },
    /// Something about checks of a run.
    Scan {
        /// Which run.
        run: u32,
        /// What, in order.
        events: Vec<ScanEvent>,
    },
    /// The scan of a run came to its end.
    ScanEnded {
        /// Which run.
        run: u32,
        /// RFC 3339, UTC.
        now: String,
    },
    /// The closer looks of a run came to their end.
    CloserEnded {
        /// Which run.
        run: u32,
        /// RFC 3339, UTC.
        now: String,
    },
    /// Whether closer looks may use ICE.
    WebRtc(bool),
    /// Stop the run, or the closer looks after it.
    Stop {
        /// RFC 3339, UTC.
        now: String,
    },
    /// The browser went online or offline.
    Online(bool),
    /// Use the catalogue of this id.
    Choose(String),
    /// A catalogue file was read, or refused.
    Catalogue(Origin, Result<Catalogue, CatalogueError>),
    /// A catalogue could not be fetched or read at all.
    CatalogueUnreadable(Origin, String),
    /// Something about a capture.
    Capture(CaptureMessage),
    /// A file of this name is nothing that the page reads.
    FileUnknown(String),
    /// A link carried a catalogue; it must be asked for.
    Link(Result<Catalogue, CatalogueError>),
    /// The admin takes the link's catalogue, or does not.
    LinkAnswered(bool),
    /// Something was typed for a placeholder.
    Fill {
        /// Placeholder id.
        id: String,
        /// What was typed.
        value: String,
    },
    /// The site file was read, or something is wrong with it.
    Site(Box<Result<Site, SiteError>>),
    /// What the page around, or the browser, keeps from this page.
    Frame(Vec<Note>),
    /// Show the scenario of this name, or the list where there is none of it.
    Scenario {
        /// Its name.
        name: String,
        /// RFC 3339, UTC.
        now: String,
    },
    /// Show no recorded observations any more.
    LeaveScenario,
    /// What files and the admin bring beside a run.
    Desk(Action),
    /// Close the notice.
    DismissNotice,
    /// Speak this language.
    Language(String),
}

/// What the edge is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run these probes.
    Scan {
        /// Which run.
        run: u32,
        /// What to ask.
        plan: Plan,
    },
    /// Look closer at what a run left in doubt.
    LookCloser {
        /// Which run.
        run: u32,
        /// What did not answer.
        doubts: Vec<Doubt>,
        /// What did.
        healthy: Vec<(CheckId, Endpoint)>,
        /// What answered and is said to be a responder.
        readable: Vec<(CheckId, Endpoint)>,
        /// Whether ICE may be used.
        webrtc: bool,
    },
    /// Abort what is out.
    Abort,
    /// Stop reading the capture.
    StopReading,
    /// Tell the page around: so many of so many.
    Progress {
        /// Checks with a result.
        done: usize,
        /// Checks asked.
        total: usize,
    },
    /// Tell the page around: the report is there.
    Report,
    /// Tell the page around: something went wrong.
    Error(Text),
    /// Tell whoever waits for a report that none will come, and why.
    Abandon(Text),
}
