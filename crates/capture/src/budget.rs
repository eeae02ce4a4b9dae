//! What may be held in memory, over all connections together, and what work was done.

/// Bytes of payload that wait for what comes before them.
const WAITING: usize = 24 << 20;

/// Bytes of details about connections, roughly counted.
const DETAILS: usize = 24 << 20;

/// Counts what is held and refuses what would be too much.
#[derive(Debug, Default)]
pub struct Budget {
    waiting: usize,
    details: usize,
    /// How often something was refused.
    pub refused: u64,
    /// Bytes, and places in lists, that were looked at or moved. In proportion to what was read, or reading is not
    /// linear.
    pub work: u64,
}

impl Budget {
    /// So many bytes or places are looked at or moved.
    pub fn worked(&mut self, count: usize) {
        self.work += count as u64;
    }

    /// Whether so many more bytes may wait; if so they are counted.
    pub fn wait(&mut self, bytes: usize) -> bool {
        take(&mut self.waiting, bytes, WAITING, &mut self.refused)
    }

    /// Bytes that wait no longer.
    pub fn done_waiting(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(bytes);
    }

    /// Whether so many more bytes of details may be kept; if so they are counted.
    pub fn keep(&mut self, bytes: usize) -> bool {
        take(&mut self.details, bytes, DETAILS, &mut self.refused)
    }

    /// Details that were given up.
    pub fn forget(&mut self, bytes: usize) {
        self.details = self.details.saturating_sub(bytes);
    }
}

fn take(used: &mut usize, bytes: usize, limit: usize, refused: &mut u64) -> bool {
    let fits = used.saturating_add(bytes) <= limit;
    if fits {
        *used += bytes;
    } else {
        *refused += 1;
    }
    fits
}
