//! What a host of nodes does again and again, through the C functions.

use std::ptr::null_mut;

use libc::c_char;

use crate::abi::*;
use crate::api::*;
use crate::raw;

/// Events that a node keeps: few, so that some are lost.
pub(super) const TRACE_EVENTS: usize = 8;

/// The configuration of server `id`, with the lab's defaults. `voters` outlives it.
pub(super) fn config(id: u64, voters: &[u64]) -> PontoonConfig {
    PontoonConfig {
        struct_size: size_of::<PontoonConfig>(),
        id,
        voters: voters.as_ptr(),
        voters_len: voters.len(),
        seed: id,
        profile: PONTOON_PROFILE_LAB,
        max_inflight: 0,
        election_timeout_ms_min: 0,
        election_timeout_ms_max: 0,
        heartbeat_interval_ms: 0,
        coalesce_ms: 0,
        max_append_bytes: 0,
        snapshot_chunk_bytes: 0,
        trace_events: TRACE_EVENTS,
    }
}

pub(super) fn make(config: &PontoonConfig, state: &[u8], snapshot: &[u8], now_ms: u64) -> PontoonNode {
    let mut node = 0;
    let mut text = [0 as c_char; 200];
    // SAFETY: all pointers lead to live memory of the stated lengths.
    let status = unsafe {
        let (state, snapshot) = (raw::view(state), raw::view(snapshot));
        pontoon_make(
            config,
            state,
            snapshot,
            now_ms,
            &mut node,
            text.as_mut_ptr(),
            text.len(),
        )
    };
    let text = text.map(|letter| letter as u8);
    assert_eq!(status, PontoonStatus::PontoonOk, "{}", String::from_utf8_lossy(&text));
    node
}

/// An output struct, ready to be filled in.
pub(super) fn blank<T: raw::Sized>() -> T {
    // SAFETY: every bit pattern of these structs is valid.
    let mut blank: T = unsafe { std::mem::zeroed() };
    blank.set_struct_size(size_of::<T>());
    blank
}

/// # Safety
/// The view is valid.
pub(super) unsafe fn copy(view: PontoonBytes) -> Vec<u8> {
    // SAFETY: as promised by the caller.
    unsafe { array(view.data, view.len) }.to_vec()
}

/// # Safety
/// `len` values at `start`, which outlive the slice.
pub(super) unsafe fn array<'a, T>(start: *const T, len: usize) -> &'a [T] {
    assert_eq!(
        start.is_null(),
        len == 0,
        "a view is NULL if it is empty, and only then"
    );
    // SAFETY: as promised by the caller.
    unsafe { raw::slice(start, len, "the view") }.expect("checked")
}

pub(super) fn state(node: PontoonNode) -> Result<PontoonState, PontoonStatus> {
    let mut state = blank();
    // SAFETY: the struct is live.
    match unsafe { pontoon_get_state(node, &mut state) } {
        PontoonStatus::PontoonOk => Ok(state),
        status => Err(status),
    }
}

pub(super) fn last_error(node: PontoonNode) -> String {
    let mut text = [0_u8; 300];
    // SAFETY: the buffer is live and as long as that.
    let status = unsafe { pontoon_last_error(node, text.as_mut_ptr().cast(), text.len(), null_mut()) };
    assert_eq!(status, PontoonStatus::PontoonOk);
    let len = text.iter().position(|&byte| byte == 0).expect("ends with NUL");
    String::from_utf8(text[..len].to_vec()).expect("text, cut between characters")
}
