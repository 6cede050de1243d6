//! Sizes, offsets and numbers as the C compiler sees them are those that this
//! crate was compiled with.

mod common;

use std::fmt::Write;
use std::mem::{offset_of, size_of};

use pontoon::*;

/// A C expression and the number that Rust has for it.
type Fact = (String, i128);

macro_rules! structs {
    ($($name:ident { $($field:ident),* })*) => {
        vec![$(
            (format!("sizeof(struct {})", stringify!($name)), size_of::<$name>() as i128),
            $((
                format!("offsetof(struct {}, {})", stringify!($name), stringify!($field)),
                offset_of!($name, $field) as i128,
            ),)*
        )*]
    };
}

macro_rules! numbers {
    ($($name:ident)*) => { vec![$((stringify!($name).to_string(), $name as i128),)*] };
}

macro_rules! statuses {
    ($($c:literal = $rust:ident)*) => { vec![$(($c.to_string(), PontoonStatus::$rust as i128),)*] };
}

fn facts() -> Vec<Fact> {
    let structs: Vec<Fact> = structs! {
        PontoonBytes { data, len }
        PontoonConfig {
            struct_size, id, voters, voters_len, seed, profile, max_inflight, election_timeout_ms_min,
            election_timeout_ms_max, heartbeat_interval_ms, coalesce_ms, max_append_bytes, snapshot_chunk_bytes,
            trace_events
        }
        PontoonStep { struct_size, deadline_ms, ready, reserved }
        PontoonStarted { struct_size, index, term }
        PontoonState {
            struct_size, id, term, role, has_leader, leader, commit_index, delivered_index, stable_index, last_index,
            last_term, snapshot_index, snapshot_term, state_bytes
        }
        PontoonMessage { to, ticket, is_reply, reserved, data }
        PontoonWork {
            struct_size, sequence, early, early_len, persist, snapshot_changed, state, snapshot, messages, messages_len
        }
        PontoonEntry { index, term, kind, reserved, data }
        PontoonApply {
            struct_size, entries, entries_len, has_snapshot, reserved, snapshot_index, snapshot_term, snapshot
        }
        PontoonEvent { kind, role, has_peer, reserved, peer, term, index, log_term, last, digest }
        PontoonEvents { struct_size, events, events_len, lost }
        PontoonMessageInfo {
            struct_size, from, to, kind, is_reply, term, index, log_term, entries_len, entries_term, commit_index, ok,
            reserved
        }
        PontoonCallbacks { struct_size, persist, send, apply }
    };
    let numbers: Vec<Fact> = numbers! {
        PONTOON_ABI_VERSION PONTOON_COMMAND_BYTES_MAX PONTOON_MESSAGE_BYTES_MAX PONTOON_NODES_MAX PONTOON_VOTERS_MAX
        PONTOON_PROFILE_LAB PONTOON_PROFILE_SERVICE PONTOON_READY_WORK PONTOON_READY_APPLY PONTOON_READY_EVENTS
        PONTOON_ROLE_FOLLOWER PONTOON_ROLE_CANDIDATE PONTOON_ROLE_LEADER PONTOON_ENTRY_COMMAND PONTOON_ENTRY_NOOP
        PONTOON_EVENT_TIMEOUT PONTOON_EVENT_TIMER_RESET PONTOON_EVENT_ROLE_CHANGE PONTOON_EVENT_VOTE PONTOON_EVENT_APPEND
        PONTOON_EVENT_TRUNCATE PONTOON_EVENT_PERSIST PONTOON_EVENT_COMMIT PONTOON_EVENT_SNAPSHOT PONTOON_EVENT_INSTALL
        PONTOON_MESSAGE_APPEND_ENTRIES PONTOON_MESSAGE_REQUEST_VOTE PONTOON_MESSAGE_INSTALL_SNAPSHOT
    };
    let statuses: Vec<Fact> = statuses! {
        "PONTOON_OK" = PontoonOk "PONTOON_ERR_NULL" = PontoonErrNull
        "PONTOON_ERR_BAD_HANDLE" = PontoonErrBadHandle "PONTOON_ERR_KILLED" = PontoonErrKilled
        "PONTOON_ERR_REENTRY" = PontoonErrReentry "PONTOON_ERR_PANIC" = PontoonErrPanic
        "PONTOON_ERR_CONFIG" = PontoonErrConfig "PONTOON_ERR_DECODE" = PontoonErrDecode
        "PONTOON_ERR_VERSION" = PontoonErrVersion "PONTOON_ERR_TOO_LARGE" = PontoonErrTooLarge
        "PONTOON_ERR_NOT_LEADER" = PontoonErrNotLeader "PONTOON_ERR_UNKNOWN_PEER" = PontoonErrUnknownPeer
        "PONTOON_ERR_OUT_OF_RANGE" = PontoonErrOutOfRange "PONTOON_ERR_NO_WORK" = PontoonErrNoWork
        "PONTOON_ERR_WORK_OUTSTANDING" = PontoonErrWorkOutstanding "PONTOON_ERR_STORAGE" = PontoonErrStorage
        "PONTOON_ERR_STRUCT_SIZE" = PontoonErrStructSize "PONTOON_ERR_LIMIT" = PontoonErrLimit
    };
    let types = vec![
        ("sizeof(PontoonStatus)".to_string(), size_of::<PontoonStatus>() as i128),
        ("sizeof(PontoonNode)".to_string(), size_of::<PontoonNode>() as i128),
        (
            "sizeof(enum PontoonStatus)".to_string(),
            size_of::<PontoonStatus>() as i128,
        ),
    ];
    [structs, numbers, statuses, types].concat()
}

#[test]
fn c_sees_what_rust_has() {
    let facts = facts();
    let mut program = String::from("#include <stdio.h>\n#include \"pontoon.h\"\nint main(void) {\n");
    for (expression, _) in &facts {
        writeln!(program, "    printf(\"%lld\\n\", (long long)({expression}));").unwrap();
    }
    program.push_str("    return 0;\n}\n");
    let dir = common::scratch("layout");
    std::fs::write(dir.join("layout.c"), program).unwrap();

    for (compiler, standard) in [
        (common::cc as fn() -> _, "-std=c99"),
        (common::cc, "-std=c17"),
        (common::cxx, "-std=c++17"),
    ] {
        let mut compile = compiler();
        if standard == "-std=c++17" {
            compile.args(["-x", "c++"]);
        }
        let binary = dir.join(format!("layout{standard}"));
        common::run(compile.arg(standard).arg(dir.join("layout.c")).arg("-o").arg(&binary));
        let output = common::run(&mut std::process::Command::new(&binary));
        let seen: Vec<i128> = output.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(seen.len(), facts.len());
        for ((expression, rust), c) in facts.iter().zip(seen) {
            assert_eq!(*rust, c, "{standard}: {expression}");
        }
    }
}

/// The published numbers: programs are compiled with them.
#[test]
fn statuses_keep_their_numbers() {
    let statuses: Vec<Fact> = facts()
        .into_iter()
        .filter(|(name, _)| name == "PONTOON_OK" || name.starts_with("PONTOON_ERR_"))
        .collect();
    let published = [
        "OK",
        "ERR_NULL",
        "ERR_BAD_HANDLE",
        "ERR_KILLED",
        "ERR_REENTRY",
        "ERR_PANIC",
        "ERR_CONFIG",
        "ERR_DECODE",
        "ERR_VERSION",
        "ERR_TOO_LARGE",
        "ERR_NOT_LEADER",
        "ERR_UNKNOWN_PEER",
        "ERR_OUT_OF_RANGE",
        "ERR_NO_WORK",
        "ERR_WORK_OUTSTANDING",
        "ERR_STORAGE",
        "ERR_STRUCT_SIZE",
        "ERR_LIMIT",
    ];
    let published: Vec<Fact> = published
        .iter()
        .zip(0..)
        .map(|(name, at)| (format!("PONTOON_{name}"), at))
        .collect();
    assert_eq!(statuses, published);
}
