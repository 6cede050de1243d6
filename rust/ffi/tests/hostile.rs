//! Bytes from the network and from storage that are not what they should be:
//! a status, no change, and no memory on their word. From outside, through the
//! C functions; the codec's and the state's own tests look closer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

use pontoon::*;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for; nothing is ever subtracted.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|bytes| bytes.set(bytes.get() + layout.size()));
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Runs `f`, which may not allocate more than `max` bytes.
fn bounded<T>(max: usize, what: &str, f: impl FnOnce() -> T) -> T {
    let before = ALLOCATED.get();
    let result = f();
    let cost = ALLOCATED.get() - before;
    assert!(cost <= max, "{what}: {cost} bytes allocated");
    result
}

fn borrowed(bytes: &[u8]) -> PontoonBytes {
    PontoonBytes {
        data: bytes.as_ptr(),
        len: bytes.len(),
    }
}

fn make(id: u64, state: &[u8], snapshot: &[u8]) -> Result<PontoonNode, PontoonStatus> {
    let voters = [1, 2, 3];
    let config = PontoonConfig {
        struct_size: size_of::<PontoonConfig>(),
        id,
        voters: voters.as_ptr(),
        voters_len: voters.len(),
        seed: id,
        profile: PONTOON_PROFILE_LAB,
        max_inflight: 0,
        election_timeout_ms_min: 0,
        election_timeout_ms_max: 0,
        heartbeat_interval_ms: 0,
        coalesce_ms: 0,
        max_append_bytes: 0,
        snapshot_chunk_bytes: 0,
        trace_events: 0,
    };
    let mut node = 0;
    let (state, snapshot) = (borrowed(state), borrowed(snapshot));
    // SAFETY: all pointers lead to live memory of the stated lengths.
    let status = unsafe { pontoon_make(&config, state, snapshot, 0, &mut node, null_mut(), 0) };
    match status {
        PontoonStatus::PontoonOk => Ok(node),
        failed => Err(failed),
    }
}

fn receive(node: PontoonNode, message: &[u8]) -> PontoonStatus {
    // SAFETY: the message is live memory of that length.
    unsafe { pontoon_receive(node, 0, 7, message.as_ptr(), message.len(), null_mut()) }
}

fn tick(node: PontoonNode, now_ms: u64) {
    // SAFETY: no memory is passed.
    assert_eq!(
        unsafe { pontoon_tick(node, now_ms, null_mut()) },
        PontoonStatus::PontoonOk
    );
}

/// All that can be seen of a node.
fn observe(node: PontoonNode) -> String {
    // SAFETY: an all-zero PontoonState is valid; the pointers lead to it.
    unsafe {
        let mut state: PontoonState = std::mem::zeroed();
        state.struct_size = size_of::<PontoonState>();
        assert_eq!(pontoon_get_state(node, &mut state), PontoonStatus::PontoonOk);
        format!("{state:?}")
    }
}

/// What a node wants done, copied, and done.
#[derive(Default)]
struct Batch {
    messages: Vec<(u64, Vec<u8>)>,
    state: Vec<u8>,
    snapshot: Vec<u8>,
}

fn work(node: PontoonNode) -> Option<Batch> {
    // SAFETY: the views are valid until pontoon_work_done.
    unsafe {
        let mut work: PontoonWork = std::mem::zeroed();
        work.struct_size = size_of::<PontoonWork>();
        match pontoon_work(node, 0, &mut work) {
            PontoonStatus::PontoonErrNoWork => return None,
            status => assert_eq!(status, PontoonStatus::PontoonOk),
        }
        let copy = |bytes: PontoonBytes| match bytes.len {
            0 => vec![],
            len => std::slice::from_raw_parts(bytes.data, len).to_vec(),
        };
        let mut batch = Batch {
            state: copy(work.state),
            snapshot: copy(work.snapshot),
            ..Batch::default()
        };
        for (start, len) in [(work.early, work.early_len), (work.messages, work.messages_len)] {
            batch.messages.extend((0..len).map(|at| {
                let message = *start.add(at);
                (message.to, copy(message.data))
            }));
        }
        assert_eq!(
            pontoon_work_done(node, 0, work.sequence, null_mut()),
            PontoonStatus::PontoonOk
        );
        Some(batch)
    }
}

struct Corpus {
    /// For server 1, which never ran: one of each kind that a leader's cluster sends.
    requests: Vec<Vec<u8>>,
    /// Of server 2, with a log and a snapshot.
    state: Vec<u8>,
    snapshot: Vec<u8>,
}

/// Server 2 leads, with server 3 voting for it: what it sends to server 1.
fn corpus() -> Corpus {
    let (leader, voter) = (make(2, &[], &[]).unwrap(), make(3, &[], &[]).unwrap());
    let mut corpus = Corpus {
        requests: vec![],
        state: vec![],
        snapshot: vec![],
    };
    let settle = |corpus: &mut Corpus| {
        loop {
            let mut quiet = true;
            for node in [leader, voter] {
                while let Some(batch) = work(node) {
                    quiet = false;
                    if node == leader && !batch.state.is_empty() {
                        (corpus.state, corpus.snapshot) = (batch.state, batch.snapshot);
                    }
                    for (to, message) in batch.messages {
                        match to {
                            1 => corpus.requests.push(message),
                            2 => assert_eq!(receive(leader, &message), PontoonStatus::PontoonOk),
                            _ => assert_eq!(receive(voter, &message), PontoonStatus::PontoonOk),
                        }
                    }
                }
            }
            if quiet {
                break;
            }
        }
    };
    let mut now_ms = 0;
    for command in 0..20u8 {
        for _ in 0..300 {
            now_ms += 10;
            tick(leader, now_ms);
        }
        settle(&mut corpus);
        let command = [command; 20];
        // SAFETY: the command is live memory of that length.
        let status = unsafe { pontoon_start(leader, now_ms, command.as_ptr(), 20, null_mut(), null_mut()) };
        assert_eq!(status, PontoonStatus::PontoonOk);
        settle(&mut corpus);
    }
    // SAFETY: an all-zero PontoonApply is valid.
    unsafe {
        let mut apply: PontoonApply = std::mem::zeroed();
        apply.struct_size = size_of::<PontoonApply>();
        assert_eq!(pontoon_apply(leader, usize::MAX, &mut apply), PontoonStatus::PontoonOk);
        let service = b"what the service knows";
        let status = pontoon_snapshot(leader, now_ms, 15, service.as_ptr(), service.len(), null_mut());
        assert_eq!(status, PontoonStatus::PontoonOk);
    }
    settle(&mut corpus);
    for _ in 0..300 {
        now_ms += 10;
        tick(leader, now_ms);
        settle(&mut corpus);
    }
    for node in [leader, voter] {
        assert_eq!(pontoon_free(node), PontoonStatus::PontoonOk);
    }
    // One of each length is enough of repeated heartbeats.
    corpus.requests.sort_by_key(Vec::len);
    corpus.requests.dedup_by_key(|message| message.len());
    assert!(
        corpus.requests.len() >= 4,
        "vote, append, heartbeat, snapshot: {}",
        corpus.requests.len()
    );
    assert!(!corpus.snapshot.is_empty() && corpus.state.len() > 100);
    corpus
}

#[test]
fn damaged_messages_are_refused_and_change_nothing() {
    let corpus = corpus();
    let node = make(1, &[], &[]).unwrap();
    let fresh = observe(node);
    for message in &corpus.requests {
        for len in 0..message.len() {
            let status = bounded(2 << 20, "cut", || receive(node, &message[..len]));
            assert_eq!(status, PontoonStatus::PontoonErrDecode, "{message:?} cut to {len}");
        }
        for version in [0, 2, 3, 255] {
            let mut later = message.clone();
            later[0] = version;
            assert_eq!(receive(node, &later), PontoonStatus::PontoonErrVersion);
        }
        let longer = [&message[..], &[0]].concat();
        assert_eq!(receive(node, &longer), PontoonStatus::PontoonErrDecode);
    }
    assert_eq!(observe(node), fresh);
    assert!(work(node).is_none(), "nothing is answered");
    // It is as good as new.
    for message in &corpus.requests {
        assert_eq!(receive(node, message), PontoonStatus::PontoonOk);
    }
    assert!(work(node).is_some());
    assert_eq!(pontoon_free(node), PontoonStatus::PontoonOk);
}

/// A flipped bit may make another valid message; it may not cost more than one
/// node, nor memory.
#[test]
fn flipped_bits_in_messages_harm_nobody_else() {
    let corpus = corpus();
    let bystander = make(3, &[], &[]).unwrap();
    let fresh = observe(bystander);
    for message in &corpus.requests {
        for bit in 0..8 * message.len() {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let node = make(1, &[], &[]).unwrap();
            let before = observe(node);
            let status = bounded(2 << 20, "flipped", || receive(node, &flipped));
            assert_ne!(status, PontoonStatus::PontoonErrPanic, "bit {bit} of {message:?}");
            if status != PontoonStatus::PontoonOk {
                assert_eq!(
                    observe(node),
                    before,
                    "refused, but bit {bit} of {message:?} changed something"
                );
            }
            while work(node).is_some() {}
            assert_eq!(pontoon_free(node), PontoonStatus::PontoonOk);
        }
    }
    assert_eq!(observe(bystander), fresh);
    assert_eq!(pontoon_free(bystander), PontoonStatus::PontoonOk);
}

#[test]
fn damaged_states_are_refused_without_memory_on_their_word() {
    let Corpus { state, snapshot, .. } = corpus();
    let bound = 64 * (state.len() + snapshot.len()) + 4096;
    let refused = |state: &[u8], snapshot: &[u8], what: &str| {
        let result = bounded(bound, what, || make(2, state, snapshot));
        result.expect_err(what)
    };
    for len in 1..state.len() {
        refused(&state[..len], &snapshot, "cut");
    }
    for bit in 0..8 * state.len() {
        let mut flipped = state.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let status = refused(&flipped, &snapshot, "flipped");
        let expected = match bit / 8 {
            4 => PontoonStatus::PontoonErrVersion,
            _ => PontoonStatus::PontoonErrDecode,
        };
        assert_eq!(status, expected, "bit {bit}");
    }
    assert_eq!(refused(&state, &[], "no snapshot"), PontoonStatus::PontoonErrDecode);
    assert_eq!(refused(&[], &snapshot, "no state"), PontoonStatus::PontoonErrDecode);

    let node = make(2, &state, &snapshot).expect("as it was stored");
    assert_eq!(pontoon_free(node), PontoonStatus::PontoonOk);
}
