//! One node: the state machine, its encoded state, and the memory that the
//! views of its outputs point into.

use pontoon_core::Raft;

use crate::abi::*;
use crate::applied::Applied;
use crate::batch::Batch;
use crate::blob::Blob;
use crate::events::Events;
use crate::failure::Failure;

const DRAINING: Failure = Failure::WorkOutstanding("another thread is draining the node");

/// Later times count as this one, so that deadlines do not overflow.
pub(crate) const TIME_MS_MAX: u64 = 1 << 62;

/// Which outputs a drain owns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DrainKind {
    Work,
    WorkAndApply,
}

pub(crate) struct Node {
    pub(crate) raft: Raft,
    pub(crate) blob: Blob,
    pub(crate) batch: Batch,
    pub(crate) applied: Applied,
    pub(crate) events: Events,
    /// The drain that owns the outputs, if there is one.
    pub(crate) drain: Option<DrainKind>,
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
            events: Events::default(),
            drain: None,
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
        if self.raft.has_events() {
            ready |= PONTOON_READY_EVENTS;
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
            role: number_of(status.role),
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

    /// Whether batches may be taken and ended from outside.
    pub(crate) fn check_not_draining(&self) -> Result<(), Failure> {
        match self.drain {
            Some(_) => Err(DRAINING),
            None => Ok(()),
        }
    }

    /// Whether entries may be taken from outside.
    pub(crate) fn check_not_applying(&self) -> Result<(), Failure> {
        match self.drain {
            Some(DrainKind::WorkAndApply) => Err(DRAINING),
            _ => Ok(()),
        }
    }

    pub(crate) fn begin_drain(&mut self, kind: DrainKind) -> Result<(), Failure> {
        self.check_not_draining()?;
        self.check_no_batch()?;
        self.drain = Some(kind);
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

#[cfg(test)]
mod tests {
    use pontoon_core::{Bytes, Config};

    use super::*;

    /// Does all work; returns how many batches that took.
    fn settle(node: &mut Node) -> usize {
        let mut batches = 0;
        while let Ok(work) = node.take_work(0) {
            node.work_done(0, work.sequence).unwrap();
            batches += 1;
        }
        batches
    }

    #[test]
    fn a_start_never_encodes_the_whole_log() {
        let config = Config::lab(1, vec![1], 1);
        let (blob, restored) = Blob::decode(1, &[], &[]).unwrap();
        let raft = Raft::new(config, restored, 0).unwrap();
        let mut node = Node::new(raft, blob, vec![1], 0);
        let deadline_ms = node.step().deadline_ms;
        node.raft.tick(deadline_ms);
        settle(&mut node);
        assert_eq!(node.state().role, PONTOON_ROLE_LEADER);

        for index in 1..=20_000 {
            let bytes_before = node.blob.state().len();
            node.raft.propose(0, Bytes::from("command")).unwrap();
            assert!(settle(&mut node) <= 2);
            assert_eq!(node.blob.encoded_entries, index);
            assert_eq!(node.blob.state().len() - bytes_before, "command".len() + 3);
        }
        assert_eq!(node.blob.moved_bytes, 0);
        assert_eq!(node.state().commit_index, 20_000);
    }
}
