//! How a server is set up.

use std::fmt;

use crate::NodeId;

/// Which of Raft's extensions are on. Safety is the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// What the course's tests demand: the first command has index 1 and no
    /// index is used up by anything else.
    Lab,
    /// What a service needs: a leader opens its term with a no-op entry, so
    /// that entries of older terms commit without waiting for a command (§8).
    Service,
}

/// A server's configuration. Times are milliseconds of the host's monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// This server.
    pub id: NodeId,
    /// All servers of the cluster, this one included.
    pub voters: Vec<NodeId>,
    /// Which extensions are on.
    pub profile: Profile,
    /// Seed of the generator behind election timeouts. Servers of a cluster
    /// need different ones, or their timeouts tie for ever.
    pub seed: u64,
    /// Election timeouts are uniform in `[min, max)` (§5.2).
    pub election_timeout_ms_min: u64,
    /// Exclusive upper end of the election timeout.
    pub election_timeout_ms_max: u64,
    /// A peer hears from the leader at least this often.
    pub heartbeat_interval_ms: u64,
    /// While an AppendEntries to a peer is unanswered, further entries for it
    /// are held back at most this long, so that bursts share messages. A peer
    /// learns of a commit within the same time when nothing else is sent to it.
    pub coalesce_ms: u64,
    /// AppendEntries with entries that may be unanswered at once, per peer.
    pub max_inflight: usize,
    /// Bytes of entries in one AppendEntries; a larger single entry still goes.
    pub max_append_bytes: usize,
    /// Bytes of snapshot in one InstallSnapshot.
    pub snapshot_chunk_bytes: usize,
    /// Events that are kept until [`Raft::take_events`](crate::Raft::take_events);
    /// of more, the oldest are lost. 0 records none, and costs nothing.
    pub trace_events: usize,
}

/// Why a configuration or a restored state was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Defaults for the course's tests.
    pub fn lab(id: NodeId, voters: Vec<NodeId>, seed: u64) -> Config {
        Config {
            id,
            voters,
            profile: Profile::Lab,
            seed,
            election_timeout_ms_min: 300,
            election_timeout_ms_max: 600,
            heartbeat_interval_ms: 150,
            coalesce_ms: 10,
            max_inflight: 64,
            max_append_bytes: 1 << 20,
            snapshot_chunk_bytes: 1 << 20,
            trace_events: 0,
        }
    }

    /// Defaults for a service on a local network.
    pub fn service(id: NodeId, voters: Vec<NodeId>, seed: u64) -> Config {
        Config {
            profile: Profile::Service,
            election_timeout_ms_min: 1000,
            election_timeout_ms_max: 2000,
            heartbeat_interval_ms: 100,
            coalesce_ms: 1,
            ..Config::lab(id, voters, seed)
        }
    }

    /// Whether the values make sense together.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let fail = |text: String| Err(ConfigError(text));
        if self.voters.is_empty() {
            return fail("voters is empty: name every server of the cluster, this one included".into());
        }
        let mut sorted = self.voters.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return fail(format!("voters names server {} twice", twice[0]));
        }
        if !self.voters.contains(&self.id) {
            return fail(format!("voters does not name this server, {}", self.id));
        }
        if self.heartbeat_interval_ms == 0 {
            return fail("heartbeat_interval_ms is 0".into());
        }
        if self.election_timeout_ms_min <= self.heartbeat_interval_ms {
            return fail(format!(
                "election_timeout_ms_min ({}) must exceed heartbeat_interval_ms ({}), or followers depose a live leader",
                self.election_timeout_ms_min, self.heartbeat_interval_ms
            ));
        }
        if self.election_timeout_ms_max <= self.election_timeout_ms_min {
            return fail(format!(
                "election_timeout_ms_max ({}) must exceed election_timeout_ms_min ({}), or servers tie for ever",
                self.election_timeout_ms_max, self.election_timeout_ms_min
            ));
        }
        if self.election_timeout_ms_max > 1 << 40 {
            return fail("election_timeout_ms_max is over thirty years: are these nanoseconds?".into());
        }
        if self.max_inflight == 0 || self.max_append_bytes == 0 || self.snapshot_chunk_bytes == 0 {
            return fail("max_inflight, max_append_bytes and snapshot_chunk_bytes must be at least 1".into());
        }
        Ok(())
    }
}
