//! What a run is made of: a setup, and a schedule of faults. Both are drawn
//! from the seed before anything runs, so that any part can be left out.

use pontoon_core::{Config, NodeId, Profile};

use crate::cluster::CrashPoint;

/// Whom a fault strikes, found out when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever leads the latest term, or else this server.
    LeaderOr(usize),
    Server(usize),
}

/// How the network treats messages, per mille.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) lost: u32,
    pub(crate) duplicated: u32,
    pub(crate) delayed: u32,
    /// How much later a delayed message arrives, at most.
    pub(crate) delay_us_max: u64,
    /// The sender is told that a message was lost which arrives all the same.
    pub(crate) misreported: u32,
}

impl Weather {
    /// Both at once.
    pub(crate) fn with(self, other: Weather) -> Weather {
        Weather {
            lost: self.lost.max(other.lost),
            duplicated: self.duplicated.max(other.duplicated),
            delayed: self.delayed.max(other.delayed),
            delay_us_max: self.delay_us_max.max(other.delay_us_max),
            misreported: self.misreported.max(other.misreported),
        }
    }
}

/// Something that goes wrong. Sets of servers are bit masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A server stops and comes back after `down_us`.
    Crash {
        who: Who,
        point: CrashPoint,
        down_us: u64,
    },
    /// All stop at once and come back one after the other.
    PowerLoss {
        down_us: u64,
    },
    /// Nothing passes between `who` with the servers in `with`, and the rest.
    Partition {
        who: Who,
        with: u32,
        for_us: u64,
    },
    /// Nothing passes from `who` to the others in `to`, or the other way round.
    OneWay {
        who: Who,
        to: u32,
        inbound: bool,
        for_us: u64,
    },
    Weather {
        weather: Weather,
        for_us: u64,
    },
    /// The process stands still; what arrives waits.
    Pause {
        who: Who,
        for_us: u64,
    },
    ClockJump {
        who: Who,
        by_us: u64,
    },
    ClockRate {
        who: Who,
        ppm: i64,
        for_us: u64,
    },
    /// Each write takes this much longer.
    SlowDisk {
        who: Who,
        extra_us: u64,
        for_us: u64,
    },
    /// Everybody who thinks to lead gets this many commands at once.
    Burst {
        commands: u32,
    },
    /// The service takes a snapshot of all that it applied.
    Snapshot {
        who: Who,
    },
    /// A server stops and comes back without the last entries of its log,
    /// unless they are needed: that breaks the storage contract.
    Amnesia {
        who: Who,
        entries: u64,
        down_us: u64,
    },
    /// A follower hears of a second leader in its term: it must not go on.
    Impostor {
        who: Who,
        down_us: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at_us: u64,
    pub(crate) trouble: Trouble,
}

/// What the network did to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    Lost,
    Duplicated { after_us: u64 },
    Delayed { by_us: u64 },
    Misreported { after_us: u64 },
}

/// A mishap of the `nth` message from one server to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageFault {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) nth: u64,
    pub(crate) mishap: Mishap,
}

/// Where message faults come from.
#[derive(Clone, Debug)]
pub(crate) enum MessageFaults {
    /// Drawn as the weather has it.
    Drawn,
    /// Only these, ordered by (from, to, nth).
    Listed(Vec<MessageFault>),
}

/// Everything about a cluster that is fixed for a run. Ranges are inclusive.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) servers: usize,
    pub(crate) profile: Profile,
    pub(crate) election_ms: (u64, u64),
    pub(crate) heartbeat_ms: u64,
    pub(crate) coalesce_ms: u64,
    pub(crate) max_inflight: usize,
    pub(crate) max_append_bytes: usize,
    pub(crate) chunk_bytes: usize,
    pub(crate) latency_us: (u64, u64),
    pub(crate) write_us: (u64, u64),
    pub(crate) done_us: (u64, u64),
    pub(crate) wake_us: (u64, u64),
    pub(crate) apply_us: (u64, u64),
    pub(crate) apply_bytes: usize,
    pub(crate) late_us: (u64, u64),
    /// Losses that the sender is told of, per mille.
    pub(crate) reported: u32,
    /// Entries between snapshots; none are taken if 0.
    pub(crate) snapshot_every: (u64, u64),
    pub(crate) snapshot_padding: usize,
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    pub(crate) think_us: (u64, u64),
    pub(crate) command_padding: usize,
    pub(crate) drift_ppm: i64,
    /// Clients go on while the cluster recovers.
    pub(crate) busy_recovery: bool,
}

impl Setup {
    pub(crate) fn config(&self, at: usize, seed: u64) -> Config {
        Config {
            id: at as NodeId + 1,
            voters: (1..=self.servers as NodeId).collect(),
            profile: self.profile,
            seed,
            election_timeout_ms_min: self.election_ms.0,
            election_timeout_ms_max: self.election_ms.1,
            heartbeat_interval_ms: self.heartbeat_ms,
            coalesce_ms: self.coalesce_ms,
            max_inflight: self.max_inflight,
            max_append_bytes: self.max_append_bytes,
            snapshot_chunk_bytes: self.chunk_bytes,
            trace_events: 0,
        }
    }
}

/// A whole run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) setup: Setup,
    /// Ordered by time.
    pub(crate) faults: Vec<Fault>,
    pub(crate) messages: MessageFaults,
    /// When faults end.
    pub(crate) calm_us: u64,
}
