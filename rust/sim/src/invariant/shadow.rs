//! The servers' logs as the simulator saw them being written, and the one log
//! that was committed. Each entry carries a hash of the whole log up to it, so
//! that two logs are compared by comparing one number.

use pontoon_core::{Entry, Index, LogDelta, Payload, Term};

use crate::dice::{hash_bytes, mix};

/// One entry's place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    pub(crate) term: Term,
    /// Hash of this entry and all before it.
    pub(crate) chain: u64,
}

impl Link {
    pub(crate) const START: Link = Link { term: 0, chain: 0 };

    pub(crate) fn after(self, entry: &Entry) -> Link {
        let content = match &entry.payload {
            Payload::Command(bytes) => hash_bytes(bytes),
            Payload::Noop => 1,
        };
        Link {
            term: entry.term,
            chain: mix(mix(self.chain, entry.term), content),
        }
    }
}

/// A log from its very first entry on, compacted or not.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Shadow {
    /// `links[i]` is the entry with index `i`; 0 stands before the log.
    links: Vec<Link>,
}

impl Shadow {
    pub(crate) fn new() -> Shadow {
        Shadow {
            links: vec![Link::START],
        }
    }

    pub(crate) fn last_index(&self) -> Index {
        self.links.len() as Index - 1
    }

    pub(crate) fn get(&self, index: Index) -> Option<Link> {
        self.links.get(index as usize).copied()
    }

    pub(crate) fn push(&mut self, link: Link) {
        self.links.push(link);
    }

    /// Replaces everything up to `index` by the committed entries for which a
    /// snapshot stands. Returns the first index that changed.
    pub(crate) fn cover(&mut self, index: Index, committed: &Shadow) -> Index {
        let mut same = index.min(self.last_index());
        while same > 0 && self.get(same) != committed.get(same) {
            same -= 1;
        }
        for at in same as usize + 1..=index as usize {
            let link = committed.links[at];
            match self.links.get_mut(at) {
                Some(mine) => *mine = link,
                None => self.links.push(link),
            }
        }
        same + 1
    }

    /// Drops `from` and everything after it.
    pub(crate) fn cut(&mut self, from: Index) {
        self.links.truncate(from as usize);
    }

    /// Cuts everything from `delta.from` on and appends.
    pub(crate) fn apply(&mut self, delta: &LogDelta) {
        self.links.truncate(delta.from as usize);
        for entry in &delta.entries {
            let last = self.links[self.links.len() - 1];
            self.links.push(last.after(entry));
        }
    }

    /// Becomes equal to `other`, which differs only from `from` on.
    pub(crate) fn copy_from(&mut self, other: &Shadow, from: Index) {
        let from = (from as usize).min(self.links.len()).min(other.links.len());
        self.links.truncate(from);
        self.links.extend_from_slice(&other.links[from..]);
    }
}
