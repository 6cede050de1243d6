//! The fixed part of the encoded state.

use pontoon_core::{HardState, Snapshot};

use super::damaged;
use super::digest::digest;
use crate::failure::Failure;

const MAGIC: [u8; 4] = *b"PNTN";
const VERSION: u8 = 1;
const HAS_VOTE: u8 = 1;
const HAS_SNAPSHOT: u8 = 2;
/// Numbers between the flags and the digest.
const FIELDS: usize = 10;
/// Far above any index, far enough below the largest number.
pub(crate) const INDEX_MAX: u64 = 1 << 62;
const DIGEST_AT: usize = 8 + 8 * FIELDS;
pub(super) const HEADER_BYTES: usize = DIGEST_AT + 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u64,
    pub(super) hard_state: HardState,
    pub(super) has_snapshot: bool,
    pub(super) snapshot_index: u64,
    pub(super) snapshot_term: u64,
    pub(super) snapshot_bytes: u64,
    pub(super) snapshot_digest: u64,
    pub(super) entry_count: u64,
    pub(super) record_bytes: u64,
    pub(super) record_sum: u64,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let HardState { term, voted_for } = self.hard_state;
        let vote = if voted_for.is_some() { HAS_VOTE } else { 0 };
        let snapshot = if self.has_snapshot { HAS_SNAPSHOT } else { 0 };
        let fields: [u64; FIELDS] = [
            self.id,
            term,
            voted_for.unwrap_or(0),
            self.snapshot_index,
            self.snapshot_term,
            self.snapshot_bytes,
            self.snapshot_digest,
            self.entry_count,
            self.record_bytes,
            self.record_sum,
        ];
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = vote | snapshot;
        for (at, field) in fields.iter().enumerate() {
            bytes[8 + 8 * at..][..8].copy_from_slice(&field.to_le_bytes());
        }
        let check = digest(0, &bytes[..DIGEST_AT]);
        bytes[DIGEST_AT..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    pub(super) fn decode(state: &[u8]) -> Result<Header, Failure> {
        let known = state.len().min(MAGIC.len());
        if state[..known] != MAGIC[..known] {
            return damaged("this is no state of a Pontoon server: pass the bytes that pontoon_work handed out".into());
        }
        if let Some(&found) = state.get(MAGIC.len())
            && found != VERSION
        {
            return Err(Failure::Version {
                what: "the state",
                found,
                known: VERSION,
            });
        }
        let Some(bytes) = state.get(..HEADER_BYTES) else {
            return damaged(format!("the state was cut short: {} bytes are left", state.len()));
        };
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let field = |number: usize| word(8 + 8 * number);
        let flags = bytes[5];
        let header = Header {
            id: field(0),
            hard_state: HardState {
                term: field(1),
                voted_for: (flags & HAS_VOTE != 0).then(|| field(2)),
            },
            has_snapshot: flags & HAS_SNAPSHOT != 0,
            snapshot_index: field(3),
            snapshot_term: field(4),
            snapshot_bytes: field(5),
            snapshot_digest: field(6),
            entry_count: field(7),
            record_bytes: field(8),
            record_sum: field(9),
        };
        // The digest, and that whatever a flag says is not there is 0.
        if header.encode() != bytes {
            return damaged("the header of the state is damaged".into());
        }
        let snapshot = [
            header.snapshot_index,
            header.snapshot_term,
            header.snapshot_bytes,
            header.snapshot_digest,
        ];
        if header.snapshot_index > INDEX_MAX || (!header.has_snapshot && snapshot != [0; 4]) {
            return damaged("the state says impossible things of its snapshot".into());
        }
        Ok(header)
    }

    pub(super) fn set_snapshot(&mut self, snapshot: &Snapshot) {
        self.has_snapshot = true;
        self.snapshot_index = snapshot.index;
        self.snapshot_term = snapshot.term;
        self.snapshot_bytes = snapshot.data.len() as u64;
        self.snapshot_digest = digest(0, &snapshot.data);
    }

    /// State and snapshot must have been stored together.
    pub(super) fn check_snapshot(&self, snapshot: &[u8]) -> Result<(), Failure> {
        if snapshot.len() as u64 != self.snapshot_bytes {
            return damaged(format!(
                "the state belongs to a snapshot of {} bytes, this one has {}: pass both as they were stored together",
                self.snapshot_bytes,
                snapshot.len()
            ));
        }
        if self.has_snapshot && digest(0, snapshot) != self.snapshot_digest {
            return damaged(
                "the snapshot is damaged, or another one than the state belongs to: \
                 pass both as they were stored together"
                    .into(),
            );
        }
        Ok(())
    }
}

/// Sets the digests right after somebody changed a state and its snapshot, and
/// the counts too if `counts` says so. What is no state stays as it is.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn seal(state: &mut [u8], snapshot: &[u8], counts: bool) {
    if state.len() < HEADER_BYTES {
        return;
    }
    let (header, records) = state.split_at_mut(HEADER_BYTES);
    let field = |number: usize| 8 + 8 * number..16 + 8 * number;
    let base = u64::from_le_bytes(header[field(3)].try_into().expect("eight bytes"));
    let (mut used, mut count, mut sum) = (0, 0, 0_u64);
    while let Ok((_, len)) = crate::codec::decode_entry(&records[used..]) {
        count += 1;
        sum = sum.wrapping_add(digest(base.wrapping_add(count), &records[used..used + len]));
        used += len;
    }
    let mut put = |number: usize, value: u64| header[field(number)].copy_from_slice(&value.to_le_bytes());
    put(9, sum);
    if counts {
        put(5, snapshot.len() as u64);
        put(6, digest(0, snapshot));
        put(7, count);
        put(8, records.len() as u64);
    }
    let check = digest(0, &header[..DIGEST_AT]);
    header[DIGEST_AT..].copy_from_slice(&check.to_le_bytes());
}
