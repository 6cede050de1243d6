//! What is accepted from the network and from storage. A message that no
//! correct server sends is refused before it changes anything.

use std::fmt;

use super::{Raft, RoleState};
use crate::config::{Config, ConfigError};
use crate::entry::{Entry, HardState, Restored};
use crate::message::{Appended, Envelope, Message};
use crate::progress::Mode;
use crate::{Index, NodeId, Term};

/// Terms and indexes stay below, so that sums never overflow.
pub(super) const NUMBER_MAX: u64 = 1 << 62;

/// Bytes of a snapshot that arrives over the network.
const SNAPSHOT_BYTES_MAX: u64 = 1 << 32;

/// A message was refused; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// It is addressed to another server.
    WrongReceiver {
        /// The server it is for.
        to: NodeId,
    },
    /// The sender is not another voter of this cluster.
    UnknownSender {
        /// The sender.
        from: NodeId,
    },
    /// It contradicts itself.
    Malformed(&'static str),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReceiveError::WrongReceiver { to } => write!(f, "the message is for server {to}"),
            ReceiveError::UnknownSender { from } => write!(f, "server {from} is not another voter of this cluster"),
            ReceiveError::Malformed(what) => write!(f, "malformed message: {what}"),
        }
    }
}

impl std::error::Error for ReceiveError {}

impl Raft {
    pub(super) fn validate(&self, envelope: &Envelope) -> Result<(), ReceiveError> {
        let Envelope { from, to, message } = envelope;
        if *to != self.config.id {
            return Err(ReceiveError::WrongReceiver { to: *to });
        }
        if self.peers.binary_search(from).is_err() {
            return Err(ReceiveError::UnknownSender { from: *from });
        }
        self.check_message(*from, message).map_err(ReceiveError::Malformed)
    }

    fn check_message(&self, from: NodeId, message: &Message) -> Result<(), &'static str> {
        let term = message.term();
        check(term > 0 && term < NUMBER_MAX, "term out of range")?;
        match message {
            Message::RequestVote(m) => check_position(m.last_log_index, m.last_log_term, term),
            Message::AppendEntries(m) => {
                check_position(m.prev_log_index, m.prev_log_term, term)?;
                check(m.leader_commit < NUMBER_MAX, "commit index out of range")?;
                check_terms(&m.entries, m.prev_log_term, term)
            }
            Message::InstallSnapshot(m) => {
                check(m.last_included_index > 0, "snapshot of nothing")?;
                check_position(m.last_included_index, m.last_included_term, term)?;
                check(
                    m.offset.saturating_add(m.data.len() as u64) <= SNAPSHOT_BYTES_MAX,
                    "snapshot too large",
                )
            }
            Message::RequestVoteReply(m) => self.check_request_term(m.request_term, term),
            Message::AppendEntriesReply(m) => {
                self.check_request_term(m.request_term, term)?;
                match m.outcome {
                    Appended::Success { match_index } => self.check_match(m.request_term, match_index),
                    _ => Ok(()),
                }
            }
            Message::InstallSnapshotReply(m) => {
                self.check_request_term(m.request_term, term)?;
                match m.installed {
                    Some(index) => self.check_match(m.request_term, index),
                    None => self.check_offset(from, m.next_offset, m.last_included_index),
                }
            }
        }
    }

    fn check_request_term(&self, request_term: Term, term: Term) -> Result<(), &'static str> {
        check(
            request_term <= term && request_term <= self.hard_state.term,
            "answers a request of a term that was not ours yet",
        )
    }

    /// In our term a peer can only hold what we sent or what was committed before.
    fn check_match(&self, request_term: Term, index: Index) -> Result<(), &'static str> {
        let ours = request_term == self.hard_state.term && self.is_leader();
        check(
            !ours || index <= self.log.last_index(),
            "acknowledges entries that we do not have",
        )
    }

    fn check_offset(&self, from: NodeId, next_offset: u64, index: Index) -> Result<(), &'static str> {
        let RoleState::Leader { progress } = &self.role else {
            return Ok(());
        };
        match &progress[self.peer_position(from)].mode {
            Mode::Snapshot { snapshot, .. } if snapshot.index == index => check(
                next_offset <= snapshot.data.len() as u64,
                "asks for what is beyond the snapshot",
            ),
            _ => Ok(()),
        }
    }
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// A log position in a message of `term`.
fn check_position(index: Index, at: Term, term: Term) -> Result<(), &'static str> {
    check(index < NUMBER_MAX, "index out of range")?;
    check(
        (index == 0) == (at == 0),
        "a position has an index without a term, or a term without an index",
    )?;
    check(at <= term, "an entry of a future term")
}

fn check_terms(entries: &[Entry], after: Term, up_to: Term) -> Result<(), &'static str> {
    let mut previous = after.max(1);
    for entry in entries {
        check(entry.term >= previous, "the entries' terms fall")?;
        previous = entry.term;
    }
    check(entries.is_empty() || previous <= up_to, "an entry of a future term")
}

/// Storage must give back what was written.
pub(super) fn check_restored(config: &Config, restored: &Restored) -> Result<(), ConfigError> {
    let HardState { term, voted_for } = restored.hard_state;
    let corrupt = |text: &str| Err(ConfigError(format!("the restored state is corrupt: {text}")));
    if term >= NUMBER_MAX {
        return corrupt("its term is out of range");
    }
    if let Some(voted) = voted_for
        && !config.voters.contains(&voted)
    {
        return corrupt(&format!("it voted for server {voted}, which is not a voter"));
    }
    let (base, base_term) = restored.snapshot.as_ref().map_or((0, 0), |s| (s.index, s.term));
    if let Err(what) = check_position(base, base_term, term) {
        return corrupt(&format!("snapshot: {what}"));
    }
    if restored.snapshot.is_some() && base == 0 {
        return corrupt("it has a snapshot of nothing");
    }
    check_terms(&restored.entries, base_term, term).or_else(|what| corrupt(&format!("log: {what}")))
}
