//! Troubles that rarely come together by chance, as the paper's figures need
//! them: several faults, one prepared by the other.

use rand::Rng;
use rand::rngs::SmallRng;

use crate::cluster::CrashPoint;
use crate::dice::{between, chance};
use crate::generate::{MS, pick};
use crate::plan::{Fault, Setup, Trouble, Weather, Who};

pub(crate) const RECIPES: usize = 5;

/// Adds the faults of one recipe, from `at_us` on.
pub(crate) fn recipe(rng: &mut SmallRng, setup: &Setup, which: usize, at_us: u64, faults: &mut Vec<Fault>) {
    let timeout_us = setup.election_ms.1 * MS;
    let steps = match which {
        0 => stale_tail(rng, timeout_us),
        1 => figure_8(rng, timeout_us),
        2 => left_behind(rng, timeout_us, setup.servers),
        3 => flapping(rng, timeout_us),
        _ => stale_acknowledgements(rng, timeout_us, setup.servers),
    };
    let server = rng.random_range(0..setup.servers);
    faults.extend(steps.into_iter().map(|(after_us, trouble)| Fault {
        at_us: at_us + after_us,
        trouble: aimed(trouble, server),
    }));
}

/// Everything in a recipe that is not about the leader is about one server.
fn aimed(trouble: Trouble, server: usize) -> Trouble {
    match trouble {
        Trouble::Partition {
            who: Who::Server(_),
            with,
            for_us,
        } => Trouble::Partition {
            who: Who::Server(server),
            with,
            for_us,
        },
        other => other,
    }
}

const LEADER: Who = Who::LeaderOr(0);

type Steps = Vec<(u64, Trouble)>;

/// A leader is cut off and goes on taking commands; its successor commits few,
/// and is gone when the old one is back with a long log of an old term (§5.4.1).
fn stale_tail(rng: &mut SmallRng, timeout_us: u64) -> Steps {
    let cut_us = between(rng, (2 * timeout_us, 6 * timeout_us));
    let gone_us = cut_us - between(rng, (0, timeout_us / 4));
    let burst_us = between(rng, (0, 20 * MS));
    vec![
        (
            0,
            Trouble::Partition {
                who: LEADER,
                with: 0,
                for_us: cut_us,
            },
        ),
        (
            burst_us,
            Trouble::Burst {
                commands: rng.random_range(5..60),
            },
        ),
        (
            gone_us,
            Trouble::Crash {
                who: LEADER,
                point: CrashPoint::Anywhere,
                down_us: between(rng, (timeout_us / 2, 4 * timeout_us)),
            },
        ),
    ]
}

/// Leaders crash with entries on few disks, again and again (Figure 8).
fn figure_8(rng: &mut SmallRng, timeout_us: u64) -> Steps {
    let mut steps = Vec::new();
    let mut at_us = 0;
    for _ in 0..rng.random_range(3..9) {
        let point = pick(
            rng,
            &[
                CrashPoint::AmidEarlySends,
                CrashPoint::BeforePersist,
                CrashPoint::AfterPersist,
            ],
        );
        let down_us = between(rng, (timeout_us / 4, 3 * timeout_us));
        steps.push((
            at_us,
            Trouble::Crash {
                who: LEADER,
                point,
                down_us,
            },
        ));
        steps.push((
            at_us + MS,
            Trouble::Burst {
                commands: rng.random_range(1..4),
            },
        ));
        at_us += between(rng, (timeout_us / 2, 2 * timeout_us));
    }
    steps
}

/// One server misses so much that it needs a snapshot, and gets it over a bad
/// network while more happens (§7).
fn left_behind(rng: &mut SmallRng, timeout_us: u64, servers: usize) -> Steps {
    let cut_us = between(rng, (2 * timeout_us, 10 * timeout_us));
    let who = Who::Server(rng.random_range(0..servers));
    let mut steps = vec![(
        0,
        Trouble::Partition {
            who,
            with: 0,
            for_us: cut_us,
        },
    )];
    for _ in 0..rng.random_range(1..5) {
        let at_us = between(rng, (0, cut_us + timeout_us));
        steps.push((
            at_us,
            Trouble::Burst {
                commands: rng.random_range(1..20),
            },
        ));
        steps.push((
            at_us + between(rng, (20 * MS, 200 * MS)),
            Trouble::Snapshot { who: LEADER },
        ));
    }
    if chance(rng, 500) {
        let weather = Weather {
            lost: rng.random_range(0..200),
            duplicated: rng.random_range(0..200),
            delayed: rng.random_range(0..400),
            delay_us_max: between(rng, (MS, 2 * timeout_us)),
            misreported: 0,
        };
        steps.push((
            cut_us,
            Trouble::Weather {
                weather,
                for_us: 3 * timeout_us,
            },
        ));
    }
    steps
}

/// The leader comes and goes while messages take so long that they arrive in
/// another time of the same server's leadership.
fn flapping(rng: &mut SmallRng, timeout_us: u64) -> Steps {
    let rounds = rng.random_range(3..8);
    let weather = Weather {
        lost: 0,
        duplicated: rng.random_range(0..300),
        delayed: rng.random_range(200..800),
        delay_us_max: between(rng, (timeout_us, 6 * timeout_us)),
        misreported: 0,
    };
    let mut steps = vec![(
        0,
        Trouble::Weather {
            weather,
            for_us: 3 * rounds * timeout_us,
        },
    )];
    let mut at_us = 0;
    for _ in 0..rounds {
        let for_us = between(rng, (timeout_us / 2, 3 * timeout_us));
        steps.push((
            at_us,
            Trouble::Burst {
                commands: rng.random_range(1..6),
            },
        ));
        steps.push((
            at_us,
            Trouble::Partition {
                who: LEADER,
                with: 0,
                for_us,
            },
        ));
        at_us += between(rng, (timeout_us / 2, 4 * timeout_us));
    }
    steps
}

/// A leader's entries are acknowledged so late that they were replaced
/// meanwhile, by a leader that is gone again (rule 12: terms of replies).
fn stale_acknowledgements(rng: &mut SmallRng, timeout_us: u64, servers: usize) -> Steps {
    let weather = Weather {
        delayed: rng.random_range(100..300),
        delay_us_max: 15 * timeout_us,
        ..Weather::default()
    };
    let mut steps = vec![(
        0,
        Trouble::Weather {
            weather,
            for_us: 20 * timeout_us,
        },
    )];
    let mut at_us = 0;
    for _ in 0..rng.random_range(1..4) {
        let cut_us = between(rng, (2 * timeout_us, 4 * timeout_us));
        let with = 1 << rng.random_range(0..servers);
        steps.push((
            at_us,
            Trouble::Partition {
                who: LEADER,
                with,
                for_us: cut_us,
            },
        ));
        for _ in 0..3 {
            let burst_us = at_us + between(rng, (0, timeout_us / 4));
            steps.push((
                burst_us,
                Trouble::Burst {
                    commands: rng.random_range(1..8),
                },
            ));
        }
        at_us += cut_us + between(rng, (timeout_us / 4, timeout_us));
        let crash = Trouble::Crash {
            who: LEADER,
            point: CrashPoint::Anywhere,
            down_us: 3 * timeout_us,
        };
        steps.push((at_us, crash));
        at_us += between(rng, (timeout_us / 2, 2 * timeout_us));
        // What it says now is not heard, and what comes in is of old.
        let mute = Trouble::OneWay {
            who: LEADER,
            to: u32::MAX,
            inbound: false,
            for_us: timeout_us,
        };
        steps.push((at_us, mute));
        steps.push((
            at_us,
            Trouble::Burst {
                commands: rng.random_range(5..20),
            },
        ));
        at_us += timeout_us;
    }
    steps
}
