//! A cluster under a random schedule, and the properties of Figure 3 checked
//! after every step. One seed is one run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use pontoon_core::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::disk::Disk;

mod properties;
mod replay;

use properties::state;
use replay::Replay;

/// Random steps of one run.
const STEPS: usize = 6000;

/// One run: a random schedule, then recovery. Panics where a property is broken.
pub fn run(seed: u64, trace: bool) {
    let mut cluster = Cluster::new(seed);
    cluster.trace = trace;
    for _ in 0..STEPS {
        cluster.step();
    }
    cluster.recover();
}

/// How far a batch of work has got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Taken,
    Persisted,
    Sent,
}

#[derive(Clone)]
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
    /// What it told of itself in this incarnation.
    replay: Replay,
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
    /// The server whose disk is slow for now, if there is one of this position.
    slow: usize,
    /// How likely each kind of step is.
    weights: [u32; 9],
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
        let count = [3, 3, 5][rng.random_range(0..3)];
        let shared = Config {
            profile: [Profile::Lab, Profile::Lab, Profile::Service][rng.random_range(0..3)],
            coalesce_ms: rng.random_range(0..20),
            max_inflight: rng.random_range(1..=4),
            max_append_bytes: rng.random_range(1..200),
            snapshot_chunk_bytes: rng.random_range(1..12),
            trace_events: 1000,
            ..Config::lab(1, (1..=count).collect(), seed)
        };
        let node = |id| Node {
            config: Config { id, ..shared.clone() },
            raft: None,
            disk: Disk::default(),
            memory: Disk::default(),
            batch: None,
            replay: Replay::of(&Disk::default()),
            seen: None,
            led: (0, 0),
            applied: 0,
            unanswered: BTreeSet::new(),
        };
        let mut cluster = Cluster {
            nodes: (1..=count).map(node).collect(),
            side: vec![true; count as usize],
            slow: usize::MAX,
            delay_ms: [1..=1, 1..=20, 1..=120, 110..=120][rng.random_range(0..4)].clone(),
            weights: [300, 300, 60, 30, 60, 10, 1, 3, 1].map(|weight| weight * [1, 3, 9][rng.random_range(0..3)]),
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

    /// One random step; when there is nothing to do, time passes.
    pub fn step(&mut self) {
        let at = self.rng.random_range(0..self.nodes.len());
        let mut dice = self.rng.random_range(0..self.weights.iter().sum());
        let fell = |weight: &u32| {
            let here = dice < *weight;
            dice = dice.saturating_sub(*weight);
            here
        };
        match self.weights.iter().position(fell) {
            Some(0) if !self.network.is_empty() => self.deliver_any(),
            Some(1) if self.is_busy(at) => self.advance_batch(at),
            Some(2) if self.is_busy(at) => self.work(at),
            Some(3) => self.propose_everywhere(),
            Some(4) => self.apply(at),
            Some(5) => self.snapshot(at),
            Some(6) => self.crash(at),
            Some(7) => self.restart(at),
            Some(8) => self.partition(),
            _ if self.network.is_empty() || self.rng.random_bool(0.03) => self.pass_time(),
            _ => {}
        }
    }

    /// Whether a server has work and a disk that does it.
    fn is_busy(&mut self, at: usize) -> bool {
        let node = &self.nodes[at];
        let works = node.raft.as_ref().is_some_and(Raft::has_work) || node.batch.is_some();
        works && (at != self.slow || self.rng.random_bool(0.05))
    }

    /// Any message arrives, or is lost, or arrives twice.
    fn deliver_any(&mut self) {
        let window = if self.rng.random_bool(0.8) { 4 } else { usize::MAX };
        let pick = self.rng.random_range(0..self.network.len().min(window));
        match self.rng.random_range(0..20) {
            0 => {
                let packet = self.network.remove(pick);
                self.say(|| format!("lost {:?}", packet.envelope));
                if self.rng.random_bool(0.5) && packet.envelope.message.is_request() {
                    self.undelivered(&packet);
                }
            }
            1 => {
                let again = self.network[pick].clone();
                self.network.push(again);
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

    /// Whoever leads, or thinks so, takes a command.
    fn propose_everywhere(&mut self) {
        for at in 0..self.nodes.len() {
            self.propose(at);
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
                self.hear(at);
                let node = &self.nodes[at];
                node.replay.check_disk(&node.disk);
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
            self.sending(&envelope);
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
        self.applied(at, apply);
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
        let stage = self.nodes[at].batch.take().map(|(_, stage)| stage);
        self.say(|| format!("{} crashes, batch {stage:?}", at + 1));
        self.nodes[at].raft = None;
        if self.rng.random_bool(0.5) {
            self.restart(at);
        }
    }

    fn restart(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.raft.is_none() {
            let restored = node.disk.0.clone();
            let raft = Raft::new(node.config.clone(), restored, self.now_ms);
            node.raft = Some(raft.expect("the disk holds what was written"));
            node.memory = node.disk.clone();
            node.replay = Replay::of(&node.disk);
            node.applied = node.disk.base();
            node.seen = None;
            node.led = (0, 0);
            node.unanswered.clear();
            self.look(at);
        }
    }

    fn partition(&mut self) {
        let heal = self.rng.random_bool(0.5);
        self.slow = self.rng.random_range(0..2 * self.nodes.len());
        for side in &mut self.side {
            *side = heal || self.rng.random_bool(0.6);
        }
        self.say(|| format!("sides {:?}", self.side));
    }

    /// Faults end: a leader emerges and its command is applied everywhere within
    /// 20 election timeouts, and the time of two slow messages for every entry.
    pub fn recover(&mut self) {
        self.side.fill(true);
        self.slow = usize::MAX;
        (0..self.nodes.len()).for_each(|at| self.restart(at));
        let longest = self.nodes.iter().map(|node| node.disk.last()).max().unwrap_or(0);
        let end_ms = self.now_ms + 20 * 600 + longest * 2 * 240;
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
            let network = std::mem::take(&mut self.network).into_iter();
            let (due, later): (Vec<_>, Vec<_>) = network.partition(|packet| packet.due_ms <= self.now_ms);
            self.network = later;
            due.into_iter().for_each(|packet| self.deliver(packet));
        }
        let status = |node: &Node| node.raft.as_ref().map(Raft::status);
        let status: Vec<_> = self.nodes.iter().map(status).collect();
        panic!("no command was applied everywhere in time: {status:#?}");
    }
}
