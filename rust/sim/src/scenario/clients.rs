//! Clients that write and read registers through the log, one operation at a
//! time each, and note when they called and when they were answered.

use pontoon_core::{Apply, Entry};
use rand::Rng;

use super::service::{Command, Service, Waiter};
use super::{Happening, Scenario};
use crate::cluster::{Cluster, Event};
use crate::dice::{Purpose, between, dice};
use crate::invariant::Action;

#[derive(Default)]
pub(crate) struct Client {
    /// Counts everything that this client decides.
    decisions: u64,
    /// The operation under way, and its command.
    under_way: Option<(usize, Command)>,
    /// Whether a server took the command.
    submitted: bool,
    /// Whom it believes to lead.
    leader: usize,
    /// When it gives the operation up.
    patient_until_us: u64,
    /// Whether its timer runs; it is set once for many operations.
    timed: bool,
}

impl Scenario {
    pub(super) fn client_dice(&mut self, client: usize) -> rand::rngs::SmallRng {
        let decisions = &mut self.clients[client].decisions;
        *decisions += 1;
        dice(self.plan.seed, Purpose::Client, client as u64, *decisions)
    }

    /// The client thought long enough: it calls.
    pub(super) fn client_calls(&mut self, cluster: &mut Cluster<Happening>, client: usize) {
        if !self.open {
            return;
        }
        let mut rng = self.client_dice(client);
        let key = rng.random_range(0..self.plan.setup.keys);
        let write = rng.random::<bool>().then(|| self.unique_value());
        let action = write.map_or(Action::Read(0), Action::Write);
        let operation = self.history.call(key, action);
        self.clients[client].under_way = Some((operation, Command { key, write }));
        self.clients[client].submitted = false;
        let patience_us = 4000 * self.plan.setup.election_ms.1;
        self.clients[client].patient_until_us = cluster.now_us + patience_us;
        if !std::mem::replace(&mut self.clients[client].timed, true) {
            let client = client as u8;
            cluster.schedule(patience_us, Event::Outside(Happening::Impatience { client }));
        }
        self.client_submits(cluster, client, operation);
    }

    pub(super) fn unique_value(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    /// Tries one server; if that does not take the command, another later.
    pub(super) fn client_submits(&mut self, cluster: &mut Cluster<Happening>, client: usize, operation: usize) {
        let Some((current, command)) = self.clients[client].under_way else {
            return;
        };
        if current != operation || self.clients[client].submitted {
            return;
        }
        let at = self.clients[client].leader;
        let mut refused = None;
        if cluster.responds(at) {
            let bytes = command.encode(self.plan.setup.command_padding);
            match cluster.propose(self, at, bytes) {
                Ok(proposal) => {
                    self.clients[client].submitted = true;
                    self.services[at].waiters.push(Waiter {
                        index: proposal.index,
                        term: proposal.term,
                        client,
                        operation,
                    });
                    return;
                }
                Err(leader) => refused = leader,
            }
        }
        let mut rng = self.client_dice(client);
        let other = rng.random_range(0..self.plan.setup.servers);
        self.clients[client].leader = refused.map_or(other, |leader| leader as usize - 1);
        let after_us = between(&mut rng, (2_000, 60_000));
        cluster.schedule(
            after_us,
            Event::Outside(Happening::Submit {
                client: client as u8,
                operation: operation as u32,
            }),
        );
    }

    /// The client's timer fires: if the operation under way takes too long, it
    /// gives up. The operation may still take effect, or never.
    pub(super) fn client_impatient(&mut self, cluster: &mut Cluster<Happening>, client: usize) {
        let state = &mut self.clients[client];
        state.timed = false;
        let Some((operation, _)) = state.under_way else { return };
        if state.patient_until_us > cluster.now_us {
            state.timed = true;
            let at_us = state.patient_until_us;
            let client = client as u8;
            return cluster
                .queue
                .push(at_us, Event::Outside(Happening::Impatience { client }));
        }
        if !state.submitted {
            self.history.void(operation);
        }
        self.client_thinks(cluster, client);
    }

    fn client_thinks(&mut self, cluster: &mut Cluster<Happening>, client: usize) {
        self.clients[client].under_way = None;
        let mut rng = self.client_dice(client);
        let think_us = between(&mut rng, self.plan.setup.think_us);
        cluster.schedule(think_us, Event::Outside(Happening::Call { client: client as u8 }));
    }

    pub(super) fn applies(&mut self, cluster: &mut Cluster<Happening>, at: usize, apply: Apply) {
        match apply {
            Apply::Snapshot(snapshot) => {
                let service = &mut self.services[at];
                service.install(&snapshot);
                service.frozen = None;
                // What became of these nobody will tell.
                service.waiters.retain(|waiter| waiter.index > snapshot.index);
            }
            Apply::Entries { entries, .. } => {
                for entry in &entries {
                    self.apply_entry(cluster, at, entry);
                }
            }
        }
    }

    fn apply_entry(&mut self, cluster: &mut Cluster<Happening>, at: usize, entry: &Entry) {
        let service = &mut self.services[at];
        let value = service.apply(entry);
        let index = service.applied;
        let mut next = 0;
        while let Some(waiter) = self.services[at].waiters.get(next).copied() {
            if waiter.index == index {
                self.services[at].waiters.swap_remove(next);
                self.answered(cluster, waiter, entry.term, value);
            } else {
                next += 1;
            }
        }
        if index >= self.services[at].snapshot_due {
            self.freeze(cluster, at);
        }
    }

    fn answered(&mut self, cluster: &mut Cluster<Happening>, waiter: Waiter, term: u64, value: u64) {
        let Waiter { client, operation, .. } = waiter;
        if waiter.term != term {
            self.history.void(operation);
        } else if self.clients[client]
            .under_way
            .is_some_and(|(current, _)| current == operation)
        {
            self.history.answer(operation, value);
            cluster.stats.operations += 1;
        }
        if self.clients[client]
            .under_way
            .is_some_and(|(current, _)| current == operation)
        {
            self.client_thinks(cluster, client);
        }
    }

    /// The service makes a snapshot of what it applied, which may take a while.
    pub(super) fn freeze(&mut self, cluster: &mut Cluster<Happening>, at: usize) {
        let rng = &mut self.dice[at];
        let setup = &self.plan.setup;
        let service = &mut self.services[at];
        service.plan_snapshot(setup, rng);
        if service.frozen.is_some() || service.applied == 0 {
            return;
        }
        service.frozen = Some((service.applied, service.freeze(setup.snapshot_padding)));
        let after_us = Service::snapshot_us(setup, rng);
        let incarnation = cluster.servers[at].incarnation;
        cluster.schedule(
            after_us,
            Event::Outside(Happening::Frozen {
                at: at as u8,
                incarnation,
            }),
        );
    }
}
