//! Fuzz targets: what `rust/fuzz` drives by coverage, and what a test here
//! replays from `tests/corpus`. A target panics where the library is wrong.
//!
//! - [`message`], [`state`]: the decoders, with bytes as they come and with
//!   valid encodings that were tampered with
//! - [`calls`], [`threads`]: any functions of the ABI in any order on handles in
//!   any state, from one thread with the exact status known, and from two
//! - [`cluster`]: three servers whose network, disks and crashes the input
//!   chooses, with Raft's safety properties

mod calls;
mod cluster;
mod decode;
mod drain;
mod host;
mod input;
mod lives;
mod model;
mod outputs;
#[cfg(test)]
mod tests;

pub use calls::{calls, threads};
pub use cluster::cluster;
pub use decode::{message, state};
#[cfg(test)]
pub(crate) use input::Input;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("message", message),
    ("state", state),
    ("calls", calls),
    ("threads", threads),
    ("cluster", cluster),
];

/// What a node may say when it ends over messages that no correct server sends.
/// Any other panic is a defect, whatever the input.
const VIOLATIONS: [&str; 3] = ["lacks committed entry", "would be cut", "both lead term"];

/// Whether a panic's text tells of a violated invariant of Raft, which the
/// library turns into a status.
pub fn is_violation(text: &str) -> bool {
    VIOLATIONS.iter().any(|violation| text.contains(violation))
}
