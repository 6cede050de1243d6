//! The lab's network: every request is a call that a server answers or that
//! fails, at once or after a long while. The caller always learns which.

use pontoon_core::{Envelope, Outgoing};
use rand::Rng;

use super::size;
use super::world::{LabEvent, Site};
use crate::cluster::{Cluster, Event};
use crate::invariant::{OpenRequest, name};

const MS: u64 = 1000;
/// How often the network looks whether a server that works on a call is gone.
const LOOK_US: u64 = 100 * MS;

/// A call under way.
pub(crate) struct Call {
    from: usize,
    /// Which life of the caller made it, and which one of the server works on it.
    caller: u32,
    to: usize,
    server: u32,
    ticket: u64,
    /// The request before it is handed over, then the reply.
    content: Option<Envelope>,
    /// The network's settings when the call was made.
    unreliable: bool,
    long_reordering: bool,
    /// When the server began to work on it; `None`: it does not, or is done.
    working_since_us: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Calls {
    calls: Vec<Option<Call>>,
    free: Vec<u32>,
}

impl Calls {
    fn put(&mut self, call: Call) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.calls[slot as usize] = Some(call);
                slot
            }
            None => {
                self.calls.push(Some(call));
                self.calls.len() as u32 - 1
            }
        }
    }

    fn get(&mut self, slot: u32) -> &mut Call {
        self.calls[slot as usize].as_mut().expect("a call ends once")
    }

    fn take(&mut self, slot: u32) -> Call {
        self.free.push(slot);
        self.calls[slot as usize].take().expect("a call ends once")
    }
}

type Lab = Cluster<LabEvent>;

impl Site {
    /// A message leaves a server: a new call, or the answer to one.
    pub(super) fn transmit(
        &mut self,
        cluster: &mut Lab,
        from: usize,
        outgoing: Outgoing,
        answers: Option<OpenRequest>,
    ) {
        let Outgoing { envelope, ticket } = outgoing;
        match answers {
            None => self.call(cluster, from, envelope, ticket),
            Some(request) => self.answered(cluster, request.origin as u32, envelope),
        }
    }

    fn call(&mut self, cluster: &mut Lab, from: usize, envelope: Envelope, ticket: u64) {
        let to = envelope.to as usize - 1;
        self.calls_made += 1;
        self.bytes += size::message(&envelope) as u64;
        let reachable = self.enabled[from][to] && cluster.servers[to].raft.is_some();
        let (unreliable, long_reordering) = (self.unreliable, self.long_reordering);
        let lost = reachable && unreliable && self.rng.random_range(0..1000) < 100;
        cluster.trace.say(|| {
            let what = match (reachable, lost) {
                (false, _) => "   UNREACHABLE",
                (true, true) => "   LOST",
                (true, false) => "",
            };
            format!("{} -> {}  {:?}{what}", name(from), name(to), envelope.message)
        });
        let slot = self.calls.put(Call {
            from,
            caller: cluster.servers[from].incarnation,
            to,
            server: cluster.servers[to].incarnation,
            ticket,
            content: Some(envelope),
            unreliable,
            long_reordering,
            working_since_us: None,
        });
        if !reachable {
            // Long delays are on in all of the lab's tests.
            let after_us = self.rng.random_range(0..7000) * MS;
            return cluster.schedule(after_us, Event::Outside(LabEvent::Fails { slot }));
        }
        let mut after_us = self.hop_us();
        if unreliable {
            after_us += self.rng.random_range(0..27) * MS;
        }
        let event = if lost {
            LabEvent::Fails { slot }
        } else {
            LabEvent::Dispatch { slot }
        };
        cluster.schedule(after_us, Event::Outside(event));
    }

    /// What goroutines and encodings take, one way.
    fn hop_us(&mut self) -> u64 {
        self.takes_us(10..120)
    }

    /// The server that the call was for begins to work on it.
    pub(super) fn dispatch(&mut self, cluster: &mut Lab, slot: u32) {
        let now_us = cluster.now_us;
        let call = self.calls.get(slot);
        let (to, server) = (call.to, call.server);
        self.dispatched[to] += 1;
        if cluster.servers[to].raft.is_none() || cluster.servers[to].incarnation != server {
            // The handler of a killed server returns at once, and is not heard.
            return self.fails(cluster, slot);
        }
        call.working_since_us = Some(now_us);
        let request = call.content.take().expect("the request was not handed over yet");
        cluster.receive(self, to, request, u64::from(slot));
    }

    /// The handler returned.
    fn answered(&mut self, cluster: &mut Lab, slot: u32, reply: Envelope) {
        let call = self.calls.get(slot);
        call.working_since_us = None;
        let gone = !self.enabled[call.from][call.to] || cluster.servers[call.to].incarnation != call.server;
        let lost = call.unreliable && self.rng.random_range(0..1000) < 100;
        cluster.trace.say(|| {
            let what = if gone || lost { "   LOST" } else { "" };
            format!("{} -> {}  {:?}{what}", name(call.to), name(call.from), reply.message)
        });
        call.content = Some(reply);
        let late = call.long_reordering && self.rng.random_range(0..900) < 600;
        let hop_us = self.hop_us();
        if gone || lost {
            cluster.schedule(hop_us, Event::Outside(LabEvent::Fails { slot }));
        } else {
            let late_us = match late {
                true => {
                    let upper = self.rng.random_range(0..2000);
                    (200 + self.rng.random_range(0..=upper)) * MS
                }
                false => 0,
            };
            cluster.schedule(hop_us + late_us, Event::Outside(LabEvent::Answers { slot }));
        }
    }

    /// The call returns true.
    pub(super) fn answers(&mut self, cluster: &mut Lab, slot: u32) {
        let call = self.calls.take(slot);
        let reply = call.content.expect("the handler returned");
        self.bytes += size::message(&reply) as u64;
        let caller = &cluster.servers[call.from];
        if caller.raft.is_some() && caller.incarnation == call.caller {
            cluster.receive(self, call.from, reply, 0);
        }
    }

    /// The call returns false.
    pub(super) fn fails(&mut self, cluster: &mut Lab, slot: u32) {
        let call = self.calls.take(slot);
        let caller = &cluster.servers[call.from];
        if caller.raft.is_some() && caller.incarnation == call.caller {
            cluster
                .trace
                .say(|| format!("call {} of {} to {} fails", call.ticket, name(call.from), name(call.to)));
            cluster.undelivered(self, call.from, call.to, call.ticket);
        }
    }

    /// A server is gone: whoever waits for it finds out when the network looks.
    pub(super) fn abandon_calls(&mut self, cluster: &mut Lab, at: usize) {
        for (slot, call) in self.calls.calls.iter_mut().enumerate() {
            let Some(call) = call else { continue };
            if call.to == at
                && let Some(since_us) = call.working_since_us.take()
            {
                let looked = (cluster.now_us - since_us) / LOOK_US;
                let at_us = since_us + (looked + 1) * LOOK_US;
                cluster
                    .queue
                    .push(at_us, Event::Outside(LabEvent::Fails { slot: slot as u32 }));
            }
        }
    }
}
