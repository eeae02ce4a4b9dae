//! From a guide to the guide of one run: its hosts, ports and rules in place.

use std::collections::BTreeSet;

use super::model::{Block, Guide, Inline, Repeat, Section};
use super::placeholder::{Part, parts};
use super::words::Words;

/// What one finding of one run is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Host and TCP port of every endpoint of the finding, in the plan's order; repetitions are dropped.
    pub endpoints: Vec<(String, u16)>,
    /// The rules that would cover them.
    pub rules: Vec<Rule>,
    /// Title of the region, where the finding is about one.
    pub region: Option<String>,
    /// How many checks the finding explains.
    pub count: usize,
}

/// One allow rule, as an admin hands it to whoever runs the firewall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Host, `*.domain` or `host/path`.
    pub allow: String,
    /// TCP ports.
    pub ports: Vec<u16>,
    /// What the hosts behind it are for.
    pub purposes: Vec<String>,
}

impl Guide {
    /// The guide with every placeholder filled and every block unrolled.
    ///
    /// Filling happens after the Markdown was read: what a catalogue says becomes text, never markup.
    #[must_use]
    pub fn filled(&self, context: &Context) -> Self {
        let fill = Fill { words: &self.words, context };
        Self {
            title: fill.text(&self.title),
            lead: fill.blocks(&self.lead),
            steps: fill.items(&self.steps),
            sections: self
                .sections
                .iter()
                .map(|section| Section {
                    title: fill.text(&section.title),
                    blocks: fill.blocks(&section.blocks),
                })
                .collect(),
            words: self.words.clone(),
        }
    }
}

/// Ports in ascending order, three or more neighbours as a range: `443, 9090, 9091, 10100-10120`.
pub fn port_list(ports: &[u16]) -> String {
    let sorted: BTreeSet<u16> = ports.iter().copied().collect();
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for port in sorted {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => runs.push((port, port)),
        }
    }
    let texts: Vec<_> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    texts.join(", ")
}

struct Fill<'a> {
    words: &'a Words,
    context: &'a Context,
}

impl Fill<'_> {
    fn items(&self, items: &[Vec<Block>]) -> Vec<Vec<Block>> {
        items.iter().map(|blocks| self.blocks(blocks)).collect()
    }

    fn blocks(&self, blocks: &[Block]) -> Vec<Block> {
        blocks.iter().map(|block| self.block(block)).collect()
    }

    fn block(&self, block: &Block) -> Block {
        match block {
            Block::Paragraph(inlines) => {
                Block::Paragraph(inlines.iter().map(|inline| self.inline(inline)).collect())
            }
            Block::Code { language, text, repeat } => Block::Code {
                language: language.clone(),
                text: match repeat {
                    Repeat::Once => self.text(text),
                    Repeat::PerEndpoint => self.per_endpoint(text),
                    Repeat::PerRule => self.per_rule(text),
                },
                repeat: Repeat::Once,
            },
            Block::Bullets(items) => Block::Bullets(self.items(items)),
            Block::Numbered(items) => Block::Numbered(self.items(items)),
        }
    }

    fn inline(&self, inline: &Inline) -> Inline {
        match inline {
            Inline::Text(text) => Inline::Text(self.text(text)),
            Inline::Code(text) => Inline::Code(self.text(text)),
            Inline::Strong(text) => Inline::Strong(self.text(text)),
            Inline::Link { text, url } => Inline::Link { text: self.text(text), url: url.clone() },
        }
    }

    fn text(&self, text: &str) -> String {
        substitute(text, |name| match name {
            "hosts" => Some(self.hosts()),
            "ports" => Some(or(port_list(&self.ports()), &self.words.ports)),
            "rules" => Some(self.rules()),
            "region" => Some(or(self.context.region.clone().unwrap_or_default(), &self.words.region)),
            "count" => Some(self.context.count.to_string()),
            _ => None,
        })
    }

    fn hosts(&self) -> String {
        let hosts: Vec<_> = self.context.endpoints.iter().map(|(host, _)| host.as_str()).collect();
        or(unique(hosts).join(", "), &self.words.hosts)
    }

    fn ports(&self) -> Vec<u16> {
        self.context.endpoints.iter().map(|(_, port)| *port).collect()
    }

    fn rules(&self) -> String {
        let rules = self.context.rules.iter().map(|rule| rule.allow.as_str());
        let rules: Vec<_> = rules.filter(|allow| !allow.trim().is_empty()).collect();
        or(unique(rules).join(", "), &self.words.rules)
    }

    fn per_endpoint(&self, text: &str) -> String {
        let neutral = [(self.words.host.clone(), self.words.port.clone())];
        let endpoints: Vec<_> =
            self.context.endpoints.iter().map(|(host, port)| (host.clone(), port.to_string())).collect();
        let endpoints = if endpoints.is_empty() { &neutral[..] } else { &endpoints[..] };
        unrolled(text, endpoints, |(host, port), name| match name {
            "host" => Some(host.clone()),
            "port" => Some(port.clone()),
            _ => None,
        })
    }

    fn per_rule(&self, text: &str) -> String {
        let neutral = Rule::default();
        // What a run adds by itself, such as names that cannot exist, has no rule.
        let mut rules: Vec<_> =
            self.context.rules.iter().filter(|rule| !rule.allow.trim().is_empty()).collect();
        if rules.is_empty() {
            rules.push(&neutral);
        }
        unrolled(text, &rules, |rule, name| match name {
            "allow" => Some(or(rule.allow.clone(), &self.words.allow)),
            "ports" => Some(or(port_list(&rule.ports), &self.words.port)),
            "purposes" => {
                let purposes: Vec<_> = rule.purposes.iter().map(String::as_str).collect();
                Some(or(unique(purposes).join("; "), &self.words.purposes))
            }
            _ => None,
        })
    }
}

/// Each line once per subject, without repetitions; a line that names nothing of a subject stands once.
fn unrolled<S>(text: &str, subjects: &[S], value: impl Fn(&S, &str) -> Option<String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let filled: Vec<_> =
            subjects.iter().map(|subject| substitute(line, |name| value(subject, name))).collect();
        lines.extend(unique(filled.iter().map(String::as_str).collect()).into_iter().map(str::to_owned));
    }
    lines.join("\n")
}

fn substitute(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    parts(text)
        .into_iter()
        .map(|part| match part {
            Part::Plain(plain) => plain.to_owned(),
            Part::Name(name) => value(name).map_or_else(|| format!("{{{name}}}"), |value| one_line(&value)),
        })
        .collect()
}

/// A catalogue's words must not begin a line of their own in something that will be copied, nor reorder it.
fn one_line(text: &str) -> String {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}

/// The texts in their order, each at its first place only.
fn unique(texts: Vec<&str>) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    texts.into_iter().filter(|text| seen.insert(*text)).collect()
}

fn or(text: String, neutral: &str) -> String {
    if text.trim().is_empty() { neutral.to_owned() } else { text }
}
