//! Whole Pontoon clusters under one seed: simulated time, a network, disks and
//! clocks that misbehave, and Raft's properties checked after every step.
//!
//! In the order in which to read it:
//! - `plan`, `generate`, `recipes`: what a seed stands for, a setup and a list
//!   of faults, drawn before anything runs;
//! - `cluster`: servers on simulated time, each a core with a clock, a disk and
//!   a loop that does its batches of work in the contract's order;
//! - `scenario`: what is around them, a network, clients, state machines, the
//!   faults; then everything is mended, and the cluster has to recover;
//! - `invariant`: one property a file, with its section of the paper;
//! - `run`, `shrink`, `report`: many seeds, and the least that makes one fail;
//! - [`search`]: every order of events within small bounds, on the real core;
//! - [`lab`]: the course's tests on the same clusters, with its own network.
//!
//! A run depends on its seed alone: no clock, thread, hash map or address takes
//! part. Time is in microseconds and jumps from event to event. A crash tears,
//! scatters or drops what a disk did not sync, and recovery has to make of that
//! what the storage contract says: a batch is there whole or not at all.
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
mod sealed;
pub mod search;
mod shrink;
mod trace;

pub use cluster::Stats;
pub use invariant::Violation;
pub use run::{Failure, Summary, run_seed, run_seeds, silence_panics};
