//! One node: the state machine, its encoded state, and the memory that the
//! views of its outputs point into.

use pontoon_core::{Raft, Role};

use crate::abi::*;
use crate::applied::Applied;
use crate::batch::Batch;
use crate::blob::Blob;
use crate::failure::Failure;

/// Later times count as this one, so that deadlines do not overflow.
pub(crate) const TIME_MS_MAX: u64 = 1 << 62;

pub(crate) struct Node {
    pub(crate) raft: Raft,
    pub(crate) blob: Blob,
    pub(crate) batch: Batch,
    pub(crate) applied: Applied,
    /// A drain owns the outputs.
    pub(crate) draining: bool,
    /// Why the node is of no further use. Its views stay valid until it is freed.
    pub(crate) dead: Option<Failure>,
    voters: Vec<u64>,
    now_ms: u64,
}

impl Node {
    pub(crate) fn new(raft: Raft, blob: Blob, voters: Vec<u64>, now_ms: u64) -> Node {
        Node {
            raft,
            blob,
            batch: Batch::default(),
            applied: Applied::default(),
            draining: false,
            dead: None,
            voters,
            now_ms,
        }
    }

    /// The host's clock, which never goes back.
    pub(crate) fn clock(&mut self, now_ms: u64) -> u64 {
        self.now_ms = self.now_ms.max(now_ms.min(TIME_MS_MAX));
        self.now_ms
    }

    pub(crate) fn is_peer(&self, id: u64) -> bool {
        self.voters.contains(&id) && id != self.raft.status().id
    }

    pub(crate) fn step(&self) -> PontoonStep {
        let mut ready = 0;
        if self.raft.has_work() && !self.batch.is_outstanding() {
            ready |= PONTOON_READY_WORK;
        }
        if self.raft.has_apply() {
            ready |= PONTOON_READY_APPLY;
        }
        PontoonStep {
            struct_size: 0,
            deadline_ms: self.raft.deadline_ms(),
            ready,
            reserved: 0,
        }
    }

    pub(crate) fn state(&self) -> PontoonState {
        let status = self.raft.status();
        PontoonState {
            struct_size: 0,
            id: status.id,
            term: status.term,
            role: match status.role {
                Role::Follower => PONTOON_ROLE_FOLLOWER,
                Role::Candidate => PONTOON_ROLE_CANDIDATE,
                Role::Leader => PONTOON_ROLE_LEADER,
            },
            has_leader: status.leader.is_some().into(),
            leader: status.leader.unwrap_or(0),
            commit_index: status.commit_index,
            delivered_index: status.delivered_index,
            stable_index: status.stable_index,
            last_index: status.last_index,
            last_term: status.last_term,
            snapshot_index: status.snapshot_index,
            snapshot_term: status.snapshot_term,
            state_bytes: self.blob.state().len() as u64,
        }
    }

    /// Takes the next batch, brings the encoded state up to date and encodes
    /// the messages. The state is touched here alone, so that views of it stay
    /// as they are while inputs go on.
    pub(crate) fn take_work(&mut self, now_ms: u64) -> Result<PontoonWork, Failure> {
        self.check_no_batch()?;
        let now_ms = self.clock(now_ms);
        let work = self.raft.take_work(now_ms).ok_or(Failure::NoWork)?;
        if let Some(persist) = &work.persist {
            self.blob.apply(persist);
        }
        Ok(self.batch.fill(&work, &self.blob))
    }

    /// Ends the outstanding batch.
    pub(crate) fn work_done(&mut self, now_ms: u64, sequence: u64) -> Result<(), Failure> {
        self.batch.finish(sequence)?;
        let now_ms = self.clock(now_ms);
        self.raft.work_done(now_ms);
        Ok(())
    }

    /// A drain owns the outputs while it runs.
    pub(crate) fn check_not_draining(&self) -> Result<(), Failure> {
        if self.draining {
            return Err(Failure::WorkOutstanding("another thread is draining the node"));
        }
        Ok(())
    }

    pub(crate) fn begin_drain(&mut self) -> Result<(), Failure> {
        self.check_not_draining()?;
        self.check_no_batch()?;
        self.draining = true;
        Ok(())
    }

    fn check_no_batch(&self) -> Result<(), Failure> {
        if self.batch.is_outstanding() {
            return Err(Failure::WorkOutstanding(
                "the last batch is not done: call pontoon_work_done with its sequence first",
            ));
        }
        Ok(())
    }

    pub(crate) fn next_apply(&mut self, max_bytes: usize) -> Result<PontoonApply, Failure> {
        let apply = self.raft.next_apply(max_bytes).ok_or(Failure::NoWork)?;
        Ok(self.applied.hold(apply))
    }
}
