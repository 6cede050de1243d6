//! Deliberate bugs of the disk, to prove that what it loses is missed.

/// The bugs that can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Says that a write is durable while it is in the cache.
    SyncsNothing,
    /// Takes a damaged record for a whole one.
    TrustsRecords,
    /// Takes the records of a batch without its end for the batch.
    KeepsHalfBatches,
}

#[cfg(feature = "mutants")]
mod switch {
    use super::Bug;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// By name.
    pub(crate) const ALL: [(&str, Bug); 3] = [
        ("disk-syncs-nothing", Bug::SyncsNothing),
        ("disk-trusts-records", Bug::TrustsRecords),
        ("disk-keeps-half-batches", Bug::KeepsHalfBatches),
    ];

    static ACTIVE: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Puts the named bug back, for the whole process; takes it out upon any other name.
    pub(crate) fn activate(name: &str) -> bool {
        let found = ALL.iter().find(|(known, _)| *known == name);
        ACTIVE.store(found.map_or(usize::MAX, |(_, bug)| *bug as usize), Relaxed);
        found.is_some()
    }

    pub(crate) fn on(bug: Bug) -> bool {
        ACTIVE.load(Relaxed) == bug as usize
    }
}

#[cfg(feature = "mutants")]
pub(crate) use switch::{ALL, activate, on};

#[cfg(not(feature = "mutants"))]
pub(crate) const fn on(_: Bug) -> bool {
    false
}
