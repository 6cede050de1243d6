//! Handing out work in batches, and committed entries to the state machine.

use super::{Raft, RoleState};
use crate::Index;
use crate::entry::{HardState, Snapshot};
use crate::event::Event;
use crate::mutant::{self, Mutant};
use crate::work::{Apply, Persist, Work};

/// What waits to be written, being written, or to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// Term and vote of the latest batch.
    hard_state: HardState,
    /// Whether the snapshot changed since the latest batch.
    pub(super) snapshot_dirty: bool,
    /// Whether a batch is being worked on.
    outstanding: bool,
    /// A leader's snapshot that the state machine has not seen yet.
    install: Option<Snapshot>,
    /// Index of the installed snapshot that the outstanding batch writes.
    writing: Option<Index>,
    /// Index of the latest installed snapshot that is durable.
    durable: Index,
    /// Last index that storage was given.
    given: Index,
    /// What to tell observers when the outstanding batch is done.
    done: Option<Event>,
}

impl Pending {
    pub(super) fn new(hard_state: HardState, last_index: Index) -> Pending {
        Pending {
            hard_state,
            snapshot_dirty: false,
            outstanding: false,
            install: None,
            writing: None,
            durable: 0,
            given: last_index,
            done: None,
        }
    }

    pub(super) fn install(&mut self, snapshot: Snapshot) {
        self.snapshot_dirty = true;
        self.install = Some(snapshot);
    }
}

impl Raft {
    /// Whether [`take_work`](Raft::take_work) would return a batch, as of the latest input.
    pub fn has_work(&self) -> bool {
        // A leader's new entries are written with the batch that sends them.
        let must_write = self.log.is_dirty() && (!self.is_leader() || self.peers.is_empty());
        !self.pending.outstanding
            && (!self.outbox.is_empty()
                || self.hard_state != self.pending.hard_state
                || self.pending.snapshot_dirty
                || must_write
                || self.replication_due())
    }

    /// One batch of work, or `None` if there is nothing to do or the previous
    /// batch is not done. Inputs may go on while a batch is outstanding.
    pub fn take_work(&mut self, now_ms: u64) -> Option<Work> {
        self.advance_clock(now_ms);
        if !self.has_work() {
            return None;
        }
        let mut send_early = match self.role {
            RoleState::Leader { .. } => self.replicate(),
            _ => Vec::new(),
        };
        if mutant::on(Mutant::ReplyEarly) {
            send_early.append(&mut self.outbox);
        }
        let snapshot = self.pending.snapshot_dirty.then(|| self.snapshot.clone());
        let log = self.log.take_delta();
        let persist = (snapshot.is_some() || log.is_some() || self.hard_state != self.pending.hard_state).then(|| {
            let hard_state = self.hard_state;
            Persist {
                hard_state,
                snapshot,
                log,
            }
        });
        self.pending.hard_state = self.hard_state;
        self.pending.snapshot_dirty = false;
        self.pending.writing = self.pending.install.as_ref().map(|snapshot| snapshot.index);
        self.pending.outstanding = true;
        let persist = persist.map(|persist| self.forgetful(persist));
        self.pending.done = persist.as_ref().map(|persist| self.given(persist));
        Some(Work {
            send_early,
            persist,
            send: std::mem::take(&mut self.outbox),
        })
    }

    /// Mutants of the persistence rules.
    fn forgetful(&self, mut persist: Persist) -> Persist {
        if mutant::on(Mutant::VoteNotPersisted) {
            persist.hard_state.voted_for = None;
        }
        if mutant::on(Mutant::TermNotPersisted) {
            persist.hard_state = HardState::default();
            if let Some(log) = &persist.log {
                persist.hard_state.term = log.entries.last().map_or(0, |entry| entry.term);
            }
        }
        if mutant::on(Mutant::LogNotPersisted) && !self.is_leader() {
            persist.log = None;
        }
        persist
    }

    /// What storage has once this is written.
    fn given(&mut self, persist: &Persist) -> Event {
        if let Some(delta) = &persist.log {
            self.pending.given = delta.from + delta.entries.len() as Index - 1;
        }
        Event::Persist {
            term: persist.hard_state.term,
            voted_for: persist.hard_state.voted_for,
            index: self.pending.given,
            log_term: self.log.term(self.pending.given).unwrap_or(0),
        }
    }

    /// The batch taken last is durable and its messages are on their way.
    ///
    /// # Panics
    /// No batch is outstanding.
    pub fn work_done(&mut self, now_ms: u64) {
        assert!(self.pending.outstanding, "work_done without take_work");
        self.advance_clock(now_ms);
        self.pending.outstanding = false;
        if let Some(index) = self.pending.writing.take() {
            self.pending.durable = index;
        }
        self.log.delta_written();
        if let Some(event) = self.pending.done.take() {
            self.events.record(|| event);
        }
        self.elect_alone(self.pending.hard_state);
        self.advance_commit();
    }

    /// Whether [`next_apply`](Raft::next_apply) would return something.
    pub fn has_apply(&self) -> bool {
        match &self.pending.install {
            Some(snapshot) => snapshot.index == self.pending.durable || mutant::on(Mutant::DeliverBeforeDurable),
            None => self.delivered < self.deliverable(),
        }
    }

    /// Only what is durable here is shown to the state machine: it must not
    /// run ahead of what a restart brings back (rule 6).
    fn deliverable(&self) -> Index {
        match mutant::on(Mutant::DeliverBeforeDurable) {
            true => self.commit,
            false => self.commit.min(self.log.stable()),
        }
    }

    /// What the state machine is to do next: each committed index once, in
    /// order, or a leader's snapshot in place of entries. Entries stop at
    /// `max_bytes`, but there is at least one.
    pub fn next_apply(&mut self, max_bytes: usize) -> Option<Apply> {
        if !self.has_apply() {
            return None;
        }
        if let Some(snapshot) = self.pending.install.take() {
            self.delivered = snapshot.index;
            return Some(Apply::Snapshot(snapshot));
        }
        let first_index = self.delivered + 1;
        let entries = self.log.slice(first_index, self.deliverable(), max_bytes);
        self.delivered += entries.len() as Index;
        Some(Apply::Entries { first_index, entries })
    }
}
