//! The documents refer to files and headings that exist.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_relative_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository");
    let mut broken = Vec::new();
    for document in documents(root) {
        let text = fs::read_to_string(&document).expect("a document is text");
        for (line, link) in links(&text) {
            if let Some(reason) = fault(&document, &text, &link) {
                let name = document.strip_prefix(root).unwrap_or(&document).display();
                broken.push(format!("{name}:{line}: {link}: {reason}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

fn documents(root: &Path) -> Vec<PathBuf> {
    let entries =
        [root.to_owned(), root.join("docs")].into_iter().filter_map(|folder| fs::read_dir(folder).ok());
    let files = entries.flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut documents: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|it| it == "md")).collect();
    documents.sort();
    documents
}

/// Why a link leads nowhere. Addresses on the network are not looked at.
fn fault(document: &Path, text: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = document.parent().expect("a file lies in a folder").join(path);
    if !path.is_empty() && !target.exists() {
        return Some("no such file".to_owned());
    }
    if heading.is_empty() || (!path.is_empty() && target.extension().is_none_or(|it| it != "md")) {
        return None;
    }
    let other = (!path.is_empty()).then(|| fs::read_to_string(&target).expect("a document is text"));
    let anchors = anchors(other.as_deref().unwrap_or(text));
    (!anchors.contains(heading)).then(|| "no such heading".to_owned())
}

/// The targets of `[text](target)`, `![text](target)`, `src="target"` and `href="target"` outside code, each with its
/// line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let line: String = line.split('`').step_by(2).collect();
        for (opening, closing) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
            for part in line.split(opening).skip(1) {
                // A title may follow the target.
                let target =
                    part.split(closing).next().unwrap_or_default().split(' ').next().unwrap_or_default();
                links.push((number, target.trim_matches(['<', '>']).to_owned()));
            }
        }
    }
    links
}

/// The lines outside code blocks, counted from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The names that GitHub gives to headings.
fn anchors(text: &str) -> HashSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    lower.chars().filter(|character| character.is_alphanumeric() || matches!(character, '-' | '_')).collect()
}

#[test]
fn links_are_found_outside_code() {
    let text =
        "[a](x.md) and ![b](<y z.png> \"title\")\n```\n[c](no.md)\n```\n`[d](no.md)` <img src=\"i.png\">";
    let found: Vec<String> = links(text).into_iter().map(|(line, link)| format!("{line} {link}")).collect();
    assert_eq!(found, ["1 x.md", "1 y", "5 i.png"]);
}

#[test]
fn headings_are_named_as_github_does() {
    assert_eq!(anchor("What is `xtask`, and why?"), "what-is-xtask-and-why");
}
