//! Crashes at every point of a batch, and writes that overlap with new input:
//! rules 1 to 6.

use pontoon_core::*;

use crate::kit::*;

/// Rule 1: term and vote are one write, made before the reply leaves. A crash
/// before it loses both and the vote was never given; a crash after it loses
/// neither.
#[test]
fn rule_1_term_and_vote_are_written_together() {
    let mut server = server().start();
    server.receives(ask(4));
    let work = server.takes();
    let persist = work.persist.clone().expect("a vote to write");
    assert_eq!(
        persist.hard_state,
        HardState {
            term: 4,
            voted_for: Some(2)
        }
    );
    server.restart(); // before the write: as if nobody had asked
    assert!(server.hears(ask(4).by(3)).grants());
    server.restart();
    server.disk.write(&persist);
    server.restart(); // after it: the vote is given, whether or not the reply left
    assert!(!server.hears(ask(4).by(3)).grants());
}

/// Rule 1: a term that was merely seen is written too.
#[test]
fn rule_1_a_new_term_alone_is_written() {
    let mut server = server().term(1).voted(3).start();
    server.hears(append(6));
    assert_eq!(server.persisted_vote(), (6, None));
    server.restart();
    assert_eq!(server.hears(append(5).by(3)).outcome(), Appended::StaleTerm);
}

/// Rule 2: stepping down within a term keeps the vote of that term, in a
/// candidate and after a restart.
#[test]
fn rule_2_stepping_down_in_the_same_term_keeps_the_vote() {
    let mut server = server().start();
    server.times_out().follows(1);
    assert_eq!(server.persisted_vote(), (1, Some(1)));
    server.restart();
    server.follows(1);
    assert!(!server.hears(ask(1).by(3).log(9, 1)).grants());
}

/// Rule 2: seeing a higher vote is not granting it.
#[test]
fn rule_2_a_refused_higher_vote_is_recorded_as_none() {
    let mut server = server().log("1:a").voted(2).start();
    assert!(!server.hears(ask(7).by(3)).grants());
    assert_eq!(server.persisted_vote(), (7, None));
}

/// Rule 3: an acknowledgement leaves after its entries and any earlier term
/// change are durable, in one batch and in order.
#[test]
fn rule_3_the_acknowledgement_waits_for_term_and_entries() {
    let mut server = server().start();
    server.receives(ask(2).by(3));
    server.receives(append(3).entries("3:a"));
    let work = server.takes();
    let persist = work.persist.clone().expect("much to write");
    assert_eq!(
        persist.hard_state,
        HardState {
            term: 3,
            voted_for: None
        }
    );
    assert_eq!(text(&persist.log.expect("an entry").entries), "3:a");
    assert!(work.send_early.is_empty());
    assert_eq!(work.send.len(), 2);
}

/// Rule 3: input that comes while a batch is being written waits for the next,
/// so that no reply overtakes the write that it depends on.
#[test]
fn rule_3_replies_never_overtake_an_outstanding_write() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a"));
    let first = server.takes();
    server.receives(append(1).prev(1, 1));
    assert!(!server.raft.has_work());
    assert_eq!(server.raft.take_work(server.now_ms), None);
    server.finish(first);
    assert!(server.raft.has_work());
}

/// Rule 4: the end of a write says nothing about entries that replaced the
/// written ones meanwhile (ABA).
#[test]
fn rule_4_an_overwritten_entry_does_not_make_the_new_one_durable() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a 1:b 1:c"));
    let first = server.takes();
    server.receives(append(2).by(3).prev(1, 1).entries("2:x 2:y").commit(3));
    assert_eq!(server.raft.status().stable_index, 0);
    server.finish(first);
    assert_eq!(
        server.raft.status().stable_index,
        1,
        "index 2 and 3 are written, but as other entries"
    );
    server.apply();
    assert_eq!(server.applied(), "a", "committed, yet a crash would bring b back");
    server.work();
    assert_eq!(
        (server.raft.status().stable_index, server.applied().as_str()),
        (3, "a x y")
    );
    assert_eq!(server.log(), "1:a 2:x 2:y");
}

/// Rule 4: the same when the log is cut and grows again to an entry equal to the
/// first: A, B, A.
#[test]
fn rule_4_the_same_entry_again_is_a_new_write() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a 1:b"));
    let first = server.takes();
    server.receives(append(2).by(3).entries("2:x"));
    server.receives(append(3).entries("3:a 3:b"));
    server.finish(first);
    assert_eq!(server.raft.status().stable_index, 0);
    server.work();
    assert_eq!(
        (server.raft.status().stable_index, server.log().as_str()),
        (2, "3:a 3:b")
    );
}

/// Rule 5: a leader sends entries while it writes them, but counts itself only
/// when its own write is durable. Thesis §10.2.1
#[test]
fn rule_5_the_leader_counts_itself_after_its_write() {
    let mut server = server().lead();
    server.is_acked_by(2).sent();
    server.raft.propose(server.now_ms, "a".into()).expect("it leads");
    let work = server.takes();
    let Message::AppendEntries(early) = &work.send_early[0].envelope.message else {
        panic!("{work:?}")
    };
    assert_eq!(text(&early.entries), "1:a");
    server.receives(matched(1, early.seq, 1));
    assert_eq!(server.commit(), 0, "one durable copy of three");
    server.finish(work);
    assert_eq!(server.commit(), 1);
}

/// Rule 5: a majority of others commits without the leader's own disk; yet its
/// state machine waits for that disk (rule 6).
#[test]
fn rule_5_a_majority_of_others_commits() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3).sent();
    server.raft.propose(server.now_ms, "a".into()).expect("it leads");
    let work = server.takes();
    let seq = |at: usize| work.send_early[at].ticket;
    server.receives(matched(1, seq(0), 1));
    server.receives(matched(1, seq(1), 1).by(3));
    assert_eq!(server.commit(), 1);
    assert!(!server.raft.has_apply());
    server.finish(work);
    server.apply();
    assert_eq!(server.applied(), "a");
}

/// Rule 6: what the state machine has seen, a restart can bring back: committed
/// entries are delivered when they are durable here, not before.
#[test]
fn rule_6_delivery_does_not_run_ahead_of_the_disk() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a").commit(1));
    let work = server.takes();
    assert_eq!((server.commit(), server.raft.has_apply()), (1, false));
    server.finish(work);
    assert!(server.raft.has_apply());
}

/// A leader that crashes before its own write loses the entry that it had sent
/// already; it cannot lead that term again, so nobody takes another for it. §5.2
#[test]
fn an_entry_sent_early_and_lost_is_no_contradiction() {
    let mut server = server().lead();
    server.is_acked_by(2).sent();
    server.raft.propose(server.now_ms, "a".into()).expect("it leads");
    let work = server.takes();
    assert_eq!(work.send_early.len(), 1);
    server.restart();
    assert_eq!((server.log().as_str(), server.persisted_vote()), ("", (1, Some(1))));
    server.is_elected();
    assert_eq!(server.term(), 2);
}

/// `work_done` without a batch is an error of the host: it panics.
#[test]
#[should_panic(expected = "work_done without take_work")]
fn work_done_without_work_panics() {
    server().start().raft.work_done(0);
}
