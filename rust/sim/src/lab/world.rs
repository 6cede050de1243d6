//! What the lab's harness keeps: who is connected, what each server's state
//! machine received, and what the tests count.

use pontoon_core::{Apply, Bytes, Config, Entry, Index, NodeId, Outgoing, Payload, Snapshot};
use rand::Rng;
use rand::rngs::SmallRng;

use super::labrpc::Calls;
use crate::cluster::{Cluster, Damage, Outside};
use crate::dice::{Purpose, dice};
use crate::invariant::{Link, OpenRequest, Violation, name};
use crate::sealed;

/// A service takes a snapshot each time it applied so many commands.
const SNAPSHOT_INTERVAL: Index = 10;

/// An idle machine, or one that runs much else.
const LOADS: [u64; 4] = [1, 1, 8, 40];

#[derive(Clone, Copy, Debug)]
pub(crate) enum LabEvent {
    /// A call reaches its server, returns true, returns false.
    Dispatch {
        slot: u32,
    },
    Answers {
        slot: u32,
    },
    Fails {
        slot: u32,
    },
    /// A part of the test slept long enough.
    Woken {
        task: usize,
    },
}

/// What one server's state machine received.
#[derive(Default)]
pub(crate) struct Applied {
    /// `commands[i - 1]` has index `i`; a test sees nothing of the others.
    commands: Vec<Option<Bytes>>,
    last: Index,
    link: Option<Link>,
}

impl Applied {
    pub(crate) fn get(&self, index: Index) -> Option<&Bytes> {
        self.commands.get(index as usize - 1)?.as_ref()
    }
}

/// Everything around the servers.
pub(crate) struct Site {
    pub(super) servers: usize,
    seed: u64,
    pub(super) rng: SmallRng,
    /// How busy the machine is: everything takes so many times as long.
    load: u64,
    pub(super) calls: Calls,
    /// `enabled[i][j]`: calls of `i` reach `j`.
    pub(super) enabled: Vec<Vec<bool>>,
    pub(super) connected: Vec<bool>,
    pub(super) unreliable: bool,
    pub(super) long_reordering: bool,
    /// All calls, and their bytes; calls that reached each server.
    pub(super) calls_made: u64,
    pub(super) bytes: u64,
    pub(super) dispatched: Vec<u64>,
    pub(super) applied: Vec<Applied>,
    pub(super) snapshots: bool,
    /// The commands of the committed log, as first applied by anybody.
    agreed: Vec<Bytes>,
    pub(super) index_max: Index,
    /// The part of the test that is to go on.
    pub(super) woken: Option<usize>,
}

impl Site {
    pub(super) fn new(servers: usize, seed: u64, unreliable: bool, snapshots: bool) -> Site {
        let mut rng = dice(seed, Purpose::Lab, 0, 0);
        Site {
            servers,
            seed,
            load: LOADS[rng.random_range(0..LOADS.len())],
            rng,
            calls: Calls::default(),
            enabled: vec![vec![false; servers]; servers],
            connected: vec![false; servers],
            unreliable,
            long_reordering: false,
            calls_made: 0,
            bytes: 0,
            dispatched: vec![0; servers],
            applied: (0..servers).map(|_| Applied::default()).collect(),
            snapshots,
            agreed: Vec::new(),
            index_max: 0,
            woken: None,
        }
    }

    /// Microseconds that something takes on an idle machine, made this one's.
    pub(super) fn takes_us(&mut self, us: std::ops::Range<u64>) -> u64 {
        self.rng.random_range(us) * self.load
    }

    pub(super) fn connect(&mut self, at: usize) {
        self.connected[at] = true;
        self.wire(at, true);
    }

    pub(super) fn disconnect(&mut self, at: usize) {
        self.connected[at] = false;
        self.wire(at, false);
    }

    fn wire(&mut self, at: usize, on: bool) {
        for other in 0..self.servers {
            if !on || self.connected[other] {
                self.enabled[at][other] = on;
                self.enabled[other][at] = on;
            }
        }
    }

    /// Stops a server, if it runs. What its disk has stays.
    pub(super) fn crash(&mut self, cluster: &mut Cluster<LabEvent>, at: usize) {
        self.disconnect(at);
        cluster.crash(self, at);
    }

    /// Starts a server anew from its disk, not connected.
    pub(super) fn start(&mut self, cluster: &mut Cluster<LabEvent>, at: usize) {
        self.crash(cluster, at);
        self.applied[at].last = 0;
        self.applied[at].link = Some(Link::START);
        self.dispatched[at] = 0;
        if let Some(snapshot) = cluster.servers[at].disk.contents().snapshot().cloned() {
            self.ingest(cluster, at, &snapshot);
        }
        let incarnation = u64::from(cluster.servers[at].incarnation);
        let voters = (1..=self.servers as NodeId).collect();
        let config = Config::lab(at as NodeId + 1, voters, self.seed ^ incarnation.rotate_left(40));
        let now_us = cluster.now_us;
        cluster.start(self, at, config, now_us);
    }

    fn ingest(&mut self, cluster: &mut Cluster<LabEvent>, at: usize, snapshot: &Snapshot) {
        let (link, state) = sealed::open(&snapshot.data).unzip();
        let index = snapshot.index;
        let inside = state.and_then(|state| sealed::word(state, 0));
        cluster.check(require(inside == Some(index), || {
            format!("{} is given a snapshot of index {inside:?} as one of {index}", name(at))
        }));
        let commands = &self.agreed[..(index as usize).min(self.agreed.len())];
        let applied = &mut self.applied[at];
        applied.commands = commands.iter().cloned().map(Some).collect();
        applied.last = index;
        applied.link = link;
    }

    fn command(&mut self, cluster: &mut Cluster<LabEvent>, at: usize, index: Index, entry: &Entry) {
        let Payload::Command(command) = &entry.payload else {
            return cluster.check(require(false, || {
                format!("{} delivers a no-op at index {index}", name(at))
            }));
        };
        let differs = self
            .applied
            .iter()
            .position(|other| other.get(index).is_some_and(|known| known != command));
        cluster.check(require(differs.is_none(), || {
            format!(
                "{} and {} commit different commands at index {index}",
                name(at),
                name(differs.unwrap_or(at))
            )
        }));
        let applied = &mut self.applied[at];
        cluster.check(require(index == applied.last + 1, || {
            format!("{} applies index {index} after {}", name(at), applied.last)
        }));
        if applied.commands.len() < index as usize {
            applied.commands.resize(index as usize, None);
        }
        applied.commands[index as usize - 1] = Some(command.clone());
        applied.last = index;
        applied.link = applied.link.map(|link| link.after(entry));
        self.index_max = self.index_max.max(index);
        if self.agreed.len() < index as usize {
            self.agreed.push(command.clone());
        }
        if self.snapshots && (index + 1).is_multiple_of(SNAPSHOT_INTERVAL) {
            self.take_snapshot(cluster, at);
        }
    }

    fn take_snapshot(&mut self, cluster: &mut Cluster<LabEvent>, at: usize) {
        let Applied { last, link, .. } = self.applied[at];
        let mut state = last.to_le_bytes().to_vec();
        // All commands so far are in it.
        state.resize(12 * last as usize, 0);
        let data = sealed::seal(link.unwrap_or(Link::START), &state);
        cluster.snapshot(self, at, last, data);
    }
}

fn require(holds: bool, text: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds {
        return Ok(());
    }
    Err(Violation {
        property: "what the lab's applier checks",
        section: "lab",
        text: text(),
    })
}

impl Outside for Site {
    type Event = LabEvent;

    fn send(&mut self, cluster: &mut Cluster<LabEvent>, from: usize, outgoing: Outgoing, answers: Option<OpenRequest>) {
        self.transmit(cluster, from, outgoing, answers);
    }

    // The lab's disk is memory, and its servers are goroutines.
    fn write_us(&mut self, _at: usize) -> u64 {
        self.takes_us(1..40)
    }

    fn damage(&mut self, _at: usize) -> Damage {
        Damage::Kept
    }

    fn done_us(&mut self, _at: usize) -> u64 {
        self.takes_us(1..20)
    }

    fn apply_us(&mut self, _at: usize) -> u64 {
        self.takes_us(1..40)
    }

    fn wake_us(&mut self, _at: usize) -> u64 {
        self.takes_us(1..40)
    }

    fn late_us(&mut self, _at: usize) -> u64 {
        self.takes_us(0..300)
    }

    fn apply_bytes(&self, _at: usize) -> usize {
        1 << 20
    }

    fn apply(&mut self, cluster: &mut Cluster<LabEvent>, at: usize, apply: Apply) {
        match apply {
            Apply::Snapshot(snapshot) => self.ingest(cluster, at, &snapshot),
            Apply::Entries { first_index, entries } => {
                for (index, entry) in (first_index..).zip(&entries) {
                    self.command(cluster, at, index, entry);
                }
            }
        }
    }

    fn read_snapshot(&self, snapshot: &Snapshot) -> Option<Link> {
        sealed::open(&snapshot.data).map(|(link, _)| link)
    }

    fn crashed(&mut self, cluster: &mut Cluster<LabEvent>, at: usize) {
        self.abandon_calls(cluster, at);
    }

    fn event(&mut self, cluster: &mut Cluster<LabEvent>, event: LabEvent) {
        match event {
            LabEvent::Dispatch { slot } => self.dispatch(cluster, slot),
            LabEvent::Answers { slot } => self.answers(cluster, slot),
            LabEvent::Fails { slot } => self.fails(cluster, slot),
            LabEvent::Woken { task } => {
                self.woken = Some(task);
                cluster.interrupt();
            }
        }
    }
}
