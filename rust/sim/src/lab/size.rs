//! What messages and logs take when encoded: an estimate of the C ABI's codec,
//! for the lab's limits on bytes.

use pontoon_core::{Appended, Entry, Envelope, Message, Payload};

/// An integer of variable length.
fn number(value: u64) -> usize {
    match value {
        0..=250 => 1,
        251..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// One entry.
pub(crate) fn entry(entry: &Entry) -> usize {
    let payload = match &entry.payload {
        Payload::Command(bytes) => number(bytes.len() as u64) + bytes.len(),
        Payload::Noop => 0,
    };
    number(entry.term) + 1 + payload
}

/// Term and vote, and what stands in front of a log.
pub(crate) const STATE_HEADER: usize = 32;

/// A message with its version, sender and receiver, as a `[]byte` in the
/// lab's own encoding.
pub(crate) fn message(envelope: &Envelope) -> usize {
    const WRAPPING: usize = 8;
    let body = match &envelope.message {
        Message::RequestVote(m) => number(m.last_log_index) + number(m.last_log_term),
        Message::RequestVoteReply(m) => number(m.request_term) + 1,
        Message::AppendEntries(m) => {
            let header = number(m.seq) + number(m.prev_log_index) + number(m.prev_log_term) + number(m.leader_commit);
            header + number(m.entries.len() as u64) + m.entries.iter().map(entry).sum::<usize>()
        }
        Message::AppendEntriesReply(m) => {
            let outcome = match m.outcome {
                Appended::Success { match_index } => number(match_index),
                Appended::Conflict { hint_index, hint_term } => number(hint_index) + number(hint_term),
                Appended::StaleTerm => 0,
            };
            number(m.request_term) + number(m.seq) + 1 + outcome
        }
        Message::InstallSnapshot(m) => {
            let place = number(m.last_included_index) + number(m.last_included_term) + number(m.offset);
            number(m.seq) + place + number(m.data.len() as u64) + m.data.len() + 1
        }
        Message::InstallSnapshotReply(m) => {
            number(m.request_term) + number(m.seq) + number(m.last_included_index) + number(m.next_offset) + 2
        }
    };
    WRAPPING + 4 + number(envelope.message.term()) + body
}
