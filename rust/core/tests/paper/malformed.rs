//! Messages, configurations and restored states that no correct server makes:
//! refused with a reason, and nothing changes.

use pontoon_core::*;

use crate::kit::*;

const HUGE: u64 = 1 << 62;

/// Tries a message in every role; it must be refused, and nothing may change.
fn refused_by_all<M: IntoMessage + Clone>(said: Said<M>, expected: ReceiveError) {
    let follower = server().log("1:a 2:b").start();
    let mut candidate = server().log("1:a 2:b").start();
    candidate.times_out();
    let leader = server().log("1:a 2:b").lead();
    for mut server in [follower, candidate, leader] {
        refused_by(&mut server, said.clone(), expected);
    }
}

fn refused_by<M: IntoMessage>(server: &mut Server, said: Said<M>, expected: ReceiveError) {
    let before = (server.raft.status(), server.raft.has_work(), server.raft.deadline_ms());
    server.now_ms += 1;
    assert_eq!(server.tries(said), Err(expected));
    server.now_ms -= 1;
    assert_eq!(
        (server.raft.status(), server.raft.has_work(), server.raft.deadline_ms()),
        before
    );
    assert_eq!(server.raft.take_work(server.now_ms), None);
    assert!(!expected.to_string().is_empty());
}

fn malformed<M: IntoMessage + Clone>(said: Said<M>, why: &'static str) {
    refused_by_all(said, ReceiveError::Malformed(why));
}

/// A message for another server.
#[test]
fn a_message_for_another_server_is_refused() {
    let mut server = server().start();
    let before = server.raft.status();
    let envelope = Envelope {
        from: 2,
        to: 3,
        message: append(9).message.into_message(),
    };
    assert_eq!(
        server.raft.receive(1000, 1, envelope),
        Err(ReceiveError::WrongReceiver { to: 3 })
    );
    assert_eq!((server.raft.status(), server.raft.has_work()), (before, false));
}

/// A sender that is no other voter: a stranger, or this server itself.
#[test]
fn a_message_of_a_stranger_is_refused() {
    refused_by_all(ask(9).by(4), ReceiveError::UnknownSender { from: 4 });
    refused_by_all(append(9).by(1), ReceiveError::UnknownSender { from: 1 });
}

/// Terms begin at 1 and stay far from the end of the numbers.
#[test]
fn a_term_out_of_range_is_refused() {
    malformed(ask(0), "term out of range");
    malformed(append(HUGE), "term out of range");
    malformed(refused(u64::MAX), "term out of range");
}

/// The highest term that is accepted leads to none that a restart refuses.
#[test]
fn the_last_term_is_never_left() {
    let mut server = server().log("1:a 2:b").start();
    server.hears(append(HUGE - 1));
    for _ in 0..3 {
        server.waits(10_000).work();
        assert_eq!((server.term(), server.role()), (HUGE - 1, Role::Follower));
    }
    server.restart();
    assert_eq!(server.term(), HUGE - 1);
}

/// A log position has an index and a term, or neither, and no future term.
#[test]
fn a_position_that_contradicts_itself_is_refused() {
    let half = "a position has an index without a term, or a term without an index";
    malformed(ask(9).log(3, 0), half);
    malformed(ask(9).log(0, 3), half);
    malformed(append(9).prev(3, 0), half);
    malformed(install(9, 3, 0, "s"), half);
    malformed(ask(9).log(3, 10), "an entry of a future term");
    malformed(append(9).prev(3, 10), "an entry of a future term");
    malformed(install(9, 3, 10, "s"), "an entry of a future term");
    malformed(ask(9).log(HUGE, 3), "index out of range");
    malformed(append(9).prev(HUGE, 3), "index out of range");
    malformed(install(9, HUGE, 3, "s"), "index out of range");
}

/// Entries' terms never fall and never exceed their leader's (§5.3, Log Matching).
#[test]
fn entries_with_impossible_terms_are_refused() {
    malformed(append(9).entries("3:a 2:b"), "the entries' terms fall");
    malformed(append(9).prev(4, 4).entries("3:a"), "the entries' terms fall");
    malformed(append(9).entries("0:a"), "the entries' terms fall");
    malformed(append(9).entries("3:a 10:b"), "an entry of a future term");
    malformed(append(9).commit(HUGE), "commit index out of range");
}

/// A snapshot covers something, and does not exceed what a server will hold.
#[test]
fn an_impossible_snapshot_is_refused() {
    malformed(install(9, 0, 0, ""), "snapshot of nothing");
    malformed(install(9, 5, 3, "s").piece(1 << 32), "snapshot too large");
    malformed(install(9, 5, 3, "s").piece(u64::MAX), "snapshot too large");
}

/// Nobody answers a request that was not made yet.
#[test]
fn a_reply_to_a_future_request_is_refused() {
    let why = "answers a request of a term that was not ours yet";
    malformed(granted(9), why);
    malformed(matched(9, 1, 1), why);
    malformed(holds(9, 1, 5, 0), why);
    malformed(refused(1).answering(2), why);
}

/// Nobody can hold what its leader never had.
#[test]
fn an_acknowledgement_beyond_the_log_is_refused() {
    let mut leader = server().log("1:a 2:b").lead();
    leader.sent();
    let why = ReceiveError::Malformed("acknowledges entries that we do not have");
    refused_by(&mut leader, matched(3, 1, 3), why);
    refused_by(&mut leader, installed(3, 1, 3), why);
    refused_by(&mut leader, matched(3, 1, u64::MAX), why);
}

/// Nobody holds more of a snapshot than there is.
#[test]
fn an_offset_beyond_the_snapshot_is_refused() {
    let mut leader = server().lead();
    leader.is_acked_by(2);
    leader.proposes("a");
    leader.is_acked_by(2).snapshots(1, "abc").sent();
    leader.is_acked_by(3);
    let piece = leader.piece_to(3);
    let why = ReceiveError::Malformed("asks for what is beyond the snapshot");
    refused_by(&mut leader, holds(1, piece.seq, 1, 4).by(3), why);
}

/// Why a configuration is refused, or nothing.
fn config_error(change: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::lab(1, vec![1, 2, 3], 7);
    change(&mut config);
    Raft::new(config, Restored::default(), 0)
        .err()
        .map_or(String::new(), |error| error.to_string())
}

/// A configuration that cannot work is refused with the reason.
#[test]
fn an_impossible_configuration_is_refused() {
    assert_eq!(config_error(|_| {}), "");
    assert!(config_error(|c| c.voters.clear()).contains("voters is empty"));
    assert!(config_error(|c| c.voters.push(2)).contains("server 2 twice"));
    assert!(config_error(|c| c.id = 9).contains("does not name this server, 9"));
    assert!(config_error(|c| c.heartbeat_interval_ms = 0).contains("heartbeat_interval_ms is 0"));
    assert!(config_error(|c| c.election_timeout_ms_min = 150).contains("must exceed heartbeat_interval_ms"));
    assert!(config_error(|c| c.election_timeout_ms_max = 300).contains("must exceed election_timeout_ms_min"));
    assert!(config_error(|c| c.election_timeout_ms_max = u64::MAX).contains("nanoseconds"));
    assert!(config_error(|c| c.max_inflight = 0).contains("at least 1"));
    assert!(config_error(|c| c.max_append_bytes = 0).contains("at least 1"));
    assert!(config_error(|c| c.snapshot_chunk_bytes = 0).contains("at least 1"));
}

/// Why a restored state is refused, or nothing.
fn restore_error(term: Term, voted_for: Option<NodeId>, snapshot: Option<(Index, Term)>, log: &str) -> String {
    let restored = Restored {
        hard_state: HardState { term, voted_for },
        snapshot: snapshot.map(|(index, term)| Snapshot {
            index,
            term,
            data: "s".into(),
        }),
        entries: entries(log),
    };
    let raft = Raft::new(Config::lab(1, vec![1, 2, 3], 7), restored, 0);
    raft.err().map_or(String::new(), |error| error.to_string())
}

/// Storage that gives back what no server wrote is refused with the reason.
#[test]
fn a_corrupt_restored_state_is_refused() {
    assert_eq!(restore_error(3, Some(2), Some((4, 2)), "2:a 3:b"), "");
    assert!(restore_error(HUGE, None, None, "").contains("term is out of range"));
    assert!(restore_error(3, Some(4), None, "").contains("voted for server 4"));
    assert!(restore_error(3, None, Some((0, 0)), "").contains("snapshot of nothing"));
    assert!(restore_error(3, None, Some((4, 0)), "").contains("snapshot: a position"));
    assert!(restore_error(3, None, Some((4, 4)), "").contains("future term"));
    assert!(restore_error(3, None, Some((4, 2)), "1:a").contains("terms fall"));
    assert!(restore_error(3, None, None, "2:a 1:b").contains("terms fall"));
    assert!(restore_error(3, None, None, "4:a").contains("future term"));
}
