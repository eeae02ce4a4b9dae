//! One Markdown file to one guide. Only what the page can draw is read; everything else is an error with its line.

use std::fmt;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::model::{Block, Guide, Inline, Repeat, Section};
use super::placeholder::{Part, parts};
use super::words::Words;

/// The languages of code blocks: the page shows and copies them alike, but commands are held to stricter rules.
const LANGUAGES: [&str; 3] = ["powershell", "text", "xml"];

/// The placeholders that running text may use.
const IN_TEXT: &[&str] = &["hosts", "ports", "rules", "region", "count"];

/// Why a file is no guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based.
    pub line: usize,
    /// What is wrong, and what may stand there.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// Reads a guide.
pub fn parse(text: &str, words: &Words) -> Result<Guide, Problem> {
    let events = Parser::new_ext(text, Options::empty()).into_offset_iter().collect();
    Reader { text, events, at: 0 }.guide(words)
}

struct Reader<'a> {
    text: &'a str,
    events: Vec<(Event<'a>, Range<usize>)>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn guide(mut self, words: &Words) -> Result<Guide, Problem> {
        let title =
            self.heading(HeadingLevel::H1)?.ok_or_else(|| self.problem("a guide begins with # Title"))?;
        let lead = self.blocks()?;
        if lead.is_empty() {
            return Err(self.problem("one to three sentences must stand between the title and the steps"));
        }
        let steps_at = self.at;
        let mut sections = Vec::new();
        while let Some(title) = self.heading(HeadingLevel::H2)? {
            let blocks = self.blocks()?;
            if blocks.is_empty() {
                return Err(self.problem(format!("nothing stands under \"{title}\"")));
            }
            sections.push(Section { title, blocks });
        }
        if let Some((event, _)) = self.peek() {
            return Err(self.problem(format!("{} cannot stand here", describe(event))));
        }
        self.at = steps_at;
        let heading = &words.steps;
        if sections.first().is_none_or(|section| section.title != *heading) {
            return Err(self.problem(format!("the first heading after the title must be ## {heading}")));
        }
        match <[Block; 1]>::try_from(sections.remove(0).blocks) {
            Ok([Block::Numbered(steps)]) => {
                Ok(Guide { title, lead, steps, sections, words: Words::default() })
            }
            _ => Err(self.problem(format!("under ## {heading} stands one numbered list and nothing else"))),
        }
    }

    /// The plain text of a heading of this level, if one stands here.
    fn heading(&mut self, level: HeadingLevel) -> Result<Option<String>, Problem> {
        match self.peek() {
            Some((Event::Start(Tag::Heading { level: found, .. }), _)) if *found == level => {}
            _ => return Ok(None),
        }
        self.at += 1;
        let text = self.plain("a heading")?;
        self.at += 1;
        if text.trim().is_empty() {
            return Err(self.problem("the heading is empty"));
        }
        Ok(Some(text))
    }

    /// Blocks up to a heading, the end of what contains them, or the end of the file.
    fn blocks(&mut self) -> Result<Vec<Block>, Problem> {
        let mut blocks = Vec::new();
        while let Some((event, _)) = self.peek() {
            match event {
                Event::Start(Tag::Heading { .. }) | Event::End(_) => break,
                Event::Start(Tag::Paragraph) => {
                    self.at += 1;
                    blocks.push(Block::Paragraph(self.inlines()?));
                    self.at += 1;
                }
                Event::Start(Tag::List(first)) => {
                    let first = *first;
                    blocks.push(self.list(first)?);
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let info = info.to_string();
                    blocks.push(self.code(&info)?);
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                    return Err(self.problem("code stands between ``` lines, not indented"));
                }
                _ => {
                    // A list item without blank lines holds its text directly.
                    let before = self.at;
                    let inlines = self.inlines()?;
                    if self.at == before {
                        return Err(self.problem("this cannot stand here"));
                    }
                    blocks.push(Block::Paragraph(inlines));
                }
            }
        }
        Ok(blocks)
    }

    fn list(&mut self, first: Option<u64>) -> Result<Block, Problem> {
        if first.is_some_and(|first| first != 1) {
            return Err(self.problem("a numbered list begins with 1"));
        }
        self.at += 1;
        let mut items = Vec::new();
        while matches!(self.peek(), Some((Event::Start(Tag::Item), _))) {
            self.at += 1;
            let blocks = self.blocks()?;
            if !matches!(self.peek(), Some((Event::End(TagEnd::Item), _))) {
                return Err(self.problem("a heading cannot stand in a list"));
            }
            if blocks.is_empty() {
                return Err(self.problem("the list item is empty"));
            }
            self.at += 1;
            items.push(blocks);
        }
        self.at += 1;
        Ok(if first.is_some() { Block::Numbered(items) } else { Block::Bullets(items) })
    }

    fn code(&mut self, info: &str) -> Result<Block, Problem> {
        let mut info = info.split_whitespace();
        let language = info.next().unwrap_or_default().to_owned();
        if !LANGUAGES.contains(&language.as_str()) {
            let known = LANGUAGES.join(", ");
            return Err(self.problem(format!("\"{language}\" is no language of a code block; use {known}")));
        }
        let repeat = match (info.next(), info.next()) {
            (None, _) => Repeat::Once,
            (Some("per-endpoint"), None) => Repeat::PerEndpoint,
            (Some("per-rule"), None) if language == "text" => Repeat::PerRule,
            (Some("per-rule"), None) => {
                return Err(
                    self.problem("per-rule stands with text only: rules are free text of a catalogue")
                );
            }
            (Some(word), _) => {
                return Err(self.problem(format!("\"{word}\" is unknown; use per-endpoint or per-rule")));
            }
        };
        let opened_at = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some((Event::Text(piece), _)) = self.peek() {
            text.push_str(piece);
            self.at += 1;
        }
        let text = text.trim_end_matches('\n').to_owned();
        if text.trim().is_empty() {
            return Err(self.problem("the code block is empty"));
        }
        // Reported where the block begins: its inside is one event.
        let closed_at = std::mem::replace(&mut self.at, opened_at);
        let allowed = in_code(&language, repeat);
        self.placeholders(&text, allowed)?;
        let subject = match repeat {
            Repeat::Once => None,
            Repeat::PerEndpoint => Some("{host}"),
            Repeat::PerRule => Some("{allow}"),
        };
        if let Some(subject) = subject.filter(|subject| !text.contains(subject)) {
            return Err(self.problem(format!("the repeated block never uses {subject}")));
        }
        self.at = closed_at + 1;
        Ok(Block::Code { language, text, repeat })
    }

    fn inlines(&mut self) -> Result<Vec<Inline>, Problem> {
        let mut inlines: Vec<Inline> = Vec::new();
        while let Some((event, _)) = self.peek() {
            let inline = match event {
                Event::Text(text) => Inline::Text(text.to_string()),
                Event::SoftBreak => Inline::Text(" ".to_owned()),
                Event::Code(text) => Inline::Code(text.to_string()),
                Event::Start(Tag::Strong) => {
                    self.at += 1;
                    Inline::Strong(self.plain("strong text")?)
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let url = dest_url.to_string();
                    self.link(url)?
                }
                Event::End(_)
                | Event::Start(Tag::Paragraph | Tag::List(_) | Tag::CodeBlock(_) | Tag::Heading { .. }) => {
                    break;
                }
                other => return Err(self.problem(format!("{} is not used in guides", describe(other)))),
            };
            match &inline {
                Inline::Text(text)
                | Inline::Code(text)
                | Inline::Strong(text)
                | Inline::Link { text, .. } => {
                    // The pieces of one sentence come apart; a placeholder never does.
                    self.placeholders(text, IN_TEXT)?;
                }
            }
            self.at += 1;
            match (inlines.last_mut(), inline) {
                (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
                (_, inline) => inlines.push(inline),
            }
        }
        Ok(inlines)
    }

    fn link(&mut self, url: String) -> Result<Inline, Problem> {
        if !url.starts_with("https://") || url.contains(['{', '}', ' ']) {
            return Err(self.problem(format!("\"{url}\" is no complete https address")));
        }
        self.at += 1;
        Ok(Inline::Link { text: self.plain("a link")?, url })
    }

    /// Text up to the end of what contains it, without any markup inside; stops at that end.
    fn plain(&mut self, place: &str) -> Result<String, Problem> {
        let mut plain = String::new();
        while let Some((event, _)) = self.peek() {
            match event {
                Event::End(_) => break,
                Event::Text(text) => plain.push_str(text),
                Event::SoftBreak => plain.push(' '),
                other => {
                    let message = format!("{} cannot stand in {place}", describe(other));
                    return Err(self.problem(message));
                }
            }
            self.at += 1;
        }
        self.placeholders(&plain, IN_TEXT)?;
        Ok(plain)
    }

    fn placeholders(&self, text: &str, allowed: &[&str]) -> Result<(), Problem> {
        for part in parts(text) {
            match part {
                Part::Name(name) if !allowed.contains(&name) => {
                    let allowed: Vec<_> = allowed.iter().map(|name| format!("{{{name}}}")).collect();
                    let message = format!("{{{name}}} cannot stand here; use {}", allowed.join(", "));
                    return Err(self.problem(message));
                }
                Part::Name(_) | Part::Plain(_) => {}
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<&(Event<'a>, Range<usize>)> {
        self.events.get(self.at)
    }

    fn problem(&self, message: impl Into<String>) -> Problem {
        let offset = self.peek().map_or(self.text.trim_end().len(), |(_, range)| range.start);
        Problem { line: self.text[..offset].matches('\n').count() + 1, message: message.into() }
    }
}

/// The placeholders that a code block may use.
///
/// What ends up in a command is a host name, a port or a number. Region titles, rules and purposes are free text
/// of a catalogue, which anyone may have written: a command made of them could do anything.
fn in_code(language: &str, repeat: Repeat) -> &'static [&'static str] {
    match (repeat, language) {
        (Repeat::Once, "powershell") => &["hosts", "ports", "count"],
        (Repeat::Once, _) => IN_TEXT,
        (Repeat::PerEndpoint, _) => &["host", "port"],
        (Repeat::PerRule, "powershell") => &[],
        (Repeat::PerRule, _) => &["allow", "ports", "purposes"],
    }
}

fn describe(event: &Event<'_>) -> &'static str {
    match event {
        Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock) => "raw HTML",
        Event::Start(Tag::Emphasis) => "emphasis (*text*)",
        Event::Start(Tag::Image { .. }) => "an image",
        Event::Start(Tag::BlockQuote(_)) => "a quotation",
        Event::Start(Tag::Heading { .. }) => "a heading of this level",
        Event::Start(Tag::Link { .. }) => "a link",
        Event::Start(Tag::Strong) => "strong text",
        Event::Code(_) => "inline code",
        Event::HardBreak => "a forced line break (two blanks or a backslash at the end of a line)",
        Event::Rule => "a rule",
        _ => "this construct",
    }
}
