//! What a call must come to, and memory for outputs that notices stray writes.

use crate::abi::*;
use crate::raw;

use super::input::Input;
use PontoonStatus::*;

/// What is known of a handle.
#[derive(Default)]
pub(super) struct Life {
    pub(super) id: u64,
    pub(super) voters: usize,
    pub(super) killed: bool,
    /// PANIC or STORAGE.
    pub(super) dead: Option<PontoonStatus>,
    pub(super) in_callback: bool,
    /// The outstanding batch and what its views held.
    pub(super) batch: Option<(PontoonWork, Vec<u8>)>,
}

impl Life {
    /// What every call but a few fails with, whatever its arguments: the
    /// header's "usual" errors in the header's order.
    pub(super) fn usual(&self) -> Option<PontoonStatus> {
        match self {
            _ if self.in_callback => Some(PontoonErrReentry),
            _ if self.killed => Some(PontoonErrKilled),
            _ => self.dead,
        }
    }
}

/// What a function's documentation says that it can return, besides the usual.
pub(super) fn documented(function: &str) -> &'static [PontoonStatus] {
    match function {
        "make" => &[
            PontoonErrNull,
            PontoonErrStructSize,
            PontoonErrConfig,
            PontoonErrDecode,
            PontoonErrVersion,
            PontoonErrTooLarge,
            PontoonErrLimit,
        ],
        "start" => &[
            PontoonErrNull,
            PontoonErrStructSize,
            PontoonErrTooLarge,
            PontoonErrNotLeader,
        ],
        "snapshot" => &[PontoonErrNull, PontoonErrStructSize, PontoonErrOutOfRange],
        "tick" => &[PontoonErrStructSize],
        "receive" => &[
            PontoonErrNull,
            PontoonErrStructSize,
            PontoonErrTooLarge,
            PontoonErrVersion,
            PontoonErrDecode,
            PontoonErrUnknownPeer,
        ],
        "undelivered" => &[PontoonErrStructSize, PontoonErrUnknownPeer],
        "work" | "apply" => &[
            PontoonErrNull,
            PontoonErrStructSize,
            PontoonErrNoWork,
            PontoonErrWorkOutstanding,
        ],
        "work_done" => &[PontoonErrStructSize, PontoonErrOutOfRange, PontoonErrWorkOutstanding],
        "work_failed" => &[PontoonErrOutOfRange, PontoonErrWorkOutstanding],
        "drain" => &[
            PontoonErrNull,
            PontoonErrStructSize,
            PontoonErrStorage,
            PontoonErrKilled,
            PontoonErrWorkOutstanding,
        ],
        "get_state" | "last_error" | "events" => &[PontoonErrNull, PontoonErrStructSize],
        "kill" | "free" => &[],
        other => unreachable!("{other}"),
    }
}

const WORDS: usize = 40;
const UNTOUCHED: u64 = 0xa5a5_a5a5_a5a5_a5a5;

/// A place for an output struct: mostly a good one, sometimes NULL, of a later
/// version's size, or of an impossible one.
pub(super) struct Room {
    words: [u64; WORDS],
    null: bool,
    pub(super) good: bool,
}

impl Room {
    pub(super) fn new<T: raw::Sized>(input: &mut Input) -> Room {
        let known = size_of::<T>();
        let (size, null) = match input.below(16) {
            1 => (known + 8, false),
            2 => (known + 64, false),
            3 => (known, true),
            4 => (known - 1, false),
            5 => (0, false),
            6 => (4097, false),
            7 => (usize::MAX, false),
            _ => (known, false),
        };
        let mut words = [UNTOUCHED; WORDS];
        words[0] = size as u64;
        Room {
            words,
            null,
            good: !null && (known..=4096).contains(&size),
        }
    }

    /// Of a struct that may be left away.
    pub(super) fn is_accepted_optional(&self) -> bool {
        self.good || self.null
    }

    pub(super) fn ptr<T>(&mut self) -> *mut T {
        match self.null {
            true => std::ptr::null_mut(),
            false => self.words.as_mut_ptr().cast(),
        }
    }

    /// Outputs are written on success only, and nothing around them ever is.
    pub(super) fn check<T: raw::Sized>(&self, size: u64, ok: bool) {
        let known = size_of::<T>() / 8;
        assert_eq!(self.words[0], size, "struct_size of {}", T::NAME);
        let end = match ok && self.good {
            true => size as usize / 8,
            false => 1,
        };
        let (inside, outside) = self.words.split_at(end);
        assert!(
            inside.iter().skip(known).all(|&word| word == 0),
            "the tail of {}",
            T::NAME
        );
        assert!(outside.iter().all(|&word| word == UNTOUCHED), "around {}", T::NAME);
    }

    pub(super) fn size(&self) -> u64 {
        self.words[0]
    }

    /// What was written.
    pub(super) fn get<T: raw::Sized>(&self) -> T {
        // SAFETY: long enough, and every bit pattern is valid.
        unsafe { self.words.as_ptr().cast::<T>().read() }
    }
}
