//! Figure 2, *AppendEntries RPC*, receiver implementation.

use pontoon_core::*;

use crate::kit::*;

/// "1. Reply false if term < currentTerm". Figure 2, AppendEntries RPC; §5.1
#[test]
fn receiver_1_an_older_term_is_refused() {
    let mut server = server().term(3).start();
    server.hears(append(2).entries("1:a").commit(1));
    match &server.replies()[..] {
        [Message::AppendEntriesReply(m)] => {
            assert_eq!((m.term, m.request_term, m.seq), (3, 2, 100));
            assert_eq!(m.outcome, Appended::StaleTerm);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((server.log().as_str(), server.commit(), server.leader()), ("", 0, None));
}

/// "2. Reply false if log doesn't contain an entry at prevLogIndex": the log is
/// shorter. Figure 2, AppendEntries RPC; §5.3
#[test]
fn receiver_2_a_gap_is_refused() {
    let mut server = server().log("1:a").start();
    let outcome = server.hears(append(1).prev(2, 1).entries("1:c").commit(3)).outcome();
    assert_eq!(
        outcome,
        Appended::Conflict {
            hint_index: 1,
            hint_term: 1
        }
    );
    assert_eq!((server.log().as_str(), server.commit()), ("1:a", 0));
}

/// "2. … whose term matches prevLogTerm": the entry there is another.
/// Figure 2, AppendEntries RPC; §5.3
#[test]
fn receiver_2_another_term_at_prev_is_refused() {
    let mut server = server().log("1:a 2:b 2:c").start();
    let outcome = server.hears(append(4).prev(3, 3).entries("4:d").commit(4)).outcome();
    assert!(
        matches!(
            outcome,
            Appended::Conflict {
                hint_index: 3,
                hint_term: 2
            }
        ),
        "{outcome:?}"
    );
    let outcome = server.hears(append(4).prev(2, 1).entries("4:d").commit(3)).outcome();
    assert!(
        matches!(
            outcome,
            Appended::Conflict {
                hint_index: 1,
                hint_term: 1
            }
        ),
        "{outcome:?}"
    );
    assert_eq!((server.log().as_str(), server.commit()), ("1:a 2:b 2:c", 0));
}

/// "3. If an existing entry conflicts with a new one, delete the existing entry
/// and all that follow it". Figure 2, AppendEntries RPC; §5.3
#[test]
fn receiver_3_a_conflicting_entry_and_all_after_it_go() {
    let mut server = server().log("1:a 1:b 1:c 1:d").start();
    let outcome = server.hears(append(2).prev(1, 1).entries("1:b 2:x")).outcome();
    assert_eq!(outcome, Appended::Success { match_index: 3 });
    assert_eq!(server.log(), "1:a 1:b 2:x");
}

/// "3. … conflicts": what does not conflict stays, also when the message ends
/// before the log does. Figure 2, AppendEntries RPC; rule 23
#[test]
fn receiver_3_agreeing_entries_are_not_cut() {
    let mut server = server().log("1:a 1:b 1:c").start();
    server.hears(append(1).entries("1:a 1:b"));
    server.hears(append(1).prev(1, 1));
    server.hears(append(1));
    assert_eq!(server.log(), "1:a 1:b 1:c");
    assert_eq!(server.raft.status().last_index, 3);
}

/// "4. Append any new entries not already in the log". Figure 2, AppendEntries RPC
#[test]
fn receiver_4_only_new_entries_are_appended() {
    let mut server = server().log("1:a 1:b").start();
    server.receives(append(1).prev(1, 1).entries("1:b 1:c 1:d"));
    let work = server.takes();
    let delta = work.persist.as_ref().and_then(|persist| persist.log.clone());
    let delta = delta.expect("the log grew");
    assert_eq!((delta.from, text(&delta.entries).as_str()), (3, "1:c 1:d"));
    server.finish(work);
    assert_eq!(server.outcome(), Appended::Success { match_index: 4 });
    assert_eq!(server.log(), "1:a 1:b 1:c 1:d");
}

/// "4. … not already in the log": a repeated message changes nothing and is
/// answered the same. Figure 2, AppendEntries RPC; §5.5 "RPCs are idempotent"
#[test]
fn receiver_4_a_repeated_message_changes_nothing() {
    let mut server = server().start();
    let first = server.hears(append(1).entries("1:a 1:b")).outcome();
    let before = server.persisted().clone();
    let second = server.hears(append(1).entries("1:a 1:b")).outcome();
    assert_eq!(first, second);
    assert_eq!(server.persisted(), &before);
}

/// "5. If leaderCommit > commitIndex, set commitIndex = leaderCommit".
/// Figure 2, AppendEntries RPC
#[test]
fn receiver_5_the_commit_index_follows_the_leaders() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b 1:c").commit(2));
    assert_eq!(server.commit(), 2);
    assert_eq!(server.applied(), "a b");
}

/// "5. … min(leaderCommit, index of last new entry)": what stands after the
/// verified part may be another leader's. Figure 2, AppendEntries RPC; rule 24
#[test]
fn receiver_5_only_the_verified_part_is_committed() {
    let mut server = server().log("1:a 1:x 1:y").start();
    server.hears(append(2).prev(1, 1).commit(3));
    assert_eq!(server.commit(), 1);
    server.hears(append(2).prev(1, 1).entries("2:b").commit(3));
    assert_eq!((server.commit(), server.applied().as_str()), (2, "a b"));
}

/// Success says how far this message made the logs agree, not how long the
/// follower's log is. Figure 2, AppendEntries RPC; §5.3; rule 25
#[test]
fn success_reports_what_the_message_covered() {
    let mut server = server().log("1:a 1:x 1:y").start();
    let outcome = server.hears(append(2).prev(1, 1)).outcome();
    assert_eq!(outcome, Appended::Success { match_index: 1 });
    let outcome = server.hears(append(2)).outcome();
    assert_eq!(outcome, Appended::Success { match_index: 0 });
}

/// Entries up to the commit index agree with every later leader's: a message
/// from before it is a success that says so. §5.4.3, Leader Completeness
#[test]
fn an_outdated_message_reports_the_commit_index() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b 1:c").commit(2)).replies();
    let outcome = server.hears(append(1).entries("1:a").commit(0)).outcome();
    assert_eq!(outcome, Appended::Success { match_index: 2 });
    assert_eq!((server.log().as_str(), server.commit()), ("1:a 1:b 1:c", 2));
}

/// The reply carries currentTerm "for leader to update itself", and the number
/// of the request. Figure 2, AppendEntries RPC, Results
#[test]
fn the_reply_carries_the_new_term_and_the_requests_number() {
    let mut server = server().start();
    server.hears(append(4).seq(17));
    match &server.replies()[..] {
        [Message::AppendEntriesReply(m)] => assert_eq!((m.term, m.request_term, m.seq), (4, 4, 17)),
        other => panic!("{other:?}"),
    }
}
