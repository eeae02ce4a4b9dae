//! Who may start now: pure bookkeeping, driven by the times that it is told.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use connector_check_diagnosis::plan::Stage;

/// Connections to one host and port. Both browsers open six and let more wait without saying so, which
/// would make a healthy host look silent (measured).
pub const PER_ENDPOINT: usize = 6;

/// Connections in all. Through one proxy Chromium opens about 145 before healthy requests wait for hanging
/// ones, without one about 345 (measured); the page and its frames need some themselves.
pub const OVERALL: usize = 120;

/// Taken off a latecomer's deadline, so that its end is reported before the run's.
const REPORTING: Duration = Duration::from_millis(200);

/// The times of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// How long one probe may take. Default: 8 s. Every answer that a connector could live with is there by
    /// then, a refusal on Windows (2 s) and two lost packets included, and an admin still looks at the page.
    pub probe: Duration,
    /// How much longer than one probe the whole run may take. Default: 2 s.
    pub total_slack: Duration,
    /// How long a stage has the network for itself before the next one starts anyway. Default: 50 ms, so that its
    /// requests are on their way. Nobody need wait for their answers: no result counts before they are there.
    pub head_start: Duration,
    /// A probe that would get less is not started: its silence would mean nothing. Default: 3 s, which a
    /// refusal on Windows (2 s) and one lost packet (1 s) both fit into.
    pub least: Duration,
    /// How long after a failure the same is asked again. Default: 0.5 s. Chromium ends every request at once when
    /// the machine's addresses change (measured), and a change comes in several steps close together.
    pub repeat_pause: Duration,
    /// How long a failure that came twice is asked about in another way. Default: 2 s, as something answers there
    /// or fails at once.
    pub otherwise: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            probe: Duration::from_secs(8),
            total_slack: Duration::from_secs(2),
            head_start: Duration::from_millis(50),
            least: Duration::from_secs(3),
            repeat_pause: Duration::from_millis(500),
            otherwise: Duration::from_secs(2),
        }
    }
}

impl Deadlines {
    /// When the run is over at the latest, from its start.
    pub const fn total(&self) -> Duration {
        self.probe.saturating_add(self.total_slack)
    }

    /// From here on nothing is started any more.
    const fn cutoff(&self) -> Duration {
        self.total().saturating_sub(REPORTING).saturating_sub(self.least)
    }

    /// What a probe gets that starts at `now`.
    fn of_probe_at(&self, now: Duration) -> Duration {
        self.probe.min(self.total().saturating_sub(REPORTING).saturating_sub(now))
    }
}

/// One probe that waits to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it may start.
    pub stage: Stage,
    /// What it shares connections with: host and port.
    pub key: String,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Start this entry, and ask again.
    Start {
        /// Its position among the entries.
        item: usize,
        /// What it may take.
        deadline: Duration,
    },
    /// There is no time left to start this entry; ask again.
    GiveUp {
        /// Its position among the entries.
        item: usize,
    },
    /// Ask again when an entry has settled, or at this time from the start of the run.
    Wait {
        /// `None` where time alone changes nothing.
        until: Option<Duration>,
    },
    /// Everything has settled or was given up.
    Done,
}

/// The entries of a run and how far they have come.
#[derive(Debug)]
pub struct Queue {
    entries: Vec<Entry>,
    deadlines: Deadlines,
    /// Not started, in order.
    waiting: VecDeque<usize>,
    /// Started and not free again, by key.
    under_way: HashMap<String, usize>,
    under_way_in_all: usize,
    /// Started and not settled.
    unsettled: usize,
    /// Those that have entries; an absent stage holds nothing up.
    stages: BTreeMap<Stage, Progress>,
    /// Entries to be started once more, and from when on; in order, as the pause is the same for all.
    repeats: VecDeque<(Duration, usize)>,
    /// Entries that a repeat was ever planned for. Repeats belong to no stage: nothing waits for them.
    repeated: HashSet<usize>,
}

#[derive(Debug, Default)]
struct Progress {
    unsettled: usize,
    opened: Option<Duration>,
}

impl Queue {
    /// Nothing started yet.
    pub fn new(entries: Vec<Entry>, deadlines: Deadlines) -> Self {
        let mut stages = BTreeMap::<Stage, Progress>::new();
        for entry in &entries {
            stages.entry(entry.stage).or_default().unsettled += 1;
        }
        Self {
            waiting: (0..entries.len()).collect(),
            entries,
            deadlines,
            under_way: HashMap::new(),
            under_way_in_all: 0,
            unsettled: 0,
            stages,
            repeats: VecDeque::new(),
            repeated: HashSet::new(),
        }
    }

    /// What to do at `now`, counted from the start of the run.
    pub fn next(&mut self, now: Duration) -> Step {
        let next_opening = self.open_stages(now);
        let cutoff = self.deadlines.cutoff();
        if now >= cutoff {
            // Each of them has its first result.
            self.repeats.clear();
        }
        if self.waiting.is_empty() && self.repeats.is_empty() && self.unsettled == 0 {
            return Step::Done;
        }
        if now >= cutoff
            && let Some(item) = self.waiting.pop_front()
        {
            self.stage_of(item).unsettled -= 1;
            return Step::GiveUp { item };
        }
        if let Some(item) = self.take_startable(now) {
            *self.under_way.entry(self.entries[item].key.clone()).or_default() += 1;
            self.under_way_in_all += 1;
            self.unsettled += 1;
            return Step::Start { item, deadline: self.deadlines.of_probe_at(now) };
        }
        let next_entry = (!self.waiting.is_empty()).then(|| next_opening.map_or(cutoff, |at| at.min(cutoff)));
        // One that is due already waits for a connection.
        let next_repeat = self.repeats.iter().map(|&(at, _)| at).find(|at| *at > now);
        let until = next_entry.into_iter().chain(next_repeat.map(|at| at.min(cutoff))).min();
        Step::Wait { until }
    }

    /// The request of a started entry has ended, so that its connection is free.
    ///
    /// # Panics
    ///
    /// If the entry was not started, or is free already.
    pub fn free(&mut self, item: usize) {
        let under_way = self.under_way.get_mut(&self.entries[item].key).expect("only started entries end");
        *under_way -= 1;
        self.under_way_in_all -= 1;
    }

    /// It is known what came of a started entry that is free.
    pub fn settle(&mut self, item: usize) {
        self.unsettled -= 1;
        if !self.repeated.contains(&item) {
            self.stage_of(item).unsettled -= 1;
        }
    }

    /// Plans to start an entry that has settled at `now` once more, after a pause; `false` where it has been
    /// repeated before, or where the time left is too short. The plan lapses where connections stay taken.
    pub fn repeat(&mut self, item: usize, now: Duration) -> bool {
        let at = now + self.deadlines.repeat_pause;
        let planned = at < self.deadlines.cutoff() && self.repeated.insert(item);
        if planned {
            self.repeats.push_back((at, item));
        }
        planned
    }

    /// Whether a repeat of this entry was planned.
    pub fn is_repeated(&self, item: usize) -> bool {
        self.repeated.contains(&item)
    }

    /// Opens every stage whose time has come; returns when the next one opens by time alone.
    fn open_stages(&mut self, now: Duration) -> Option<Duration> {
        // The first stage there is waits for nothing.
        let mut opens = Duration::ZERO;
        for progress in self.stages.values_mut() {
            if progress.opened.is_none() {
                if now < opens {
                    return Some(opens);
                }
                progress.opened = Some(now);
            }
            let opened = progress.opened.unwrap_or(now);
            opens = if progress.unsettled == 0 { Duration::ZERO } else { opened + self.deadlines.head_start };
        }
        None
    }

    /// Takes the first entry that a connection is free for: one that waits for its first start, or a repeat.
    fn take_startable(&mut self, now: Duration) -> Option<usize> {
        if self.under_way_in_all >= OVERALL {
            return None;
        }
        let free = |item: usize| {
            self.under_way.get(&self.entries[item].key).is_none_or(|&count| count < PER_ENDPOINT)
        };
        let open = |item: usize| {
            self.stages.get(&self.entries[item].stage).is_some_and(|stage| stage.opened.is_some())
        };
        if let Some(at) = self.waiting.iter().position(|&item| open(item) && free(item)) {
            return self.waiting.remove(at);
        }
        let at = self.repeats.iter().position(|&(at, item)| at <= now && free(item))?;
        self.repeats.remove(at).map(|(_, item)| item)
    }

    fn stage_of(&mut self, item: usize) -> &mut Progress {
        self.stages.get_mut(&self.entries[item].stage).expect("every entry's stage was counted at the start")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: Stage = Stage::Control;
    const LOGIN: Stage = Stage::Login;
    const SWEEP: Stage = Stage::Sweep;

    const DEADLINES: Deadlines = Deadlines {
        probe: ms(8_000),
        total_slack: ms(2_000),
        head_start: ms(700),
        least: ms(3_000),
        repeat_pause: ms(500),
        otherwise: ms(2_000),
    };

    fn queue(entries: &[(Stage, &str)]) -> Queue {
        let entries = entries.iter().map(|&(stage, key)| Entry { stage, key: key.to_owned() }).collect();
        Queue::new(entries, DEADLINES)
    }

    /// The request of an entry has ended, and what that means is known at once.
    fn finish(queue: &mut Queue, item: usize) {
        queue.free(item);
        queue.settle(item);
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Starts all that may start at `now`; returns them with the step that ended it.
    fn started(queue: &mut Queue, now: u64) -> (Vec<usize>, Step) {
        let mut items = Vec::new();
        loop {
            match queue.next(ms(now)) {
                Step::Start { item, .. } => items.push(item),
                step => return (items, step),
            }
        }
    }

    const fn wait(until: Option<Duration>) -> Step {
        Step::Wait { until }
    }

    #[test]
    fn a_stage_starts_when_the_one_before_has_settled() {
        let mut queue = queue(&[(SWEEP, "s"), (LOGIN, "l"), (CONTROL, "c"), (CONTROL, "d")]);
        assert_eq!(started(&mut queue, 0), (vec![2, 3], wait(Some(ms(700)))));
        finish(&mut queue, 2);
        assert_eq!(started(&mut queue, 100), (vec![], wait(Some(ms(700)))));
        finish(&mut queue, 3);
        assert_eq!(started(&mut queue, 200), (vec![1], wait(Some(ms(900)))));
        finish(&mut queue, 1);
        assert_eq!(started(&mut queue, 300), (vec![0], wait(None)));
        finish(&mut queue, 0);
        assert_eq!(queue.next(ms(400)), Step::Done);
    }

    #[test]
    fn a_stage_starts_after_the_head_start_though_all_hangs() {
        let mut queue = queue(&[(CONTROL, "c"), (LOGIN, "l"), (SWEEP, "s")]);
        assert_eq!(started(&mut queue, 0).0, [0]);
        assert!(started(&mut queue, 699).0.is_empty());
        assert_eq!(started(&mut queue, 700), (vec![1], wait(Some(ms(1400)))));
        assert_eq!(started(&mut queue, 1400), (vec![2], wait(None)));
    }

    #[test]
    fn absent_stages_hold_nothing_up() {
        assert_eq!(started(&mut queue(&[(SWEEP, "s")]), 0).0, [0]);
        assert_eq!(started(&mut queue(&[]), 0), (vec![], Step::Done));
    }

    #[test]
    fn no_more_than_six_to_one_endpoint_and_others_overtake() {
        let mut entries = vec![(SWEEP, "same"); 8];
        entries.push((SWEEP, "other"));
        let mut queue = queue(&entries);
        assert_eq!(started(&mut queue, 0).0, [0, 1, 2, 3, 4, 5, 8]);
        finish(&mut queue, 3);
        assert_eq!(started(&mut queue, 10).0, [6]);
    }

    #[test]
    fn no_more_than_the_overall_limit() {
        let keys: Vec<_> = (0..OVERALL + 2).map(|n| n.to_string()).collect();
        let entries: Vec<_> = keys.iter().map(|key| (SWEEP, key.as_str())).collect();
        let mut queue = queue(&entries);
        assert_eq!(started(&mut queue, 0).0.len(), OVERALL);
        finish(&mut queue, 7);
        assert_eq!(started(&mut queue, 10).0, [OVERALL]);
    }

    #[test]
    fn latecomers_get_what_is_left_and_no_less_than_the_least() {
        let mut queue = queue(&[(SWEEP, "same"); 8]);
        assert_eq!(queue.next(ms(0)), Step::Start { item: 0, deadline: ms(8000) });
        assert_eq!(started(&mut queue, 0).0.len(), 5);
        finish(&mut queue, 0);
        assert_eq!(queue.next(ms(6000)), Step::Start { item: 6, deadline: ms(3800) });
        assert_eq!(queue.next(ms(6000)), wait(Some(ms(6800))));
        assert_eq!(queue.next(ms(6800)), Step::GiveUp { item: 7 });
        assert_eq!(queue.next(ms(6800)), wait(None));
    }

    #[test]
    fn a_repeat_waits_for_its_pause_and_a_connection_and_holds_no_stage_up() {
        let mut queue = queue(&[(CONTROL, "c"), (SWEEP, "c"), (SWEEP, "c")]);
        assert_eq!(started(&mut queue, 0).0, [0]);
        finish(&mut queue, 0);
        assert!(queue.repeat(0, ms(100)));
        assert_eq!(started(&mut queue, 100), (vec![1, 2], wait(Some(ms(600)))), "the next stage has begun");
        assert!(started(&mut queue, 599).0.is_empty());
        assert_eq!(queue.next(ms(600)), Step::Start { item: 0, deadline: ms(8000) });
        assert_eq!(queue.next(ms(600)), wait(None));
        finish(&mut queue, 0);
        assert!(!queue.repeat(0, ms(700)), "twice is enough");
        for item in [1, 2] {
            finish(&mut queue, item);
        }
        assert_eq!(queue.next(ms(700)), Step::Done);
    }

    #[test]
    fn a_repeat_counts_among_the_connections_of_its_endpoint() {
        let mut queue = queue(&[(SWEEP, "same"); 7]);
        assert_eq!(started(&mut queue, 0).0.len(), 6);
        finish(&mut queue, 0);
        assert!(queue.repeat(0, ms(0)));
        assert_eq!(started(&mut queue, 500), (vec![6], wait(None)), "it is due, but six are under way");
        finish(&mut queue, 3);
        assert_eq!(started(&mut queue, 900).0, [0]);
    }

    #[test]
    fn a_repeat_that_would_come_too_late_is_none() {
        let mut queue = queue(&[(SWEEP, "a"), (SWEEP, "b")]);
        assert_eq!(started(&mut queue, 0).0, [0, 1]);
        finish(&mut queue, 0);
        assert!(queue.repeat(0, ms(6299)));
        finish(&mut queue, 1);
        assert!(!queue.repeat(1, ms(6300)));
        assert_eq!(queue.next(ms(6300)), wait(Some(ms(6799))));
        assert_eq!(queue.next(ms(9000)), Step::Done, "the page slept, and the run's time is over");
    }

    #[test]
    fn every_entry_is_started_or_given_up_once_and_the_run_ends_in_time() {
        // A clock that jumps by more than a whole run, as after sleep, among many others.
        for jump in [1, 300, 2_000, 30_000] {
            let deadlines = Deadlines::default();
            let keys: Vec<_> = (0..500).map(|n| (n % 70).to_string()).collect();
            let stages = [CONTROL, LOGIN, SWEEP];
            let entries: Vec<_> =
                keys.iter().enumerate().map(|(n, key)| (stages[n % 3], key.as_str())).collect();
            let mut queue = queue(&entries);
            let (mut now, mut seen, mut ends) =
                (Duration::ZERO, vec![0; 500], Vec::<(Duration, usize)>::new());
            let mut again = HashSet::new();
            loop {
                match queue.next(now) {
                    Step::Start { item, deadline } => {
                        assert!(deadline >= deadlines.least && now + deadline <= deadlines.total());
                        seen[item] += usize::from(!again.contains(&item));
                        ends.push((now + deadline.min(ms(40 * item as u64)), item));
                    }
                    Step::GiveUp { item } => seen[item] += 1,
                    Step::Wait { until } => {
                        assert!(until.is_none_or(|until| until > now), "must not spin");
                        assert!(until.is_some() || !ends.is_empty(), "must not wait for nothing");
                        now += ms(jump);
                        ends.retain(|&(end, item)| {
                            if end <= now {
                                finish(&mut queue, item);
                                if item % 5 == 0 && queue.repeat(item, now) {
                                    again.insert(item);
                                }
                            }
                            end > now
                        });
                    }
                    Step::Done => break,
                }
            }
            assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
        }
    }
}
