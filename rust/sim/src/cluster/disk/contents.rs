//! What storage holds, whatever the bytes look like: term and vote, a
//! snapshot, and the log after it.

use crate::lab::size;
use pontoon_core::{Entry, HardState, Index, Persist, Restored, Snapshot};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(super) hard_state: HardState,
    pub(super) snapshot: Option<Snapshot>,
    /// The first has index `base() + 1`.
    pub(super) entries: Vec<Entry>,
}

impl Contents {
    pub(crate) fn base(&self) -> Index {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.index)
    }

    /// Whether `persist` can follow what is here.
    pub(super) fn fits(&self, persist: &Persist) -> bool {
        let base = persist.snapshot.as_ref().map_or(self.base(), |snapshot| snapshot.index);
        let last_index = base.max(self.base() + self.entries.len() as Index);
        let log = persist.log.as_ref().map_or(base + 1, |delta| delta.from);
        base >= self.base() && (base + 1..=last_index + 1).contains(&log)
    }

    /// One batch more, in the order of its fields.
    pub(crate) fn apply(&mut self, persist: Persist) {
        self.hard_state = persist.hard_state;
        if let Some(snapshot) = persist.snapshot {
            let gone = (snapshot.index - self.base()) as usize;
            self.entries.drain(..gone.min(self.entries.len()));
            self.snapshot = Some(snapshot);
        }
        if let Some(delta) = persist.log {
            let kept = (delta.from - self.base() - 1) as usize;
            assert!(kept <= self.entries.len(), "a batch leaves a hole in the log");
            self.entries.truncate(kept);
            self.entries.extend(delta.entries);
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What a server that starts finds.
    pub(crate) fn restore(&self) -> Restored {
        Restored {
            hard_state: self.hard_state,
            snapshot: self.snapshot.clone(),
            entries: self.entries.clone(),
        }
    }

    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Estimate of the encoded size of term, vote and log.
    pub(crate) fn state_bytes(&self) -> usize {
        size::STATE_HEADER + self.entries.iter().map(size::entry).sum::<usize>()
    }
}
