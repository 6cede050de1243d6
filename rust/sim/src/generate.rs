//! Draws a plan from a seed.

use pontoon_core::Profile;
use rand::Rng;
use rand::rngs::SmallRng;

use crate::cluster::CrashPoint;
use crate::dice::{Purpose, between, chance, dice};
use crate::plan::{Fault, MessageFaults, Plan, Setup, Trouble, Weather, Who};
use crate::recipes::{RECIPES, recipe};

pub(crate) const MS: u64 = 1000;
const SECOND: u64 = 1000 * MS;

impl Plan {
    /// The run of this seed.
    pub(crate) fn of_seed(seed: u64) -> Plan {
        let mut rng = dice(seed, Purpose::Plan, 0, 0);
        let mut setup = setup(&mut rng);
        // Short and rough, or long and with room to breathe.
        let (length_us, every_us, think_us) = match rng.random_range(0..4) {
            0 => ((10 * SECOND, 30 * SECOND), 300 * MS, (MS, 50 * MS)),
            1 => ((20 * SECOND, 90 * SECOND), SECOND, (10 * MS, 200 * MS)),
            2 => ((60 * SECOND, 300 * SECOND), 4 * SECOND, (50 * MS, SECOND)),
            _ => ((100 * SECOND, 600 * SECOND), 15 * SECOND, (200 * MS, 3 * SECOND)),
        };
        let length_us = between(&mut rng, length_us);
        setup.think_us = think_us;
        if setup.busy_recovery && chance(&mut rng, 300) {
            // Snapshots are taken faster than they travel.
            setup.think_us = (10 * MS, 100 * MS);
            setup.snapshot_every = (1, 6);
            setup.snapshot_padding = 400;
            setup.chunk_bytes = 7;
        }
        Plan {
            faults: faults(&mut rng, &setup, length_us, every_us),
            seed,
            setup,
            messages: MessageFaults::Drawn,
            calm_us: length_us,
        }
    }
}

pub(crate) fn pick<T: Copy>(rng: &mut SmallRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}

fn setup(rng: &mut SmallRng) -> Setup {
    let profile = pick(rng, &[Profile::Lab, Profile::Service]);
    let latency_us = pick(rng, &[(100, 900), (500, 3 * MS), (MS, 15 * MS), (5 * MS, 40 * MS)]);
    let write_us = pick(rng, &[(0, 0), (50, 500), (200, 4 * MS), (MS, 20 * MS)]);
    // §5.6: broadcast time must be well below the election timeout.
    let round_ms = (2 * latency_us.1 + 2 * write_us.1).div_ceil(MS);
    let election_min = between(rng, (150, 1000)).max(4 * round_ms);
    let election_ms = (
        election_min,
        election_min + between(rng, (election_min / 2, 2 * election_min)),
    );
    // Now and then heartbeats overtake answers.
    let heartbeat_ms = match chance(rng, 250) {
        true => (round_ms / 2).max(10),
        false => between(rng, (election_min / 8, election_min / 2)).max(20),
    };
    let tight = chance(rng, 400);
    let mut setup = Setup {
        servers: pick(rng, &[1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]),
        profile,
        election_ms,
        heartbeat_ms,
        coalesce_ms: pick(rng, &[0, 1, 10, 30]),
        max_inflight: if tight { between(rng, (1, 4)) as usize } else { 64 },
        max_append_bytes: if tight {
            between(rng, (1, 200)) as usize
        } else {
            1 << 20
        },
        chunk_bytes: pick(rng, &[7, 40, 300, 1 << 20]),
        latency_us,
        write_us,
        done_us: pick(rng, &[(0, 0), (0, 0), (100, 2 * MS), (MS, 30 * MS)]),
        wake_us: pick(rng, &[(0, 0), (0, 0), (20, 300), (500, 8 * MS)]),
        apply_us: pick(rng, &[(0, 0), (0, 0), (50, 500), (MS, 30 * MS)]),
        apply_bytes: pick(rng, &[1, 100, 1 << 20]),
        late_us: pick(rng, &[(0, 0), (0, 200), (0, 5 * MS), (0, 30 * MS)]),
        reported: pick(rng, &[0, 500, 1000]),
        snapshot_every: pick(rng, &[(0, 0), (1, 6), (5, 40), (20, 200)]),
        snapshot_padding: pick(rng, &[0, 30, 400]),
        clients: rng.random_range(1..=5),
        keys: rng.random_range(1..=3),
        think_us: (SECOND, SECOND),
        command_padding: pick(rng, &[0, 0, 20, 200]),
        drift_ppm: pick(rng, &[0, 200, 20_000]),
        busy_recovery: false,
    };
    // Only where everybody can keep up with what the clients do.
    setup.busy_recovery = !tight && setup.apply_us.1 <= 500 && setup.apply_bytes > 1 && chance(rng, 500);
    setup
}

fn faults(rng: &mut SmallRng, setup: &Setup, length_us: u64, every_us: u64) -> Vec<Fault> {
    // Each run prefers some kinds: a run in which everything happens has
    // nothing happen for long.
    let likings: Vec<u32> = (0..KINDS).map(|_| pick(rng, &[0, 0, 1, 3])).collect();
    let total: u32 = likings.iter().sum();
    let mut faults = Vec::new();
    let mut at_us = between(rng, (0, 2 * SECOND));
    while at_us < length_us && total > 0 {
        let mut draw = rng.random_range(0..total);
        let kind = likings.iter().position(|liking| {
            let hit = draw < *liking;
            draw = draw.saturating_sub(*liking);
            hit
        });
        match kind.expect("the draw is below the total") {
            kind if kind < TROUBLES => {
                let trouble = trouble(rng, setup, kind);
                faults.push(Fault { at_us, trouble });
            }
            kind => recipe(rng, setup, kind - TROUBLES, at_us, &mut faults),
        }
        // Many faults come close upon each other.
        at_us += match chance(rng, 300) {
            true => between(rng, (0, every_us / 10)),
            false => between(rng, (every_us / 10, 2 * every_us)),
        };
    }
    if setup.busy_recovery {
        faults.extend(left_behind(rng, setup, length_us));
    }
    faults.retain(|fault| fault.at_us < length_us);
    faults.sort_by_key(|fault| fault.at_us);
    faults
}

/// Somebody has much to catch up with when the faults end.
fn left_behind(rng: &mut SmallRng, setup: &Setup, length_us: u64) -> [Fault; 2] {
    let for_us = 8 * setup.election_ms.1 * MS;
    let at_us = length_us.saturating_sub(for_us / 2);
    let who = Who::Server(rng.random_range(0..setup.servers));
    let commands = rng.random_range(1..100);
    [
        Fault {
            at_us,
            trouble: Trouble::Partition { who, with: 0, for_us },
        },
        Fault {
            at_us: (at_us + length_us) / 2,
            trouble: Trouble::Burst { commands },
        },
    ]
}

fn who(rng: &mut SmallRng, servers: usize) -> Who {
    let at = rng.random_range(0..servers);
    if chance(rng, 500) {
        Who::LeaderOr(at)
    } else {
        Who::Server(at)
    }
}

const POINTS: [CrashPoint; 7] = [
    CrashPoint::Anywhere,
    CrashPoint::AmidEarlySends,
    CrashPoint::BeforePersist,
    CrashPoint::AfterPersist,
    CrashPoint::AmidSends,
    CrashPoint::BeforeDone,
    CrashPoint::AfterDone,
];

const TROUBLES: usize = 14;
const KINDS: usize = TROUBLES + RECIPES;

fn trouble(rng: &mut SmallRng, setup: &Setup, kind: usize) -> Trouble {
    let servers = setup.servers;
    let timeout_us = setup.election_ms.1 * MS;
    let for_us = match rng.random_range(0..3) {
        0 => between(rng, (MS, timeout_us / 2)),
        1 => between(rng, (timeout_us / 2, 3 * timeout_us)),
        _ => between(rng, (timeout_us, 12 * timeout_us)),
    };
    let who = who(rng, servers);
    let mask = rng.random_range(0..1 << servers);
    match kind {
        0 | 1 => Trouble::Crash {
            who,
            point: pick(rng, &POINTS),
            down_us: for_us,
        },
        2 => Trouble::PowerLoss {
            down_us: for_us.min(3 * timeout_us),
        },
        3 => Trouble::Partition {
            who,
            with: mask,
            for_us,
        },
        4 => Trouble::Partition { who, with: 0, for_us },
        5 => Trouble::OneWay {
            who,
            to: mask,
            inbound: rng.random(),
            for_us,
        },
        6 => Trouble::Weather {
            weather: weather(rng, timeout_us),
            for_us,
        },
        7 => Trouble::Pause {
            who,
            for_us: for_us.min(5 * timeout_us),
        },
        8 => match rng.random_range(0..2) {
            0 => Trouble::ClockJump { who, by_us: for_us },
            _ => Trouble::ClockRate {
                who,
                ppm: rng.random_range(-500_000..1_000_000),
                for_us,
            },
        },
        9 => Trouble::SlowDisk {
            who,
            extra_us: between(rng, (MS, timeout_us)),
            for_us,
        },
        10 => Trouble::Burst {
            commands: rng.random_range(1..30),
        },
        11 => Trouble::Snapshot { who },
        12 => Trouble::Amnesia {
            who,
            entries: rng.random_range(1..10),
            down_us: for_us,
        },
        _ => Trouble::Impostor { who, down_us: for_us },
    }
}

fn weather(rng: &mut SmallRng, timeout_us: u64) -> Weather {
    let mut some = |low, high| {
        if chance(rng, 500) {
            rng.random_range(low..high)
        } else {
            0
        }
    };
    Weather {
        lost: some(10, 500),
        duplicated: some(10, 400),
        delayed: some(10, 700),
        misreported: some(10, 300),
        delay_us_max: between(rng, (MS, 4 * timeout_us)),
    }
}
