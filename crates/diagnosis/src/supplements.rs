//! Evidence that no probe of this page brought: what files and the admin tell.
//!
//! Every source has a field here, its findings in a file below `patterns/`, and stands beside the probes' evidence
//! in one diagnosis, so that they support or contradict each other.

use std::sync::Arc;

use connector_check_capture::facts::{CaptureFacts, Warning};
use serde::{Deserialize, Serialize};

/// Everything that was brought to the page; empty at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supplements {
    /// A network capture. Shared, because it may tell of thousands of connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Arc<Capture>>,
}

/// What was read of a capture file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The file's name.
    pub name: String,
    /// What it tells.
    pub facts: CaptureFacts,
    /// What must be known of its worth.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl Supplements {
    /// Whether nothing was brought.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
