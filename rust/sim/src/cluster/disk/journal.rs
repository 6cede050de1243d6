//! A write-ahead log of checksummed records. A batch is the records up to a
//! `COMMIT`; without that, or with a record that is damaged, it never was.
//! A record's checksum covers all before it in the file, so that what is left
//! of an earlier attempt is not taken for the rest of a later one.

use pontoon_core::{Bytes, Entry, HardState, LogDelta, Payload, Persist, Snapshot};

use super::contents::Contents;
use super::mutant::{Bug, on};
use crate::dice::{hash_bytes, mix};

/// Which file a record belongs to, and the number of the checkpoint in it.
pub(super) const FILE_HEADER: usize = 8;
const RECORD_HEADER: usize = 16;

const HARD_STATE: u32 = 1;
const SNAPSHOT: u32 = 2;
const CUT: u32 = 3;
const ENTRY: u32 = 4;
const COMMIT: u32 = 5;

/// Where the next batch goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) generation: u64,
    pub(super) end: usize,
    chain: u64,
    /// Batches so far, over all generations.
    pub(super) batches: u64,
}

/// Where a file's first record stands.
pub(super) fn start(file: usize, generation: u64, batches: u64) -> Place {
    Place {
        file,
        generation,
        end: FILE_HEADER,
        chain: mix(0x706f_6e74_6f6f_6e21, generation),
        batches,
    }
}

struct Encoder {
    bytes: Vec<u8>,
    chain: u64,
}

impl Encoder {
    fn record(&mut self, kind: u32, parts: &[&[u8]]) {
        let header_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; RECORD_HEADER]);
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        let payload = &self.bytes[header_at + RECORD_HEADER..];
        let len = payload.len() as u32;
        self.chain = checksum(self.chain, kind, payload);
        let header = &mut self.bytes[header_at..header_at + RECORD_HEADER];
        header[..4].copy_from_slice(&len.to_le_bytes());
        header[4..8].copy_from_slice(&kind.to_le_bytes());
        header[8..].copy_from_slice(&self.chain.to_le_bytes());
    }
}

fn checksum(chain: u64, kind: u32, payload: &[u8]) -> u64 {
    mix(mix(chain, u64::from(kind)), hash_bytes(payload))
}

/// The records of one batch, to be written at `place`; and the place after it.
pub(super) fn encode(place: Place, persist: &Persist) -> (Vec<u8>, Place) {
    let bytes = Vec::with_capacity(128);
    let chain = place.chain;
    let mut to = Encoder { bytes, chain };
    let HardState { term, voted_for } = persist.hard_state;
    let vote = voted_for.unwrap_or(0);
    to.record(HARD_STATE, &[&term.to_le_bytes(), &vote.to_le_bytes()]);
    if let Some(snapshot) = &persist.snapshot {
        let (index, term) = (snapshot.index.to_le_bytes(), snapshot.term.to_le_bytes());
        to.record(SNAPSHOT, &[&index, &term, &snapshot.data]);
    }
    if let Some(delta) = &persist.log {
        to.record(CUT, &[&delta.from.to_le_bytes()]);
        for entry in &delta.entries {
            let term = entry.term.to_le_bytes();
            match &entry.payload {
                Payload::Noop => to.record(ENTRY, &[&term, &[0]]),
                Payload::Command(bytes) => to.record(ENTRY, &[&term, &[1], bytes]),
            }
        }
    }
    let batches = place.batches + 1;
    to.record(COMMIT, &[&batches.to_le_bytes()]);
    let after = Place {
        end: place.end + to.bytes.len(),
        chain: to.chain,
        batches,
        ..place
    };
    (to.bytes, after)
}

/// What a file holds: all whole batches, up to the first that is not. `None`:
/// not even one.
pub(super) fn read(file: usize, bytes: &[u8]) -> Option<(Contents, Place)> {
    let generation = u64::from_le_bytes(bytes.get(..FILE_HEADER)?.try_into().ok()?);
    let mut here = start(file, generation, 0);
    let mut contents = Contents::default();
    let mut found = None;
    let mut batch: Option<Persist> = None;
    // A record whose checksum holds says what was written: `?` is for bugs.
    while let Some((kind, payload, chain)) = record(&bytes[here.end..], here.chain) {
        here.chain = chain;
        here.end += RECORD_HEADER + payload.len();
        if kind != COMMIT {
            collect(&mut batch, kind, payload)?;
            continue;
        }
        here.batches = number(payload, 0)?;
        let persist = batch.take().filter(|persist| contents.fits(persist))?;
        contents.apply(persist);
        found = Some(here);
    }
    let half = batch.filter(|half| on(Bug::KeepsHalfBatches) && contents.fits(half));
    if let Some(half) = half {
        contents.apply(half);
        found = Some(here);
    }
    found.map(|place| (contents, place))
}

/// The next record, if it is whole.
fn record(bytes: &[u8], chain: u64) -> Option<(u32, &[u8], u64)> {
    let (header, rest) = bytes.split_at_checked(RECORD_HEADER)?;
    let len = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let kind = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let payload = rest.get(..len)?;
    let says = number(header, 1)?;
    let sum = checksum(chain, kind, payload);
    let plausible = on(Bug::TrustsRecords) && (HARD_STATE..=COMMIT).contains(&kind);
    (sum == says || plausible).then_some((kind, payload, says))
}

/// Adds a record to the batch that is being read.
fn collect(batch: &mut Option<Persist>, kind: u32, payload: &[u8]) -> Option<()> {
    if kind == HARD_STATE {
        let (term, vote) = (number(payload, 0)?, number(payload, 1)?);
        let voted_for = (vote != 0).then_some(vote);
        *batch = Some(Persist {
            hard_state: HardState { term, voted_for },
            snapshot: None,
            log: None,
        });
        return Some(());
    }
    let batch = batch.as_mut()?;
    match kind {
        SNAPSHOT => {
            batch.snapshot = Some(Snapshot {
                index: number(payload, 0)?,
                term: number(payload, 1)?,
                data: Bytes::from(payload.get(16..)?),
            });
        }
        CUT => {
            batch.log = Some(LogDelta {
                from: number(payload, 0)?,
                entries: Vec::new(),
            });
        }
        _ => batch.log.as_mut()?.entries.push(Entry {
            term: number(payload, 0)?,
            payload: match payload.get(8)? {
                0 => Payload::Noop,
                _ => Payload::Command(Bytes::from(payload.get(9..)?)),
            },
        }),
    }
    Some(())
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    crate::sealed::word(bytes, at)
}
