use pontoon_core::{AppendEntries, Bytes};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::testing::{allocated, entry, envelope};

/// What a decoder may allocate for an input that lies: serde sets at most a
/// megabyte aside for a sequence on the word of its length.
fn bound(len: usize) -> usize {
    (1 << 20) + 4096 + 64 * len
}

fn encoded(envelope: &Envelope) -> Vec<u8> {
    let mut bytes = Vec::new();
    let len = encode_message(envelope, &mut bytes).unwrap();
    assert_eq!(len, bytes.len());
    bytes
}

fn append(entries: Vec<Entry>) -> Envelope {
    Envelope {
        from: 1,
        to: 2,
        message: Message::AppendEntries(AppendEntries {
            term: 3,
            seq: 4,
            prev_log_index: 5,
            prev_log_term: 2,
            entries,
            leader_commit: 5,
        }),
    }
}

fn command(len: usize) -> Entry {
    Entry {
        term: 3,
        payload: Payload::Command(Bytes::from(vec![7; len])),
    }
}

/// Random messages, each with its seed's position for the failure message.
fn samples(count: usize) -> impl Iterator<Item = (usize, Envelope)> {
    let mut rng = SmallRng::seed_from_u64(0xc0dec);
    (0..count).map(move |at| (at, envelope(&mut rng)))
}

#[test]
fn messages_survive() {
    for (at, envelope) in samples(3000) {
        assert_eq!(decode_message(&encoded(&envelope)).unwrap(), envelope, "sample {at}");
    }
}

#[test]
fn entries_survive_and_say_how_long_they_are() {
    let mut rng = SmallRng::seed_from_u64(1);
    for at in 0..3000 {
        let entry = entry(&mut rng);
        let mut bytes = Vec::new();
        let len = encode_entry(&entry, &mut bytes).unwrap();
        bytes.extend_from_slice(b"the next");
        assert_eq!(decode_entry(&bytes).unwrap(), (entry, len), "sample {at}");
    }
}

/// A stored record is kept byte for byte: there is one way to write it.
#[test]
fn an_entry_has_one_encoding() {
    for entry in [
        [&varint(3)[..], &[0, 1, b'x']].concat(),
        [&[3, 0][..], &varint(1), b"x"].concat(),
        [&[3][..], &[251, 0, 0], &[1, b'x']].concat(),
        [&varint(3)[..], &[1]].concat(),
    ] {
        assert!(matches!(decode_entry(&entry), Err(Failure::Decode(_))), "{entry:?}");
    }
    for term in [0, 250, 251, 0xffff, 0x1_0000, 0xffff_ffff, 1 << 32, u64::MAX] {
        for len in [0, 250, 251, 70_000] {
            let entry = Entry { term, ..command(len) };
            let mut bytes = Vec::new();
            let len = encode_entry(&entry, &mut bytes).unwrap();
            assert_eq!(decode_entry(&bytes).unwrap(), (entry, len));
        }
    }
}

#[test]
fn a_small_entry_costs_three_bytes() {
    for len in [0, 1, 30, 250] {
        let mut bytes = Vec::new();
        assert_eq!(encode_entry(&command(len), &mut bytes).unwrap(), len + 3);
    }
}

#[test]
fn every_truncation_is_refused() {
    for (at, envelope) in samples(300) {
        let bytes = encoded(&envelope);
        for len in 0..bytes.len() {
            let result = decode_message(&bytes[..len]);
            assert!(
                matches!(result, Err(Failure::Decode(_))),
                "sample {at} cut to {len}: {result:?}"
            );
        }
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for (at, envelope) in samples(300) {
        let mut bytes = encoded(&envelope);
        bytes.push(0);
        let result = decode_message(&bytes);
        assert!(matches!(result, Err(Failure::Decode(_))), "sample {at}: {result:?}");
    }
}

#[test]
fn other_versions_are_refused_as_such() {
    let mut bytes = encoded(&append(vec![]));
    for version in (0..=u8::MAX).filter(|&version| version != MESSAGE_VERSION) {
        bytes[0] = version;
        let result = decode_message(&bytes);
        assert!(
            matches!(result, Err(Failure::Version { found, .. }) if found == version),
            "{result:?}"
        );
    }
}

#[test]
fn flipped_bits_cost_an_error_at_most() {
    for (at, envelope) in samples(300) {
        let mut bytes = encoded(&envelope);
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (cost, _) = allocated(|| decode_message(&bytes).is_ok());
            assert!(
                cost <= bound(bytes.len()),
                "sample {at}, bit {bit}: {cost} bytes allocated"
            );
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn random_bytes_cost_an_error_at_most() {
    let mut rng = SmallRng::seed_from_u64(2);
    for at in 0..20_000 {
        let mut bytes = crate::testing::bytes(&mut rng, 60).to_vec();
        if let Some(version) = bytes.first_mut() {
            *version = MESSAGE_VERSION;
        }
        let (cost, _) = allocated(|| decode_message(&bytes).is_ok());
        assert!(cost <= bound(bytes.len()), "sample {at}: {cost} bytes allocated");
    }
}

/// A length as bincode writes it.
fn varint(number: u64) -> Vec<u8> {
    [&[253], &number.to_le_bytes()[..]].concat()
}

#[test]
fn hostile_lengths_allocate_next_to_nothing() {
    let empty = encoded(&append(vec![]));
    // The frame of an AppendEntries up to the number of entries: a byte each.
    let frame = &empty[..empty.len() - 2];
    for claimed in [1 << 16, 1 << 24, 1 << 33, 1 << 63, u64::MAX] {
        let entries = [frame, &varint(claimed), &[3, 1, 3, 1]].concat();
        // One command that claims to be that long.
        let bytes = [frame, &[1, 3, 0], &varint(claimed), b"short"].concat();
        for message in [entries, bytes] {
            let (cost, result) = allocated(|| decode_message(&message));
            assert!(matches!(result, Err(Failure::Decode(_))), "{claimed}: {result:?}");
            assert!(cost <= bound(message.len()), "{claimed}: {cost} bytes allocated");
        }
        let record = [&[3, 0][..], &varint(claimed), b"short"].concat();
        let (cost, result) = allocated(|| decode_entry(&record));
        assert!(matches!(result, Err(Failure::Decode(_))), "{claimed}: {result:?}");
        assert!(cost <= 4096, "{claimed}: {cost} bytes allocated");
    }
}

#[test]
fn what_is_within_the_limits_of_a_configuration_arrives() {
    // One entry of the greatest length, and as many of the smallest as the
    // greatest max_append_bytes lets through.
    let noop = Entry {
        term: u64::MAX,
        payload: Payload::Noop,
    };
    let most = PONTOON_COMMAND_BYTES_MAX / noop.payload.cost();
    for entries in [vec![command(PONTOON_COMMAND_BYTES_MAX)], vec![noop; most]] {
        let envelope = append(entries);
        assert!(decode_message(&encoded(&envelope)).unwrap() == envelope);
    }
}

#[test]
fn what_exceeds_the_limits_is_refused_on_either_side() {
    let too_large =
        |result: Result<(), Failure>| assert!(matches!(result, Err(Failure::TooLarge { .. })), "{result:?}");

    let long = command(PONTOON_COMMAND_BYTES_MAX + 1);
    too_large(decode_message(&encoded(&append(vec![long.clone()]))).map(drop));
    let mut record = Vec::new();
    encode_entry(&long, &mut record).unwrap();
    too_large(decode_entry(&record).map(drop));

    let mut bytes = b"kept".to_vec();
    too_large(encode_message(&append(vec![command(LIMIT)]), &mut bytes).map(drop));
    assert_eq!(bytes, b"kept", "the refused message was taken out again");
    too_large(decode_message(&vec![MESSAGE_VERSION; LIMIT + 1]).map(drop));
}
