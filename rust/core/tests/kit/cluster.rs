//! A cluster whose every step is chosen by a script, and that writes down what
//! happens.

use std::collections::BTreeSet;

use pontoon_core::*;

use super::disk::Disk;
use super::prose;

/// Where in a batch a server crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// What may leave early has left; nothing is written.
    BeforePersist,
    /// Everything is written; nothing else has left.
    BeforeSend,
    /// Everything has left.
    AfterSend,
}

struct Node {
    config: Config,
    raft: Option<Raft>,
    disk: Disk,
    seen: Option<Status>,
    /// The disk does not come back; the batch that waits for it.
    stalled: bool,
    waiting: Option<Work>,
    crash_at: Option<Point>,
}

/// A message under way.
struct Packet {
    number: u64,
    envelope: Envelope,
    ticket: u64,
    held: bool,
}

/// Messages named by a script: `m3`, `1->2`, `*->2`, or all.
#[derive(Clone, Copy)]
pub enum Which {
    All,
    Number(u64),
    Link(Option<NodeId>, Option<NodeId>),
}

pub struct Cluster {
    nodes: Vec<Node>,
    network: Vec<Packet>,
    now_ms: u64,
    next_number: u64,
    /// Pairs of servers that do not hear each other.
    cut: BTreeSet<(NodeId, NodeId)>,
    /// The transcript since it was last taken.
    pub lines: Vec<String>,
}

impl Cluster {
    /// Servers 1, 2, … as configured; they never ran.
    pub fn new(configs: Vec<Config>) -> Cluster {
        let node = |config| Node {
            config,
            raft: None,
            disk: Disk::default(),
            seen: None,
            stalled: false,
            waiting: None,
            crash_at: None,
        };
        let mut cluster = Cluster {
            nodes: configs.into_iter().map(node).collect(),
            network: Vec::new(),
            now_ms: 0,
            next_number: 0,
            cut: BTreeSet::new(),
            lines: Vec::new(),
        };
        cluster.ids().for_each(|id| cluster.start(id));
        cluster
    }

    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        1..=self.nodes.len() as NodeId
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize - 1]
    }

    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Replaces what a server finds at its start.
    pub fn set_disk(&mut self, id: NodeId, restored: Restored) {
        self.node(id).disk = Disk(restored);
        self.start(id);
    }

    fn start(&mut self, id: NodeId) {
        let now_ms = self.now_ms;
        let node = self.node(id);
        let raft = Raft::new(node.config.clone(), node.disk.0.clone(), now_ms).expect("the disk is sound");
        node.seen = Some(raft.status());
        node.raft = Some(raft);
        (node.stalled, node.waiting, node.crash_at) = (false, None, None);
    }

    pub fn restart(&mut self, id: NodeId) {
        self.start(id);
        let disk = self.describe_disk(id);
        self.say(format!("{id} restarts with {disk}"));
    }

    pub fn crash(&mut self, id: NodeId) {
        self.node(id).raft = None;
        self.node(id).waiting = None;
        self.say(format!("{id} crashes"));
    }

    pub fn crash_at(&mut self, id: NodeId, point: Point) {
        self.node(id).crash_at = Some(point);
    }

    pub fn stall(&mut self, id: NodeId) {
        self.node(id).stalled = true;
    }

    pub fn unstall(&mut self, id: NodeId) {
        self.node(id).stalled = false;
        if let Some(work) = self.node(id).waiting.take() {
            self.finish(id, work);
        }
        self.settle(id);
    }

    pub fn cut(&mut self, one: &[NodeId], other: &[NodeId]) {
        for a in one {
            self.cut.extend(other.iter().flat_map(|b| [(*a, *b), (*b, *a)]));
        }
    }

    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// Gives one server an input, and does all that follows on that server.
    fn input<T>(&mut self, id: NodeId, give: impl FnOnce(&mut Raft, u64) -> T) -> Option<T> {
        let now_ms = self.now_ms;
        let result = self.node(id).raft.as_mut().map(|raft| give(raft, now_ms));
        self.look(id);
        self.settle(id);
        result
    }

    pub fn propose(&mut self, id: NodeId, command: &str) {
        let result = self.input(id, |raft, now_ms| raft.propose(now_ms, command.into()));
        match result.expect("the server is up") {
            Ok(_) => {}
            Err(refusal) => self.say(format!("{id} refuses: {refusal}")),
        }
    }

    pub fn snapshot(&mut self, id: NodeId, index: Index, data: &str) {
        let result = self.input(id, |raft, now_ms| raft.snapshot(now_ms, index, data.into()));
        if let Err(refusal) = result.expect("the server is up") {
            self.say(format!("{id} refuses: {refusal}"));
        }
    }

    /// Lets time pass; every server is ticked when it is due, nothing arrives.
    pub fn advance(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        while self.tick_next(end_ms) {}
        self.now_ms = end_ms;
    }

    /// Lets time pass on a network without delay.
    pub fn run(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        self.deliver(Which::All);
        while self.tick_next(end_ms) {
            self.deliver(Which::All);
        }
        self.now_ms = end_ms;
    }

    /// Goes to the next deadline, if there is one until `end_ms`.
    fn tick_next(&mut self, end_ms: u64) -> bool {
        let due = |node: &Node| node.raft.as_ref().map(|raft| (raft.deadline_ms(), node.config.id));
        let next = self.nodes.iter().filter_map(due).min();
        let Some((due_ms, id)) = next.filter(|(due_ms, _)| *due_ms <= end_ms) else {
            return false;
        };
        if due_ms > self.now_ms {
            self.now_ms = due_ms;
            self.say(format!("at {due_ms} ms"));
        }
        self.input(id, Raft::tick);
        true
    }

    /// Lets time pass in which nobody is ticked: the host is starved.
    pub fn starve(&mut self, ms: u64) {
        self.now_ms += ms;
        self.say(format!("at {} ms", self.now_ms));
    }

    /// Messages that are named, in the order in which they were sent.
    fn select(&self, which: Which) -> Vec<u64> {
        let matches = |packet: &&Packet| match which {
            Which::All => !packet.held,
            Which::Number(number) => packet.number == number,
            Which::Link(from, to) => {
                let Envelope { from: f, to: t, .. } = packet.envelope;
                !packet.held && from.is_none_or(|from| from == f) && to.is_none_or(|to| to == t)
            }
        };
        self.network
            .iter()
            .filter(matches)
            .map(|packet| packet.number)
            .collect()
    }

    fn take(&mut self, number: u64) -> Packet {
        let at = self.network.iter().position(|packet| packet.number == number);
        self.network.remove(at.expect("the message is under way"))
    }

    /// Everything that is named arrives; all messages: until none is left.
    pub fn deliver(&mut self, which: Which) -> usize {
        let numbers = self.select(which);
        for number in &numbers {
            self.arrive(*number);
        }
        match which {
            Which::All if !numbers.is_empty() => numbers.len() + self.deliver(which),
            _ => numbers.len(),
        }
    }

    fn arrive(&mut self, number: u64) {
        let Packet { envelope, ticket, .. } = self.take(number);
        let (from, to, kind) = (envelope.from, envelope.to, prose::kind(&envelope.message));
        if self.cut.contains(&(from, to)) || self.node(to).raft.is_none() {
            return self.say(format!("m{number} {kind} does not reach {to}"));
        }
        self.say(format!("{to} hears m{number} {kind}"));
        // A request's number serves as its ticket: the reply then goes back by it.
        let ticket = if envelope.message.is_request() { number } else { ticket };
        let result = self.input(to, |raft, now_ms| raft.receive(now_ms, ticket, envelope));
        if let Some(Err(error)) = result {
            self.say(format!("{to} refuses: {error}"));
        }
    }

    /// Everything that is named is lost; `known`: its sender learns of it.
    pub fn lose(&mut self, which: Which, known: bool) -> usize {
        let numbers = self.select(which);
        for number in &numbers {
            let Packet { envelope, ticket, .. } = self.take(*number);
            if known {
                self.input(envelope.from, |raft, now_ms| {
                    raft.undelivered(now_ms, envelope.to, ticket)
                });
            }
        }
        numbers.len()
    }

    /// Everything that is named is under way twice.
    pub fn duplicate(&mut self, which: Which) -> usize {
        let numbers = self.select(which);
        for number in &numbers {
            let packet = self.network.iter().find(|packet| packet.number == *number);
            let (envelope, ticket) = packet
                .map(|packet| (packet.envelope.clone(), packet.ticket))
                .expect("it is named");
            self.send(vec![Outgoing { envelope, ticket }]);
        }
        numbers.len()
    }

    /// Everything that is named waits until it is released, or named by number.
    pub fn hold(&mut self, which: Which) -> usize {
        let numbers = self.select(which);
        for packet in &mut self.network {
            packet.held |= numbers.contains(&packet.number);
        }
        numbers.len()
    }

    pub fn release(&mut self) {
        self.network.iter_mut().for_each(|packet| packet.held = false);
    }

    fn send(&mut self, out: Vec<Outgoing>) {
        for Outgoing { envelope, ticket } in out {
            self.next_number += 1;
            let number = self.next_number;
            let Envelope { from, to, message } = &envelope;
            self.say(format!("  m{number} {from}→{to} {}", prose::message(message)));
            self.network.push(Packet {
                number,
                envelope,
                ticket,
                held: false,
            });
        }
    }

    /// Does whatever work a server has, as far as its disk and its fate allow.
    fn settle(&mut self, id: NodeId) {
        let now_ms = self.now_ms;
        while let Some(work) = self.node(id).raft.as_mut().and_then(|raft| raft.take_work(now_ms)) {
            self.send(work.send_early.clone());
            if self.node(id).stalled {
                if let Some(persist) = &work.persist {
                    self.say(format!("  {id} begins to write {}", prose::persist(persist)));
                }
                self.node(id).waiting = Some(work);
                return;
            }
            self.finish(id, work);
        }
        self.apply(id);
    }

    /// Persists and sends, or crashes where it was told to.
    fn finish(&mut self, id: NodeId, work: Work) {
        let now_ms = self.now_ms;
        let crash_at = self.node(id).crash_at.take();
        if crash_at == Some(Point::BeforePersist) {
            return self.crash(id);
        }
        if let Some(persist) = &work.persist {
            self.node(id).disk.write(persist);
            self.say(format!("  {id} writes {}", prose::persist(persist)));
        }
        if crash_at == Some(Point::BeforeSend) {
            return self.crash(id);
        }
        self.send(work.send);
        if crash_at == Some(Point::AfterSend) {
            return self.crash(id);
        }
        let raft = self.node(id).raft.as_mut().expect("it is up");
        raft.work_done(now_ms);
        self.look(id);
    }

    fn apply(&mut self, id: NodeId) {
        while let Some(apply) = self.node(id).raft.as_mut().and_then(|raft| raft.next_apply(usize::MAX)) {
            self.say(format!("  {id} applies {}", prose::apply(&apply)));
        }
    }

    /// Writes down what changed about a server.
    fn look(&mut self, id: NodeId) {
        let node = self.node(id);
        let Some(raft) = &node.raft else { return };
        let now = raft.status();
        let before = node
            .seen
            .replace(now.clone())
            .expect("it was looked at when it started");
        if (before.role, before.term) != (now.role, now.term) {
            self.say(format!("  {id} is {} of t{}", role(&now), now.term));
        }
        if before.leader != now.leader && now.role == Role::Follower {
            match now.leader {
                Some(leader) => self.say(format!("  {id} follows {leader}")),
                None => self.say(format!("  {id} knows no leader")),
            }
        }
        if before.commit_index != now.commit_index {
            self.say(format!("  {id} commits {}", now.commit_index));
        }
    }

    /// One line for every server: what it is, knows and holds.
    pub fn status(&mut self) {
        for id in self.ids() {
            let disk = self.describe_disk(id);
            let line = match self.node(id).raft.as_ref().map(Raft::status) {
                Some(s) => format!(
                    "{id} {} t{} commit {} last {}@{}, disk: {disk}",
                    role(&s),
                    s.term,
                    s.commit_index,
                    s.last_index,
                    s.last_term
                ),
                None => format!("{id} is down, disk: {disk}"),
            };
            self.say(line);
        }
    }

    fn describe_disk(&mut self, id: NodeId) -> String {
        let disk = &self.node(id).disk;
        let snapshot = disk
            .0
            .snapshot
            .as_ref()
            .map(|s| format!(", snapshot {}@{} {:?}", s.index, s.term, s.data));
        let log = prose::entries(disk.base() + 1, &disk.0.entries);
        let state = prose::hard_state(disk.0.hard_state);
        format!("{state}{}, log [{log}]", snapshot.unwrap_or_default())
    }
}

fn role(status: &Status) -> &'static str {
    match status.role {
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}
