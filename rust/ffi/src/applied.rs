//! What pontoon_apply handed out last, kept alive for its view.

use pontoon_core::{Apply, Payload};

use crate::abi::{PONTOON_ENTRY_COMMAND, PONTOON_ENTRY_NOOP, PontoonApply, PontoonEntry};
use crate::raw;

/// The log may drop an entry while the host still applies it: the entries'
/// bytes are shared, not copied.
#[derive(Default)]
pub(crate) struct Applied {
    kept: Option<Apply>,
    entries: Vec<PontoonEntry>,
}

// SAFETY: the pointers in `entries` lead into `kept`, which moves between
// threads together with them.
unsafe impl Send for Applied {}

impl Applied {
    /// Keeps `apply` in place of what was kept before.
    pub(crate) fn hold(&mut self, apply: Apply) -> PontoonApply {
        self.entries.clear();
        let mut view = PontoonApply {
            struct_size: 0,
            entries: std::ptr::null(),
            entries_len: 0,
            has_snapshot: 0,
            reserved: 0,
            snapshot_index: 0,
            snapshot_term: 0,
            snapshot: raw::view(&[]),
        };
        match self.kept.insert(apply) {
            Apply::Snapshot(snapshot) => {
                view.has_snapshot = 1;
                view.snapshot_index = snapshot.index;
                view.snapshot_term = snapshot.term;
                view.snapshot = raw::view(&snapshot.data);
            }
            Apply::Entries { first_index, entries } => {
                let indexed = (*first_index..).zip(entries.iter());
                self.entries.extend(indexed.map(|(index, entry)| PontoonEntry {
                    index,
                    term: entry.term,
                    kind: match entry.payload {
                        Payload::Command(_) => PONTOON_ENTRY_COMMAND,
                        Payload::Noop => PONTOON_ENTRY_NOOP,
                    },
                    reserved: 0,
                    data: match &entry.payload {
                        Payload::Command(bytes) => raw::view(bytes),
                        Payload::Noop => raw::view(&[]),
                    },
                }));
                view.entries = raw::start(&self.entries);
                view.entries_len = self.entries.len();
            }
        }
        view
    }
}
