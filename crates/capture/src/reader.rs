//! Reading a file piece by piece.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

use crate::connections::Connections;
use crate::container::{Container, SNIFF, Step, describe};
use crate::facts::{CaptureFacts, Warning};

/// Pieces of about this length are read fastest.
pub const CHUNK: usize = 1 << 20;

/// Compressed bytes that are unpacked at a time; a thousand times as many may come out.
const GZIP_PIECE: usize = 4096;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads a capture from the pieces of a file.
///
/// Ask [`Reader::wants`] for the next place, give the bytes there to [`Reader::push`], in pieces of any length, and
/// at the end take everything with [`Reader::finish`]:
///
/// ```
/// # use connector_check_capture::{CHUNK, Reader};
/// let file: &[u8] = &[];
/// let mut reader = Reader::new("trace.pcapng", Some(file.len() as u64));
/// while let Some(at) = reader.wants() {
///     let rest = usize::try_from(at).ok().and_then(|at| file.get(at..)).unwrap_or_default();
///     if rest.is_empty() {
///         break;
///     }
///     reader.push(&rest[..rest.len().min(CHUNK)]);
/// }
/// let (facts, warnings) = reader.finish();
/// # assert_eq!((facts.totals.packets, warnings.len()), (0, 1));
/// ```
#[derive(Debug)]
pub struct Reader {
    name: String,
    size: Option<u64>,
    input: Input,
    /// The first bytes, until they tell whether the file is compressed.
    magic: Option<Vec<u8>>,
    gzip: Option<Box<MultiGzDecoder<Vec<u8>>>>,
    state: State,
    warnings: Vec<Warning>,
}

/// What is read from, after unpacking.
#[derive(Debug, Default)]
struct Input {
    /// The place in the file of the next byte that is to be given.
    given: u64,
    /// The place of the next byte that is to be worked on.
    at: u64,
    /// What was given and was too little to be worked on.
    pending: Vec<u8>,
    /// How many bytes the next step needs at once.
    need: usize,
    /// How many bytes are of no interest.
    skip: u64,
    /// Bytes that were put aside or moved; see [`Reader::work`].
    moved: u64,
}

#[derive(Debug)]
enum State {
    Start,
    Packets(Container, Box<Connections>),
    /// Nothing more is wanted.
    Done(Option<(Container, Box<Connections>)>),
}

impl Reader {
    /// A reader of a file of this name and length in bytes. The name serves to recognise what is not read here.
    /// Without the length the file is read strictly from front to back.
    pub fn new(name: &str, size: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            size,
            input: Input { need: SNIFF, ..Input::default() },
            magic: Some(Vec::new()),
            gzip: None,
            state: State::Start,
            warnings: Vec::new(),
        }
    }

    /// The place in the file from which bytes are wanted next; `None` if no more are. Beyond the end of the file there
    /// is nothing to give, and reading is over.
    pub fn wants(&self) -> Option<u64> {
        match self.state {
            State::Done(_) => None,
            State::Start | State::Packets(..) => Some(self.input.given),
        }
    }

    /// Packets that were read so far.
    pub fn packets(&self) -> u64 {
        match &self.state {
            State::Packets(_, connections) | State::Done(Some((_, connections))) => {
                connections.totals.packets
            }
            State::Start | State::Done(None) => 0,
        }
    }

    /// Bytes, and places in lists, that were looked at or moved so far. In proportion to the bytes that were pushed,
    /// whatever they are; tests ask for that.
    pub fn work(&self) -> u64 {
        self.input.moved
            + match &self.state {
                State::Packets(_, connections) | State::Done(Some((_, connections))) => connections.work(),
                State::Start | State::Done(None) => 0,
            }
    }

    /// Takes the bytes at [`Reader::wants`].
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(mut magic) = self.magic.take() {
            magic.extend_from_slice(bytes);
            if magic.len() < GZIP_MAGIC.len() {
                self.input.given += bytes.len() as u64;
                self.magic = Some(magic);
                return;
            }
            self.input.given -= (magic.len() - bytes.len()) as u64;
            if magic.starts_with(&GZIP_MAGIC) {
                self.gzip = Some(Box::new(MultiGzDecoder::new(Vec::new())));
            }
            return self.push(&magic);
        }
        self.input.given += bytes.len() as u64;
        if self.gzip.is_none() {
            self.unpacked(bytes, false);
            if self.size.is_some() {
                // The caller can leave out what nobody wants.
                self.input.given += std::mem::take(&mut self.input.skip);
            }
            return;
        }
        for piece in bytes.chunks(GZIP_PIECE) {
            self.unpack(piece);
        }
    }

    /// What was read, and what a reader of it must know.
    pub fn finish(mut self) -> (CaptureFacts, Vec<Warning>) {
        let mut truncated = false;
        if let Some(magic) = self.magic.take() {
            self.unpacked(&magic, false);
        }
        let gzip = self.gzip.is_some();
        if let Some(mut gzip) = self.gzip.take() {
            truncated = gzip.try_finish().is_err();
            let rest = std::mem::take(gzip.get_mut());
            self.unpacked(&rest, false);
        }
        self.unpacked(&[], true);
        let (container, connections) = match self.state {
            State::Packets(container, connections) => {
                truncated |= !self.input.pending.is_empty() || self.input.skip > 0 || !container.complete();
                (container, connections)
            }
            State::Done(Some((container, connections))) => (container, connections),
            State::Start | State::Done(None) => return (CaptureFacts::default(), self.warnings),
        };
        let (mut facts, more) = connections.finish();
        facts.container = Some(container.name() + if gzip { ", gzip" } else { "" });
        let mut warnings = self.warnings;
        warnings.extend(container.warnings());
        if truncated {
            warnings.push(Warning::Truncated);
        }
        warnings.extend(more);
        (facts, warnings)
    }

    fn unpack(&mut self, piece: &[u8]) {
        let Some(gzip) = &mut self.gzip else { return };
        let result = gzip.write_all(piece).and_then(|()| gzip.flush());
        let unpacked = std::mem::take(gzip.get_mut());
        self.unpacked(&unpacked, false);
        if result.is_err() && !matches!(self.state, State::Done(_)) {
            self.unpacked(&[], true);
            let what = "the gzip data cannot be unpacked".to_owned();
            self.warnings.push(Warning::Damaged { at: self.input.given, what });
            self.done();
        }
    }

    /// Works on unpacked bytes. `last`: no more will come.
    fn unpacked(&mut self, mut bytes: &[u8], last: bool) {
        bytes = self.skipped(bytes);
        while !matches!(self.state, State::Done(_)) {
            if self.input.pending.is_empty() {
                // Straight from the given bytes, without a copy.
                let Some(used) = self.steps(bytes, last) else { return };
                bytes = self.skipped(bytes.get(used..).unwrap_or_default());
                self.input.moved += bytes.len() as u64;
                self.input.pending.extend_from_slice(bytes);
                return;
            }
            let missing = self.input.need.saturating_sub(self.input.pending.len()).min(bytes.len());
            let (now, later) = bytes.split_at(missing);
            self.input.moved += now.len() as u64;
            self.input.pending.extend_from_slice(now);
            bytes = later;
            if self.input.pending.len() < self.input.need && !last {
                return;
            }
            let mut pending = std::mem::take(&mut self.input.pending);
            self.input.moved += pending.len() as u64;
            let Some(used) = self.steps(&pending, last && bytes.is_empty()) else { return };
            pending.drain(..used);
            self.input.pending = pending;
            bytes = self.skipped(bytes);
            if bytes.is_empty() {
                return;
            }
        }
    }

    /// What is left of bytes behind those of no interest.
    fn skipped<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(self.input.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.input.skip -= count as u64;
        &bytes[count..]
    }

    /// Goes as far as these bytes reach, and says how many were used; `None` where reading goes on elsewhere, or ends.
    fn steps(&mut self, bytes: &[u8], last: bool) -> Option<usize> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            let step = match &mut self.state {
                State::Done(_) => return None,
                State::Start if rest.len() < SNIFF && !last => Step::Need(SNIFF),
                State::Start => {
                    self.start(rest);
                    continue;
                }
                State::Packets(container, _) if rest.is_empty() => match container.elsewhere(self.input.at) {
                    Some(step) => step,
                    None => return Some(used),
                },
                State::Packets(container, connections) => {
                    container.step(rest, self.input.at, last, connections.as_mut())
                }
            };
            match step {
                Step::Took(count) => {
                    used += count;
                    self.input.at += count as u64;
                }
                Step::Skip(count) => {
                    self.input.at += count;
                    let here = usize::try_from(count).unwrap_or(usize::MAX).min(rest.len());
                    self.input.skip = count - here as u64;
                    used += here;
                    if self.input.skip > 0 {
                        return Some(used);
                    }
                }
                Step::Seek(place) => {
                    (self.input.at, self.input.given) = (place, place);
                    return None;
                }
                Step::Need(count) => {
                    self.input.need = count;
                    return Some(used);
                }
                Step::End(warning) => {
                    let warning = warning.map(|warning| match warning {
                        // Containers that do not count say 0.
                        Warning::Damaged { at: 0, what } => Warning::Damaged { at: self.input.at, what },
                        other => other,
                    });
                    self.warnings.extend(warning);
                    self.done();
                    return None;
                }
            }
        }
    }

    fn start(&mut self, start: &[u8]) {
        let size = self.size.filter(|_| self.gzip.is_none());
        if let Some(container) = Container::recognise(start, size) {
            self.state = State::Packets(container, Box::default());
            return;
        }
        self.warnings.push(if start.is_empty() {
            Warning::Empty
        } else {
            let (seems, convert) = describe(start, &self.name);
            let owned = |text: &str| text.to_owned();
            Warning::NotACapture {
                seems: seems.map(owned),
                convert: convert.into_iter().map(owned).collect(),
            }
        });
        self.done();
    }

    fn done(&mut self) {
        self.input.pending = Vec::new();
        self.state = match std::mem::replace(&mut self.state, State::Start) {
            State::Packets(container, connections) => State::Done(Some((container, connections))),
            State::Start => State::Done(None),
            done @ State::Done(_) => done,
        };
    }
}

/// Reads a capture that is in memory as a whole.
pub fn read(name: &str, file: &[u8]) -> (CaptureFacts, Vec<Warning>) {
    let mut reader = Reader::new(name, Some(file.len() as u64));
    while let Some(at) = reader.wants() {
        let rest = usize::try_from(at).ok().and_then(|at| file.get(at..)).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        reader.push(&rest[..rest.len().min(CHUNK)]);
    }
    reader.finish()
}
