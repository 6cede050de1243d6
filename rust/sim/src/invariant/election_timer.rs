//! The election timer is set anew when a vote is granted, when a leader of the
//! current term is heard, also one that is refused, and when an election
//! starts; nothing else moves it (§5.2, Figure 2: Rules for Followers).

use pontoon_core::{Message, Role, Term};

use super::{Checked, Property, Violation, name};

const PROPERTY: Property = Property {
    name: "election timer",
    section: "§5.2",
};

/// What matters of a message here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// From a leader of this term.
    Leader(Term),
    VoteRequest,
    Other,
}

impl Kind {
    pub(crate) fn of(message: &Message) -> Kind {
        match message {
            Message::AppendEntries(m) => Kind::Leader(m.term),
            Message::InstallSnapshot(m) => Kind::Leader(m.term),
            Message::RequestVote(_) => Kind::VoteRequest,
            _ => Kind::Other,
        }
    }
}

/// A follower or candidate before or after a message.
#[derive(Clone, Copy)]
pub(crate) struct Timer {
    pub(crate) deadline_ms: u64,
    pub(crate) term: Term,
    pub(crate) role: Role,
}

/// After a message: whether it moved the timer in a way that only a granted
/// vote explains, which the reply will tell.
pub(crate) fn check_received(
    server: usize,
    before: Timer,
    kind: Kind,
    after: Timer,
    now_ms: u64,
) -> Result<bool, Violation> {
    let moved = before.deadline_ms != after.deadline_ms;
    match kind {
        Kind::Leader(term) if term >= before.term => {
            PROPERTY.require(after.role == Role::Follower, || {
                format!(
                    "{} heard the leader of term {term} and is still a candidate",
                    name(server)
                )
            })?;
            PROPERTY.require(after.deadline_ms > now_ms, || {
                format!(
                    "{} heard its leader and did not set its election timer anew",
                    name(server)
                )
            })?;
            Ok(false)
        }
        Kind::VoteRequest => Ok(moved),
        _ => {
            PROPERTY.require(!moved, || {
                format!("{} set its election timer anew upon {kind:?}", name(server))
            })?;
            Ok(false)
        }
    }
}

/// The answer to a vote request leaves.
pub(crate) fn check_refused(server: usize, moved_timer: bool, granted: bool) -> Checked {
    PROPERTY.require(granted || !moved_timer, || {
        format!("{} refused a vote and set its election timer anew", name(server))
    })
}
