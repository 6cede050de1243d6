//! What a leader knows about one peer, and when it owes it a message.

use std::collections::VecDeque;

use crate::entry::Snapshot;
use crate::mutant::{self, Mutant};
use crate::{Config, Index};

/// How often in a row a lost message is repeated at once.
const REPEATS_MAX: u32 = 3;

/// How entries reach a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Where the logs part is not known: one message at a time.
    Probe,
    /// The logs agree up to `next_index - 1`: messages may follow each other unanswered.
    Replicate,
    /// The peer needs entries that are compacted: the snapshot is on its way,
    /// and stays the same one until it arrived (rule 36).
    Snapshot { snapshot: Snapshot, offset: usize },
}

/// An AppendEntries that was not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) seq: u64,
    /// prev_log_index of the message.
    pub(crate) prev: Index,
    /// Last index that it covers.
    pub(crate) last: Index,
    /// `match_index` when it was sent.
    pub(crate) match_index: Index,
}

/// Invariant: `next_index > match_index`.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Highest index known to be durable on the peer (Figure 2).
    pub(crate) match_index: Index,
    /// The next index to send (Figure 2); runs ahead of acknowledgements.
    pub(crate) next_index: Index,
    pub(crate) mode: Mode,
    /// Unanswered messages that move the match or find it, oldest first.
    pub(crate) inflight: VecDeque<Sent>,
    /// The newest message, if it carried no entries.
    pub(crate) heartbeat: Option<Sent>,
    /// `seq` of the InstallSnapshot under way.
    pub(crate) snapshot_seq: u64,
    /// When anything was last sent; `None`: never, so something is due.
    pub(crate) sent_ms: Option<u64>,
    /// When entries or a piece of snapshot were last sent.
    pub(crate) data_sent_ms: u64,
    /// When the peer last answered.
    pub(crate) heard_ms: u64,
    /// Messages known to be lost since then.
    pub(crate) losses: u32,
    /// Send now: something changed or the last message is known to be lost.
    pub(crate) urgent: bool,
    /// Highest commit index that a message told the peer and that it can use.
    pub(crate) commit_sent: Index,
    /// When the peer has to be told of a commit at the latest.
    pub(crate) commit_due_ms: Option<u64>,
}

impl Progress {
    pub(crate) fn new(last_index: Index, now_ms: u64) -> Progress {
        Progress {
            match_index: 0,
            next_index: last_index + 1,
            mode: Mode::Probe,
            inflight: VecDeque::new(),
            heartbeat: None,
            snapshot_seq: 0,
            sent_ms: None,
            data_sent_ms: 0,
            heard_ms: now_ms,
            losses: 0,
            urgent: true,
            commit_sent: 0,
            commit_due_ms: None,
        }
    }

    /// When the next message to this peer is due.
    pub(crate) fn due_ms(&self, config: &Config, last_index: Index, commit_index: Index) -> u64 {
        let Some(sent_ms) = self.sent_ms else { return 0 };
        if self.urgent {
            return 0;
        }
        let mut due = sent_ms + config.heartbeat_interval_ms;
        if self.mode == Mode::Replicate && self.next_index <= last_index {
            if self.inflight.is_empty() {
                return 0;
            }
            if self.inflight.len() >= config.max_inflight && mutant::on(Mutant::SilentWhenFull) {
                return u64::MAX;
            }
            if self.inflight.len() < config.max_inflight {
                due = due.min(self.data_sent_ms + config.coalesce_ms);
            }
        }
        if commit_index.min(self.match_index) > self.commit_sent
            && let Some(commit_due_ms) = self.commit_due_ms
        {
            due = due.min(commit_due_ms);
        }
        due
    }

    /// A message left.
    pub(crate) fn note_sent(&mut self, now_ms: u64) {
        self.heartbeat = None;
        self.sent_ms = Some(now_ms);
        self.urgent = false;
    }

    /// The peer answered.
    pub(crate) fn heard(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
        self.losses = 0;
    }

    /// A message was lost: whether to repeat it at once. A network that fails
    /// at once, as one does where nobody listens, must not make that a loop.
    pub(crate) fn lost(&mut self, config: &Config, now_ms: u64) -> bool {
        self.losses = self.losses.saturating_add(1);
        self.losses <= REPEATS_MAX && self.is_recent(config, now_ms)
    }

    /// Whether the peer answered within the shortest election timeout.
    pub(crate) fn is_recent(&self, config: &Config, now_ms: u64) -> bool {
        now_ms < self.heard_ms + config.election_timeout_ms_min
    }

    /// The peer's log agrees with ours up to `index`, durably.
    pub(crate) fn acknowledged(&mut self, index: Index, base_index: Index) {
        // Acknowledgements come in any order: the match never falls (rule 26).
        self.match_index = match mutant::on(Mutant::MatchFalls) {
            true => index,
            false => self.match_index.max(index),
        };
        self.next_index = self.next_index.max(self.match_index + 1);
        let matched = self.match_index;
        self.inflight.retain(|sent| sent.last > matched);
        match self.mode {
            Mode::Replicate => {}
            // Whatever reached the log ends a transfer, however it got there (rule 30).
            Mode::Snapshot { .. } if matched < base_index => {}
            Mode::Probe | Mode::Snapshot { .. } => {
                self.mode = Mode::Replicate;
                self.next_index = matched + 1;
                self.inflight.clear();
            }
        }
    }

    /// The pipeline broke: find out again where the peer is (rule 30).
    pub(crate) fn probe(&mut self, next_index: Index, urgent: bool) {
        if mutant::on(Mutant::NeverFallBack) && self.mode == Mode::Replicate {
            return;
        }
        self.next_index = next_index.max(self.match_index + 1);
        self.mode = Mode::Probe;
        self.inflight.clear();
        self.commit_sent = self.commit_sent.min(self.match_index);
        self.urgent = urgent;
    }
}
