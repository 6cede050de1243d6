//! What happens to a node: commands, messages, time, snapshots.

use pontoon_core::{Bytes, ReceiveError};

use super::{step_out, write_step};
use crate::abi::*;
use crate::boundary::with_node;
use crate::codec;
use crate::failure::Failure;
use crate::raw;

/// Gives the leader a command: `len` bytes, which are copied and may be none. On
/// success it has a place in the log, which `*started` tells if it is not NULL.
/// It is committed only when pontoon_apply hands it out.
///
/// Errors: the usual, NULL, STRUCT_SIZE, TOO_LARGE, NOT_LEADER.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_start(
    node: PontoonNode,
    now_ms: u64,
    command: *const u8,
    len: usize,
    started: *mut PontoonStarted,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_node(node, |node| {
        let out = match started.is_null() {
            true => None,
            // SAFETY: the caller's pointers are valid during this call.
            false => Some(unsafe { raw::output(started)? }),
        };
        // SAFETY: as above.
        let step = unsafe { step_out(step)? };
        // SAFETY: as above.
        let command = unsafe { raw::slice(command, len, "command")? };
        codec::check_command(command)?;
        let now_ms = node.clock(now_ms);
        let proposal = node
            .raft
            .propose(now_ms, Bytes::from(command))
            .map_err(|not_leader| Failure::NotLeader {
                leader: not_leader.leader,
            })?;
        if let Some(out) = out {
            out.write(PontoonStarted {
                struct_size: 0,
                index: proposal.index,
                term: proposal.term,
            });
        }
        write_step(step, node);
        Ok(())
    })
}

/// Tells that the service has put everything up to and including `index` into the
/// `len` bytes at `data`, which are copied and may be none. The log before can go.
///
/// Errors: the usual, NULL, STRUCT_SIZE, OUT_OF_RANGE (`index` is not above the
/// present snapshot, or pontoon_apply has not handed it out).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_snapshot(
    node: PontoonNode,
    now_ms: u64,
    index: u64,
    data: *const u8,
    len: usize,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointers are valid during this call.
        let step = unsafe { step_out(step)? };
        // SAFETY: as above.
        let data = unsafe { raw::slice(data, len, "data")? };
        let now_ms = node.clock(now_ms);
        node.raft
            .snapshot(now_ms, index, Bytes::from(data))
            .map_err(|error| Failure::OutOfRange(error.to_string()))?;
        write_step(step, node);
        Ok(())
    })
}

/// Tells the time. Due at PontoonStep.deadline_ms; harmless earlier.
///
/// Errors: the usual, STRUCT_SIZE.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_tick(node: PontoonNode, now_ms: u64, step: *mut PontoonStep) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let step = unsafe { step_out(step)? };
        let now_ms = node.clock(now_ms);
        node.raft.tick(now_ms);
        write_step(step, node);
        Ok(())
    })
}

/// Hands over a message from another server: the `len` bytes of a PontoonMessage.
/// They are copied. If it is a request, exactly one reply with this `ticket` comes
/// out of a later pontoon_work, however long that takes; of a reply, `ticket` is
/// ignored.
///
/// Errors: the usual, NULL, STRUCT_SIZE, TOO_LARGE, VERSION, DECODE, UNKNOWN_PEER
/// (not for this server, or not from another one of its cluster). A message that
/// is refused is as good as lost.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_receive(
    node: PontoonNode,
    now_ms: u64,
    ticket: u64,
    data: *const u8,
    len: usize,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointers are valid during this call.
        let step = unsafe { step_out(step)? };
        // SAFETY: as above.
        let data = unsafe { raw::slice(data, len, "data")? };
        let envelope = codec::decode_message(data)?;
        let now_ms = node.clock(now_ms);
        node.raft.receive(now_ms, ticket, envelope).map_err(refused)?;
        write_step(step, node);
        Ok(())
    })
}

fn refused(error: ReceiveError) -> Failure {
    let text = error.to_string();
    match error {
        ReceiveError::WrongReceiver { .. } | ReceiveError::UnknownSender { .. } => Failure::UnknownPeer(text),
        ReceiveError::Malformed(_) => Failure::Decode(text),
    }
}

/// Tells that request `ticket` to server `to`, or the reply to it, was lost, so
/// that the node need not wait for its own timeout. Optional, also for a ticket
/// that is long answered.
///
/// Errors: the usual, STRUCT_SIZE, UNKNOWN_PEER.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_undelivered(
    node: PontoonNode,
    now_ms: u64,
    to: u64,
    ticket: u64,
    step: *mut PontoonStep,
) -> PontoonStatus {
    with_node(node, |node| {
        // SAFETY: the caller's pointer is valid during this call.
        let step = unsafe { step_out(step)? };
        if !node.is_peer(to) {
            return Err(Failure::UnknownPeer(format!(
                "server {to} is not another voter of this cluster"
            )));
        }
        let now_ms = node.clock(now_ms);
        node.raft.undelivered(now_ms, to, ticket);
        write_step(step, node);
        Ok(())
    })
}
