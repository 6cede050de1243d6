//! What a leader may call committed: an entry of its own term that is durable
//! on a majority, and all before it (§5.3, §5.4.2, Figure 8).

use pontoon_core::{Index, Term};

use super::{Checked, Link, Property, name};

const PROPERTY: Property = Property {
    name: "commit rule",
    section: "§5.4.2",
};

/// `holders` of `servers` have the leader's entry `link` at `index` on disk.
pub(crate) fn check(
    server: usize,
    term: Term,
    index: Index,
    link: Option<Link>,
    holders: usize,
    servers: usize,
) -> Checked {
    let leader = || format!("{} (term {term})", name(server));
    PROPERTY.require(link.is_some(), || {
        format!(
            "{} commits index {index}, which it never handed out to be written",
            leader()
        )
    })?;
    PROPERTY.require(link.is_some_and(|link| link.term == term), || {
        format!("{} commits index {index} of an older term by counting", leader())
    })?;
    PROPERTY.require(holders > servers / 2, || {
        format!(
            "{} commits index {index}, which is durable on {holders} of {servers} servers",
            leader()
        )
    })
}
