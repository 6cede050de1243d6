//! Raft as a pure state machine.
#![forbid(unsafe_code)]

/// Identifies a server. Never reused for another server of the same cluster.
pub type NodeId = u64;
/// A term, §5.1. 0 is before the first election.
pub type Term = u64;
/// A position in the log. The first entry has index 1; 0 is "before the log".
pub type Index = u64;

mod bytes;
mod config;
mod entry;
mod log;
mod message;
pub mod mutant;
mod progress;
mod raft;
mod work;

pub use bytes::Bytes;
pub use config::{Config, ConfigError, Profile};
pub use entry::{Entry, HardState, Payload, Restored, Snapshot};
pub use message::*;
pub use raft::{NotLeader, Proposal, Raft, ReceiveError, Role, SnapshotError, Status};
pub use work::{Apply, LogDelta, Outgoing, Persist, Work};
