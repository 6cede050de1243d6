//! What a node wants done, taken by the host (the pull form).

use super::{step_out, write_step};
use crate::abi::*;
use crate::boundary::with_node;
use crate::failure::Failure;
use crate::raw;

/// Takes the next batch of work. Its views are valid, and constant, until
/// pontoon_work_done or pontoon_work_failed with its sequence, or pontoon_free;
/// inputs may be given meanwhile.
///
/// Errors: the usual, NULL, STRUCT_SIZE, NO_WORK, WORK_OUTSTANDING.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_work(node: PontoonNode, now_ms: u64, work: *mut PontoonWork) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let out = unsafe { raw::output(work)? };
        node.check_not_draining()?;
        out.write(node.take_work(now_ms)?);
        Ok(())
    })
}

/// Tells that the batch is durable and its messages are on their way.
///
/// Errors: the usual, STRUCT_SIZE, OUT_OF_RANGE (no such batch is outstanding),
/// WORK_OUTSTANDING (another thread is draining the node).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_work_done(
    node: PontoonNode,
    now_ms: u64,
    sequence: u64,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let step = unsafe { step_out(step)? };
        node.check_not_draining()?;
        node.work_done(now_ms, sequence)?;
        write_step(step, node);
        Ok(())
    })
}

/// Tells that the batch could not be made durable. None of its `messages` may
/// leave, and every later call fails with STORAGE: what storage now holds is
/// found out by making the node again.
///
/// Errors: the usual, OUT_OF_RANGE (no such batch is outstanding),
/// WORK_OUTSTANDING (another thread is draining the node).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn pontoon_work_failed(node: PontoonNode, sequence: u64) -> PontoonStatus {
    with_node(node, |node| {
        node.check_not_draining()?;
        node.batch.check(sequence)?;
        node.dead = Some(Failure::Storage);
        Ok(())
    })
}

/// Takes what the state machine is to do next: a snapshot, or at least one entry
/// and no more than `max_bytes` of them, each counted with an overhead of 32. Each
/// committed index is handed out once in the life of a node, in order, starting
/// after the snapshot that pontoon_make was given. The views are valid until the
/// next pontoon_apply or pontoon_free on the node.
///
/// Errors: the usual, NULL, STRUCT_SIZE, NO_WORK, WORK_OUTSTANDING (another thread
/// is draining the node, with an apply callback).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_apply(node: PontoonNode, max_bytes: usize, apply: *mut PontoonApply) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let out = unsafe { raw::output(apply)? };
        node.check_not_applying()?;
        out.write(node.next_apply(max_bytes)?);
        Ok(())
    })
}

/// Takes what happened inside of the node since the last call, if
/// PontoonConfig.trace_events asked for that; otherwise, and if nothing did, there
/// are no events, which is no error. Best called whenever PontoonStep.ready says so,
/// so that none is lost. The view is valid until the next pontoon_events or
/// pontoon_free on the node. What a drain or a batch of work makes happen is there
/// as soon as it has happened.
///
/// Errors: the usual, NULL, STRUCT_SIZE.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_events(node: PontoonNode, events: *mut PontoonEvents) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let out = unsafe { raw::output(events)? };
        out.write(node.events.take(&mut node.raft));
        Ok(())
    })
}
