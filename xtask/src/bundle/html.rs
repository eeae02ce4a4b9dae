//! As much of HTML as it takes to find and replace elements in the repository's own page.

use std::ops::Range;

use anyhow::{Result, bail};

/// The start of an element.
#[derive(Debug, PartialEq, Eq)]
pub struct Tag {
    /// In lower case.
    pub name: String,
    /// Where it stands in the page, from `<` to after `>`, in bytes.
    pub range: Range<usize>,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute, empty where it has none; `None` where it is not there.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }
}

/// Elements whose content is not HTML.
const RAW_TEXT: [&str; 4] = ["script", "style", "textarea", "title"];

/// All start tags outside comments, in order.
pub fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(next) = page[at..].find('<') {
        let start = at + next;
        let rest = &page[start..];
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(page.len(), |end| start + end + 3);
        } else if rest[1..].starts_with(|character: char| character.is_ascii_alphabetic()) {
            let tag = read_tag(page, start);
            at = tag.range.end;
            if RAW_TEXT.contains(&tag.name.as_str()) {
                at = end_of_raw_text(page, at, &tag.name);
            }
            tags.push(tag);
        } else {
            at = start + 1;
        }
    }
    tags
}

/// `page` with the parts at the given ranges, which do not overlap, replaced.
pub fn replace(page: &str, mut replacements: Vec<(Range<usize>, String)>) -> String {
    // From the end, so that the ranges before stay true.
    replacements.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut page = page.to_owned();
    for (range, text) in replacements {
        page.replace_range(range, &text);
    }
    page
}

/// `page` with `element` before the end of its head.
pub fn insert_at_end_of_head(page: &str, element: &str) -> Result<String> {
    // Whatever says so in a script or a comment stands before the real end, so the last one counts.
    let Some(end) = page.rfind("</head>") else { bail!("the page has no </head>") };
    Ok(format!("{}{element}{}", &page[..end], &page[end..]))
}

fn read_tag(page: &str, start: usize) -> Tag {
    let name_end = page[start + 1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut at = name_end.map_or(page.len(), |end| start + 1 + end);
    let name = page[start + 1..at].to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        at += page[at..].len() - page[at..].trim_start_matches(|c: char| c.is_whitespace() || c == '/').len();
        match page[at..].chars().next() {
            None => break,
            Some('>') => {
                at += 1;
                break;
            }
            Some(_) => at = read_attribute(page, at, &mut attributes),
        }
    }
    Tag { name, range: start..at, attributes }
}

/// Reads one attribute and returns where it ends.
fn read_attribute(page: &str, start: usize, attributes: &mut Vec<(String, String)>) -> usize {
    let until = |from: usize, stop: &dyn Fn(char) -> bool| {
        page[from..].find(stop).map_or(page.len(), |end| from + end)
    };
    // A `=` at the start belongs to the name; this also makes sure that every step moves on.
    let first = page[start..].chars().next().map_or(0, char::len_utf8);
    let name_end = until(start + first, &|c| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
    let name = page[start..name_end].to_ascii_lowercase();
    let Some(rest) = page[name_end..].trim_start().strip_prefix('=') else {
        attributes.push((name, String::new()));
        return name_end;
    };
    let value = rest.trim_start();
    let value_start = page.len() - value.len();
    let (from, end, after) = if let Some(quote @ ('"' | '\'')) = value.chars().next() {
        let end = until(value_start + 1, &|c| c == quote);
        (value_start + 1, end, (end + 1).min(page.len()))
    } else {
        let end = until(value_start, &|c| c.is_whitespace() || c == '>');
        (value_start, end, end)
    };
    attributes.push((name, page[from..end].to_owned()));
    after
}

fn end_of_raw_text(page: &str, start: usize, name: &str) -> usize {
    let end = format!("</{name}");
    page[start..].to_ascii_lowercase().find(&end).map_or(page.len(), |at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and attributes of all tags, written as `name key=value …`.
    fn check(page: &str, expected: &[&str]) {
        let found: Vec<String> = tags(page)
            .iter()
            .map(|tag| {
                let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                std::iter::once(tag.name.clone()).chain(attributes).collect()
            })
            .collect();
        assert_eq!(found, expected, "{page}");
    }

    #[test]
    fn tags_and_attributes() {
        check("<link data-trunk rel=\"css\" href=\"a.css\"/>", &["link data-trunk= rel=css href=a.css"]);
        check("<A B='x > y' c = d>text</a>", &["a b=x > y c=d"]);
        check("<p\n  hidden\n>1 < 2<br/>", &["p hidden=", "br"]);
        check("<x-y z=/a/>", &["x-y z=/a/"]);
    }

    #[test]
    fn comments_and_scripts_hold_no_tags() {
        check("<!-- <link> --><b>", &["b"]);
        check("<script>if (a <b) c = '<link>'</script><title><i></title><b>", &["script", "title", "b"]);
    }

    #[test]
    fn broken_pages_end() {
        for page in ["<", "<a", "<a b", "<a b=", "<a b='", "<a =>", "<!--", "<script>", "<ä", "<a ä=ö"] {
            let _ = tags(page);
        }
    }

    #[test]
    fn replacing_keeps_the_rest() {
        let page = "a<b>c<d>e";
        let replacements =
            tags(page).into_iter().map(|tag| (tag.range, tag.name.to_uppercase() + "!")).collect();
        assert_eq!(replace(page, replacements), "aB!cD!e");
    }

    #[test]
    fn the_head_ends_once() {
        let page = "<head><script>'</head>'</script></head><body>";
        let expected = "<head><script>'</head>'</script>NEW</head><body>";
        assert_eq!(insert_at_end_of_head(page, "NEW").expect("a head"), expected);
        assert!(insert_at_end_of_head("<body>", "NEW").is_err());
    }
}
