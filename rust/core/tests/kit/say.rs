//! Messages, written as one would say them: `append(2).prev(3, 1).entries("2:x 2:y")`.

use pontoon_core::*;

/// A message and who says it.
#[derive(Clone, Debug)]
pub struct Said<M> {
    pub from: NodeId,
    pub message: M,
}

impl<M> Said<M> {
    pub fn by(mut self, from: NodeId) -> Self {
        self.from = from;
        self
    }
}

/// Server 2 says it, unless told otherwise.
fn said<M>(message: M) -> Said<M> {
    Said { from: 2, message }
}

/// Whatever can be wrapped into a [`Message`].
pub trait IntoMessage {
    fn into_message(self) -> Message;
}

macro_rules! into_message {
    ($($name:ident)*) => {
        $(impl IntoMessage for $name {
            fn into_message(self) -> Message {
                Message::$name(self)
            }
        })*
    };
}

into_message!(RequestVote RequestVoteReply AppendEntries AppendEntriesReply InstallSnapshot InstallSnapshotReply);

/// Reads entries written `term:command`, with `-` for a no-op: `"1:a 2:-"`.
pub fn entries(text: &str) -> Vec<Entry> {
    let entry = |word: &str| {
        let (term, command) = word.split_once(':').expect("an entry is written term:command");
        let term = term.parse().expect("a term is a number");
        let payload = match command {
            "-" => Payload::Noop,
            _ => Payload::Command(command.into()),
        };
        Entry { term, payload }
    };
    text.split_whitespace().map(entry).collect()
}

/// Writes entries the way [`entries`] reads them.
pub fn text(entries: &[Entry]) -> String {
    let word = |entry: &Entry| match &entry.payload {
        Payload::Noop => format!("{}:-", entry.term),
        Payload::Command(bytes) => format!("{}:{}", entry.term, bytes.escape_ascii()),
    };
    entries.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// An AppendEntries of `term`: a heartbeat at the start of the log.
pub fn append(term: Term) -> Said<AppendEntries> {
    said(AppendEntries {
        term,
        seq: 100,
        prev_log_index: 0,
        prev_log_term: 0,
        entries: Vec::new(),
        leader_commit: 0,
    })
}

impl Said<AppendEntries> {
    pub fn seq(mut self, seq: u64) -> Self {
        self.message.seq = seq;
        self
    }

    pub fn prev(mut self, index: Index, term: Term) -> Self {
        (self.message.prev_log_index, self.message.prev_log_term) = (index, term);
        self
    }

    pub fn entries(mut self, text: &str) -> Self {
        self.message.entries = entries(text);
        self
    }

    pub fn commit(mut self, leader_commit: Index) -> Self {
        self.message.leader_commit = leader_commit;
        self
    }
}

/// A RequestVote of `term` with an empty log.
pub fn ask(term: Term) -> Said<RequestVote> {
    said(RequestVote {
        term,
        last_log_index: 0,
        last_log_term: 0,
    })
}

impl Said<RequestVote> {
    /// The candidate's log ends here.
    pub fn log(mut self, last_index: Index, last_term: Term) -> Self {
        (self.message.last_log_index, self.message.last_log_term) = (last_index, last_term);
        self
    }
}

/// A vote given in `term`.
pub fn granted(term: Term) -> Said<RequestVoteReply> {
    said(RequestVoteReply {
        term,
        request_term: term,
        granted: true,
    })
}

/// A vote refused in `term`.
pub fn refused(term: Term) -> Said<RequestVoteReply> {
    let mut said = granted(term);
    said.message.granted = false;
    said
}

impl Said<RequestVoteReply> {
    /// The term of the request, where it is not the voter's.
    pub fn answering(mut self, term: Term) -> Self {
        self.message.request_term = term;
        self
    }
}

/// The follower's log matches up to `match_index`.
pub fn matched(term: Term, seq: u64, match_index: Index) -> Said<AppendEntriesReply> {
    answered(term, seq, Appended::Success { match_index })
}

/// The follower has nothing that agrees above `hint_index`.
pub fn conflict(term: Term, seq: u64, hint_index: Index, hint_term: Term) -> Said<AppendEntriesReply> {
    answered(term, seq, Appended::Conflict { hint_index, hint_term })
}

/// The follower is in `term` already.
pub fn stale(term: Term, seq: u64) -> Said<AppendEntriesReply> {
    answered(term, seq, Appended::StaleTerm)
}

fn answered(term: Term, seq: u64, outcome: Appended) -> Said<AppendEntriesReply> {
    said(AppendEntriesReply {
        term,
        request_term: term,
        seq,
        outcome,
    })
}

impl Said<AppendEntriesReply> {
    /// The term of the request, where it is not the follower's.
    pub fn answering(mut self, term: Term) -> Self {
        self.message.request_term = term;
        self
    }
}

/// The only piece of a snapshot up to `index`, whose entry is of term `at`.
pub fn install(term: Term, index: Index, at: Term, data: &str) -> Said<InstallSnapshot> {
    said(InstallSnapshot {
        term,
        seq: 200,
        last_included_index: index,
        last_included_term: at,
        offset: 0,
        data: data.into(),
        done: true,
    })
}

impl Said<InstallSnapshot> {
    /// This piece begins here and is not the last.
    pub fn piece(mut self, offset: u64) -> Self {
        (self.message.offset, self.message.done) = (offset, false);
        self
    }

    /// This piece begins here and is the last.
    pub fn last_piece(mut self, offset: u64) -> Self {
        (self.message.offset, self.message.done) = (offset, true);
        self
    }
}

/// The follower holds `next_offset` bytes of the snapshot up to `index`.
pub fn holds(term: Term, seq: u64, index: Index, next_offset: u64) -> Said<InstallSnapshotReply> {
    said(InstallSnapshotReply {
        term,
        request_term: term,
        seq,
        last_included_index: index,
        next_offset,
        installed: None,
    })
}

impl Said<InstallSnapshotReply> {
    /// The term of the request, where it is not the follower's.
    pub fn answering(mut self, term: Term) -> Self {
        self.message.request_term = term;
        self
    }
}

/// The follower agrees with the leader up to `index`.
pub fn installed(term: Term, seq: u64, index: Index) -> Said<InstallSnapshotReply> {
    let mut said = holds(term, seq, index, 0);
    said.message.installed = Some(index);
    said
}
