//! A state of the search: servers, their disks, the messages under way, and
//! what the properties remember.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use pontoon_core::{Apply, Bytes, Config, Envelope, Message, NodeId, Outgoing, Persist, Raft, Role, Status};

use super::Bounds;
use crate::cluster::Contents;
use crate::invariant::{Checked, Oracle, Violation, name};
use crate::run::guarded;

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Elect(usize),
    Heartbeat(usize),
    Propose(usize),
    Deliver { message: usize, again: bool },
    Finish(usize),
    Crash { at: usize, kept: bool },
}

#[derive(Clone)]
struct Node {
    raft: Raft,
    status: Status,
    disk: Contents,
    /// A batch that is being written, and what leaves when it is.
    batch: Option<(Persist, Vec<Outgoing>)>,
    now_ms: u64,
    /// The core's part of the digest: text without times, and numbers of messages.
    text: (u64, Vec<u64>),
}

#[derive(Clone)]
pub(super) struct World {
    bounds: Bounds,
    nodes: Vec<Rc<Node>>,
    network: Vec<Rc<Envelope>>,
    oracle: Oracle,
    spent: [u8; 5],
}

/// Heartbeats are so quick that no leader misses its followers meanwhile.
fn config(at: usize, servers: usize) -> Config {
    Config {
        heartbeat_interval_ms: 1,
        coalesce_ms: 0,
        election_timeout_ms_min: 1000,
        election_timeout_ms_max: 2000,
        ..Config::lab(at as NodeId + 1, (1..=servers as NodeId).collect(), 1)
    }
}

impl World {
    pub(super) fn new(bounds: &Bounds) -> World {
        let node = |at| {
            let raft = Raft::new(config(at, bounds.servers), Contents::default().restore(), 0).expect("it is in order");
            let text = canonical(&raft);
            Rc::new(Node {
                status: raft.status(),
                raft,
                disk: Contents::default(),
                batch: None,
                now_ms: 0,
                text,
            })
        };
        World {
            bounds: *bounds,
            nodes: (0..bounds.servers).map(node).collect(),
            network: Vec::new(),
            oracle: Oracle::new(bounds.servers, pontoon_core::Profile::Lab),
            spent: [0; 5],
        }
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub(super) fn is_within(&self, bounds: &Bounds) -> bool {
        self.network.len() <= bounds.inflight
    }

    pub(super) fn events(&self, bounds: &Bounds) -> Vec<Step> {
        let mut steps = Vec::new();
        let [elections, heartbeats, proposals, crashes, duplicates] = self.spent;
        for (at, node) in self.nodes.iter().enumerate() {
            let leads = node.status.role == Role::Leader;
            if !leads && elections < bounds.elections && (elections > 0 || at == 0) {
                steps.push(Step::Elect(at));
            }
            if leads && node.batch.is_none() && heartbeats < bounds.heartbeats {
                steps.push(Step::Heartbeat(at));
            }
            if leads && proposals < bounds.proposals {
                steps.push(Step::Propose(at));
            }
            if node.batch.is_some() {
                steps.push(Step::Finish(at));
            }
            if crashes < bounds.crashes && (elections > 0) {
                steps.push(Step::Crash { at, kept: false });
                if node.batch.is_some() {
                    steps.push(Step::Crash { at, kept: true });
                }
            }
        }
        for message in 0..self.network.len() {
            steps.push(Step::Deliver { message, again: false });
            if duplicates < bounds.duplicates {
                steps.push(Step::Deliver { message, again: true });
            }
        }
        steps
    }

    pub(super) fn step(&mut self, step: Step) -> Checked {
        let mut checked = Ok(());
        let ran = guarded(|| checked = self.make(step));
        let panicked = |text| Violation {
            property: "assertions of the core",
            section: "a violated invariant panics",
            text,
        };
        ran.map_err(panicked)?;
        checked
    }

    fn make(&mut self, step: Step) -> Checked {
        match step {
            Step::Elect(at) => {
                self.spent[0] += 1;
                self.tick(at)
            }
            Step::Heartbeat(at) => {
                self.spent[1] += 1;
                self.tick(at)
            }
            Step::Propose(at) => {
                self.spent[2] += 1;
                let command = Bytes::from(&[self.spent[2]][..]);
                self.input(at, |raft, now_ms| {
                    // It leads: it takes it, or it is cut off.
                    let _ = raft.propose(now_ms, command);
                })
            }
            Step::Deliver { message, again } => {
                let envelope = match again {
                    true => self.network[message].clone(),
                    false => self.network.remove(message),
                };
                self.spent[4] += u8::from(again);
                let at = envelope.to as usize - 1;
                let envelope = Envelope::clone(&envelope);
                self.input(at, |raft, now_ms| {
                    raft.receive(now_ms, 0, envelope)
                        .expect("a server's message makes sense");
                })
            }
            Step::Finish(at) => self.finish(at, true),
            Step::Crash { at, kept } => {
                self.spent[3] += 1;
                self.crash(at, kept)
            }
        }
    }

    fn node(&mut self, at: usize) -> &mut Node {
        Rc::make_mut(&mut self.nodes[at])
    }

    /// Time jumps to the server's deadline.
    fn tick(&mut self, at: usize) -> Checked {
        let node = self.node(at);
        node.now_ms = node.raft.deadline_ms();
        self.input(at, |raft, now_ms| raft.tick(now_ms))
    }

    fn input(&mut self, at: usize, f: impl FnOnce(&mut Raft, u64)) -> Checked {
        let node = self.node(at);
        f(&mut node.raft, node.now_ms);
        self.stepped(at)?;
        self.settle(at)
    }

    fn stepped(&mut self, at: usize) -> Checked {
        let node = self.node(at);
        let status = node.raft.status();
        let before = std::mem::replace(&mut node.status, status.clone());
        self.oracle.stepped(at, &before, &status)
    }

    /// Batches are taken at once; one that writes waits for `Finish`.
    fn settle(&mut self, at: usize) -> Checked {
        loop {
            let node = self.node(at);
            let now_ms = node.now_ms;
            if node.batch.is_none()
                && let Some(work) = node.raft.take_work(now_ms)
            {
                self.stepped(at)?;
                let status = self.nodes[at].status.clone();
                self.oracle.taken(at, &status, work.persist.as_ref(), None)?;
                self.send(at, work.send_early)?;
                match work.persist {
                    Some(persist) => self.node(at).batch = Some((persist, work.send)),
                    None => {
                        self.oracle.durable(at)?;
                        self.done(at, work.send)?;
                    }
                }
            } else if let Some(apply) = node.raft.next_apply(usize::MAX) {
                self.stepped(at)?;
                self.applied(at, &apply)?;
            } else {
                let node = self.node(at);
                node.text = canonical(&node.raft);
                return Ok(());
            }
        }
    }

    fn applied(&mut self, at: usize, apply: &Apply) -> Checked {
        self.oracle.applied(at, apply, None)
    }

    fn finish(&mut self, at: usize, alive: bool) -> Checked {
        let node = self.node(at);
        let (persist, send) = node.batch.take().expect("a batch is being written");
        node.disk.apply(persist);
        self.oracle.durable(at)?;
        if !alive {
            return Ok(());
        }
        self.done(at, send)?;
        self.settle(at)
    }

    fn done(&mut self, at: usize, send: Vec<Outgoing>) -> Checked {
        self.send(at, send)?;
        let node = self.node(at);
        node.raft.work_done(node.now_ms);
        self.stepped(at)
    }

    fn send(&mut self, at: usize, messages: Vec<Outgoing>) -> Checked {
        for outgoing in messages {
            self.oracle.sent(at, &outgoing)?;
            self.network.push(Rc::new(outgoing.envelope));
        }
        Ok(())
    }

    /// The server stops and is back at once; that it is down for a while is
    /// the same as messages that stay away.
    fn crash(&mut self, at: usize, kept: bool) -> Checked {
        if kept {
            self.finish(at, false)?;
        }
        self.oracle.crashed(at);
        let servers = self.bounds.servers;
        let node = self.node(at);
        node.batch = None;
        let restored = node.disk.restore();
        node.raft = Raft::new(config(at, servers), restored.clone(), 0).expect("a disk holds what was written to it");
        node.now_ms = 0;
        node.status = node.raft.status();
        let status = node.status.clone();
        self.oracle.recovered(at, &restored)?;
        self.oracle.restarted(at, &status)?;
        self.settle(at)
    }

    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.spent.hash(&mut hasher);
        self.oracle.digest(&mut hasher);
        // Numbers of messages matter by their order alone, leader by leader.
        let mut numbers: Vec<Vec<u64>> = self.nodes.iter().map(|node| node.text.1.clone()).collect();
        for envelope in &self.network {
            let (owner, seq) = numbered(envelope);
            numbers[owner].push(seq);
        }
        for numbers in &mut numbers {
            numbers.sort_unstable();
            numbers.dedup();
        }
        let rank = |owner: usize, seq: u64| numbers[owner].binary_search(&seq).expect("it was collected");
        for (at, node) in self.nodes.iter().enumerate() {
            node.text.0.hash(&mut hasher);
            node.text.1.iter().for_each(|seq| rank(at, *seq).hash(&mut hasher));
            format!("{:?}{:?}", node.disk, node.batch.as_ref().map(|(persist, _)| persist)).hash(&mut hasher);
            for outgoing in node.batch.iter().flat_map(|(_, send)| send) {
                format!("{:?}", outgoing.envelope).hash(&mut hasher);
            }
        }
        let mut messages: Vec<u64> = self
            .network
            .iter()
            .map(|envelope| {
                let (owner, seq) = numbered(envelope);
                let mut hasher = DefaultHasher::new();
                let mut envelope = Envelope::clone(envelope);
                match &mut envelope.message {
                    Message::AppendEntries(m) => m.seq = rank(owner, seq) as u64,
                    Message::AppendEntriesReply(m) => m.seq = rank(owner, seq) as u64,
                    _ => {}
                }
                format!("{envelope:?}").hash(&mut hasher);
                hasher.finish()
            })
            .collect();
        messages.sort_unstable();
        messages.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn describe(&self, step: Step) -> String {
        match step {
            Step::Elect(at) => format!("{} times out", name(at)),
            Step::Heartbeat(at) => format!("{} sends heartbeats", name(at)),
            Step::Propose(at) => format!("{} takes a command", name(at)),
            Step::Finish(at) => format!("{}'s batch is durable, its messages leave", name(at)),
            Step::Crash { at, kept } => {
                let kept = if kept { "is" } else { "is not" };
                format!(
                    "{} crashes and comes back; a batch being written {kept} on disk",
                    name(at)
                )
            }
            Step::Deliver { message, again } => {
                let Envelope { from, to, message } = &*self.network[message];
                let again = if again { ", and stays under way" } else { "" };
                format!("S{from} to S{to}: {message:?}{again}")
            }
        }
    }
}

/// The leader whose number a message carries, and the number.
fn numbered(envelope: &Envelope) -> (usize, u64) {
    match &envelope.message {
        Message::AppendEntries(m) => (envelope.from as usize - 1, m.seq),
        Message::AppendEntriesReply(m) => (envelope.to as usize - 1, m.seq),
        _ => (envelope.from as usize - 1, 0),
    }
}

/// A core's state as text, hashed, without what only time and chance decide;
/// and the numbers of its messages, which stand in it by their order.
fn canonical(raft: &Raft) -> (u64, Vec<u64>) {
    let text = format!("{raft:?}");
    // Before it: the configuration, the generator, the clock.
    let mut rest = text
        .split_once("hard_state:")
        .expect("its Debug has the fields' names")
        .1;
    let (mut hasher, mut numbers) = (DefaultHasher::new(), Vec::new());
    while let Some((before, after)) = rest.split_once(": ") {
        before.hash(&mut hasher);
        rest = after;
        let field = before.rsplit(' ').next().unwrap_or("");
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if field.ends_with("_ms") {
            if let Some(some) = rest.strip_prefix("Some(") {
                "Some".hash(&mut hasher);
                rest = some;
            }
            rest = &rest[digits(rest)..];
        } else if field == "seq" {
            numbers.push(rest[..digits(rest)].parse().unwrap_or(0));
            rest = &rest[digits(rest)..];
        } else if ["next_seq", "ticket"].contains(&field) {
            rest = &rest[digits(rest)..];
        }
    }
    rest.hash(&mut hasher);
    (hasher.finish(), numbers)
}
