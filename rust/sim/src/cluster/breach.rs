//! What no contract allows, and a server should survive, or not go on after.

use pontoon_core::{AppendEntries, Envelope, Message, NodeId, Role};

use super::{Cluster, Outside};
use crate::invariant::{election_safety, name};
use crate::run::guarded;

impl<E> Cluster<E> {
    /// The disk of a server that is down loses the end of its log, if no
    /// promise rests on it: whoever counted on it must notice (rule 31).
    pub(crate) fn lose_tail(&mut self, at: usize, entries: u64) {
        let server = &mut self.servers[at];
        let lost = (server.disk.contents().len() as u64).min(entries);
        let from = server.disk.contents().base() + server.disk.contents().len() as u64 - lost + 1;
        if server.raft.is_none() && lost > 0 && self.oracle.may_lose(at, from) {
            server.disk.lose(lost as usize);
            self.trace.say(|| format!("{} loses its log from {from} on", name(at)));
        }
    }

    /// A follower hears another server as a leader of its term, beside the one
    /// that it knows. It must stop rather than follow either (rules 15 and 60).
    pub(crate) fn hear_impostor<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let me = at as NodeId + 1;
        let server = &mut self.servers[at];
        let (Some(raft), Role::Follower, Some(leader)) = (&mut server.raft, server.status.role, server.status.leader)
        else {
            return;
        };
        let servers = self.oracle.servers() as NodeId;
        let Some(from) = (1..=servers).find(|other| ![me, leader].contains(other)) else {
            return;
        };
        let message = Message::AppendEntries(AppendEntries {
            term: server.status.term,
            seq: 1,
            prev_log_index: 0,
            prev_log_term: 0,
            entries: Vec::new(),
            leader_commit: 0,
        });
        let now_ms = server.clock.read_ms(self.now_us);
        let envelope = Envelope { from, to: me, message };
        let mut refused = false;
        let stopped = guarded(|| refused = raft.receive(now_ms, 0, envelope).is_err());
        let term = server.status.term;
        self.check(election_safety::check_impostor(at, term, refused || stopped.is_err()));
        self.crash(outside, at);
    }
}
