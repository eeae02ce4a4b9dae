//! Evidence that no probe of this page brought: what files and the admin tell.
//!
//! Every source has a field here, its findings in a file below `patterns/`, and stands beside the probes' evidence
//! in one diagnosis, so that they support or contradict each other.

use std::sync::Arc;

use connector_check_capture::facts::{CaptureFacts, Warning};
use serde::{Deserialize, Serialize};

use crate::answers::Answers;
use crate::config::{ConfigFile, ConfigService};
use crate::host::HostReport;

/// Everything that was brought to the page; empty at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supplements {
    /// A network capture. Shared, because it may tell of thousands of connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Arc<Capture>>,
    /// What the host script saw.
    pub host: Option<Box<HostReport>>,
    /// The configuration files that the host script brought along, read.
    pub host_configs: Vec<ConfigFile>,
    /// Configuration files that were brought by themselves, the latest of each service.
    pub configs: Vec<ConfigFile>,
    /// What the admin answered.
    pub answers: Answers,
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

    /// The configuration files that count: what was brought by itself is newer than what the script saw.
    pub fn config_files(&self) -> Vec<&ConfigFile> {
        let brought = |service: ConfigService| self.configs.iter().any(|file| file.service == service);
        self.configs.iter().chain(self.host_configs.iter().filter(|file| !brought(file.service))).collect()
    }

    /// The file of one service.
    pub fn config_of(&self, service: ConfigService) -> Option<&ConfigFile> {
        self.config_files().into_iter().find(|file| file.service == service)
    }
}
