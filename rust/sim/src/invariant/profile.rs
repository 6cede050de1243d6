//! What takes an index: in the lab profile nothing but commands; in the
//! service profile each leader's first entry is a no-op, and no other is (§8).

use pontoon_core::{Entry, Payload, Profile, Term};

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "no-op entries",
    section: "§8",
};

/// `entry` stands behind one of term `before`.
#[inline]
pub(crate) fn check(server: usize, profile: Profile, before: Term, entry: &Entry) -> Checked {
    let due = profile == Profile::Service && entry.term > before;
    PROPERTY.require((entry.payload == Payload::Noop) == due, || {
        format!("{} has {:?} behind an entry of term {before}", name(server), entry)
    })
}
