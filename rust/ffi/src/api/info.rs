//! What can be asked of a node and of the library.

use libc::c_char;

use crate::abi::*;
use crate::boundary;
use crate::cell::Allow;
use crate::codec;
use crate::describe::describe;
use crate::failure::Failure;
use crate::raw;

/// Says what a node is at. Works on a killed node too.
///
/// Errors: BAD_HANDLE, REENTRY, PANIC, STORAGE, NULL, STRUCT_SIZE.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_get_state(node: PontoonNode, state: *mut PontoonState) -> PontoonStatus {
    boundary::with_cell(node, |cell| {
        cell.enter(Allow::Killed, |node| {
            // SAFETY: the caller's pointer is valid during this call.
            let out = unsafe { raw::output(state)? };
            out.write(node.state());
            Ok(())
        })
    })
}

/// A sentence about the latest call on this node, by whatever thread, that
/// failed with anything but NO_WORK; empty if none did. Writes at most
/// `buffer_len` bytes to `buffer`, the final NUL included, and cuts what does not
/// fit. `*needed`, unless `needed` is NULL, is the buffer_len that fits all;
/// to learn it, pass NULL and 0. Works on any node, also from a callback.
///
/// Errors: BAD_HANDLE, NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pontoon_last_error(
    node: PontoonNode,
    buffer: *mut c_char,
    buffer_len: usize,
    needed: *mut usize,
) -> PontoonStatus {
    boundary::with_cell(node, |cell| {
        if buffer.is_null() && buffer_len > 0 {
            return Err(Failure::Null("buffer"));
        }
        let text = cell.last_error();
        // SAFETY: NULL, or `buffer_len` bytes are writable.
        unsafe { write_text(&text, buffer, buffer_len) };
        if !needed.is_null() {
            // SAFETY: not NULL, and writable as the caller promises.
            unsafe { needed.write_unaligned(text.len() + 1) };
        }
        Ok(())
    })
}

/// Says what a message is about: the `len` bytes of a PontoonMessage, of any node of
/// any process. For those who watch the network; no node is needed.
///
/// Errors: NULL, STRUCT_SIZE, TOO_LARGE, VERSION, DECODE.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn pontoon_describe(data: *const u8, len: usize, info: *mut PontoonMessageInfo) -> PontoonStatus {
    boundary::status(boundary::caught(|| {
        // SAFETY: the caller's pointers are valid during this call.
        let out = unsafe { raw::output(info)? };
        // SAFETY: as above.
        let data = unsafe { raw::slice(data, len, "data")? };
        out.write(describe(&codec::decode_message(data)?));
        Ok(())
    }))
}

/// What a status means, in a few words of English. The text is static; any
/// number is answered.
#[unsafe(no_mangle)]
pub extern "C" fn pontoon_status_text(status: i32) -> *const c_char {
    let text = match status {
        0 => c"ok",
        1 => c"a pointer is NULL",
        2 => c"no such node",
        3 => c"the node was killed",
        4 => c"called from a callback",
        5 => c"an invariant was violated, the node is of no further use",
        6 => c"the configuration makes no sense",
        7 => c"the bytes are damaged or of something else",
        8 => c"the bytes are of a later version of Pontoon",
        9 => c"longer than the limit",
        10 => c"this server is not the leader",
        11 => c"no such server in this cluster",
        12 => c"out of range",
        13 => c"nothing to do",
        14 => c"the last batch of work is not done",
        15 => c"stable storage failed, the node is of no further use",
        16 => c"struct_size is not known",
        17 => c"too many nodes",
        _ => c"no status of this version of Pontoon",
    };
    text.as_ptr()
}

/// PONTOON_ABI_VERSION of the library, to be compared with the header's.
#[unsafe(no_mangle)]
pub extern "C" fn pontoon_abi_version() -> u32 {
    PONTOON_ABI_VERSION
}

/// The library's version, as in "0.1.0". The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn pontoon_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Writes text with a final NUL, cut at a character if it does not fit.
///
/// # Safety
/// `buffer` is NULL or `len` bytes there are writable.
pub(super) unsafe fn write_text(text: &str, buffer: *mut c_char, len: usize) {
    if buffer.is_null() || len == 0 {
        return;
    }
    let mut end = text.len().min(len - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // SAFETY: `end + 1 <= len` bytes are writable, and they are the caller's, so
    // they do not overlap the text.
    unsafe {
        buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), end);
        buffer.add(end).write(0);
    }
}
