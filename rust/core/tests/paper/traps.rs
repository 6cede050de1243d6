//! Rules that real systems broke, 12 to 15 and 33 to 60, where they live in the
//! core and are not shown elsewhere.

use pontoon_core::*;

use crate::kit::*;

/// Rule 12: an acknowledgement of a request of an older term does not count,
/// also when the same server leads again.
#[test]
fn rule_12_an_acknowledgement_of_an_older_term_does_not_count() {
    let mut server = server().lead();
    server.hears(ask(2).by(3)).is_elected();
    server.proposes("a");
    server.hears(matched(3, 4, 1).answering(1));
    assert_eq!(server.commit(), 0);
    server.is_acked_by(2).is_acked_by(2);
    assert_eq!(server.commit(), 1);
}

/// Rule 12: replies that come after the election was won or given up are no harm.
#[test]
fn rule_12_late_votes_change_nothing() {
    let mut server = server().lead();
    let before = server.raft.status();
    server.hears(refused(1).by(3)).hears(granted(1).by(3));
    assert_eq!(server.raft.status(), before);
    server.follows(2).hears(granted(1).by(3));
    assert_eq!(server.role(), Role::Follower);
}

/// Rule 14: a refused append of the current leader resets the timer too.
#[test]
fn rule_14_a_refused_append_of_the_leader_resets_the_timer() {
    let mut server = server().start();
    server.now_ms = server.raft.deadline_ms() - 1;
    let outcome = server.hears(append(1).prev(9, 1)).outcome();
    assert!(matches!(outcome, Appended::Conflict { .. }));
    assert!(server.raft.deadline_ms() >= server.now_ms + 300);
}

/// Rule 15, rule 60: two leaders in a term end the server.
#[test]
#[should_panic(expected = "servers 2 and 3 both lead term 1")]
fn rule_15_a_follower_that_hears_two_leaders_panics() {
    server().start().follows(1).hears(append(1).by(3));
}

/// Rule 15, rule 60: so does hearing of another when leading.
#[test]
#[should_panic(expected = "servers 1 and 3 both lead term 1")]
fn rule_15_a_leader_that_hears_another_panics() {
    server().lead().hears(append(1).by(3));
}

/// Rule 15: InstallSnapshot is a leader's message as well.
#[test]
#[should_panic(expected = "servers 2 and 3 both lead term 1")]
fn rule_15_a_second_leaders_snapshot_panics() {
    server().start().follows(1).hears(install(1, 5, 1, "s").by(3));
}

/// Rule 60: a leader that lacks a committed entry contradicts Leader
/// Completeness (§5.4.3).
#[test]
#[should_panic(expected = "lacks committed entry 2")]
fn rule_60_a_leader_without_a_committed_entry_panics() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b").commit(2));
    server.hears(append(3).by(3).prev(2, 2).entries("3:c"));
}

/// Rule 60: committed entries are never cut.
#[test]
#[should_panic(expected = "lacks committed entry 2")]
fn rule_60_cutting_a_committed_entry_panics() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b").commit(2));
    server.hears(append(3).by(3).prev(1, 1).entries("2:x 3:y"));
}

/// Rule 33: what follows a contradicted entry goes as well: it must not be found
/// at the next restart, nor acknowledged.
#[test]
fn rule_33_a_contradicted_suffix_does_not_come_back() {
    let mut server = server().log("1:a 1:x 1:y").start();
    server.hears(install(3, 2, 3, "ab")).restart();
    assert_eq!(server.raft.status().last_index, 2);
    let outcome = server.hears(append(3).prev(4, 3).entries("3:e")).outcome();
    assert_eq!(
        outcome,
        Appended::Conflict {
            hint_index: 2,
            hint_term: 3
        }
    );
}

/// Rule 35: last included index and term are one write with the snapshot's bytes.
#[test]
fn rule_35_a_snapshot_is_written_whole() {
    let mut server = server().start();
    server.hears(append(2).entries("1:a 2:b").commit(2));
    server.raft.snapshot(server.now_ms, 2, "ab".into()).expect("applied");
    let work = server.takes();
    let snapshot = work.persist.expect("a snapshot to write").snapshot;
    assert_eq!(
        snapshot,
        Some(Snapshot {
            index: 2,
            term: 2,
            data: "ab".into()
        })
    );
}

/// Rule 36: heartbeats and appends of the same leader do not disturb a transfer.
#[test]
fn rule_36_appends_do_not_abort_a_transfer() {
    let mut server = server().start();
    server.hears(install(1, 5, 1, "ab").piece(0));
    server
        .hears(append(1))
        .hears(append(1).prev(7, 1))
        .hears(append(1).entries("1:a").commit(1))
        .sent();
    assert_eq!(
        server.hears(install(1, 5, 1, "cd").last_piece(2)).install_reply(),
        (0, Some(5))
    );
    assert_eq!(server.applied(), "a s5");
}

/// Rule 36: a leader keeps a follower from standing for election while it waits
/// for the answer to a piece, without sending the piece again each time.
#[test]
fn rule_36_heartbeats_flow_during_a_transfer() {
    let mut server = server().lead();
    server.is_acked_by(2);
    server.proposes("a");
    server.is_acked_by(2).snapshots(1, "a").sent();
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    server.waits(160);
    let heartbeat = server.append_to(3);
    assert_eq!((heartbeat.prev_log_index, heartbeat.entries.len()), (0, 0));
    server
        .hears(matched(1, heartbeat.seq, 0).by(3))
        .hears(installed(1, piece.seq, 1).by(3));
    server.sent();
    server.proposes("b");
    assert_eq!(server.append_to(3).prev_log_index, 1);
}

/// Rule 54: a proposal is named by index and term; when another leader's entry
/// takes its index, the term tells that it was lost.
#[test]
fn rule_54_a_lost_proposal_is_told_by_its_term() {
    let mut server = server().lead();
    let lost = server.proposes("a");
    assert_eq!(lost, Proposal { index: 1, term: 1 });
    server.hears(append(2).by(3).entries("2:x").commit(1));
    match &server.applied[..] {
        [
            Apply::Entries {
                first_index: 1,
                entries,
            },
        ] => assert_ne!(entries[0].term, lost.term),
        other => panic!("{other:?}"),
    }
}

/// Rule 57: the first command has index 1 and no index is used by anything else
/// in the lab profile, over elections and snapshots.
#[test]
fn rule_57_commands_have_consecutive_indexes_from_1() {
    let mut server = server().lead();
    assert_eq!(server.proposes("a").index, 1);
    server.is_acked_by(2).is_acked_by(2).snapshots(1, "a");
    server.hears(ask(2)).is_elected();
    assert_eq!(server.proposes("b").index, 2);
    server.is_acked_by(2).restart();
    server.is_elected();
    assert_eq!(server.proposes("c").index, 3);
}

/// Rule 58: the same inputs and the same seed give the same outputs; another
/// seed gives other timeouts. The order in which voters are named is no input.
#[test]
fn rule_58_the_same_inputs_give_the_same_outputs() {
    let run = |seed: u64, voters: &[NodeId]| {
        let mut server = server().tune(|c| (c.seed, c.voters) = (seed, voters.to_vec())).start();
        server.times_out().times_out().hears(granted(2)).proposes("a");
        server.waits(1000);
        (server.sent(), server.now_ms, server.raft.status())
    };
    assert_eq!(run(7, &[1, 2, 3]), run(7, &[3, 1, 2]));
    assert_ne!(run(7, &[1, 2, 3]).1, run(8, &[1, 2, 3]).1);
}

/// Rule 58: the host's clock may stand still or step back; here it never does.
#[test]
fn rule_58_a_clock_that_steps_back_is_held() {
    let mut server = server().start();
    let deadline_ms = server.raft.deadline_ms();
    server.raft.tick(deadline_ms - 1);
    server.raft.tick(5);
    assert_eq!(
        (server.role(), server.raft.deadline_ms()),
        (Role::Follower, deadline_ms)
    );
    server.now_ms = 5;
    server.hears(ask(1));
    assert!(
        server.raft.deadline_ms() > deadline_ms + 298,
        "counted from the latest time seen"
    );
}

/// Rule 59: commands and snapshots are shared, not copied, on their way through
/// the core.
#[test]
fn rule_59_commands_and_snapshots_are_shared() {
    let mut server = server().lead();
    server.is_acked_by(2);
    let command = Bytes::from(vec![7; 1000]);
    server.raft.propose(server.now_ms, command.clone()).expect("it leads");
    let work = server.takes();
    let logged = work
        .persist
        .as_ref()
        .and_then(|persist| persist.log.clone())
        .expect("an entry");
    let Payload::Command(written) = &logged.entries[0].payload else {
        panic!("{logged:?}")
    };
    assert_eq!(written.as_ptr(), command.as_ptr());
    server.finish(work);
    server.is_acked_by(2);
    let data = Bytes::from(vec![9; 1000]);
    server.raft.snapshot(server.now_ms, 1, data.clone()).expect("applied");
    let persist = server.takes().persist.expect("a snapshot to write");
    assert_eq!(persist.snapshot.expect("a snapshot").data.as_ptr(), data.as_ptr());
}
