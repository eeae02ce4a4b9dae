//! Placeholders in guides: `{name}`.

/// Splits a text into what stands as it is and the names of placeholders.
///
/// Other braces stand as they are: with anything but ASCII letters, `-` and `_` between them (PowerShell script
/// blocks), or after `%` or `$` (`curl -w '%{http_code}'`, `${name}`).
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain_from = 0;
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        from = open + 1;
        let Some(close) = text[from..].find('}').map(|at| from + at) else { break };
        let name = &text[from..close];
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-' || b == b'_')
            && !text[..open].ends_with(['%', '$']);
        if is_name {
            if plain_from < open {
                parts.push(Part::Plain(&text[plain_from..open]));
            }
            parts.push(Part::Name(name));
            plain_from = close + 1;
            from = plain_from;
        }
    }
    if plain_from < text.len() {
        parts.push(Part::Plain(&text[plain_from..]));
    }
    parts
}

/// A piece of a text with placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Stands as it is.
    Plain(&'a str),
    /// The name between the braces.
    Name(&'a str),
}
