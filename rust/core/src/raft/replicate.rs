//! A leader's side of log replication (§5.3) and the commit rule (§5.4.2).

use super::{Raft, RoleState};
use crate::message::{AppendEntries, AppendEntriesReply, Appended, Envelope, Message};
use crate::mutant::{self, Mutant};
use crate::progress::{Mode, Progress, Sent};
use crate::work::Outgoing;
use crate::{Index, NodeId};

/// Bytes of entries sent to a peer that has not answered for a while: enough
/// to bring it up to date at once when little is missing, too little to hurt.
const SILENT_PEER_BYTES: usize = 4 << 10;

/// Unanswered probes of one peer that are remembered.
const PROBES_MAX: usize = 8;

impl Raft {
    /// Whether a peer is owed a message now.
    pub(super) fn replication_due(&self) -> bool {
        match &self.role {
            RoleState::Leader { progress } => self.replication_due_ms(progress) <= self.now_ms,
            _ => false,
        }
    }

    /// When the first peer is owed a message.
    pub(super) fn replication_due_ms(&self, progress: &[Progress]) -> u64 {
        let due = |peer: &Progress| peer.due_ms(&self.config, self.log.last_index(), self.commit);
        progress.iter().map(due).min().unwrap_or(u64::MAX)
    }

    /// Messages for every peer that is owed one, in order of id.
    pub(super) fn replicate(&mut self) -> Vec<Outgoing> {
        let mut out = Vec::new();
        for position in 0..self.peers.len() {
            let (last_index, commit) = (self.log.last_index(), self.commit);
            let RoleState::Leader { progress } = &self.role else {
                break;
            };
            if progress[position].due_ms(&self.config, last_index, commit) <= self.now_ms {
                let seq = self.next_seq();
                let message = self.message_for(position, seq);
                let envelope = Envelope {
                    from: self.config.id,
                    to: self.peers[position],
                    message,
                };
                out.push(Outgoing { envelope, ticket: seq });
            }
        }
        out
    }

    /// The one message that serves this peer best now.
    fn message_for(&mut self, position: usize, seq: u64) -> Message {
        let RoleState::Leader { progress } = &mut self.role else {
            unreachable!("only a leader replicates");
        };
        let peer = &mut progress[position];
        let heartbeat_due = peer
            .sent_ms
            .is_none_or(|sent| self.now_ms >= sent + self.config.heartbeat_interval_ms);
        if heartbeat_due && peer.mode == Mode::Replicate && !peer.inflight.is_empty() {
            // Nothing came back for a whole interval: repeat what is missing.
            let resume = peer.match_index + 1;
            peer.probe(resume, false);
        }
        let needs_snapshot = peer.next_index <= self.log.base_index();
        if needs_snapshot && !matches!(peer.mode, Mode::Snapshot { .. }) {
            peer.mode = Mode::Snapshot {
                snapshot: self.snapshot.clone(),
                offset: 0,
            };
            peer.inflight.clear();
            peer.urgent = true;
        }
        if matches!(peer.mode, Mode::Snapshot { .. }) {
            // Under way already: a plain heartbeat keeps the peer from
            // standing for election and does not disturb the transfer (rule 36).
            let waiting = self.now_ms < peer.data_sent_ms + 3 * self.config.heartbeat_interval_ms;
            return match waiting && !peer.urgent {
                true => self.append_entries(position, seq, 0, false),
                false => self.snapshot_chunk(position, seq),
            };
        }
        let entries_due = peer.mode == Mode::Probe
            || (peer.next_index <= self.log.last_index()
                && (peer.inflight.is_empty() || peer.inflight.len() < self.config.max_inflight));
        let prev = match entries_due {
            true => peer.next_index - 1,
            // At the match nothing can be refused, whatever is still under way.
            false => peer.match_index,
        };
        self.append_entries(position, seq, prev, entries_due)
    }

    /// Builds an AppendEntries from `prev` on, and notes that it is under way.
    fn append_entries(&mut self, position: usize, seq: u64, prev: Index, with_entries: bool) -> Message {
        let RoleState::Leader { progress } = &mut self.role else {
            unreachable!("only a leader replicates");
        };
        let peer = &mut progress[position];
        // What stands at 0 is the same in every log, also where `prev` is compacted here.
        let (prev, prev_term) = self.log.term(prev).map_or((0, 0), |term| (prev, term));
        let mut entries = Vec::new();
        if with_entries && prev + 1 == peer.next_index {
            let limit = match peer.is_recent(&self.config, self.now_ms) {
                true => self.config.max_append_bytes,
                false => self.config.max_append_bytes.min(SILENT_PEER_BYTES),
            };
            let skip = Index::from(mutant::on(Mutant::GapInPipeline) && !peer.inflight.is_empty());
            entries = self.log.slice(prev + 1 + skip, self.log.last_index(), limit);
        }
        let last = prev + entries.len() as Index;
        match peer.mode {
            // Late answers to earlier probes still count: round trips may be longer than heartbeats.
            Mode::Probe if peer.inflight.len() >= PROBES_MAX => drop(peer.inflight.pop_front()),
            Mode::Probe => {}
            Mode::Replicate => peer.next_index = peer.next_index.max(last + 1),
            Mode::Snapshot { .. } => {}
        }
        if !entries.is_empty() {
            peer.data_sent_ms = self.now_ms;
        }
        peer.note_sent(self.now_ms);
        let match_index = peer.match_index;
        let sent = Sent {
            seq,
            prev,
            last,
            match_index,
        };
        match peer.mode == Mode::Probe || last > match_index {
            true => peer.inflight.push_back(sent),
            false => peer.heartbeat = Some(sent),
        }
        // Where the match is compacted the peer cannot be told: entries or a snapshot will.
        peer.commit_sent = peer.commit_sent.max(self.commit.min(last.max(match_index)));
        peer.commit_due_ms = None;
        Message::AppendEntries(AppendEntries {
            term: self.hard_state.term,
            seq,
            prev_log_index: prev,
            prev_log_term: prev_term,
            entries,
            leader_commit: self.commit,
        })
    }

    pub(super) fn on_appended(&mut self, from: NodeId, m: AppendEntriesReply) {
        if m.request_term != self.hard_state.term && !mutant::on(Mutant::CountStaleAck) {
            return; // of an earlier term of ours (rule 12)
        }
        let position = self.peer_position(from);
        let base_index = self.log.base_index();
        let RoleState::Leader { progress } = &mut self.role else {
            return;
        };
        let peer = &mut progress[position];
        peer.heard(self.now_ms);
        match m.outcome {
            Appended::Success { match_index } => {
                peer.acknowledged(match_index, base_index);
                if self.commit > peer.commit_sent {
                    peer.commit_due_ms.get_or_insert(self.now_ms + self.config.coalesce_ms);
                }
                self.advance_commit();
            }
            Appended::Conflict { hint_index, hint_term } => {
                let mut unanswered = peer.inflight.iter().chain(&peer.heartbeat);
                let Some(sent) = unanswered.find(|sent| sent.seq == m.seq) else {
                    return; // answered by something newer
                };
                let (prev, match_then) = (sent.prev, sent.match_index);
                if prev <= match_then && !mutant::on(Mutant::CountLostFollower) {
                    // It held this entry and lost it: it must not be counted on
                    // its old match (rule 31).
                    peer.match_index = 0;
                } else if prev <= peer.match_index {
                    return; // overtaken by an acknowledgement
                }
                let agree = self.log.last_not_after(hint_index, hint_term);
                let next_index = match mutant::on(Mutant::TrustHint) {
                    true => hint_index + 1,
                    false => agree.min(prev.saturating_sub(1)) + 1,
                };
                if peer.mode == Mode::Probe && next_index >= peer.next_index {
                    return; // an earlier probe's answer: already further down
                }
                peer.probe(next_index, true);
            }
            Appended::StaleTerm => {}
        }
    }

    /// The host learned that a request, or its reply, was lost.
    ///
    /// Not required for correctness: whatever is not answered is repeated
    /// after a heartbeat interval anyway.
    pub fn undelivered(&mut self, now_ms: u64, to: NodeId, ticket: u64) {
        self.advance_clock(now_ms);
        let Ok(position) = self.peers.binary_search(&to) else {
            return;
        };
        self.vote_undelivered(position, ticket);
        let RoleState::Leader { progress } = &mut self.role else {
            return;
        };
        let peer = &mut progress[position];
        let repeat = peer.lost(&self.config, self.now_ms);
        match peer.mode {
            Mode::Snapshot { .. } => peer.urgent |= repeat && peer.snapshot_seq == ticket,
            _ if peer.inflight.iter().any(|sent| sent.seq == ticket) => {
                let resume = match peer.mode {
                    Mode::Replicate => peer.match_index + 1,
                    _ => peer.next_index,
                };
                peer.probe(resume, repeat);
            }
            // A lost heartbeat: say again that the leader lives, unless
            // something newer said so.
            _ => peer.urgent |= repeat && peer.heartbeat.as_ref().is_some_and(|sent| sent.seq == ticket),
        }
    }

    /// Whether a majority answered within the shortest election timeout. A
    /// leader that is cut off is likely deposed without knowing it: a command
    /// put into its log would wait there in vain (thesis §6.2). It goes on
    /// leading, for the entries that it has.
    pub(super) fn hears_quorum(&self) -> bool {
        let RoleState::Leader { progress } = &self.role else {
            return false;
        };
        let hears = |peer: &&Progress| peer.is_recent(&self.config, self.now_ms);
        1 + progress.iter().filter(hears).count() >= self.quorum()
    }

    /// §5.3, §5.4.2: the highest index on a majority, if its entry is of this
    /// term, is committed, and all before it. An older term's entry is never
    /// committed by counting (Figure 8).
    pub(super) fn advance_commit(&mut self) {
        let RoleState::Leader { progress } = &self.role else {
            return;
        };
        // This server counts with what it wrote itself (thesis §10.2.1).
        let own = match mutant::on(Mutant::CountSelfEarly) {
            true => self.log.last_index(),
            false => self.log.stable(),
        };
        let mut matched: Vec<Index> = progress.iter().map(|peer| peer.match_index).collect();
        matched.push(own);
        if !mutant::on(Mutant::UnsortedMatch) {
            matched.sort_unstable_by(|a, b| b.cmp(a));
        }
        let short = usize::from(mutant::on(Mutant::CommitWithoutQuorum) && self.quorum() > 1);
        let index = matched[self.quorum() - 1 - short];
        let current = self.log.term(index) == Some(self.hard_state.term);
        if index > self.commit && (current || mutant::on(Mutant::CommitOldTerm)) {
            self.commit_to(index);
            self.announce_commit();
        }
    }

    fn announce_commit(&mut self) {
        let due_ms = self.now_ms + self.config.coalesce_ms;
        if let RoleState::Leader { progress } = &mut self.role {
            for peer in progress {
                peer.commit_due_ms.get_or_insert(due_ms);
            }
        }
    }

    /// The lowest index that a transfer under way will need entries after
    /// (rule 37), for peers that still answer.
    pub(super) fn pinned_index(&self) -> Index {
        let RoleState::Leader { progress } = &self.role else {
            return Index::MAX;
        };
        let pin = |peer: &Progress| match &peer.mode {
            Mode::Snapshot { snapshot, .. }
                if self.now_ms < peer.heard_ms + 4 * self.config.election_timeout_ms_max =>
            {
                Some(snapshot.index)
            }
            _ => None,
        };
        let pinned = progress.iter().filter_map(pin).min();
        pinned
            .filter(|_| !mutant::on(Mutant::CompactUnderTransfer))
            .unwrap_or(Index::MAX)
    }
}
