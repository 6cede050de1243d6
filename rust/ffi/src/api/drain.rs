//! What a node wants done, by callbacks (the push form): a thin layer over the
//! same batches.

use libc::{c_int, c_void};

use super::{step_out, write_step};
use crate::abi::*;
use crate::boundary::with_cell;
use crate::cell::{Allow, Cell};
use crate::failure::Failure;
use crate::node::DrainKind;
use crate::raw;

/// Bytes of entries in one apply callback.
const APPLY_BYTES_MAX: usize = 1 << 20;

/// Does all of a node's work by callbacks, until there is nothing left. For each
/// batch: send for every early message, persist, send for every other message,
/// then apply for what is committed. `context` is passed through.
///
/// During the callbacks other threads may give inputs to the node; what comes of
/// them is done too. The callbacks themselves may call any other node, and of this
/// node pontoon_kill and pontoon_last_error; everything else on it is REENTRY.
///
/// Errors: the usual, NULL, STRUCT_SIZE, STORAGE (persist failed),
/// WORK_OUTSTANDING (a batch of pontoon_work is not done; or another thread is
/// draining the node and takes care of everything up to now).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_drain(
    node: PontoonNode,
    now_ms: u64,
    callbacks: *const PontoonCallbacks,
    context: *mut c_void,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_cell(node, |cell| {
        // Inside, so that what is wrong with the node comes before its arguments.
        let (drain, step) = cell.enter(Allow::Live, |node| {
            // SAFETY: the caller's pointers are valid during this call.
            let drain = unsafe { Drain::new(cell, now_ms, callbacks, context)? };
            // SAFETY: as above.
            let step = unsafe { step_out(step)? };
            node.begin_drain(drain.kind())?;
            Ok((drain, step))
        })?;
        let ending = Ending { cell };
        drain.run(step)?;
        std::mem::forget(ending); // `run` ended the drain itself
        cell.notify_drained();
        Ok(())
    })
}

/// Ends a drain that fails.
struct Ending<'a> {
    cell: &'a Cell,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.cell.end_drain();
    }
}

struct Drain<'a> {
    cell: &'a Cell,
    now_ms: u64,
    context: *mut c_void,
    persist: unsafe extern "C" fn(*mut c_void, PontoonBytes, PontoonBytes, u32) -> c_int,
    send: unsafe extern "C" fn(*mut c_void, *const PontoonMessage),
    apply: Option<unsafe extern "C" fn(*mut c_void, *const PontoonApply)>,
}

/// What a drain does next.
enum Task {
    Apply(PontoonApply),
    Work(PontoonWork),
    End,
}

impl<'a> Drain<'a> {
    /// # Safety
    /// `callbacks` is NULL or points to a struct as long as its `struct_size`,
    /// of functions that may be called with `context` during this call.
    unsafe fn new(
        cell: &'a Cell,
        now_ms: u64,
        callbacks: *const PontoonCallbacks,
        context: *mut c_void,
    ) -> Result<Drain<'a>, Failure> {
        // SAFETY: as promised by the caller.
        let callbacks = unsafe { raw::input(callbacks)? };
        Ok(Drain {
            cell,
            now_ms,
            context,
            persist: callbacks.persist.ok_or(Failure::Null("persist"))?,
            send: callbacks.send.ok_or(Failure::Null("send"))?,
            apply: callbacks.apply,
        })
    }

    fn kind(&self) -> DrainKind {
        match self.apply {
            Some(_) => DrainKind::WorkAndApply,
            None => DrainKind::Work,
        }
    }

    fn run(&self, mut step: Option<raw::Out<PontoonStep>>) -> Result<(), Failure> {
        loop {
            match self.next(&mut step)? {
                Task::Apply(mut apply) => self.deliver(&mut apply)?,
                Task::Work(work) => self.work(&work)?,
                Task::End => return Ok(()),
            }
        }
    }

    /// What to do next. That nothing is left is found, and the drain ended,
    /// under one hold of the lock: an input after that knows of no drain that
    /// would take care of it.
    fn next(&self, step: &mut Option<raw::Out<PontoonStep>>) -> Result<Task, Failure> {
        self.cell.enter(Allow::Live, |node| {
            if self.apply.is_some() && node.raft.has_apply() {
                return node.next_apply(APPLY_BYTES_MAX).map(Task::Apply);
            }
            match node.take_work(self.now_ms) {
                Ok(work) => Ok(Task::Work(work)),
                Err(Failure::NoWork) => {
                    node.drain = None;
                    write_step(step.take(), node);
                    Ok(Task::End)
                }
                Err(failure) => Err(failure),
            }
        })
    }

    fn work(&self, work: &PontoonWork) -> Result<(), Failure> {
        self.send_all(work.early, work.early_len)?;
        if work.persist != 0 {
            let failed = self.callback(|| {
                // SAFETY: the caller promised a callable function, and the views
                // stay valid until the batch is done.
                unsafe { (self.persist)(self.context, work.state, work.snapshot, work.snapshot_changed) != 0 }
            })?;
            if failed {
                return self.cell.enter(Allow::Killed, |node| {
                    node.dead = Some(Failure::Storage);
                    Err(Failure::Storage)
                });
            }
        }
        self.send_all(work.messages, work.messages_len)?;
        self.cell
            .enter(Allow::Live, |node| node.work_done(self.now_ms, work.sequence))
    }

    fn send_all(&self, messages: *const PontoonMessage, len: usize) -> Result<(), Failure> {
        for at in 0..len {
            self.callback(|| {
                // SAFETY: the caller promised a callable function, and the batch's
                // `len` messages stay where they are until it is done.
                unsafe { (self.send)(self.context, messages.add(at)) }
            })?;
        }
        Ok(())
    }

    fn deliver(&self, apply: &mut PontoonApply) -> Result<(), Failure> {
        let Some(callback) = self.apply else {
            return Ok(());
        };
        apply.struct_size = size_of::<PontoonApply>();
        self.callback(|| {
            // SAFETY: the caller promised a callable function, and the view stays
            // valid until this drain takes the next one.
            unsafe { callback(self.context, apply) }
        })
    }

    /// Calls into the host, unless the node was killed meanwhile.
    fn callback<T>(&self, f: impl FnOnce() -> T) -> Result<T, Failure> {
        if self.cell.is_killed() {
            return Err(Failure::Killed);
        }
        Ok(self.cell.callback(f))
    }
}
