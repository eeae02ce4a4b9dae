//! Time as a page sees it, and the gaps in it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use gloo_timers::callback::Interval;

use crate::js;

/// How much later than its deadline a timer may fire before the page must have been asleep or frozen.
///
/// Browsers let the timers of a hidden tab fire once a second; sleep, a modal dialog and a stopped process
/// last longer.
const GAP: Duration = Duration::from_secs(2);

/// How often the page looks whether it has been asleep.
const BEAT: Duration = Duration::from_millis(500);

/// Of the time that was measured: so much lateness spoils it.
const BUSY: f64 = 0.25;

thread_local! {
    static HEART: RefCell<Weak<Heart>> = const { RefCell::new(Weak::new()) };
}

/// Beats while anything is being measured, so that a gap is known for what it touched and for nothing else.
struct Heart {
    last: Cell<Moment>,
    /// When the last gap ended, by `performance.now()`.
    gap: Cell<f64>,
    /// By how many milliseconds all beats together came late: for so long the page was busy, or hidden.
    late: Cell<f64>,
    _interval: Interval,
}

/// One moment by both clocks, in milliseconds.
#[derive(Clone, Copy)]
struct Moment {
    monotonic: f64,
    wall: f64,
}

impl Moment {
    fn now() -> Self {
        Self { monotonic: monotonic_ms(), wall: js_sys::Date::now() }
    }
}

impl Heart {
    fn shared() -> Rc<Self> {
        HEART.with_borrow_mut(|shared| {
            shared.upgrade().unwrap_or_else(|| {
                let heart = Rc::new_cyclic(|heart: &Weak<Self>| {
                    let beating = heart.clone();
                    #[allow(clippy::cast_possible_truncation)]
                    let interval = Interval::new(BEAT.as_millis() as u32, move || {
                        if let Some(heart) = beating.upgrade() {
                            heart.beat();
                        }
                    });
                    let (last, gap, late) = (Cell::new(Moment::now()), Cell::new(f64::MIN), Cell::new(0.0));
                    Self { last, gap, late, _interval: interval }
                });
                *shared = Rc::downgrade(&heart);
                heart
            })
        })
    }

    fn beat(&self) {
        let (last, now) = (self.last.replace(Moment::now()), Moment::now());
        if overslept(now.monotonic - last.monotonic, now.wall - last.wall, BEAT) {
            self.gap.set(now.monotonic);
        }
        let late = now.monotonic - last.monotonic - BEAT.as_secs_f64() * 1000.0;
        self.late.set(self.late.get() + late.max(0.0));
    }
}

/// Measures from its start.
pub(crate) struct Stopwatch {
    heart: Rc<Heart>,
    late: f64,
    /// `performance.now()`, exact to 0.1 ms in Chromium and 1 ms in Firefox; may stand still in sleep.
    monotonic: f64,
    /// `Date.now()`: runs on in sleep.
    wall: f64,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        let heart = Heart::shared();
        // A gap before the start is none of its own.
        heart.beat();
        let late = heart.late.get();
        Self { heart, late, monotonic: monotonic_ms(), wall: js_sys::Date::now() }
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        (monotonic_ms() - self.monotonic).max(0.0)
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.elapsed_ms() / 1000.0)
    }

    /// Whether the page was busy with something else for a good part of the time since the start, so that the time
    /// says more about this machine than about the network.
    pub(crate) fn busy(&self) -> bool {
        self.heart.beat();
        self.heart.late.get() - self.late > self.elapsed_ms() * BUSY
    }

    /// Whether the page was not running for a while since the start, or so much more than `deadline` has passed that
    /// it cannot have been.
    pub(crate) fn spoilt(&self, deadline: Duration) -> bool {
        self.heart.beat();
        self.heart.gap.get() > self.monotonic
            || overslept(self.elapsed_ms(), js_sys::Date::now() - self.wall, deadline)
    }
}

/// By either clock: one may stand still in sleep, the other may be set back.
fn overslept(monotonic_ms: f64, wall_ms: f64, deadline: Duration) -> bool {
    let longest_ms = (deadline + GAP).as_secs_f64() * 1000.0;
    monotonic_ms > longest_ms || wall_ms > longest_ms
}

/// `performance.now()`, or the wall clock where there is none.
pub(super) fn monotonic_ms() -> f64 {
    let performance = js::get(&js::global(), "performance");
    js::call(&performance, "now", &wasm_bindgen::JsValue::UNDEFINED)
        .ok()
        .and_then(|now| now.as_f64())
        .unwrap_or_else(js_sys::Date::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_timer_is_no_gap_and_sleep_is_one_by_either_clock() {
        let deadline = Duration::from_secs(8);
        for (monotonic, wall, gap) in [
            (8_000.0, 8_000.0, false),
            (9_900.0, 9_900.0, false),
            (10_100.0, 10_100.0, true),
            (8_000.0, 70_000.0, true),
            (70_000.0, 8_000.0, true),
            (300.0, -3_600_000.0, false),
        ] {
            assert_eq!(overslept(monotonic, wall, deadline), gap, "{monotonic} {wall}");
        }
    }
}
