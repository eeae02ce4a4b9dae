//! What to do about each finding: the Markdown files of `guidance/`, read and checked by the build script.
//!
//! The page gets structure, never markup: a [`Guide`] is drawn block by block, and what a run fills in
//! ([`Guide::filled`]) is text.

use std::collections::BTreeMap;
use std::sync::OnceLock;

#[cfg(test)]
mod check;
mod fill;
mod model;
#[cfg(test)]
mod parse;
mod placeholder;
#[cfg(test)]
mod tests;
mod words;

pub use fill::{Context, Rule, port_list};
pub use model::{Block, Guide, Inline, Language, Repeat, Section};
pub use words::Words;

use crate::text;

// `SOURCES: &[(&str, &str)]`: the tag of each language and its table as JSON.
include!(concat!(env!("OUT_DIR"), "/guidance.rs"));

/// The guide of a finding code in a language such as `en`, or in the first of [`text::LANGUAGES`] where that one has
/// none; `None` where no finding has the code.
pub fn guide(language: &str, code: &str) -> Option<&'static Guide> {
    static LANGUAGES: OnceLock<BTreeMap<&str, BTreeMap<String, Guide>>> = OnceLock::new();
    let languages = LANGUAGES.get_or_init(|| SOURCES.iter().map(|(tag, json)| (*tag, read(json))).collect());
    let of = |language: &str| languages.get(language)?.get(code);
    of(language).or_else(|| of(text::LANGUAGES[0].0))
}

fn read(json: &str) -> BTreeMap<String, Guide> {
    let Language { words, mut guides } =
        serde_json::from_str(json).expect("the build script wrote it from the same types");
    for guide in guides.values_mut() {
        guide.words = words.clone();
    }
    guides
}
