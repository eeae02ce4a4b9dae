//! Every fuzz target, on a stable compiler: its seeds, and those changed at random, the same way each time. What takes
//! hours is `cargo xtask fuzz`.

use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod targets;

mod common;

use common::Random;
use targets::{TARGETS, Target, seeds};

/// Changed inputs for each target.
const ROUNDS: usize = 250;

/// Longer ones are cut: what is in them is in shorter ones as well.
const MAX_INPUT: usize = 8192;

#[test]
fn every_target_survives_its_seeds_and_what_becomes_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let captures = seeds::golden(&folder).expect("the golden cases are part of the crate");
    std::thread::scope(|scope| {
        for target in TARGETS {
            let captures = &captures;
            scope.spawn(move || smoke(target, captures));
        }
    });
}

fn smoke((name, target): Target, captures: &[(String, Vec<u8>)]) {
    let seeds = seeds::of(name, captures);
    assert!(seeds.len() > 5, "{name} has {} seeds", seeds.len());
    for seed in &seeds {
        target(seed);
    }
    let mut random = Random::new(1);
    for round in 0..ROUNDS {
        let mut input = seeds[round % seeds.len()].clone();
        input.truncate(MAX_INPUT);
        let other = &seeds[random.below(seeds.len())];
        for _ in 0..=random.below(6) {
            random.change(&mut input, other);
        }
        target(&input);
    }
}

trait Change {
    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]);
}

impl Change for Random {
    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        const SPECIAL: [[u8; 4]; 5] =
            [[0; 4], [0xff; 4], [0, 0, 0, 0x80], [0xff, 0xff, 0, 0], [0, 0, 0xff, 0xff]];
        let at = self.below(input.len());
        let end = (at + 1 + self.below(64)).min(input.len());
        match self.below(7) {
            0 if at < input.len() => input[at] = u8::try_from(self.below(256)).unwrap(),
            1 if at < input.len() => input[at] ^= 1 << self.below(8),
            2 => input.truncate(at),
            3 => drop(input.drain(at..end)),
            4 => {
                let piece = input[at..end].to_vec();
                let to = self.below(input.len());
                input.splice(to..to, piece);
            }
            5 => {
                let from = self.below(other.len());
                input.splice(at..at, other[from..(from + 100).min(other.len())].iter().copied());
            }
            _ => {
                let end = (at + 4).min(input.len());
                let special = SPECIAL[self.below(SPECIAL.len())];
                input[at..end].copy_from_slice(&special[..end - at]);
            }
        }
    }
}
