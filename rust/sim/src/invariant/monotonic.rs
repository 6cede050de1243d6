//! What never goes back: the term (§5.1), the commit index and what was
//! delivered (Figure 2: "increases monotonically"), the snapshot (§7).

use pontoon_core::{HardState, Status};

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "monotonic state",
    section: "Figure 2",
};

/// From one step of an incarnation to the next.
#[inline]
pub(crate) fn check(server: usize, before: &Status, after: &Status) -> Checked {
    let rises = after.term >= before.term
        && after.commit_index >= before.commit_index
        && after.delivered_index >= before.delivered_index
        && after.snapshot_index >= before.snapshot_index;
    PROPERTY.require(rises, || format!("{} went from {before:?} to {after:?}", name(server)))?;
    let ordered = after.snapshot_index <= after.commit_index
        && after.delivered_index <= after.commit_index
        && after.commit_index <= after.last_index
        && after.stable_index <= after.last_index
        && after.last_term <= after.term;
    PROPERTY.require(ordered, || format!("{} contradicts itself: {after:?}", name(server)))
}

/// A server that comes back goes on where its disk stopped.
pub(crate) fn check_restart(
    server: usize,
    disk: &HardState,
    snapshot_index: u64,
    last_index: u64,
    after: &Status,
) -> Checked {
    let same = after.term == disk.term && after.snapshot_index == snapshot_index && after.last_index == last_index;
    PROPERTY.require(same, || {
        format!("{} came back from {disk:?} as {after:?}", name(server))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::tests::status;

    #[test]
    fn nothing_goes_back() {
        let before = Status {
            commit_index: 3,
            delivered_index: 2,
            last_index: 4,
            ..status(2)
        };
        let changed = |change: fn(&mut Status)| {
            let mut after = before.clone();
            change(&mut after);
            check(0, &before, &after)
        };
        assert!(changed(|after| after.commit_index = 4).is_ok());
        assert!(changed(|after| after.term = 1).is_err());
        assert!(changed(|after| after.commit_index = 2).is_err());
        assert!(changed(|after| after.delivered_index = 1).is_err());
        assert!(changed(|after| after.commit_index = 5).is_err(), "beyond the log");
        assert!(changed(|after| after.delivered_index = 4).is_err(), "not committed");
    }
}
