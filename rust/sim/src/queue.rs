//! What is going to happen, earliest first; simulated time jumps from one
//! event to the next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

struct Due<E> {
    at_us: u64,
    /// Events of one moment happen in the order in which they were scheduled.
    sequence: u64,
    event: E,
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Due<E>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Due<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    fn cmp(&self, other: &Due<E>) -> Ordering {
        // The heap keeps its greatest on top: the earliest is to be greatest.
        (other.at_us, other.sequence).cmp(&(self.at_us, self.sequence))
    }
}

/// A schedule of events in simulated microseconds.
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Due<E>>,
    sequence: u64,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue {
            heap: BinaryHeap::with_capacity(256),
            sequence: 0,
        }
    }

    pub(crate) fn push(&mut self, at_us: u64, event: E) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.heap.push(Due { at_us, sequence, event });
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|due| (due.at_us, due.event))
    }

    pub(crate) fn next_us(&self) -> Option<u64> {
        self.heap.peek().map(|due| due.at_us)
    }
}
