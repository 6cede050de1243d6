//! Making and freeing nodes, with configurations and states of all kinds.

use std::sync::atomic::Ordering::SeqCst;

use super::calls::{Caller, SLOTS, VOTERS};
use super::host;
use super::model::{Life, documented};
use crate::abi::*;
use crate::api::*;
use crate::raw;
use PontoonStatus::*;

impl Caller<'_> {
    pub(super) fn make(&self) {
        let slot = &self.slots[self.below(SLOTS)];
        if slot.load(SeqCst) != 0 {
            return;
        }
        let count = 1 + self.below(3);
        let mut config = host::config(VOTERS[self.below(count)], &VOTERS[..count]);
        self.spoil(&mut config);
        let stored = self.stored.borrow().clone().filter(|_| self.below(3) > 0);
        let whole = stored.is_some();
        let (id, voters, mut state, mut snapshot) = stored.unwrap_or_default();
        if whole {
            config.id = id;
        }
        let intact = self.below(4) > 0;
        if !intact {
            self.input.borrow_mut().tamper(&mut state);
            self.input.borrow_mut().tamper(&mut snapshot);
        }
        let now_ms = self.now();
        let (mut node, mut text) = (77, [1_u8; 48]);
        let text_len = self.below(41);
        // SAFETY: all pointers lead to live memory of the stated lengths.
        let status = unsafe {
            let (state, snapshot) = (raw::view(&state), raw::view(&snapshot));
            pontoon_make(
                &config,
                state,
                snapshot,
                now_ms,
                &mut node,
                text.as_mut_ptr().cast(),
                text_len,
            )
        };
        assert!(
            status == PontoonOk || documented("make").contains(&status),
            "{status:?}"
        );
        assert!(
            text[text_len..].iter().all(|&byte| byte == 1),
            "a text beyond its buffer"
        );
        if status != PontoonOk {
            assert_eq!(node, 77);
            let text = text[..text_len].split(|&byte| byte == 0).next().unwrap_or(&[]);
            assert!(text_len == 0 || text.len() < text_len, "no NUL");
            let known = [PontoonErrConfig, PontoonErrStructSize, PontoonErrNull].contains(&status);
            let own = whole && intact && voters == count;
            assert!(
                known || !own,
                "its own state is refused: {}",
                String::from_utf8_lossy(text)
            );
            return;
        }
        if slot.compare_exchange(0, node, SeqCst, SeqCst).is_err() {
            let status = pontoon_free(node); // another thread was faster
            assert!(status == PontoonOk || status == PontoonErrReentry);
        }
        let life = Life {
            id: config.id,
            voters: count,
            ..Life::default()
        };
        let former = self.lives.borrow_mut().insert(node, life);
        assert!(former.is_none(), "a handle was given out twice");
    }

    /// Sometimes spoils a field.
    fn spoil(&self, config: &mut PontoonConfig) {
        match self.below(24) {
            1 => config.voters = std::ptr::null(),
            2 => config.voters_len = 0,
            3 => config.voters_len = self.number().max(1025) as usize,
            4 => config.id = self.number(),
            5 => config.profile = self.below(4) as u32,
            6 => config.struct_size = self.number().min(size_of::<PontoonConfig>() as u64) as usize,
            7 => config.election_timeout_ms_min = self.number(),
            8 => config.election_timeout_ms_max = self.number(),
            9 => config.heartbeat_interval_ms = self.number(),
            10 => config.coalesce_ms = self.number(),
            11 => config.max_append_bytes = self.number() as usize,
            12 => config.snapshot_chunk_bytes = self.number() as usize,
            13 => config.max_inflight = self.number() as u32,
            14 => config.trace_events = 0,
            _ => {}
        }
    }

    pub(super) fn free(&self) {
        let slot = &self.slots[self.below(SLOTS)];
        let node = match self.below(4) {
            1 => self.node(),
            _ => slot.load(SeqCst),
        };
        let status = self.checked("free", node, true, || pontoon_free(node));
        if status == PontoonOk {
            self.lives.borrow_mut().remove(&node);
            for slot in self.slots {
                let _ = slot.compare_exchange(node, 0, SeqCst, SeqCst);
            }
            assert_eq!(pontoon_free(node), PontoonErrBadHandle);
        }
    }
}
