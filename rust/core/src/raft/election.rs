//! Leader election (§5.2) and its restriction to up-to-date logs (§5.4.1).

use super::validate::NUMBER_MAX;
use super::{Raft, RoleState, Vote};
use crate::entry::{Entry, HardState, Payload};
use crate::event::Event;
use crate::message::{Envelope, Message, RequestVote, RequestVoteReply};
use crate::mutant::{self, Mutant};
use crate::progress::Progress;
use crate::work::Outgoing;
use crate::{Index, NodeId, Term};

/// How often one candidacy repeats a vote request that is known to be lost.
const REPEATS_MAX: u32 = 3;

impl Raft {
    /// The election timeout passed: stand for a new term (§5.2).
    pub(super) fn campaign(&mut self) {
        // Terms of their own accord never come near; one that a damaged message
        // brought must not lead to a term that storage and peers then refuse.
        if self.hard_state.term + 1 >= NUMBER_MAX {
            self.reset_election_timer(self.config.id);
            return;
        }
        self.hard_state = HardState {
            term: self.hard_state.term + 1,
            voted_for: Some(self.config.id),
        };
        self.incoming = None;
        self.reset_election_timer(self.config.id);
        self.role = RoleState::Candidate {
            votes: vec![Vote::default(); self.peers.len()],
        };
        self.note_role();
        self.note_vote(self.config.id, self.log.last_index(), self.log.last_term());
        for position in 0..self.peers.len() {
            self.request_vote(position);
        }
    }

    /// A batch is durable. Others answer only after our own vote is; alone, we
    /// wait for that here, or a crash could make us lead the same term twice.
    pub(super) fn elect_alone(&mut self, durable: HardState) {
        if self.peers.is_empty() && self.hard_state == durable && !mutant::on(Mutant::LoneServerWaits) {
            self.count_votes();
        }
    }

    fn request_vote(&mut self, position: usize) {
        let seq = self.next_seq();
        let message = Message::RequestVote(RequestVote {
            term: self.hard_state.term,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
        });
        if let RoleState::Candidate { votes } = &mut self.role {
            votes[position].ticket = seq;
        }
        let envelope = Envelope {
            from: self.config.id,
            to: self.peers[position],
            message,
        };
        self.outbox.push(Outgoing { envelope, ticket: seq });
    }

    /// Figure 2, RequestVote RPC, receiver implementation.
    pub(super) fn on_request_vote(&mut self, from: NodeId, ticket: u64, m: RequestVote) {
        let granted = m.term == self.hard_state.term && self.may_vote_for(from) && self.is_up_to_date(&m);
        if granted {
            self.hard_state.voted_for = Some(from);
            self.note_vote(from, m.last_log_index, m.last_log_term);
            self.reset_election_timer(from);
        }
        let reply = RequestVoteReply {
            term: self.hard_state.term,
            request_term: m.term,
            granted,
        };
        self.reply(from, ticket, Message::RequestVoteReply(reply));
    }

    /// Records a vote for a candidate with such a last entry.
    fn note_vote(&mut self, peer: NodeId, index: Index, log_term: Term) {
        let term = self.hard_state.term;
        self.events.record(|| Event::Vote {
            peer,
            term,
            index,
            log_term,
        });
    }

    /// One vote a term (§5.2). A candidate or leader has voted for itself.
    fn may_vote_for(&self, candidate: NodeId) -> bool {
        self.hard_state.voted_for.is_none_or(|voted| voted == candidate) || mutant::on(Mutant::VoteTwice)
    }

    /// §5.4.1: the later last term wins, then the longer log; never the index alone.
    fn is_up_to_date(&self, m: &RequestVote) -> bool {
        if mutant::on(Mutant::VoteForAnyLog) {
            return true;
        }
        if mutant::on(Mutant::VoteByLengthOnly) {
            return m.last_log_index >= self.log.last_index();
        }
        (m.last_log_term, m.last_log_index) >= (self.log.last_term(), self.log.last_index())
    }

    pub(super) fn on_vote(&mut self, from: NodeId, m: RequestVoteReply) {
        // Votes of an earlier candidacy do not count in this one (rule 12).
        if m.request_term != self.hard_state.term && !mutant::on(Mutant::CountStaleVote) {
            return;
        }
        let position = self.peer_position(from);
        let RoleState::Candidate { votes } = &mut self.role else {
            return;
        };
        // On a network that repeats messages a vote once given stays given.
        let vote = &mut votes[position].granted;
        *vote = Some(m.granted || *vote == Some(true));
        self.count_votes();
    }

    fn count_votes(&mut self) {
        let RoleState::Candidate { votes } = &self.role else {
            return;
        };
        let granted = 1 + votes.iter().filter(|vote| vote.granted == Some(true)).count();
        if granted >= self.quorum() {
            self.become_leader();
        }
    }

    fn become_leader(&mut self) {
        let last_index = self.log.last_index();
        self.role = RoleState::Leader {
            progress: self
                .peers
                .iter()
                .map(|_| Progress::new(last_index, self.now_ms))
                .collect(),
        };
        self.note_role();
        if self.opens_term_with_noop() {
            let noop = Entry {
                term: self.hard_state.term,
                payload: Payload::Noop,
            };
            self.put(noop, self.config.id);
        }
    }

    /// A vote request is known to be lost: ask again, as retrying indefinitely
    /// is what the paper expects (§5.1), but not so often as to flood a dead peer.
    pub(super) fn vote_undelivered(&mut self, position: usize, ticket: u64) {
        let RoleState::Candidate { votes } = &mut self.role else {
            return;
        };
        let vote = &mut votes[position];
        if vote.ticket == ticket && vote.granted.is_none() && vote.repeats < REPEATS_MAX {
            vote.repeats += 1;
            self.request_vote(position);
        }
    }
}
