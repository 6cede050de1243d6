//! What happened inside of a server, for observers: a bounded record of events
//! that the host takes. Nothing is kept, and nothing computed, unless
//! [`Config::trace_events`](crate::Config::trace_events) asks for it.

use std::collections::VecDeque;
use std::collections::vec_deque::Drain;

use crate::entry::Payload;
use crate::raft::Role;
use crate::{Index, NodeId, Term};

/// One event. It says what the code did, not what it should have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The election timeout ran out (§5.2).
    Timeout {
        /// The term before the election.
        term: Term,
    },
    /// The election timer was set anew.
    TimerReset {
        /// Whose message, or vote request that was granted, led to it; this
        /// server itself otherwise.
        peer: NodeId,
    },
    /// The role or the term changed.
    RoleChange {
        /// The role now.
        role: Role,
        /// The term now.
        term: Term,
    },
    /// A vote was granted; a candidate's for itself is one too.
    Vote {
        /// The candidate.
        peer: NodeId,
        /// The term of the vote.
        term: Term,
        /// The candidate's last entry.
        index: Index,
        /// The term of that entry.
        log_term: Term,
    },
    /// Entries `first..=last`, all of `log_term`, were put at the log's end.
    Append {
        /// Who sent them; this server itself if it leads.
        peer: NodeId,
        /// This server's term.
        term: Term,
        /// Index of the first one.
        first: Index,
        /// Index of the last one.
        last: Index,
        /// Their term.
        log_term: Term,
        /// [`digest`] of the last one's command.
        digest: u64,
    },
    /// Entries `first..=last`, the log's end, were taken out of it.
    Truncate {
        /// Who sent what contradicts them.
        peer: NodeId,
        /// This server's term.
        term: Term,
        /// Index of the first one.
        first: Index,
        /// Index of the last one.
        last: Index,
        /// Term of the first one.
        log_term: Term,
    },
    /// A batch of work is done that wrote this.
    Persist {
        /// The term that was written.
        term: Term,
        /// The vote that was written with it.
        voted_for: Option<NodeId>,
        /// The log up to here is on disk.
        index: Index,
        /// Term of that entry.
        log_term: Term,
    },
    /// The commit index moved.
    Commit {
        /// From here,
        from: Index,
        /// to here.
        to: Index,
        /// Term of the entry there.
        log_term: Term,
        /// A leader counted it, all others were told.
        role: Role,
    },
    /// The service took a snapshot (§7).
    Snapshot {
        /// Its last index.
        index: Index,
        /// Term of that entry.
        log_term: Term,
    },
    /// A leader's snapshot replaced the log up to `index`. What stood after
    /// that is there still, unless a [`Event::Truncate`] came before.
    Install {
        /// The leader.
        peer: NodeId,
        /// The snapshot's last index.
        index: Index,
        /// Term of that entry.
        log_term: Term,
    },
}

/// FNV-1a of an entry's command, to tell entries of one index and term apart.
pub fn digest(payload: &Payload) -> u64 {
    let bytes: &[u8] = match payload {
        Payload::Command(bytes) => bytes,
        Payload::Noop => &[],
    };
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The events that the host has not taken yet.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    capacity: usize,
    kept: VecDeque<Event>,
    lost: u64,
}

impl Events {
    pub(crate) fn new(capacity: usize) -> Events {
        Events {
            capacity,
            kept: VecDeque::new(),
            lost: 0,
        }
    }

    /// Keeps an event, and loses the oldest if there is no room. `event` is
    /// called only if anybody wants to know.
    #[inline]
    pub(crate) fn record(&mut self, event: impl FnOnce() -> Event) {
        if self.capacity > 0 {
            self.keep(event());
        }
    }

    #[inline(never)]
    fn keep(&mut self, event: Event) {
        if let Some(last) = self.kept.back_mut()
            && extends(last, &event)
        {
            return;
        }
        if self.kept.len() == self.capacity {
            self.kept.pop_front();
            self.lost += 1;
        }
        self.kept.push_back(event);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many were lost since the last call, and those that were not.
    pub(crate) fn take(&mut self) -> (u64, Drain<'_, Event>) {
        (std::mem::take(&mut self.lost), self.kept.drain(..))
    }
}

/// Makes one run of entries out of two, if they are.
fn extends(before: &mut Event, event: &Event) -> bool {
    match (before, event) {
        (
            Event::Append {
                peer,
                term,
                last,
                log_term,
                digest,
                ..
            },
            Event::Append {
                peer: next_peer,
                term: next_term,
                first: next_first,
                last: next_last,
                log_term: next_log_term,
                digest: next_digest,
            },
        ) if (*peer, *term, *log_term, *last + 1) == (*next_peer, *next_term, *next_log_term, *next_first) => {
            (*last, *digest) = (*next_last, *next_digest);
            true
        }
        _ => false,
    }
}
