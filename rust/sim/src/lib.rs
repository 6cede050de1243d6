//! Whole Pontoon clusters under one seed: simulated time, a network, disks and
//! clocks that misbehave, and Raft's properties checked after every step.
#![forbid(unsafe_code)]

mod clock;
mod cluster;
mod dice;
mod generate;
mod invariant;
pub mod lab;
#[cfg(feature = "mutants")]
pub mod mutants;
mod plan;
mod queue;
mod recipes;
pub mod report;
mod run;
mod scenario;
mod shrink;
mod trace;

pub use cluster::Stats;
pub use invariant::Violation;
pub use run::{Failure, Summary, run_seed, run_seeds, silence_panics};
