//! §5.1 and §5.2 beyond Figure 2: terms, timeouts, split votes.

use std::collections::BTreeSet;

use pontoon_core::*;

use crate::kit::*;

/// "When servers start up, they begin as followers", also one that led. §5.2
#[test]
fn servers_start_as_followers() {
    let mut server = server().log("1:a").lead();
    server.restart();
    assert_eq!(
        (server.role(), server.leader(), server.term()),
        (Role::Follower, None, 2)
    );
    assert!(!server.raft.has_work());
}

/// "Leaders send periodic heartbeats … to all followers in order to maintain
/// their authority". §5.2
#[test]
fn leaders_send_heartbeats_while_idle() {
    let mut server = server().lead();
    server.is_acked_by(2).is_acked_by(3).sent();
    let (start_ms, mut at_ms) = (server.now_ms, Vec::new());
    while at_ms.len() < 3 {
        server.waits(1);
        let sent = server.sent();
        if !sent.is_empty() {
            assert_eq!(sent.iter().map(|out| out.envelope.to).collect::<Vec<_>>(), [2, 3]);
            at_ms.push(server.now_ms - start_ms);
        }
    }
    assert_eq!(at_ms, [150, 300, 450]);
}

/// "Election timeouts are chosen randomly from a fixed interval", afresh "at the
/// start of each election". §5.2
#[test]
fn election_timeouts_are_random_in_the_interval() {
    let mut server = server().start();
    let mut timeouts = BTreeSet::new();
    for _ in 0..100 {
        let timeout_ms = server.raft.deadline_ms() - server.now_ms;
        assert!((300..600).contains(&timeout_ms), "{timeout_ms}");
        timeouts.insert(timeout_ms);
        server.times_out();
    }
    assert!(timeouts.len() > 50, "only {} different timeouts", timeouts.len());
    assert!(
        timeouts.first() < Some(&330) && timeouts.last() > Some(&570),
        "{timeouts:?}"
    );
}

/// Servers of one cluster time out at different moments even when they share a
/// seed, so that "in most cases only a single server will time out". §5.2
#[test]
fn servers_draw_different_timeouts() {
    let deadline = |id| {
        let raft = Raft::new(Config::lab(id, vec![1, 2, 3], 7), Restored::default(), 0);
        raft.expect("a valid configuration").deadline_ms()
    };
    assert!(deadline(1) != deadline(2) && deadline(2) != deadline(3));
}

/// "Current terms are exchanged whenever servers communicate": each message
/// carries its sender's. §5.1
#[test]
fn every_message_carries_the_senders_term() {
    let mut server = server().term(6).start();
    server.hears(ask(5)).hears(append(5)).hears(install(5, 4, 1, "s"));
    server.times_out().hears(granted(7));
    server.proposes("a");
    let terms: Vec<Term> = server.sent().iter().map(|out| out.envelope.message.term()).collect();
    assert_eq!(terms[..3], [6, 6, 6]);
    assert!(terms[3..].iter().all(|term| *term == 7), "{terms:?}");
}

/// "If a server receives a request with a stale term number, it rejects the
/// request", whatever it asks for. §5.1
#[test]
fn requests_of_a_stale_term_are_rejected() {
    let mut server = server().term(6).start();
    server
        .hears(ask(5).log(9, 5))
        .hears(append(5).entries("5:a").commit(1))
        .hears(install(5, 4, 1, "s"));
    let replies = server.replies();
    assert!(matches!(&replies[0], Message::RequestVoteReply(m) if !m.granted && m.term == 6));
    assert!(matches!(&replies[1], Message::AppendEntriesReply(m) if m.outcome == Appended::StaleTerm));
    assert!(matches!(&replies[2], Message::InstallSnapshotReply(m) if m.installed.is_none() && m.term == 6));
    assert_eq!(
        server.persisted(),
        &Restored {
            hard_state: server.persisted().hard_state,
            ..Restored::default()
        }
    );
    assert_eq!((server.term(), server.leader()), (6, None));
}

/// A leader has voted for itself: it grants no vote in its term. §5.2
#[test]
fn leaders_grant_no_vote_in_their_own_term() {
    let mut server = server().lead();
    server.sent();
    assert!(!server.hears(ask(1).log(9, 1)).grants());
    assert_eq!(server.role(), Role::Leader);
}

/// "Servers retry RPCs if they do not receive a response in a timely manner": a
/// candidate whose request is known to be lost asks again, at most three times,
/// and only while it matters. §5.1, §5.5
#[test]
fn candidates_repeat_a_lost_request() {
    let mut server = server().start();
    server.times_out();
    let mut lost = server.sent().remove(0);
    assert_eq!(lost.envelope.to, 2);
    for _ in 0..3 {
        server.raft.undelivered(server.now_ms, 2, lost.ticket);
        server.work();
        let again = server.sent().remove(0);
        assert_eq!(again.envelope, lost.envelope);
        assert_ne!(again.ticket, lost.ticket);
        server.raft.undelivered(server.now_ms, 2, lost.ticket);
        assert!(!server.raft.has_work(), "the repeated request is still under way");
        lost = again;
    }
    server.raft.undelivered(server.now_ms, 2, lost.ticket);
    assert!(!server.raft.has_work(), "a dead peer is not flooded");
}

/// A request that was answered needs no repetition. §5.1
#[test]
fn candidates_do_not_repeat_an_answered_request() {
    let mut server = server().of(5).start();
    server.times_out();
    let request = server.sent().remove(0);
    server.hears(refused(1));
    server.raft.undelivered(server.now_ms, 2, request.ticket);
    assert!(!server.raft.has_work());
}

/// A tick that comes late tells of a starved host, where the leader's messages
/// may wait behind it: it is forgiven once, for half a heartbeat interval. §5.2
#[test]
fn a_late_tick_is_forgiven_once() {
    let mut server = server().start();
    server.now_ms = server.raft.deadline_ms() + 1000;
    server.raft.tick(server.now_ms);
    assert_eq!(server.role(), Role::Follower);
    assert_eq!(server.raft.deadline_ms(), server.now_ms + 75);
    server.now_ms += 1000;
    server.raft.tick(server.now_ms);
    assert_eq!(server.role(), Role::Candidate);
}

/// A leader that steps down waits a whole new timeout before it stands again. §5.2
#[test]
fn a_deposed_leader_waits_a_new_timeout() {
    let mut server = server().lead();
    server.waits(5000).hears(ask(2));
    assert_eq!(server.role(), Role::Follower);
    assert!(server.raft.deadline_ms() >= server.now_ms + 300);
}

/// A single server is its own majority: it elects itself, and commits by its own
/// write alone. §5.2, §5.3; rules 5 and 16
#[test]
fn a_lone_server_elects_itself_and_commits() {
    let mut server = server().of(1).start();
    server.times_out();
    assert_eq!((server.role(), server.term()), (Role::Leader, 1));
    server.raft.propose(server.now_ms, "a".into()).expect("it leads");
    let work = server.takes();
    assert_eq!(server.commit(), 0, "not written yet");
    server.finish(work);
    assert_eq!(server.commit(), 1);
    server.apply();
    assert_eq!(server.applied(), "a");
    assert!(
        server.raft.deadline_ms() > server.now_ms + 1_000_000,
        "nobody waits for a heartbeat"
    );
}

/// Its vote for itself counts when it is durable, as everybody's: a crash before
/// that must not let it lead the same term twice. §5.2; rule 1
#[test]
fn a_lone_server_leads_once_its_vote_is_durable() {
    let mut server = server().of(1).start();
    server.raft.tick(server.raft.deadline_ms());
    let work = server.takes();
    assert_eq!(server.role(), Role::Candidate);
    server.finish(work);
    assert_eq!(server.role(), Role::Leader);
}

/// A restarted follower that nobody talks to does not wait for ever. §5.2; rule 16
#[test]
fn a_restarted_server_stands_for_election() {
    let mut server = server().log("1:a").voted(3).start();
    server.restart();
    server.times_out();
    assert_eq!((server.role(), server.term()), (Role::Candidate, 2));
}
