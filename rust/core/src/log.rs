//! The log after its compacted prefix, and which part of it is durable.

use std::collections::VecDeque;

use crate::entry::Entry;
use crate::mutant::{self, Mutant};
use crate::work::LogDelta;
use crate::{Index, Term};

/// Entries `base_index + 1 ..= last_index()`.
///
/// Invariants: terms never fall from one entry to the next;
/// `base_index <= stable <= last_index()`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    base_index: Index,
    base_term: Term,
    entries: VecDeque<Entry>,
    /// Highest index whose present content is durable.
    stable: Index,
    /// Everything from here on changed since the last batch was taken.
    dirty_from: Option<Index>,
    /// Last index of the batch that is being written.
    writing_to: Option<Index>,
}

impl Log {
    /// A log as storage gave it back: all of it durable.
    pub(crate) fn new(base_index: Index, base_term: Term, entries: Vec<Entry>) -> Log {
        let stable = base_index + entries.len() as Index;
        Log {
            base_index,
            base_term,
            entries: entries.into(),
            stable,
            dirty_from: None,
            writing_to: None,
        }
    }

    pub(crate) fn base_index(&self) -> Index {
        self.base_index
    }

    pub(crate) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    pub(crate) fn last_term(&self) -> Term {
        self.entries.back().map_or(self.base_term, |e| e.term)
    }

    pub(crate) fn stable(&self) -> Index {
        self.stable
    }

    /// The term at `index`; `None` outside of `base_index..=last_index`.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if index == self.base_index {
            return Some(self.base_term);
        }
        let at = index.checked_sub(self.base_index + 1)?;
        self.entries.get(at as usize).map(|e| e.term)
    }

    /// The highest index at or below `index` whose term is at most `term`;
    /// at least `base_index - 1`, which says "before what is known here".
    /// No higher index can agree with a log that has `term` at `index` (§5.3).
    pub(crate) fn last_not_after(&self, index: Index, term: Term) -> Index {
        if index < self.base_index || self.base_term > term {
            return index.min(self.base_index.saturating_sub(1));
        }
        let not_after = self.entries.partition_point(|e| e.term <= term) as Index;
        index.min(self.base_index + not_after)
    }

    /// Clones entries `from..=to` while their cost stays within `max_bytes`,
    /// at least one. Cloning shares the commands' bytes.
    pub(crate) fn slice(&self, from: Index, to: Index, max_bytes: usize) -> Vec<Entry> {
        assert!(from > self.base_index, "entry {from} was compacted");
        let skip = (from - self.base_index - 1) as usize;
        let count = (to.min(self.last_index()) + 1).saturating_sub(from) as usize;
        let mut cost = 0;
        self.entries
            .range(skip.min(self.entries.len())..)
            .take(count)
            .take_while(|entry| {
                let first = cost == 0;
                cost += entry.payload.cost();
                first || cost <= max_bytes
            })
            .cloned()
            .collect()
    }

    /// Appends one entry and returns its index.
    pub(crate) fn append(&mut self, entry: Entry) -> Index {
        assert!(entry.term >= self.last_term(), "terms in a log never fall");
        self.entries.push_back(entry);
        let index = self.last_index();
        self.mark_dirty(index);
        index
    }

    /// Drops `index` and everything after it.
    pub(crate) fn truncate(&mut self, index: Index) {
        assert!(index > self.base_index, "cannot cut into the snapshot");
        if index > self.last_index() {
            return;
        }
        self.entries.truncate((index - self.base_index - 1) as usize);
        self.stable = self.stable.min(index - 1);
        self.mark_dirty(index);
    }

    /// Forgets entries up to and including `index`, which stay in a snapshot.
    pub(crate) fn compact(&mut self, index: Index) {
        if index <= self.base_index {
            return;
        }
        let term = self.term(index).expect("only entries that exist are compacted");
        self.entries.drain(..(index - self.base_index) as usize);
        self.base_index = index;
        self.base_term = if mutant::on(Mutant::BoundaryTermLost) { 0 } else { term };
    }

    /// Replaces everything by a snapshot that contradicts it (Figure 13, step 7).
    pub(crate) fn reset(&mut self, index: Index, term: Term) {
        self.entries.clear();
        self.base_index = index;
        self.base_term = term;
        self.stable = index;
        self.dirty_from = Some(index + 1);
    }

    fn mark_dirty(&mut self, index: Index) {
        self.dirty_from = Some(self.dirty_from.map_or(index, |from| from.min(index)));
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty_from.is_some()
    }

    /// What changed since the last call, to be written.
    pub(crate) fn take_delta(&mut self) -> Option<LogDelta> {
        self.writing_to = Some(self.last_index());
        let from = self.dirty_from.take()?;
        let entries = self.slice(from, self.last_index(), usize::MAX);
        Some(LogDelta { from, entries })
    }

    /// The batch taken last is durable. What was cut or replaced meanwhile is
    /// not: an acknowledgement for an overwritten entry says nothing about the
    /// new one (the ABA of asynchronous writes).
    pub(crate) fn delta_written(&mut self) {
        let Some(written) = self.writing_to.take() else {
            return;
        };
        let changed_from = self.dirty_from.filter(|_| !mutant::on(Mutant::StableWhenOverwritten));
        let unchanged = changed_from.map_or(written, |from| written.min(from - 1));
        self.stable = self.stable.max(unchanged.min(self.last_index()));
    }
}
