//! Figure 13, *InstallSnapshot RPC*, receiver implementation.

use pontoon_core::*;

use crate::kit::*;

/// "1. Reply immediately if term < currentTerm". Figure 13
#[test]
fn receiver_1_an_older_term_is_refused() {
    let mut server = server().term(3).start();
    server.hears(install(2, 5, 2, "s"));
    match &server.replies()[..] {
        [Message::InstallSnapshotReply(m)] => {
            assert_eq!((m.term, m.request_term, m.seq, m.last_included_index), (3, 2, 200, 5));
            assert_eq!((m.next_offset, m.installed), (0, None));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.persisted().snapshot, None);
}

/// "2. Create new snapshot file if first chunk (offset is 0)": a later piece
/// never opens one. Figure 13; rule 36
#[test]
fn receiver_2_only_the_first_piece_opens_a_transfer() {
    let mut server = server().start();
    assert_eq!(
        server.hears(install(1, 5, 1, "cd").last_piece(2)).install_reply(),
        (0, None)
    );
    assert_eq!(server.hears(install(1, 5, 1, "ab").piece(0)).install_reply(), (2, None));
    assert_eq!(
        server.hears(install(1, 5, 1, "cd").last_piece(2)).install_reply(),
        (0, Some(5))
    );
}

/// "3. Write data into snapshot file at given offset": a repeated piece and one
/// out of order change nothing; the reply says where to go on. Figure 13
#[test]
fn receiver_3_pieces_go_where_they_belong() {
    let mut server = server().start();
    assert_eq!(server.hears(install(1, 5, 1, "ab").piece(0)).install_reply(), (2, None));
    assert_eq!(
        server.hears(install(1, 5, 1, "ef").last_piece(4)).install_reply(),
        (2, None)
    );
    assert_eq!(server.hears(install(1, 5, 1, "ab").piece(0)).install_reply(), (2, None));
    assert_eq!(server.hears(install(1, 5, 1, "cd").piece(2)).install_reply(), (4, None));
    assert_eq!(
        server.hears(install(1, 5, 1, "ef").last_piece(4)).install_reply(),
        (0, Some(5))
    );
    let snapshot = Snapshot {
        index: 5,
        term: 1,
        data: "abcdef".into(),
    };
    assert_eq!(server.persisted().snapshot, Some(snapshot));
}

/// "4. Reply and wait for more data chunks if done is false": nothing is
/// installed by half. Figure 13
#[test]
fn receiver_4_nothing_happens_before_the_last_piece() {
    let mut server = server().log("1:a").start();
    server.hears(install(1, 5, 1, "ab").piece(0));
    assert_eq!(
        (server.commit(), server.log().as_str(), server.applied().as_str()),
        (0, "1:a", "")
    );
    assert_eq!(server.persisted().snapshot, None);
}

/// "5. Save snapshot file, discard any existing or partial snapshot with a
/// smaller index": the new one is on disk before the reply leaves. Figure 13
#[test]
fn receiver_5_the_snapshot_is_saved_before_the_reply() {
    let mut server = server().snapshot(3, 1, "old").start();
    server.receives(install(2, 5, 2, "new"));
    let work = server.takes();
    let persist = work.persist.as_ref().expect("the snapshot is to be written");
    let expected = Snapshot {
        index: 5,
        term: 2,
        data: "new".into(),
    };
    assert_eq!(persist.snapshot, Some(expected.clone()));
    assert_eq!((work.send_early.len(), work.send.len()), (0, 1));
    assert!(
        !server.raft.has_apply(),
        "the state machine does not run ahead of the disk"
    );
    server.finish(work);
    assert_eq!(server.persisted().snapshot, Some(expected));
}

/// "5. … discard any … partial snapshot": of two transfers the newer is kept.
/// Figure 13
#[test]
fn receiver_5_a_new_transfer_replaces_a_partial_one() {
    let mut server = server().start();
    server.hears(install(1, 5, 1, "ab").piece(0)).replies();
    assert_eq!(server.hears(install(1, 7, 1, "xy").piece(0)).install_reply(), (2, None));
    assert_eq!(
        server.hears(install(1, 7, 1, "z").last_piece(2)).install_reply(),
        (0, Some(7))
    );
    assert_eq!(
        server.persisted().snapshot.as_ref().map(|s| s.data.to_vec()),
        Some(b"xyz".to_vec())
    );
}

/// A new term's leader has a snapshot of its own: pieces of two are never mixed.
/// Figure 13
#[test]
fn receiver_5_a_new_term_begins_its_transfer_anew() {
    let mut server = server().start();
    server.hears(install(1, 5, 1, "ab").piece(0)).replies();
    assert_eq!(
        server.hears(install(2, 5, 1, "yz").by(3).last_piece(2)).install_reply(),
        (0, None)
    );
    assert_eq!(server.persisted().snapshot, None);
}

/// "6. If existing log entry has same index and term as snapshot's last included
/// entry, retain log entries following it and reply". Figure 13; rule 33
#[test]
fn receiver_6_a_matching_log_is_kept() {
    let mut server = server().log("1:a 1:b 1:c").start();
    assert_eq!(server.hears(install(1, 2, 1, "ab")).install_reply(), (0, Some(2)));
    assert_eq!((server.commit(), server.log().as_str()), (2, "1:a 1:b 1:c"));
    assert_eq!(server.applied(), "a b", "what the snapshot holds is committed");
}

/// "7. Discard the entire log": an entry of another term at that index makes all
/// that follows worthless too. Figure 13; rule 33
#[test]
fn receiver_7_a_conflicting_log_is_discarded_whole() {
    let mut server = server().log("1:a 1:x 1:y 1:z").start();
    assert_eq!(server.hears(install(2, 2, 2, "ab")).install_reply(), (0, Some(2)));
    assert_eq!(server.log(), "");
    let status = server.raft.status();
    assert_eq!((status.last_index, status.last_term, status.snapshot_index), (2, 2, 2));
    server.restart();
    assert_eq!((server.raft.status().last_index, server.commit()), (2, 2));
}

/// "7. Discard the entire log": one that ends before the snapshot does. Figure 13
#[test]
fn receiver_7_a_shorter_log_is_discarded() {
    let mut server = server().log("1:a").start();
    server.hears(install(1, 4, 1, "abcd"));
    assert_eq!((server.log().as_str(), server.raft.status().last_index), ("", 4));
    let outcome = {
        server.sent();
        server.hears(append(1).prev(4, 1).entries("1:e").commit(5)).outcome()
    };
    assert_eq!(outcome, Appended::Success { match_index: 5 });
    assert_eq!(server.applied(), "s4 e");
}

/// "8. Reset state machine using snapshot contents". Figure 13
#[test]
fn receiver_8_the_state_machine_is_reset() {
    let mut server = server().start();
    server
        .hears(append(1).entries("1:a").commit(1))
        .hears(install(1, 3, 1, "abc"));
    let snapshot = Snapshot {
        index: 3,
        term: 1,
        data: "abc".into(),
    };
    assert_eq!(server.applied.last(), Some(&Apply::Snapshot(snapshot)));
    assert_eq!(server.applied(), "a s3");
    assert_eq!(server.raft.status().delivered_index, 3);
}

/// A snapshot at or behind the commit index says nothing new, and never moves
/// the state machine back. Figure 13; §7; rule 34
#[test]
fn an_old_snapshot_is_ignored() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b 1:c").commit(3)).replies();
    assert_eq!(server.hears(install(1, 2, 1, "ab")).install_reply(), (0, Some(3)));
    assert_eq!(server.hears(install(1, 3, 1, "abc")).install_reply(), (0, Some(3)));
    assert_eq!(
        (server.applied().as_str(), server.log().as_str()),
        ("a b c", "1:a 1:b 1:c")
    );
    assert_eq!(server.persisted().snapshot, None);
}

/// Of two snapshots in a row the state machine sees the newer, once it is
/// durable. §7; rule 34
#[test]
fn a_snapshot_overtaken_by_a_newer_one_is_never_applied() {
    let mut server = server().start();
    server.receives(install(1, 3, 1, "abc"));
    let work = server.takes();
    server.receives(install(1, 6, 1, "abcdef"));
    server.finish(work);
    assert_eq!(server.raft.next_apply(9), None, "the newer one is not durable yet");
    server.work();
    assert_eq!(server.applied(), "s6");
}
