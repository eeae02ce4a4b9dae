//! From bytes to text and back without losing one: UTF-8 and UTF-16 with and without mark, and declared Latin-1.

use connector_check_diagnosis::config::{ConfigProblem, ProblemKind};

use super::MAX_BYTES;

/// Bytes in which a declaration is looked for; it stands at the very beginning.
const DECLARATION_BYTES: usize = 400;

/// How a file's characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// One byte a character; every byte stands for itself, so that nothing is lost on the way back.
    SingleByte,
}

/// A file's text, and how it came by it.
#[derive(Debug)]
pub(super) struct Decoded {
    pub text: String,
    pub encoding: Encoding,
    /// Bytes of the byte order mark.
    pub mark: usize,
}

impl Encoding {
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            // Only what was read so, and ASCII, is ever written so.
            Self::SingleByte => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        }
    }

    /// What a declaration must say.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 | Self::SingleByte => "utf-8",
            Self::Utf16Le | Self::Utf16Be => "utf-16",
        }
    }

    const fn is_wide(self) -> bool {
        match self {
            Self::Utf16Le | Self::Utf16Be => true,
            Self::Utf8 | Self::SingleByte => false,
        }
    }
}

impl Decoded {
    /// Where in the bytes a place of the text is.
    pub(super) fn byte_at(&self, at: usize) -> usize {
        self.mark + self.encoding.encode(&self.text[..at]).len()
    }

    /// The declaration's word for the encoding, where it is another than the file's.
    pub(super) fn contradiction(&self) -> Option<ConfigProblem> {
        let (at, declared) = declared_in(&self.text)?;
        (wide(declared) != self.encoding.is_wide()).then(|| {
            let (line, column) = place(&self.text, at);
            let kind = ProblemKind::EncodingContradicts;
            ConfigProblem { kind, line, column, detail: declared.to_owned() }
        })
    }
}

/// Reads the bytes; an error where they are in no encoding that can be told.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ConfigProblem> {
    if bytes.len() > MAX_BYTES {
        return Err(whole(ProblemKind::TooLarge, format!("{}", bytes.len())));
    }
    let wide = |little: bool, mark: usize| {
        let units = bytes[mark..].chunks_exact(2);
        let odd = !units.remainder().is_empty();
        let units = units.map(|pair| {
            let pair = [pair[0], pair[1]];
            if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let encoding = if little { Encoding::Utf16Le } else { Encoding::Utf16Be };
        match text {
            Ok(text) if !odd => Ok(Decoded { text, encoding, mark }),
            Ok(_) | Err(_) => Err(whole(ProblemKind::WrongEncoding, "UTF-16".to_owned())),
        }
    };
    match bytes {
        // Before UTF-16, whose mark is the beginning of this one.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(whole(ProblemKind::WrongEncoding, "UTF-32".to_owned()))
        }
        [0xff, 0xfe, ..] => wide(true, 2),
        [0xfe, 0xff, ..] => wide(false, 2),
        [b'<', 0, ..] => wide(true, 0),
        [0, b'<', ..] => wide(false, 0),
        _ => narrow(bytes),
    }
}

fn narrow(bytes: &[u8]) -> Result<Decoded, ConfigProblem> {
    let mark = if bytes.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
    let head: String = bytes.iter().skip(mark).take(DECLARATION_BYTES).map(|b| char::from(*b)).collect();
    let declared = declared_in(&head).map(|(_, name)| name.to_ascii_lowercase());
    let single = declared.as_deref().filter(|name| {
        mark == 0 && (name.starts_with("iso-8859") || name.starts_with("windows-125") || *name == "us-ascii")
    });
    if single.is_some() && std::str::from_utf8(bytes).is_err() {
        let text = bytes.iter().map(|b| char::from(*b)).collect();
        return Ok(Decoded { text, encoding: Encoding::SingleByte, mark });
    }
    match std::str::from_utf8(&bytes[mark..]) {
        Ok(text) => Ok(Decoded { text: text.to_owned(), encoding: Encoding::Utf8, mark }),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[mark..mark + error.valid_up_to()]);
            let (line, column) = place(&before, before.len());
            let byte = bytes[mark + error.valid_up_to()];
            let name = declared.unwrap_or_else(|| "utf-8".to_owned());
            let detail = format!("{name}, 0x{byte:02X}");
            Err(ConfigProblem { kind: ProblemKind::WrongEncoding, line, column, detail })
        }
    }
}

/// Where the declaration names an encoding, and which.
pub(super) fn declared_in(text: &str) -> Option<(usize, &str)> {
    let start = text.len() - text.trim_start().len();
    let declaration = text[start..].strip_prefix("<?xml")?;
    let declaration = &declaration[..declaration.find("?>")?];
    let key = declaration.find("encoding")?;
    let rest = &declaration[key + "encoding".len()..];
    let open = rest.find(['"', '\''])?;
    let quote = rest[open..].chars().next()?;
    let value = &rest[open + 1..];
    let value = &value[..value.find(quote)?];
    Some((start + "<?xml".len() + key + "encoding".len() + open + 1, value))
}

fn wide(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["utf-16", "utf16", "ucs-2", "unicode"].iter().any(|wide| name.starts_with(wide))
}

/// 1-based line and column, in characters, of a place in a text.
pub(super) fn place(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

pub(super) const fn whole(kind: ProblemKind, detail: String) -> ConfigProblem {
    ConfigProblem { kind, line: 1, column: 1, detail }
}
