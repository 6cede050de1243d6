//! The harness as the tests see it: the same helpers with the same limits.

use pontoon_core::{Bytes, Index, Role, Term};
use rand::Rng;

use super::task::Lab;

pub(super) type Tested<T> = Result<T, String>;

/// An `int` as the Go side encodes it.
pub(super) fn int(value: u64) -> Bytes {
    let mut bytes = vec![3];
    let mut rest = value << 1;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    Bytes::from(bytes)
}

pub(super) fn require(holds: bool, text: impl FnOnce() -> String) -> Tested<()> {
    if holds { Ok(()) } else { Err(text()) }
}

impl Lab {
    /// A number below `below`.
    pub(super) fn random(&self, below: u64) -> u64 {
        self.world.borrow_mut().site.rng.random_range(0..below)
    }

    /// Any non-negative `int`.
    pub(super) fn any(&self) -> Bytes {
        int(self.random(1 << 63))
    }

    pub(super) fn servers(&self) -> usize {
        self.world.borrow().site.servers
    }

    pub(super) fn connect(&self, at: usize) {
        let at = at % self.servers();
        self.world.borrow_mut().site.connect(at);
    }

    pub(super) fn disconnect(&self, at: usize) {
        let at = at % self.servers();
        self.world.borrow_mut().site.disconnect(at);
    }

    pub(super) fn is_connected(&self, at: usize) -> bool {
        self.world.borrow().site.connected[at]
    }

    pub(super) fn start1(&self, at: usize) {
        let at = at % self.servers();
        let world = &mut *self.world.borrow_mut();
        world.site.start(&mut world.cluster, at);
    }

    pub(super) fn crash1(&self, at: usize) {
        let at = at % self.servers();
        let world = &mut *self.world.borrow_mut();
        world.site.crash(&mut world.cluster, at);
    }

    pub(super) fn set_unreliable(&self, unreliable: bool) {
        self.world.borrow_mut().site.unreliable = unreliable;
    }

    pub(super) fn set_long_reordering(&self, on: bool) {
        self.world.borrow_mut().site.long_reordering = on;
    }

    /// Whether the server exists.
    pub(super) fn is_up(&self, at: usize) -> bool {
        self.world.borrow().cluster.servers[at].raft.is_some()
    }

    /// Start: index and term if the server takes the command as a leader.
    pub(super) fn start(&self, at: usize, command: &Bytes) -> Option<(Index, Term)> {
        let at = at % self.servers();
        let world = &mut *self.world.borrow_mut();
        world.cluster.status(at)?;
        let proposal = world.cluster.propose(&mut world.site, at, command.clone()).ok()?;
        Some((proposal.index, proposal.term))
    }

    /// GetState: term, and whether it leads.
    pub(super) fn state(&self, at: usize) -> Option<(Term, bool)> {
        let world = self.world.borrow();
        let status = world.cluster.status(at)?;
        Some((status.term, status.role == Role::Leader))
    }

    pub(super) fn rpc_counts(&self) -> u64 {
        self.world.borrow().site.dispatched.iter().sum()
    }

    pub(super) fn bytes_total(&self) -> u64 {
        self.world.borrow().site.bytes
    }

    /// The largest saved state.
    pub(super) fn log_size(&self) -> usize {
        let world = self.world.borrow();
        world
            .cluster
            .servers
            .iter()
            .map(|server| server.disk.contents().state_bytes())
            .max()
            .unwrap_or(0)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.world.borrow().cluster.now_us / 1000
    }

    pub(super) async fn check_one_leader(&self) -> Tested<usize> {
        for _ in 0..10 {
            self.sleep(450 + self.random(100)).await;
            let mut leaders: Vec<(Term, usize)> = Vec::new();
            for at in (0..self.servers()).filter(|at| self.is_connected(*at)) {
                if let Some((term, true)) = self.state(at) {
                    let twice = leaders.iter().any(|(known, _)| *known == term);
                    require(!twice, || format!("term {term} has two leaders"))?;
                    leaders.push((term, at));
                }
            }
            if let Some((_, leader)) = leaders.into_iter().max() {
                return Ok(leader);
            }
        }
        Err("no leader where one was expected".into())
    }

    pub(super) fn check_terms(&self) -> Tested<Term> {
        let connected = (0..self.servers()).filter(|at| self.is_connected(*at));
        let mut terms: Vec<Term> = connected
            .filter_map(|at| self.state(at))
            .map(|(term, _)| term)
            .collect();
        terms.dedup();
        require(terms.len() == 1, || format!("servers disagree on the term: {terms:?}"))?;
        Ok(terms[0])
    }

    pub(super) fn check_no_leader(&self) -> Tested<()> {
        let leads = |at: &usize| self.is_connected(*at) && self.state(*at).is_some_and(|(_, leads)| leads);
        let leader = (0..self.servers()).find(leads);
        require(leader.is_none(), || {
            format!("server {leader:?} leads without a majority")
        })
    }

    /// How many servers committed something at `index`, and what.
    pub(super) fn n_committed(&self, index: Index) -> (usize, Option<Bytes>) {
        let world = self.world.borrow();
        let mut have = world.site.applied.iter().filter_map(|applied| applied.get(index));
        let first = have.next().cloned();
        (usize::from(first.is_some()) + have.count(), first)
    }

    /// Waits for `count` servers to commit `index`; `None`: the term moved on.
    pub(super) async fn wait(&self, index: Index, count: usize, start_term: Option<Term>) -> Tested<Option<Bytes>> {
        let mut pause_ms = 10;
        for _ in 0..30 {
            if self.n_committed(index).0 >= count {
                break;
            }
            self.sleep(pause_ms).await;
            if pause_ms < 1000 {
                pause_ms *= 2;
            }
            if let Some(start_term) = start_term {
                let moved = (0..self.servers())
                    .filter_map(|at| self.state(at))
                    .any(|(term, _)| term > start_term);
                if moved {
                    return Ok(None);
                }
            }
        }
        let (have, command) = self.n_committed(index);
        require(have >= count, || {
            format!("only {have} servers committed index {index}, {count} were wanted")
        })?;
        Ok(command)
    }

    /// One agreement on `command` by at least `expected` servers, within ten
    /// seconds; returns its index.
    pub(super) async fn one(&self, command: &Bytes, expected: usize, retry: bool) -> Tested<Index> {
        let servers = self.servers();
        let began_ms = self.now_ms();
        let mut next = 0;
        while self.now_ms() < began_ms + 10_000 {
            let mut index = None;
            for _ in 0..servers {
                next = (next + 1) % servers;
                if self.is_connected(next)
                    && let Some((started, _)) = self.start(next, command)
                {
                    index = Some(started);
                    break;
                }
            }
            let Some(index) = index else {
                self.sleep(50).await;
                continue;
            };
            let submitted_ms = self.now_ms();
            while self.now_ms() < submitted_ms + 2000 {
                let (have, committed) = self.n_committed(index);
                if have > 0 && have >= expected && committed.as_ref() == Some(command) {
                    return Ok(index);
                }
                self.sleep(20).await;
            }
            require(retry, || format!("no agreement on {command:?} within two seconds"))?;
        }
        Err(format!("no agreement on {command:?} within ten seconds"))
    }
}
