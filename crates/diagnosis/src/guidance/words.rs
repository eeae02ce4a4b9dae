//! The few words of a language that guides need beside their own text.

use serde::{Deserialize, Serialize};

/// What stands for a placeholder where a run has nothing for it, and the heading of the steps.
///
/// Content, like the guides: `words.json` in the folder of each language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The heading that begins the steps.
    pub steps: String,
    /// For `{hosts}`, in running text.
    pub hosts: String,
    /// For `{ports}`, in running text.
    pub ports: String,
    /// For `{rules}`, in running text.
    pub rules: String,
    /// For `{region}`, in running text.
    pub region: String,
    /// For `{host}` in a command. Not a name that could be asked, so that nobody runs it as it is.
    pub host: String,
    /// For `{port}` in a command.
    pub port: String,
    /// For `{allow}` in a list of rules.
    pub allow: String,
    /// For `{purposes}` in a list of rules.
    pub purposes: String,
}
