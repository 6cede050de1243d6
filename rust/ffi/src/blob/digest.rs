//! A digest against damage, not against malice: eight bytes a step, and every
//! step one-to-one, so that damage within any eight bytes is always seen.

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

pub(super) fn digest(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(seed, bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = mix(state, u64::from_le_bytes(word));
    }
    // Spread the last word over all bits: sums of digests must not cancel out.
    state ^= state >> 32;
    state = state.wrapping_mul(MULTIPLIER);
    state ^ state >> 29
}

fn mix(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(MULTIPLIER).rotate_left(27)
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn every_bit_every_length_and_the_seed_count() {
        let bytes: Vec<u8> = (0..40).collect();
        let whole = digest(7, &bytes);
        assert_ne!(whole, digest(8, &bytes));
        for len in 0..bytes.len() {
            assert_ne!(whole, digest(7, &bytes[..len]));
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[len] ^= 1 << bit;
                assert_ne!(whole, digest(7, &changed), "bit {bit} of byte {len}");
            }
        }
        assert_ne!(digest(0, &[0; 8]), digest(0, &[0; 9]), "zeros are counted");
    }
}
