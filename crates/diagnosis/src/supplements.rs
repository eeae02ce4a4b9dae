//! Evidence that no probe of this page brought: what files and the admin tell.
//!
//! Every source has a field here, its findings in a file below `patterns/`, and stands beside the probes' evidence
//! in one diagnosis, so that they support or contradict each other.

use serde::{Deserialize, Serialize};

/// Everything that was brought to the page; empty at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supplements {}

impl Supplements {
    /// Whether nothing was brought.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
