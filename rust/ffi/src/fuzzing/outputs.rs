//! Taking and ending batches, and applying, in any order.

use super::calls::Caller;
use super::host;
use super::model::Room;
use crate::abi::*;
use crate::api::*;
use PontoonStatus::*;

impl Caller<'_> {
    pub(super) fn work(&self) {
        let (node, now_ms) = (self.node(), self.now());
        let mut room = Room::new::<PontoonWork>(&mut self.input.borrow_mut());
        let size = room.size();
        let outstanding = self.lives.borrow().get(&node).is_some_and(|life| life.batch.is_some());
        // SAFETY: a room for the output.
        let status = self.checked("work", node, room.good && !(self.exact && outstanding), || unsafe {
            pontoon_work(node, now_ms, room.ptr())
        });
        room.check::<PontoonWork>(size, status == PontoonOk);
        // Views may be looked at only if nobody else frees the node.
        if status == PontoonOk && self.exact {
            let work: PontoonWork = room.get();
            // SAFETY: the views are valid until the batch is done.
            unsafe {
                for message in messages(&work) {
                    self.keep_mail(host::copy(message.data));
                }
                if work.persist != 0 {
                    self.store(node, host::copy(work.state), host::copy(work.snapshot));
                }
            }
            // SAFETY: as above.
            let seen = unsafe { contents(&work) };
            self.update(node, |life| life.batch = Some((work, seen)));
        }
    }

    pub(super) fn work_done(&self) {
        let (node, now_ms) = (self.node(), self.now());
        let batch = self
            .lives
            .borrow_mut()
            .get_mut(&node)
            .and_then(|life| life.batch.take());
        if let Some((work, seen)) = &batch {
            // SAFETY: the batch is not done, and the node is not freed.
            assert!(unsafe { contents(work) } == *seen, "a view changed");
        }
        let right = batch.as_ref().map(|(work, _)| work.sequence);
        let sequence = match self.below(4) {
            1 => self.number(),
            _ => right.unwrap_or(1),
        };
        let accepted = !self.exact || right == Some(sequence);
        let status = match self.below(8) {
            1 => {
                let status = self.checked("work_failed", node, accepted, || pontoon_work_failed(node, sequence));
                self.update(node, |life| {
                    if status == PontoonOk {
                        life.dead = Some(PontoonErrStorage);
                    }
                });
                status
            }
            // SAFETY: a room for the output.
            _ => self.stepping("work_done", node, accepted, |step| unsafe {
                pontoon_work_done(node, now_ms, sequence, step)
            }),
        };
        if status != PontoonOk {
            self.update(node, |life| life.batch = batch);
        }
    }

    pub(super) fn apply(&self) {
        let (node, max_bytes) = (self.node(), self.number() as usize);
        let mut room = Room::new::<PontoonApply>(&mut self.input.borrow_mut());
        let size = room.size();
        // SAFETY: a room for the output.
        let status = self.checked("apply", node, room.good, || unsafe {
            pontoon_apply(node, max_bytes, room.ptr())
        });
        room.check::<PontoonApply>(size, status == PontoonOk);
        if status == PontoonOk && self.exact {
            // SAFETY: the view is valid until the next call of pontoon_apply.
            unsafe { look(&room.get()) };
        }
    }

    pub(super) fn events(&self, node: PontoonNode) {
        let mut room = Room::new::<PontoonEvents>(&mut self.input.borrow_mut());
        let size = room.size();
        // SAFETY: a room for the output.
        let status = self.checked("events", node, room.good, || unsafe {
            pontoon_events(node, room.ptr())
        });
        room.check::<PontoonEvents>(size, status == PontoonOk);
        if status == PontoonOk && self.exact {
            let events: PontoonEvents = room.get();
            // SAFETY: the view is valid until the next call of pontoon_events.
            let all = unsafe { host::array(events.events, events.events_len) };
            assert!(all.len() <= host::TRACE_EVENTS, "more than were to be kept");
            assert!(
                events.lost == 0 || all.len() == host::TRACE_EVENTS,
                "lost, and yet there was room"
            );
            assert!(
                all.iter()
                    .all(|event| PONTOON_EVENT_INSTALL >= event.kind && event.kind > 0)
            );
        }
    }
}

/// # Safety
/// The batch is not done.
pub(super) unsafe fn messages(work: &PontoonWork) -> impl Iterator<Item = PontoonMessage> {
    // SAFETY: as promised by the caller.
    let (early, late) = unsafe {
        let early = host::array(work.early, work.early_len);
        (early, host::array(work.messages, work.messages_len))
    };
    early.iter().chain(late).copied()
}

/// All bytes that a batch's views show.
///
/// # Safety
/// The batch is not done.
unsafe fn contents(work: &PontoonWork) -> Vec<u8> {
    // SAFETY: as promised by the caller.
    unsafe {
        let mut all = [host::copy(work.state), host::copy(work.snapshot)].concat();
        for message in messages(work) {
            all.extend(message.to.to_le_bytes());
            all.extend(host::copy(message.data));
        }
        all
    }
}

/// # Safety
/// The view is valid.
pub(super) unsafe fn look(apply: &PontoonApply) {
    // SAFETY: as promised by the caller.
    unsafe {
        let entries = host::array(apply.entries, apply.entries_len);
        assert!((apply.has_snapshot != 0) == entries.is_empty(), "neither or both");
        for (at, entry) in entries.iter().enumerate() {
            assert_eq!(entry.index, entries[0].index + at as u64);
            host::copy(entry.data);
        }
        host::copy(apply.snapshot);
    }
}
