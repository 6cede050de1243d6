//! §5.3 to §5.5 beyond Figure 2: replication, consistency, the commit rule.

use pontoon_core::*;

use crate::kit::*;

/// The leader "issues AppendEntries RPCs in parallel to each of the other
/// servers to replicate the entry". §5.3
#[test]
fn an_entry_is_sent_to_all_at_once() {
    let mut server = server().of(5).lead();
    server
        .is_acked_by(2)
        .is_acked_by(3)
        .is_acked_by(4)
        .is_acked_by(5)
        .sent();
    server.proposes("a");
    assert_eq!(
        server.sent().iter().map(|out| out.envelope.to).collect::<Vec<_>>(),
        [2, 3, 4, 5]
    );
}

/// "The leader retries AppendEntries RPCs indefinitely (even after it has
/// responded to the client) until all followers eventually store all log
/// entries". §5.3
#[test]
fn a_silent_follower_is_sent_the_entry_again_and_again() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3);
    server.proposes("a");
    server.is_acked_by(2);
    assert_eq!(server.commit(), 1);
    for _ in 0..10 {
        server.sent();
        server.waits(150);
        assert_eq!(text(&server.append_to(3).entries), "1:a");
    }
}

/// A host that knows of the loss need not wait for the heartbeat. §5.3, §5.5
#[test]
fn a_lost_append_is_repeated_at_once_when_known() {
    let mut server = server().lead();
    server.is_acked_by(2).sent();
    server.proposes("a");
    let lost = server
        .sent()
        .into_iter()
        .find(|out| out.envelope.to == 2)
        .expect("sent to 2");
    server.raft.undelivered(server.now_ms, 2, lost.ticket);
    server.work();
    assert_eq!(text(&server.append_to(2).entries), "1:a");
}

/// "This also commits all preceding entries in the leader's log, including
/// entries created by previous leaders". §5.3
#[test]
fn committing_an_entry_commits_all_before_it() {
    let mut server = server().log("1:a 1:b").lead();
    server.is_acked_by(2);
    server.proposes("c");
    server.is_acked_by(2);
    assert_eq!((server.commit(), server.applied().as_str()), (3, "a b c"));
}

/// "The leader keeps track of the highest index it knows to be committed, and it
/// includes that index in future AppendEntries RPCs (including heartbeats)". §5.3
#[test]
fn appends_and_heartbeats_carry_the_commit_index() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3);
    server.proposes("a");
    server.is_acked_by(2).is_acked_by(3).sent();
    server.waits(10);
    let notice = server.append_to(3);
    assert_eq!((notice.entries.len(), notice.leader_commit), (0, 1));
    server.proposes("b");
    assert_eq!(server.append_to(3).leader_commit, 1);
}

/// A leader's probe of a follower whose log is unknown tells the commit index
/// too; the follower takes of it what was verified. §5.3
#[test]
fn a_new_leader_hands_on_what_it_knows_to_be_committed() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b").commit(2));
    server.is_elected();
    let m = server.sent_to(3).pop();
    assert!(
        matches!(&m, Some(Message::AppendEntries(m)) if m.leader_commit == 2),
        "{m:?}"
    );
}

/// "The leader includes the index and term of the entry in its log that
/// immediately precedes the new entries". §5.3
#[test]
fn the_preceding_entry_is_named() {
    let mut server = server().log("1:a 3:b").lead();
    server.is_acked_by(2).sent();
    server.proposes("c");
    let m = server.append_to(2);
    assert_eq!(
        (m.prev_log_index, m.prev_log_term, text(&m.entries).as_str()),
        (2, 3, "4:c")
    );
}

/// "A leader never overwrites or deletes entries in its own log". §5.3, Leader
/// Append-Only, Figure 3
#[test]
fn leaders_only_append() {
    let mut server = server().log("1:a 2:b").lead();
    let probe = server.append_to(2);
    server
        .hears(conflict(3, probe.seq, 1, 1))
        .hears(matched(3, probe.seq, 2).by(3));
    server.proposes("c");
    server
        .hears(ask(3).by(3).log(9, 3))
        .hears(append(2).prev(1, 1).entries("2:x").by(3));
    assert_eq!(server.log(), "1:a 2:b 3:c");
}

/// "The leader must find the latest log entry where the two logs agree": a
/// follower that lacks entries is found in one step. §5.3
#[test]
fn a_short_log_is_found_in_one_step() {
    let mut server = server().log("1:a 1:b 2:c 2:d 3:e").lead();
    let probe = server.append_to(2);
    server.hears(conflict(4, probe.seq, 2, 1));
    let retry = server.append_to(2);
    assert_eq!(
        (retry.prev_log_index, text(&retry.entries).as_str()),
        (2, "2:c 2:d 3:e")
    );
}

/// "The follower can include the term of the conflicting entry and the first
/// index it stores for that term": here the last index of a term not above the
/// one asked for, so one round per conflicting term is enough. §5.3
#[test]
fn followers_skip_whole_terms_on_conflict() {
    let mut server = server().log("1:a 1:b 3:x 3:y 3:z").start();
    let outcome = server.hears(append(4).prev(5, 2)).outcome();
    assert_eq!(
        outcome,
        Appended::Conflict {
            hint_index: 2,
            hint_term: 1
        }
    );
}

/// "With this information, the leader can decrement nextIndex to bypass all of
/// the conflicting entries in that term". §5.3
#[test]
fn leaders_skip_whole_terms_on_conflict() {
    let mut server = server().log("1:a 3:b 3:c 3:d 3:e").lead();
    let probe = server.append_to(2);
    server.hears(conflict(4, probe.seq, 5, 2));
    let retry = server.append_to(2);
    assert_eq!((retry.prev_log_index, retry.prev_log_term), (1, 1));
}

/// "A follower may be missing entries that are present on the leader, it may have
/// extra entries that are not present on the leader, or both": the six followers
/// of Figure 7 are all brought into line. §5.3
#[test]
fn figure_7_every_follower_is_brought_into_line() {
    let log = "1:a 1:b 1:c 4:d 4:e 5:f 5:g 6:h 6:i 6:j";
    let followers = [
        "1:a 1:b 1:c 4:d 4:e 5:f 5:g 6:h 6:i",
        "1:a 1:b 1:c 4:d",
        "1:a 1:b 1:c 4:d 4:e 5:f 5:g 6:h 6:i 6:j 6:k",
        "1:a 1:b 1:c 4:d 4:e 5:f 5:g 6:h 6:i 6:j 7:k 7:l",
        "1:a 1:b 1:c 4:d 4:e 4:x 4:y",
        "1:a 1:b 1:c 2:u 2:v 2:w 3:x 3:y 3:z 3:p 3:q",
    ];
    for other in followers {
        let mut leader = server().term(7).log(log).lead();
        let mut follower = server().tune(|c| c.id = 2).log(other).start();
        for _ in 0..3 {
            exchange(&mut leader, &mut follower);
        }
        leader.proposes("new");
        exchange(&mut leader, &mut follower);
        assert_eq!(follower.log(), format!("{log} 8:new"), "it was {other}");
        assert_eq!(leader.commit(), 11);
    }
}

/// The leader's latest message reaches the follower, and the answer comes back.
fn exchange(leader: &mut Server, follower: &mut Server) {
    for message in leader.sent_to(2) {
        let Message::AppendEntries(message) = message else {
            panic!("{message:?}")
        };
        follower.hears(Said { from: 1, message });
        for reply in follower.replies() {
            let Message::AppendEntriesReply(message) = reply else {
                panic!("{reply:?}")
            };
            leader.receives(Said { from: 2, message });
        }
    }
    leader.work();
}

/// "Log entries retain their original term numbers when a leader replicates
/// entries from previous terms". §5.4.2
#[test]
fn replicated_entries_keep_their_terms() {
    let mut server = server().log("1:a 2:b").lead();
    let probe = server.append_to(2);
    server.hears(conflict(3, probe.seq, 0, 0));
    assert_eq!(text(&server.append_to(2).entries), "1:a 2:b");
}

/// Raft never commits entries from previous terms by counting replicas: all of
/// Figure 8 (a) to (d), and (e). §5.4.2; rule 22
#[test]
fn figure_8_an_old_entry_on_a_majority_may_still_be_lost() {
    let leader = || {
        // (c): S1 leads again in term 4, its entry of term 2 on a majority.
        let mut server = server().of(5).term(3).log("1:a 2:b").lead();
        server.is_acked_by(2).is_acked_by(3);
        assert_eq!((server.term(), server.commit()), (4, 0));
        server
    };
    // (d): S5 overwrites it, which is safe, as it was not committed.
    let mut overwritten = leader();
    overwritten.hears(append(5).by(5).prev(1, 1).entries("3:x"));
    assert_eq!(overwritten.log(), "1:a 3:x");
    // (e): an entry of its own term commits it.
    let mut committed = leader();
    committed.proposes("c");
    committed.is_acked_by(2);
    assert_eq!(committed.commit(), 0);
    committed.is_acked_by(3);
    assert_eq!(committed.commit(), 3);
}

/// A leader "commits a blank no-op entry into the log at the start of its term",
/// so that older entries commit without waiting for a command. §8, service profile
#[test]
fn a_leader_of_the_service_profile_opens_its_term_with_a_noop() {
    let mut server = server().tune(|c| c.profile = Profile::Service).log("1:a").lead();
    assert_eq!(server.log(), "1:a 2:-");
    let probe = server.append_to(2);
    assert_eq!((probe.prev_log_index, text(&probe.entries).as_str()), (1, "2:-"));
    server.is_acked_by(2);
    assert_eq!((server.commit(), server.applied().as_str()), (2, "a -"));
}

/// "Raft RPCs are idempotent": repeated acknowledgements change nothing. §5.5
#[test]
fn a_repeated_acknowledgement_changes_nothing() {
    let mut server = server().of(5).lead();
    server.is_acked_by(2);
    server.proposes("a");
    server.sent();
    for _ in 0..3 {
        server.hears(matched(1, 2, 1));
    }
    assert_eq!(server.commit(), 0, "one follower is one copy");
}

/// §5.1: servers retry. But a network that fails at once, as where nobody
/// listens, must not be called in a loop: after a few losses in a row the next
/// message waits for the heartbeat.
#[test]
fn section_5_1_a_message_that_is_lost_at_once_every_time_is_not_repeated_for_ever() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3).sent();
    server.proposes("a");
    let mut messages = 0;
    loop {
        server.work();
        let lost = server.sent().into_iter().find(|out| out.envelope.to == 2);
        let Some(lost) = lost else { break };
        messages += 1;
        assert!(messages < 10, "a loop");
        let now_ms = server.now_ms;
        server.raft.undelivered(now_ms, 2, lost.ticket);
    }
    assert_eq!(messages, 4);
    server.waits(150);
    assert_eq!(server.sent_to(2).len(), 1);
}
