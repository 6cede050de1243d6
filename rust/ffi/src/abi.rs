//! The types that cross the boundary, as C sees them. Their documentation is
//! the header's.

use libc::{c_int, c_void};
use pontoon_core::Role;

/// Version of this header's functions and structs. It changes when a program
/// compiled against an older header would no longer work; functions and struct
/// fields that are only added leave it as it is.
pub const PONTOON_ABI_VERSION: u32 = 1;
/// Longest command that pontoon_start takes, in bytes.
pub const PONTOON_COMMAND_BYTES_MAX: usize = 33554432;
/// Longest message that pontoon_receive takes and pontoon_work hands out, in bytes.
pub const PONTOON_MESSAGE_BYTES_MAX: usize = 67108864;
/// Nodes that may exist in a process at once.
pub const PONTOON_NODES_MAX: usize = 65536;
/// Servers in a cluster.
pub const PONTOON_VOTERS_MAX: usize = 1024;

/// PontoonConfig.profile: what the course's tests demand. Nothing but commands
/// takes up an index.
pub const PONTOON_PROFILE_LAB: u32 = 0;
/// PontoonConfig.profile: what a service needs. A leader opens its term with a
/// no-op entry, so that entries of older terms commit without waiting for a
/// command (section 8 of the Raft paper).
pub const PONTOON_PROFILE_SERVICE: u32 = 1;

/// PontoonStep.ready: pontoon_work has something.
pub const PONTOON_READY_WORK: u32 = 1;
/// PontoonStep.ready: pontoon_apply has something.
pub const PONTOON_READY_APPLY: u32 = 2;
/// PontoonStep.ready: pontoon_events has something.
pub const PONTOON_READY_EVENTS: u32 = 4;

/// PontoonState.role: answers candidates and leaders.
pub const PONTOON_ROLE_FOLLOWER: u32 = 0;
/// PontoonState.role: asks for votes.
pub const PONTOON_ROLE_CANDIDATE: u32 = 1;
/// PontoonState.role: takes commands and replicates them.
pub const PONTOON_ROLE_LEADER: u32 = 2;

/// PontoonEntry.kind: a command, to be applied to the state machine.
pub const PONTOON_ENTRY_COMMAND: u32 = 0;
/// PontoonEntry.kind: takes up an index and is not applied; `data` is empty.
pub const PONTOON_ENTRY_NOOP: u32 = 1;

/// PontoonEvent.kind: the election timeout ran out. `term` is the one before.
pub const PONTOON_EVENT_TIMEOUT: u32 = 1;
/// PontoonEvent.kind: the election timer was set anew because of `peer`: by its
/// message as the leader, by a vote for it, or by this server itself.
pub const PONTOON_EVENT_TIMER_RESET: u32 = 2;
/// PontoonEvent.kind: the role or the term changed, to `role` and `term`.
pub const PONTOON_EVENT_ROLE_CHANGE: u32 = 3;
/// PontoonEvent.kind: a vote was granted to `peer` in `term`, whose last entry
/// has `index` and `log_term`. A candidate's vote for itself is one too.
pub const PONTOON_EVENT_VOTE: u32 = 4;
/// PontoonEvent.kind: entries `index` to `last`, all of `log_term`, came to the
/// end of the log, in `term`, from `peer`: this server itself if it leads.
/// `digest` is of the command of the last one.
pub const PONTOON_EVENT_APPEND: u32 = 5;
/// PontoonEvent.kind: entries `index` to `last`, the end of the log, were taken
/// out of it because of what `peer` sent in `term`. `log_term` is of the first.
pub const PONTOON_EVENT_TRUNCATE: u32 = 6;
/// PontoonEvent.kind: a batch of work is done, whose state has `term`, a vote for
/// `peer`, if any, and a log that ends with `index` and `log_term`.
pub const PONTOON_EVENT_PERSIST: u32 = 7;
/// PontoonEvent.kind: the commit index moved from `last` to `index`, an entry of
/// `log_term`. A `role` of leader counted it, others were told.
pub const PONTOON_EVENT_COMMIT: u32 = 8;
/// PontoonEvent.kind: pontoon_snapshot took `index`, an entry of `log_term`.
pub const PONTOON_EVENT_SNAPSHOT: u32 = 10;
/// PontoonEvent.kind: a snapshot of `peer` through `index` and `log_term`
/// replaced the log up to there.
pub const PONTOON_EVENT_INSTALL: u32 = 11;

/// PontoonMessageInfo.kind: section 5.3 of the Raft paper.
pub const PONTOON_MESSAGE_APPEND_ENTRIES: u32 = 1;
/// PontoonMessageInfo.kind: section 5.2.
pub const PONTOON_MESSAGE_REQUEST_VOTE: u32 = 2;
/// PontoonMessageInfo.kind: section 7.
pub const PONTOON_MESSAGE_INSTALL_SNAPSHOT: u32 = 3;

/// What a call came to. 0 is success; numbers keep their meaning for ever.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "the header's names begin with PONTOON_")]
pub enum PontoonStatus {
    /// Done.
    PontoonOk = 0,
    /// A pointer that must not be NULL is NULL. Nothing changed.
    PontoonErrNull = 1,
    /// No such node: never made, or freed. Nothing changed.
    PontoonErrBadHandle = 2,
    /// pontoon_kill was called on the node. Nothing changed.
    PontoonErrKilled = 3,
    /// A callback called into the node that is calling it, or called
    /// pontoon_free. Nothing changed.
    PontoonErrReentry = 4,
    /// An invariant of Raft was violated, in this call or an earlier one. The
    /// node is of no further use and nothing it says may be trusted; other
    /// nodes are unaffected.
    PontoonErrPanic = 5,
    /// The configuration makes no sense. No node was made.
    PontoonErrConfig = 6,
    /// Bytes that are not what they should be: damaged, cut short, or of
    /// something else. Nothing changed.
    PontoonErrDecode = 7,
    /// Bytes written by a later version of Pontoon. Nothing changed.
    PontoonErrVersion = 8,
    /// Longer than the limit. Nothing changed.
    PontoonErrTooLarge = 9,
    /// This server is not the leader. Nothing changed.
    PontoonErrNotLeader = 10,
    /// A server that is not in the configuration, or a message to or from one.
    /// Nothing changed.
    PontoonErrUnknownPeer = 11,
    /// An index that is already in a snapshot, or was not yet handed out by
    /// pontoon_apply. Nothing changed.
    PontoonErrOutOfRange = 12,
    /// There is nothing to do. Not an error.
    PontoonErrNoWork = 13,
    /// The last batch of work is not done yet, or another thread is draining
    /// the node. Nothing changed.
    PontoonErrWorkOutstanding = 14,
    /// Writing to stable storage failed, in this call or an earlier one. The
    /// node is of no further use: it cannot know what a restart would find.
    PontoonErrStorage = 15,
    /// The struct_size of a struct is not one that this library knows.
    /// Nothing changed.
    PontoonErrStructSize = 16,
    /// PONTOON_NODES_MAX nodes exist already. No node was made.
    PontoonErrLimit = 17,
}

/// A node. 0 is never one, and a handle is not used again after pontoon_free.
pub type PontoonNode = u64;

/// Bytes that belong to somebody else. `data` may be NULL if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonBytes {
    /// The first byte.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

/// How a server is set up. In the fields from max_inflight on, 0 stands for the
/// profile's default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonConfig {
    /// sizeof(PontoonConfig).
    pub struct_size: usize,
    /// This server.
    pub id: u64,
    /// All servers of the cluster, this one included. Copied.
    pub voters: *const u64,
    /// How many, at most PONTOON_VOTERS_MAX.
    pub voters_len: usize,
    /// Seed of the generator behind election timeouts. Give every server of a
    /// cluster another one, or their timeouts tie for ever.
    pub seed: u64,
    /// PONTOON_PROFILE_LAB or PONTOON_PROFILE_SERVICE.
    pub profile: u32,
    /// AppendEntries with entries that may be unanswered at once, per peer.
    pub max_inflight: u32,
    /// Election timeouts are uniform in [min, max).
    pub election_timeout_ms_min: u64,
    /// Exclusive upper end of the election timeout.
    pub election_timeout_ms_max: u64,
    /// A peer hears from the leader at least this often.
    pub heartbeat_interval_ms: u64,
    /// While an AppendEntries to a peer is unanswered, further entries for it
    /// are held back at most this long, so that bursts share messages.
    pub coalesce_ms: u64,
    /// Bytes of entries in one AppendEntries, each counted with an overhead of
    /// 32; a larger single entry still goes. At most PONTOON_COMMAND_BYTES_MAX.
    pub max_append_bytes: usize,
    /// Bytes of snapshot in one InstallSnapshot. At most PONTOON_COMMAND_BYTES_MAX.
    pub snapshot_chunk_bytes: usize,
    /// Events that are kept for pontoon_events; of more, the oldest are lost. 0
    /// records none.
    pub trace_events: usize,
}

/// What the node waits for after a call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonStep {
    /// sizeof(PontoonStep).
    pub struct_size: usize,
    /// When pontoon_tick is due, unless another call changes it first.
    pub deadline_ms: u64,
    /// PONTOON_READY_WORK | PONTOON_READY_APPLY | PONTOON_READY_EVENTS.
    pub ready: u32,
    /// 0.
    pub reserved: u32,
}

/// Where a command was put. It is committed once pontoon_apply hands out an
/// entry with this index and this term; if that index comes with another term,
/// the command was lost with its leader.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonStarted {
    /// sizeof(PontoonStarted).
    pub struct_size: usize,
    /// Index of the new entry.
    pub index: u64,
    /// The leader's term.
    pub term: u64,
}

/// A node, seen from outside.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonState {
    /// sizeof(PontoonState).
    pub struct_size: usize,
    /// This server.
    pub id: u64,
    /// Its current term.
    pub term: u64,
    /// PONTOON_ROLE_FOLLOWER, _CANDIDATE or _LEADER.
    pub role: u32,
    /// Whether `leader` is known.
    pub has_leader: u32,
    /// The leader of that term; 0 if has_leader is 0.
    pub leader: u64,
    /// Highest index known to be committed.
    pub commit_index: u64,
    /// Highest index handed out by pontoon_apply.
    pub delivered_index: u64,
    /// Highest index that is durable on this server.
    pub stable_index: u64,
    /// Last index of the log.
    pub last_index: u64,
    /// Term of that entry.
    pub last_term: u64,
    /// Last index that the snapshot replaces; 0 without one.
    pub snapshot_index: u64,
    /// Term of that entry.
    pub snapshot_term: u64,
    /// Length of `state` in the latest PontoonWork, or in pontoon_make if there
    /// was none. Entries of that batch on are not in it yet.
    pub state_bytes: u64,
}

/// A message for another server.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonMessage {
    /// The server it is for.
    pub to: u64,
    /// Of a request (is_reply is 0): this node's number for it. If the host
    /// learns that the request or its reply was lost, it may pass the number to
    /// pontoon_undelivered. Of a reply: the ticket that came with the request
    /// into pontoon_receive, by which an RPC transport finds the waiting caller.
    pub ticket: u64,
    /// Whether this answers a request.
    pub is_reply: u32,
    /// 0.
    pub reserved: u32,
    /// What to hand to pontoon_receive there.
    pub data: PontoonBytes,
}

/// One batch of work, to be done in the order of the fields: send `early`, make
/// `state` and `snapshot` durable, send `messages`, then call pontoon_work_done.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonWork {
    /// sizeof(PontoonWork).
    pub struct_size: usize,
    /// Number of the batch, for pontoon_work_done.
    pub sequence: u64,
    /// A leader's requests, which may leave before the batch is durable (Raft
    /// thesis, section 10.2.1).
    pub early: *const PontoonMessage,
    /// How many.
    pub early_len: usize,
    /// Whether there is something to make durable. If not, `state` and
    /// `snapshot` are empty and what was stored before stays.
    pub persist: u32,
    /// Whether `snapshot` differs from what the last batch with persist said.
    pub snapshot_changed: u32,
    /// The node's whole persistent state. Together with `snapshot`, as a pair,
    /// it must be durable before any of `messages` leaves and before
    /// pontoon_work_done. Opaque; what pontoon_make takes.
    pub state: PontoonBytes,
    /// The latest snapshot: the service's bytes and nothing else. Empty if
    /// there is none.
    pub snapshot: PontoonBytes,
    /// Vote requests and all replies: they leave after the batch is durable.
    pub messages: *const PontoonMessage,
    /// How many.
    pub messages_len: usize,
}

/// One entry of the log.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonEntry {
    /// Where it stands. The first entry of a log has index 1.
    pub index: u64,
    /// The term in which a leader created it.
    pub term: u64,
    /// PONTOON_ENTRY_COMMAND or PONTOON_ENTRY_NOOP.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
    /// The command, exactly as it was given to pontoon_start.
    pub data: PontoonBytes,
}

/// What the state machine is to do next: either take over a snapshot, or apply
/// entries in order. Everything in it is committed and durable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonApply {
    /// sizeof(PontoonApply).
    pub struct_size: usize,
    /// Contiguous entries; at least one unless has_snapshot.
    pub entries: *const PontoonEntry,
    /// How many.
    pub entries_len: usize,
    /// Whether the state is to be replaced by `snapshot`; there are no entries then.
    pub has_snapshot: u32,
    /// 0.
    pub reserved: u32,
    /// Last index that the snapshot replaces.
    pub snapshot_index: u64,
    /// Term of that entry.
    pub snapshot_term: u64,
    /// The service's bytes, exactly as they were given to pontoon_snapshot.
    pub snapshot: PontoonBytes,
}

/// Something that happened inside of a node. Which fields it has beside `kind`
/// is said with each PONTOON_EVENT; all others are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonEvent {
    /// PONTOON_EVENT_TIMEOUT, _TIMER_RESET and so on.
    pub kind: u32,
    /// PONTOON_ROLE_FOLLOWER, _CANDIDATE or _LEADER.
    pub role: u32,
    /// Whether there is a `peer`.
    pub has_peer: u32,
    /// 0.
    pub reserved: u32,
    /// A server; 0 if has_peer is 0.
    pub peer: u64,
    /// A term.
    pub term: u64,
    /// An index.
    pub index: u64,
    /// The term of an entry.
    pub log_term: u64,
    /// Another index.
    pub last: u64,
    /// FNV-1a, 64 bits, of a command.
    pub digest: u64,
}

/// What happened inside of a node since the last pontoon_events.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonEvents {
    /// sizeof(PontoonEvents).
    pub struct_size: usize,
    /// The oldest first.
    pub events: *const PontoonEvent,
    /// How many.
    pub events_len: usize,
    /// How many came before these and were lost, because nobody took them.
    pub lost: u64,
}

/// What a message says. Fields that its kind does not have are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonMessageInfo {
    /// sizeof(PontoonMessageInfo).
    pub struct_size: usize,
    /// The server that sends it.
    pub from: u64,
    /// The server it is for.
    pub to: u64,
    /// PONTOON_MESSAGE_APPEND_ENTRIES, _REQUEST_VOTE or _INSTALL_SNAPSHOT.
    pub kind: u32,
    /// Whether it answers a request of that kind.
    pub is_reply: u32,
    /// The sender's term.
    pub term: u64,
    /// prevLogIndex, the index of a candidate's last entry, or the last index of
    /// a snapshot. In an answer to AppendEntries: up to where the logs agree, or,
    /// if `ok` is 0, a hint from where on they cannot.
    pub index: u64,
    /// The term of that entry; 0 in an answer that does not tell.
    pub log_term: u64,
    /// The number of entries.
    pub entries_len: u64,
    /// The term of the last one.
    pub entries_term: u64,
    /// leaderCommit.
    pub commit_index: u64,
    /// Of an answer: success, vote granted, or snapshot installed.
    pub ok: u32,
    /// 0.
    pub reserved: u32,
}

/// What pontoon_drain calls. All pointers are valid during the callback only.
/// A callback must return: no longjmp and no C++ exception may leave it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PontoonCallbacks {
    /// sizeof(PontoonCallbacks).
    pub struct_size: usize,
    /// Makes `state` and `snapshot` durable as a pair and returns 0; anything
    /// else means that this failed, and ends the node with PONTOON_ERR_STORAGE.
    /// `snapshot_changed` is 0 if `snapshot` is what the last call said. Must
    /// not be NULL.
    pub persist: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            state: PontoonBytes,
            snapshot: PontoonBytes,
            snapshot_changed: u32,
        ) -> c_int,
    >,
    /// Hands a message to the network, which may lose it. Must not be NULL.
    pub send: Option<unsafe extern "C" fn(context: *mut c_void, message: *const PontoonMessage)>,
    /// Applies entries or a snapshot. If NULL, they are left for pontoon_apply,
    /// which another thread may then call at any time.
    pub apply: Option<unsafe extern "C" fn(context: *mut c_void, apply: *const PontoonApply)>,
}

/// PontoonState.role and PontoonEvent.role.
pub(crate) fn number_of(role: Role) -> u32 {
    match role {
        Role::Follower => PONTOON_ROLE_FOLLOWER,
        Role::Candidate => PONTOON_ROLE_CANDIDATE,
        Role::Leader => PONTOON_ROLE_LEADER,
    }
}
