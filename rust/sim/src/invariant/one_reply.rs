//! Every accepted request is answered exactly once, with the ticket that came
//! in with it (Figure 2: RPCs), or an RPC transport waits for ever.

use super::{Checked, Property, name};

const PROPERTY: Property = Property {
    name: "one reply to a request",
    section: "Figure 2",
};

/// A request that was let in and not yet answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRequest {
    /// The number under which it was let in.
    pub(crate) ticket: u64,
    pub(crate) from: usize,
    /// The sender's own number for it.
    pub(crate) origin: u64,
    /// Whether it moved the receiver's election timer.
    pub(crate) moved_timer: bool,
}

/// The requests that one incarnation of a server owes an answer.
#[derive(Default)]
pub(crate) struct OpenRequests {
    open: Vec<OpenRequest>,
}

impl OpenRequests {
    pub(crate) fn opened(&mut self, request: OpenRequest) {
        self.open.push(request);
    }

    /// A reply with `ticket` to `to` leaves.
    pub(crate) fn answered(&mut self, server: usize, ticket: u64, to: usize) -> Result<OpenRequest, super::Violation> {
        let found = self
            .open
            .iter()
            .position(|open| open.ticket == ticket && open.from == to);
        match found {
            Some(at) => Ok(self.open.remove(at)),
            None => Err(PROPERTY.violated(format!(
                "{} answers request {ticket} of {}, which it does not have",
                name(server),
                name(to)
            ))),
        }
    }

    /// The server has nothing left to do.
    pub(crate) fn check_idle(&self, server: usize) -> Checked {
        PROPERTY.require(self.open.is_empty(), || {
            format!("{} is idle and owes answers to {:?}", name(server), self.open)
        })
    }

    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let mut open = OpenRequests::default();
        open.opened(OpenRequest {
            ticket: 7,
            from: 1,
            origin: 3,
            moved_timer: false,
        });
        assert!(open.check_idle(0).is_err());
        assert!(open.answered(0, 7, 2).is_err(), "somebody else's");
        assert_eq!(open.answered(0, 7, 1).expect("it is open").origin, 3);
        assert!(open.answered(0, 7, 1).is_err(), "twice");
        assert!(open.check_idle(0).is_ok());
    }
}
