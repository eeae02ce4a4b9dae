//! Taking bytes off the front of a slice, and never beyond its end.

use connector_check_diagnosis::responder::CodePoint;

use super::HelloError;

/// What is left of a slice. Every method names the part it reads, for the error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize, part: &'static str) -> Result<&'a [u8], HelloError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(HelloError::Short(part))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self, part: &'static str) -> Result<u8, HelloError> {
        Ok(self.number(1, part)?.to_be_bytes()[3])
    }

    pub(super) fn u16(&mut self, part: &'static str) -> Result<u16, HelloError> {
        let [_, _, high, low] = self.number(2, part)?.to_be_bytes();
        Ok(u16::from_be_bytes([high, low]))
    }

    /// As many bytes as the byte before them says.
    pub(super) fn block8(&mut self, part: &'static str) -> Result<Self, HelloError> {
        self.block(1, part)
    }

    /// As many bytes as the two before them say.
    pub(super) fn block16(&mut self, part: &'static str) -> Result<Self, HelloError> {
        self.block(2, part)
    }

    /// As many bytes as the three before them say.
    pub(super) fn block24(&mut self, part: &'static str) -> Result<Self, HelloError> {
        self.block(3, part)
    }

    /// All that is left, as numbers of two bytes.
    pub(super) fn code_points(&self, part: &'static str) -> Result<Vec<CodePoint>, HelloError> {
        let pairs = self.0.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Err(HelloError::LeftOver(part));
        }
        Ok(pairs.map(|pair| CodePoint(u16::from_be_bytes([pair[0], pair[1]]))).collect())
    }

    pub(super) const fn end(&self, part: &'static str) -> Result<(), HelloError> {
        if self.0.is_empty() { Ok(()) } else { Err(HelloError::LeftOver(part)) }
    }

    fn block(&mut self, length_bytes: usize, part: &'static str) -> Result<Self, HelloError> {
        let length = self.number(length_bytes, part)?;
        // A length that no address can hold points beyond the end, too.
        self.take(usize::try_from(length).unwrap_or(usize::MAX), part).map(Self)
    }

    fn number(&mut self, bytes: usize, part: &'static str) -> Result<u32, HelloError> {
        Ok(self.take(bytes, part)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}
