//! Rules of replication that real systems broke, 23 to 32: what a leader keeps
//! of each peer, and messages that overtake each other.

use pontoon_core::*;

use crate::kit::*;

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
    server.waits(150).sent();
    server.waits(150);
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
            for step in 0..count - 1 {
                let copies = step + 1;
                assert_eq!(server.commit(), u64::from(2 * copies > count), "{copies} of {count}");
                server.hears(matched(1, 0, 1).by(2 + (first + step) % (count - 1)));
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

/// Rule 28: a refusal counts though the probe was repeated meanwhile, or a round
/// trip longer than a heartbeat interval would never find the conflict.
#[test]
fn rule_28_a_late_refusal_still_counts() {
    let mut server = server().tune(|c| c.max_inflight = 1).log("1:a 1:b 1:c").lead();
    let probe = server.append_to(2);
    server.waits(200);
    assert_eq!(server.append_to(2).prev_log_index, 3, "it was repeated");
    server.hears(conflict(2, probe.seq, 1, 1));
    let next = server.append_to(2);
    assert_eq!((next.prev_log_index, text(&next.entries).as_str()), (1, "1:b 1:c"));
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

/// Rule 30: a follower that crashed lost what was in flight, and what it holds is
/// compacted here: that it answers heartbeats must not keep the leader from
/// sending what is missing.
#[test]
fn rule_30_answered_heartbeats_do_not_hide_a_lost_pipeline() {
    let mut server = server().tune(|c| c.coalesce_ms = 0).lead();
    server.is_acked_by(2).is_acked_by(3);
    for command in ["a", "b", "c"] {
        server.proposes(command);
    }
    server.is_acked_by(2).snapshots(2, "ab").sent();
    server.hears(matched(1, 0, 1).by(3));
    for _ in 0..60 {
        server.waits(10);
        for message in server.sent_to(3) {
            match message {
                Message::InstallSnapshot(_) => return,
                Message::AppendEntries(m) if m.prev_log_index == 0 => drop(server.receives(matched(1, m.seq, 0).by(3))),
                other => panic!("{other:?} is of no use to a log that ends at 1"),
            }
        }
    }
    panic!("nothing but heartbeats in four intervals");
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
    server.hears(matched(1, 2, 1).by(3));
    assert!(
        server.sent_to(3).is_empty(),
        "index 1 is compacted: the transfer goes on"
    );
    server.hears(matched(1, 2, 2).by(3));
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
    server.hears(matched(1, 0, 1).by(4));
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
