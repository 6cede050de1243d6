//! Sees every step and knows the whole cluster: the servers' logs as written
//! out and as durable, and the log that is committed.

use std::hash::{Hash, Hasher};

use pontoon_core::{
    Apply, HardState, Index, Message, NodeId, Outgoing, Persist, Profile, Restored, Role, Status, Term,
};

use super::commit_rule;
use super::durability;
use super::election_safety::ElectionSafety;
use super::leader_append_only;
use super::leader_completeness::{self, Committed};
use super::log_matching::LogMatching;
use super::monotonic;
use super::profile;
use super::state_machine_safety;
use super::{Checked, Link, Shadow};

/// What is known of one server.
#[derive(Clone)]
struct View {
    /// The log as of the latest batch, and what of it is on disk.
    written: Shadow,
    durable: Shadow,
    hard_state: HardState,
    durable_hard_state: HardState,
    /// The latest batch changed the log from here on.
    changed_from: Index,
    /// Term in which it leads, as of its latest step.
    leads: Option<Term>,
    /// A leader's first batch of this term was taken: `written` is its log.
    leads_visibly: bool,
    /// Up to where a new leader must have everything, until that was checked.
    required: Option<Index>,
    applied: Index,
}

/// All properties of one run.
#[derive(Clone)]
pub(crate) struct Oracle {
    profile: Profile,
    servers: Vec<View>,
    committed: Committed,
    elections: ElectionSafety,
    matching: LogMatching,
    pub(crate) elected: u64,
}

fn place(id: NodeId) -> usize {
    id as usize - 1
}

impl Oracle {
    pub(crate) fn new(servers: usize, profile: Profile) -> Oracle {
        let view = || View {
            written: Shadow::new(),
            durable: Shadow::new(),
            hard_state: HardState::default(),
            durable_hard_state: HardState::default(),
            changed_from: Index::MAX,
            leads: None,
            leads_visibly: false,
            required: None,
            applied: 0,
        };
        Oracle {
            profile,
            servers: (0..servers).map(|_| view()).collect(),
            committed: Committed::new(),
            elections: ElectionSafety::new(),
            matching: LogMatching::new(),
            elected: 0,
        }
    }

    /// All that later checks depend on.
    pub(crate) fn digest(&self, into: &mut impl Hasher) {
        for view in &self.servers {
            (&view.written, &view.durable, view.changed_from, view.leads).hash(into);
            (view.leads_visibly, view.required, view.applied).hash(into);
            for state in [view.hard_state, view.durable_hard_state] {
                (state.term, state.voted_for).hash(into);
            }
        }
        (&self.committed, &self.elections, &self.matching).hash(into);
    }

    pub(crate) fn servers(&self) -> usize {
        self.servers.len()
    }

    pub(crate) fn committed_index(&self) -> Index {
        self.committed.last_index()
    }

    /// This is what recovery made of the server's disk.
    pub(crate) fn recovered(&self, at: usize, restored: &Restored) -> Checked {
        let view = &self.servers[at];
        durability::check_recovered(at, &view.durable_hard_state, &view.durable, restored)
    }

    /// The server came back from its disk.
    pub(crate) fn restarted(&mut self, at: usize, status: &Status) -> Checked {
        let view = &mut self.servers[at];
        view.applied = status.snapshot_index;
        let (disk, last_index) = (view.durable_hard_state, view.durable.last_index());
        monotonic::check_restart(at, &disk, status.snapshot_index, last_index, status)
    }

    /// The server is gone, and with it all that was not on disk.
    pub(crate) fn crashed(&mut self, at: usize) {
        let view = &mut self.servers[at];
        let from = view.changed_from;
        view.written.copy_from(&view.durable, from);
        view.hard_state = view.durable_hard_state;
        view.changed_from = Index::MAX;
        view.leads = None;
        view.leads_visibly = false;
        view.required = None;
    }

    /// The latest batch is on disk.
    pub(crate) fn durable(&mut self, at: usize) -> Checked {
        let view = &mut self.servers[at];
        view.durable.copy_from(&view.written, view.changed_from);
        view.durable_hard_state = view.hard_state;
        let cut = std::mem::replace(&mut view.changed_from, Index::MAX);
        let committed = self.committed.last_index();
        if cut > committed {
            return Ok(());
        }
        durability::check_majority(
            at,
            committed,
            self.holders(committed, self.committed.log.get(committed)),
            self.servers.len(),
        )
    }

    /// The disk is about to lose its log from `from` on. `false`: it must not,
    /// for something committed is not on a majority of the others, or something
    /// else may be committed because this server acknowledged it.
    pub(crate) fn may_lose(&mut self, at: usize, from: Index) -> bool {
        let committed = self.committed.last_index();
        let link = self.committed.log.get(committed);
        let view = &self.servers[at];
        let others = self.holders(committed, link) - usize::from(view.durable.get(committed) == link);
        let all_committed = view.durable.last_index() <= committed && {
            let last_index = view.durable.last_index();
            view.durable.get(last_index) == self.committed.log.get(last_index)
        };
        if others <= self.servers.len() / 2 || !all_committed {
            return false;
        }
        let view = &mut self.servers[at];
        view.durable.cut(from);
        view.written.cut(from);
        true
    }

    /// How many disks hold `link` at `index`, and so all before it.
    fn holders(&self, index: Index, link: Option<Link>) -> usize {
        self.servers
            .iter()
            .filter(|view| link.is_some() && view.durable.get(index) == link)
            .count()
    }

    /// One step was made.
    pub(crate) fn stepped(&mut self, at: usize, before: &Status, after: &Status) -> Checked {
        monotonic::check(at, before, after)?;
        leader_append_only::check_step(at, before, after)?;
        let (term, commit, leads) = (after.term, after.commit_index, after.role == Role::Leader);
        let led = std::mem::replace(&mut self.servers[at].leads, leads.then_some(term));
        if leads && led != Some(term) {
            self.took_office(at, term)?;
        }
        if leads && commit > before.commit_index {
            self.leader_commits(at, term, commit)?;
        }
        if commit > self.committed.last_index() {
            state_machine_safety::check_commit(at, commit, None, &self.committed)?;
        }
        Ok(())
    }

    fn took_office(&mut self, at: usize, term: Term) -> Checked {
        self.elected += 1;
        self.elections.elected(term, at, self.servers.len())?;
        self.servers[at].leads_visibly = false;
        self.servers[at].required = Some(self.committed.required(term));
        Ok(())
    }

    fn leader_commits(&mut self, at: usize, term: Term, commit: Index) -> Checked {
        let link = self.servers[at].written.get(commit);
        let holders = self.holders(commit, link);
        commit_rule::check(at, term, commit, link, holders, self.servers.len())?;
        if commit <= self.committed.last_index() {
            return state_machine_safety::check_commit(at, commit, link, &self.committed);
        }
        let known = self.committed.last_index();
        state_machine_safety::check_commit(at, known, self.servers[at].written.get(known), &self.committed)?;
        for index in known + 1..=commit {
            let link = self.servers[at]
                .written
                .get(index)
                .expect("the log reaches its commit index");
            self.committed.push(link, term);
        }
        self.later_leaders_have(term, commit)
    }

    /// Servers that already lead a later term must have it too.
    fn later_leaders_have(&mut self, term: Term, commit: Index) -> Checked {
        for (at, view) in self.servers.iter_mut().enumerate() {
            match view.leads {
                Some(later) if later > term && view.leads_visibly => {
                    leader_completeness::check(at, later, &view.written, &self.committed, commit)?;
                }
                Some(later) if later > term => view.required = Some(view.required.unwrap_or(0).max(commit)),
                _ => {}
            }
        }
        Ok(())
    }

    /// A batch was taken: this is the server's log and vote now. `seen` is
    /// what the batch's snapshot says it stands for.
    pub(crate) fn taken(
        &mut self,
        at: usize,
        status: &Status,
        persist: Option<&Persist>,
        seen: Option<Link>,
    ) -> Checked {
        if let Some(persist) = persist {
            self.persisted(at, persist, seen)?;
        }
        let view = &mut self.servers[at];
        let commit = status.commit_index;
        state_machine_safety::check_commit(at, commit, view.written.get(commit), &self.committed)?;
        if let Some(term) = view.leads {
            view.leads_visibly = true;
            if let Some(required) = view.required.take() {
                leader_completeness::check(at, term, &view.written, &self.committed, required)?;
            }
        }
        Ok(())
    }

    fn persisted(&mut self, at: usize, persist: &Persist, seen: Option<Link>) -> Checked {
        let view = &mut self.servers[at];
        durability::check_hard_state(at, &view.durable_hard_state, &persist.hard_state)?;
        view.hard_state = persist.hard_state;
        let mut changed_from = Index::MAX;
        if let Some(snapshot) = &persist.snapshot {
            state_machine_safety::check_snapshot(at, snapshot.index, seen.unwrap_or(Link::START), &self.committed)?;
            let last_index = view.written.last_index();
            changed_from = view.written.cover(snapshot.index, &self.committed.log);
            let cut = persist
                .log
                .as_ref()
                .is_some_and(|delta| delta.from <= snapshot.index + 1);
            if changed_from <= snapshot.index && last_index > snapshot.index && !cut {
                return Err(LogMatching::kept_behind_snapshot(at, snapshot.index));
            }
        }
        if let Some(delta) = &persist.log {
            if view.leads_visibly && view.leads.is_some() {
                leader_append_only::check_batch(at, delta, view.written.last_index())?;
            }
            view.written.apply(delta);
            changed_from = changed_from.min(delta.from);
            let mut before = view.written.get(delta.from - 1).map_or(0, |link| link.term);
            for (index, entry) in (delta.from..).zip(&delta.entries) {
                let link = view.written.get(index).expect("just appended");
                self.matching.written(at, index, link)?;
                profile::check(at, self.profile, before, entry)?;
                before = entry.term;
            }
        }
        view.changed_from = changed_from;
        Ok(())
    }

    /// A message leaves; with `early` before the batch is durable.
    pub(crate) fn sent(&mut self, at: usize, outgoing: &Outgoing) -> Checked {
        let view = &self.servers[at];
        let disk = &view.durable_hard_state;
        let to = place(outgoing.envelope.to);
        match &outgoing.envelope.message {
            Message::AppendEntries(m) => {
                self.matching.sent(
                    at,
                    m.prev_log_index,
                    m.prev_log_term,
                    view.written.get(m.prev_log_index),
                )?;
                let (last, count) = (m.entries.last(), m.entries.len() as Index);
                match last {
                    Some(last) => {
                        let index = m.prev_log_index + count;
                        self.matching.sent(at, index, last.term, view.written.get(index))
                    }
                    None => Ok(()),
                }
            }
            Message::InstallSnapshot(m) => {
                let log = self.committed.log.get(m.last_included_index);
                self.matching.sent(at, m.last_included_index, m.last_included_term, log)
            }
            Message::RequestVote(m) => {
                durability::check_term(at, m.term, disk)?;
                durability::check_vote(at, m.term, at as NodeId + 1, disk)?;
                self.elections.voted(m.term, at, at)
            }
            Message::RequestVoteReply(m) => {
                durability::check_term(at, m.term, disk)?;
                if !m.granted {
                    return Ok(());
                }
                durability::check_vote(at, m.request_term, outgoing.envelope.to, disk)?;
                self.elections.voted(m.request_term, at, to)
            }
            Message::AppendEntriesReply(m) => {
                durability::check_term(at, m.term, disk)?;
                match m.outcome {
                    pontoon_core::Appended::Success { match_index } => {
                        self.acknowledged(at, to, m.request_term, match_index)
                    }
                    _ => Ok(()),
                }
            }
            Message::InstallSnapshotReply(m) => {
                durability::check_term(at, m.term, disk)?;
                match m.installed {
                    Some(index) => self.acknowledged(at, to, m.request_term, index),
                    None => Ok(()),
                }
            }
        }
    }

    fn acknowledged(&self, at: usize, leader: usize, term: Term, index: Index) -> Checked {
        let view = &self.servers[at];
        // Of an older term: a later leader may have replaced the entries since.
        if view.durable_hard_state.term != term {
            return Ok(());
        }
        let theirs = match &self.servers[leader] {
            view if view.leads_visibly && view.leads == Some(term) => view.written.get(index),
            // Nobody counts it any more; what it says must be here all the same.
            _ => view.durable.get(index),
        };
        durability::check_acknowledged(at, index, view.durable.get(index), theirs)
    }

    /// The state machine receives `apply`; `seen` is what a snapshot in it stands for.
    pub(crate) fn applied(&mut self, at: usize, apply: &Apply, seen: Option<Link>) -> Checked {
        let view = &mut self.servers[at];
        state_machine_safety::check_apply(at, view.applied, apply, &self.committed)?;
        if let Apply::Snapshot(snapshot) = apply {
            state_machine_safety::check_snapshot(at, snapshot.index, seen.unwrap_or(Link::START), &self.committed)?;
        }
        view.applied = match apply {
            Apply::Snapshot(snapshot) => snapshot.index,
            Apply::Entries { entries, .. } => view.applied + entries.len() as Index,
        };
        let index = view.applied;
        durability::check_applied(at, index, view.durable.get(index), self.committed.log.get(index))
    }
}
