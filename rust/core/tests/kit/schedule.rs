//! A cluster under a random schedule, and the properties of Figure 3 checked
//! after every step. One seed is one run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use pontoon_core::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::disk::Disk;

/// How far a batch of work has got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Taken,
    Persisted,
    Sent,
}

struct Packet {
    due_ms: u64,
    envelope: Envelope,
    ticket: u64,
}

struct Node {
    config: Config,
    /// `None` while it is down.
    raft: Option<Raft>,
    disk: Disk,
    /// The log as of the latest batch, durable or not.
    memory: Disk,
    batch: Option<(Work, Stage)>,
    /// As of the latest look in this incarnation.
    seen: Option<Status>,
    /// Term and last index of the latest batch taken as leader.
    led: (Term, Index),
    applied: Index,
    /// Requests that were not answered yet.
    unanswered: BTreeSet<u64>,
}

pub struct Cluster {
    rng: SmallRng,
    now_ms: u64,
    nodes: Vec<Node>,
    network: Vec<Packet>,
    /// Messages pass only within one of two sides.
    side: Vec<bool>,
    /// Longest step of the clock.
    pace_ms: u64,
    /// How long a message travels once faults end.
    delay_ms: RangeInclusive<u64>,
    tickets: u64,
    commands: u64,
    /// What state machines were given, and in which term at the latest it was committed.
    committed: Vec<(Entry, Term)>,
    leaders: BTreeMap<Term, NodeId>,
    /// Who voted for whom in which term.
    votes: BTreeMap<(NodeId, Term), NodeId>,
    /// Print every step.
    pub trace: bool,
}

impl Cluster {
    pub fn new(seed: u64) -> Cluster {
        super::activate_mutant();
        let mut rng = SmallRng::seed_from_u64(seed);
        let count = if rng.random_bool(0.6) { 3 } else { 5 };
        let profile = if rng.random_bool(0.7) {
            Profile::Lab
        } else {
            Profile::Service
        };
        let shared = Config {
            profile,
            coalesce_ms: rng.random_range(0..20),
            max_inflight: rng.random_range(1..=4),
            max_append_bytes: rng.random_range(1..200),
            snapshot_chunk_bytes: rng.random_range(1..12),
            ..Config::lab(1, (1..=count).collect(), seed)
        };
        let node = |id| Node {
            config: Config { id, ..shared.clone() },
            raft: None,
            disk: Disk::default(),
            memory: Disk::default(),
            batch: None,
            seen: None,
            led: (0, 0),
            applied: 0,
            unanswered: BTreeSet::new(),
        };
        let mut cluster = Cluster {
            nodes: (1..=count).map(node).collect(),
            side: vec![true; count as usize],
            delay_ms: [1..=1, 1..=20, 1..=120, 110..=120][rng.random_range(0..4)].clone(),
            pace_ms: [10, 25, 60][rng.random_range(0..3)],
            rng,
            now_ms: 0,
            network: Vec::new(),
            tickets: 0,
            commands: 0,
            committed: Vec::new(),
            leaders: BTreeMap::new(),
            votes: BTreeMap::new(),
            trace: false,
        };
        (0..cluster.nodes.len()).for_each(|at| cluster.restart(at));
        cluster
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("{:6} {}", self.now_ms, text());
        }
    }

    /// One random step; then every server and the cluster are looked at.
    pub fn step(&mut self) {
        let at = self.rng.random_range(0..self.nodes.len());
        match self.rng.random_range(0..1000) {
            0..350 => self.deliver_any(),
            350..700 => self.advance_batch(at),
            700..770 => self.work(at),
            770..840 => self.pass_time(),
            840..900 => drop(self.propose(at)),
            900..960 => self.apply(at),
            960..980 => self.snapshot(at),
            980..984 => self.crash(at),
            984..994 => self.restart(at),
            _ => self.partition(),
        }
    }

    /// Any message arrives, or is lost, or arrives twice.
    fn deliver_any(&mut self) {
        if self.network.is_empty() {
            return;
        }
        let early = self
            .network
            .len()
            .min(if self.rng.random_bool(0.8) { 4 } else { usize::MAX });
        let pick = self.rng.random_range(0..early);
        match self.rng.random_range(0..20) {
            0 => {
                let packet = self.network.remove(pick);
                self.say(|| format!("lost {:?}", packet.envelope));
                if self.rng.random_bool(0.5) && packet.envelope.message.is_request() {
                    self.undelivered(&packet);
                }
            }
            1 => {
                let Packet {
                    due_ms,
                    envelope,
                    ticket,
                } = &self.network[pick];
                let (due_ms, envelope, ticket) = (*due_ms, envelope.clone(), *ticket);
                self.network.push(Packet {
                    due_ms,
                    envelope,
                    ticket,
                });
            }
            _ => {
                let packet = self.network.remove(pick);
                self.deliver(packet);
            }
        }
    }

    fn undelivered(&mut self, packet: &Packet) {
        let Envelope { from, to, .. } = packet.envelope;
        let now_ms = self.now_ms;
        if let Some(raft) = &mut self.nodes[from as usize - 1].raft {
            raft.undelivered(now_ms, to, packet.ticket);
        }
        self.look(from as usize - 1);
    }

    fn deliver(&mut self, packet: Packet) {
        let Envelope { from, to, .. } = packet.envelope;
        let at = to as usize - 1;
        if self.side[from as usize - 1] != self.side[at] {
            return;
        }
        self.tickets += 1;
        let node = &mut self.nodes[at];
        let Some(raft) = &mut node.raft else { return };
        if packet.envelope.message.is_request() {
            node.unanswered.insert(self.tickets);
        }
        let text = self.trace.then(|| format!("{to} hears {:?}", packet.envelope));
        raft.receive(self.now_ms, self.tickets, packet.envelope)
            .expect("correct servers send what makes sense");
        self.say(|| text.unwrap_or_default());
        self.look(at);
    }

    fn pass_time(&mut self) {
        self.now_ms += self.rng.random_range(0..self.pace_ms);
        for at in 0..self.nodes.len() {
            self.tick(at);
        }
    }

    fn tick(&mut self, at: usize) {
        let now_ms = self.now_ms;
        if let Some(raft) = &mut self.nodes[at].raft
            && raft.deadline_ms() <= now_ms
        {
            raft.tick(now_ms);
            self.look(at);
        }
    }

    fn propose(&mut self, at: usize) -> Option<Proposal> {
        self.commands += 1;
        let command = Bytes::from(format!("c{}", self.commands).as_str());
        let proposal = self.nodes[at].raft.as_mut()?.propose(self.now_ms, command).ok();
        self.look(at);
        proposal
    }

    /// Takes a batch, or moves the one at hand by one stage.
    fn advance_batch(&mut self, at: usize) {
        let now_ms = self.now_ms;
        let node = &mut self.nodes[at];
        let Some(raft) = &mut node.raft else { return };
        match node.batch.take() {
            None => {
                let Some(work) = raft.take_work(now_ms) else { return };
                self.taken(at, &work);
                let early = work.send_early.clone();
                self.nodes[at].batch = Some((work, Stage::Taken));
                self.send(at, early);
            }
            Some((work, Stage::Taken)) => {
                if let Some(persist) = &work.persist {
                    self.nodes[at].disk.write(persist);
                }
                self.nodes[at].batch = Some((work, Stage::Persisted));
            }
            Some((work, Stage::Persisted)) => {
                let send = work.send.clone();
                self.nodes[at].batch = Some((work, Stage::Sent));
                self.send(at, send);
            }
            Some((_, Stage::Sent)) => {
                raft.work_done(now_ms);
                self.look(at);
            }
        }
    }

    /// Everything that a server has to do.
    fn work(&mut self, at: usize) {
        while let Some(raft) = &self.nodes[at].raft {
            if self.nodes[at].batch.is_none() && !raft.has_work() {
                break;
            }
            self.advance_batch(at);
        }
    }

    fn send(&mut self, at: usize, out: Vec<Outgoing>) {
        for Outgoing { envelope, ticket } in out {
            self.say(|| format!("{} sends {envelope:?}", at + 1));
            let node = &mut self.nodes[at];
            if !envelope.message.is_request() {
                assert!(node.unanswered.remove(&ticket), "request {ticket} is answered twice");
            }
            assert!(
                envelope.message.term() <= node.disk.0.hard_state.term,
                "{envelope:?} left before its term was durable"
            );
            let vote = match &envelope.message {
                Message::RequestVote(m) => Some((m.term, envelope.from)),
                Message::RequestVoteReply(m) if m.granted => Some((m.request_term, envelope.to)),
                _ => None,
            };
            if let Some((term, candidate)) = vote {
                let voted = *self.votes.entry((envelope.from, term)).or_insert(candidate);
                assert_eq!(
                    voted, candidate,
                    "server {} votes twice in term {term} (§5.2)",
                    envelope.from
                );
            }
            let due_ms = self.now_ms + self.rng.random_range(self.delay_ms.clone());
            self.network.push(Packet {
                due_ms,
                envelope,
                ticket,
            });
        }
    }

    fn apply(&mut self, at: usize) {
        let max_bytes = self.rng.random_range(0..200);
        let Some(apply) = self.nodes[at].raft.as_mut().and_then(|raft| raft.next_apply(max_bytes)) else {
            return;
        };
        self.say(|| format!("{} applies {apply:?}", at + 1));
        let term = self.nodes[at].raft.as_ref().map_or(0, |raft| raft.status().term);
        let applied = &mut self.nodes[at].applied;
        match apply {
            Apply::Snapshot(snapshot) => {
                assert!(snapshot.index > *applied, "the state machine is moved back");
                assert_eq!(
                    snapshot.data,
                    state(&self.committed, snapshot.index),
                    "State Machine Safety: snapshot"
                );
                *applied = snapshot.index;
            }
            Apply::Entries { first_index, entries } => {
                assert_eq!(first_index, *applied + 1, "an index is skipped or repeated");
                *applied += entries.len() as Index;
                for (index, entry) in (first_index as usize - 1..).zip(entries) {
                    match self.committed.get(index) {
                        Some((known, _)) => assert_eq!(&entry, known, "State Machine Safety at {}", index + 1),
                        None => self.committed.push((entry, term)),
                    }
                }
            }
        }
        self.look(at);
    }

    fn snapshot(&mut self, at: usize) {
        let (applied, node) = (self.nodes[at].applied, &mut self.nodes[at]);
        let Some(raft) = &mut node.raft else { return };
        let index = self.rng.random_range(0..=applied);
        if index > raft.status().snapshot_index {
            raft.snapshot(self.now_ms, index, state(&self.committed, index))
                .expect("it was applied");
            self.look(at);
        }
    }

    /// Whatever was not written is gone, and so is what was not sent.
    fn crash(&mut self, at: usize) {
        self.say(|| {
            format!(
                "{} crashes, batch {:?}",
                at + 1,
                self.nodes[at].batch.as_ref().map(|(_, stage)| stage)
            )
        });
        self.nodes[at].raft = None;
        self.nodes[at].batch = None;
        if self.rng.random_bool(0.5) {
            self.restart(at);
        }
    }

    fn restart(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.raft.is_none() {
            let restored = node.disk.0.clone();
            node.raft =
                Some(Raft::new(node.config.clone(), restored, self.now_ms).expect("the disk holds what was written"));
            node.memory = node.disk.clone();
            node.applied = node.disk.base();
            node.seen = None;
            node.led = (0, 0);
            node.unanswered.clear();
            self.look(at);
        }
    }

    fn partition(&mut self) {
        let heal = self.rng.random_bool(0.5);
        self.side
            .iter_mut()
            .for_each(|side| *side = heal || self.rng.random_bool(0.6));
        self.say(|| format!("sides {:?}", self.side));
    }

    /// A batch was taken: the log in memory is known now. Figure 3.
    fn taken(&mut self, at: usize, work: &Work) {
        let node = &mut self.nodes[at];
        let status = node.raft.as_ref().expect("it is up").status();
        let delta = work.persist.as_ref().and_then(|persist| persist.log.as_ref());
        if status.role == Role::Leader {
            let (term, last) = node.led;
            if let Some(delta) = delta.filter(|_| term == status.term) {
                assert_eq!(delta.from, last + 1, "Leader Append-Only (§5.3)");
            }
            node.led = (status.term, status.last_index);
        }
        if let Some(persist) = &work.persist {
            node.memory.write(persist);
        }
        assert_eq!(
            node.memory.last(),
            status.last_index,
            "the batch is not what the log holds"
        );
        let node = &self.nodes[at];
        if delta.is_some() {
            for other in self.nodes.iter().flat_map(|other| [&other.memory, &other.disk]) {
                log_matching(&node.memory, other);
            }
        }
        if status.role == Role::Leader {
            let base = node.memory.base();
            for (index, (entry, term)) in (1..).zip(&self.committed).skip(base as usize) {
                let holds = *term >= status.term || node.memory.entry(index) == Some(entry);
                assert!(
                    holds,
                    "Leader Completeness (§5.4.3): leader {} of term {} lacks {index}",
                    status.id, status.term
                );
            }
        }
    }

    /// Whatever happened to a server, these hold.
    fn look(&mut self, at: usize) {
        let node = &self.nodes[at];
        let Some(raft) = &node.raft else { return };
        let now = raft.status();
        assert!(now.term >= node.disk.0.hard_state.term, "a term fell");
        assert!(
            now.delivered_index <= now.commit_index.min(now.stable_index),
            "delivered before durable: {now:?}"
        );
        assert!(
            now.stable_index <= now.last_index && now.snapshot_index <= now.commit_index,
            "{now:?}"
        );
        assert!(now.commit_index <= now.last_index, "{now:?}");
        let before = node.seen.as_ref();
        if let Some(before) = before {
            let rises = |get: fn(&Status) -> u64| get(before) <= get(&now);
            assert!(
                rises(|s| s.term) && rises(|s| s.commit_index) && rises(|s| s.delivered_index),
                "{before:?} {now:?}"
            );
        }
        if now.role == Role::Leader {
            let first = *self.leaders.entry(now.term).or_insert(now.id);
            assert_eq!(
                first, now.id,
                "Election Safety (§5.2): two leaders of term {}",
                now.term
            );
            let led = before.is_some_and(|before| before.role == Role::Leader && before.term == now.term);
            let index = now.commit_index;
            if led && before.is_some_and(|before| before.commit_index < index) {
                let term = node.memory.term(index);
                assert_eq!(
                    term,
                    Some(now.term),
                    "an entry of an older term is committed by counting (§5.4.2)"
                );
                let holds = |other: &&Node| other.disk.base() >= index || other.disk.term(index) == term;
                let copies = self.nodes.iter().filter(holds).count();
                assert!(
                    2 * copies > self.nodes.len(),
                    "entry {index} is committed, but durable on {copies} only (§5.3)"
                );
            }
        }
        self.nodes[at].seen = Some(now);
    }

    /// Faults end: a leader emerges and its command is applied everywhere within
    /// a number of election timeouts.
    pub fn recover(&mut self) {
        self.side.fill(true);
        (0..self.nodes.len()).for_each(|at| self.restart(at));
        let end_ms = self.now_ms + 20 * 600;
        let mut asked: Option<Proposal> = None;
        while self.now_ms < end_ms {
            self.now_ms += 1;
            for at in 0..self.nodes.len() {
                self.tick(at);
                self.work(at);
                while self.nodes[at].raft.as_ref().is_some_and(Raft::has_apply) {
                    self.apply(at);
                }
                let term = self.nodes[at].raft.as_ref().map_or(0, |raft| raft.status().term);
                if asked.is_none_or(|asked| asked.term < term) {
                    asked = self.propose(at).or(asked);
                }
            }
            let is_done = |asked: &Proposal| self.nodes.iter().all(|node| node.applied >= asked.index);
            let is_kept = |asked: &Proposal| self.committed[asked.index as usize - 1].0.term == asked.term;
            if asked.as_ref().is_some_and(|asked| is_done(asked) && is_kept(asked)) {
                let unanswered = self.nodes.iter().find(|node| !node.unanswered.is_empty());
                assert!(unanswered.is_none(), "a request was never answered");
                return;
            }
            let (due, later) = std::mem::take(&mut self.network)
                .into_iter()
                .partition(|packet| packet.due_ms <= self.now_ms);
            self.network = later;
            Vec::into_iter(due).for_each(|packet| self.deliver(packet));
        }
        let status: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|node| node.raft.as_ref().map(Raft::status))
            .collect();
        panic!("no command was applied everywhere within 20 election timeouts: {status:#?}");
    }
}

/// The state after `index` commands, as every state machine must have it.
fn state(committed: &[(Entry, Term)], index: Index) -> Bytes {
    let mut sum: u64 = index;
    for (entry, _) in &committed[..index as usize] {
        if let Payload::Command(command) = &entry.payload {
            sum = command
                .iter()
                .fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        }
    }
    Bytes::from(&sum.to_le_bytes()[..(index % 9) as usize])
}

/// "If two logs contain an entry with the same index and term, then the logs are
/// identical in all entries up through the given index". Figure 3
fn log_matching(one: &Disk, other: &Disk) {
    let low = one.base().max(other.base());
    let high = one.last().min(other.last());
    let agree = (low..=high).rev().find(|index| one.term(*index) == other.term(*index));
    for index in low + 1..=agree.unwrap_or(low) {
        assert_eq!(one.entry(index), other.entry(index), "Log Matching at {index} (§5.3)");
    }
}
