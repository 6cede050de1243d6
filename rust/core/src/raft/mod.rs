//! One server: state, entry points, roles. Elections, replication and
//! snapshots each have a file of their own beside this one.

mod append;
mod election;
mod replicate;
mod snapshot;
mod validate;
mod work;

use std::collections::vec_deque;
use std::fmt;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::bytes::Bytes;
use crate::config::{Config, ConfigError, Profile};
use crate::entry::{Entry, HardState, Payload, Restored, Snapshot};
use crate::event::{self, Event, Events};
use crate::log::Log;
use crate::message::{Envelope, Message};
use crate::mutant::{self, Mutant};
use crate::progress::Progress;
use crate::work::Outgoing;
use crate::{Index, NodeId, Term};

pub use snapshot::SnapshotError;
pub use validate::ReceiveError;

/// A deadline that never comes, yet small enough to compute with: 34 years.
const NEVER_MS: u64 = 1 << 40;

/// A role, and the state that only this role has: a follower cannot read a
/// leader's fields.
#[derive(Clone, Debug)]
enum RoleState {
    Follower { leader: Option<NodeId> },
    Candidate { votes: Vec<Vote> },
    Leader { progress: Vec<Progress> },
}

/// What a candidate knows of one peer's vote.
#[derive(Clone, Debug, Default)]
struct Vote {
    granted: Option<bool>,
    /// Number of the latest request and how often it was repeated.
    ticket: u64,
    repeats: u32,
}

/// A server's role, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Answers candidates and leaders.
    Follower,
    /// Asks for votes (§5.2).
    Candidate,
    /// Takes commands and replicates them.
    Leader,
}

/// A snapshot of a server's state, for observers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// This server.
    pub id: NodeId,
    /// Its current term.
    pub term: Term,
    /// Its role in that term.
    pub role: Role,
    /// The leader of that term, when known.
    pub leader: Option<NodeId>,
    /// Highest index known to be committed.
    pub commit_index: Index,
    /// Highest index handed out by [`Raft::next_apply`].
    pub delivered_index: Index,
    /// Highest index durable on this server.
    pub stable_index: Index,
    /// Last index of the log.
    pub last_index: Index,
    /// Term of that entry.
    pub last_term: Term,
    /// Last index that the snapshot replaces; 0 without one.
    pub snapshot_index: Index,
    /// Term of that entry.
    pub snapshot_term: Term,
}

/// Where a command was put: it is committed if this term's entry stays at this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Index of the new entry.
    pub index: Index,
    /// The leader's term.
    pub term: Term,
}

/// The command was refused: this server is not the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLeader {
    /// Who is, as far as known.
    pub leader: Option<NodeId>,
}

impl fmt::Display for NotLeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leader {
            Some(leader) => write!(f, "not the leader: ask server {leader}"),
            None => f.write_str("not the leader, and none is known"),
        }
    }
}

impl std::error::Error for NotLeader {}

/// One Raft server. Feed it inputs, do the work that it hands out.
///
/// Invariants, asserted in release too:
/// - `snapshot.index <= delivered <= commit <= log.last_index()`, and only
///   durable entries are delivered;
/// - committed entries are never cut;
/// - there is one leader in a term (§5.2).
///
/// A clone goes its own way from here: for explorers of many futures. A host has one.
#[derive(Clone, Debug)]
pub struct Raft {
    config: Config,
    /// The other voters, ascending: everything visits peers in this order.
    peers: Vec<NodeId>,
    rng: SmallRng,
    now_ms: u64,

    hard_state: HardState,
    role: RoleState,
    log: Log,
    snapshot: Snapshot,
    commit: Index,
    delivered: Index,

    /// When a follower or candidate starts an election.
    election_deadline_ms: u64,
    /// Whether a late tick has been forgiven since the timer was last set.
    lateness_forgiven: bool,
    /// Numbers requests.
    next_seq: u64,

    /// A snapshot that a leader is sending us, as far as it arrived.
    incoming: Option<snapshot::Incoming>,
    outbox: Vec<Outgoing>,
    pending: work::Pending,
    events: Events,
}

impl Raft {
    /// A server that never ran, or one that comes back with what storage kept.
    ///
    /// # Errors
    /// The configuration or the restored state contradicts itself.
    pub fn new(config: Config, restored: Restored, now_ms: u64) -> Result<Raft, ConfigError> {
        config.validate()?;
        validate::check_restored(&config, &restored)?;
        let mut peers: Vec<NodeId> = config.voters.iter().copied().filter(|id| *id != config.id).collect();
        peers.sort_unstable();
        let snapshot = restored.snapshot.unwrap_or(Snapshot {
            index: 0,
            term: 0,
            data: Bytes::default(),
        });
        let log = Log::new(snapshot.index, snapshot.term, restored.entries);
        let mut raft = Raft {
            rng: SmallRng::seed_from_u64(config.seed ^ config.id.rotate_left(32)),
            events: Events::new(config.trace_events),
            pending: work::Pending::new(restored.hard_state, log.last_index()),
            config,
            peers,
            now_ms,
            hard_state: restored.hard_state,
            role: RoleState::Follower { leader: None },
            log,
            commit: snapshot.index,
            delivered: snapshot.index,
            snapshot,
            election_deadline_ms: 0,
            lateness_forgiven: false,
            next_seq: 0,
            incoming: None,
            outbox: Vec::new(),
        };
        raft.reset_election_timer(raft.config.id);
        Ok(raft)
    }

    /// Time has come to [`deadline_ms`](Raft::deadline_ms), or passed it.
    pub fn tick(&mut self, now_ms: u64) {
        self.advance_clock(now_ms);
        if self.is_leader() || self.now_ms < self.election_deadline_ms {
            return;
        }
        // A tick that comes late tells of a starved host, in which messages
        // from a live leader are likely waiting behind it: let them in, once.
        let late_ms = self.now_ms - self.election_deadline_ms;
        if late_ms > self.config.heartbeat_interval_ms / 4 && !self.lateness_forgiven {
            self.lateness_forgiven = true;
            self.election_deadline_ms = self.now_ms + self.config.heartbeat_interval_ms / 2;
            return;
        }
        self.events.record(|| Event::Timeout {
            term: self.hard_state.term,
        });
        self.campaign();
    }

    /// A message arrived. If it is a request, exactly one reply with this
    /// `ticket` appears in some later [`Work::send`](crate::Work::send).
    ///
    /// # Errors
    /// The message is not for this server or makes no sense; nothing changed.
    pub fn receive(&mut self, now_ms: u64, ticket: u64, envelope: Envelope) -> Result<(), ReceiveError> {
        self.validate(&envelope)?;
        self.advance_clock(now_ms);
        let Envelope { from, message, .. } = envelope;
        if mutant::on(Mutant::TimerOnAnyMessage) {
            self.reset_election_timer(from);
        }
        // §5.1: a higher term in a request or a reply deposes us first.
        let stays = mutant::on(Mutant::StayLeader) && self.is_leader();
        if message.term() > self.hard_state.term && !stays {
            self.become_follower(message.term(), None);
        }
        match message {
            Message::RequestVote(m) => self.on_request_vote(from, ticket, m),
            Message::RequestVoteReply(m) => self.on_vote(from, m),
            Message::AppendEntries(m) => self.on_append_entries(from, ticket, m),
            Message::AppendEntriesReply(m) => self.on_appended(from, m),
            Message::InstallSnapshot(m) => self.on_install_snapshot(from, ticket, m),
            Message::InstallSnapshotReply(m) => self.on_installed(from, m),
        }
        Ok(())
    }

    /// Appends a command to the leader's log. It is not durable yet, and
    /// committed only when it comes back from [`next_apply`](Raft::next_apply).
    ///
    /// # Errors
    /// This server is not the leader, or leads but has not heard from a
    /// majority for the shortest election timeout; nothing changed.
    pub fn propose(&mut self, now_ms: u64, command: Bytes) -> Result<Proposal, NotLeader> {
        self.advance_clock(now_ms);
        if !self.is_leader() {
            return Err(NotLeader { leader: self.leader() });
        }
        if !self.hears_quorum() {
            return Err(NotLeader { leader: None });
        }
        let term = self.hard_state.term;
        let payload = Payload::Command(command);
        let index = self.put(Entry { term, payload }, self.config.id);
        Ok(Proposal { index, term })
    }

    /// When [`tick`](Raft::tick) is due, on the host's clock. It can move either way with
    /// every input and with [`work_done`](Raft::work_done); ticking early is harmless.
    pub fn deadline_ms(&self) -> u64 {
        match &self.role {
            RoleState::Leader { progress } => match self.replication_due_ms(progress) {
                due_ms if due_ms > self.now_ms => due_ms.min(self.now_ms + NEVER_MS),
                // There is work already: taking it says when the next is due.
                _ => self.now_ms + self.config.heartbeat_interval_ms,
            },
            _ => self.election_deadline_ms,
        }
    }

    /// What an observer may know.
    pub fn status(&self) -> Status {
        Status {
            id: self.config.id,
            term: self.hard_state.term,
            role: self.role(),
            leader: self.leader(),
            commit_index: self.commit,
            delivered_index: self.delivered,
            stable_index: self.log.stable(),
            last_index: self.log.last_index(),
            last_term: self.log.last_term(),
            snapshot_index: self.snapshot.index,
            snapshot_term: self.snapshot.term,
        }
    }

    /// How many events were lost since the last call, and all others, the
    /// oldest first. To be called after every input, so that none is lost.
    pub fn take_events(&mut self) -> (u64, vec_deque::Drain<'_, Event>) {
        self.events.take()
    }

    /// Whether [`take_events`](Raft::take_events) has something.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    fn role(&self) -> Role {
        match self.role {
            RoleState::Follower { .. } => Role::Follower,
            RoleState::Candidate { .. } => Role::Candidate,
            RoleState::Leader { .. } => Role::Leader,
        }
    }

    fn is_leader(&self) -> bool {
        matches!(self.role, RoleState::Leader { .. })
    }

    fn leader(&self) -> Option<NodeId> {
        match self.role {
            RoleState::Follower { leader } => leader,
            RoleState::Candidate { .. } => None,
            RoleState::Leader { .. } => Some(self.config.id),
        }
    }

    /// The host's clock, which never runs backwards here.
    fn advance_clock(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// §5.2: a fresh random timeout. Called only when a vote is granted, a
    /// leader of the current term is heard, or an election starts (rule 14), in
    /// each case because of somebody.
    fn reset_election_timer(&mut self, peer: NodeId) {
        let (min, max) = (self.config.election_timeout_ms_min, self.config.election_timeout_ms_max);
        let max = if mutant::on(Mutant::FixedTimeout) { min + 1 } else { max };
        self.election_deadline_ms = self.now_ms + self.rng.random_range(min..max);
        self.lateness_forgiven = false;
        self.events.record(|| Event::TimerReset { peer });
    }

    /// Adopts `term` if it is new (§5.1), and follows.
    fn become_follower(&mut self, term: Term, leader: Option<NodeId>) {
        assert!(term >= self.hard_state.term, "terms never fall");
        let before = (self.role(), self.hard_state.term);
        if term > self.hard_state.term {
            // Term and vote change together (rule 1); the vote of an older term is void.
            self.hard_state = HardState { term, voted_for: None };
            self.incoming = None;
        }
        // A leader has no election timer to go on with.
        if self.is_leader() {
            self.reset_election_timer(self.config.id);
        }
        self.role = RoleState::Follower { leader };
        if before != (Role::Follower, term) {
            self.note_role();
        }
    }

    /// Records the present role and term.
    fn note_role(&mut self) {
        let (role, term) = (self.role(), self.hard_state.term);
        self.events.record(|| Event::RoleChange { role, term });
    }

    /// Puts an entry of `from` at the end of the log; returns its index.
    fn put(&mut self, entry: Entry, from: NodeId) -> Index {
        let first = self.log.last_index() + 1;
        self.events.record(|| Event::Append {
            peer: from,
            term: self.hard_state.term,
            first,
            last: first,
            log_term: entry.term,
            digest: event::digest(&entry.payload),
        });
        self.log.append(entry)
    }

    /// Takes `index` and everything after it out of the log, for `from`.
    fn cut(&mut self, index: Index, from: NodeId) {
        let last = self.log.last_index();
        if index <= last {
            self.events.record(|| Event::Truncate {
                peer: from,
                term: self.hard_state.term,
                first: index,
                last,
                log_term: self.log.term(index).unwrap_or(0),
            });
        }
        self.log.truncate(index);
    }

    /// Moves the commit index.
    fn commit_to(&mut self, index: Index) {
        let (from, role) = (std::mem::replace(&mut self.commit, index), self.role());
        if from != index {
            self.events.record(|| Event::Commit {
                from,
                to: index,
                log_term: self.log.term(index).unwrap_or(0),
                role,
            });
        }
    }

    /// A leader of the current term was heard (§5.2).
    fn follow(&mut self, leader: NodeId) {
        if let Some(known) = self.leader() {
            assert!(
                known == leader || mutant::on(Mutant::AllowTwoLeaders),
                "servers {known} and {leader} both lead term {}",
                self.hard_state.term
            );
        }
        if mutant::on(Mutant::CandidateStays) && matches!(self.role, RoleState::Candidate { .. }) {
            return;
        }
        if mutant::on(Mutant::ForgetVoteOnFollow) {
            self.hard_state.voted_for = None;
        }
        self.become_follower(self.hard_state.term, Some(leader));
        self.reset_election_timer(leader);
    }

    fn peer_position(&self, peer: NodeId) -> usize {
        self.peers
            .binary_search(&peer)
            .expect("the sender was checked to be a voter")
    }

    fn next_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    fn reply(&mut self, to: NodeId, ticket: u64, message: Message) {
        let envelope = Envelope {
            from: self.config.id,
            to,
            message,
        };
        self.outbox.push(Outgoing { envelope, ticket });
    }

    /// The majority's size: more than half of the voters.
    fn quorum(&self) -> usize {
        self.config.voters.len() / 2 + 1
    }

    fn opens_term_with_noop(&self) -> bool {
        self.config.profile == Profile::Service || mutant::on(Mutant::NoopInLab)
    }
}
