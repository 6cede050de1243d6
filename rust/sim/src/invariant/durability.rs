//! What was acknowledged stays: votes, terms and entries are on disk before
//! the reply leaves (Figure 2: "updated on stable storage before responding to
//! RPCs"), and what is committed is on a majority of disks ever after (§5.3).

use pontoon_core::{HardState, Index, NodeId, Restored, Term};

use super::{Checked, Link, Property, Shadow, name};

const PROPERTY: Property = Property {
    name: "durability",
    section: "Figure 2",
};

/// A message of `term` leaves.
#[inline]
pub(crate) fn check_term(server: usize, term: Term, durable: &HardState) -> Checked {
    PROPERTY.require(durable.term >= term, || {
        let server = name(server);
        format!("{server} answers in term {term} and has term {} on disk", durable.term)
    })
}

/// A vote leaves; a candidate's requests tell of its vote for itself.
pub(crate) fn check_vote(server: usize, term: Term, candidate: NodeId, durable: &HardState) -> Checked {
    let holds = durable.term > term || durable.voted_for == Some(candidate);
    PROPERTY.require(holds, || {
        let server = name(server);
        format!("{server} votes for S{candidate} in term {term} and has {durable:?} on disk")
    })
}

/// The disk's vote of one term never becomes another.
#[inline]
pub(crate) fn check_hard_state(server: usize, before: &HardState, after: &HardState) -> Checked {
    let term_holds = after.term >= before.term;
    let changed = before.voted_for.is_some() && before.voted_for != after.voted_for;
    PROPERTY.require(term_holds && !(after.term == before.term && changed), || {
        let server = name(server);
        format!("{server} overwrites {before:?} on disk by {after:?}")
    })
}

/// An acknowledgement up to `index` leaves: the follower's disk must agree
/// there with the log of the leader that is answered.
#[inline]
pub(crate) fn check_acknowledged(server: usize, index: Index, disk: Option<Link>, leader: Option<Link>) -> Checked {
    PROPERTY.require(disk.is_some() && disk == leader, || {
        let server = name(server);
        format!("{server} acknowledges up to index {index}: the leader's log has {leader:?} there, its disk {disk:?}")
    })
}

/// A server starts from what recovery found: all that was durable, and no more.
pub(crate) fn check_recovered(server: usize, disk: &HardState, log: &Shadow, found: &Restored) -> Checked {
    PROPERTY.require(found.hard_state == *disk, || {
        let (server, found) = (name(server), found.hard_state);
        format!("{server} had {disk:?} on disk and recovers {found:?}")
    })?;
    let base = found.snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
    let mut link = log.get(base);
    for entry in &found.entries {
        link = link.map(|link| link.after(entry));
    }
    let last_index = base + found.entries.len() as Index;
    let same = last_index == log.last_index() && link == log.get(last_index);
    PROPERTY.require(same, || {
        let server = name(server);
        let (had, last) = (log.last_index(), log.get(last_index));
        format!("{server} had a log up to {had} on disk and recovers one up to {last_index}, {link:?} for {last:?}")
    })
}

/// A disk's log was rewritten: what is committed must stay on a majority of
/// disks. A server outside of that majority may follow a deposed leader and
/// cut it.
pub(crate) fn check_majority(server: usize, committed: Index, holders: usize, servers: usize) -> Checked {
    PROPERTY.require(holders > servers / 2, || {
        let server = name(server);
        format!("{server} cut its log, and {holders} of {servers} disks hold what is committed up to {committed}")
    })
}

/// The state machine receives entries up to `index`: a restart must bring them
/// back, or it would have run ahead of its own disk.
pub(crate) fn check_applied(server: usize, index: Index, disk: Option<Link>, committed: Option<Link>) -> Checked {
    PROPERTY.require(disk.is_some() && disk == committed, || {
        let server = name(server);
        format!("{server} applies up to index {index}, where its disk has {disk:?}")
    })
}
