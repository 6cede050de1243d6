//! Figure 2, *State*.

use pontoon_core::*;

use crate::kit::*;

/// "currentTerm: initialized to 0 on first boot"; "votedFor: or null if none";
/// "log[]: first index is 1". Figure 2, State.
#[test]
fn a_fresh_server_has_term_0_no_vote_and_an_empty_log() {
    let mut server = server().start();
    assert!(!server.raft.has_work());
    let status = server.raft.status();
    assert_eq!((status.term, status.last_index, status.last_term), (0, 0, 0));
    assert_eq!(server.persisted(), &Restored::default());
    server.is_elected();
    assert_eq!(server.proposes("a").index, 1);
}

/// "currentTerm: increases monotonically". Figure 2, State; §5.1
#[test]
fn the_term_never_falls() {
    let mut server = server().term(5).start();
    server.hears(append(4)).hears(ask(3)).hears(append(7)).hears(ask(6));
    assert_eq!(server.term(), 7);
    assert_eq!(server.persisted_vote(), (7, None));
}

/// "Updated on stable storage before responding to RPCs": term and vote.
/// Figure 2, Persistent state
#[test]
fn a_vote_is_on_disk_before_the_reply_leaves() {
    let mut server = server().start();
    let ticket = server.receives(ask(3));
    let work = server.takes();
    assert!(work.send_early.is_empty(), "a vote may not leave early");
    let persist = work.persist.expect("the vote is to be written");
    assert_eq!(
        persist.hard_state,
        HardState {
            term: 3,
            voted_for: Some(2)
        }
    );
    assert_eq!(work.send.len(), 1);
    assert_eq!(work.send[0].ticket, ticket);
}

/// "Updated on stable storage before responding to RPCs": log entries.
/// Figure 2, Persistent state
#[test]
fn entries_are_on_disk_before_they_are_acknowledged() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a 1:b"));
    let work = server.takes();
    assert!(work.send_early.is_empty(), "an acknowledgement may not leave early");
    let delta = work
        .persist
        .expect("the entries are to be written")
        .log
        .expect("a change of the log");
    assert_eq!((delta.from, text(&delta.entries).as_str()), (1, "1:a 1:b"));
    assert_eq!(work.send.len(), 1);
}

/// A restart brings back term, vote and log. Figure 2, Persistent state
#[test]
fn persistent_state_survives_a_restart() {
    let mut server = server().start();
    server.hears(ask(2)).hears(append(2).entries("1:a 2:b"));
    server.restart();
    assert_eq!(server.persisted_vote(), (2, Some(2)));
    let status = server.raft.status();
    assert_eq!((status.term, status.last_index, status.last_term), (2, 2, 2));
    assert!(
        !server.hears(ask(2).by(3).log(2, 2)).grants(),
        "the vote was given away before the crash"
    );
}

/// "commitIndex: initialized to 0"; "lastApplied: initialized to 0": both are
/// volatile, and found again after a restart. Figure 2, Volatile state
#[test]
fn commit_and_applied_start_at_0() {
    let mut server = server().log("1:a 1:b").start();
    assert_eq!((server.commit(), server.raft.status().delivered_index), (0, 0));
    server.hears(append(1).prev(2, 1).commit(2));
    assert_eq!((server.commit(), server.raft.status().delivered_index), (2, 2));
    server.restart();
    assert_eq!((server.commit(), server.raft.status().delivered_index), (0, 0));
}

/// "commitIndex: increases monotonically". Figure 2, Volatile state
#[test]
fn the_commit_index_never_falls() {
    let mut server = server().log("1:a 1:b 1:c").start();
    server.hears(append(1).prev(3, 1).commit(3));
    server.hears(append(1).prev(3, 1).commit(1));
    server.hears(append(1).prev(1, 1).commit(0));
    assert_eq!(server.commit(), 3);
    assert_eq!(server.applied(), "a b c");
}

/// "nextIndex[]: initialized to leader last log index + 1". Figure 2, Volatile
/// state on leaders; §5.3
#[test]
fn next_index_starts_after_the_leaders_last_entry() {
    let mut server = server().log("1:a 1:b").lead();
    let m = server.append_to(2);
    assert_eq!((m.prev_log_index, m.prev_log_term, m.entries.len()), (2, 1, 0));
}

/// "matchIndex[]: initialized to 0": nothing counts as replicated before it was
/// acknowledged. Figure 2, Volatile state on leaders
#[test]
fn match_index_starts_at_0() {
    let mut server = server().lead();
    server.proposes("a");
    assert_eq!(server.commit(), 0);
    server.is_acked_by(2).is_acked_by(2);
    assert_eq!(server.commit(), 1);
}

/// "Volatile state on leaders (Reinitialized after election)". Figure 2
#[test]
fn a_new_term_as_leader_forgets_old_acknowledgements() {
    let mut server = server().lead();
    server.proposes("a");
    server.is_acked_by(2).is_acked_by(2);
    server.hears(append(2).by(3).prev(1, 1)).is_elected();
    let proposal = server.proposes("b");
    assert_eq!(server.commit(), 1);
    server.is_acked_by(3);
    assert_eq!(
        server.commit(),
        1,
        "the probe's answer covers the log before the command"
    );
    server.is_acked_by(3);
    assert_eq!(server.commit(), proposal.index);
}

/// "lastApplied: increases monotonically": every index is delivered once, in
/// order, in as many pieces as the host likes. Figure 2, Volatile state
#[test]
fn each_index_is_applied_once_in_order() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a 1:b 1:c").commit(3));
    let work = server.takes();
    assert!(!server.raft.has_apply(), "nothing is durable yet");
    server.disk.write(work.persist.as_ref().expect("entries to write"));
    server.raft.work_done(server.now_ms);
    for (index, expected) in [(1, "1:a"), (2, "1:b"), (3, "1:c")] {
        match server.raft.next_apply(1) {
            Some(Apply::Entries { first_index, entries }) => {
                assert_eq!((first_index, text(&entries).as_str()), (index, expected));
            }
            other => panic!("{other:?} at {index}"),
        }
    }
    assert_eq!(server.raft.next_apply(1), None);
}
