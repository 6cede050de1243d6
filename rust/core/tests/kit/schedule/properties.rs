//! What must hold after every step: Figure 3, and what a server says of itself.

use pontoon_core::*;

use super::{Cluster, Node};
use crate::kit::disk::Disk;

impl Cluster {
    /// A message leaves.
    pub(super) fn sending(&mut self, envelope: &Envelope) {
        let node = &self.nodes[envelope.from as usize - 1];
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
    }

    /// A batch was taken: the log in memory is known now. Figure 3.
    pub(super) fn taken(&mut self, at: usize, work: &Work) {
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
        node.replay.check_log(&node.memory);
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

    /// What a server tells of itself is what it is.
    pub(super) fn hear(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(raft) = &mut node.raft else { return };
        let (lost, events) = raft.take_events();
        assert_eq!(lost, 0);
        for event in events {
            if self.trace {
                println!("{:6} {} tells {event:?}", self.now_ms, at + 1);
            }
            node.replay.happens(node.config.id, event);
        }
        node.replay.check_status(&raft.status());
    }

    /// Whatever happened to a server, these hold.
    pub(super) fn look(&mut self, at: usize) {
        self.hear(at);
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
            self.look_at_leader(at, &now);
        }
        self.nodes[at].seen = Some(now);
    }

    fn look_at_leader(&mut self, at: usize, now: &Status) {
        let first = *self.leaders.entry(now.term).or_insert(now.id);
        assert_eq!(
            first, now.id,
            "Election Safety (§5.2): two leaders of term {}",
            now.term
        );
        let node = &self.nodes[at];
        let led = |before: &&Status| before.role == Role::Leader && before.term == now.term;
        let index = now.commit_index;
        if node
            .seen
            .as_ref()
            .filter(led)
            .is_some_and(|before| before.commit_index < index)
        {
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

    /// A state machine is given what a restart could bring back, each index
    /// once, and the same as all others.
    pub(super) fn applied(&mut self, at: usize, apply: Apply) {
        let node = &mut self.nodes[at];
        let term = node.raft.as_ref().map_or(0, |raft| raft.status().term);
        match apply {
            Apply::Snapshot(snapshot) => {
                assert!(snapshot.index > node.applied, "the state machine is moved back");
                assert!(
                    snapshot.index <= node.disk.base(),
                    "a snapshot is applied before it is durable"
                );
                assert_eq!(
                    snapshot.data,
                    state(&self.committed, snapshot.index),
                    "State Machine Safety: snapshot"
                );
                node.applied = snapshot.index;
            }
            Apply::Entries { first_index, entries } => {
                assert_eq!(first_index, node.applied + 1, "an index is skipped or repeated");
                node.applied += entries.len() as Index;
                for (index, entry) in (first_index..).zip(entries) {
                    assert_eq!(
                        node.disk.entry(index),
                        Some(&entry),
                        "{index} is applied before it is durable"
                    );
                    match self.committed.get(index as usize - 1) {
                        Some((known, _)) => assert_eq!(&entry, known, "State Machine Safety at {index}"),
                        None => self.committed.push((entry, term)),
                    }
                }
            }
        }
    }
}

/// The state after `index` commands, as every state machine must have it.
pub(super) fn state(committed: &[(Entry, Term)], index: Index) -> Bytes {
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
