//! Snapshots: taking them, sending them, installing them (§7, Figure 13).

use std::fmt;

use super::{Raft, RoleState};
use crate::bytes::Bytes;
use crate::entry::Snapshot;
use crate::event::Event;
use crate::message::{InstallSnapshot, InstallSnapshotReply, Message};
use crate::mutant::{self, Mutant};
use crate::progress::Mode;
use crate::{Index, NodeId, Term};

/// A snapshot was refused; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Only what was delivered and is not in the present snapshot can be snapshotted.
    OutOfRange {
        /// The present snapshot's last index: `index` must be above.
        snapshot_index: Index,
        /// Highest index delivered: `index` must not be above.
        delivered_index: Index,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SnapshotError::OutOfRange {
            snapshot_index,
            delivered_index,
        } = self;
        write!(
            f,
            "a snapshot's index must be above {snapshot_index} and at most {delivered_index}"
        )
    }
}

impl std::error::Error for SnapshotError {}

/// A snapshot that arrives in pieces.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    index: Index,
    term: Term,
    data: Vec<u8>,
}

impl Raft {
    /// The service has put everything up to `index` into `data`; the log
    /// before it can go.
    ///
    /// # Errors
    /// `index` is not above the present snapshot or was not delivered yet.
    pub fn snapshot(&mut self, now_ms: u64, index: Index, data: Bytes) -> Result<(), SnapshotError> {
        self.advance_clock(now_ms);
        if index <= self.snapshot.index || index > self.delivered {
            return Err(SnapshotError::OutOfRange {
                snapshot_index: self.snapshot.index,
                delivered_index: self.delivered,
            });
        }
        let term = self
            .log
            .term(index)
            .expect("what is delivered and not compacted is in the log");
        self.snapshot = Snapshot { index, term, data };
        self.pending.snapshot_dirty = true;
        self.events.record(|| Event::Snapshot { index, log_term: term });
        self.log.compact(index.min(self.pinned_index()));
        Ok(())
    }

    /// The next piece of the snapshot that this peer is being sent.
    pub(super) fn snapshot_chunk(&mut self, position: usize, seq: u64) -> Message {
        let RoleState::Leader { progress } = &mut self.role else {
            unreachable!("only a leader sends snapshots");
        };
        let peer = &mut progress[position];
        peer.note_sent(self.now_ms);
        peer.data_sent_ms = self.now_ms;
        peer.snapshot_seq = seq;
        let Mode::Snapshot { snapshot, offset } = &peer.mode else {
            unreachable!("the caller saw that a transfer is under way");
        };
        let end = (offset + self.config.snapshot_chunk_bytes).min(snapshot.data.len());
        Message::InstallSnapshot(InstallSnapshot {
            term: self.hard_state.term,
            seq,
            last_included_index: snapshot.index,
            last_included_term: snapshot.term,
            offset: *offset as u64,
            data: Bytes::from(&snapshot.data[*offset..end]),
            done: end == snapshot.data.len(),
        })
    }

    /// Figure 13, receiver implementation.
    pub(super) fn on_install_snapshot(&mut self, from: NodeId, ticket: u64, m: InstallSnapshot) {
        let mut reply = InstallSnapshotReply {
            term: self.hard_state.term,
            request_term: m.term,
            seq: m.seq,
            last_included_index: m.last_included_index,
            next_offset: 0,
            installed: None,
        };
        if m.term >= self.hard_state.term {
            self.follow(from);
            (reply.next_offset, reply.installed) = self.take_chunk(from, m);
        }
        self.reply(from, ticket, Message::InstallSnapshotReply(reply));
    }

    /// How much of the snapshot is here, and what agrees once that is enough.
    fn take_chunk(&mut self, from: NodeId, m: InstallSnapshot) -> (u64, Option<Index>) {
        let (index, term) = (m.last_included_index, m.last_included_term);
        // Behind what is committed it says nothing new, and the state machine
        // never moves back (rule 34).
        if index <= self.commit && !mutant::on(Mutant::InstallOldSnapshot) {
            return (0, Some(self.commit));
        }
        // Figure 13, step 6: the log holds all that the snapshot covers, so it
        // is committed, and what follows is kept.
        if index > self.commit && self.log.term(index) == Some(term) && !mutant::on(Mutant::DiscardMatchingLog) {
            self.commit_to(index);
            return (0, Some(index));
        }
        let fits = |incoming: &Incoming| (incoming.index, incoming.term) == (index, term);
        if m.offset == 0 && !self.incoming.as_ref().is_some_and(fits) {
            self.incoming = Some(Incoming {
                index,
                term,
                data: Vec::new(),
            });
        }
        let Some(incoming) = self.incoming.as_mut().filter(|incoming| fits(incoming)) else {
            return (0, None); // a later piece never opens a transfer (rule 36)
        };
        if m.offset != incoming.data.len() as u64 {
            return (incoming.data.len() as u64, None);
        }
        incoming.data.extend_from_slice(&m.data);
        if !m.done {
            return (incoming.data.len() as u64, None);
        }
        let data = Bytes::from(std::mem::take(&mut incoming.data));
        self.incoming = None;
        self.install(from, Snapshot { index, term, data });
        (0, Some(index))
    }

    /// Figure 13, steps 7 and 8: the log contradicts the snapshot or ends
    /// before it. All of it goes, also what stands after the snapshot (rule 33).
    fn install(&mut self, from: NodeId, snapshot: Snapshot) {
        let keep = mutant::on(Mutant::KeepLogOnInstall) && snapshot.index < self.log.last_index();
        match keep && snapshot.index > self.log.base_index() {
            true => self.log.compact(snapshot.index),
            false => {
                self.cut(snapshot.index.max(self.log.base_index()) + 1, from);
                self.log.reset(snapshot.index, snapshot.term);
            }
        }
        self.events.record(|| Event::Install {
            peer: from,
            index: snapshot.index,
            log_term: snapshot.term,
        });
        self.commit_to(snapshot.index);
        self.pending.install(snapshot.clone());
        self.snapshot = snapshot;
    }

    pub(super) fn on_installed(&mut self, from: NodeId, m: InstallSnapshotReply) {
        if m.request_term != self.hard_state.term {
            return;
        }
        let position = self.peer_position(from);
        let base_index = self.log.base_index();
        let RoleState::Leader { progress } = &mut self.role else {
            return;
        };
        let peer = &mut progress[position];
        peer.heard(self.now_ms);
        if let Some(index) = m.installed {
            // An arrived transfer is over, also when the log has moved on
            // meanwhile: the next message then opens one of the newer snapshot.
            let arrived = matches!(&peer.mode, Mode::Snapshot { snapshot, .. } if snapshot.index <= index);
            peer.acknowledged(index, if arrived { 0 } else { base_index });
            self.advance_commit();
            return;
        }
        // Where to go on. Only the newest piece's answer counts: an older one
        // would turn the transfer back.
        let newest = peer.snapshot_seq == m.seq;
        if let Mode::Snapshot { snapshot, offset } = &mut peer.mode
            && newest
            && snapshot.index == m.last_included_index
        {
            *offset = (m.next_offset as usize).min(snapshot.data.len());
            peer.urgent = true;
        }
    }
}
