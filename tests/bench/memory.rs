//! What memory the processes take that this one has started, and those that they have.

use std::collections::BTreeMap;
use std::fs;

/// Bytes, with what several processes share counted once. Processes that end meanwhile count nothing.
pub fn of_descendants() -> u64 {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(parent) = parent(process) {
            children.entry(parent).or_default().push(process);
        }
    }
    let (mut open, mut sum) = (vec![std::process::id()], 0);
    while let Some(process) = open.pop() {
        let own = children.remove(&process).unwrap_or_default();
        sum += own.iter().map(|process| proportional(*process)).sum::<u64>();
        open.extend(own);
    }
    sum
}

/// The fourth field; the second, the name, stands in parentheses and may hold anything.
fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn proportional(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
