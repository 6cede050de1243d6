//! Figure 2, *Rules for Servers*: all servers, followers, candidates.

use pontoon_core::*;

use crate::kit::*;

/// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied]
/// to state machine". Figure 2, All Servers; §5.3
#[test]
fn all_servers_apply_what_is_committed() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b"));
    assert_eq!(server.applied(), "");
    server.hears(append(1).prev(2, 1).commit(1));
    assert_eq!(server.applied(), "a");
    server.hears(append(1).prev(2, 1).commit(2));
    assert_eq!(server.applied(), "a b");
}

/// "If RPC request or response contains term T > currentTerm: set currentTerm =
/// T, convert to follower", in every role and for every message. Figure 2, All
/// Servers; §5.1; rule 13
#[test]
fn all_servers_follow_a_higher_term() {
    let follower = || server().log("1:a").term(2).start();
    let candidate = || {
        let mut server = follower();
        server.times_out();
        assert_eq!(server.role(), Role::Candidate);
        server
    };
    let leader = || server().log("1:a").term(2).lead();
    for make in [&follower as &dyn Fn() -> Server, &candidate, &leader] {
        let says: [fn(&mut Server) -> &mut Server; 6] = [
            |s| s.hears(ask(9)),
            |s| s.hears(refused(9).answering(2)),
            |s| s.hears(append(9)),
            |s| s.hears(stale(9, 1).answering(2)),
            |s| s.hears(install(9, 5, 9, "snapshot").piece(3)),
            |s| s.hears(holds(9, 1, 5, 0).answering(2)),
        ];
        for say in says {
            let mut server = make();
            say(&mut server);
            assert_eq!((server.term(), server.role()), (9, Role::Follower));
            assert_eq!(
                server.persisted_vote(),
                (9, None),
                "the new term is on disk, the old vote void"
            );
        }
    }
}

/// A reply that is not about this server's present candidacy or leadership still
/// tells it of a higher term. Figure 2, All Servers; rule 13
#[test]
fn a_late_reply_still_deposes() {
    let mut server = server().term(4).lead();
    server.hears(granted(8).answering(1));
    assert_eq!((server.term(), server.role()), (8, Role::Follower));
}

/// "Respond to RPCs from candidates and leaders": each request is answered
/// exactly once, with its own ticket. Figure 2, Followers; §5.2
#[test]
fn followers_respond_to_every_request_once() {
    let mut server = server().start();
    let tickets = [
        server.receives(ask(1)),
        server.receives(append(1).by(3)),
        server.receives(append(1).by(3).prev(7, 1)),
        server.receives(install(1, 4, 1, "s").by(3)),
        server.receives(ask(1)),
    ];
    server.work();
    let sent = server.sent();
    assert!(sent.iter().all(|out| !out.envelope.message.is_request()));
    assert_eq!(sent.iter().map(|out| out.ticket).collect::<Vec<_>>(), tickets);
    assert_eq!(
        sent.iter().map(|out| out.envelope.to).collect::<Vec<_>>(),
        [2, 3, 3, 3, 2]
    );
}

/// "Followers are passive: they issue no requests on their own". §5.1
#[test]
fn followers_are_passive() {
    let mut server = server().log("1:a").start();
    server
        .hears(append(1).prev(1, 1).commit(1))
        .hears(append(1).prev(1, 1).entries("1:b"))
        .sent();
    server.waits(299);
    assert!(server.sent().is_empty() && !server.raft.has_work());
}

/// "If election timeout elapses without receiving AppendEntries RPC from current
/// leader or granting vote to candidate: convert to candidate". Figure 2,
/// Followers; §5.2
#[test]
fn followers_stand_for_election_after_a_silent_timeout() {
    let mut server = server().start();
    let deadline_ms = server.raft.deadline_ms();
    server.raft.tick(deadline_ms - 1);
    assert_eq!(server.role(), Role::Follower);
    server.raft.tick(deadline_ms);
    assert_eq!(server.role(), Role::Candidate);
}

/// "A server remains in follower state as long as it receives valid RPCs from a
/// leader or candidate": hearing the leader, and granting a vote, start the
/// timeout anew. §5.2; rule 14
#[test]
fn followers_stay_while_they_hear_a_leader_or_grant_a_vote() {
    let mut server = server().log("1:a").start();
    let says: [fn(&mut Server) -> &mut Server; 4] = [
        |s| s.hears(append(1).prev(1, 1)),
        |s| s.hears(append(1).prev(9, 1)),
        |s| s.hears(install(1, 7, 1, "snap").piece(0)),
        |s| s.hears(ask(2).log(1, 1)),
    ];
    for say in says {
        server.now_ms = server.raft.deadline_ms() - 1;
        say(&mut server);
        assert!(server.raft.deadline_ms() >= server.now_ms + 300);
    }
    assert_eq!((server.term(), server.role()), (2, Role::Follower));
}

/// What does not come from the current leader, nor is granted, leaves the
/// timeout alone. §5.2; rule 14
#[test]
fn nothing_else_resets_the_election_timeout() {
    let mut server = server().log("1:a").term(3).start();
    let deadline_ms = server.raft.deadline_ms();
    let says: [fn(&mut Server) -> &mut Server; 7] = [
        |s| s.hears(append(2).prev(1, 1)),
        |s| s.hears(install(2, 7, 1, "snapshot")),
        |s| s.hears(ask(2).log(9, 2)),
        |s| s.hears(ask(3)),
        |s| s.hears(ask(4)),
        |s| s.hears(refused(5).answering(1)),
        |s| s.hears(stale(6, 1).answering(1)),
    ];
    for say in says {
        server.now_ms += 10;
        say(&mut server);
        assert_eq!(server.raft.deadline_ms(), deadline_ms);
    }
}

/// "On conversion to candidate, start election: increment currentTerm, vote for
/// self, reset election timer, send RequestVote RPCs to all other servers".
/// Figure 2, Candidates; §5.2
#[test]
fn candidates_start_an_election() {
    let mut server = server().of(5).log("1:a 2:b").start();
    let at_ms = server.raft.deadline_ms();
    server.times_out();
    assert_eq!(
        (server.term(), server.role(), server.leader()),
        (3, Role::Candidate, None)
    );
    assert_eq!(server.persisted_vote(), (3, Some(1)));
    assert!((at_ms + 300..at_ms + 600).contains(&server.raft.deadline_ms()));
    let sent = server.sent();
    assert_eq!(sent.iter().map(|out| out.envelope.to).collect::<Vec<_>>(), [2, 3, 4, 5]);
    for out in sent {
        let request = RequestVote {
            term: 3,
            last_log_index: 2,
            last_log_term: 2,
        };
        assert_eq!(out.envelope.message, Message::RequestVote(request));
    }
}

/// The vote for itself is on disk before a candidate asks for others'.
/// Figure 2, Candidates and Persistent state
#[test]
fn candidates_write_their_own_vote_before_they_ask() {
    let mut server = server().start();
    server.raft.tick(server.raft.deadline_ms());
    let work = server.takes();
    assert!(work.send_early.is_empty());
    assert_eq!(
        work.persist.expect("the vote").hard_state,
        HardState {
            term: 1,
            voted_for: Some(1)
        }
    );
    assert_eq!(work.send.len(), 2);
}

/// "If votes received from majority of servers: become leader". Figure 2,
/// Candidates; §5.2
#[test]
fn candidates_lead_with_a_majority_of_votes() {
    let mut server = server().of(5).start();
    server.times_out().hears(granted(1).by(2));
    assert_eq!(server.role(), Role::Candidate);
    server.hears(granted(1).by(2));
    assert_eq!(server.role(), Role::Candidate, "one server has one vote");
    server.hears(refused(1).by(4)).hears(granted(1).by(5));
    assert_eq!((server.role(), server.leader()), (Role::Leader, Some(1)));
}

/// With an even number of servers half the votes are no majority. §5.2
#[test]
fn half_of_the_votes_is_no_majority() {
    let mut server = server().of(4).start();
    server.times_out().hears(granted(1).by(2));
    assert_eq!(server.role(), Role::Candidate);
    server.hears(granted(1).by(3));
    assert_eq!(server.role(), Role::Leader);
}

/// "If AppendEntries RPC received from new leader: convert to follower", its own
/// vote in the term kept. Figure 2, Candidates; §5.2; rules 2 and 13
#[test]
fn candidates_follow_a_leader_of_their_term() {
    let mut server = server().start();
    server.times_out().sent();
    assert_eq!(server.hears(append(1)).outcome(), Appended::Success { match_index: 0 });
    assert_eq!(
        (server.role(), server.leader(), server.term()),
        (Role::Follower, Some(2), 1)
    );
    assert!(
        !server.hears(ask(1).by(3).log(5, 1)).grants(),
        "it voted for itself in this term"
    );
    assert_eq!(server.persisted_vote(), (1, Some(1)));
}

/// A leader's InstallSnapshot says just as well that it leads. §5.2, Figure 13
#[test]
fn candidates_follow_a_leader_that_sends_a_snapshot() {
    let mut server = server().start();
    server.times_out().hears(install(1, 5, 1, "s"));
    assert_eq!((server.role(), server.leader()), (Role::Follower, Some(2)));
}

/// "If the term in the RPC is smaller than the candidate's current term, then
/// the candidate rejects the RPC and continues in candidate state". §5.2
#[test]
fn candidates_refuse_a_leader_of_an_older_term() {
    let mut server = server().term(1).start();
    server.times_out().sent();
    assert_eq!(server.hears(append(1)).outcome(), Appended::StaleTerm);
    assert_eq!((server.role(), server.term()), (Role::Candidate, 2));
}

/// "If election timeout elapses: start new election", of a new term and with a
/// new timeout. Figure 2, Candidates; §5.2
#[test]
fn candidates_start_anew_when_the_vote_was_split() {
    let mut server = server().start();
    server.times_out().hears(refused(1).by(2)).hears(refused(1).by(3));
    assert_eq!(server.role(), Role::Candidate);
    server.sent();
    server.times_out();
    assert_eq!((server.role(), server.term()), (Role::Candidate, 2));
    assert_eq!(server.persisted_vote(), (2, Some(1)));
    assert_eq!(server.sent().len(), 2);
}

/// Votes of an earlier candidacy do not count in this one. §5.2; rule 12
#[test]
fn candidates_count_only_votes_of_this_term() {
    let mut server = server().start();
    server.times_out().times_out();
    server
        .hears(granted(2).answering(1).by(2))
        .hears(granted(2).answering(1).by(3));
    assert_eq!((server.role(), server.term()), (Role::Candidate, 2));
    server.hears(granted(2).by(3));
    assert_eq!(server.role(), Role::Leader);
}
