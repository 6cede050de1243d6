//! The C ABI of Pontoon. `include/pontoon.h` is generated from this crate and
//! documents it; the modules, in the order of a call's way in:
//!
//! - [`api`]: the functions, one thin layer over [`node`]
//! - [`raw`]: pointers and struct sizes that C hands over
//! - [`boundary`]: from a handle to a node, and what stops a panic
//! - [`slab`], [`cell`]: generation handles; a node's lock, death and callbacks
//! - [`node`]: the state machine and the memory behind its views
//!   ([`batch`], [`applied`], [`events`])
//! - [`codec`], [`blob`]: bytes of messages, and of the persistent state;
//!   [`describe`]: what a message says
//! - [`abi`], [`failure`]: types and status codes
//!
//! This is the only crate with `unsafe`: to read what C hands over and to write
//! what it asked for.
#![allow(
    clippy::missing_safety_doc,
    reason = "the header's first page says what every function may assume"
)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(rustdoc::private_intra_doc_links, reason = "the tour is for readers of the source")]

mod abi;
pub mod api;
mod applied;
mod batch;
mod blob;
mod boundary;
mod cell;
mod codec;
mod config;
mod describe;
mod events;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod node;
mod raw;
mod slab;
#[cfg(test)]
mod testing;

pub use abi::*;
pub use api::*;
