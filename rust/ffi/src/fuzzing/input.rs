//! Decisions and values, read from a fuzzer's bytes.

use arbitrary::Unstructured;
use pontoon_core::*;

/// Numbers at which something changes.
const EDGES: [u64; 8] = [
    (1 << 62) - 1,
    1 << 62,
    (1 << 62) + 1,
    u64::MAX,
    u64::MAX - 1,
    1 << 32,
    u32::MAX as u64,
    1 << 63,
];

/// A fuzzer's bytes. At their end all decisions are the first and all numbers 0.
pub(crate) struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(Unstructured::new(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or(0)
    }

    /// One of `count` choices, at most 256.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 1
    }

    /// Mostly small, sometimes of any magnitude or at an edge.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=199 => u64::from(small % 32),
            edge @ 200..=215 => EDGES[usize::from(edge) % EDGES.len()],
            _ => {
                let shift = self.below(64);
                self.0.arbitrary::<u64>().unwrap_or(0) >> shift
            }
        }
    }

    pub(crate) fn bytes(&mut self, max: usize) -> &'a [u8] {
        let len = self.below(max + 1).min(self.0.len());
        self.0.bytes(len).unwrap_or(&[])
    }

    pub(crate) fn entry(&mut self) -> Entry {
        Entry {
            term: self.number(),
            payload: match self.below(4) {
                1 => Payload::Noop,
                _ => Payload::Command(self.bytes(40).into()),
            },
        }
    }

    /// A message between servers of whose numbers `server` decides.
    pub(crate) fn envelope(&mut self, server: impl Fn(&mut Self) -> NodeId) -> Envelope {
        let (term, request_term, seq, index) = (self.number(), self.number(), self.number(), self.number());
        let message = match self.below(6) {
            0 => Message::RequestVote(RequestVote {
                term,
                last_log_index: index,
                last_log_term: self.number(),
            }),
            1 => Message::RequestVoteReply(RequestVoteReply {
                term,
                request_term,
                granted: self.one_in(2),
            }),
            2 => Message::AppendEntries(AppendEntries {
                term,
                seq,
                prev_log_index: index,
                prev_log_term: self.number(),
                entries: (0..self.below(5)).map(|_| self.entry()).collect(),
                leader_commit: self.number(),
            }),
            3 => Message::AppendEntriesReply(AppendEntriesReply {
                term,
                request_term,
                seq,
                outcome: match self.below(3) {
                    0 => Appended::Success { match_index: index },
                    1 => Appended::Conflict {
                        hint_index: index,
                        hint_term: self.number(),
                    },
                    _ => Appended::StaleTerm,
                },
            }),
            4 => Message::InstallSnapshot(InstallSnapshot {
                term,
                seq,
                last_included_index: index,
                last_included_term: self.number(),
                offset: self.number(),
                data: self.bytes(60).into(),
                done: self.one_in(2),
            }),
            _ => Message::InstallSnapshotReply(InstallSnapshotReply {
                term,
                request_term,
                seq,
                last_included_index: index,
                next_offset: self.number(),
                installed: self.one_in(2).then_some(index),
            }),
        };
        Envelope {
            from: server(self),
            to: server(self),
            message,
        }
    }

    /// Changes up to three bytes, or the length.
    pub(crate) fn tamper(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            let at = usize::from(self.byte()) << 8 | usize::from(self.byte());
            match self.below(4) {
                0 => bytes.truncate(at % (bytes.len() + 1)),
                1 => bytes.insert(at % (bytes.len() + 1), self.byte()),
                _ if bytes.is_empty() => {}
                _ => {
                    let at = at % bytes.len();
                    bytes[at] = self.byte();
                }
            }
        }
    }
}
