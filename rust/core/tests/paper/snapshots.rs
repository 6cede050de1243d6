//! §7 beyond Figure 13: taking snapshots and sending them.

use pontoon_core::*;

use crate::kit::*;

/// A leader of term 2 with `committed` entries, on itself and server 2, all applied.
fn leader_with(committed: &[&str]) -> Server {
    let mut server = server().tune(|c| c.snapshot_chunk_bytes = 4).term(1).lead();
    server.is_acked_by(2);
    for command in committed {
        server.proposes(command);
        server.is_acked_by(2);
    }
    server.sent();
    server
}

/// "Each server takes snapshots independently, covering just the committed
/// entries in its log", a follower too. §7
#[test]
fn any_server_takes_snapshots_of_what_it_applied() {
    let mut server = server().start();
    server.hears(append(1).entries("1:a 1:b 1:c").commit(2));
    server.snapshots(2, "ab");
    assert_eq!(server.log(), "1:c");
    assert_eq!(
        server.persisted().snapshot,
        Some(Snapshot {
            index: 2,
            term: 1,
            data: "ab".into()
        })
    );
}

/// What was not applied yet, or is in a snapshot already, cannot be snapshotted,
/// and nothing changes. §7; rule 34
#[test]
fn a_snapshot_out_of_range_is_refused() {
    let mut server = server().start();
    server
        .hears(append(1).entries("1:a 1:b 1:c").commit(2))
        .snapshots(1, "a");
    let before = (server.raft.status(), server.persisted().clone());
    for index in [0, 1, 3, 4] {
        let error = server.raft.snapshot(server.now_ms, index, "x".into());
        assert_eq!(
            error,
            Err(SnapshotError::OutOfRange {
                snapshot_index: 1,
                delivered_index: 2
            })
        );
        assert!(!server.raft.has_work());
    }
    assert_eq!((server.raft.status(), server.persisted().clone()), before);
}

/// "The last included index … and last included term" are "preserved to support
/// the AppendEntries consistency check for the first log entry following the
/// snapshot", and found again with it after a restart. §7; rule 35
#[test]
fn the_entry_before_the_log_is_known_from_the_snapshot() {
    let mut server = server().start();
    server
        .hears(append(2).entries("1:a 2:b").commit(2))
        .snapshots(2, "ab")
        .sent();
    assert!(!server.hears(ask(3).by(3).log(9, 1)).grants(), "the log ends in term 2");
    server.restart();
    assert_eq!(server.commit(), 2, "a snapshot holds only what is committed");
    let outcome = server.hears(append(3).prev(2, 2).entries("2:c").commit(3)).outcome();
    assert_eq!(outcome, Appended::Success { match_index: 3 });
    assert_eq!(server.applied(), "c");
}

/// "The leader must occasionally send snapshots to followers that lag behind":
/// "when the leader has already discarded the next log entry that it needs to
/// send". §7
#[test]
fn a_follower_behind_the_log_is_sent_the_snapshot() {
    let mut server = leader_with(&["a", "b", "c"]);
    server.snapshots(2, "ab").sent();
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    assert_eq!((piece.last_included_index, piece.last_included_term), (2, 2));
    assert_eq!((piece.offset, piece.data, piece.done), (0, "ab".into(), true));
}

/// A snapshot larger than a piece goes piece after piece, each when the one
/// before was answered; then entries follow. Figure 13; §7
#[test]
fn a_large_snapshot_goes_in_pieces() {
    let mut server = leader_with(&["a", "b", "c"]);
    server.snapshots(2, "0123456789");
    server.is_acked_by(3);
    for (offset, data, done) in [(0, "0123", false), (4, "4567", false), (8, "89", true)] {
        let piece = server.piece_to(3);
        assert_eq!((piece.offset, piece.data, piece.done), (offset, data.into(), done));
        let reply = match done {
            true => installed(2, piece.seq, 2),
            false => holds(2, piece.seq, 2, offset + 4),
        };
        server.hears(reply.by(3));
    }
    let m = server.append_to(3);
    assert_eq!(
        (m.prev_log_index, m.prev_log_term, text(&m.entries).as_str()),
        (2, 2, "2:c")
    );
}

/// An unanswered piece is sent again; the follower's answer says where to go on. §7
#[test]
fn a_lost_piece_is_repeated() {
    let mut server = leader_with(&["a", "b"]);
    server.snapshots(2, "0123456789");
    server.is_acked_by(3).sent();
    server.waits(3 * 150);
    let pieces = server
        .sent_to(3)
        .into_iter()
        .filter(|m| matches!(m, Message::InstallSnapshot(_)));
    let Some(Message::InstallSnapshot(again)) = pieces.last() else {
        panic!("no piece in three heartbeats")
    };
    assert_eq!(again.offset, 0);
    server.hears(holds(2, again.seq, 2, 8).by(3));
    assert_eq!(server.piece_to(3).offset, 8);
}

/// A host that knows of the loss need not wait. §7
#[test]
fn a_piece_known_to_be_lost_is_repeated_at_once() {
    let mut server = leader_with(&["a", "b"]);
    server.snapshots(2, "0123456789");
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    server.raft.undelivered(server.now_ms, 3, piece.seq);
    server.work();
    assert_eq!(server.piece_to(3).offset, 0);
}

/// The leader keeps the entries that follow a snapshot under way, or the
/// follower would be behind the log again when it arrives. §7; rule 37
#[test]
fn the_log_after_a_snapshot_under_way_is_kept() {
    let mut server = leader_with(&["a", "b", "c", "d"]);
    server.snapshots(2, "ab").sent();
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    server.snapshots(4, "abcd");
    server.hears(installed(2, piece.seq, 2).by(3));
    let m = server.append_to(3);
    assert_eq!((m.prev_log_index, text(&m.entries).as_str()), (2, "2:c 2:d"));
}

/// A transfer stays the same snapshot until it has arrived, though newer ones
/// are taken meanwhile. §7; rule 36
#[test]
fn a_transfer_goes_on_with_its_own_snapshot() {
    let mut server = leader_with(&["a", "b", "c"]);
    server.snapshots(2, "01234567");
    server.is_acked_by(3);
    let piece = server.piece_to(3);
    server.snapshots(3, "new");
    server.hears(holds(2, piece.seq, 2, 4).by(3));
    let piece = server.piece_to(3);
    assert_eq!(
        (piece.last_included_index, piece.offset, piece.data),
        (2, 4, "4567".into())
    );
}
