//! A disk as the storage contract wants it, on a device that does not help:
//! a batch is written to a volatile cache, and durable once that is synced. A
//! crash in between tears, scatters or drops what was written; recovery finds
//! the batch whole or not at all, and everything before it.

mod contents;
mod device;
mod journal;
pub(crate) mod mutant;
#[cfg(test)]
mod tests;

use pontoon_core::{LogDelta, Persist};

pub(crate) use contents::Contents;
pub(crate) use device::Damage;
use device::Device;
use journal::Place;
use mutant::{Bug, on};

/// A batch whose bytes are in the cache.
struct Writing {
    persist: Persist,
    after: Place,
}

#[derive(Default)]
pub(crate) struct Disk {
    device: Device,
    /// What is durable.
    contents: Contents,
    place: Place,
    writing: Option<Writing>,
}

impl Disk {
    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Begins to write a batch. One with a snapshot starts the other file, as
    /// a checkpoint: the one before stays until that is whole.
    pub(crate) fn write(&mut self, persist: Persist) {
        assert!(self.writing.is_none(), "one batch at a time");
        let after = match persist.snapshot.is_some() || self.place.generation == 0 {
            true => self.write_checkpoint(persist.clone()),
            false => {
                let (bytes, after) = journal::encode(self.place, &persist);
                self.device.write(self.place.file, self.place.end, bytes);
                after
            }
        };
        self.writing = Some(Writing { persist, after });
    }

    fn write_checkpoint(&mut self, persist: Persist) -> Place {
        let mut contents = self.contents.clone();
        contents.apply(persist);
        let from = contents.base() + 1;
        let all = Persist {
            hard_state: contents.hard_state,
            snapshot: contents.snapshot,
            log: Some(LogDelta {
                from,
                entries: contents.entries,
            }),
        };
        let Place { file, generation, .. } = self.place;
        let start = journal::start(1 - file, generation + 1, self.place.batches);
        let (records, after) = journal::encode(start, &all);
        let mut bytes = start.generation.to_le_bytes().to_vec();
        bytes.extend_from_slice(&records);
        self.device.write(start.file, 0, bytes);
        after
    }

    /// The batch is durable: whoever asks may be told.
    pub(crate) fn sync(&mut self) {
        let writing = self.writing.take().expect("a batch is being written");
        if !on(Bug::SyncsNothing) {
            self.device.sync();
        }
        self.contents.apply(writing.persist);
        self.place = writing.after;
    }

    /// Whether a crash now has something to damage.
    pub(crate) fn is_writing(&self) -> bool {
        self.device.has_unsynced()
    }

    /// The power goes, and the disk is read again. Whether the batch being
    /// written is there.
    pub(crate) fn crash(&mut self, damage: Damage) -> bool {
        let writing = self.writing.take();
        if !self.device.has_unsynced() {
            return false;
        }
        self.device.crash(damage);
        self.recover();
        writing.is_some_and(|writing| self.place.batches == writing.after.batches)
    }

    /// Reads both files: the later checkpoint that is whole counts, with the
    /// whole batches behind it. The rest of the file is erased, so that it is
    /// never read as a part of what comes.
    fn recover(&mut self) {
        let read = |file| journal::read(file, self.device.file(file));
        let found = [0, 1].into_iter().filter_map(read);
        let found = found.max_by_key(|(_, place)| place.generation);
        (self.contents, self.place) = found.unwrap_or_default();
        if self.place.generation > 0 {
            self.device.truncate(self.place.file, self.place.end);
        }
    }

    /// Loses the last entries, which no disk may do.
    pub(super) fn lose(&mut self, entries: usize) {
        let kept = self.contents.len() - entries;
        self.write(Persist {
            hard_state: self.contents.hard_state,
            snapshot: None,
            log: Some(LogDelta {
                from: self.contents.base() + kept as u64 + 1,
                entries: Vec::new(),
            }),
        });
        self.sync();
    }
}
