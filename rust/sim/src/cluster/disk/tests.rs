use pontoon_core::{Bytes, Entry, HardState, LogDelta, Payload, Persist, Snapshot};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::{Contents, Damage, Disk};

/// A batch that fits behind `contents`.
fn batch(rng: &mut SmallRng, contents: &Contents) -> Persist {
    let last_index = contents.base() + contents.len() as u64;
    let term = contents.hard_state.term + rng.random_range(0..2);
    let snapshot = (rng.random_range(0..6) == 0 && contents.len() > 0).then(|| Snapshot {
        index: rng.random_range(contents.base() + 1..=last_index),
        term,
        data: Bytes::from(vec![7; rng.random_range(0..300)]),
    });
    let base = snapshot.as_ref().map_or(contents.base(), |snapshot| snapshot.index);
    let entries = (0..rng.random_range(0..5)).map(|_| Entry {
        term,
        payload: match rng.random_range(0..4) {
            0 => Payload::Noop,
            _ => Payload::Command(Bytes::from(vec![rng.random(); rng.random_range(0..90)])),
        },
    });
    let entries: Vec<Entry> = entries.collect();
    Persist {
        hard_state: HardState {
            term,
            voted_for: Some(rng.random_range(1..4)),
        },
        snapshot,
        log: rng.random::<bool>().then(|| LogDelta {
            from: rng.random_range(base + 1..=last_index.max(base) + 1),
            entries,
        }),
    }
}

#[test]
fn after_a_crash_a_batch_is_there_or_not_and_all_before_it_is() {
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut there, mut gone) = ([0; 4], [0; 4]);
    for _ in 0..400 {
        let mut disk = Disk::default();
        let mut durable = Contents::default();
        for _ in 0..40 {
            let persist = batch(&mut rng, &durable);
            let mut with = durable.clone();
            with.apply(persist.clone());
            disk.write(persist);
            if rng.random_range(0..3) > 0 {
                disk.sync();
                assert!(!disk.crash(Damage::Dropped), "nothing was being written");
                durable = with;
            } else {
                let damage = Damage::draw(&mut rng);
                let survived = disk.crash(damage);
                let kind = match damage {
                    Damage::Dropped => 0,
                    Damage::Kept => 1,
                    Damage::Torn(_) => 2,
                    Damage::Scattered(_) => 3,
                };
                *if survived { &mut there[kind] } else { &mut gone[kind] } += 1;
                durable = if survived { with } else { durable };
            }
            assert_eq!(disk.contents(), &durable);
        }
    }
    assert_eq!((there[0], gone[1]), (0, 0));
    assert!(
        there[1] > 100 && gone[0] > 100 && gone[2] > 100 && gone[3] > 100,
        "{there:?} {gone:?}"
    );
    assert!(there[3] > 0, "a small batch may be whole by luck");
}
