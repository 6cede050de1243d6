//! The outstanding batch of work and the memory behind its view.

use pontoon_core::{Outgoing, Work};

use crate::abi::{PontoonBytes, PontoonMessage, PontoonWork};
use crate::blob::Blob;
use crate::codec;
use crate::failure::Failure;
use crate::raw;

/// Memory kept for the next batch; more than this is given back.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// One buffer and one array, used again for every batch. They change in
/// [`Batch::fill`] and [`Batch::finish`] only, between which views are valid.
#[derive(Default)]
pub(crate) struct Batch {
    sequence: u64,
    outstanding: bool,
    encoded: Vec<u8>,
    messages: Vec<PontoonMessage>,
}

// SAFETY: the pointers in `messages` lead into `encoded`, which moves between
// threads together with them.
unsafe impl Send for Batch {}

impl Batch {
    pub(crate) fn is_outstanding(&self) -> bool {
        self.outstanding
    }

    /// # Panics
    /// A message is longer than the limit, which the limits on commands,
    /// entries and chunks rule out.
    pub(crate) fn fill(&mut self, work: &Work, blob: &Blob) -> PontoonWork {
        self.encoded.clear();
        self.messages.clear();
        for outgoing in work.send_early.iter().chain(&work.send) {
            self.push(outgoing);
        }
        // The buffer no longer moves: the messages stand in it one after another.
        let mut rest = self.encoded.as_slice();
        for message in &mut self.messages {
            let (bytes, after) = rest.split_at(message.data.len);
            message.data = raw::view(bytes);
            rest = after;
        }
        self.sequence += 1;
        self.outstanding = true;

        let (early, messages) = self.messages.split_at(work.send_early.len());
        let (state, snapshot) = match work.persist {
            Some(_) => (blob.state(), blob.snapshot()),
            None => (&[][..], &[][..]),
        };
        let snapshot_changed = work.persist.as_ref().is_some_and(|persist| persist.snapshot.is_some());
        PontoonWork {
            struct_size: 0,
            sequence: self.sequence,
            early: raw::start(early),
            early_len: early.len(),
            persist: work.persist.is_some().into(),
            snapshot_changed: snapshot_changed.into(),
            state: raw::view(state),
            snapshot: raw::view(snapshot),
            messages: raw::start(messages),
            messages_len: messages.len(),
        }
    }

    fn push(&mut self, outgoing: &Outgoing) {
        let len =
            codec::encode_message(&outgoing.envelope, &mut self.encoded).unwrap_or_else(|failure| panic!("{failure}"));
        self.messages.push(PontoonMessage {
            to: outgoing.envelope.to,
            ticket: outgoing.ticket,
            is_reply: (!outgoing.envelope.message.is_request()).into(),
            reserved: 0,
            data: PontoonBytes {
                data: std::ptr::null(),
                len,
            },
        });
    }

    /// Ends the batch `sequence`, if that is the outstanding one.
    pub(crate) fn finish(&mut self, sequence: u64) -> Result<(), Failure> {
        self.check(sequence)?;
        self.outstanding = false;
        if self.encoded.capacity() > KEPT_BYTES_MAX {
            self.encoded = Vec::new();
        }
        Ok(())
    }

    /// Whether `sequence` is the outstanding batch.
    pub(crate) fn check(&self, sequence: u64) -> Result<(), Failure> {
        if self.outstanding && self.sequence == sequence {
            return Ok(());
        }
        Err(Failure::OutOfRange(if self.outstanding {
            format!("batch {sequence} is not outstanding, batch {} is", self.sequence)
        } else {
            format!("batch {sequence} is not outstanding, none is")
        }))
    }
}
