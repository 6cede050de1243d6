//! The election timer is set anew when a vote is granted, when a leader of the
//! current term is heard, also one that is refused, and when an election
//! starts; nothing else moves it (§5.2, Figure 2: Rules for Followers).

use pontoon_core::{Message, Role, Status};

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "election timer",
    section: "§5.2",
};

/// What a follower or candidate knew before a message came.
#[derive(Clone, Copy)]
pub(crate) struct TimerBefore {
    pub(crate) deadline_ms: u64,
    pub(crate) term: u64,
    pub(crate) led: bool,
}

/// After a message: whether it moved the timer in a way that only a granted
/// vote explains, which the reply will tell.
pub(crate) fn check_received(
    server: usize,
    before: TimerBefore,
    message: &Message,
    after: &Status,
    deadline_ms: u64,
    earliest_ms: u64,
) -> Result<bool, super::Violation> {
    if before.led || after.role == Role::Leader {
        return Ok(false);
    }
    let moved = before.deadline_ms != deadline_ms;
    let from_leader = matches!(message, Message::AppendEntries(_) | Message::InstallSnapshot(_));
    if from_leader && message.term() >= before.term {
        PROPERTY.require(deadline_ms >= earliest_ms, || {
            format!(
                "{} heard its leader and did not set its election timer anew",
                name(server)
            )
        })?;
        return Ok(false);
    }
    let may_grant = matches!(message, Message::RequestVote(_));
    PROPERTY.require(!moved || may_grant, || {
        format!("{} set its election timer anew upon {message:?}", name(server))
    })?;
    Ok(moved)
}

/// The answer to a vote request leaves.
pub(crate) fn check_refused(server: usize, moved_timer: bool, granted: bool) -> Checked {
    PROPERTY.require(granted || !moved_timer, || {
        format!("{} refused a vote and set its election timer anew", name(server))
    })
}
