//! What stands in a file: the sections about proxies, each with its place, and what is wrong with them.

use connector_check_diagnosis::config::{ConfigProblem, ProblemKind, ProxySetting};
use connector_check_diagnosis::endpoint::Endpoint;
use roxmltree::{Attribute, Document, Node, ParsingOptions};
use std::ops::Range;

use super::encoding::{place, whole};
use super::{MAX_ATTRIBUTES, MAX_NODES};

/// What a file says, found once, so that telling and mending agree.
pub(super) struct Read {
    /// Characters before a declaration that must be the first; 0 where there are none.
    pub blank: usize,
    pub root: Element,
    /// `<configSections>` where it is no first child, as it must be.
    pub late_sections: Option<Element>,
    /// `<configSections>` where it is the first child.
    pub sections: Option<Element>,
    /// Everything that looks like a section about proxies, in the file's order.
    pub found: Vec<Found>,
    pub problems: Vec<ConfigProblem>,
    /// The line end and the indentation of the file.
    pub line_end: &'static str,
    pub indent: String,
}

/// Where an element stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub range: Range<usize>,
    /// Where its start tag ends.
    pub tag_end: usize,
    /// Written as `<name/>`.
    pub closed: bool,
}

/// An element about proxies.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub kind: Kind,
    pub element: Element,
    /// In its place, and spelt as it must be.
    pub sound: bool,
    /// Nothing but blanks and other elements of this list inside.
    pub bare: bool,
    pub attributes: Vec<Attr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Net,
    DefaultProxy,
    Proxy,
}

#[derive(Debug, Clone)]
pub(super) struct Attr {
    pub name: String,
    pub value: String,
    /// As it stands in the text, quotes included.
    pub raw: String,
    /// Known there, and with a value that is known there.
    pub sound: bool,
}

const TRUTH: [&str; 2] = ["true", "false"];
const CHOICE: [&str; 3] = ["true", "false", "unspecified"];

impl Kind {
    /// By an element's name, whatever its capitals.
    fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "system.net" => Some(Self::Net),
            "defaultproxy" => Some(Self::DefaultProxy),
            "proxy" => Some(Self::Proxy),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Net => "system.net",
            Self::DefaultProxy => "defaultProxy",
            Self::Proxy => "proxy",
        }
    }

    /// What .NET knows there: name, and the values where they are listed.
    const fn attributes(self) -> &'static [(&'static str, Option<&'static [&'static str]>)] {
        match self {
            Self::Net => &[],
            Self::DefaultProxy => &[("enabled", Some(&TRUTH)), ("useDefaultCredentials", Some(&TRUTH))],
            Self::Proxy => &[
                ("autoDetect", Some(&CHOICE)),
                ("bypassonlocal", Some(&CHOICE)),
                ("proxyaddress", None),
                ("scriptLocation", None),
                ("usesystemdefault", Some(&CHOICE)),
            ],
        }
    }
}

impl Found {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attr| attr.name == name).map(|attr| attr.value.trim())
    }

    pub(super) fn says(&self, name: &str, word: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case(word))
    }
}

impl Read {
    /// The section that .NET goes by.
    pub(super) fn section(&self) -> Option<&Found> {
        self.sound(Kind::DefaultProxy).next()
    }

    /// Elements in their place.
    pub(super) fn sound(&self, kind: Kind) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(move |found| found.kind == kind && found.sound)
    }

    /// Elements about proxies that stand in this one.
    pub(super) fn inside<'a>(&'a self, outer: &'a Found) -> impl Iterator<Item = &'a Found> {
        let range = outer.element.range.clone();
        self.found.iter().filter(move |found| {
            range.start < found.element.range.start && found.element.range.end < range.end
        })
    }

    /// The section's own proxies; what stands deeper is none of .NET's.
    pub(super) fn proxies<'a>(&'a self, section: &'a Found) -> impl Iterator<Item = &'a Found> {
        self.inside(section).filter(|found| found.kind == Kind::Proxy && found.sound)
    }

    /// What the section makes a service do.
    pub(super) fn setting(&self) -> ProxySetting {
        let Some(section) = self.section() else { return ProxySetting::SystemDefault };
        if section.says("enabled", "false") {
            return ProxySetting::Bypass;
        }
        let Some(proxy) = self.proxies(section).next() else {
            return ProxySetting::SystemDefault;
        };
        let text = |name| proxy.value(name).filter(|value| !value.is_empty());
        match (text("proxyaddress"), text("scriptLocation")) {
            (Some(address), _) => ProxySetting::Named(without_sign_in(address)),
            (None, Some(script)) => ProxySetting::Script(script.to_owned()),
            (None, None) if proxy.says("autoDetect", "true") => ProxySetting::Script("WPAD".to_owned()),
            (None, None) if proxy.says("usesystemdefault", "false") => ProxySetting::Bypass,
            (None, None) => ProxySetting::SystemDefault,
        }
    }
}

/// Reads a text; an error where it is no configuration that could be mended by inserting.
pub(super) fn read(text: &str) -> Result<Read, Vec<ConfigProblem>> {
    if text.matches('=').count() > MAX_ATTRIBUTES {
        return Err(vec![whole(ProblemKind::TooLarge, text.len().to_string())]);
    }
    let mut problems = Vec::new();
    // A declaration must be the very first; copies from a web page often begin with a blank.
    let trimmed = text.trim_start();
    let blank = if trimmed.starts_with("<?xml") { text.len() - trimmed.len() } else { 0 };
    if blank > 0 {
        let (line, column) = place(text, blank);
        let detail = "<?xml".to_owned();
        problems.push(ConfigProblem { kind: ProblemKind::Malformed, line, column, detail });
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(&text[blank..], options) {
        Ok(document) => document,
        Err(error) => return Err(vec![refusal(&error, text, blank)]),
    };
    let root = document.root_element();
    let at = |node: Node<'_, '_>| place(text, node.range().start + blank);
    let problem = |kind, node: Node<'_, '_>, detail: &str| {
        let (line, column) = at(node);
        ConfigProblem { kind, line, column, detail: detail.to_owned() }
    };
    if root.tag_name().name() != "configuration" {
        return Err(vec![problem(ProblemKind::NotAConfig, root, root.tag_name().name())]);
    }
    let mut read = Read {
        blank,
        root: element(text, root, blank),
        late_sections: None,
        sections: None,
        found: Vec::new(),
        problems,
        line_end: if text.contains("\r\n") || !text.contains('\n') { "\r\n" } else { "\n" },
        indent: indent(&document, text, blank),
    };
    for (nth, child) in root.children().filter(Node::is_element).enumerate() {
        if child.tag_name().name() == "configSections" {
            let place = element(text, child, blank);
            if nth == 0 {
                read.sections = Some(place);
            } else if read.late_sections.is_none() {
                read.problems.push(problem(ProblemKind::Misplaced, child, "configSections"));
                read.late_sections = Some(place);
            }
        }
    }
    for node in root.descendants().filter(Node::is_element) {
        let Some(kind) = Kind::of(node.tag_name().name()) else { continue };
        // In a <location> of its own it is about something else than the service.
        if node.ancestors().any(|outer| outer.tag_name().name() == "location") {
            continue;
        }
        let attributes: Vec<_> =
            node.attributes().map(|attribute| attr(kind, &attribute, text, blank)).collect();
        let looks = |name: &str| attributes.iter().any(|attr| attr.name.eq_ignore_ascii_case(name));
        let in_place = in_place(kind, node);
        if kind == Kind::Proxy && !in_place && !looks("proxyaddress") && !looks("usesystemdefault") {
            continue;
        }
        let name = node.tag_name().name();
        if !in_place {
            read.problems.push(problem(ProblemKind::Misplaced, node, name));
        } else if name != kind.name() {
            read.problems.push(problem(ProblemKind::Misspelt, node, name));
        }
        let bare = node.children().all(|child| {
            child.is_text() && child.text().unwrap_or_default().trim().is_empty()
                || child.is_element() && Kind::of(child.tag_name().name()).is_some()
        });
        for stray in node.children().filter(|child| is_stray(kind, *child)) {
            let detail = if stray.is_element() { stray.tag_name().name() } else { "text" };
            read.problems.push(problem(ProblemKind::Misplaced, stray, detail));
        }
        for attribute in node.attributes() {
            read.problems.extend(attribute_problem(kind, &attribute, text, blank));
        }
        // Inside of what .NET does not know, nothing is known.
        let spelt = |node: Node<'_, '_>| {
            let name = node.tag_name().name();
            Kind::of(name).is_none_or(|kind| kind.name() == name)
        };
        let sound = in_place && node.ancestors().all(spelt);
        read.found.push(Found { kind, element: element(text, node, blank), sound, bare, attributes });
    }
    sections(&mut read, text);
    read.problems.sort_by_key(|problem| (problem.line, problem.column));
    Ok(read)
}

/// What is wrong with the sections taken together.
fn sections(read: &mut Read, text: &str) {
    let mut problems = Vec::new();
    let problem = |kind, at: &Found, detail: &str| {
        let (line, column) = place(text, at.element.range.start);
        ConfigProblem { kind, line, column, detail: detail.to_owned() }
    };
    // The group may stand twice, the sections in it may not.
    for kind in [Kind::DefaultProxy, Kind::Proxy] {
        for again in read.sound(kind).skip(1) {
            problems.push(problem(ProblemKind::Duplicate, again, kind.name()));
        }
    }
    let off = |proxy: &Found| {
        let section = read.section().filter(|section| section.says("enabled", "false"));
        section.is_some_and(|section| read.inside(section).any(|inner| inner.element == proxy.element))
    };
    for proxy in read.found.iter().filter(|found| found.kind == Kind::Proxy) {
        let Some(address) = proxy.value("proxyaddress") else { continue };
        let shown = without_sign_in(address);
        if off(proxy) {
            problems.push(problem(ProblemKind::NamedButDisabled, proxy, &shown));
        }
        if proxy.says("usesystemdefault", "true") {
            problems.push(problem(ProblemKind::AddressAndSystem, proxy, &shown));
        }
        match address.split_once("://") {
            None => problems.push(problem(ProblemKind::WithoutScheme, proxy, &shown)),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
                if Endpoint::parse(&format!("http://{rest}")).is_err() {
                    problems.push(problem(ProblemKind::BadAddress, proxy, &shown));
                }
            }
            Some(_) => problems.push(problem(ProblemKind::BadAddress, proxy, &shown)),
        }
    }
    read.problems.extend(problems);
}

fn in_place(kind: Kind, node: Node<'_, '_>) -> bool {
    let parent = node.parent_element();
    let of = |node: Node<'_, '_>| Kind::of(node.tag_name().name());
    match kind {
        Kind::Net => parent.is_some_and(|parent| parent.parent_element().is_none()),
        Kind::DefaultProxy => {
            parent.is_some_and(|net| of(net) == Some(Kind::Net) && in_place(Kind::Net, net))
        }
        Kind::Proxy => parent.is_some_and(|outer| {
            of(outer) == Some(Kind::DefaultProxy) && in_place(Kind::DefaultProxy, outer)
        }),
    }
}

/// Whether .NET refuses this inside such an element.
fn is_stray(kind: Kind, child: Node<'_, '_>) -> bool {
    if child.is_text() {
        return !child.text().unwrap_or_default().trim().is_empty();
    }
    let known = matches!(child.tag_name().name(), "bypasslist" | "module");
    child.is_element()
        && Kind::of(child.tag_name().name()).is_none()
        && match kind {
            // Other sections of its own, which are no matter of ours.
            Kind::Net => false,
            Kind::DefaultProxy => !known,
            Kind::Proxy => true,
        }
}

fn attr(kind: Kind, attribute: &Attribute<'_, '_>, text: &str, blank: usize) -> Attr {
    let range = attribute.range();
    Attr {
        name: attribute.name().to_owned(),
        value: attribute.value().to_owned(),
        raw: text[range.start + blank..range.end + blank].to_owned(),
        sound: attribute_problem(kind, attribute, text, blank).is_none(),
    }
}

fn attribute_problem(
    kind: Kind,
    attribute: &Attribute<'_, '_>,
    text: &str,
    blank: usize,
) -> Option<ConfigProblem> {
    let (line, column) = place(text, attribute.range().start + blank);
    let name = attribute.name();
    let problem = |kind, detail: &str| Some(ConfigProblem { kind, line, column, detail: detail.to_owned() });
    let of_any_section =
        name.starts_with("lock") || matches!(name, "configSource" | "configProtectionProvider");
    if of_any_section || kind == Kind::Net {
        return None;
    }
    let known = kind.attributes().iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    match known {
        None => problem(ProblemKind::UnknownAttribute, name),
        Some((known, _)) if *known != name => problem(ProblemKind::Misspelt, name),
        Some((_, Some(values))) => {
            let value = attribute.value().trim();
            let sound = values.iter().any(|known| known.eq_ignore_ascii_case(value));
            if sound { None } else { problem(ProblemKind::BadValue, &format!("{name}=\"{value}\"")) }
        }
        Some((_, None)) => None,
    }
}

fn element(text: &str, node: Node<'_, '_>, blank: usize) -> Element {
    let range = node.range().start + blank..node.range().end + blank;
    let behind_attributes = node.attributes().map(|attribute| attribute.range().end + blank).max();
    // No `>` can stand unquoted before the end of the tag, and the last attribute lies behind every quote.
    let from = behind_attributes.unwrap_or(range.start);
    let tag_end = text[from..].find('>').map_or(range.end, |at| from + at + 1);
    let closed = text[..tag_end].ends_with("/>");
    Element { range, tag_end, closed }
}

/// The blanks before the first child of the root; two where they tell nothing.
fn indent(document: &Document<'_>, text: &str, blank: usize) -> String {
    let first = document.root_element().children().find(Node::is_element);
    let before = first.map_or("", |child| &text[..child.range().start + blank]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let blanks = !line.is_empty() && line.bytes().all(|b| b == b' ' || b == b'\t');
    if blanks { line.to_owned() } else { "  ".to_owned() }
}

/// An address without the name and password in it: what is shown and reported is no place for them.
fn without_sign_in(address: &str) -> String {
    let start = address.find("://").map_or(0, |at| at + 3);
    match address.rfind('@') {
        Some(at) if at >= start => format!("{}\u{2026}{}", &address[..start], &address[at..]),
        Some(_) | None => address.to_owned(),
    }
}

/// What the reader refused, and where.
fn refusal(error: &roxmltree::Error, text: &str, blank: usize) -> ConfigProblem {
    // The reader ends its words with the place, which is told apart.
    let words = error.to_string();
    let mut detail = words.split(" at ").next().unwrap_or_default().to_owned();
    let position = error.pos();
    let (row, column) = place(text, blank);
    let mut at =
        (position.row + row - 1, if position.row == 1 { position.col + column - 1 } else { position.col });
    let kind = match error {
        roxmltree::Error::DtdDetected => {
            at = text.find("<!DOCTYPE").map_or((1, 1), |found| place(text, found));
            "<!DOCTYPE>".clone_into(&mut detail);
            ProblemKind::DocumentType
        }
        roxmltree::Error::NodesLimitReached
        | roxmltree::Error::AttributesLimitReached
        | roxmltree::Error::NamespacesLimitReached => ProblemKind::TooLarge,
        roxmltree::Error::UnclosedRootNode => {
            at = place(text, text.trim_end().len());
            ProblemKind::Malformed
        }
        _ => ProblemKind::Malformed,
    };
    let line = text.lines().nth(at.0 as usize - 1).unwrap_or_default();
    if let Some(quote) = line
        .chars()
        .nth(at.1 as usize - 1)
        .filter(|c| "\u{201c}\u{201d}\u{201e}\u{2018}\u{2019}".contains(*c))
    {
        detail = format!("{quote}");
    }
    ConfigProblem { kind, line: at.0, column: at.1, detail }
}
