//! A service's snapshot: which log it stands for, a checksum, and the state.
//! Pieces that were put together wrongly do not open.

use pontoon_core::Bytes;

use crate::dice::{hash_bytes, mix};
use crate::invariant::Link;

const HEADER: usize = 24;

fn checksum(link: Link, state: &[u8]) -> u64 {
    mix(mix(hash_bytes(state), link.term), link.chain)
}

/// Puts `state` into a snapshot that stands for the log up to `link`.
pub(crate) fn seal(link: Link, state: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(HEADER + state.len());
    for number in [link.term, link.chain, checksum(link, state)] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(state);
    Bytes::from(bytes)
}

/// What the snapshot stands for, and the state; `None` if it is damaged.
pub(crate) fn open(bytes: &[u8]) -> Option<(Link, &[u8])> {
    let (header, state) = bytes.split_at_checked(HEADER)?;
    let link = Link {
        term: word(header, 0)?,
        chain: word(header, 1)?,
    };
    (word(header, 2)? == checksum(link, state)).then_some((link, state))
}

/// The `at`th number in `bytes`.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(8 * at..8 * at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_opens() {
        let link = Link { term: 3, chain: 77 };
        let sealed = seal(link, b"state");
        assert_eq!(open(&sealed), Some((link, &b"state"[..])));
        for at in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[at] ^= 1;
            assert_eq!(open(&damaged), None, "byte {at}");
            assert_eq!(open(&sealed[..at]), None, "{at} bytes");
        }
    }
}
