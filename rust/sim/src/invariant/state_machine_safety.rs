//! State machine safety: if a server has applied a log entry at a given index
//! to its state machine, no other server will ever apply a different log entry
//! for the same index (Figure 3, §5.4.3). Nothing is shown to a state machine
//! that is not committed, or twice, or out of order.

use pontoon_core::{Apply, Index};

use super::leader_completeness::Committed;
use super::{Checked, Link, Property, name};

const PROPERTY: Property = Property {
    name: "state machine safety",
    section: "§5.4.3",
};

/// `applied` is the last index of the server's state machine, in this incarnation.
pub(crate) fn check_apply(server: usize, applied: Index, apply: &Apply, committed: &Committed) -> Checked {
    match apply {
        Apply::Snapshot(snapshot) => PROPERTY.require(snapshot.index > applied, || {
            let server = name(server);
            format!(
                "{server} installs a snapshot up to {} after it applied {applied}",
                snapshot.index
            )
        }),
        Apply::Entries { first_index, entries } => {
            PROPERTY.require(*first_index == applied + 1 && !entries.is_empty(), || {
                let (server, count) = (name(server), entries.len());
                format!("{server} applies {count} entries from {first_index} on after it applied {applied}")
            })?;
            let mut link = committed.log.get(applied).unwrap_or(Link::START);
            for (index, entry) in (*first_index..).zip(entries) {
                link = link.after(entry);
                let known = committed.log.get(index);
                PROPERTY.require(known == Some(link), || {
                    let server = name(server);
                    format!("{server} applies {link:?} at index {index}, where {known:?} was committed")
                })?;
            }
            Ok(())
        }
    }
}

/// A snapshot carries the state of the committed log up to its index.
pub(crate) fn check_snapshot(server: usize, index: Index, seen: Link, committed: &Committed) -> Checked {
    let known = committed.log.get(index);
    PROPERTY.require(known == Some(seen), || {
        let server = name(server);
        format!("{server} has a snapshot of {seen:?} up to index {index}, where {known:?} was committed")
    })
}

/// What a server believes to be committed is what was committed.
#[inline]
pub(crate) fn check_commit(server: usize, commit: Index, log: Option<Link>, committed: &Committed) -> Checked {
    let known = committed.log.get(commit);
    PROPERTY.require(known.is_some() && log == known, || {
        let server = name(server);
        format!("{server} believes {log:?} at index {commit} to be committed, where {known:?} was")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pontoon_core::{Bytes, Entry, Payload, Snapshot};

    #[test]
    fn only_what_is_committed_once_and_in_order() {
        let entry = |text: &str| Entry {
            term: 1,
            payload: Payload::Command(Bytes::from(text)),
        };
        let mut committed = Committed::new();
        let first = Link::START.after(&entry("a"));
        committed.push(first, 1);
        committed.push(first.after(&entry("b")), 1);
        let apply = |first_index, texts: &[&str]| Apply::Entries {
            first_index,
            entries: texts.iter().map(|text| entry(text)).collect(),
        };
        assert!(check_apply(0, 0, &apply(1, &["a", "b"]), &committed).is_ok());
        assert!(check_apply(0, 1, &apply(2, &["b"]), &committed).is_ok());
        assert!(
            check_apply(0, 0, &apply(2, &["b"]), &committed).is_err(),
            "1 is left out"
        );
        assert!(
            check_apply(0, 1, &apply(1, &["a"]), &committed).is_err(),
            "1 comes twice"
        );
        assert!(
            check_apply(0, 1, &apply(2, &["c"]), &committed).is_err(),
            "another entry"
        );
        assert!(
            check_apply(0, 2, &apply(3, &["c"]), &committed).is_err(),
            "not committed"
        );
        let snapshot = Apply::Snapshot(Snapshot {
            index: 2,
            term: 1,
            data: Bytes::default(),
        });
        assert!(check_apply(0, 1, &snapshot, &committed).is_ok());
        assert!(check_apply(0, 2, &snapshot, &committed).is_err(), "it goes back");
        assert!(check_snapshot(0, 1, first, &committed).is_ok());
        assert!(check_snapshot(0, 2, first, &committed).is_err());
    }
}
