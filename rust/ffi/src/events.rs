//! What pontoon_events handed out last, kept alive for its view.

use pontoon_core::{Event, Raft};

use crate::abi::*;
use crate::raw;

/// One array, used again for every call.
#[derive(Default)]
pub(crate) struct Events {
    kept: Vec<PontoonEvent>,
}

impl Events {
    /// Takes the server's events in place of those that were kept before.
    pub(crate) fn take(&mut self, raft: &mut Raft) -> PontoonEvents {
        let (lost, events) = raft.take_events();
        self.kept.clear();
        self.kept.extend(events.map(of));
        PontoonEvents {
            struct_size: 0,
            events: raw::start(&self.kept),
            events_len: self.kept.len(),
            lost,
        }
    }
}

fn blank(kind: u32) -> PontoonEvent {
    PontoonEvent {
        kind,
        role: 0,
        has_peer: 0,
        reserved: 0,
        peer: 0,
        term: 0,
        index: 0,
        log_term: 0,
        last: 0,
        digest: 0,
    }
}

fn by(kind: u32, peer: u64) -> PontoonEvent {
    PontoonEvent {
        has_peer: 1,
        peer,
        ..blank(kind)
    }
}

fn of(event: Event) -> PontoonEvent {
    match event {
        Event::Timeout { term } => PontoonEvent {
            term,
            ..blank(PONTOON_EVENT_TIMEOUT)
        },
        Event::TimerReset { peer } => by(PONTOON_EVENT_TIMER_RESET, peer),
        Event::RoleChange { role, term } => PontoonEvent {
            role: number_of(role),
            term,
            ..blank(PONTOON_EVENT_ROLE_CHANGE)
        },
        Event::Vote {
            peer,
            term,
            index,
            log_term,
        } => PontoonEvent {
            term,
            index,
            log_term,
            ..by(PONTOON_EVENT_VOTE, peer)
        },
        Event::Append {
            peer,
            term,
            first,
            last,
            log_term,
            digest,
        } => PontoonEvent {
            term,
            index: first,
            log_term,
            last,
            digest,
            ..by(PONTOON_EVENT_APPEND, peer)
        },
        Event::Truncate {
            peer,
            term,
            first,
            last,
            log_term,
        } => PontoonEvent {
            term,
            index: first,
            log_term,
            last,
            ..by(PONTOON_EVENT_TRUNCATE, peer)
        },
        Event::Persist {
            term,
            voted_for,
            index,
            log_term,
        } => PontoonEvent {
            has_peer: voted_for.is_some().into(),
            peer: voted_for.unwrap_or(0),
            term,
            index,
            log_term,
            ..blank(PONTOON_EVENT_PERSIST)
        },
        Event::Commit {
            from,
            to,
            log_term,
            role,
        } => PontoonEvent {
            role: number_of(role),
            index: to,
            log_term,
            last: from,
            ..blank(PONTOON_EVENT_COMMIT)
        },
        Event::Snapshot { index, log_term } => PontoonEvent {
            index,
            log_term,
            ..blank(PONTOON_EVENT_SNAPSHOT)
        },
        Event::Install { peer, index, log_term } => PontoonEvent {
            index,
            log_term,
            ..by(PONTOON_EVENT_INSTALL, peer)
        },
    }
}
