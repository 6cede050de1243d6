//! Log matching: if two logs contain an entry with the same index and term,
//! then the logs are identical in all entries up through the given index
//! (Figure 3, §5.3).

use pontoon_core::Index;

use super::{Checked, Link, Property, name};

const PROPERTY: Property = Property {
    name: "log matching",
    section: "§5.3",
};

#[derive(Clone, Hash)]
struct Slot {
    first: Link,
    /// Other terms' entries at the same index: few, and rarely any.
    more: Vec<Link>,
}

/// Every entry that ever stood in any log.
#[derive(Clone, Hash)]
pub(crate) struct LogMatching {
    slots: Vec<Slot>,
}

impl LogMatching {
    pub(crate) fn new() -> LogMatching {
        LogMatching { slots: Vec::new() }
    }

    /// `server` wrote `link` at `index`; entries are reported in order.
    #[inline]
    pub(crate) fn written(&mut self, server: usize, index: Index, link: Link) -> Checked {
        let at = index as usize - 1;
        if at >= self.slots.len() {
            self.slots.push(Slot {
                first: link,
                more: Vec::new(),
            });
            return Ok(());
        }
        let slot = &mut self.slots[at];
        let known = std::iter::once(&slot.first)
            .chain(&slot.more)
            .find(|known| known.term == link.term);
        match known {
            None => slot.more.push(link),
            Some(known) => PROPERTY.require(known.chain == link.chain, || {
                let server = name(server);
                format!(
                    "{server} has an entry of term {} at index {index}, and another log with such an entry differs up to it",
                    link.term
                )
            })?,
        }
        Ok(())
    }

    /// An AppendEntries shows what stands in its leader's log.
    pub(crate) fn sent(&self, server: usize, index: Index, says: u64, log: Option<Link>) -> Checked {
        PROPERTY.require(log.is_some_and(|link| link.term == says), || {
            let (server, has) = (name(server), log.map(|link| link.term));
            format!("{server} sends term {says} at index {index}, where its log has {has:?}")
        })
    }

    /// A snapshot replaced a part of the log that it contradicts, and what
    /// stood behind it was kept (Figure 13, step 7).
    pub(crate) fn kept_behind_snapshot(server: usize, index: Index) -> super::Violation {
        let server = name(server);
        PROPERTY.violated(format!(
            "{server} kept entries after index {index} behind a snapshot that contradicts them (Figure 13, step 7)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_entry_means_the_same_log() {
        let link = |term, chain| Link { term, chain };
        let mut matching = LogMatching::new();
        assert!(matching.written(0, 1, link(1, 11)).is_ok());
        assert!(matching.written(1, 1, link(2, 12)).is_ok(), "another term's entry");
        assert!(matching.written(2, 1, link(2, 12)).is_ok());
        assert!(matching.written(2, 1, link(2, 13)).is_err());
        assert!(matching.written(0, 1, link(1, 13)).is_err());
        assert!(matching.sent(0, 1, 2, Some(link(2, 12))).is_ok());
        assert!(matching.sent(0, 1, 1, Some(link(2, 12))).is_err());
        assert!(matching.sent(0, 1, 1, None).is_err());
    }
}
