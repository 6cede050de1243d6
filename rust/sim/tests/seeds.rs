//! A fixed set of seeds, the seeds that ever failed, and that a seed is all
//! that a run depends on.

use pontoon_sim::lab::{TESTS, run_lab, run_tests};
use pontoon_sim::{run_seed, run_seeds};

const STEPS_MAX: u64 = u64::MAX;

#[test]
fn fixed_seeds_hold() {
    let summary = run_seeds(0..40, 2, false, |seed| run_seed(seed, STEPS_MAX));
    assert!(summary.failures.is_empty(), "{:?}", summary.failures);
    // Nothing is proven by runs in which nothing happens.
    let stats = summary.stats;
    assert!(
        stats.elections > 200 && stats.crashes > 200 && stats.installs > 50,
        "{stats:?}"
    );
    assert!(stats.entries > 5000 && stats.operations > 5000, "{stats:?}");
}

#[test]
fn the_lab_holds() {
    let result = run_tests(0..2, 2, "");
    assert!(
        result.summary.failures.is_empty(),
        "{:?} {:?}",
        result.failed,
        result.summary.failures
    );
}

/// Lines of `seed S` and `lab TEST S`; what follows a `#` is for people.
#[test]
fn what_failed_once_holds() {
    for line in include_str!("regressions.txt").lines() {
        let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("not a seed: {line}"));
        let violation = match words[..] {
            [] => None,
            ["seed", seed] => run_seed(number(seed), STEPS_MAX).2,
            ["lab", name, seed] => {
                let test = TESTS.iter().find(|test| test.name == name);
                let test = test.unwrap_or_else(|| panic!("no such test: {line}"));
                run_lab(test, number(seed), false).violation
            }
            _ => panic!("not a line of regressions: {line}"),
        };
        assert!(violation.is_none(), "{line}: {violation:?}");
    }
}

#[test]
fn a_seed_gives_the_same_trace_every_time() {
    let run = |seed| run_seed(seed, 100_000);
    let alone = run_seeds(100..112, 1, false, run);
    let spread = run_seeds(100..112, 4, false, run);
    assert_eq!((alone.hash, alone.stats), (spread.hash, spread.stats));
    let hashes = |seeds: &mut dyn Iterator<Item = u64>| seeds.map(|seed| run(seed).0).collect::<Vec<_>>();
    let forward = hashes(&mut (100..112));
    let mut backward = hashes(&mut (100..112).rev());
    backward.reverse();
    assert_eq!(forward, backward);
    let mut different = forward.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), forward.len(), "each seed has a trace of its own");
}

#[test]
fn a_seed_gives_the_same_lab_run_every_time() {
    for name in ["Figure8Unreliable", "UnreliableChurn", "SnapshotInstallUnCrash"] {
        let once = run_tests(7..9, 1, name).summary;
        let again = run_tests(7..9, 4, name).summary;
        assert_eq!((once.hash, once.stats), (again.hash, again.stats), "{name}");
    }
}
