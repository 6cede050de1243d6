//! A follower's side of log replication (§5.3).

use super::Raft;
use crate::entry::Entry;
use crate::message::{AppendEntries, AppendEntriesReply, Appended, Message};
use crate::mutant::{self, Mutant};
use crate::{Index, NodeId};

impl Raft {
    /// Figure 2, AppendEntries RPC, receiver implementation.
    pub(super) fn on_append_entries(&mut self, from: NodeId, ticket: u64, m: AppendEntries) {
        let (request_term, seq) = (m.term, m.seq);
        if mutant::on(Mutant::HeartbeatAbortsTransfer) {
            self.incoming = None;
        }
        let outcome = if m.term < self.hard_state.term && !mutant::on(Mutant::AcceptStaleLeader) {
            Appended::StaleTerm
        } else {
            // Also when the entries are refused below: the leader lives (rule 14).
            self.follow(from);
            self.append(from, m)
        };
        let reply = AppendEntriesReply {
            term: self.hard_state.term,
            request_term,
            seq,
            outcome,
        };
        self.reply(from, ticket, Message::AppendEntriesReply(reply));
    }

    fn append(&mut self, from: NodeId, m: AppendEntries) -> Appended {
        let covered = m.prev_log_index + m.entries.len() as Index;
        if covered <= self.commit {
            // An outdated message. What is committed agrees with every later
            // leader (§5.4), so this much can be said, and nothing is cut.
            self.truncate_mutant(covered, from);
            return Appended::Success {
                match_index: self.commit,
            };
        }
        // Entries up to the commit index agree already and may be compacted.
        let skip = self.commit.saturating_sub(m.prev_log_index) as usize;
        let (prev, prev_term) = match skip {
            0 => (m.prev_log_index, m.prev_log_term),
            _ => (self.commit, m.entries[skip - 1].term),
        };
        let agrees = self.log.term(prev) == Some(prev_term);
        let blind = mutant::on(Mutant::SkipConsistencyCheck) && prev <= self.log.last_index();
        if !agrees && !blind {
            assert!(
                prev > self.commit,
                "the leader of term {} lacks committed entry {prev}",
                m.term
            );
            // §5.3: which indexes cannot match either, so that the leader need
            // not try them one by one.
            let hint_index = self.log.last_not_after(prev.min(self.log.last_index()), prev_term);
            let hint_term = self
                .log
                .term(hint_index)
                .expect("the commit index is at or above the base");
            return Appended::Conflict { hint_index, hint_term };
        }
        self.append_after(prev, from, m.entries.into_iter().skip(skip));
        self.truncate_mutant(covered, from);
        // Only what this message covered is known to agree (rules 24 and 25).
        let last_index = self.log.last_index();
        let own = |mutant| mutant::on(mutant).then_some(last_index);
        let verified = own(Mutant::CommitOwnLastIndex).unwrap_or(covered);
        self.commit_to(self.commit.max(m.leader_commit.min(verified)));
        Appended::Success {
            match_index: own(Mutant::AckOwnLastIndex).unwrap_or(covered),
        }
    }

    /// Figure 2, steps 3 and 4: cut only at the first entry that contradicts a
    /// new one (rule 23), append what is not there yet.
    fn append_after(&mut self, prev: Index, from: NodeId, entries: impl Iterator<Item = Entry>) {
        for (index, entry) in (prev + 1..).zip(entries) {
            match self.log.term(index) {
                Some(term) if term == entry.term || mutant::on(Mutant::KeepConflicting) => continue,
                Some(_) => {
                    assert!(index > self.commit, "committed entry {index} would be cut");
                    self.cut(index, from);
                }
                None => {}
            }
            self.put(entry, from);
        }
    }

    fn truncate_mutant(&mut self, covered: Index, from: NodeId) {
        if mutant::on(Mutant::TruncateOnOutdated) {
            self.cut(covered.max(self.log.base_index()) + 1, from);
        }
    }
}
