//! From C's configuration to the core's.

use pontoon_core::{Config, Profile};

use crate::abi::*;
use crate::failure::Failure;
use crate::raw;

/// Checks and copies a configuration; 0 becomes the profile's default.
///
/// # Safety
/// `config` is NULL or points to a struct as long as its `struct_size`, and
/// `voters` to `voters_len` numbers.
pub(crate) unsafe fn read(config: *const PontoonConfig) -> Result<Config, Failure> {
    // SAFETY: as promised by the caller.
    let given = unsafe { raw::input(config)? };
    let profile = match given.profile {
        PONTOON_PROFILE_LAB => Profile::Lab,
        PONTOON_PROFILE_SERVICE => Profile::Service,
        other => {
            return wrong(format!(
                "profile is {other}: use PONTOON_PROFILE_LAB or PONTOON_PROFILE_SERVICE"
            ));
        }
    };
    if given.voters_len > PONTOON_VOTERS_MAX {
        return wrong(format!(
            "voters_len is {}, the limit is {PONTOON_VOTERS_MAX}",
            given.voters_len
        ));
    }
    // SAFETY: as promised by the caller.
    let voters = unsafe { raw::slice(given.voters, given.voters_len, "voters")? }.to_vec();
    let config = build(&given, profile, voters);
    config.validate().map_err(|error| Failure::Config(error.to_string()))?;
    for (name, bytes) in [
        ("max_append_bytes", config.max_append_bytes),
        ("snapshot_chunk_bytes", config.snapshot_chunk_bytes),
    ] {
        // Twice this and a message's frame still fit into the message limit.
        if bytes > PONTOON_COMMAND_BYTES_MAX {
            return wrong(format!("{name} is {bytes}, the limit is {PONTOON_COMMAND_BYTES_MAX}"));
        }
    }
    Ok(config)
}

fn build(given: &PontoonConfig, profile: Profile, voters: Vec<u64>) -> Config {
    let mut config = match profile {
        Profile::Lab => Config::lab(given.id, voters, given.seed),
        Profile::Service => Config::service(given.id, voters, given.seed),
    };
    set(&mut config.election_timeout_ms_min, given.election_timeout_ms_min);
    set(&mut config.election_timeout_ms_max, given.election_timeout_ms_max);
    set(&mut config.heartbeat_interval_ms, given.heartbeat_interval_ms);
    set(&mut config.coalesce_ms, given.coalesce_ms);
    set(&mut config.max_inflight, given.max_inflight as usize);
    set(&mut config.max_append_bytes, given.max_append_bytes);
    set(&mut config.snapshot_chunk_bytes, given.snapshot_chunk_bytes);
    config.trace_events = given.trace_events;
    config
}

fn set<T: Default + PartialEq>(field: &mut T, given: T) {
    if given != T::default() {
        *field = given;
    }
}

fn wrong<T>(text: String) -> Result<T, Failure> {
    Err(Failure::Config(text))
}

/// Puts the bug back that PONTOON_MUTANT names, once in a process.
#[cfg(feature = "mutants")]
pub(crate) fn activate_mutant() -> Result<(), Failure> {
    static KNOWN: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
    KNOWN
        .get_or_init(|| {
            let Some(name) = std::env::var_os("PONTOON_MUTANT") else {
                return Ok(());
            };
            let name = name.to_string_lossy();
            if pontoon_core::mutant::activate(&name) {
                return Ok(());
            }
            let known: Vec<&str> = pontoon_core::mutant::ALL.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "PONTOON_MUTANT names no mutant: \"{name}\"; there are {}",
                known.join(", ")
            ))
        })
        .clone()
        .map_err(Failure::Config)
}
