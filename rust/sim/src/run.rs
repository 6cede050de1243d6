//! Runs of seeds: one, or many on several threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cluster::Stats;
use crate::invariant::Violation;
use crate::plan::{MessageFault, Plan};
use crate::scenario;

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) hash: u64,
    pub(crate) stats: Stats,
    /// The transcript, if it was asked for.
    pub(crate) lines: Vec<String>,
    pub(crate) mishaps: Vec<MessageFault>,
}

thread_local! {
    /// Text of the panic that `guarded` is about to catch.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Lets `guarded` report panics instead of printing them. Called once, at the start.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANIC.with(|text| *text.borrow_mut() = Some(info.to_string()));
    }));
}

/// Runs `f`; a panic comes back as its text.
pub(crate) fn guarded(f: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let noted = PANIC.with(|text| text.borrow_mut().take());
        let said = payload.downcast_ref::<String>().cloned();
        let said = said.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        noted.or(said).unwrap_or_else(|| "a panic without a text".into())
    })
}

/// A seed whose run violated a property.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Replays it.
    pub seed: u64,
    /// What did not hold.
    pub violation: Violation,
}

/// The result of many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Sums over all of them.
    pub stats: Stats,
    /// Hash over the runs' traces, the same for the same seeds.
    pub hash: u64,
    /// The seeds that failed, in order: all of them, or the first.
    pub failures: Vec<Failure>,
}

/// Runs one seed, at most `steps_max` events of it, and returns the hash of its trace.
pub fn run_seed(seed: u64, steps_max: u64) -> (u64, Stats, Option<Violation>) {
    let outcome = scenario::simulate(&Plan::of_seed(seed), steps_max, false);
    (outcome.hash, outcome.stats, outcome.violation)
}

/// Runs the seeds on `jobs` threads, all of them or up to the first that fails.
/// The result does not depend on the number of threads or their order.
pub fn run_seeds(
    seeds: std::ops::Range<u64>,
    jobs: usize,
    keep_going: bool,
    run: impl Fn(u64) -> (u64, Stats, Option<Violation>) + Sync,
) -> Summary {
    let next = AtomicU64::new(seeds.start);
    // Nothing after the first failure counts.
    let end = AtomicU64::new(seeds.end);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        break;
                    }
                    let result = run(seed);
                    if result.2.is_some() && !keep_going {
                        end.fetch_min(seed, Ordering::Relaxed);
                    }
                    results.lock().expect("a run does not panic").push((seed, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("a run does not panic");
    results.sort_unstable_by_key(|(seed, _)| *seed);
    let mut summary = Summary::default();
    for (seed, (hash, stats, violation)) in results {
        summary.seeds += 1;
        summary.stats.add(&stats);
        summary.hash = crate::dice::mix(summary.hash, hash);
        if let Some(violation) = violation {
            summary.failures.push(Failure { seed, violation });
            if !keep_going {
                break;
            }
        }
    }
    summary
}
