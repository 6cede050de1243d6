//! One server as its host sees it.

use pontoon_core::{Apply, Outgoing, Persist, Raft, Role, Status};

use super::disk::Disk;
use crate::clock::Clock;
use crate::invariant::SERVERS_MAX;
use crate::invariant::election_timer::{self, Kind, Timer};
use crate::invariant::{Checked, OpenRequests, Violation, liveness, name};

/// Where in a batch of work a server is made to crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    /// Right now, whatever it does.
    Anywhere,
    /// After the first of its early messages.
    AmidEarlySends,
    /// With its early messages sent and the batch written, but not synced.
    BeforePersist,
    /// With the batch on disk and no reply sent.
    AfterPersist,
    /// After some of its replies.
    AmidSends,
    /// After all of them, before the core learns of it.
    BeforeDone,
    /// After the core learnt of it.
    AfterDone,
}

/// A batch of work that is being done.
pub(super) struct Batch {
    pub(super) persist: Option<Persist>,
    pub(super) send: Vec<Outgoing>,
}

pub(crate) struct Server {
    pub(crate) raft: Option<Raft>,
    /// Counts starts, so that what was meant for an earlier life is recognised.
    pub(crate) incarnation: u32,
    pub(crate) clock: Clock,
    pub(crate) disk: Disk,
    pub(crate) open: OpenRequests,
    pub(crate) paused_until_us: u64,
    /// Where the next batch is to end in a crash.
    pub(crate) trap: Option<CrashPoint>,
    /// As of the latest step; meaningless while it is down.
    pub(super) status: Status,
    pub(super) batch: Option<Batch>,
    pub(super) applying: Option<Apply>,
    /// When the next timer fires; MAX: none is set.
    pub(super) timer_us: u64,
    pub(super) wake_scheduled: bool,
    /// The loop came round since the last input.
    pub(super) awake: bool,
    ticket: u64,
    /// When it last said something to each server as a leader, on its clock.
    said_ms: [u64; SERVERS_MAX],
    heartbeat_ms: u64,
}

const NEVER_RAN: Status = Status {
    id: 0,
    term: 0,
    role: Role::Follower,
    leader: None,
    commit_index: 0,
    delivered_index: 0,
    stable_index: 0,
    last_index: 0,
    last_term: 0,
    snapshot_index: 0,
    snapshot_term: 0,
};

impl Server {
    pub(super) fn new() -> Server {
        Server {
            raft: None,
            incarnation: 0,
            clock: Clock::new(0, 0),
            disk: Disk::default(),
            open: OpenRequests::default(),
            paused_until_us: 0,
            trap: None,
            status: NEVER_RAN,
            batch: None,
            applying: None,
            timer_us: u64::MAX,
            wake_scheduled: false,
            awake: false,
            ticket: 0,
            said_ms: [0; SERVERS_MAX],
            heartbeat_ms: 0,
        }
    }

    pub(super) fn boot(&mut self, now_us: u64, clock_us: u64, heartbeat_ms: u64) {
        self.heartbeat_ms = heartbeat_ms;
        self.said_ms = [0; SERVERS_MAX];
        self.incarnation += 1;
        self.clock = Clock::new(now_us, clock_us);
        self.paused_until_us = 0;
        self.timer_us = u64::MAX;
        self.awake = true;
    }

    pub(super) fn halt(&mut self) {
        self.batch = None;
        self.applying = None;
        self.open.clear();
        self.trap = None;
        self.wake_scheduled = false;
    }

    /// A number for a request that comes in, never used before.
    pub(super) fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// A leader's message to `to` leaves.
    pub(super) fn said(&mut self, to: usize, now_us: u64) {
        self.said_ms[to] = self.clock.read_ms(now_us);
    }

    /// The core has no work: nobody may wait for an answer, nothing may be
    /// due, and a leader means to be heard by everybody in time (§5.2).
    pub(super) fn check_idle(&self, at: usize, now_ms: u64, servers: usize) -> Checked {
        self.open.check_idle(at)?;
        let raft = self.raft.as_ref().expect("the caller saw it running");
        if self.status.role != Role::Leader {
            return Ok(());
        }
        let deadline_ms = raft.deadline_ms();
        liveness::require(deadline_ms > now_ms, || {
            let leader = name(at);
            format!("{leader} leads, has work due at {deadline_ms} ms, and hands out none at {now_ms} ms")
        })?;
        let peers = (0..servers).filter(|peer| *peer != at);
        let Some(heard_ms) = peers.map(|peer| self.said_ms[peer]).min() else {
            return Ok(());
        };
        liveness::require(deadline_ms <= heard_ms + self.heartbeat_ms, || {
            let leader = name(at);
            format!("{leader} means to speak at {deadline_ms} ms, and last spoke to someone at {heard_ms} ms")
        })
    }

    pub(super) fn timer_before(&self) -> Timer {
        let raft = self.raft.as_ref().expect("the caller saw it running");
        let role = self.status.role;
        Timer {
            // A leader's deadline is about messages, not about an election.
            deadline_ms: if role == Role::Leader { 0 } else { raft.deadline_ms() },
            term: self.status.term,
            role,
        }
    }

    /// Whether a message moved the election timer in a way that only a granted
    /// vote explains.
    pub(super) fn timer_after(&self, at: usize, now_us: u64, before: Timer, kind: Kind) -> Result<bool, Violation> {
        if before.role == Role::Leader || self.status.role == Role::Leader {
            return Ok(false);
        }
        let raft = self.raft.as_ref().expect("the caller saw it running");
        let now_ms = self.clock.read_ms(now_us);
        let after = Timer {
            deadline_ms: raft.deadline_ms(),
            term: self.status.term,
            role: self.status.role,
        };
        election_timer::check_received(at, before, kind, after, now_ms)
    }
}
