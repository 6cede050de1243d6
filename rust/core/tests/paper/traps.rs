//! Rules of replication and snapshots that real systems broke: 12 to 15, 22 to
//! 36, 54 to 60, where they live in the core and are not shown elsewhere.

use pontoon_core::*;

use crate::kit::*;

/// Rule 12: an acknowledgement of a request of an older term does not count,
/// also when the same server leads again.
#[test]
fn rule_12_an_acknowledgement_of_an_older_term_does_not_count() {
    let mut server = server().lead();
    server.hears(ask(2).from(3)).is_elected();
    server.proposes("a");
    server.hears(matched(3, 4, 1).to_request_of(1));
    assert_eq!(server.commit(), 0);
    server.is_acked_by(2).is_acked_by(2);
    assert_eq!(server.commit(), 1);
}

/// Rule 12: replies that come after the election was won or given up are no harm.
#[test]
fn rule_12_late_votes_change_nothing() {
    let mut server = server().lead();
    let before = server.raft.status();
    server.hears(refused(1).from(3)).hears(granted(1).from(3));
    assert_eq!(server.raft.status(), before);
    server.follows(2).hears(granted(1).from(3));
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
    server().start().follows(1).hears(append(1).from(3));
}

/// Rule 15, rule 60: so does hearing of another when leading.
#[test]
#[should_panic(expected = "servers 1 and 3 both lead term 1")]
fn rule_15_a_leader_that_hears_another_panics() {
    server().lead().hears(append(1).from(3));
}

/// Rule 15: InstallSnapshot is a leader's message as well.
#[test]
#[should_panic(expected = "servers 2 and 3 both lead term 1")]
fn rule_15_a_second_leaders_snapshot_panics() {
    server().start().follows(1).hears(install(1, 5, 1, "s").from(3));
}

/// Rule 60: a leader that lacks a committed entry contradicts Leader
/// Completeness (§5.4.3).
#[test]
#[should_panic(expected = "lacks committed entry 2")]
fn rule_60_a_leader_without_a_committed_entry_panics() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b").commit(2));
    server.hears(append(3).from(3).prev(2, 2).entries("3:c"));
}

/// Rule 60: committed entries are never cut.
#[test]
#[should_panic(expected = "lacks committed entry 2")]
fn rule_60_cutting_a_committed_entry_panics() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b").commit(2));
    server.hears(append(3).from(3).prev(1, 1).entries("2:x 3:y"));
}

/// Rule 23: a message that was overtaken by a longer one does not shorten the log.
#[test]
fn rule_23_a_reordered_shorter_append_cuts_nothing() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b 1:c"));
    server.hears(append(1).entries("1:a"));
    assert_eq!(server.log(), "1:a 1:b 1:c");
    assert_eq!(server.raft.status().stable_index, 3);
}

/// Rule 26: acknowledgements come in any order, the match never falls: what was
/// acknowledged is not sent again.
#[test]
fn rule_26_a_late_acknowledgement_does_not_lower_the_match() {
    let mut server = server().tune(|c| c.coalesce_ms = 0).lead();
    server.is_acked_by(2).sent();
    server.proposes("a");
    let first = server.append_to(2);
    server.proposes("b");
    let second = server.append_to(2);
    server
        .hears(matched(1, second.seq, 2))
        .hears(matched(1, first.seq, 1))
        .sent();
    assert_eq!(server.commit(), 2);
    server.proposes("c");
    let third = server.append_to(2);
    assert_eq!((third.prev_log_index, text(&third.entries).as_str()), (2, "1:c"));
}

/// Rule 26: a heartbeat names the match as its preceding entry, and a follower
/// commits no further than that.
#[test]
fn rule_26_heartbeats_cannot_commit_beyond_the_match() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3);
    server.proposes("a");
    server.is_acked_by(2).sent();
    server.waits(151);
    let heartbeat = server.append_to(2);
    assert_eq!((heartbeat.prev_log_index, heartbeat.leader_commit), (1, 1));
}

/// Rule 27: the quorum index is right whichever server acknowledges, in
/// whichever order, and for every size of cluster.
#[test]
fn rule_27_a_majority_is_more_than_half_in_any_order() {
    for count in 2..=7 {
        for first in 0..count - 1 {
            let mut server = server().of(count).lead();
            for peer in 2..=count {
                server.is_acked_by(peer);
            }
            server.proposes("a");
            let mut copies = 1;
            for step in 0..count - 1 {
                assert_eq!(server.commit(), u64::from(2 * copies > count), "{copies} of {count}");
                server.hears(matched(1, 0, 1).from(2 + (first + step) % (count - 1)));
                copies += 1;
            }
            assert_eq!(server.commit(), 1);
        }
    }
}

/// Rule 28: the leader reaches the conflict though each message holds a single
/// entry, and each term of the follower's costs one round.
#[test]
fn rule_28_small_batches_still_reach_the_conflict() {
    let mut leader = server()
        .tune(|c| c.max_append_bytes = 1)
        .log("1:a 2:b 4:c 4:d 6:e")
        .lead();
    let mut follower = server().tune(|c| c.id = 2).log("1:a 3:x 3:y 5:z 5:w 5:v").start();
    let mut rounds = 0;
    while follower.log() != leader.log() {
        rounds += 1;
        assert!(rounds <= 8, "no agreement after {rounds} rounds: {}", follower.log());
        let request = leader.append_to(2);
        assert!(request.entries.len() <= 1);
        follower.hears(Said {
            from: 1,
            message: request,
        });
        match follower.replies().remove(0) {
            Message::AppendEntriesReply(message) => leader.hears(Said { from: 2, message }),
            other => panic!("{other:?}"),
        };
    }
}

/// Rule 29: messages in flight follow each other without a gap, however small.
#[test]
fn rule_29_pipelined_messages_are_contiguous() {
    let mut server = server().tune(|c| (c.max_append_bytes, c.coalesce_ms) = (70, 0)).lead();
    server.is_acked_by(2);
    for command in ["a", "b", "c", "d", "e"] {
        server.raft.propose(server.now_ms, command.into()).expect("it leads");
    }
    server.sent();
    server.work();
    let mut next = 1;
    for message in server.sent_to(2) {
        let Message::AppendEntries(m) = message else {
            panic!("{message:?}")
        };
        assert_eq!(m.prev_log_index + 1, next);
        assert!((1..=2).contains(&m.entries.len()));
        next += m.entries.len() as u64;
    }
    assert_eq!(next, 6);
}

/// Rule 30: when a message of the pipeline is lost, the follower's refusal of
/// the next brings the leader back to what is missing.
#[test]
fn rule_30_a_broken_pipeline_falls_back() {
    let mut server = server().tune(|c| c.coalesce_ms = 0).lead();
    server.is_acked_by(2).sent();
    server.proposes("a");
    let lost = server.append_to(2);
    assert_eq!(text(&lost.entries), "1:a");
    server.proposes("b");
    let refused = server.append_to(2);
    assert_eq!(refused.prev_log_index, 1);
    server.hears(conflict(1, refused.seq, 0, 0));
    assert_eq!(text(&server.append_to(2).entries), "1:a 1:b");
}

/// Rule 30: a pipeline without any answer is repeated from the match on, after a
/// heartbeat interval.
#[test]
fn rule_30_a_silent_pipeline_is_repeated() {
    let mut server = server().tune(|c| c.coalesce_ms = 0).lead();
    server.is_acked_by(2);
    server.proposes("a");
    server.proposes("b");
    server.sent();
    server.waits(150);
    let again = server.append_to(2);
    assert_eq!((again.prev_log_index, text(&again.entries).as_str()), (0, "1:a 1:b"));
}

/// Rule 30: an acknowledgement from before a transfer does not end it; one that
/// reaches the log does, however it came about.
#[test]
fn rule_30_a_transfer_ends_by_an_acknowledgement_that_reaches_the_log() {
    let mut server = server().lead();
    server.is_acked_by(2);
    for command in ["a", "b", "c"] {
        server.proposes(command);
        server.is_acked_by(2);
    }
    server.snapshots(2, "ab").sent();
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    server.hears(matched(1, 2, 1).from(3));
    assert!(
        server.sent_to(3).is_empty(),
        "index 1 is compacted: the transfer goes on"
    );
    server.hears(matched(1, 2, 2).from(3));
    let m = server.append_to(3);
    assert_eq!((m.prev_log_index, text(&m.entries).as_str()), (2, "1:c"));
    assert!(m.seq > piece.seq);
}

/// Rule 31: a follower that lost what it had acknowledged is not counted on its
/// old match.
#[test]
fn rule_31_a_follower_that_lost_its_log_is_not_counted() {
    let mut server = server().of(5).lead();
    server.is_acked_by(2).is_acked_by(3);
    server.proposes("a");
    server.is_acked_by(2).sent();
    server.waits(150);
    let heartbeat = server.append_to(2);
    assert_eq!(heartbeat.prev_log_index, 1);
    server.hears(conflict(1, heartbeat.seq, 0, 0));
    assert_eq!(text(&server.append_to(2).entries), "1:a", "it starts over");
    server.hears(matched(1, 0, 1).from(4));
    assert_eq!(server.commit(), 0, "two of five hold it: this server and server 4");
    server.is_acked_by(2);
    assert_eq!(server.commit(), 1);
}

/// Rule 32: with every slot in flight a peer still hears from the leader, and
/// nobody else waits for it.
#[test]
fn rule_32_a_full_pipeline_does_not_silence_the_leader() {
    let mut server = server().tune(|c| (c.max_inflight, c.coalesce_ms) = (1, 0)).lead();
    server.is_acked_by(2).is_acked_by(3);
    server.proposes("a");
    server.sent();
    server.proposes("b");
    assert!(server.sent().is_empty(), "one each is in flight");
    server.is_acked_by(2).is_acked_by(2);
    assert_eq!(server.commit(), 2, "server 3 is not waited for");
    server.sent();
    server.waits(150);
    assert_eq!(text(&server.append_to(3).entries), "1:a 1:b");
}

/// Rule 32: a peer that does not answer is sent little, not the whole log, at
/// every heartbeat.
#[test]
fn rule_32_a_silent_peer_is_sent_little() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3);
    for _ in 0..100 {
        server.proposes(&"x".repeat(1000));
        server.is_acked_by(2);
    }
    server.waits(1000).sent();
    server.waits(150);
    assert!((1..=4).contains(&server.append_to(3).entries.len()));
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
        .hears(matched(1, heartbeat.seq, 0).from(3))
        .hears(installed(1, piece.seq, 1).from(3));
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
    server.hears(append(2).from(3).entries("2:x").commit(1));
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
