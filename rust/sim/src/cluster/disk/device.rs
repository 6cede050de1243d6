//! Two files behind a volatile cache. What was written and not synced is at
//! the mercy of a crash: gone, there, there up to some byte, or there in part.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::dice::spread;

/// Bytes that reach the medium on their own, in any order.
const SECTOR: usize = 64;

/// What a crash does to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Nothing of it reached the medium.
    Dropped,
    /// All of it did: only the answer was missing.
    Kept,
    /// It did in order, and stopped after this share of the bytes, in parts of 2^16.
    Torn(u16),
    /// Each sector fared on its own: there, not there, or there as garbage.
    Scattered(u64),
}

impl Damage {
    pub(crate) fn draw(rng: &mut SmallRng) -> Damage {
        match rng.random_range(0..8) {
            0..3 => Damage::Dropped,
            3..5 => Damage::Kept,
            5 => Damage::Torn(rng.random()),
            _ => Damage::Scattered(rng.random()),
        }
    }
}

struct Write {
    file: usize,
    offset: usize,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Device {
    /// As on the medium.
    files: [Vec<u8>; 2],
    cache: Vec<Write>,
}

impl Device {
    pub(super) fn file(&self, file: usize) -> &[u8] {
        &self.files[file]
    }

    /// Puts `bytes` into the cache: nothing is promised.
    pub(super) fn write(&mut self, file: usize, offset: usize, bytes: Vec<u8>) {
        self.cache.push(Write { file, offset, bytes });
    }

    pub(super) fn has_unsynced(&self) -> bool {
        !self.cache.is_empty()
    }

    /// All that was written is on the medium.
    pub(super) fn sync(&mut self) {
        for write in std::mem::take(&mut self.cache) {
            self.put(write.file, write.offset, &write.bytes);
        }
    }

    /// Cuts a file, durably.
    pub(super) fn truncate(&mut self, file: usize, len: usize) {
        self.files[file].truncate(len);
    }

    /// The power goes.
    pub(super) fn crash(&mut self, damage: Damage) {
        let cache = std::mem::take(&mut self.cache);
        let total: usize = cache.iter().map(|write| write.bytes.len()).sum();
        let mut left = match damage {
            Damage::Dropped => 0,
            Damage::Torn(share) => (total * usize::from(share)) >> 16,
            Damage::Kept | Damage::Scattered(_) => total,
        };
        let mut fate = match damage {
            Damage::Scattered(seed) => Some(SmallRng::seed_from_u64(spread(seed))),
            _ => None,
        };
        for write in cache {
            let reached = write.bytes.len().min(left);
            left -= reached;
            match &mut fate {
                None => self.put(write.file, write.offset, &write.bytes[..reached]),
                Some(fate) => self.scatter(fate, &write),
            }
        }
    }

    fn scatter(&mut self, fate: &mut SmallRng, write: &Write) {
        for (nth, sector) in write.bytes.chunks(SECTOR).enumerate() {
            let offset = write.offset + nth * SECTOR;
            match fate.random_range(0..8) {
                0..4 => self.put(write.file, offset, sector),
                4..7 => {}
                _ => {
                    let garbage: Vec<u8> = sector.iter().map(|byte| byte ^ fate.random::<u8>()).collect();
                    self.put(write.file, offset, &garbage);
                }
            }
        }
    }

    fn put(&mut self, file: usize, offset: usize, bytes: &[u8]) {
        let file = &mut self.files[file];
        let end = offset + bytes.len();
        if file.len() < end && !bytes.is_empty() {
            file.resize(end, 0);
        }
        if !bytes.is_empty() {
            file[offset..end].copy_from_slice(bytes);
        }
    }
}
