//! The form of a guide: what the build script writes and the crate reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::Words;

/// Everything of one language, as the build script hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Language {
    /// Its neutral words.
    pub words: Words,
    /// Its guides by finding code.
    pub guides: BTreeMap<String, Guide>,
}

/// What to do about one finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// The cause, as a human says it.
    pub title: String,
    /// What it means and how sure one can be; one block or more.
    pub lead: Vec<Block>,
    /// What to do, in order; one step or more, each of one block or more.
    pub steps: Vec<Vec<Block>>,
    /// What follows the steps, in order; possibly nothing.
    pub sections: Vec<Section>,
    /// Neutral words of the guide's language; they stand once per language in the files, not in each guide.
    #[serde(skip)]
    pub words: Words,
}

/// A part of a guide under its own heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Its contents, one block or more.
    pub blocks: Vec<Block>,
}

/// A piece of a guide that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// Something to be copied as a whole.
    Code {
        /// `powershell`, `text` or `xml`.
        language: String,
        /// Lines without a final line end.
        text: String,
        /// What its lines are repeated for; [`Repeat::Once`] after filling.
        repeat: Repeat,
    },
    /// A list without order.
    Bullets(Vec<Vec<Block>>),
    /// A list with order, counted from 1.
    Numbered(Vec<Vec<Block>>),
}

/// A piece of running text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inline {
    /// Plain text.
    Text(String),
    /// A name, path or value as it is typed.
    Code(String),
    /// Text of weight.
    Strong(String),
    /// A link.
    Link {
        /// What is shown.
        text: String,
        /// Always `https:`.
        url: String,
    },
}

/// What the lines of a code block are repeated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Repeat {
    /// Nothing: each line stands once.
    Once,
    /// Each line with `{host}` or `{port}`: every endpoint of the run's finding.
    PerEndpoint,
    /// Each line with `{allow}`, `{ports}` or `{purposes}`: every allow rule of the run's finding.
    PerRule,
}
