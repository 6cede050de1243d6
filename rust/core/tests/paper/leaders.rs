//! Figure 2, *Rules for Servers*: leaders.

use pontoon_core::*;

use crate::kit::*;

/// "Upon election: send initial empty AppendEntries RPCs (heartbeat) to each
/// server", at once. Figure 2, Leaders; §5.2
#[test]
fn leaders_announce_themselves_at_once() {
    let mut server = server().of(5).log("1:a").start();
    server.times_out();
    server.sent();
    server.hears(granted(2).by(2)).hears(granted(2).by(3));
    let sent = server.sent();
    assert_eq!(sent.iter().map(|out| out.envelope.to).collect::<Vec<_>>(), [2, 3, 4, 5]);
    for out in sent {
        match out.envelope.message {
            Message::AppendEntries(m) => assert_eq!((m.term, m.entries.len(), m.leader_commit), (2, 0, 0)),
            other => panic!("{other:?}"),
        }
    }
}

/// "Repeat during idle periods to prevent election timeouts": also to a server
/// that never answers, and within the shortest election timeout. Figure 2,
/// Leaders; §5.2
#[test]
fn leaders_repeat_to_the_silent() {
    let mut server = server().lead();
    for _ in 0..20 {
        server.sent();
        server.waits(299);
        assert!(!server.sent_to(3).is_empty());
    }
}

/// "If command received from client: append entry to local log, respond after
/// entry applied to state machine". Figure 2, Leaders; §5.3
#[test]
fn leaders_append_commands_and_apply_them_when_committed() {
    let mut server = server().log("1:a").lead();
    let proposal = server.raft.propose(server.now_ms, "b".into()).expect("it leads");
    assert_eq!(proposal, Proposal { index: 2, term: 2 });
    server.work();
    assert_eq!(server.applied(), "");
    server.is_acked_by(2).is_acked_by(2);
    assert_eq!(server.applied(), "a b");
}

/// Only the leader takes commands; others name it where they know it. §5.1, §8
#[test]
fn others_refuse_commands_and_name_the_leader() {
    let mut server = server().start();
    let propose = |server: &mut Server| server.raft.propose(server.now_ms, "x".into());
    assert_eq!(propose(&mut server), Err(NotLeader { leader: None }));
    server.follows(1);
    assert_eq!(propose(&mut server), Err(NotLeader { leader: Some(2) }));
    server.times_out();
    assert_eq!(propose(&mut server), Err(NotLeader { leader: None }));
    assert_eq!(server.raft.status().last_index, 0);
}

/// A leader that is cut off goes on leading, as it cannot know; but it takes no
/// commands that would wait in its log in vain. Thesis §6.2
#[test]
fn a_leader_that_hears_no_majority_refuses_commands() {
    let mut server = server().lead();
    server.waits(299).proposes("a");
    server.waits(1);
    let refusal = server.raft.propose(server.now_ms, "b".into());
    assert_eq!(refusal, Err(NotLeader { leader: None }));
    assert_eq!((server.role(), server.raft.status().last_index), (Role::Leader, 1));
    server.is_acked_by(3);
    assert_eq!(server.proposes("b").index, 2, "one of two others is enough");
}

/// "If last log index ≥ nextIndex for a follower: send AppendEntries RPC with
/// log entries starting at nextIndex". Figure 2, Leaders; §5.3
#[test]
fn leaders_send_entries_from_next_index() {
    let mut server = server().log("1:a").lead();
    server.is_acked_by(2).sent();
    server.proposes("b");
    let m = server.append_to(2);
    assert_eq!((m.prev_log_index, m.prev_log_term), (1, 1));
    assert_eq!(text(&m.entries), "2:b");
}

/// "If successful: update nextIndex and matchIndex for follower". Figure 2,
/// Leaders; §5.3
#[test]
fn success_moves_next_index() {
    let mut server = server().lead();
    server.is_acked_by(2);
    server.proposes("a");
    server.is_acked_by(2).sent();
    server.proposes("b");
    let m = server.append_to(2);
    assert_eq!((m.prev_log_index, text(&m.entries).as_str()), (1, "1:b"));
}

/// "If AppendEntries fails because of log inconsistency: decrement nextIndex and
/// retry". Figure 2, Leaders; §5.3
#[test]
fn a_conflict_moves_next_index_back_and_is_retried_at_once() {
    let mut server = server().log("1:a 1:b 1:c").lead();
    let probe = server.append_to(2);
    server.hears(conflict(2, probe.seq, 2, 1));
    let retry = server.append_to(2);
    assert_eq!((retry.prev_log_index, text(&retry.entries).as_str()), (2, "1:c"));
    server.hears(conflict(2, retry.seq, 0, 0));
    let retry = server.append_to(2);
    assert_eq!(
        (retry.prev_log_index, text(&retry.entries).as_str()),
        (0, "1:a 1:b 1:c")
    );
}

/// "If there exists an N such that N > commitIndex, a majority of
/// matchIndex[i] ≥ N, and log[N].term == currentTerm: set commitIndex = N". Figure 2, Leaders;
/// §5.3
#[test]
fn leaders_commit_what_a_majority_holds() {
    let mut server = server().of(5).lead();
    server.is_acked_by(2).is_acked_by(3).is_acked_by(4).is_acked_by(5);
    for command in ["a", "b", "c"] {
        server.proposes(command);
    }
    server.sent();
    server.hears(matched(1, 1, 3).by(2));
    assert_eq!(server.commit(), 0, "two of five");
    server.hears(matched(1, 1, 1).by(3));
    assert_eq!(server.commit(), 1);
    server.hears(matched(1, 1, 2).by(4));
    assert_eq!(server.commit(), 2);
    server.hears(matched(1, 1, 3).by(5));
    assert_eq!(server.commit(), 3);
}

/// "… and log[N].term == currentTerm": an entry of an older term is not
/// committed by counting, but with a later one. Figure 2, Leaders; §5.4.2;
/// Figure 8; rule 22
#[test]
fn leaders_commit_older_terms_only_along_with_their_own() {
    let mut server = server().log("1:a 1:b").lead();
    server.is_acked_by(2).is_acked_by(3);
    assert_eq!(server.commit(), 0, "all three hold it, and yet");
    server.proposes("c");
    server.is_acked_by(3);
    assert_eq!(server.commit(), 3);
    assert_eq!(server.applied(), "a b c");
}
