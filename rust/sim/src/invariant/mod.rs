//! The properties that Raft promises, one file each, checked after every step
//! of every server. Each check looks only at what the step changed.

mod commit_rule;
mod durability;
pub(crate) mod election_safety;
pub(crate) mod election_timer;
mod leader_append_only;
mod leader_completeness;
mod linearizability;
pub(crate) mod liveness;
mod log_matching;
mod monotonic;
mod one_reply;
mod oracle;
mod profile;
mod shadow;
mod state_machine_safety;

use std::fmt;

pub(crate) use election_safety::SERVERS_MAX;
pub(crate) use linearizability::{Action, History};
pub(crate) use one_reply::{OpenRequest, OpenRequests};
pub(crate) use oracle::Oracle;
pub(crate) use shadow::{Link, Shadow};

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property's name; two violations of one property are alike.
    pub property: &'static str,
    /// Where it is written down.
    pub section: &'static str,
    /// What was seen.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.property, self.section, self.text)
    }
}

pub(crate) type Checked = Result<(), Violation>;

/// A property's name and where the paper states it.
#[derive(Clone, Copy)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
}

impl Property {
    pub(crate) fn violated(self, text: String) -> Violation {
        Violation {
            property: self.name,
            section: self.section,
            text,
        }
    }

    /// `text` is made only when it is needed.
    #[inline]
    pub(crate) fn require(self, holds: bool, text: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err(self.violated(text())) }
    }
}

/// How a server is called in what people read.
pub(crate) fn name(server: usize) -> String {
    format!("S{}", server + 1)
}

#[cfg(test)]
mod tests {
    use pontoon_core::{Role, Status};

    /// A follower that knows nothing but its term.
    pub(crate) fn status(term: u64) -> Status {
        Status {
            id: 1,
            term,
            role: Role::Follower,
            leader: None,
            commit_index: 0,
            delivered_index: 0,
            stable_index: 0,
            last_index: 0,
            last_term: 0,
            snapshot_index: 0,
            snapshot_term: 0,
        }
    }
}
