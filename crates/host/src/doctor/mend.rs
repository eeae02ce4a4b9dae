//! Writing a choice into a file: a handful of edits, and every other byte as it was.

use std::ops::Range;

use connector_check_diagnosis::config::ConfigProblem;

use super::encoding::{Decoded, declared_in};
use super::read::{Element, Found, Kind, Read};
use super::{Choice, examine};

/// A mended file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What to write.
    pub bytes: Vec<u8>,
    /// What was changed, in the file's order; empty where everything stood as it should.
    pub edits: Vec<Edit>,
    /// What only a person can mend.
    pub left: Vec<ConfigProblem>,
}

/// One change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where in the original bytes.
    pub at: usize,
    /// The bytes that stood there.
    pub removed: Vec<u8>,
    /// The bytes that stand there now.
    pub inserted: Vec<u8>,
}

/// Takes edits back; `None` where the bytes are not those that came of them.
pub fn undo(mended: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let mut original = Vec::new();
    let mut rest = mended;
    for edit in edits {
        let kept = edit.at.checked_sub(original.len())?;
        original.extend_from_slice(rest.get(..kept)?);
        rest = rest.get(kept..)?.strip_prefix(edit.inserted.as_slice())?;
        original.extend_from_slice(&edit.removed);
    }
    original.extend_from_slice(rest);
    Some(original)
}

/// A change of the text.
struct Change {
    range: Range<usize>,
    text: String,
}

pub(super) fn mend(bytes: &[u8], decoded: &Decoded, read: &Read, choice: &Choice) -> Mended {
    let text = &decoded.text;
    let mut changes = Vec::new();
    let mut change = |range: Range<usize>, text: String| changes.push(Change { range, text });
    if read.blank > 0 {
        change(0..read.blank, String::new());
    }
    if let Some((at, declared)) = decoded.contradiction().and_then(|_| declared_in(text)) {
        change(at..at + declared.len(), decoded.encoding.name().to_owned());
    }
    let keep = read.section();
    for found in read.found.iter().filter(|found| goes(read, keep, found)) {
        change(with_blanks(text, &found.element.range), String::new());
    }
    let mut head = String::new();
    if let Some(late) = &read.late_sections {
        change(with_blanks(text, &late.range), String::new());
        head = format!("{}{}{}", read.line_end, read.indent, &text[late.range.clone()]);
    }
    if let Some(section) = keep {
        section_changes(text, read, section, choice, &mut change);
    } else if let Some(net) = read.sound(Kind::Net).next() {
        insert_into(&net.element, Kind::Net.name(), &block(read, choice, 2), read, 1, &mut change);
    } else {
        let (end, step) = (read.line_end, &read.indent);
        let inner = block(read, choice, 2);
        head.extend([end, step, "<system.net>", &inner, end, step, "</system.net>"]);
    }
    if !head.is_empty() {
        match &read.sections {
            Some(sections) => change(sections.range.end..sections.range.end, head),
            None => insert_into(&read.root, "configuration", &head, read, 0, &mut change),
        }
    }
    splice(bytes, decoded, changes)
}

/// Whether an element about proxies is taken out: it stands in the wrong place, a second time, or misspelt.
fn goes(read: &Read, keep: Option<&Found>, found: &Found) -> bool {
    let is = |other: &Found| other.element.range == found.element.range;
    match found.kind {
        // With sections of its own inside it stays, and a person has to move them.
        Kind::Net => {
            let first = read.sound(Kind::Net).next();
            let holds_kept =
                keep.is_some_and(|keep| read.inside(found).any(|inner| inner.element == keep.element));
            !holds_kept && found.bare && !first.is_some_and(is)
        }
        Kind::DefaultProxy => !keep.is_some_and(is),
        // Those of the kept section are its own matter.
        Kind::Proxy => !keep.is_some_and(|keep| read.proxies(keep).any(is)),
    }
}

/// Changes the section that .NET goes by into what was chosen.
fn section_changes(
    text: &str,
    read: &Read,
    section: &Found,
    choice: &Choice,
    change: &mut impl FnMut(Range<usize>, String),
) {
    let proxies: Vec<_> = read.proxies(section).collect();
    let enabled = section.attributes.iter().find(|attr| attr.name == "enabled");
    let tag_sound = section.attributes.iter().all(|attr| attr.sound);
    let off = section.says("enabled", "false");
    let wanted_off = *choice == Choice::Bypass;
    let tag_fits = tag_sound && (off == wanted_off || (!wanted_off && enabled.is_none()));
    let tag = |closed: bool| {
        let mut tag = String::from("<defaultProxy");
        if wanted_off {
            tag += " enabled=\"false\"";
        }
        for attr in section.attributes.iter().filter(|attr| attr.sound && attr.name != "enabled") {
            tag.push(' ');
            tag += &attr.raw;
        }
        tag + if closed { "/>" } else { ">" }
    };
    let whole_tag = section.element.range.start..section.element.tag_end;
    match choice {
        Choice::Bypass => {
            if !tag_fits {
                change(whole_tag, tag(section.element.closed));
            }
            for proxy in proxies {
                change(with_blanks(text, &proxy.element.range), String::new());
            }
        }
        Choice::Named(address) => {
            let wanted = proxy_element(address.as_str());
            let inner = format!("{}{}{wanted}", read.line_end, read.indent.repeat(3));
            let mut proxies = proxies.into_iter();
            let first = proxies.next();
            if section.element.closed {
                let close = format!("{}{}</defaultProxy>", read.line_end, read.indent.repeat(2));
                change(whole_tag, tag(false) + &inner + &close);
                return;
            }
            match first {
                Some(proxy) => {
                    if !tag_fits {
                        change(whole_tag, tag(false));
                    }
                    if !names_only(proxy, address.as_str()) {
                        change(proxy.element.range.clone(), wanted);
                    }
                }
                None if tag_fits => {
                    let at = section.element.tag_end;
                    // On a line of its own, and so the end tag behind it.
                    let end = text[at..]
                        .starts_with("</")
                        .then(|| read.line_end.to_owned() + &read.indent.repeat(2));
                    change(at..at, inner + &end.unwrap_or_default());
                }
                None => {
                    let end = text[section.element.tag_end..].starts_with("</");
                    let end = end.then(|| read.line_end.to_owned() + &read.indent.repeat(2));
                    change(whole_tag, tag(false) + &inner + &end.unwrap_or_default());
                }
            }
            for proxy in proxies {
                change(with_blanks(text, &proxy.element.range), String::new());
            }
        }
    }
}

/// Whether a `<proxy>` names this address and nothing that could speak against it.
fn names_only(proxy: &Found, address: &str) -> bool {
    let silent = |name| proxy.value(name).is_none_or(|value| !value.eq_ignore_ascii_case("true"));
    proxy.sound
        && proxy.attributes.iter().all(|attr| attr.sound)
        && proxy.value("proxyaddress") == Some(address)
        && silent("usesystemdefault")
        && silent("autoDetect")
        && proxy.value("scriptLocation").is_none()
}

fn proxy_element(address: &str) -> String {
    // Local names past the proxy, as Microsoft's own sample has it; no second source of settings beside the address.
    format!(r#"<proxy proxyaddress="{address}" bypassonlocal="True" usesystemdefault="False"/>"#)
}

/// The section as it is inserted, each line indented by so many steps.
fn block(read: &Read, choice: &Choice, steps: usize) -> String {
    let (end, indent) = (read.line_end, read.indent.repeat(steps));
    match choice {
        Choice::Bypass => format!(r#"{end}{indent}<defaultProxy enabled="false"></defaultProxy>"#),
        Choice::Named(address) => {
            let (inner, proxy) = (read.indent.repeat(steps + 1), proxy_element(address.as_str()));
            format!("{end}{indent}<defaultProxy>{end}{inner}{proxy}{end}{indent}</defaultProxy>")
        }
    }
}

/// Inserts right behind a start tag; an element without an end tag gets one.
fn insert_into(
    element: &Element,
    name: &str,
    inner: &str,
    read: &Read,
    steps: usize,
    change: &mut impl FnMut(Range<usize>, String),
) {
    if element.closed {
        let close = format!("{}{}</{name}>", read.line_end, read.indent.repeat(steps));
        change(element.tag_end - 2..element.tag_end, format!(">{inner}{close}"));
    } else {
        change(element.tag_end..element.tag_end, inner.to_owned());
    }
}

/// The range, and the line break and blanks before it, so that no empty line stays behind.
fn with_blanks(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text[..range.start].trim_end_matches([' ', '\t']);
    let start = match before.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line).len(),
        None => range.start,
    };
    start..range.end
}

fn splice(bytes: &[u8], decoded: &Decoded, mut changes: Vec<Change>) -> Mended {
    // What lies inside something that is taken out goes with it.
    let ranges: Vec<_> = changes.iter().map(|change| change.range.clone()).collect();
    changes.retain(|change| {
        !ranges.iter().any(|outer| {
            *outer != change.range
                && outer.start <= change.range.start
                && change.range.end <= outer.end
                && outer.len() > change.range.len()
                && !change.range.is_empty()
        })
    });
    changes.sort_by_key(|change| (change.range.start, change.range.end));
    let mut mended = Vec::new();
    let mut edits = Vec::new();
    let mut done = 0;
    for change in changes {
        let (start, end) = (decoded.byte_at(change.range.start), decoded.byte_at(change.range.end));
        let start = start.max(done);
        let inserted = decoded.encoding.encode(&change.text);
        mended.extend_from_slice(&bytes[done..start]);
        mended.extend_from_slice(&inserted);
        edits.push(Edit { at: start, removed: bytes[start..end.max(start)].to_vec(), inserted });
        done = end.max(start);
    }
    mended.extend_from_slice(&bytes[done..]);
    let left = examine("", &mended).problems;
    Mended { bytes: mended, edits, left }
}
