//! The course's schedules on simulated time: the tests of its Raft lab, with
//! its simulated network and its limits, so that a thousand runs of the whole
//! suite take minutes. Not a line of Go takes part: what is tested is the core.

mod bench;
mod labrpc;
mod part_a;
mod part_b;
mod part_c;
mod part_d;
pub(crate) mod size;
mod suite;
mod task;
mod world;

pub use suite::{LabOutcome, LabSummary, TESTS, Test, run_lab, run_tests};
