//! Leader append-only: a leader never overwrites or deletes entries in its
//! log; it only appends new entries (Figure 3, §5.3).

use pontoon_core::{Index, LogDelta, Role, Status};

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "leader append-only",
    section: "§5.3",
};

/// From one step to the next within one leadership.
#[inline]
pub(crate) fn check_step(server: usize, before: &Status, after: &Status) -> Checked {
    let led = before.role == Role::Leader && after.role == Role::Leader && before.term == after.term;
    PROPERTY.require(!led || after.last_index >= before.last_index, || {
        let (leader, from, to) = (name(server), before.last_index, after.last_index);
        format!(
            "{leader}, leader of term {}, shortened its log from {from} to {to}",
            after.term
        )
    })
}

/// From one batch to the next within one leadership.
pub(crate) fn check_batch(server: usize, delta: &LogDelta, last_index: Index) -> Checked {
    PROPERTY.require(delta.from > last_index, || {
        let leader = name(server);
        format!(
            "{leader} leads and rewrites its log from {} on, though it had written up to {last_index}",
            delta.from
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::tests::status;

    #[test]
    fn a_leader_neither_cuts_nor_rewrites() {
        let leads = |term, last_index| Status {
            role: Role::Leader,
            last_index,
            ..status(term)
        };
        assert!(check_step(0, &leads(2, 5), &leads(2, 5)).is_ok());
        assert!(check_step(0, &leads(2, 5), &leads(2, 4)).is_err());
        assert!(
            check_step(0, &leads(2, 5), &leads(3, 4)).is_ok(),
            "it followed in between"
        );
        let delta = |from| LogDelta {
            from,
            entries: Vec::new(),
        };
        assert!(check_batch(0, &delta(6), 5).is_ok());
        assert!(check_batch(0, &delta(5), 5).is_err());
    }
}
