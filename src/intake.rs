//! What a file is that was dropped or chosen, by its content: names and endings say little.

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError, MAX_BYTES};
use connector_check_diagnosis::host::{self, HostError, HostReport};
use connector_check_host::doctor;
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::desk::Action;
use crate::state::{Message, Origin};

/// How many bytes from the beginning of a file decide what it is.
const HEAD: f64 = 4096.0;

/// What is said of a file that is gone, locked or too large for the browser.
const UNREADABLE: &str = "the browser could not read the file";

/// What the page can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A catalogue, good or bad: JSON, as far as the beginning tells.
    Catalogue,
    /// The host script's result.
    Host,
    /// A configuration file of a service.
    Config,
    /// A network capture, or something binary that the capture reader has the better answer for.
    Capture,
    /// Nothing of the page's.
    Unknown,
}

/// Recognises a file by its first bytes.
fn kind(head: &[u8]) -> Kind {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"{") && contains(text, b"connector-check/host@") {
        return Kind::Host;
    }
    // As an editor or a redirection of PowerShell saves it.
    if (head.starts_with(b"\xff\xfe{\0") || head.starts_with(b"\xfe\xff\0{")) && is_host(&text_of(head)) {
        return Kind::Host;
    }
    // UTF-16 with and without its mark.
    let wide = [&b"\xff\xfe<\0"[..], b"\xfe\xff\0<", b"<\0", b"\0<"];
    if wide.iter().any(|begin| head.starts_with(begin)) {
        return Kind::Config;
    }
    match text.first() {
        Some(b'<') => Kind::Config,
        // What is meant as JSON, or nothing at all, gets the parser's own complaint, with line and column.
        Some(b'{' | b'[') | None => Kind::Catalogue,
        // Text has no zeros; every capture has.
        Some(_) if head.contains(&0) || head.starts_with(&[0x1f, 0x8b]) => Kind::Capture,
        Some(_) => Kind::Unknown,
    }
}

/// What is to be done with a file.
pub(crate) enum Intake {
    /// It was read.
    Message(Box<Message>),
    /// It is a capture, and may be large.
    Capture(File),
}

/// Reads a chosen or dropped file, as what it is.
pub(crate) async fn read(file: File) -> Intake {
    let name = file.name();
    Intake::Message(Box::new(match first_bytes(&file, HEAD).await.map(|head| kind(&head)) {
        Some(Kind::Capture) => return Intake::Capture(file),
        Some(Kind::Catalogue) => catalogue(&file, Origin::File(name)).await,
        Some(Kind::Host) => host(&file, name).await,
        Some(Kind::Config) => config(&file, name).await,
        // Whatever its bytes are: the doctor says what is wrong with them.
        Some(Kind::Unknown) if named_config(&name) => config(&file, name).await,
        Some(Kind::Unknown) => Message::FileUnknown(name),
        None => unreadable(Origin::File(name)),
    }))
}

/// As many bytes from the beginning of a file, or all of a shorter one; `None` if the browser cannot read it.
async fn first_bytes(file: &File, most: f64) -> Option<Vec<u8>> {
    let slice = file.slice_with_f64_and_f64(0.0, most).ok()?;
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

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn named_config(name: &str) -> bool {
    name.to_ascii_lowercase().contains(".config")
}

fn is_host(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("connector-check/host@")
}

/// A text as Windows saves it: UTF-16 by its mark, and UTF-8 otherwise. Bytes that are none become signs of it; a
/// name that is spoilt so fits no endpoint, and the rest counts.
fn text_of(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

async fn host(file: &File, name: String) -> Message {
    // In UTF-16 it is twice as long. A larger one is not even read.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let length = file.size() as usize;
    let report = if length > 2 * host::MAX_BYTES {
        Err(HostError::TooLarge(length).to_string())
    } else {
        match first_bytes(file, file.size()).await {
            Some(bytes) => HostReport::parse(&text_of(&bytes)).map_err(|error| error.to_string()),
            None => Err(UNREADABLE.to_owned()),
        }
    };
    Message::Desk(Action::Host(name, Box::new(report)))
}

async fn config(file: &File, name: String) -> Message {
    // One byte more than is read shows that there is more.
    #[allow(clippy::cast_precision_loss)]
    let most = (doctor::MAX_BYTES + 1) as f64;
    match first_bytes(file, most).await {
        Some(bytes) => Message::Desk(Action::Config(name, bytes)),
        None => Message::FileUnknown(name),
    }
}

fn unreadable(origin: Origin) -> Message {
    Message::CatalogueUnreadable(origin, UNREADABLE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_the_host_script_is_known_and_read_in_every_encoding_that_windows_saves() {
        let text = "{\r\n    \"format\":  \"connector-check/host@1\", \"name\": \"Jos\u{e9}\"}";
        let wide = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(text.encode_utf16().flat_map(unit)).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            wide([0xff, 0xfe], u16::to_le_bytes),
            wide([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(kind(&bytes), Kind::Host, "{bytes:?}");
            assert_eq!(text_of(&bytes).trim_start_matches('\u{feff}'), text, "{bytes:?}");
        }
        // Something else in UTF-16 that begins alike, and half a character at the end.
        assert_ne!(kind(b"\xff\xfe{\0\"\0"), Kind::Host);
        assert_eq!(text_of(b"\xff\xfe{\0x"), "{");
    }

    #[test]
    fn files_are_recognised_by_their_content() {
        for (head, expected) in [
            (&b"{\"format\": "[..], Kind::Catalogue),
            (b"\xEF\xBB\xBF\r\n  {", Kind::Catalogue),
            (b"[]", Kind::Catalogue),
            (b"", Kind::Catalogue),
            (b"\x89PNG\r\n", Kind::Unknown),
            (b"hello", Kind::Unknown),
            (b"{\"format\": \"connector-check/host@1\"", Kind::Host),
            (b"<?xml version", Kind::Config),
            (b"\xEF\xBB\xBF<?xml", Kind::Config),
            (b"\xff\xfe<\0?\0", Kind::Config),
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Kind::Capture),
            (b"\x0a\x0d\x0d\x0a\x6c\0\0\0", Kind::Capture),
            (b"GMBU\x03\x02\x01\0", Kind::Capture),
            (b"\x1f\x8b\x08", Kind::Capture),
        ] {
            assert_eq!(kind(head), expected, "{head:?}");
        }
    }
}
