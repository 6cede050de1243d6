//! Messages and writes as lines of a transcript.

use pontoon_core::*;

/// `AppendEntries t2 prev 3@1 [4@2 "x"] commit 3`
pub fn message(message: &Message) -> String {
    let term = message.term();
    let body = match message {
        Message::RequestVote(m) => format!("last {}@{}", m.last_log_index, m.last_log_term),
        Message::RequestVoteReply(m) => {
            let verdict = if m.granted { "granted" } else { "refused" };
            verdict.to_string() + &of_term(term, m.request_term)
        }
        Message::AppendEntries(m) => {
            let entries = entries(m.prev_log_index + 1, &m.entries);
            format!(
                "prev {}@{} [{entries}] commit {}",
                m.prev_log_index, m.prev_log_term, m.leader_commit
            )
        }
        Message::AppendEntriesReply(m) => {
            let outcome = match m.outcome {
                Appended::Success { match_index } => format!("matches {match_index}"),
                Appended::Conflict { hint_index, hint_term } => format!("conflict, at most {hint_index}@{hint_term}"),
                Appended::StaleTerm => "stale".to_string(),
            };
            outcome + &of_term(term, m.request_term)
        }
        Message::InstallSnapshot(m) => {
            let end = if m.done { "end" } else { "more" };
            let (index, at) = (m.last_included_index, m.last_included_term);
            format!("{index}@{at} from {} {:?} {end}", m.offset, m.data)
        }
        Message::InstallSnapshotReply(m) => {
            let held = match m.installed {
                Some(index) => format!("agrees up to {index}"),
                None => format!("holds {} bytes of snapshot {}", m.next_offset, m.last_included_index),
            };
            held + &of_term(term, m.request_term)
        }
    };
    format!("{} t{term} {body}", kind(message))
}

/// The name of a message.
pub fn kind(message: &Message) -> &'static str {
    match message {
        Message::RequestVote(_) => "RequestVote",
        Message::RequestVoteReply(_) => "RequestVoteReply",
        Message::AppendEntries(_) => "AppendEntries",
        Message::AppendEntriesReply(_) => "AppendEntriesReply",
        Message::InstallSnapshot(_) => "InstallSnapshot",
        Message::InstallSnapshotReply(_) => "InstallSnapshotReply",
    }
}

/// Said of a reply only where it matters: it answers a request of another term.
fn of_term(term: Term, request_term: Term) -> String {
    match term == request_term {
        true => String::new(),
        false => format!(" (to t{request_term})"),
    }
}

/// `4@2 "x" 5@2 "y"`
pub fn entries(first: Index, entries: &[Entry]) -> String {
    let word = |(index, entry): (Index, &Entry)| match &entry.payload {
        Payload::Noop => format!("{index}@{} no-op", entry.term),
        Payload::Command(command) => format!("{index}@{} {command:?}", entry.term),
    };
    (first..).zip(entries).map(word).collect::<Vec<_>>().join(" ")
}

/// `t2 vote 1, snapshot 3@1 "abc", log from 4: 4@2 "x"`
pub fn persist(persist: &Persist) -> String {
    let mut text = hard_state(persist.hard_state);
    if let Some(snapshot) = &persist.snapshot {
        text += &format!(", snapshot {}@{} {:?}", snapshot.index, snapshot.term, snapshot.data);
    }
    match &persist.log {
        Some(log) if log.entries.is_empty() => text += &format!(", log cut from {}", log.from),
        Some(log) => text += &format!(", log from {}: {}", log.from, entries(log.from, &log.entries)),
        None => {}
    }
    text
}

/// `t2 vote 1`
pub fn hard_state(state: HardState) -> String {
    match state.voted_for {
        Some(candidate) => format!("t{} vote {candidate}", state.term),
        None => format!("t{} no vote", state.term),
    }
}

/// What a state machine was given: `4 "x", 5 "y"`.
pub fn apply(apply: &Apply) -> String {
    match apply {
        Apply::Snapshot(snapshot) => format!("snapshot {} {:?}", snapshot.index, snapshot.data),
        Apply::Entries {
            first_index,
            entries: list,
        } => entries(*first_index, list),
    }
}
