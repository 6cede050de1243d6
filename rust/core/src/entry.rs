//! Log entries, and what a server must find again after a crash.

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::{Index, NodeId, Term};

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// A command for the state machine, opaque to Raft.
    Command(Bytes),
    /// The entry with which a leader of the service profile opens its term, so
    /// that older entries commit (§8). The state machine never sees it.
    Noop,
}

impl Payload {
    /// Bytes this payload counts for in a message or batch limit. The constant
    /// covers what an entry costs in memory, so that very many empty entries
    /// are bounded too.
    pub fn cost(&self) -> usize {
        match self {
            Payload::Command(bytes) => 32 + bytes.len(),
            Payload::Noop => 32,
        }
    }
}

/// One log entry. Its index is implied by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The term in which a leader created it.
    pub term: Term,
    /// What it holds.
    pub payload: Payload,
}

/// A snapshot of the service's state (§7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Last index that the snapshot replaces (lastIncludedIndex).
    pub index: Index,
    /// Term of that entry (lastIncludedTerm).
    pub term: Term,
    /// The service's bytes, exactly as it gave them.
    pub data: Bytes,
}

/// Figure 2, *Persistent state on all servers*, less the log. Written as one
/// unit: a term without its vote can vote twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardState {
    /// Latest term this server has seen.
    pub term: Term,
    /// The candidate that received this server's vote in `term`.
    pub voted_for: Option<NodeId>,
}

/// What storage gives back at start. The default is a server that never ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Term and vote.
    pub hard_state: HardState,
    /// The latest snapshot, if one was ever taken or installed.
    pub snapshot: Option<Snapshot>,
    /// The log after the snapshot: the first entry has index `snapshot.index + 1`, or 1.
    pub entries: Vec<Entry>,
}
