//! Which messages tshark puts together: the sums of a capture are those that it gives, however the packets lie.
//!
//! tshark (4.0, with its defaults) looks at each segment when it comes. Where a message goes on beyond its segment, the
//! next ones are added as they come: to the end that the message gives itself, or one by one where it does not say.

/// How bytes came into the capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Behind everything before them.
    #[default]
    InOrder,
    /// Before bytes that go before them.
    Early,
    /// After bytes that follow them, because the other side asked for them: tshark looks at them.
    Asked,
    /// After bytes that follow them, by another way: tshark adds them to what waits for them, and no more.
    OutOfOrder,
    /// A second time, and the capture lacks the first: tshark passes them over.
    Repeated,
    /// In a packet that was cut when it was captured: tshark looks at it alone.
    Cut,
}

/// One message on its way through segments.
#[derive(Debug, Default)]
pub struct Assembly {
    begun: Arrival,
    /// How the bytes came that tell where it ends.
    length_known: Option<Arrival>,
    /// How the current segment came, or the one that filled the hole before it.
    last: Arrival,
    /// Whether it began in the current segment.
    here: bool,
    missed: bool,
}

impl Assembly {
    /// A message begins in the current segment, `first` in it. Where tshark loses one it finds the next again at the
    /// beginning of a segment.
    pub fn begin(&mut self, arrival: Arrival, first: bool) {
        let unseen = matches!(arrival, Arrival::Repeated | Arrival::OutOfOrder);
        let missed = unseen || (!first && self.is_missed());
        *self = Self { begun: arrival, length_known: None, last: arrival, here: true, missed };
    }

    /// Another segment goes on with it.
    pub fn next(&mut self, arrival: Arrival) {
        self.here = false;
        self.missed |= match arrival {
            Arrival::InOrder | Arrival::Asked => false,
            Arrival::Early => self.begun != Arrival::Early && self.length_known != Some(Arrival::InOrder),
            Arrival::OutOfOrder => self.length_known.is_none(),
            Arrival::Repeated | Arrival::Cut => true,
        };
        if !(arrival == Arrival::Early && self.last == Arrival::OutOfOrder) {
            self.last = arrival;
        }
    }

    /// The current segment tells where it ends.
    pub fn length_known(&mut self, arrival: Arrival) {
        if !self.is_missed() && arrival != Arrival::Cut {
            self.length_known.get_or_insert(arrival);
        }
    }

    /// Bytes of it are missing.
    pub const fn lose(&mut self) {
        self.missed = true;
    }

    /// Whether it began in the current segment.
    pub const fn is_here(&self) -> bool {
        self.here
    }

    /// Whether tshark does not know that what follows belongs to it.
    pub const fn is_unknown(&self) -> bool {
        self.missed && self.length_known.is_none()
    }

    /// Whether it began in the current segment and tshark looks at that alone.
    pub fn is_alone(&self) -> bool {
        self.here && self.begun == Arrival::Cut
    }

    /// Whether tshark misses it if it ends in the current segment.
    pub const fn is_missed(&self) -> bool {
        self.missed || matches!(self.last, Arrival::OutOfOrder)
    }
}
