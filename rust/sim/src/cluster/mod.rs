//! A cluster of servers on simulated time: each a Raft core with a clock, a
//! disk and a loop that does its work in the contract's order. What is around
//! them, network, clients and state machines, is an [`Outside`].

mod batch;
mod breach;
mod disk;
mod outside;
mod server;
mod stats;

use pontoon_core::{Bytes, Config, Envelope, Index, NodeId, Profile, Proposal, Raft, Status};

use crate::dice::mix;
use crate::invariant::election_timer::Kind;
use crate::invariant::{Checked, OpenRequest, Oracle, Violation, liveness, name};
use crate::queue::Queue;
use crate::trace::Trace;
#[cfg(feature = "mutants")]
pub(crate) use disk::mutant as disk_mutant;
pub(crate) use disk::{Contents, Damage};
pub(crate) use outside::Outside;
pub(crate) use server::{CrashPoint, Server};
pub use stats::Stats;

/// What happens next, to a server or outside of all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<E> {
    /// A timer fires.
    Timer {
        at: u8,
    },
    /// The server's loop comes round to take work.
    Wake {
        at: u8,
        incarnation: u32,
    },
    /// The batch being written is durable.
    Persisted {
        at: u8,
        incarnation: u32,
    },
    /// The batch's messages were handed over.
    Done {
        at: u8,
        incarnation: u32,
    },
    /// The state machine is through with what it was given.
    Applied {
        at: u8,
        incarnation: u32,
    },
    Outside(E),
}

pub(crate) struct Cluster<E> {
    pub(crate) now_us: u64,
    pub(crate) queue: Queue<Event<E>>,
    pub(crate) servers: Vec<Server>,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) stats: Stats,
    pub(crate) violation: Option<Violation>,
    interrupted: bool,
}

impl<E> Cluster<E> {
    pub(crate) fn new(servers: usize, profile: Profile, trace: Trace) -> Cluster<E> {
        Cluster {
            now_us: 0,
            queue: Queue::new(),
            servers: (0..servers).map(|_| Server::new()).collect(),
            oracle: Oracle::new(servers, profile),
            trace,
            stats: Stats::default(),
            violation: None,
            interrupted: false,
        }
    }

    pub(crate) fn schedule(&mut self, after_us: u64, event: Event<E>) {
        self.queue.push(self.now_us + after_us, event);
    }

    /// Keeps the first violation; the run stops at it.
    pub(crate) fn check(&mut self, checked: Checked) {
        if let Err(violation) = checked
            && self.violation.is_none()
        {
            self.trace.say(|| format!("VIOLATION  {violation}"));
            self.violation = Some(violation);
        }
    }

    /// Handles events until `until_us`, or until a property is violated.
    pub(crate) fn run<O: Outside<Event = E>>(&mut self, outside: &mut O, until_us: u64, steps_max: u64) {
        self.interrupted = false;
        while self.violation.is_none() && self.stats.steps < steps_max && !self.interrupted {
            match self.queue.next_us() {
                Some(next_us) if next_us <= until_us => self.step(outside),
                _ => {
                    self.now_us = until_us;
                    break;
                }
            }
        }
    }

    /// What was counted, at the end of a run.
    pub(crate) fn finish_stats(&self) -> Stats {
        Stats {
            simulated_us: self.now_us,
            elections: self.oracle.elected,
            entries: self.oracle.committed_index(),
            ..self.stats
        }
    }

    /// Makes `run` return after this event.
    pub(crate) fn interrupt(&mut self) {
        self.interrupted = true;
    }

    fn step<O: Outside<Event = E>>(&mut self, outside: &mut O) {
        let Some((at_us, event)) = self.queue.pop() else { return };
        self.now_us = at_us;
        self.stats.steps += 1;
        self.trace.at(at_us);
        match event {
            Event::Outside(event) => outside.event(self, event),
            Event::Timer { at } => self.timer(outside, at.into()),
            Event::Wake { at, incarnation } => self.resume(outside, at, incarnation, event, Cluster::woken),
            Event::Persisted { at, incarnation } => self.resume(outside, at, incarnation, event, Cluster::persisted),
            Event::Done { at, incarnation } => self.resume(outside, at, incarnation, event, Cluster::done),
            Event::Applied { at, incarnation } => self.resume(outside, at, incarnation, event, Cluster::finish_apply),
        }
    }

    /// Goes on with a server, unless it is gone by now or paused.
    fn resume<O: Outside<Event = E>>(
        &mut self,
        outside: &mut O,
        at: u8,
        incarnation: u32,
        event: Event<E>,
        then: fn(&mut Cluster<E>, &mut O, usize),
    ) {
        let at = usize::from(at);
        let server = &self.servers[at];
        if server.raft.is_none() || server.incarnation != incarnation {
            return;
        }
        match server.paused_until_us > self.now_us {
            true => self.queue.push(server.paused_until_us, event),
            false => {
                then(self, outside, at);
                self.settle(outside, at);
            }
        }
    }

    fn timer<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let now_us = self.now_us;
        let server = &mut self.servers[at];
        if server.timer_us != now_us || server.raft.is_none() {
            return;
        }
        if server.paused_until_us > now_us {
            server.timer_us = server.paused_until_us;
            self.queue.push(server.paused_until_us, Event::Timer { at: at as u8 });
            return;
        }
        server.timer_us = u64::MAX;
        self.trace.note(at as u64);
        let term = self.servers[at].status.term;
        self.input(at, |raft, now_ms| raft.tick(now_ms));
        let stands_for = self.servers[at].status.term;
        if stands_for != term {
            self.trace
                .say(|| format!("{} times out and stands for term {stands_for}", name(at)));
        }
        self.settle(outside, at);
    }

    fn woken<O: Outside<Event = E>>(&mut self, _: &mut O, at: usize) {
        self.servers[at].wake_scheduled = false;
        self.servers[at].awake = true;
    }

    /// Starts a server from what is on its disk.
    pub(crate) fn start<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize, config: Config, clock_us: u64) {
        let server = &mut self.servers[at];
        assert!(server.raft.is_none(), "{} runs already", name(at));
        server.boot(self.now_us, clock_us, config.heartbeat_interval_ms);
        let now_ms = server.clock.read_ms(self.now_us);
        let restored = server.disk.contents().restore();
        if let Err(violation) = self.oracle.recovered(at, &restored) {
            return self.check(Err(violation));
        }
        let raft = Raft::new(config, restored, now_ms).expect("a disk holds what was written to it");
        let status = raft.status();
        self.trace.say(|| {
            format!(
                "{} starts in term {} with log up to {}",
                name(at),
                status.term,
                status.last_index
            )
        });
        let checked = self.oracle.restarted(at, &status);
        self.servers[at].raft = Some(raft);
        self.servers[at].status = status;
        self.check(checked);
        self.settle(outside, at);
    }

    /// Stops a server: all that was not synced is at the mercy of its disk. A
    /// batch being written may just have made it.
    pub(crate) fn crash<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let server = &mut self.servers[at];
        if server.raft.take().is_none() {
            return;
        }
        self.stats.crashes += 1;
        self.trace.note(at as u64);
        self.trace.say(|| format!("{} crashes", name(at)));
        if server.disk.is_writing() {
            let damage = outside.damage(at);
            let survives = server.disk.crash(damage);
            self.stats.damages += 1;
            self.trace.note(u64::from(survives));
            self.trace.say(|| {
                let outcome = if survives { "is on its disk" } else { "never was" };
                format!("{} was writing: {damage:?}; for recovery the batch {outcome}", name(at))
            });
            if survives {
                let checked = self.oracle.durable(at);
                self.check(checked);
            }
        }
        self.servers[at].halt();
        self.oracle.crashed(at);
        outside.crashed(self, at);
    }

    /// What the server says of itself; `None` while it is down.
    pub(crate) fn status(&self, at: usize) -> Option<&Status> {
        let server = &self.servers[at];
        server.raft.as_ref().map(|_| &server.status)
    }

    /// Whether the server runs and is not paused.
    pub(crate) fn responds(&self, at: usize) -> bool {
        let server = &self.servers[at];
        server.raft.is_some() && server.paused_until_us <= self.now_us
    }

    /// One input to a running server, with its own time.
    fn input<R>(&mut self, at: usize, f: impl FnOnce(&mut Raft, u64) -> R) -> R {
        let server = &mut self.servers[at];
        let now_ms = server.clock.read_ms(self.now_us);
        let raft = server.raft.as_mut().expect("the caller saw it running");
        let result = f(raft, now_ms);
        self.stepped(at);
        result
    }

    /// Looks at a server after a step of it.
    fn stepped(&mut self, at: usize) {
        let server = &mut self.servers[at];
        let status = server.raft.as_ref().expect("the caller saw it running").status();
        if status != server.status {
            let before = std::mem::replace(&mut server.status, status);
            let checked = self.oracle.stepped(at, &before, &self.servers[at].status);
            self.check(checked);
        }
    }

    pub(crate) fn propose<O: Outside<Event = E>>(
        &mut self,
        outside: &mut O,
        at: usize,
        command: Bytes,
    ) -> Result<Proposal, Option<NodeId>> {
        let result = self.input(at, |raft, now_ms| raft.propose(now_ms, command));
        if let Ok(proposal) = &result {
            self.trace.note(proposal.index);
        }
        self.loop_round(outside, at);
        result.map_err(|refused| refused.leader)
    }

    /// The service hands over a snapshot. It is refused if a newer one came
    /// from a leader meanwhile.
    pub(crate) fn snapshot<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize, index: Index, data: Bytes) {
        let result = self.input(at, |raft, now_ms| {
            let before = raft.status();
            let due = index > before.snapshot_index && index <= before.delivered_index;
            (raft.snapshot(now_ms, index, data), due)
        });
        self.trace
            .say(|| format!("{} takes a snapshot up to {index}: {:?}", name(at), result.0));
        self.trace.note(index);
        let checked = liveness::require(result.0.is_ok() == result.1, || {
            format!("{} answers {:?} to a snapshot up to {index}", name(at), result.0)
        });
        self.check(checked);
        self.loop_round(outside, at);
    }

    pub(crate) fn undelivered<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize, to: usize, ticket: u64) {
        self.trace.note(ticket);
        self.input(at, |raft, now_ms| raft.undelivered(now_ms, to as NodeId + 1, ticket));
        self.loop_round(outside, at);
    }

    /// A message arrives; `origin` is the sender's number of a request.
    pub(crate) fn receive<O: Outside<Event = E>>(
        &mut self,
        outside: &mut O,
        at: usize,
        envelope: Envelope,
        origin: u64,
    ) {
        let from = envelope.from as usize - 1;
        let (kind, is_request) = (Kind::of(&envelope.message), envelope.message.is_request());
        self.trace
            .note(mix(mix(at as u64, envelope.from), envelope.message.term()));
        let server = &mut self.servers[at];
        let ticket = server.next_ticket();
        let before = server.timer_before();
        let result = self.input(at, |raft, now_ms| raft.receive(now_ms, ticket, envelope));
        if let Err(error) = result {
            let text = format!("{} refuses a message of {}: {error}", name(at), name(from));
            return self.check(liveness::require(false, || text));
        }
        match self.servers[at].timer_after(at, self.now_us, before, kind) {
            Err(violation) => self.check(Err(violation)),
            Ok(moved_timer) if is_request => self.servers[at].open.opened(OpenRequest {
                ticket,
                from,
                origin,
                moved_timer,
            }),
            Ok(_) => {}
        }
        self.loop_round(outside, at);
    }

    /// After an input: the server's loop takes work, at once or a little later.
    fn loop_round<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let wake_us = outside.wake_us(at);
        let server = &mut self.servers[at];
        if wake_us == 0 {
            server.awake = true;
        } else if !server.wake_scheduled {
            server.wake_scheduled = true;
            server.awake = false;
            let incarnation = server.incarnation;
            return self.schedule(
                wake_us,
                Event::Wake {
                    at: at as u8,
                    incarnation,
                },
            );
        }
        self.settle(outside, at);
    }
}
