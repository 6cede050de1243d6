//! The decoders: what was encoded is decoded again, and what is accepted has
//! one encoding.

use pontoon_core::{Config, Entry, Envelope, HardState, LogDelta, Message, Persist, Raft, Restored, Snapshot};

use super::host;
use super::input::Input;
use crate::abi::{PontoonMessageInfo, PontoonStatus};
use crate::api::pontoon_describe;
use crate::blob::{self, Blob};
use crate::codec;

const ID: u64 = 1;

/// Messages and entries.
pub fn message(data: &[u8]) {
    let mut input = Input::new(data);
    if input.one_in(2) {
        let envelope = input.envelope(Input::number);
        let mut bytes = encoded(&envelope);
        assert_eq!(codec::decode_message(&bytes).expect("its own encoding"), envelope);
        let cut = input.below(256) % bytes.len();
        assert!(codec::decode_message(&bytes[..cut]).is_err(), "cut short to {cut}");
        input.tamper(&mut bytes);
        read_message(&bytes);
        let entry = input.entry();
        let mut bytes = vec![];
        codec::encode_entry(&entry, &mut bytes).expect("short enough");
        let whole = codec::decode_entry(&bytes).expect("its own encoding");
        assert_eq!(whole, (entry, bytes.len()));
        input.tamper(&mut bytes);
        read_entry(&bytes);
    } else {
        let bytes = input.rest();
        read_message(bytes);
        read_entry(bytes);
    }
}

fn encoded(envelope: &Envelope) -> Vec<u8> {
    let mut bytes = vec![];
    let len = codec::encode_message(envelope, &mut bytes).expect("short enough");
    assert_eq!(len, bytes.len());
    bytes
}

fn read_message(bytes: &[u8]) {
    if let Ok(envelope) = codec::decode_message(bytes) {
        let canonical = encoded(&envelope);
        assert!(canonical.len() <= bytes.len(), "something was added");
        assert_eq!(codec::decode_message(&canonical).expect("its own encoding"), envelope);
        described(bytes, Some(&envelope));
    } else {
        described(bytes, None);
    }
}

/// What is said of a message is there if the message can be read, and right.
fn described(bytes: &[u8], envelope: Option<&Envelope>) {
    let mut info: PontoonMessageInfo = host::blank();
    // SAFETY: the bytes and the struct are live.
    let status = unsafe { pontoon_describe(bytes.as_ptr(), bytes.len(), &mut info) };
    let Some(envelope) = envelope else {
        let bad = [
            PontoonStatus::PontoonErrDecode,
            PontoonStatus::PontoonErrVersion,
            PontoonStatus::PontoonErrTooLarge,
        ];
        return assert!(bad.contains(&status), "{status:?}");
    };
    assert_eq!(status, PontoonStatus::PontoonOk);
    assert_eq!((info.from, info.to), (envelope.from, envelope.to));
    assert_eq!(info.term, envelope.message.term());
    assert_eq!(info.is_reply == 0, envelope.message.is_request());
    let entries = match &envelope.message {
        Message::AppendEntries(m) => &m.entries[..],
        _ => &[],
    };
    assert_eq!(info.entries_len, entries.len() as u64);
    assert_eq!(info.entries_term, entries.last().map_or(0, |entry| entry.term));
}

fn read_entry(bytes: &[u8]) {
    if let Ok((entry, used)) = codec::decode_entry(bytes) {
        let mut canonical = vec![];
        let len = codec::encode_entry(&entry, &mut canonical).expect("short enough");
        assert!(
            len == used && bytes[..used] == canonical,
            "a second encoding was accepted: {entry:?}"
        );
    }
}

/// The persistent state and the snapshot beside it.
pub fn state(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(3) {
        0 => {
            let snapshot = input.bytes(40);
            read_state(input.rest(), snapshot);
        }
        1 => tampered(&mut input),
        _ => changes(&mut input),
    }
}

fn restored(input: &mut Input) -> Restored {
    Restored {
        hard_state: HardState {
            term: input.number(),
            voted_for: input.one_in(2).then(|| input.number()),
        },
        snapshot: input.one_in(2).then(|| Snapshot {
            index: input.number().min(blob::INDEX_MAX),
            term: input.number(),
            data: input.bytes(40).into(),
        }),
        entries: (0..input.below(6)).map(|_| input.entry()).collect(),
    }
}

/// The whole state as one change of a server that never ran.
fn afresh(restored: &Restored) -> Blob {
    let base = restored.snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
    let mut blob = Blob::new(ID);
    blob.apply(&Persist {
        hard_state: restored.hard_state,
        snapshot: restored.snapshot.clone(),
        log: Some(LogDelta {
            from: base + 1,
            entries: restored.entries.clone(),
        }),
    });
    blob
}

/// A valid state is found again. After some of its bytes were changed and the
/// digests set right, it is refused or the one encoding of something else.
fn tampered(input: &mut Input) {
    let before = restored(input);
    let blob = afresh(&before);
    let (mut bytes, mut snapshot) = (blob.state().to_vec(), blob.snapshot().to_vec());
    let (_, found) = Blob::decode(ID, &bytes, &snapshot).expect("its own encoding");
    assert_eq!(found, before);
    input.tamper(&mut bytes);
    input.tamper(&mut snapshot);
    if !input.one_in(4) {
        blob::seal(&mut bytes, &snapshot, input.one_in(2));
    }
    read_state(&bytes, &snapshot);
}

fn read_state(bytes: &[u8], snapshot: &[u8]) {
    let Ok((mut blob, restored)) = Blob::decode(ID, bytes, snapshot) else {
        return;
    };
    let fresh = afresh(&restored);
    if bytes.is_empty() {
        assert_eq!(restored, Restored::default());
    } else {
        assert!(fresh.state() == bytes, "a second encoding was accepted: {restored:?}");
    }
    assert_eq!(fresh.snapshot(), snapshot);
    // A server that accepts it can go on from there.
    let Ok(mut raft) = Raft::new(Config::lab(ID, vec![ID, 2, 3], 1), restored, 0) else {
        return;
    };
    for _ in 0..3 {
        raft.tick(raft.deadline_ms());
        while let Some(work) = raft.take_work(0) {
            if let Some(persist) = &work.persist {
                blob.apply(persist);
                let (_, again) = Blob::decode(ID, blob.state(), blob.snapshot()).expect("its own encoding");
                Raft::new(Config::lab(ID, vec![ID, 2, 3], 1), again, 0).expect("its own state");
            }
            raft.work_done(0);
        }
    }
}

/// Any sequence of changes leads to the encoding of what it leads to.
fn changes(input: &mut Input) {
    let mut model = Restored::default();
    let mut blob = Blob::new(ID);
    while !input.is_empty() {
        let change = change(input, &model);
        blob.apply(&change);
        apply(&mut model, change);
        assert!(
            blob.state() == afresh(&model).state(),
            "differs from a fresh encoding: {model:?}"
        );
        if input.one_in(8) {
            let found;
            (blob, found) = Blob::decode(ID, blob.state(), blob.snapshot()).expect("its own encoding");
            assert_eq!(found, model);
        }
    }
}

fn change(input: &mut Input, model: &Restored) -> Persist {
    let mut base = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
    let last = base + model.entries.len() as u64;
    let hard_state = HardState {
        term: input.number(),
        voted_for: input.one_in(2).then(|| input.number()),
    };
    let snapshot = input.one_in(3).then(|| Snapshot {
        index: base + 1 + input.below(8) as u64,
        term: input.number(),
        data: input.bytes(40).into(),
    });
    base = snapshot.as_ref().map_or(base, |snapshot| snapshot.index);
    let present = last.max(base) - base;
    let log = input.one_in(2).then(|| LogDelta {
        from: base + 1 + present - (input.below(4) as u64).min(present),
        entries: (0..input.below(4)).map(|_| entry_of_any_size(input)).collect(),
    });
    Persist {
        hard_state,
        snapshot,
        log,
    }
}

/// Large ones make the gap before the state worth closing.
fn entry_of_any_size(input: &mut Input) -> Entry {
    let mut entry = input.entry();
    if input.one_in(4) {
        let byte = input.byte();
        entry.payload = pontoon_core::Payload::Command(vec![byte; 40 * usize::from(byte)].into());
    }
    entry
}

fn apply(model: &mut Restored, change: Persist) {
    let base = |model: &Restored| model.snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
    model.hard_state = change.hard_state;
    if let Some(snapshot) = change.snapshot {
        let covered = ((snapshot.index - base(model)) as usize).min(model.entries.len());
        model.entries.drain(..covered);
        model.snapshot = Some(snapshot);
    }
    if let Some(delta) = change.log {
        model.entries.truncate((delta.from - base(model) - 1) as usize);
        model.entries.extend(delta.entries);
    }
}
