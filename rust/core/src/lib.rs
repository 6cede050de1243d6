//! Raft as a pure state machine: inputs in, one batch of work out.
//!
//! Nothing here reads a clock, starts a thread, takes a lock or does I/O. The
//! host calls [`Raft::tick`], [`Raft::receive`] and [`Raft::propose`] with its
//! own time, does the [`Work`] that [`Raft::take_work`] hands out *in the order
//! of its fields* (persist, then send), says [`Raft::work_done`], and lets its
//! state machine take committed entries with [`Raft::next_apply`] when it is
//! free. The same inputs and the same seed give the same outputs, always.
//!
//! To read it, in this order: `message` (the RPCs of Figure 2 and 13),
//! `entry` and `work` (what is stored and what is handed out), `log`,
//! `raft` (entry points and roles), then under it `election` (§5.2, §5.4.1),
//! `append` (a follower's side of §5.3), `replicate` (a leader's side, and the
//! commit rule of §5.4.2) with `progress` (what a leader knows of one peer),
//! and `snapshot` (§7). `event` is what observers are told, `mutant` holds the
//! bugs that the tests must notice.
//!
//! "Figure" and "§" are of *In Search of an Understandable Consensus Algorithm
//! (Extended Version)*; "thesis" is Ongaro's.
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
mod event;
mod log;
mod message;
pub mod mutant;
mod progress;
mod raft;
mod work;

pub use bytes::Bytes;
pub use config::{Config, ConfigError, Profile};
pub use entry::{Entry, HardState, Payload, Restored, Snapshot};
pub use event::{Event, digest};
pub use message::*;
pub use raft::{NotLeader, Proposal, Raft, ReceiveError, Role, SnapshotError, Status};
pub use work::{Apply, LogDelta, Outgoing, Persist, Work};
