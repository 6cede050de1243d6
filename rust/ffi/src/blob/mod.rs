//! A server's persistent state as one run of bytes, kept up to date by what
//! changed: the cost of a batch is the batch, not the log.
//!
//! Layout, integers little-endian:
//!
//! | offset | field |
//! |---|---|
//! | 0  | magic `PNTN` |
//! | 4  | version |
//! | 5  | flags: 1 a vote is held, 2 there is a snapshot |
//! | 6  | 0, 0 |
//! | 8  | id of the server whose state this is |
//! | 16 | current term |
//! | 24 | voted for |
//! | 32 | snapshot: last included index |
//! | 40 | snapshot: last included term |
//! | 48 | snapshot: length of the service's bytes, which are stored apart |
//! | 56 | snapshot: digest of those bytes |
//! | 64 | number of entries |
//! | 72 | length of the entries' records |
//! | 80 | sum of the records' digests |
//! | 88 | digest of the bytes before |
//! | 96 | the records, each an encoded entry; the first follows the snapshot |
//!
//! The header has a fixed size and is written anew with every change. A
//! record's digest is seeded with its index, so that the sum can follow an
//! append, a cut and a drop by looking at those records alone.

mod digest;
mod header;

use std::collections::VecDeque;

use pontoon_core::{Entry, LogDelta, Persist, Restored, Snapshot};

use crate::codec;
use crate::failure::Failure;
use digest::digest;
use header::{HEADER_BYTES, Header};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use header::{INDEX_MAX, seal};

/// Unused bytes in front of the image that are worth closing the gap.
const GAP_BYTES_MIN: usize = 4096;

/// The encoded state and the snapshot that belongs to it.
pub(crate) struct Blob {
    header: Header,
    /// `image[start..]` is the state. Dropped records leave a gap before it,
    /// which is closed once it outweighs the rest.
    image: Vec<u8>,
    start: usize,
    /// Where each record ends, counted in bytes of records since the beginning
    /// of time; `dropped` of them are gone from the front.
    ends: VecDeque<u64>,
    dropped: u64,
    snapshot: Option<Snapshot>,
    #[cfg(test)]
    pub(crate) encoded_entries: u64,
    #[cfg(test)]
    pub(crate) moved_bytes: u64,
}

impl Blob {
    /// The state of server `id`, which never ran.
    pub(crate) fn new(id: u64) -> Blob {
        let header = Header {
            id,
            ..Header::default()
        };
        Blob::with(header, header.encode().to_vec())
    }

    fn with(header: Header, image: Vec<u8>) -> Blob {
        Blob {
            header,
            image,
            start: 0,
            ends: VecDeque::new(),
            dropped: 0,
            snapshot: None,
            #[cfg(test)]
            encoded_entries: 0,
            #[cfg(test)]
            moved_bytes: 0,
        }
    }

    /// Reads what server `id` stored: the state and the snapshot beside it.
    /// No bytes at all are a server that never ran.
    pub(crate) fn decode(id: u64, state: &[u8], snapshot: &[u8]) -> Result<(Blob, Restored), Failure> {
        if state.is_empty() {
            if snapshot.is_empty() {
                return Ok((Blob::new(id), Restored::default()));
            }
            return damaged(format!(
                "there is a snapshot of {} bytes but no state: pass both as they were stored together",
                snapshot.len()
            ));
        }
        let header = Header::decode(state)?;
        if header.id != id {
            return damaged(format!(
                "this is the state of server {}, not of server {id}: pass each server its own",
                header.id
            ));
        }
        header.check_snapshot(snapshot)?;
        let records = &state[HEADER_BYTES..];
        if records.len() as u64 != header.record_bytes {
            return damaged(format!(
                "the state is {} bytes long, its header says {}: it was cut short or something was added",
                state.len(),
                header.record_bytes.saturating_add(HEADER_BYTES as u64)
            ));
        }
        // Before anything is allocated by this number.
        if header.entry_count > header.record_bytes / codec::ENTRY_BYTES_MIN as u64 {
            return damaged(format!("{} entries do not fit into the state", header.entry_count));
        }
        let mut blob = Blob::with(header, state.to_vec());
        let entries = blob.read_records(records)?;
        blob.snapshot = header.has_snapshot.then(|| Snapshot {
            index: header.snapshot_index,
            term: header.snapshot_term,
            data: snapshot.into(),
        });
        let restored = Restored {
            hard_state: header.hard_state,
            snapshot: blob.snapshot.clone(),
            entries,
        };
        Ok((blob, restored))
    }

    /// Fills `ends` and checks the records' sum.
    fn read_records(&mut self, records: &[u8]) -> Result<Vec<Entry>, Failure> {
        let count = self.header.entry_count;
        let mut entries = Vec::with_capacity(count as usize);
        let mut used = 0;
        let mut sum: u64 = 0;
        for index in (self.header.snapshot_index + 1..).take(count as usize) {
            let (entry, len) = codec::decode_entry(&records[used..])?;
            sum = sum.wrapping_add(digest(index, &records[used..used + len]));
            used += len;
            entries.push(entry);
            self.ends.push_back(used as u64);
        }
        if used != records.len() || sum != self.header.record_sum {
            return damaged("the log in the state is damaged".into());
        }
        Ok(entries)
    }

    /// The state, to be stored.
    pub(crate) fn state(&self) -> &[u8] {
        &self.image[self.start..]
    }

    /// The service's bytes, to be stored with the state.
    pub(crate) fn snapshot(&self) -> &[u8] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.data)
    }

    /// Takes over what changed.
    ///
    /// # Panics
    /// The change does not fit the state: the core and this record of it
    /// disagree about the log.
    pub(crate) fn apply(&mut self, persist: &Persist) {
        self.header.hard_state = persist.hard_state;
        if let Some(snapshot) = &persist.snapshot {
            self.put_snapshot(snapshot);
        }
        if let Some(delta) = &persist.log {
            self.put_log(delta);
        }
        self.header.entry_count = self.ends.len() as u64;
        self.header.record_bytes = self.end() - self.dropped;
        self.close_gap();
        self.image[self.start..][..HEADER_BYTES].copy_from_slice(&self.header.encode());
    }

    fn put_snapshot(&mut self, snapshot: &Snapshot) {
        let base = self.header.snapshot_index;
        let covered = snapshot.index.checked_sub(base).expect("snapshots never move back");
        let dropped = self.ends.len().min(usize::try_from(covered).unwrap_or(usize::MAX));
        for at in 0..dropped {
            self.forget(at);
        }
        let gone = dropped.checked_sub(1).map_or(self.dropped, |last| self.ends[last]);
        self.start += (gone - self.dropped) as usize;
        self.dropped = gone;
        self.ends.drain(..dropped);
        self.header.set_snapshot(snapshot);
        self.snapshot = Some(snapshot.clone());
    }

    fn put_log(&mut self, delta: &LogDelta) {
        let keep = delta.from.checked_sub(self.header.snapshot_index + 1);
        let keep = keep.expect("the log changes after the snapshot alone") as usize;
        assert!(keep <= self.ends.len(), "a gap before entry {}", delta.from);
        for at in keep..self.ends.len() {
            self.forget(at);
        }
        self.ends.truncate(keep);
        self.image.truncate(self.position(self.end()));
        for (index, entry) in (delta.from..).zip(&delta.entries) {
            let at = self.image.len();
            let len = codec::encode_entry(entry, &mut self.image).unwrap_or_else(|failure| panic!("{failure}"));
            self.header.record_sum = self.header.record_sum.wrapping_add(digest(index, &self.image[at..]));
            self.ends.push_back(self.end() + len as u64);
            #[cfg(test)]
            {
                self.encoded_entries += 1;
            }
        }
    }

    /// Takes a record out of the sum.
    fn forget(&mut self, at: usize) {
        let begin = at.checked_sub(1).map_or(self.dropped, |before| self.ends[before]);
        let bytes = &self.image[self.position(begin)..self.position(self.ends[at])];
        let index = self.header.snapshot_index + 1 + at as u64;
        self.header.record_sum = self.header.record_sum.wrapping_sub(digest(index, bytes));
    }

    /// Where the last record ends.
    fn end(&self) -> u64 {
        self.ends.back().copied().unwrap_or(self.dropped)
    }

    /// Where in the image a count of bytes since the beginning of time is.
    fn position(&self, bytes: u64) -> usize {
        self.start + HEADER_BYTES + (bytes - self.dropped) as usize
    }

    fn close_gap(&mut self) {
        let live = self.image.len() - self.start;
        if self.start < GAP_BYTES_MIN.max(live) {
            return;
        }
        self.image.drain(..self.start);
        self.start = 0;
        if self.image.capacity() / 4 > self.image.len().max(GAP_BYTES_MIN) {
            self.image.shrink_to(self.image.len() * 2);
        }
        #[cfg(test)]
        {
            self.moved_bytes += live as u64;
        }
    }
}

fn damaged<T>(text: String) -> Result<T, Failure> {
    Err(Failure::Decode(text))
}

#[cfg(test)]
mod tests;
