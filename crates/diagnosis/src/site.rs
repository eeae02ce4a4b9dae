//! The site file: what the organisation that hosts or hands out the page adds to it, read strictly.
//!
//! Source of the format: `docs/connector-check.site.schema.json`, against which the tests hold it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::endpoint::{Endpoint, Scheme};
use crate::finding::FindingCode;
use crate::guidance::{Block, Inline, Repeat};
use crate::plan::Fill;
use crate::text::LANGUAGES;

/// The only format that is read.
pub const FORMAT: &str = "connector-check/site@1";
/// Characters of one line of text: a name, a contact, a title.
pub const MAX_LINE: usize = 300;
/// Characters of an extra step, and of a command in it.
pub const MAX_STEP: usize = 2000;
/// Characters of a logo as a `data:` address; a picture of this size is larger than its place on the page.
pub const MAX_LOGO: usize = 128 * 1024;

/// What a logo may be: pictures that every browser draws and that can run nothing.
const LOGO_TYPES: [&str; 4] = ["image/png", "image/svg+xml", "image/jpeg", "image/webp"];

/// What the organisation adds to the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Site {
    /// Always [`FORMAT`] in the file.
    pub format: &'static str,
    /// Id of the catalogue that is shown first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Catalogues offered before the built-in ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub catalogues: Vec<Catalogue>,
    /// Whether the built-in catalogues are not offered.
    #[serde(rename = "only-own", skip_serializing_if = "is_false")]
    pub only_own: bool,
    /// What placeholder fields hold at first, by placeholder id.
    #[serde(skip_serializing_if = "Fill::is_empty")]
    pub placeholders: Fill,
    /// The organisation's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Whom to turn to, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The organisation's own pages, such as its form for firewall changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// A picture as a `data:` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Steps that stand after the guide's own, by finding code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<FindingCode, Vec<Step>>,
    /// Languages that the page speaks here, the first of which stands in for all others; empty: all that it knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Origins whose pages may talk with this page when it is in a frame of theirs.
    #[serde(rename = "embed-origins", skip_serializing_if = "Vec::is_empty")]
    pub embed_origins: Vec<String>,
}

/// A link to a page of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What is shown.
    pub title: String,
    /// `https:`, `http:` or `mailto:`.
    pub url: String,
}

/// One more step of a guide. All of it is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What to do.
    pub text: String,
    /// Something to copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The only language in which the step is shown; absent: in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Why a site file was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteError {
    /// Not JSON, or not of this shape; serde's words, with line and column.
    Shape(String),
    /// Another format.
    Format(String),
    /// A field holds what it must not.
    Field {
        /// The field, as a path in the file.
        field: String,
        /// What is wrong with it.
        message: String,
    },
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(message) => write!(f, "{message}"),
            Self::Format(format) => write!(f, "format is \"{format}\"; only \"{FORMAT}\" is read"),
            Self::Field { field, message } => write!(f, "{field}: {message}"),
        }
    }
}

impl std::error::Error for SiteError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    format: String,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    catalogues: Vec<Value>,
    #[serde(default)]
    only_own: bool,
    #[serde(default)]
    placeholders: Fill,
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    contact: Option<String>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default)]
    logo: Option<String>,
    #[serde(default)]
    steps: BTreeMap<String, Vec<Step>>,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    embed_origins: Vec<String>,
    /// Lets an editor find the schema; the page has no use for it.
    #[serde(default, rename = "$schema")]
    _schema: Option<String>,
}

impl Site {
    /// Reads a site file; the error names the place and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        let file: File = serde_json::from_str(text).map_err(|error| SiteError::Shape(error.to_string()))?;
        if file.format != FORMAT {
            return Err(SiteError::Format(file.format));
        }
        let catalogues: Vec<Catalogue> = each("catalogues", &file.catalogues, |value| {
            Catalogue::parse(&value.to_string()).map_err(|error| error.to_string())
        })?;
        if file.only_own && catalogues.is_empty() {
            return Err(wrong("only-own", "there is no catalogue of one's own to be the only one"));
        }
        if let Some(id) = &file.default
            && file.only_own
            && !catalogues.iter().any(|catalogue| catalogue.id == *id)
        {
            return Err(wrong("default", &format!("no catalogue of one's own has the id \"{id}\"")));
        }
        for (field, text) in [("organisation", &file.organisation), ("contact", &file.contact)] {
            text.as_deref().map_or(Ok(()), line).map_err(|message| wrong(field, &message))?;
        }
        each("links", &file.links, link)?;
        file.logo.as_deref().map_or(Ok(()), logo).map_err(|message| wrong("logo", &message))?;
        each("languages", &file.languages, |tag| language(tag))?;
        let embed_origins = each("embed-origins", &file.embed_origins, |text| origin(text))?;
        let steps = steps(file.steps)?;
        Ok(Self {
            format: FORMAT,
            default: file.default,
            catalogues,
            only_own: file.only_own,
            placeholders: file.placeholders,
            organisation: file.organisation,
            contact: file.contact,
            links: file.links,
            logo: file.logo,
            steps,
            languages: file.languages,
            embed_origins,
        })
    }

    /// The steps of a finding in a language.
    pub fn steps_for<'a>(&'a self, code: FindingCode, language: &'a str) -> impl Iterator<Item = &'a Step> {
        let steps = self.steps.get(&code).map(Vec::as_slice).unwrap_or_default();
        steps.iter().filter(move |step| step.language.as_deref().is_none_or(|only| only == language))
    }

    /// The language for a wish such as `en-GB`: one of those the site file lists, or the wish itself where it lists
    /// none.
    pub fn language(&self, wish: &str) -> String {
        let primary = wish.split(['-', '_']).next().unwrap_or_default();
        let listed = self.languages.iter().find(|tag| tag.eq_ignore_ascii_case(primary));
        listed.or(self.languages.first()).cloned().unwrap_or_else(|| wish.to_owned())
    }
}

impl Step {
    /// The step as a guide has it, with whose step it is before it.
    pub fn blocks(&self, whose: Option<&str>) -> Vec<Block> {
        let mut inlines = Vec::new();
        if let Some(whose) = whose {
            inlines.extend([Inline::Strong(whose.to_owned()), Inline::Text(" ".to_owned())]);
        }
        inlines.push(Inline::Text(self.text.clone()));
        let mut blocks = vec![Block::Paragraph(inlines)];
        if let Some(command) = &self.command {
            let (language, repeat) = ("text".to_owned(), Repeat::Once);
            blocks.push(Block::Code { language, text: command.clone(), repeat });
        }
        if let Some(Link { title, url }) = &self.link {
            let link = Inline::Link { text: title.clone(), url: url.clone() };
            blocks.push(Block::Paragraph(vec![link]));
        }
        blocks
    }
}

fn steps(file: BTreeMap<String, Vec<Step>>) -> Result<BTreeMap<FindingCode, Vec<Step>>, SiteError> {
    let mut steps = BTreeMap::new();
    for (name, list) in file {
        let field = format!("steps.{name}");
        let code: FindingCode = name.parse().map_err(|message: String| wrong(&field, &message))?;
        each(&field, &list, |step| {
            long(&step.text)?;
            step.command.as_deref().map_or(Ok(()), long)?;
            step.link.as_ref().map_or(Ok(()), link)?;
            step.language.as_deref().map_or(Ok(()), language)
        })?;
        steps.insert(code, list);
    }
    Ok(steps)
}

/// Checks every item of a list, and names the one that is wrong.
fn each<T, U>(field: &str, list: &[T], check: impl Fn(&T) -> Result<U, String>) -> Result<Vec<U>, SiteError> {
    let checked = list.iter().enumerate();
    checked
        .map(|(at, item)| check(item).map_err(|message| wrong(&format!("{field}[{at}]"), &message)))
        .collect()
}

fn wrong(field: &str, message: &str) -> SiteError {
    SiteError::Field { field: field.to_owned(), message: message.to_owned() }
}

fn line(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it has a line end or another control character".to_owned());
    }
    at_most(text, MAX_LINE)
}

fn long(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("a text of it is empty".to_owned());
    }
    at_most(text, MAX_STEP)
}

fn at_most(text: &str, limit: usize) -> Result<(), String> {
    match text.chars().count() {
        count if count > limit => Err(format!("{count} characters are more than {limit}")),
        _ => Ok(()),
    }
}

/// No other scheme: `javascript:` would run with the page's rights.
fn link(link: &Link) -> Result<(), String> {
    line(&link.title).map_err(|message| format!("title: {message}"))?;
    at_most(&link.url, MAX_STEP).map_err(|message| format!("url: {message}"))?;
    match link.url.split_once(':') {
        Some(("mailto", address)) if address.contains('@') && !address.contains(char::is_whitespace) => {
            Ok(())
        }
        // What follows a `#` is fine in a link, and no part of an endpoint.
        Some(("https" | "http", _)) => Endpoint::parse(link.url.split('#').next().unwrap_or_default())
            .map(|_| ())
            .map_err(|error| format!("url: {error}")),
        _ => Err(format!("url: \"{}\" is no https:, http: or mailto: address", link.url)),
    }
}

fn logo(text: &str) -> Result<(), String> {
    let (kind, data) = text
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .ok_or_else(|| format!("it is no data: address of {} in base64", LOGO_TYPES.join(", ")))?;
    if !LOGO_TYPES.contains(&kind) {
        return Err(format!("\"{kind}\" is none of {}", LOGO_TYPES.join(", ")));
    }
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if data.is_empty() || !data.bytes().all(base64) {
        return Err("what follows \"base64,\" is not base64".to_owned());
    }
    at_most(text, MAX_LOGO)
}

fn language(tag: &str) -> Result<(), String> {
    if LANGUAGES.iter().any(|(known, _)| *known == tag) {
        return Ok(());
    }
    let known: Vec<_> = LANGUAGES.iter().map(|(tag, _)| *tag).collect();
    Err(format!("the page does not speak \"{tag}\", only {}", known.join(", ")))
}

/// An origin as browsers write it (<https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>). `*` and `null`
/// are no origins: they would let anyone in.
fn origin(text: &str) -> Result<String, String> {
    let refused =
        || format!("\"{text}\" is no origin such as https://portal.example or http://localhost:8080");
    let endpoint = Endpoint::parse(text).map_err(|error| format!("{}: {error}", refused()))?;
    let bare = text.splitn(4, '/').count() < 4 && !text.contains(['?', '#']);
    if endpoint.scheme == Scheme::Wss || !bare {
        return Err(refused());
    }
    let host = if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host };
    let scheme = endpoint.scheme.as_str();
    let port = if endpoint.port == endpoint.scheme.default_port() {
        String::new()
    } else {
        format!(":{}", endpoint.port)
    };
    Ok(format!("{scheme}://{host}{port}"))
}

/// For serde, which hands out references.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
#[path = "site_tests.rs"]
mod tests;
