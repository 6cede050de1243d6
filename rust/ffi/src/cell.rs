//! What a handle stands for: a node behind its lock, and what must be reachable
//! without that lock.

use std::cell::Cell as ThreadCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

use crate::boundary::caught;
use crate::failure::Failure;
use crate::node::Node;

thread_local! {
    static TOKEN: u8 = const { 0 };
    static CALLBACKS: ThreadCell<u32> = const { ThreadCell::new(0) };
}

/// Tells threads apart; never 0.
fn thread_token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token) as usize)
}

/// Whether a function works on a node that was killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    Live,
    Killed,
}

pub(crate) struct Cell {
    /// `None` once freed: a caller may have found the cell just before.
    node: Mutex<Option<Box<Node>>>,
    /// Notified when a drain ends.
    drained: Condvar,
    killed: AtomicBool,
    /// The thread that is inside a callback of this node, or 0. Callbacks run
    /// without the lock, or two nodes that call into each other from two
    /// threads would wait for ever.
    in_callback: AtomicUsize,
    /// The latest failure, for pontoon_last_error.
    error: Mutex<Option<Failure>>,
}

impl Cell {
    pub(crate) fn new(node: Node) -> Cell {
        Cell {
            node: Mutex::new(Some(Box::new(node))),
            drained: Condvar::new(),
            killed: AtomicBool::new(false),
            in_callback: AtomicUsize::new(0),
            error: Mutex::new(None),
        }
    }

    /// Runs `f` with the node locked. A panic in it ends the node.
    pub(crate) fn enter<T>(&self, allow: Allow, f: impl FnOnce(&mut Node) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.in_callback.load(Ordering::Relaxed) == thread_token() {
            return Err(Failure::Reentry);
        }
        let mut guard = self.node.lock();
        let node = guard.as_deref_mut().ok_or(Failure::BadHandle)?;
        if allow == Allow::Live && self.is_killed() {
            return Err(Failure::Killed);
        }
        if let Some(dead) = &node.dead {
            return Err(dead.clone());
        }
        let result = caught(|| f(node));
        if let Err(failure @ Failure::Panic(_)) = &result {
            node.dead = Some(failure.clone());
        }
        result
    }

    /// Runs a callback of this node: without the lock, but marked, so that a
    /// call back into the node is told from a call of another thread.
    pub(crate) fn callback<T>(&self, f: impl FnOnce() -> T) -> T {
        self.in_callback.store(thread_token(), Ordering::Relaxed);
        CALLBACKS.with(|depth| depth.set(depth.get() + 1));
        let result = f();
        CALLBACKS.with(|depth| depth.set(depth.get() - 1));
        self.in_callback.store(0, Ordering::Relaxed);
        result
    }

    /// Ends a drain.
    pub(crate) fn end_drain(&self) {
        if let Some(node) = self.node.lock().as_deref_mut() {
            node.drain = None;
        }
        self.notify_drained();
    }

    /// A drain ended: wakes a `close` that waits for it.
    pub(crate) fn notify_drained(&self) {
        self.drained.notify_all();
    }

    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }

    /// Whether this thread may wait for other threads to leave a node. From a
    /// callback it may not: they may be waiting for this one.
    pub(crate) fn may_wait() -> bool {
        CALLBACKS.with(|depth| depth.get() == 0)
    }

    /// Waits until nobody is inside, and drops the node, which was killed.
    pub(crate) fn close(&self) {
        let mut guard = self.node.lock();
        while guard.as_deref().is_some_and(|node| node.drain.is_some()) {
            self.drained.wait(&mut guard);
        }
        guard.take();
    }

    /// Keeps the text of a failure. Having nothing to do is none.
    pub(crate) fn note(&self, failure: &Failure) {
        if !matches!(failure, Failure::NoWork) {
            *self.error.lock() = Some(failure.clone());
        }
    }

    pub(crate) fn last_error(&self) -> String {
        self.error.lock().as_ref().map(Failure::to_string).unwrap_or_default()
    }
}
