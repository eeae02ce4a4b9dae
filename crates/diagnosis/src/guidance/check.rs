//! The files of one language to its table: every finding code has its guide, and every file is one.

use std::collections::BTreeMap;

use super::model::Language;
use super::parse::parse;
use super::words::Words;

/// The file of a language that is no guide.
const WORDS_FILE: &str = "words.json";

/// Reads all files of a language, by file name, against the finding codes.
/// Fails with every problem found, each beginning with `file:line:`.
pub fn language(files: &BTreeMap<String, String>, codes: &[&str]) -> Result<Language, Vec<String>> {
    let words = words(files.get(WORDS_FILE).map(String::as_str)).map_err(|problem| vec![problem])?;
    let mut guides = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| *name != WORDS_FILE) {
        match name.strip_suffix(".md").filter(|code| codes.contains(code)) {
            None => problems.push(format!("{name}:1: no finding code has this name")),
            Some(code) => match parse(text, &words) {
                Ok(guide) => drop(guides.insert(code.to_owned(), guide)),
                Err(problem) => problems.push(format!("{name}:{problem}")),
            },
        }
    }
    for code in codes.iter().filter(|code| !files.contains_key(&format!("{code}.md"))) {
        problems.push(format!("{code}.md:1: missing; every finding code needs its guide"));
    }
    if problems.is_empty() { Ok(Language { words, guides }) } else { Err(problems) }
}

fn words(text: Option<&str>) -> Result<Words, String> {
    let text = text.ok_or_else(|| format!("{WORDS_FILE}:1: missing"))?;
    let words: Words = serde_json::from_str(text).map_err(|e| format!("{WORDS_FILE}:{}: {e}", e.line()))?;
    match blank(&words) {
        None => Ok(words),
        Some(name) => Err(format!("{WORDS_FILE}:1: \"{name}\" is empty")),
    }
}

/// The name of the first entry that says nothing.
fn blank(words: &Words) -> Option<&'static str> {
    [
        ("steps", &words.steps),
        ("hosts", &words.hosts),
        ("ports", &words.ports),
        ("rules", &words.rules),
        ("region", &words.region),
        ("host", &words.host),
        ("port", &words.port),
        ("allow", &words.allow),
        ("purposes", &words.purposes),
    ]
    .into_iter()
    .find_map(|(name, word)| word.trim().is_empty().then_some(name))
}
