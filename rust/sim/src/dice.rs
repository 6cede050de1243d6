//! Where chance comes from. Every decision has a generator of its own, keyed
//! by what is decided, so that leaving one fault out of a schedule does not
//! change the draws of all the others.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// One step of a 64-bit hash.
#[inline]
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    (hash.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Spreads every bit of `value` over the whole word.
#[inline]
pub(crate) fn spread(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Hash of bytes, a word at a time.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        hash = mix(hash, u64::from_le_bytes(word.try_into().expect("chunks of eight")));
    }
    words
        .remainder()
        .iter()
        .fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// What a generator is for; keeps the streams of one seed apart.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Plan = 1,
    Link,
    Server,
    Client,
    Lab,
}

/// The generator for decision number `nth` of its kind.
#[inline]
pub(crate) fn dice(seed: u64, purpose: Purpose, who: u64, nth: u64) -> SmallRng {
    let key = mix(mix(mix(seed, purpose as u64), who), nth);
    SmallRng::seed_from_u64(spread(key))
}

/// True `per_mille` times in a thousand.
#[inline]
pub(crate) fn chance(rng: &mut SmallRng, per_mille: u32) -> bool {
    per_mille > 0 && rng.random_range(0..1000) < per_mille
}

/// Uniform in `low..=high`.
#[inline]
pub(crate) fn between(rng: &mut SmallRng, (low, high): (u64, u64)) -> u64 {
    if low >= high { low } else { rng.random_range(low..=high) }
}
