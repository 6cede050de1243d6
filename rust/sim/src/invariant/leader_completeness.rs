//! Leader completeness: if a log entry is committed in a given term, then that
//! entry will be present in the logs of the leaders for all higher-numbered
//! terms (Figure 3, §5.4).

use pontoon_core::{Index, Term};

use super::{Checked, Link, Property, Shadow, name};

const PROPERTY: Property = Property {
    name: "leader completeness",
    section: "§5.4",
};

/// The committed log, and in which term each entry was committed.
#[derive(Clone, Hash)]
pub(crate) struct Committed {
    pub(crate) log: Shadow,
    /// `terms[i]`: of the leader that committed entry `i`; never falls.
    terms: Vec<Term>,
}

impl Committed {
    pub(crate) fn new() -> Committed {
        Committed {
            log: Shadow::new(),
            terms: vec![0],
        }
    }

    pub(crate) fn push(&mut self, link: Link, term: Term) {
        self.log.push(link);
        self.terms.push(term);
    }

    pub(crate) fn last_index(&self) -> Index {
        self.log.last_index()
    }

    /// Up to where a leader of `term` must have everything.
    pub(crate) fn required(&self, term: Term) -> Index {
        self.terms.partition_point(|by| *by < term) as Index - 1
    }
}

/// `log` is that of the leader of `term`, as written since its election.
pub(crate) fn check(server: usize, term: Term, log: &Shadow, committed: &Committed, required: Index) -> Checked {
    PROPERTY.require(log.get(required) == committed.log.get(required), || {
        let (leader, by) = (name(server), committed.terms[required as usize]);
        format!("{leader} leads term {term} without entry {required}, which was committed in term {by}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_leaders_have_what_was_committed() {
        let mut committed = Committed::new();
        for (index, by) in [(1, 1), (2, 1), (3, 4)] {
            committed.push(Link { term: by, chain: index }, by);
        }
        let required = [1, 2, 4, 5].map(|term| committed.required(term));
        assert_eq!(required, [0, 2, 2, 3]);
        let mut log = Shadow::new();
        log.push(Link { term: 1, chain: 1 });
        assert!(check(0, 2, &log, &committed, 1).is_ok());
        assert!(check(0, 2, &log, &committed, 2).is_err(), "it lacks entry 2");
        log.push(Link { term: 2, chain: 9 });
        assert!(check(0, 2, &log, &committed, 2).is_err(), "it has another");
    }
}
