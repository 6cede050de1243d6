//! What a message says, for those who watch the network.

use pontoon_core::{Appended, Envelope, Message};

use crate::abi::*;

pub(crate) fn describe(envelope: &Envelope) -> PontoonMessageInfo {
    let mut info = PontoonMessageInfo {
        struct_size: 0,
        from: envelope.from,
        to: envelope.to,
        kind: kind(&envelope.message),
        is_reply: (!envelope.message.is_request()).into(),
        term: envelope.message.term(),
        index: 0,
        log_term: 0,
        entries_len: 0,
        entries_term: 0,
        commit_index: 0,
        ok: 0,
        reserved: 0,
    };
    match &envelope.message {
        Message::RequestVote(m) => (info.index, info.log_term) = (m.last_log_index, m.last_log_term),
        Message::RequestVoteReply(m) => info.ok = m.granted.into(),
        Message::AppendEntries(m) => {
            (info.index, info.log_term) = (m.prev_log_index, m.prev_log_term);
            info.entries_len = m.entries.len() as u64;
            info.entries_term = m.entries.last().map_or(0, |entry| entry.term);
            info.commit_index = m.leader_commit;
        }
        Message::AppendEntriesReply(m) => match m.outcome {
            Appended::Success { match_index } => (info.index, info.ok) = (match_index, 1),
            Appended::Conflict { hint_index, hint_term } => (info.index, info.log_term) = (hint_index, hint_term),
            Appended::StaleTerm => {}
        },
        Message::InstallSnapshot(m) => (info.index, info.log_term) = (m.last_included_index, m.last_included_term),
        Message::InstallSnapshotReply(m) => {
            info.index = m.installed.unwrap_or(m.last_included_index);
            info.ok = m.installed.is_some().into();
        }
    }
    info
}

fn kind(message: &Message) -> u32 {
    match message {
        Message::RequestVote(_) | Message::RequestVoteReply(_) => PONTOON_MESSAGE_REQUEST_VOTE,
        Message::AppendEntries(_) | Message::AppendEntriesReply(_) => PONTOON_MESSAGE_APPEND_ENTRIES,
        Message::InstallSnapshot(_) | Message::InstallSnapshotReply(_) => PONTOON_MESSAGE_INSTALL_SNAPSHOT,
    }
}
