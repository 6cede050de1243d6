//! A server's log and state, rebuilt from nothing but what it had at its start
//! and the events that it tells of since.

use std::collections::BTreeSet;

use pontoon_core::*;

use crate::kit::disk::Disk;

/// What the events say that a server has.
pub struct Replay {
    term: Term,
    role: Role,
    votes: BTreeSet<(Term, NodeId)>,
    base: (Index, Term),
    /// Term and digest of each entry after the base; a run of entries tells
    /// the digest of its last one.
    entries: Vec<(Term, Option<u64>)>,
    commit: Index,
    snapshot: Index,
    /// What the latest batch wrote: term, vote, last index and its term.
    pub persisted: Option<(Term, Option<NodeId>, Index, Term)>,
}

impl Replay {
    /// A server that starts from a disk.
    pub fn of(disk: &Disk) -> Replay {
        let Restored {
            hard_state,
            snapshot,
            entries,
        } = &disk.0;
        let base = snapshot
            .as_ref()
            .map_or((0, 0), |snapshot| (snapshot.index, snapshot.term));
        Replay {
            term: hard_state.term,
            role: Role::Follower,
            votes: hard_state
                .voted_for
                .map(|peer| (hard_state.term, peer))
                .into_iter()
                .collect(),
            base,
            entries: entries
                .iter()
                .map(|entry| (entry.term, Some(digest(&entry.payload))))
                .collect(),
            commit: base.0,
            snapshot: base.0,
            persisted: None,
        }
    }

    fn last(&self) -> (Index, Term) {
        let term = self.entries.last().map_or(self.base.1, |entry| entry.0);
        (self.base.0 + self.entries.len() as Index, term)
    }

    fn term_at(&self, index: Index) -> Option<Term> {
        match index.checked_sub(self.base.0)? {
            0 => Some(self.base.1),
            after => self.entries.get(after as usize - 1).map(|entry| entry.0),
        }
    }

    /// One event, of server `id`.
    pub fn happens(&mut self, id: NodeId, event: Event) {
        match event {
            Event::Timeout { term } => {
                assert_eq!(term, self.term);
                assert_ne!(self.role, Role::Leader);
            }
            Event::TimerReset { .. } => {}
            Event::RoleChange { role, term } => {
                assert_ne!((self.role, self.term), (role, term), "nothing changed");
                (self.role, self.term) = (role, term);
            }
            Event::Vote {
                peer,
                term,
                index,
                log_term,
            } => {
                assert_eq!(term, self.term);
                assert!(peer != id || (index, log_term) == self.last());
                self.votes.insert((term, peer));
            }
            Event::Append {
                peer,
                term,
                first,
                last,
                log_term,
                digest,
            } => {
                assert_eq!((term, first), (self.term, self.last().0 + 1));
                assert_eq!(peer == id, self.role == Role::Leader);
                self.entries.extend((first..last).map(|_| (log_term, None)));
                self.entries.push((log_term, Some(digest)));
            }
            Event::Truncate {
                peer,
                term,
                first,
                last,
                log_term,
            } => {
                assert!(term == self.term && peer != id && first > self.base.0);
                assert_eq!((last, Some(log_term)), (self.last().0, self.term_at(first)));
                self.entries.truncate((first - self.base.0 - 1) as usize);
            }
            Event::Persist {
                term,
                voted_for,
                index,
                log_term,
            } => {
                self.persisted = Some((term, voted_for, index, log_term));
            }
            Event::Commit {
                from,
                to,
                log_term,
                role,
            } => {
                assert_eq!((from, role, Some(log_term)), (self.commit, self.role, self.term_at(to)));
                self.commit = to;
            }
            Event::Snapshot { index, log_term } => {
                assert_eq!(self.term_at(index), Some(log_term));
                self.snapshot = index;
            }
            Event::Install { peer, index, log_term } => {
                assert_ne!(peer, id);
                let kept = self.term_at(index);
                let covered = index.saturating_sub(self.base.0) as usize;
                self.entries.drain(..covered.min(self.entries.len()));
                // A mutant keeps what contradicts the snapshot, and its term.
                let term = kept.filter(|_| !self.entries.is_empty()).unwrap_or(log_term);
                self.base = (index, term);
                self.snapshot = index;
            }
        }
    }

    /// Whether that is what the server says of itself.
    pub fn check_status(&self, status: &Status) {
        let told = (self.term, self.role, self.commit, self.last(), self.snapshot);
        let is = (
            status.term,
            status.role,
            status.commit_index,
            (status.last_index, status.last_term),
            status.snapshot_index,
        );
        assert_eq!(
            told, is,
            "the events tell of another state: term, role, commit, last, snapshot"
        );
    }

    /// Whether that is the log: of a batch that was taken, or on the disk.
    pub fn check_log(&self, log: &Disk) {
        assert_eq!(self.last().0, log.last(), "the events tell of another log");
        for index in log.base().max(self.base.0) + 1..=log.last() {
            let (term, told) = self.entries[(index - self.base.0 - 1) as usize];
            let entry = log.entry(index).expect("within the log");
            assert_eq!(term, entry.term, "the events tell of another entry at {index}");
            let same = told.is_none_or(|told| told == digest(&entry.payload));
            assert!(same, "the events tell of another command at {index}");
        }
    }

    /// Whether the latest batch wrote what it said.
    pub fn check_disk(&self, disk: &Disk) {
        let Some((term, voted_for, index, log_term)) = self.persisted else {
            return;
        };
        let HardState {
            term: there,
            voted_for: vote,
        } = disk.0.hard_state;
        assert_eq!(
            (term, voted_for, index),
            (there, vote, disk.last()),
            "the events tell of another disk"
        );
        assert_eq!(
            Some(log_term),
            disk.term(index),
            "the events tell of another entry on disk"
        );
        let voted = voted_for.is_none_or(|peer| self.votes.contains(&(term, peer)));
        assert!(voted, "a vote was written that was never given");
    }
}
