//! What a server wants done: one batch at a time, in a fixed order.

use crate::Index;
use crate::entry::{Entry, HardState, Snapshot};
use crate::message::Envelope;

/// A message to hand to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Sender, receiver and content.
    pub envelope: Envelope,
    /// Of a request: this server's number for it, to be given to
    /// [`Raft::undelivered`](crate::Raft::undelivered) if the host learns that it was lost.
    /// Of a reply: the number that came in with the request, by which an RPC
    /// transport finds the waiting caller.
    pub ticket: u64,
}

/// One batch of work. The host does it in the order of the fields and then
/// calls [`Raft::work_done`](crate::Raft::work_done). Committed entries are taken apart from it, by
/// [`Raft::next_apply`](crate::Raft::next_apply), whenever the state machine is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// A leader's AppendEntries and InstallSnapshot. MAY leave BEFORE `persist`
    /// is durable: the leader counts itself only AFTER its own write is done
    /// (thesis §10.2.1), and its term was durable before it asked for votes.
    pub send_early: Vec<Outgoing>,
    /// MUST be durable BEFORE anything in `send` leaves, and BEFORE `work_done`.
    pub persist: Option<Persist>,
    /// Vote requests and all replies. MUST NOT leave before `persist` is durable (Figure 2:
    /// "updated on stable storage before responding to RPCs").
    pub send: Vec<Outgoing>,
}

/// What has to be durable, as one atomic unit. Apply `snapshot` first, then `log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persist {
    /// Term and vote as they now are.
    pub hard_state: HardState,
    /// A new snapshot: it replaces the former one, and every entry up to and
    /// including `snapshot.index` is dropped.
    pub snapshot: Option<Snapshot>,
    /// What changed in the log after the snapshot.
    pub log: Option<LogDelta>,
}

/// A change of the log: cut everything from index `from` on, then append `entries`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDelta {
    /// Index of the first of `entries`; whatever stood from here on is gone.
    pub from: Index,
    /// The new tail, possibly empty.
    pub entries: Vec<Entry>,
}

/// What the state machine is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apply {
    /// Replace the whole state by this snapshot.
    Snapshot(Snapshot),
    /// Apply these committed entries, in order; no-ops only move the index.
    Entries {
        /// Index of the first.
        first_index: Index,
        /// At least one, contiguous.
        entries: Vec<Entry>,
    },
}
