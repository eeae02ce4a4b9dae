//! Time as a page sees it, and the gaps in it.

use std::time::Duration;

use crate::js;

/// How much later than its deadline a timer may fire before the page must have been asleep or frozen.
///
/// Browsers let the timers of a hidden tab fire once a second; sleep, a modal dialog and a stopped process
/// last longer.
const GAP: Duration = Duration::from_secs(2);

/// Measures from its start.
pub(crate) struct Stopwatch {
    /// `performance.now()`, exact to 0.1 ms in Chromium and 1 ms in Firefox; may stand still in sleep.
    monotonic: f64,
    /// `Date.now()`: runs on in sleep.
    wall: f64,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self { monotonic: monotonic_ms(), wall: js_sys::Date::now() }
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        (monotonic_ms() - self.monotonic).max(0.0)
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.elapsed_ms() / 1000.0)
    }

    /// Whether so much more than `deadline` has passed that the page was not running in between.
    pub(crate) fn overslept(&self, deadline: Duration) -> bool {
        overslept(self.elapsed_ms(), js_sys::Date::now() - self.wall, deadline)
    }
}

/// By either clock: one may stand still in sleep, the other may be set back.
fn overslept(monotonic_ms: f64, wall_ms: f64, deadline: Duration) -> bool {
    let longest_ms = (deadline + GAP).as_secs_f64() * 1000.0;
    monotonic_ms > longest_ms || wall_ms > longest_ms
}

fn monotonic_ms() -> f64 {
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
