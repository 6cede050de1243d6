//! A run from beginning to end: trouble, recovery, quiet, and the bill.

use std::collections::VecDeque;

use pontoon_core::Role;

use super::service::Command;
use super::{Happening, Scenario};
use crate::cluster::{Cluster, Event};
use crate::invariant::{Action, Violation, liveness, name};
use crate::plan::Plan;
use crate::run::Outcome;
use crate::trace::Trace;

/// How often the recovery phase looks whether it is over.
const LOOK_US: u64 = 20_000;

/// Runs `plan`, for at most `steps_max` events.
pub(crate) fn simulate(plan: &Plan, steps_max: u64, in_words: bool) -> Outcome {
    let servers = plan.setup.servers;
    let mut cluster = Cluster::new(servers, plan.setup.profile, Trace::new(in_words));
    let mut scenario = Scenario::new(plan.clone());
    let ran = crate::run::guarded(|| scenario.play(&mut cluster, steps_max));
    if let Err(panic) = ran {
        cluster.check(Err(Violation {
            property: "assertions of the core",
            section: "a violated invariant panics",
            text: panic,
        }));
    }
    Outcome {
        violation: cluster.violation.take(),
        hash: cluster.trace.hash(),
        stats: cluster.finish_stats(),
        lines: cluster.trace.into_lines(),
        mishaps: scenario.into_mishaps(),
    }
}

impl Scenario {
    fn play(&mut self, cluster: &mut Cluster<Happening>, steps_max: u64) {
        for at in 0..self.plan.setup.servers {
            cluster.schedule(0, Event::Outside(Happening::Restart { at: at as u8 }));
        }
        for client in 0..self.plan.setup.clients {
            cluster.schedule(0, Event::Outside(Happening::Call { client: client as u8 }));
        }
        for (fault, begins) in self.plan.faults.iter().enumerate() {
            cluster.schedule(begins.at_us, Event::Outside(Happening::Begin { fault: fault as u32 }));
        }
        let calm_us = self.plan.calm_us;
        cluster.run(self, calm_us, steps_max);
        if cluster.violation.is_some() || cluster.stats.steps >= steps_max {
            return;
        }
        self.open = self.plan.setup.busy_recovery;
        self.mend(cluster);
        self.recover(cluster);
        if self.open && cluster.violation.is_none() {
            self.keep_up(cluster);
            self.open = false;
            self.recover(cluster);
        }
        if cluster.violation.is_none() {
            self.rest(cluster);
        }
        if cluster.violation.is_none() {
            let checked = self.history.check(self.plan.setup.keys);
            cluster.check(checked);
        }
        cluster.trace.note(self.history.len() as u64);
    }

    /// A leader must be found, a command committed, and applied by everybody.
    fn recover(&mut self, cluster: &mut Cluster<Happening>) {
        let began_us = cluster.now_us;
        let bound_us = began_us + self.recovery_us(cluster);
        let mut probe = None;
        while cluster.violation.is_none() {
            let until_us = cluster.now_us + LOOK_US;
            cluster.run(self, until_us, u64::MAX);
            probe = probe
                .filter(|probe| self.still_led(cluster, *probe))
                .or_else(|| self.propose_probe(cluster));
            if let Some((_, _, index)) = probe
                && self.services.iter().all(|service| service.applied >= index)
            {
                return;
            }
            if cluster.now_us >= bound_us {
                let states: Vec<_> = (0..self.plan.setup.servers).map(|at| cluster.status(at)).collect();
                let checked = liveness::require(false, || {
                    format!(
                        "no command was applied everywhere within {} ms: {states:?}",
                        (bound_us - began_us) / 1000
                    )
                });
                return cluster.check(checked);
            }
        }
    }

    /// While clients go on, there must come a moment at which everybody has
    /// applied what was committed a few rounds ago: whoever needs a snapshot
    /// must not find the log gone each time it has one (rule 37).
    fn keep_up(&mut self, cluster: &mut Cluster<Happening>) {
        let setup = &self.plan.setup;
        let few_us = 8 * self.round_us() + 2000 * setup.heartbeat_ms + 5000 * setup.coalesce_ms;
        let bound_us = cluster.now_us + self.recovery_us(cluster);
        let mut earlier = VecDeque::new();
        while cluster.violation.is_none() {
            earlier.push_back((cluster.now_us, cluster.oracle.committed_index()));
            let until_us = cluster.now_us + LOOK_US;
            cluster.run(self, until_us, u64::MAX);
            let slowest = self.services.iter().map(|service| service.applied).min();
            while let Some(&(at_us, committed)) = earlier.front()
                && at_us + few_us <= cluster.now_us
            {
                if slowest >= Some(committed) {
                    return;
                }
                earlier.pop_front();
            }
            let applied: Vec<u64> = self.services.iter().map(|service| service.applied).collect();
            let checked = liveness::require(cluster.now_us < bound_us, || {
                format!(
                    "somebody does not keep up with {} committed: {applied:?} applied",
                    cluster.oracle.committed_index()
                )
            });
            cluster.check(checked);
        }
    }

    /// Simulated time of a message and its answer, and all that goes with them.
    fn round_us(&self) -> u64 {
        let setup = &self.plan.setup;
        2 * setup.latency_us.1 + 2 * (setup.write_us.1 + setup.done_us.1 + setup.wake_us.1) + setup.late_us.1
    }

    /// Simulated time within which recovery must be over: many elections, and
    /// the entries and pieces of snapshot that someone may lack, one at a time.
    fn recovery_us(&self, cluster: &Cluster<Happening>) -> u64 {
        let setup = &self.plan.setup;
        let round_us = self.round_us();
        let snapshot_bytes = 24 + 8 * setup.keys + setup.snapshot_padding;
        let chunks = snapshot_bytes.div_ceil(setup.chunk_bytes) as u64;
        let last_index = (0..setup.servers)
            .filter_map(|at| cluster.status(at))
            .map(|status| status.last_index)
            .max();
        let entries = last_index.unwrap_or(0).max(cluster.oracle.committed_index());
        let per_entry_us = round_us + setup.apply_us.1 + 1000 * setup.coalesce_ms;
        40 * 1000 * setup.election_ms.1 + 4 * chunks * round_us + 2 * entries * per_entry_us
    }

    fn still_led(&self, cluster: &Cluster<Happening>, (at, term, _): (usize, u64, u64)) -> bool {
        cluster
            .status(at)
            .is_some_and(|status| status.role == Role::Leader && status.term == term)
    }

    /// Gives whoever leads one more command.
    fn propose_probe(&mut self, cluster: &mut Cluster<Happening>) -> Option<(usize, u64, u64)> {
        for at in 0..self.plan.setup.servers {
            if cluster.status(at).is_some_and(|status| status.role == Role::Leader) {
                let value = self.unique_value();
                self.history.call(0, Action::Write(value));
                let bytes = Command {
                    key: 0,
                    write: Some(value),
                }
                .encode(0);
                let proposal = cluster.propose(self, at, bytes).ok()?;
                return Some((at, proposal.term, proposal.index));
            }
        }
        None
    }

    /// With nothing to do the leader stays, everybody agrees, and hardly
    /// anything is said.
    fn rest(&mut self, cluster: &mut Cluster<Happening>) {
        const HEARTBEATS: u64 = 12;
        let setup = &self.plan.setup;
        let interval_us = 1000 * setup.heartbeat_ms;
        let allowed = (setup.servers as u64 - 1) * 2 * (HEARTBEATS + 3);
        let bound_us = cluster.now_us + self.recovery_us(cluster);
        while cluster.violation.is_none() && cluster.now_us < bound_us && self.all_agree(cluster).is_err() {
            let until_us = cluster.now_us + LOOK_US;
            cluster.run(self, until_us, u64::MAX);
        }
        let settled_us = cluster.now_us + 4 * interval_us;
        cluster.run(self, settled_us, u64::MAX);
        let (terms, requests) = (terms(cluster), cluster.stats.requests);
        cluster.run(self, settled_us + HEARTBEATS * interval_us, u64::MAX);
        if cluster.violation.is_some() {
            return;
        }
        let (later, said) = (self::terms(cluster), cluster.stats.requests - requests);
        let checked = liveness::require(terms == later, || {
            format!("the leader changed in a healthy idle cluster: terms {terms:?} became {later:?}")
        })
        .and_then(|()| {
            liveness::require(said <= allowed, || {
                format!("an idle cluster sent {said} requests in {HEARTBEATS} heartbeats")
            })
        })
        .and_then(|()| self.all_agree(cluster));
        cluster.check(checked);
    }

    fn all_agree(&self, cluster: &Cluster<Happening>) -> Result<(), Violation> {
        let first = cluster.status(0).expect("everybody is up");
        for at in 1..self.plan.setup.servers {
            let status = cluster.status(at).expect("everybody is up");
            let same = (
                status.term,
                status.last_index,
                status.commit_index,
                status.delivered_index,
            ) == (first.term, first.last_index, first.commit_index, first.delivered_index);
            liveness::require(same, || {
                format!(
                    "{} and {} differ in an idle cluster: {first:?}, {status:?}",
                    name(0),
                    name(at)
                )
            })?;
        }
        Ok(())
    }
}

fn terms(cluster: &Cluster<Happening>) -> Vec<u64> {
    (0..cluster.servers.len())
        .filter_map(|at| cluster.status(at))
        .map(|status| status.term)
        .collect()
}
