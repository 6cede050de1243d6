//! The state machine on top of each server: a few registers. Its snapshots
//! say which log they stand for.

use pontoon_core::{Bytes, Entry, Index, Payload, Snapshot};
use rand::Rng;
use rand::rngs::SmallRng;

use crate::dice::between;
use crate::invariant::Link;
use crate::plan::Setup;
use crate::sealed;

/// A command as it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) key: usize,
    /// The value to write; `None` reads.
    pub(crate) write: Option<u64>,
}

impl Command {
    pub(crate) fn encode(self, padding: usize) -> Bytes {
        let mut bytes = [0; 10];
        bytes[0] = u8::from(self.write.is_some());
        bytes[1] = self.key as u8;
        bytes[2..].copy_from_slice(&self.write.unwrap_or(0).to_le_bytes());
        if padding == 0 {
            return Bytes::from(&bytes[..]);
        }
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len() + padding, 0);
        Bytes::from(padded)
    }

    fn decode(bytes: &[u8]) -> Command {
        let value = u64::from_le_bytes(bytes[2..10].try_into().expect("eight bytes"));
        Command {
            key: usize::from(bytes[1]),
            write: (bytes[0] != 0).then_some(value),
        }
    }
}

/// Someone waits for the entry at `index` to be applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiter {
    pub(crate) index: Index,
    pub(crate) term: u64,
    pub(crate) client: usize,
    pub(crate) operation: usize,
}

#[derive(Default)]
pub(crate) struct Service {
    pub(crate) applied: Index,
    link: Option<Link>,
    registers: Vec<u64>,
    pub(crate) waiters: Vec<Waiter>,
    /// A snapshot that is being made.
    pub(crate) frozen: Option<(Index, Bytes)>,
    pub(crate) snapshot_due: Index,
}

impl Service {
    /// As it starts: from the snapshot on disk, or from nothing.
    pub(crate) fn boot(setup: &Setup, snapshot: Option<&Snapshot>) -> Service {
        let mut service = Service {
            registers: vec![0; setup.keys],
            link: Some(Link::START),
            ..Service::default()
        };
        if let Some(snapshot) = snapshot {
            service.install(snapshot);
        }
        service
    }

    pub(crate) fn install(&mut self, snapshot: &Snapshot) {
        self.applied = snapshot.index;
        let (link, state) = sealed::open(&snapshot.data).unzip();
        self.link = link;
        for (at, register) in self.registers.iter_mut().enumerate() {
            *register = state.and_then(|state| sealed::word(state, at)).unwrap_or(u64::MAX);
        }
    }

    /// Returns what a read of the entry's register says now.
    pub(crate) fn apply(&mut self, entry: &Entry) -> u64 {
        self.applied += 1;
        self.link = self.link.map(|link| link.after(entry));
        let Payload::Command(bytes) = &entry.payload else {
            return 0;
        };
        let command = Command::decode(bytes);
        if let Some(value) = command.write {
            self.registers[command.key] = value;
        }
        self.registers[command.key]
    }

    /// The whole state, and padding that is different in each snapshot.
    pub(crate) fn freeze(&self, padding: usize) -> Bytes {
        let mut state = Vec::with_capacity(8 * self.registers.len() + padding);
        for value in &self.registers {
            state.extend_from_slice(&value.to_le_bytes());
        }
        state.extend((0..padding).map(|at| (at as u64 + self.applied) as u8));
        sealed::seal(self.link.unwrap_or(Link::START), &state)
    }

    /// When the next snapshot is to be taken.
    pub(crate) fn plan_snapshot(&mut self, setup: &Setup, rng: &mut SmallRng) {
        self.snapshot_due = match setup.snapshot_every {
            (0, 0) => Index::MAX,
            every => self.applied + between(rng, every),
        };
    }

    /// How long making a snapshot takes; often no time at all.
    pub(crate) fn snapshot_us(setup: &Setup, rng: &mut SmallRng) -> u64 {
        match rng.random_range(0..3) {
            0 => between(rng, (0, 30_000)),
            _ => setup.apply_us.0,
        }
    }
}
