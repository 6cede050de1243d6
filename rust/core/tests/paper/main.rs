//! The paper, sentence by sentence: each test shows one rule and names where it
//! stands. "§" and "Figure" are of *In Search of an Understandable Consensus
//! Algorithm (Extended Version)*; a "rule" is one of those that real systems
//! broke, kept here so that it stays kept.

#[path = "../kit/mod.rs"]
mod kit;

mod append_entries;
mod elections;
mod install_snapshot;
mod leaders;
mod malformed;
mod persistence;
mod pipeline;
mod replication;
mod request_vote;
mod servers;
mod snapshots;
mod state;
mod traps;
