//! What a file is that was dropped or chosen, by its content: names and endings say little.

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError, MAX_BYTES};
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::state::{Message, Origin};

/// How many bytes from the beginning of a file decide what it is.
const HEAD: f64 = 4096.0;

/// What the page can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A catalogue, good or bad: JSON, as far as the beginning tells.
    Catalogue,
    /// Nothing of the page's.
    Unknown,
}

/// Recognises a file by its first bytes.
fn kind(head: &[u8]) -> Kind {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match text.first() {
        // What is meant as JSON, or nothing at all, gets the parser's own complaint, with line and column.
        Some(b'{' | b'[') | None => Kind::Catalogue,
        Some(_) => Kind::Unknown,
    }
}

/// Reads a chosen or dropped file, as what it is.
pub(crate) async fn read(file: File) -> Message {
    let name = file.name();
    match head(&file).await.map(|head| kind(&head)) {
        Some(Kind::Catalogue) => catalogue(&file, Origin::File(name)).await,
        Some(Kind::Unknown) => Message::FileUnknown(name),
        None => unreadable(Origin::File(name)),
    }
}

async fn head(file: &File) -> Option<Vec<u8>> {
    let slice = file.slice_with_f64_and_f64(0.0, HEAD).ok()?;
    let buffer = JsFuture::from(slice.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

async fn catalogue(file: &File, origin: Origin) -> Message {
    // A larger one is not even read.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bytes = file.size() as usize;
    if bytes > MAX_BYTES {
        return Message::Catalogue(origin, Err(CatalogueError::TooLarge(bytes)));
    }
    match JsFuture::from(file.text()).await.map(|text| text.as_string()) {
        Ok(Some(text)) => Message::Catalogue(origin, Catalogue::parse(&text)),
        Ok(None) | Err(_) => unreadable(origin),
    }
}

fn unreadable(origin: Origin) -> Message {
    Message::CatalogueUnreadable(origin, "the browser could not read the file".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised_by_their_content() {
        for (head, expected) in [
            (&b"{\"format\": "[..], Kind::Catalogue),
            (b"\xEF\xBB\xBF\r\n  {", Kind::Catalogue),
            (b"[]", Kind::Catalogue),
            (b"", Kind::Catalogue),
            (b"\x89PNG\r\n", Kind::Unknown),
            (b"hello", Kind::Unknown),
        ] {
            assert_eq!(kind(head), expected, "{head:?}");
        }
    }
}
