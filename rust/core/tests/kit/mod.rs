//! What the tests share. Every test binary uses its own part of it.
#![allow(dead_code, unused_imports)]

pub mod cluster;
pub mod disk;
pub mod prose;
pub mod say;
pub mod schedule;
pub mod script;
pub mod server;

pub use say::*;
pub use server::*;

/// Puts the bug named by `PONTOON_MUTANT` back, so that a test binary can be
/// run against it: the switch is one per process.
pub fn activate_mutant() {
    #[cfg(feature = "mutants")]
    if let Ok(name) = std::env::var("PONTOON_MUTANT") {
        assert!(pontoon_core::mutant::activate(&name), "no mutant is called {name}");
    }
}
