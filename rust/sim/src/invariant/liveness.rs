//! Liveness: once faults stop, a leader is elected and serves within bounds of
//! simulated time, stays, and does not flood the network (§5.2, §5.6; Raft
//! promises no more than that).

use super::{Checked, Property};

const PROPERTY: Property = Property {
    name: "liveness",
    section: "§5.6",
};

pub(crate) fn require(holds: bool, text: impl FnOnce() -> String) -> Checked {
    PROPERTY.require(holds, text)
}
