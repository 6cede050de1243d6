//! Whole Pontoon clusters under one seed.
#![forbid(unsafe_code)]

mod clock;
mod cluster;
mod dice;
mod generate;
mod invariant;
mod plan;
mod queue;
mod run;
mod scenario;
mod trace;

pub use cluster::Stats;
pub use invariant::Violation;
pub use run::{Failure, Summary, run_seed, run_seeds, silence_panics};

/// The transcript of one seed.
pub fn transcript(seed: u64, steps_max: u64) -> Vec<String> {
    scenario::simulate(&plan::Plan::of_seed(seed), steps_max, true).lines
}
