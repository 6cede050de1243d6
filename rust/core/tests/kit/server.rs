//! One server under test, its disk and everything that it ever said.

use std::collections::BTreeMap;

use pontoon_core::*;

use super::disk::Disk;
use super::say::{IntoMessage, Said, append, granted, installed, matched};
use super::{activate_mutant, entries, text};

/// How a server comes up.
pub struct ServerBuilder {
    config: Config,
    disk: Disk,
}

/// Server 1, at first of 3 and as one that never ran.
pub fn server() -> ServerBuilder {
    activate_mutant();
    ServerBuilder {
        config: Config::lab(1, vec![1, 2, 3], 7),
        disk: Disk::default(),
    }
}

impl ServerBuilder {
    /// Size of the cluster: servers 1 to `count`.
    pub fn of(mut self, count: u64) -> Self {
        self.config.voters = (1..=count).collect();
        self
    }

    pub fn tune(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// The term on disk.
    pub fn term(mut self, term: Term) -> Self {
        self.disk.0.hard_state.term = term;
        self
    }

    pub fn voted(mut self, candidate: NodeId) -> Self {
        self.disk.0.hard_state.voted_for = Some(candidate);
        self
    }

    /// The log on disk, and with it a term no less.
    pub fn log(mut self, text: &str) -> Self {
        self.disk.0.entries = entries(text);
        let last_term = self.disk.0.entries.last().map_or(0, |entry| entry.term);
        let term = &mut self.disk.0.hard_state.term;
        *term = last_term.max(*term);
        self
    }

    /// The snapshot on disk; the log begins after it.
    pub fn snapshot(mut self, index: Index, term: Term, data: &str) -> Self {
        let data = data.into();
        self.disk.0.snapshot = Some(Snapshot { index, term, data });
        self.disk.0.hard_state.term = self.disk.0.hard_state.term.max(term);
        self
    }

    pub fn start(self) -> Server {
        Server::start(self.config, self.disk, 1000)
    }

    /// Starts it and has it elected by all others, who answered nothing since.
    pub fn lead(self) -> Server {
        let mut server = self.start();
        server.is_elected();
        server
    }
}

/// A running server.
pub struct Server {
    pub raft: Raft,
    pub disk: Disk,
    pub now_ms: u64,
    config: Config,
    /// Everything that left since it was last looked at, in order.
    sent: Vec<Outgoing>,
    /// The latest message to each peer.
    latest: BTreeMap<NodeId, Message>,
    /// Everything its state machine was given since the start.
    pub applied: Vec<Apply>,
    ticket: u64,
}

impl Server {
    fn start(config: Config, disk: Disk, now_ms: u64) -> Server {
        let raft = Raft::new(config.clone(), disk.0.clone(), now_ms).expect("the test's configuration is valid");
        Server {
            raft,
            disk,
            now_ms,
            config,
            sent: Vec::new(),
            latest: BTreeMap::new(),
            applied: Vec::new(),
            ticket: 0,
        }
    }

    /// Crashes, and comes back with what was persisted, nothing more.
    pub fn restart(&mut self) {
        let disk = std::mem::take(&mut self.disk);
        *self = Server::start(self.config.clone(), disk, self.now_ms);
    }

    /// Receives a message and does all work that follows.
    pub fn hears<M: IntoMessage>(&mut self, said: Said<M>) -> &mut Self {
        self.receives(said);
        self.work();
        self
    }

    /// Receives a message; the work is left for later.
    pub fn receives<M: IntoMessage>(&mut self, said: Said<M>) -> u64 {
        self.tries(said).expect("the test's message is well formed")
    }

    /// Receives a message that may be refused. Returns its ticket.
    pub fn tries<M: IntoMessage>(&mut self, said: Said<M>) -> Result<u64, ReceiveError> {
        self.ticket += 1;
        let envelope = Envelope {
            from: said.from,
            to: self.config.id,
            message: said.message.into_message(),
        };
        self.raft.receive(self.now_ms, self.ticket, envelope)?;
        Ok(self.ticket)
    }

    /// Does all work there is, and lets the state machine take what it may.
    pub fn work(&mut self) -> &mut Self {
        for _ in 0..1000 {
            let Some(work) = self.raft.take_work(self.now_ms) else {
                self.apply();
                return self;
            };
            self.finish(work);
        }
        panic!("the work has no end");
    }

    /// Does one batch: persist, then send.
    pub fn finish(&mut self, work: Work) {
        self.sends(work.send_early);
        if let Some(persist) = &work.persist {
            self.disk.write(persist);
        }
        self.sends(work.send);
        self.raft.work_done(self.now_ms);
    }

    fn sends(&mut self, out: Vec<Outgoing>) {
        for Outgoing { envelope, .. } in &out {
            self.latest.insert(envelope.to, envelope.message.clone());
        }
        self.sent.extend(out);
    }

    pub fn apply(&mut self) {
        while let Some(apply) = self.raft.next_apply(usize::MAX) {
            self.applied.push(apply);
        }
    }

    /// Takes a batch without doing it.
    pub fn takes(&mut self) -> Work {
        self.raft.take_work(self.now_ms).expect("there is work")
    }

    pub fn proposes(&mut self, command: &str) -> Proposal {
        let proposal = self
            .raft
            .propose(self.now_ms, command.into())
            .expect("the server leads");
        self.work();
        proposal
    }

    pub fn snapshots(&mut self, index: Index, data: &str) -> &mut Self {
        self.raft
            .snapshot(self.now_ms, index, data.into())
            .expect("the index was delivered");
        self.work();
        self
    }

    /// Lets time pass, ticking at every deadline on the way.
    pub fn waits(&mut self, ms: u64) -> &mut Self {
        let end_ms = self.now_ms + ms;
        while self.now_ms < end_ms {
            self.now_ms = self.raft.deadline_ms().clamp(self.now_ms + 1, end_ms);
            self.raft.tick(self.now_ms);
            self.work();
        }
        self
    }

    /// Hears nothing until its election timeout has passed.
    pub fn times_out(&mut self) -> &mut Self {
        self.now_ms = self.raft.deadline_ms();
        self.raft.tick(self.now_ms);
        self.work();
        self
    }

    /// Stands for election and gets every vote.
    pub fn is_elected(&mut self) -> &mut Self {
        self.times_out();
        for peer in self.peers() {
            self.hears(granted(self.term()).by(peer));
        }
        assert_eq!(self.role(), Role::Leader);
        let is_vote = |out: &Outgoing| matches!(out.envelope.message, Message::RequestVote(_));
        self.sent.retain(|out| !is_vote(out));
        self
    }

    /// A follower answers the latest request to it as one that agrees.
    pub fn is_acked_by(&mut self, peer: NodeId) -> &mut Self {
        let term = self.term();
        match &self.latest[&peer] {
            Message::AppendEntries(m) => {
                let covered = m.prev_log_index + m.entries.len() as Index;
                let said = matched(term, m.seq, covered);
                self.hears(said.by(peer))
            }
            Message::InstallSnapshot(m) => {
                let said = installed(term, m.seq, m.last_included_index);
                self.hears(said.by(peer))
            }
            other => panic!("{other:?} is not a leader's request"),
        }
    }

    /// A heartbeat from server 2 makes this server its follower in `term`.
    pub fn follows(&mut self, term: Term) -> &mut Self {
        self.hears(append(term));
        self.sent.clear();
        self
    }

    fn peers(&self) -> Vec<NodeId> {
        let others = self.config.voters.iter().copied().filter(|id| *id != self.config.id);
        others.collect()
    }

    pub fn term(&self) -> Term {
        self.raft.status().term
    }

    pub fn role(&self) -> Role {
        self.raft.status().role
    }

    pub fn leader(&self) -> Option<NodeId> {
        self.raft.status().leader
    }

    pub fn commit(&self) -> Index {
        self.raft.status().commit_index
    }

    /// What a crash now would leave.
    pub fn persisted(&self) -> &Restored {
        &self.disk.0
    }

    pub fn persisted_vote(&self) -> (Term, Option<NodeId>) {
        let HardState { term, voted_for } = self.disk.0.hard_state;
        (term, voted_for)
    }

    /// The log on disk, as [`entries`] reads it.
    pub fn log(&self) -> String {
        text(&self.disk.0.entries)
    }

    /// Everything that the state machine was given, in order: `"s3 a b"` is a
    /// snapshot up to 3 and two commands.
    pub fn applied(&self) -> String {
        let mut words = Vec::new();
        for apply in &self.applied {
            match apply {
                Apply::Snapshot(snapshot) => words.push(format!("s{}", snapshot.index)),
                Apply::Entries { entries, .. } => words.extend(entries.iter().map(|entry| match &entry.payload {
                    Payload::Noop => "-".to_string(),
                    Payload::Command(bytes) => bytes.escape_ascii().to_string(),
                })),
            }
        }
        words.join(" ")
    }

    /// Takes everything that was sent since last time.
    pub fn sent(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.sent)
    }

    /// Takes the messages that were sent, and forgets those to others.
    pub fn sent_to(&mut self, peer: NodeId) -> Vec<Message> {
        let to_peer = |out: Outgoing| (out.envelope.to == peer).then_some(out.envelope.message);
        self.sent().into_iter().filter_map(to_peer).collect()
    }

    /// Takes what was sent; there must be a single AppendEntries to `peer`.
    pub fn append_to(&mut self, peer: NodeId) -> AppendEntries {
        match &self.sent_to(peer)[..] {
            [Message::AppendEntries(m)] => m.clone(),
            other => panic!("not a single AppendEntries: {other:?}"),
        }
    }

    /// Takes what was sent; there must be a single InstallSnapshot to `peer`.
    pub fn piece_to(&mut self, peer: NodeId) -> InstallSnapshot {
        match &self.sent_to(peer)[..] {
            [Message::InstallSnapshot(m)] => m.clone(),
            other => panic!("not a single InstallSnapshot: {other:?}"),
        }
    }

    /// Takes the replies that were sent.
    pub fn replies(&mut self) -> Vec<Message> {
        let reply = |out: Outgoing| (!out.envelope.message.is_request()).then_some(out.envelope.message);
        self.sent().into_iter().filter_map(reply).collect()
    }

    /// Takes the only reply, the outcome of an AppendEntries.
    pub fn outcome(&mut self) -> Appended {
        match &self.replies()[..] {
            [Message::AppendEntriesReply(m)] => m.outcome.clone(),
            other => panic!("not a single AppendEntries reply: {other:?}"),
        }
    }

    /// Takes the only reply: whether the vote was granted.
    pub fn grants(&mut self) -> bool {
        match &self.replies()[..] {
            [Message::RequestVoteReply(m)] => m.granted,
            other => panic!("not a single vote: {other:?}"),
        }
    }

    /// Takes the only reply to an InstallSnapshot: bytes held, index installed.
    pub fn install_reply(&mut self) -> (u64, Option<Index>) {
        match &self.replies()[..] {
            [Message::InstallSnapshotReply(m)] => (m.next_offset, m.installed),
            other => panic!("not a single InstallSnapshot reply: {other:?}"),
        }
    }
}
