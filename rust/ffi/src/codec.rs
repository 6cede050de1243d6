//! Bytes of messages and entries. The only module that names bincode.
//!
//! A message is one version byte, then the envelope. Decoding is limited, uses
//! up its input exactly, and borrows from it, so that a hostile length costs
//! nothing; encoding obeys the same limit, so that nothing is sent that cannot
//! be read.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::serde::{borrow_decode_from_slice, encode_into_std_write};
use pontoon_core::{Entry, Envelope, Message, Payload};
use serde::{Deserialize, Serialize};

use crate::abi::{PONTOON_COMMAND_BYTES_MAX, PONTOON_MESSAGE_BYTES_MAX};
use crate::failure::Failure;

/// Version of the message encoding. A later version must still read this one.
pub(crate) const MESSAGE_VERSION: u8 = 1;

const LIMIT: usize = PONTOON_MESSAGE_BYTES_MAX;
const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT>> = bincode::config::standard().with_limit::<LIMIT>();

/// Fewest bytes an encoded entry can have: its term and its kind.
pub(crate) const ENTRY_BYTES_MIN: usize = 2;

/// Appends the message; returns its length.
pub(crate) fn encode_message(envelope: &Envelope, to: &mut Vec<u8>) -> Result<usize, Failure> {
    let start = to.len();
    to.push(MESSAGE_VERSION);
    append(envelope, to);
    limited("the message", start, to)
}

/// Appends the entry; returns its length.
pub(crate) fn encode_entry(entry: &Entry, to: &mut Vec<u8>) -> Result<usize, Failure> {
    let start = to.len();
    append(entry, to);
    limited("the entry", start, to)
}

/// Reads one whole message.
pub(crate) fn decode_message(bytes: &[u8]) -> Result<Envelope, Failure> {
    if bytes.len() > LIMIT {
        return Err(Failure::TooLarge {
            what: "the message",
            len: bytes.len(),
            max: LIMIT,
        });
    }
    let (&version, body) = bytes
        .split_first()
        .ok_or_else(|| Failure::Decode("the message is empty".into()))?;
    if version != MESSAGE_VERSION {
        return Err(Failure::Version {
            what: "the message",
            found: version,
            known: MESSAGE_VERSION,
        });
    }
    let (envelope, used) = read::<Envelope>(body, "the message")?;
    if used != body.len() {
        let extra = body.len() - used;
        return Err(Failure::Decode(format!("{extra} bytes follow the end of the message")));
    }
    if let Message::AppendEntries(append) = &envelope.message {
        append.entries.iter().try_for_each(limit_command)?;
    }
    Ok(envelope)
}

/// Reads one entry from the front; returns its length. Stored bytes are kept as
/// they are, so only the one encoding that [`encode_entry`] makes is taken.
pub(crate) fn decode_entry(bytes: &[u8]) -> Result<(Entry, usize), Failure> {
    let (entry, used) = read::<Entry>(bytes, "an entry")?;
    limit_command(&entry)?;
    if used != entry_len(&entry) {
        return Err(Failure::Decode(
            "an entry is damaged: a number is longer than it need be".into(),
        ));
    }
    Ok((entry, used))
}

/// Length of the encoding: the term, the kind, and of a command its length and its bytes.
fn entry_len(entry: &Entry) -> usize {
    let number = |number: u64| match number {
        0..=250 => 1,
        251..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    };
    number(entry.term)
        + 1
        + match &entry.payload {
            Payload::Command(bytes) => number(bytes.len() as u64) + bytes.len(),
            Payload::Noop => 0,
        }
}

/// A command that exceeds the limit could not be sent on.
fn limit_command(entry: &Entry) -> Result<(), Failure> {
    match &entry.payload {
        Payload::Command(bytes) => check_command(bytes),
        Payload::Noop => Ok(()),
    }
}

/// Whether a command can be sent in a message.
pub(crate) fn check_command(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.len() > PONTOON_COMMAND_BYTES_MAX {
        return Err(Failure::TooLarge {
            what: "the command",
            len: bytes.len(),
            max: PONTOON_COMMAND_BYTES_MAX,
        });
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<(T, usize), Failure> {
    borrow_decode_from_slice(bytes, CONFIG).map_err(|error| Failure::Decode(format!("{what} is damaged: {error}")))
}

fn append<T: Serialize>(value: &T, to: &mut Vec<u8>) {
    // Fails only where the writer does, and a Vec does not.
    encode_into_std_write(value, to, CONFIG).expect("plain data is encodable");
}

/// bincode applies no limit when it encodes.
fn limited(what: &'static str, start: usize, to: &mut Vec<u8>) -> Result<usize, Failure> {
    let len = to.len() - start;
    if len > LIMIT {
        to.truncate(start);
        return Err(Failure::TooLarge { what, len, max: LIMIT });
    }
    Ok(len)
}

#[cfg(test)]
mod tests;
