//! A disk: what was written and synced, and nothing else. A batch is one
//! atomic unit by the storage contract: after a crash it is there or it is not.

use crate::lab::size;
use pontoon_core::{Entry, HardState, Index, Persist, Restored, Snapshot};

#[derive(Default)]
pub(crate) struct Disk {
    hard_state: HardState,
    snapshot: Option<Snapshot>,
    /// The first has index `base() + 1`.
    entries: Vec<Entry>,
}

impl Disk {
    pub(crate) fn base(&self) -> Index {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.index)
    }

    pub(crate) fn write(&mut self, persist: Persist) {
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

    /// Loses the last entries, which no disk may do.
    pub(super) fn lose(&mut self, entries: usize) {
        self.entries.truncate(self.entries.len() - entries);
    }

    pub(super) fn len(&self) -> usize {
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
