//! A network that loses, repeats, delays and reorders messages, and is cut
//! here and there. Sometimes it tells a sender of a loss, sometimes wrongly.

use pontoon_core::{Envelope, Message, Outgoing};
use rand::rngs::SmallRng;

use super::{Happening, Scenario};
use crate::cluster::{Cluster, Event};
use crate::dice::{Purpose, between, chance, dice};
use crate::invariant::{OpenRequest, name};
use crate::plan::{MessageFault, MessageFaults, Mishap, Weather};

/// Servers fit into one word of links.
const SIDE: usize = 8;

/// The request that a sender would be told is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    sender: u8,
    receiver: u8,
    incarnation: u32,
    ticket: u64,
}

struct InFlight {
    envelope: Envelope,
    /// The sender's number, of a request.
    ticket: u64,
    request: Request,
}

pub(crate) struct Network {
    /// How many messages went over each link.
    sent: [u64; SIDE * SIDE],
    /// How many faults cut each link.
    cuts: [u8; SIDE * SIDE],
    pub(crate) weather: Weather,
    in_flight: Vec<Option<InFlight>>,
    free: Vec<u32>,
    /// Every mishap that was drawn.
    pub(crate) mishaps: Vec<MessageFault>,
}

impl Network {
    pub(crate) fn new() -> Network {
        Network {
            sent: [0; SIDE * SIDE],
            cuts: [0; SIDE * SIDE],
            weather: Weather::default(),
            in_flight: Vec::new(),
            free: Vec::new(),
            mishaps: Vec::new(),
        }
    }

    pub(crate) fn link(from: usize, to: usize) -> usize {
        from * SIDE + to
    }

    pub(crate) fn cut(&mut self, links: u64, by: i8) {
        for (link, cuts) in self.cuts.iter_mut().enumerate() {
            if links & (1 << link) != 0 {
                *cuts = cuts.saturating_add_signed(by);
            }
        }
    }

    /// All links work, and nothing happens to messages.
    pub(crate) fn mend(&mut self) {
        self.cuts = [0; SIDE * SIDE];
        self.weather = Weather::default();
    }

    fn put(&mut self, message: InFlight) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.in_flight[slot as usize] = Some(message);
                slot
            }
            None => {
                self.in_flight.push(Some(message));
                self.in_flight.len() as u32 - 1
            }
        }
    }

    fn take(&mut self, slot: u32) -> InFlight {
        self.free.push(slot);
        self.in_flight[slot as usize].take().expect("a message arrives once")
    }
}

fn draw_mishap(weather: &Weather, rng: &mut SmallRng) -> Option<Mishap> {
    let delay = (0, weather.delay_us_max);
    if chance(rng, weather.lost) {
        Some(Mishap::Lost)
    } else if chance(rng, weather.duplicated) {
        Some(Mishap::Duplicated {
            after_us: between(rng, delay),
        })
    } else if chance(rng, weather.delayed) {
        Some(Mishap::Delayed {
            by_us: between(rng, delay),
        })
    } else if chance(rng, weather.misreported) {
        Some(Mishap::Misreported {
            after_us: between(rng, delay),
        })
    } else {
        None
    }
}

impl Scenario {
    pub(super) fn transmit(
        &mut self,
        cluster: &mut Cluster<Happening>,
        from: usize,
        outgoing: Outgoing,
        answers: Option<OpenRequest>,
    ) {
        let Outgoing { envelope, ticket } = outgoing;
        let to = envelope.to as usize - 1;
        let (sender, receiver, number) = match answers {
            None => (from, to, ticket),
            Some(request) => (to, from, request.origin),
        };
        let request = Request {
            sender: sender as u8,
            receiver: receiver as u8,
            incarnation: cluster.servers[sender].incarnation,
            ticket: number,
        };
        let link = Network::link(from, to);
        let nth = self.network.sent[link];
        self.network.sent[link] += 1;
        let mut rng = dice(self.plan.seed, Purpose::Link, link as u64, nth);
        let latency_us = between(&mut rng, self.plan.setup.latency_us);
        let mishap = self.mishap(from, to, nth, &mut rng);
        let cut = self.network.cuts[link] > 0;
        cluster.trace.say(|| {
            let what = match (cut, mishap) {
                (true, _) => "   CUT OFF".into(),
                (false, Some(mishap)) => format!("   {mishap:?}"),
                (false, None) => String::new(),
            };
            format!("{} -> {}  {}{what}", name(from), name(to), describe(&envelope.message))
        });
        if cut || mishap == Some(Mishap::Lost) {
            return self.lose(cluster, request, &mut rng);
        }
        let mut arrives_us = latency_us;
        match mishap {
            Some(Mishap::Delayed { by_us }) => arrives_us += by_us,
            Some(Mishap::Misreported { after_us }) => self.report(cluster, request, after_us),
            Some(Mishap::Duplicated { after_us }) => {
                let copy = InFlight {
                    envelope: envelope.clone(),
                    ticket,
                    request,
                };
                let slot = self.network.put(copy);
                cluster.schedule(latency_us + after_us, Event::Outside(Happening::Arrival { slot }));
            }
            Some(Mishap::Lost) | None => {}
        }
        let slot = self.network.put(InFlight {
            envelope,
            ticket,
            request,
        });
        cluster.schedule(arrives_us, Event::Outside(Happening::Arrival { slot }));
    }

    fn mishap(&mut self, from: usize, to: usize, nth: u64, rng: &mut SmallRng) -> Option<Mishap> {
        match &self.plan.messages {
            MessageFaults::Drawn => {
                let mishap = draw_mishap(&self.network.weather, rng)?;
                self.network.mishaps.push(MessageFault { from, to, nth, mishap });
                Some(mishap)
            }
            MessageFaults::Listed(list) => {
                let found = list.binary_search_by_key(&(from, to, nth), |fault| (fault.from, fault.to, fault.nth));
                found.ok().map(|at| list[at].mishap)
            }
        }
    }

    /// A request or its reply is lost: its sender may hear of it.
    fn lose(&mut self, cluster: &mut Cluster<Happening>, request: Request, rng: &mut SmallRng) {
        if chance(rng, self.plan.setup.reported) {
            let after_us = between(rng, (0, 1000 * self.plan.setup.election_ms.0));
            self.report(cluster, request, after_us);
        }
    }

    fn report(&mut self, cluster: &mut Cluster<Happening>, request: Request, after_us: u64) {
        cluster.schedule(after_us, Event::Outside(Happening::Report(request)));
    }

    pub(super) fn arrival(&mut self, cluster: &mut Cluster<Happening>, slot: u32) {
        let message = self.network.in_flight[slot as usize]
            .as_ref()
            .expect("a message arrives once");
        let to = message.envelope.to as usize - 1;
        let server = &cluster.servers[to];
        if server.raft.is_some() && server.paused_until_us > cluster.now_us {
            let at_us = server.paused_until_us;
            return cluster.queue.push(at_us, Event::Outside(Happening::Arrival { slot }));
        }
        let message = self.network.take(slot);
        if server.raft.is_none() {
            let mut rng = dice(self.plan.seed, Purpose::Link, to as u64, message.ticket);
            return self.lose(cluster, message.request, &mut rng);
        }
        cluster.receive(self, to, message.envelope, message.ticket);
    }

    pub(super) fn reported(&mut self, cluster: &mut Cluster<Happening>, request: Request) {
        let (sender, receiver) = (usize::from(request.sender), usize::from(request.receiver));
        let server = &cluster.servers[sender];
        if self.calm || server.raft.is_none() || server.incarnation != request.incarnation {
            return;
        }
        if server.paused_until_us > cluster.now_us {
            let at_us = server.paused_until_us;
            return cluster.queue.push(at_us, Event::Outside(Happening::Report(request)));
        }
        let ticket = request.ticket;
        cluster.trace.say(|| {
            format!(
                "{} is told that its request {ticket} to {} was lost",
                name(sender),
                name(receiver)
            )
        });
        cluster.undelivered(self, sender, receiver, ticket);
    }
}

fn describe(message: &Message) -> String {
    match message {
        Message::AppendEntries(m) => {
            let terms: Vec<u64> = m.entries.iter().map(|entry| entry.term).collect();
            format!(
                "AppendEntries #{} term {} after {} (term {}): {terms:?}, commit {}",
                m.seq, m.term, m.prev_log_index, m.prev_log_term, m.leader_commit
            )
        }
        Message::InstallSnapshot(m) => format!(
            "InstallSnapshot #{} term {} up to {} (term {}): bytes {}..{}{}",
            m.seq,
            m.term,
            m.last_included_index,
            m.last_included_term,
            m.offset,
            m.offset + m.data.len() as u64,
            if m.done { ", done" } else { "" }
        ),
        other => format!("{other:?}"),
    }
}
