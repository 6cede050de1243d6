//! Figure 2, *RequestVote RPC*, receiver implementation, and §5.4.1.

use pontoon_core::*;

use crate::kit::*;

/// "1. Reply false if term < currentTerm". Figure 2, RequestVote RPC; §5.1
#[test]
fn receiver_1_an_older_term_gets_no_vote() {
    let mut server = server().term(3).start();
    server.hears(ask(2).log(9, 2));
    match &server.replies()[..] {
        [Message::RequestVoteReply(m)] => assert_eq!((m.term, m.request_term, m.granted), (3, 2, false)),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.persisted_vote(), (3, None));
}

/// "2. If votedFor is null …, grant vote". Figure 2, RequestVote RPC; §5.2
#[test]
fn receiver_2_the_first_to_ask_gets_the_vote() {
    let mut server = server().start();
    assert!(server.hears(ask(1).by(3)).grants());
    assert_eq!(server.persisted_vote(), (1, Some(3)));
}

/// "2. If votedFor is … candidateId": whoever has the vote gets it again, as the
/// reply may have been lost. Figure 2, RequestVote RPC; §5.5
#[test]
fn receiver_2_a_repeated_request_gets_the_vote_again() {
    let mut server = server().start();
    assert!(server.hears(ask(1)).grants());
    assert!(server.hears(ask(1)).grants());
    server.restart();
    assert!(server.hears(ask(1)).grants());
}

/// "Each server will vote for at most one candidate in a given term, on a
/// first-come-first-served basis". §5.2
#[test]
fn receiver_2_a_second_candidate_of_the_term_gets_none() {
    let mut server = server().start();
    assert!(server.hears(ask(1)).grants());
    assert!(!server.hears(ask(1).by(3)).grants());
    server.restart();
    assert!(!server.hears(ask(1).by(3)).grants());
    assert_eq!(server.persisted_vote(), (1, Some(2)));
}

/// A vote binds for its term only. Figure 2, RequestVote RPC; §5.2
#[test]
fn a_new_term_is_a_new_vote() {
    let mut server = server().start();
    assert!(server.hears(ask(1)).grants());
    assert!(server.hears(ask(2).by(3)).grants());
    assert_eq!(server.persisted_vote(), (2, Some(3)));
}

/// "2. … candidate's log is at least as up-to-date as receiver's log": "the log
/// with the later term is more up-to-date", however short. §5.4.1; rule 11
#[test]
fn receiver_2_the_later_last_term_wins() {
    let mut server = server().log("1:a 2:b 2:c").start();
    assert!(!server.hears(ask(3).log(9, 1)).grants(), "longer, but of an older term");
    assert_eq!(server.persisted_vote(), (3, None));
    assert!(server.hears(ask(4).log(1, 3)).grants(), "shorter, but of a later term");
}

/// "If the logs end with the same term, then whichever log is longer is more
/// up-to-date". §5.4.1
#[test]
fn receiver_2_the_longer_log_of_the_same_term_wins() {
    let mut server = server().log("1:a 2:b 2:c").start();
    assert!(!server.hears(ask(3).log(2, 2)).grants());
    assert!(server.hears(ask(3).log(3, 2)).grants(), "as long is enough");
    assert!(server.hears(ask(4).log(4, 2)).grants());
}

/// The log's end may lie in the snapshot. §5.4.1, §7; rule 35
#[test]
fn receiver_2_compares_with_the_snapshot_when_the_log_is_empty() {
    let mut server = server().snapshot(5, 2, "s").start();
    assert!(!server.hears(ask(3).log(4, 2)).grants());
    assert!(!server.hears(ask(3).log(9, 1)).grants());
    assert!(server.hears(ask(3).log(5, 2)).grants());
}

/// Seeing a higher term is not granting it: a candidate that is refused for its
/// log leaves the vote free for a better one. §5.2, §5.4.1; rule 2
#[test]
fn a_refused_candidate_does_not_use_up_the_vote() {
    let mut server = server().log("1:a").start();
    assert!(!server.hears(ask(5)).grants());
    assert_eq!(server.persisted_vote(), (5, None));
    assert!(server.hears(ask(5).by(3).log(1, 1)).grants());
    assert_eq!(server.persisted_vote(), (5, Some(3)));
}

/// The vote looks at the whole log, not at what is committed or durable: it is
/// compared before it can be acknowledged. §5.4.1
#[test]
fn entries_not_yet_written_count_for_the_vote() {
    let mut server = server().start();
    server.receives(append(1).entries("1:a"));
    server.receives(ask(2).by(3));
    server.work();
    let replies = server.replies();
    assert!(
        matches!(&replies[1], Message::RequestVoteReply(m) if !m.granted),
        "{replies:?}"
    );
}
