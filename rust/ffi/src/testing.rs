//! Helpers of this crate's unit tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pontoon_core::*;
use rand::Rng;
use rand::rngs::SmallRng;

use crate::fuzzing::Input;

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

/// Bytes for an [`Input`](crate::fuzzing) to decide by.
pub(crate) fn noise(rng: &mut SmallRng) -> [u8; 512] {
    std::array::from_fn(|_| rng.random())
}

pub(crate) fn bytes(rng: &mut SmallRng, max: usize) -> Bytes {
    let len = rng.random_range(0..=max);
    (0..len).map(|_| rng.random::<u8>()).collect::<Vec<u8>>().into()
}

pub(crate) fn entry(rng: &mut SmallRng) -> Entry {
    Input::new(&noise(rng)).entry()
}

pub(crate) fn envelope(rng: &mut SmallRng) -> Envelope {
    Input::new(&noise(rng)).envelope(Input::number)
}
