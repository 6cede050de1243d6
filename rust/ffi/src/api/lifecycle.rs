//! Making, killing and freeing nodes.

use libc::c_char;
use pontoon_core::Raft;

use super::info::write_text;
use crate::abi::*;
use crate::blob::Blob;
use crate::boundary;
use crate::cell::Cell;
use crate::config;
use crate::failure::Failure;
use crate::node::{Node, TIME_MS_MAX};
use crate::raw;

/// Makes a node: one that never ran if `state` is empty, or one that goes on
/// where the last pontoon_work with persist left off. `state` and `snapshot` are
/// what was stored then, as a pair, and are copied. On success `*node` is the new
/// node, to be given to pontoon_free in the end.
///
/// On failure `*node` is untouched and a sentence about it is written to `error`:
/// at most `error_len` bytes, the final NUL included. `error` may be NULL.
///
/// Errors: NULL, STRUCT_SIZE, CONFIG, DECODE (state or snapshot damaged, of
/// another server, or not of one pair), VERSION, TOO_LARGE, LIMIT, PANIC.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_make(
    config: *const PontoonConfig,
    state: PontoonBytes,
    snapshot: PontoonBytes,
    now_ms: u64,
    node: *mut PontoonNode,
    error: *mut c_char,
    error_len: usize,
) -> PontoonStatus {
    let result = boundary::caught(|| {
        if node.is_null() {
            return Err(Failure::Null("node"));
        }
        // SAFETY: the caller's pointers are valid during this call.
        let made = unsafe { make(config, state, snapshot, now_ms)? };
        let handle = boundary::add(made)?;
        // SAFETY: not NULL, and writable as the caller promises.
        unsafe { node.write_unaligned(handle) };
        Ok(())
    });
    if let Err(failure) = &result {
        // SAFETY: `error` is NULL or `error_len` bytes there are writable.
        unsafe { write_text(&failure.to_string(), error, error_len) };
    }
    boundary::status(result)
}

/// # Safety
/// The pointers are valid, as the header's first page demands.
unsafe fn make(
    config: *const PontoonConfig,
    state: PontoonBytes,
    snapshot: PontoonBytes,
    now_ms: u64,
) -> Result<Node, Failure> {
    #[cfg(feature = "mutants")]
    config::activate_mutant()?;
    // SAFETY: as promised by the caller.
    let config = unsafe { config::read(config)? };
    // SAFETY: as above.
    let state = unsafe { raw::slice(state.data, state.len, "state")? };
    // SAFETY: as above.
    let snapshot = unsafe { raw::slice(snapshot.data, snapshot.len, "snapshot")? };
    let (blob, restored) = Blob::decode(config.id, state, snapshot)?;
    let voters = config.voters.clone();
    let now_ms = now_ms.min(TIME_MS_MAX);
    // The configuration was found good: what is refused here is the state.
    let raft = Raft::new(config, restored, now_ms).map_err(|error| Failure::Decode(error.to_string()))?;
    Ok(Node::new(raft, blob, voters, now_ms))
}

/// Stops a node: from now on every call on it fails with KILLED, but for
/// pontoon_get_state, pontoon_last_error, pontoon_kill and pontoon_free. A call in
/// another thread finishes; a pontoon_drain ends after its present callback.
/// Frees nothing, so that views stay valid. Never waits; may be called from a
/// callback, and again.
///
/// Errors: BAD_HANDLE.
#[unsafe(no_mangle)]
pub extern "C" fn pontoon_kill(node: PontoonNode) -> PontoonStatus {
    boundary::with_cell(node, |cell| {
        cell.kill();
        Ok(())
    })
}

/// Frees a node and everything that it handed out, after waiting for calls in
/// other threads to leave it. The handle then fails with BAD_HANDLE for ever.
/// Not from a callback, of whatever node.
///
/// Errors: BAD_HANDLE, REENTRY.
#[unsafe(no_mangle)]
pub extern "C" fn pontoon_free(node: PontoonNode) -> PontoonStatus {
    boundary::with_cell(node, |cell| {
        if !Cell::may_wait() {
            return Err(Failure::Reentry);
        }
        // Before the handle loses its meaning: a drain must not go on then.
        cell.kill();
        boundary::remove(node)?.close();
        Ok(())
    })
}
