//! What servers say to each other: the three RPCs of the paper and their
//! replies (Figure 2, Figure 13), as plain data.
//!
//! Every request carries `seq`/`term`, and every reply echoes them, so that a
//! reply can be matched to its request on a network that delays and reorders.

use serde::{Deserialize, Serialize};

use crate::bytes::Bytes;
use crate::entry::Entry;
use crate::{Index, NodeId, Term};

/// A message on its way from one server to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What is said.
    pub message: Message,
}

/// The RPCs of Raft and their replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// §5.2
    RequestVote(RequestVote),
    /// §5.2
    RequestVoteReply(RequestVoteReply),
    /// §5.3
    AppendEntries(AppendEntries),
    /// §5.3
    AppendEntriesReply(AppendEntriesReply),
    /// §7
    InstallSnapshot(InstallSnapshot),
    /// §7
    InstallSnapshotReply(InstallSnapshotReply),
}

impl Message {
    /// The sender's current term (§5.1: every message carries it).
    pub fn term(&self) -> Term {
        match self {
            Message::RequestVote(m) => m.term,
            Message::RequestVoteReply(m) => m.term,
            Message::AppendEntries(m) => m.term,
            Message::AppendEntriesReply(m) => m.term,
            Message::InstallSnapshot(m) => m.term,
            Message::InstallSnapshotReply(m) => m.term,
        }
    }

    /// Whether this asks for an answer.
    pub fn is_request(&self) -> bool {
        matches!(
            self,
            Message::RequestVote(_) | Message::AppendEntries(_) | Message::InstallSnapshot(_)
        )
    }
}

/// A candidate asks for a vote (Figure 2, RequestVote RPC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVote {
    /// The candidate's term.
    pub term: Term,
    /// Index of the candidate's last log entry (§5.4.1).
    pub last_log_index: Index,
    /// Term of the candidate's last log entry (§5.4.1).
    pub last_log_term: Term,
}

/// The answer to [`RequestVote`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's term.
    pub term: Term,
    /// The term of the request that this answers.
    pub request_term: Term,
    /// Whether the candidate received the vote.
    pub granted: bool,
}

/// The leader replicates entries, or says that it is alive (Figure 2, AppendEntries RPC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntries {
    /// The leader's term.
    pub term: Term,
    /// The leader's number for this message, unique in its term.
    pub seq: u64,
    /// Index of the entry before `entries`.
    pub prev_log_index: Index,
    /// Term of the entry before `entries`.
    pub prev_log_term: Term,
    /// Contiguous entries from `prev_log_index + 1` on; empty in a heartbeat.
    pub entries: Vec<Entry>,
    /// The leader's commit index.
    pub leader_commit: Index,
}

/// The answer to [`AppendEntries`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's term.
    pub term: Term,
    /// The term of the request that this answers.
    pub request_term: Term,
    /// The number of the request that this answers.
    pub seq: u64,
    /// What became of the entries.
    pub outcome: Appended,
}

/// What a follower did with an [`AppendEntries`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Appended {
    /// The log matches the leader's up to `match_index`, durably.
    Success {
        /// Highest index known to match: what this message covered.
        match_index: Index,
    },
    /// The log has no entry `prev_log_term` at `prev_log_index`.
    Conflict {
        /// The highest index at or below `prev_log_index` whose term is at most
        /// `prev_log_term`: no later index can match (§5.3, fast backup).
        hint_index: Index,
        /// The follower's term at `hint_index`.
        hint_term: Term,
    },
    /// The request came from a leader of an older term.
    StaleTerm,
}

/// The leader sends a piece of its snapshot (Figure 13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshot {
    /// The leader's term.
    pub term: Term,
    /// The leader's number for this message, unique in its term.
    pub seq: u64,
    /// The snapshot replaces all entries up to and including this index.
    pub last_included_index: Index,
    /// Term of that entry.
    pub last_included_term: Term,
    /// Where `data` stands in the snapshot, in bytes.
    pub offset: u64,
    /// The piece.
    pub data: Bytes,
    /// Whether this is the last piece.
    pub done: bool,
}

/// The answer to [`InstallSnapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's term.
    pub term: Term,
    /// The term of the request that this answers.
    pub request_term: Term,
    /// The number of the request that this answers.
    pub seq: u64,
    /// Which snapshot this is about.
    pub last_included_index: Index,
    /// How many bytes of it the follower holds: where the next piece begins.
    pub next_offset: u64,
    /// Once nothing more is needed: the index up to which the follower's state
    /// now agrees with the leader's.
    pub installed: Option<Index>,
}
