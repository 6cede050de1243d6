//! Helpers of this crate's unit tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pontoon_core::*;
use rand::Rng;
use rand::rngs::SmallRng;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for; nothing is ever subtracted.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|bytes| bytes.set(bytes.get() + layout.size()));
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Bytes that `f` allocates on this thread, and its result.
pub(crate) fn allocated<T>(f: impl FnOnce() -> T) -> (usize, T) {
    let before = ALLOCATED.get();
    let result = f();
    (ALLOCATED.get() - before, result)
}

/// A number of a random magnitude: all lengths of its encoding occur.
pub(crate) fn number(rng: &mut SmallRng) -> u64 {
    rng.random::<u64>() >> rng.random_range(0..64)
}

pub(crate) fn bytes(rng: &mut SmallRng, max: usize) -> Bytes {
    let len = rng.random_range(0..=max);
    (0..len).map(|_| rng.random::<u8>()).collect::<Vec<u8>>().into()
}

pub(crate) fn entry(rng: &mut SmallRng) -> Entry {
    Entry {
        term: number(rng),
        payload: match rng.random_range(0..4) {
            0 => Payload::Noop,
            _ => Payload::Command(bytes(rng, 40)),
        },
    }
}

pub(crate) fn envelope(rng: &mut SmallRng) -> Envelope {
    let (term, request_term, seq, index) = (number(rng), number(rng), number(rng), number(rng));
    let message = match rng.random_range(0..6) {
        0 => Message::RequestVote(RequestVote {
            term,
            last_log_index: index,
            last_log_term: number(rng),
        }),
        1 => Message::RequestVoteReply(RequestVoteReply {
            term,
            request_term,
            granted: rng.random(),
        }),
        2 => Message::AppendEntries(AppendEntries {
            term,
            seq,
            prev_log_index: index,
            prev_log_term: number(rng),
            entries: (0..rng.random_range(0..5)).map(|_| entry(rng)).collect(),
            leader_commit: number(rng),
        }),
        3 => Message::AppendEntriesReply(AppendEntriesReply {
            term,
            request_term,
            seq,
            outcome: match rng.random_range(0..3) {
                0 => Appended::Success { match_index: index },
                1 => Appended::Conflict {
                    hint_index: index,
                    hint_term: number(rng),
                },
                _ => Appended::StaleTerm,
            },
        }),
        4 => Message::InstallSnapshot(InstallSnapshot {
            term,
            seq,
            last_included_index: index,
            last_included_term: number(rng),
            offset: number(rng),
            data: bytes(rng, 60),
            done: rng.random(),
        }),
        _ => Message::InstallSnapshotReply(InstallSnapshotReply {
            term,
            request_term,
            seq,
            last_included_index: index,
            next_offset: number(rng),
            installed: rng.random::<bool>().then(|| number(rng)),
        }),
    };
    Envelope {
        from: number(rng),
        to: number(rng),
        message,
    }
}
