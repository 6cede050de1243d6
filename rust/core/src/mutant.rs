//! Deliberate bugs, one per rule that matters, so that a test that cannot fail
//! is found out. Without the feature `mutants` every check is the constant
//! `false` and the compiler removes it.

macro_rules! mutants {
    ($($variant:ident = $name:literal, $what:literal;)*) => {
        /// The bugs that can be put back.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Mutant { $(#[doc = $what] $variant,)* }

        /// Name and meaning of every mutant.
        pub const ALL: &[(&str, &str)] = &[$(($name, $what),)*];

        #[cfg(feature = "mutants")]
        const VARIANTS: &[Mutant] = &[$(Mutant::$variant,)*];
    };
}

mutants! {
    CommitOldTerm = "commit-old-term", "rule 22: commits an entry of an older term by counting replicas";
    TimerOnAnyMessage = "timer-on-any-message", "rule 14: every message resets the election timer";
    TruncateOnOutdated = "truncate-on-outdated", "rule 23: an outdated, shorter AppendEntries cuts the log";
    VoteNotPersisted = "vote-not-persisted", "rule 1: the vote is not written before the reply leaves";
    TermNotPersisted = "term-not-persisted", "rule 1: a new term is not written";
    LogNotPersisted = "log-not-persisted", "rule 3: entries are acknowledged before they are durable";
    VoteForAnyLog = "vote-for-any-log", "§5.4.1: the vote ignores how up to date the candidate is";
    VoteByLengthOnly = "vote-by-length-only", "rule 11: logs are compared by index alone";
    VoteTwice = "vote-twice", "§5.2: a server votes for every candidate of a term";
    CountStaleVote = "count-stale-vote", "rule 12: a vote of an older term counts";
    CommitWithoutQuorum = "commit-without-quorum", "rule 27: the quorum index is one server short";
    CommitOwnLastIndex = "commit-own-last-index", "rule 24: a follower commits up to its own last index";
    AckOwnLastIndex = "ack-own-last-index", "rule 25: a follower acknowledges its own last index";
    SkipConsistencyCheck = "skip-consistency-check", "§5.3: entries are appended without looking at prev_log_term";
    KeepConflicting = "keep-conflicting", "Figure 2: a conflicting entry is kept";
    KeepLogOnInstall = "keep-log-on-install", "rule 33: the log survives a snapshot that contradicts it";
    InstallOldSnapshot = "install-old-snapshot", "rule 34: a snapshot behind the commit index is installed";
    CountSelfEarly = "count-self-early", "rule 5: the leader counts itself before its own write is durable";
    StayLeader = "stay-leader", "rule 13: a leader ignores a higher term";
    ForgetVoteOnFollow = "forget-vote-on-follow", "rule 2: stepping down within a term clears the vote";
    ReplyEarly = "reply-early", "rule 3: replies leave before what they depend on is durable";
    StableWhenOverwritten = "stable-when-overwritten", "rule 4: the end of a write makes newer entries durable too";
    DeliverBeforeDurable = "deliver-before-durable", "rule 6: the state machine runs ahead of the disk";
    CountStaleAck = "count-stale-ack", "rule 12: an acknowledgement of an older term counts";
    CandidateStays = "candidate-stays", "rule 13: a candidate ignores the leader of its term";
    AllowTwoLeaders = "allow-two-leaders", "rule 15: a second leader of a term is taken for granted";
    LoneServerWaits = "lone-server-waits", "rule 16: a single server never elects itself";
    MatchFalls = "match-falls", "rule 26: a late acknowledgement lowers the match";
    UnsortedMatch = "unsorted-match", "rule 27: the quorum index is read from an unsorted vector";
    TrustHint = "trust-hint", "rule 28: the hint of a refusal is used without moving below the probe";
    GapInPipeline = "gap-in-pipeline", "rule 29: an entry is left out between two messages";
    NeverFallBack = "never-fall-back", "rule 30: a broken pipeline is not noticed";
    CountLostFollower = "count-lost-follower", "rule 31: a follower that lost its log counts as before";
    SilentWhenFull = "silent-when-full", "rule 32: a peer with a full pipeline hears nothing";
    DiscardMatchingLog = "discard-matching-log", "rule 33: a snapshot cuts the matching entries after it";
    BoundaryTermLost = "boundary-term-lost", "rule 35: the term of the entry before the log is forgotten";
    HeartbeatAbortsTransfer = "heartbeat-aborts-transfer", "rule 36: an append drops the snapshot under way";
    CompactUnderTransfer = "compact-under-transfer", "rule 37: entries that a transfer will need are compacted";
    NoopInLab = "noop-in-lab", "rule 57: a no-op takes an index in the lab profile";
    AcceptStaleLeader = "accept-stale-leader", "§5.1: a leader of an older term is followed";
    FixedTimeout = "fixed-timeout", "§5.2: election timeouts are not random";
}

#[cfg(feature = "mutants")]
mod switch {
    use super::{ALL, Mutant, VARIANTS};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static ACTIVE: AtomicU32 = AtomicU32::new(u32::MAX);

    /// Puts the named bug back, for the whole process; an empty name takes it
    /// out again. `false`: there is no such mutant.
    pub fn activate(name: &str) -> bool {
        let found = ALL.iter().position(|(known, _)| *known == name);
        let value = found.map_or(u32::MAX, |at| VARIANTS[at] as u32);
        ACTIVE.store(value, Relaxed);
        found.is_some() || name.is_empty()
    }

    pub(crate) fn on(mutant: Mutant) -> bool {
        ACTIVE.load(Relaxed) == mutant as u32
    }
}

#[cfg(feature = "mutants")]
pub use switch::activate;
#[cfg(feature = "mutants")]
pub(crate) use switch::on;

#[cfg(not(feature = "mutants"))]
pub(crate) const fn on(_: Mutant) -> bool {
    false
}
