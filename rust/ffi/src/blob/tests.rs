use pontoon_core::{Bytes, HardState, Payload};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::testing::{allocated, bytes};

const ID: u64 = 7;

/// The state as plain data, changed by the rules that `Persist` documents.
#[derive(Clone, Debug, Default)]
struct Model {
    hard_state: HardState,
    snapshot: Option<Snapshot>,
    entries: Vec<Entry>,
}

impl Model {
    fn base(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.index)
    }

    fn last(&self) -> u64 {
        self.base() + self.entries.len() as u64
    }

    fn apply(&mut self, persist: &Persist) {
        self.hard_state = persist.hard_state;
        if let Some(snapshot) = &persist.snapshot {
            let covered = ((snapshot.index - self.base()) as usize).min(self.entries.len());
            self.entries.drain(..covered);
            self.snapshot = Some(snapshot.clone());
        }
        if let Some(delta) = &persist.log {
            self.entries.truncate((delta.from - self.base() - 1) as usize);
            self.entries.extend(delta.entries.iter().cloned());
        }
    }

    /// The whole state in one change.
    fn encoded_afresh(&self) -> Vec<u8> {
        let mut blob = Blob::new(ID);
        blob.apply(&Persist {
            hard_state: self.hard_state,
            snapshot: self.snapshot.clone(),
            log: Some(LogDelta {
                from: self.base() + 1,
                entries: self.entries.clone(),
            }),
        });
        blob.state().to_vec()
    }

    fn check(&self, blob: &Blob, what: &str) {
        assert!(
            blob.state() == self.encoded_afresh(),
            "{what}: differs from a fresh encoding"
        );
        let (again, restored) = Blob::decode(ID, blob.state(), blob.snapshot()).unwrap();
        assert_eq!(restored.hard_state, self.hard_state, "{what}");
        assert_eq!(restored.snapshot, self.snapshot, "{what}");
        assert_eq!(restored.entries, self.entries, "{what}");
        assert!(again.state() == blob.state(), "{what}: differs after a restart");
    }

    fn random_change(&self, rng: &mut SmallRng) -> Persist {
        let hard_state = HardState {
            term: self.hard_state.term + rng.random_range(0..2),
            voted_for: rng.random::<bool>().then(|| rng.random_range(0..5)),
        };
        let mut change = Persist {
            hard_state,
            snapshot: None,
            log: None,
        };
        let mut first = self.base() + 1;
        let mut last = self.last();
        if rng.random_range(0..6) == 0 {
            // Of what is there, or beyond it, as a leader sends it.
            let beyond = if rng.random_range(0..4) == 0 { 20 } else { 0 };
            let index = rng.random_range(self.base()..=last) + beyond;
            if index > self.base() {
                change.snapshot = Some(Snapshot {
                    index,
                    term: hard_state.term,
                    data: bytes(rng, 300),
                });
                first = index + 1;
                last = last.max(index);
            }
        }
        if rng.random_range(0..6) != 0 {
            // Mostly at the end.
            let from = match rng.random_range(0..5) {
                0 => rng.random_range(first..=last + 1),
                _ => last + 1,
            };
            let entries = (0..rng.random_range(0..6)).map(|_| entry(rng, hard_state.term));
            change.log = Some(LogDelta {
                from,
                entries: entries.collect(),
            });
        }
        change
    }
}

fn entry(rng: &mut SmallRng, term: u64) -> Entry {
    let payload = match rng.random_range(0..8) {
        0 => Payload::Noop,
        1 => Payload::Command(bytes(rng, 3000)),
        _ => Payload::Command(bytes(rng, 30)),
    };
    Entry { term, payload }
}

fn append(from: u64, count: u64) -> Persist {
    let command = |index: u64| Entry {
        term: 1,
        payload: Payload::Command(Bytes::from(&index.to_le_bytes()[..])),
    };
    Persist {
        hard_state: HardState {
            term: 1,
            voted_for: Some(ID),
        },
        snapshot: None,
        log: Some(LogDelta {
            from,
            entries: (from..from + count).map(command).collect(),
        }),
    }
}

fn compact(index: u64) -> Persist {
    Persist {
        snapshot: Some(Snapshot {
            index,
            term: 1,
            data: Bytes::from("service"),
        }),
        log: None,
        ..append(1, 0)
    }
}

/// A state with a vote, a snapshot and a few entries.
fn sample() -> Blob {
    let mut blob = Blob::new(ID);
    blob.apply(&append(1, 12));
    blob.apply(&compact(4));
    blob
}

fn refused(state: &[u8], snapshot: &[u8]) -> Failure {
    match Blob::decode(ID, state, snapshot) {
        Ok(_) => panic!("accepted"),
        Err(failure) => failure,
    }
}

#[test]
fn any_sequence_of_changes_equals_a_fresh_encoding() {
    for seed in 0..60 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut model, mut blob) = (Model::default(), Blob::new(ID));
        for step in 0..120 {
            let change = model.random_change(&mut rng);
            model.apply(&change);
            blob.apply(&change);
            model.check(&blob, &format!("seed {seed}, step {step}"));
        }
    }
}

#[test]
fn a_restored_state_goes_on_like_the_one_that_stopped() {
    for seed in 0..30 {
        let mut rng = SmallRng::seed_from_u64(1000 + seed);
        let (mut model, mut blob) = (Model::default(), Blob::new(ID));
        for step in 0..60 {
            if rng.random_range(0..5) == 0 {
                (blob, _) = Blob::decode(ID, blob.state(), blob.snapshot()).unwrap();
            }
            let change = model.random_change(&mut rng);
            model.apply(&change);
            blob.apply(&change);
            model.check(&blob, &format!("seed {seed}, step {step}"));
        }
    }
}

#[test]
fn an_append_costs_itself_however_long_the_log() {
    let mut blob = Blob::new(ID);
    blob.apply(&append(1, 20_000));
    let before = (blob.encoded_entries, blob.moved_bytes, blob.state().len());
    for index in 20_001..=20_100 {
        blob.apply(&append(index, 1));
    }
    assert_eq!(blob.encoded_entries, before.0 + 100, "entries encoded");
    assert_eq!(blob.moved_bytes, before.1, "bytes moved");
    assert_eq!(blob.state().len(), before.2 + 100 * (8 + 3), "bytes of state");
}

#[test]
fn dropping_a_prefix_moves_no_more_than_was_ever_appended() {
    let mut blob = Blob::new(ID);
    blob.apply(&append(1, 20_000));
    for index in (10..=20_000).step_by(10) {
        blob.apply(&compact(index));
    }
    assert_eq!(blob.encoded_entries, 20_000, "nothing is encoded again");
    assert!(blob.moved_bytes <= 20_000 * 11, "{} bytes moved", blob.moved_bytes);
    assert_eq!(blob.state().len(), HEADER_BYTES);
}

#[test]
fn no_bytes_are_a_server_that_never_ran() {
    let (blob, restored) = Blob::decode(ID, &[], &[]).unwrap();
    assert_eq!(restored, Restored::default());
    assert!(blob.state() == Blob::new(ID).state());
}

#[test]
fn an_empty_snapshot_is_a_snapshot() {
    let mut blob = Blob::new(ID);
    blob.apply(&append(1, 3));
    blob.apply(&Persist {
        snapshot: Some(Snapshot {
            index: 2,
            term: 1,
            data: Bytes::default(),
        }),
        ..compact(2)
    });
    let (_, restored) = Blob::decode(ID, blob.state(), &[]).unwrap();
    assert_eq!(restored.snapshot.map(|s| (s.index, s.data.len())), Some((2, 0)));
}

#[test]
fn every_truncation_is_refused() {
    let blob = sample();
    for len in 1..blob.state().len() {
        let failure = refused(&blob.state()[..len], blob.snapshot());
        assert!(matches!(failure, Failure::Decode(_)), "cut to {len}: {failure:?}");
    }
    // Nothing is left of the state, but the snapshot is: not a fresh server.
    assert!(matches!(refused(&[], blob.snapshot()), Failure::Decode(_)));
}

#[test]
fn trailing_bytes_are_refused() {
    let blob = sample();
    let longer = [blob.state(), &[0]].concat();
    assert!(matches!(refused(&longer, blob.snapshot()), Failure::Decode(_)));
}

#[test]
fn every_flipped_bit_is_refused() {
    let blob = sample();
    for bit in 0..8 * blob.state().len() {
        let mut state = blob.state().to_vec();
        state[bit / 8] ^= 1 << (bit % 8);
        match refused(&state, blob.snapshot()) {
            Failure::Version { .. } => assert_eq!(bit / 8, 4, "only the version is another one"),
            Failure::Decode(_) | Failure::TooLarge { .. } => {}
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    for bit in 0..8 * blob.snapshot().len() {
        let mut snapshot = blob.snapshot().to_vec();
        snapshot[bit / 8] ^= 1 << (bit % 8);
        assert!(
            matches!(refused(blob.state(), &snapshot), Failure::Decode(_)),
            "snapshot, bit {bit}"
        );
    }
}

#[test]
fn another_snapshot_is_refused() {
    let blob = sample();
    for wrong in [&b""[..], b"servic", b"services", b"Service"] {
        let text = refused(blob.state(), wrong).to_string();
        assert!(text.contains("stored together"), "{text}");
    }
}

#[test]
fn the_state_of_another_server_is_refused() {
    let blob = sample();
    let failure = Blob::decode(ID + 1, blob.state(), blob.snapshot())
        .err()
        .expect("refused");
    assert!(failure.to_string().contains("state of server 7"), "{failure}");
}

#[test]
fn a_future_version_is_refused_as_such() {
    let blob = sample();
    // Also with a header of another length, of which only the start is known.
    for len in [5, 60, blob.state().len()] {
        let mut state = blob.state()[..len].to_vec();
        state[4] = 2;
        let failure = refused(&state, blob.snapshot());
        assert!(matches!(failure, Failure::Version { found: 2, .. }), "{failure:?}");
    }
}

#[test]
fn something_else_is_no_state() {
    for wrong in [&b"P"[..], b"#!/bin/sh", &[0; 200]] {
        let known = matches!(wrong, b"P");
        let text = refused(wrong, b"").to_string();
        assert!(known || text.contains("no state"), "{text}");
    }
}

#[test]
fn impossible_headers_with_a_good_digest_are_refused() {
    let blob = sample();
    let records = &blob.state()[HEADER_BYTES..];
    let lies: [fn(&mut Header); 9] = [
        |h| h.entry_count = u64::MAX,
        |h| h.entry_count += 1,
        |h| h.entry_count -= 1,
        |h| h.record_bytes = u64::MAX,
        |h| h.record_bytes -= 1,
        |h| h.record_sum += 1,
        |h| h.snapshot_index = u64::MAX,
        |h| h.snapshot_index += 1,
        |h| h.has_snapshot = false,
    ];
    for (at, lie) in lies.iter().enumerate() {
        let mut header = blob.header;
        lie(&mut header);
        let state = [&header.encode()[..], records].concat();
        let (cost, failure) = allocated(|| refused(&state, blob.snapshot()));
        assert!(matches!(failure, Failure::Decode(_)), "lie {at}: {failure:?}");
        assert!(cost <= 4096 + 32 * state.len(), "lie {at}: {cost} bytes allocated");
    }
    // A flag that nobody knows, and a vote that the flags say is not there.
    for (at, bit) in [(5, 0x80), (6, 0x80), (7, 0x80), (24, 1)] {
        let mut state = Blob::new(ID).state().to_vec();
        state[at] |= bit;
        seal(&mut state, b"", false);
        assert!(matches!(refused(&state, b""), Failure::Decode(_)), "byte {at}");
    }
}

#[test]
#[should_panic(expected = "a gap before entry")]
fn a_gap_in_the_log_is_a_bug() {
    sample().apply(&append(14, 1));
}
