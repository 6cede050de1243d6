//! Election safety: at most one leader can be elected in a given term
//! (Figure 3, §5.2). Each server votes for at most one candidate in a term,
//! also across crashes, and a leader has the votes of a majority.

use pontoon_core::Term;

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "election safety",
    section: "§5.2",
};

/// Most servers of a simulated cluster.
pub(crate) const SERVERS_MAX: usize = 8;

/// Nobody, in the tables below.
const NOBODY: u8 = u8::MAX;

#[derive(Clone, Copy, Hash)]
struct Ballot {
    leader: u8,
    /// Whom each server voted for.
    votes: [u8; SERVERS_MAX],
}

/// What happened in every term so far.
#[derive(Clone, Hash)]
pub(crate) struct ElectionSafety {
    terms: Vec<Ballot>,
}

impl ElectionSafety {
    pub(crate) fn new() -> ElectionSafety {
        ElectionSafety { terms: Vec::new() }
    }

    fn ballot(&mut self, term: Term) -> &mut Ballot {
        let at = term as usize;
        if self.terms.len() <= at {
            let empty = Ballot {
                leader: NOBODY,
                votes: [NOBODY; SERVERS_MAX],
            };
            self.terms.resize(at + 1, empty);
        }
        &mut self.terms[at]
    }

    /// `voter` let `candidate` know, or asked others as a candidate itself.
    pub(crate) fn voted(&mut self, term: Term, voter: usize, candidate: usize) -> Checked {
        let vote = &mut self.ballot(term).votes[voter];
        let before = std::mem::replace(vote, candidate as u8);
        PROPERTY.require(before == NOBODY || before == candidate as u8, || {
            let (voter, first, second) = (name(voter), name(before.into()), name(candidate));
            format!("{voter} voted for {first} and for {second} in term {term}")
        })
    }

    /// `leader` took office.
    pub(crate) fn elected(&mut self, term: Term, leader: usize, servers: usize) -> Checked {
        let ballot = self.ballot(term);
        let before = std::mem::replace(&mut ballot.leader, leader as u8);
        let own = ballot.votes[leader] != leader as u8;
        let votes = ballot.votes.iter().filter(|vote| **vote == leader as u8).count() + usize::from(own);
        PROPERTY.require(before == NOBODY || before == leader as u8, || {
            let (first, second) = (name(before.into()), name(leader));
            format!("{first} and {second} both lead term {term}")
        })?;
        PROPERTY.require(votes > servers / 2, || {
            let leader = name(leader);
            format!("{leader} leads term {term} with {votes} of {servers} votes")
        })
    }
}

/// A server heard of a second leader in `term`.
pub(crate) fn check_impostor(server: usize, term: Term, stopped: bool) -> Checked {
    PROPERTY.require(stopped, || {
        format!("{} heard of a second leader in term {term} and went on", name(server))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vote_and_one_leader_a_term() {
        let mut safety = ElectionSafety::new();
        assert!(safety.elected(3, 0, 3).is_err(), "nobody voted");
        assert!(safety.voted(3, 1, 0).is_ok());
        assert!(safety.voted(3, 1, 0).is_ok(), "a vote may be repeated");
        assert!(safety.elected(3, 0, 3).is_ok());
        assert!(safety.voted(3, 1, 2).is_err());
        let mut safety = ElectionSafety::new();
        assert!(safety.elected(3, 0, 1).is_ok());
        assert!(safety.elected(3, 1, 1).is_err());
    }
}
