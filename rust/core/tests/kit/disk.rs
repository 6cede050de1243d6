//! A disk that holds exactly what a server had written when it crashed.

use pontoon_core::{Entry, Index, Persist, Restored, Term};

/// What a restart finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk(pub Restored);

impl Disk {
    /// Writes one batch, in the order that [`Persist`] prescribes.
    pub fn write(&mut self, persist: &Persist) {
        self.0.hard_state = persist.hard_state;
        if let Some(snapshot) = &persist.snapshot {
            let covered = snapshot.index.saturating_sub(self.base()) as usize;
            self.0.entries.drain(..covered.min(self.0.entries.len()));
            self.0.snapshot = Some(snapshot.clone());
        }
        if let Some(log) = &persist.log {
            assert!(log.from > self.base(), "the log changes inside the snapshot");
            let keep = (log.from - self.base() - 1) as usize;
            assert!(keep <= self.0.entries.len(), "a hole in the log before {}", log.from);
            self.0.entries.truncate(keep);
            self.0.entries.extend(log.entries.iter().cloned());
        }
    }

    /// Last index that the snapshot replaces, or 0.
    pub fn base(&self) -> Index {
        self.0.snapshot.as_ref().map_or(0, |snapshot| snapshot.index)
    }

    /// Last index of the log.
    pub fn last(&self) -> Index {
        self.base() + self.0.entries.len() as Index
    }

    /// The entry at `index`, if it is in the log.
    pub fn entry(&self, index: Index) -> Option<&Entry> {
        self.0.entries.get(index.checked_sub(self.base() + 1)? as usize)
    }

    /// The term at `index`, if it is known.
    pub fn term(&self, index: Index) -> Option<Term> {
        match &self.0.snapshot {
            _ if index == 0 => Some(0),
            Some(snapshot) if snapshot.index == index => Some(snapshot.term),
            _ => self.entry(index).map(|entry| entry.term),
        }
    }
}
