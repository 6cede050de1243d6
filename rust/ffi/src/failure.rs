//! Why a call failed, with what a sentence about it needs. Formatted only when
//! somebody asks: refusing a command is part of ordinary operation.

use std::fmt;
use std::sync::Arc;

use crate::abi::PontoonStatus;

/// A failed call.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The named argument is NULL.
    Null(&'static str),
    BadHandle,
    Killed,
    Reentry,
    /// The panic's message.
    Panic(Arc<str>),
    Config(String),
    Decode(String),
    Version {
        what: &'static str,
        found: u8,
        known: u8,
    },
    TooLarge {
        what: &'static str,
        len: usize,
        max: usize,
    },
    NotLeader {
        leader: Option<u64>,
    },
    UnknownPeer(String),
    OutOfRange(String),
    NoWork,
    WorkOutstanding(&'static str),
    Storage,
    StructSize {
        what: &'static str,
        size: usize,
        known: usize,
    },
    Limit {
        max: usize,
    },
}

impl Failure {
    pub(crate) fn status(&self) -> PontoonStatus {
        use PontoonStatus::*;
        match self {
            Failure::Null(_) => PontoonErrNull,
            Failure::BadHandle => PontoonErrBadHandle,
            Failure::Killed => PontoonErrKilled,
            Failure::Reentry => PontoonErrReentry,
            Failure::Panic(_) => PontoonErrPanic,
            Failure::Config(_) => PontoonErrConfig,
            Failure::Decode(_) => PontoonErrDecode,
            Failure::Version { .. } => PontoonErrVersion,
            Failure::TooLarge { .. } => PontoonErrTooLarge,
            Failure::NotLeader { .. } => PontoonErrNotLeader,
            Failure::UnknownPeer(_) => PontoonErrUnknownPeer,
            Failure::OutOfRange(_) => PontoonErrOutOfRange,
            Failure::NoWork => PontoonErrNoWork,
            Failure::WorkOutstanding(_) => PontoonErrWorkOutstanding,
            Failure::Storage => PontoonErrStorage,
            Failure::StructSize { .. } => PontoonErrStructSize,
            Failure::Limit { .. } => PontoonErrLimit,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Null(what) => write!(f, "{what} is NULL"),
            Failure::BadHandle => f.write_str("no such node: it was never made, or it was freed"),
            Failure::Killed => f.write_str("the node was killed"),
            Failure::Reentry => f.write_str(
                "called from a callback of this node, or pontoon_free from any callback: \
                 note what is to be done and do it after pontoon_drain returned",
            ),
            Failure::Panic(text) => write!(f, "invariant violated, the node is of no further use: {text}"),
            Failure::Config(text) | Failure::Decode(text) | Failure::UnknownPeer(text) | Failure::OutOfRange(text) => {
                f.write_str(text)
            }
            Failure::Version { what, found, known } => write!(
                f,
                "{what} has version {found}, this library knows version {known}: use the library that wrote it"
            ),
            Failure::TooLarge { what, len, max } => {
                write!(f, "{what} is {len} bytes long, the limit is {max}")
            }
            Failure::NotLeader { leader: Some(leader) } => write!(f, "not the leader: ask server {leader}"),
            Failure::NotLeader { leader: None } => f.write_str("not the leader, and none is known"),
            Failure::NoWork => f.write_str("there is nothing to do"),
            Failure::WorkOutstanding(text) => f.write_str(text),
            Failure::Storage => {
                f.write_str("writing to stable storage failed: free the node and make it again from what storage holds")
            }
            Failure::StructSize { what, size, known } => write!(
                f,
                "struct_size of {what} is {size}, this library expects {known}: set it to sizeof, \
                 clear the struct, and compile against the header of this library"
            ),
            Failure::Limit { max } => write!(f, "{max} nodes exist already: free some"),
        }
    }
}
