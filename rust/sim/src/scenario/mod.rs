//! A cluster in trouble: clients call, the plan's faults strike, and in the
//! end everything is mended and has to work.

mod clients;
mod network;
mod phases;
mod service;
mod troubles;

use pontoon_core::{Apply, Outgoing, Snapshot};
use rand::rngs::SmallRng;

use crate::cluster::{Cluster, Damage, Event, Outside};
use crate::dice::{Purpose, between, dice};
use crate::invariant::{History, Link, OpenRequest};
use crate::plan::{MessageFault, Plan};
use crate::sealed;
use clients::Client;
use network::{Network, Request};
pub(crate) use phases::simulate;
use service::Service;
use troubles::Troubles;

/// What happens around the servers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happening {
    /// A message reaches its receiver.
    Arrival {
        slot: u32,
    },
    /// A sender learns that a request, or its reply, was lost.
    Report(Request),
    /// A fault of the plan begins, or ends.
    Begin {
        fault: u32,
    },
    End {
        fault: u32,
    },
    Restart {
        at: u8,
    },
    /// A client begins an operation or tries a server, or may lose patience.
    Call {
        client: u8,
    },
    Submit {
        client: u8,
        operation: u32,
    },
    Impatience {
        client: u8,
    },
    /// A service's snapshot is made.
    Frozen {
        at: u8,
        incarnation: u32,
    },
}

pub(crate) struct Scenario {
    plan: Plan,
    network: Network,
    troubles: Troubles,
    services: Vec<Service>,
    clients: Vec<Client>,
    history: History,
    /// Values written so far: each is unique.
    values: u64,
    /// Faults are over.
    calm: bool,
    /// Clients call.
    open: bool,
    /// What each server's disk, applier and timers take their time from.
    dice: Vec<SmallRng>,
}

impl Scenario {
    fn new(plan: Plan) -> Scenario {
        let setup = &plan.setup;
        Scenario {
            network: Network::new(),
            troubles: Troubles::new(setup.servers, plan.faults.len()),
            services: (0..setup.servers).map(|_| Service::boot(setup, None)).collect(),
            clients: (0..setup.clients).map(|_| Client::default()).collect(),
            history: History::default(),
            values: 0,
            calm: false,
            open: true,
            dice: (0..setup.servers as u64)
                .map(|at| dice(plan.seed, Purpose::Server, at, 0))
                .collect(),
            plan,
        }
    }

    fn draw(&mut self, at: usize, range: (u64, u64)) -> u64 {
        match range {
            (0, 0) => 0,
            _ => between(&mut self.dice[at], range),
        }
    }

    fn into_mishaps(self) -> Vec<MessageFault> {
        let mut mishaps = self.network.mishaps;
        mishaps.sort_unstable_by_key(|fault| (fault.from, fault.to, fault.nth));
        mishaps
    }

    /// Starts a server, its service from the snapshot on disk.
    fn boot(&mut self, cluster: &mut Cluster<Happening>, at: usize) {
        if cluster.servers[at].raft.is_some() {
            return;
        }
        let incarnation = u64::from(cluster.servers[at].incarnation) + 1;
        let mut service = Service::boot(&self.plan.setup, cluster.servers[at].disk.contents().snapshot());
        let rng = &mut self.dice[at];
        service.plan_snapshot(&self.plan.setup, rng);
        self.services[at] = service;
        let config = self.plan.setup.config(at, self.plan.seed ^ incarnation.rotate_left(40));
        // A monotonic clock may start anywhere, also from nothing.
        let clock_us = between(rng, (0, 1 << 40));
        let drift = self.plan.setup.drift_ppm;
        let ppm = between(rng, (0, 2 * drift.unsigned_abs())) as i64 - drift;
        cluster.start(self, at, config, clock_us);
        self.set_rate(cluster, at, ppm);
    }

    fn frozen(&mut self, cluster: &mut Cluster<Happening>, at: usize, incarnation: u32) {
        let server = &cluster.servers[at];
        if server.raft.is_none() || server.incarnation != incarnation {
            return;
        }
        if server.paused_until_us > cluster.now_us {
            let at_us = server.paused_until_us;
            return cluster.queue.push(
                at_us,
                Event::Outside(Happening::Frozen {
                    at: at as u8,
                    incarnation,
                }),
            );
        }
        if let Some((index, data)) = self.services[at].frozen.take() {
            cluster.snapshot(self, at, index, data);
        }
    }
}

impl Outside for Scenario {
    type Event = Happening;

    fn send(
        &mut self,
        cluster: &mut Cluster<Happening>,
        from: usize,
        outgoing: Outgoing,
        answers: Option<OpenRequest>,
    ) {
        self.transmit(cluster, from, outgoing, answers);
    }

    fn write_us(&mut self, at: usize) -> u64 {
        let extra_us = self.troubles.extra_write_us[at];
        self.draw(at, self.plan.setup.write_us) + extra_us
    }

    fn damage(&mut self, at: usize) -> Damage {
        Damage::draw(&mut self.dice[at])
    }

    fn done_us(&mut self, at: usize) -> u64 {
        self.draw(at, self.plan.setup.done_us)
    }

    fn apply_us(&mut self, at: usize) -> u64 {
        self.draw(at, self.plan.setup.apply_us)
    }

    fn wake_us(&mut self, at: usize) -> u64 {
        self.draw(at, self.plan.setup.wake_us)
    }

    fn late_us(&mut self, at: usize) -> u64 {
        self.draw(at, self.plan.setup.late_us)
    }

    fn apply_bytes(&self, _at: usize) -> usize {
        self.plan.setup.apply_bytes
    }

    fn apply(&mut self, cluster: &mut Cluster<Happening>, at: usize, apply: Apply) {
        self.applies(cluster, at, apply);
    }

    fn read_snapshot(&self, snapshot: &Snapshot) -> Option<Link> {
        sealed::open(&snapshot.data).map(|(link, _)| link)
    }

    fn crashed(&mut self, cluster: &mut Cluster<Happening>, at: usize) {
        self.services[at].waiters.clear();
        let down_us = self.troubles.down_us[at];
        cluster.schedule(down_us, Event::Outside(Happening::Restart { at: at as u8 }));
    }

    fn event(&mut self, cluster: &mut Cluster<Happening>, event: Happening) {
        match event {
            Happening::Arrival { slot } => self.arrival(cluster, slot),
            Happening::Report(request) => self.reported(cluster, request),
            Happening::Begin { fault } => self.begin(cluster, fault as usize),
            Happening::End { fault } => self.end(cluster, fault as usize),
            Happening::Restart { at } => self.boot(cluster, at.into()),
            Happening::Call { client } => self.client_calls(cluster, client.into()),
            Happening::Submit { client, operation } => self.client_submits(cluster, client.into(), operation as usize),
            Happening::Impatience { client } => self.client_impatient(cluster, client.into()),
            Happening::Frozen { at, incarnation } => self.frozen(cluster, at.into(), incarnation),
        }
    }
}
