//! Generation handles: a number that is never valid again once its node is
//! freed, whatever took the node's place.

use std::sync::Arc;

struct Slot<T> {
    /// At least 1, so that no handle is 0. Raised when the value is removed.
    generation: u32,
    value: Option<Arc<T>>,
}

/// Values by handle. A handle is the slot's generation above its position.
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    live: usize,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Slab<T> {
        Slab {
            slots: Vec::new(),
            free: Vec::new(),
            live: 0,
        }
    }

    /// `None` if there are `max` values already, or no position is left.
    pub(crate) fn insert(&mut self, value: T, max: usize) -> Option<u64> {
        if self.live >= max {
            return None;
        }
        let position = match self.free.pop() {
            Some(position) => position,
            None => {
                let position = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot {
                    generation: 1,
                    value: None,
                });
                position
            }
        };
        let slot = &mut self.slots[position as usize];
        slot.value = Some(Arc::new(value));
        self.live += 1;
        Some(u64::from(slot.generation) << 32 | u64::from(position))
    }

    pub(crate) fn get(&self, handle: u64) -> Option<&Arc<T>> {
        let slot = self.slots.get(handle as u32 as usize)?;
        if u64::from(slot.generation) != handle >> 32 {
            return None;
        }
        slot.value.as_ref()
    }

    pub(crate) fn remove(&mut self, handle: u64) -> Option<Arc<T>> {
        self.get(handle)?;
        let position = handle as u32;
        let slot = &mut self.slots[position as usize];
        let value = slot.value.take();
        self.live -= 1;
        // A slot whose generations are used up stays empty for ever.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(position);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_dies_with_its_value() {
        let mut slab = Slab::new();
        let first = slab.insert("first", 10).unwrap();
        assert_ne!(first, 0);
        assert_eq!(slab.get(first).map(|v| **v), Some("first"));
        assert_eq!(slab.remove(first).map(|v| *v), Some("first"));
        assert!(slab.remove(first).is_none(), "freed twice");
        let second = slab.insert("second", 10).unwrap();
        assert_eq!(second as u32, first as u32, "the slot is used again");
        assert!(slab.get(first).is_none(), "a stale handle finds the new value");
        assert_eq!(slab.get(second).map(|v| **v), Some("second"));
    }

    #[test]
    fn handles_that_were_never_given_out() {
        let mut slab = Slab::new();
        let handle = slab.insert((), 10).unwrap();
        for wrong in [0, 1, u64::MAX, handle + 1, handle + (1 << 32), handle as u32 as u64] {
            assert!(slab.get(wrong).is_none(), "{wrong:#x}");
        }
    }

    #[test]
    fn the_limit_counts_live_values() {
        let mut slab = Slab::new();
        let handles: Vec<u64> = (0..3).map(|n| slab.insert(n, 3).unwrap()).collect();
        assert_eq!(slab.insert(3, 3), None);
        slab.remove(handles[1]).unwrap();
        assert!(slab.insert(3, 3).is_some());
        assert_eq!(slab.insert(4, 3), None);
    }

    #[test]
    fn a_slot_is_retired_before_its_generation_repeats() {
        let mut slab = Slab::new();
        slab.insert(0, 10).unwrap();
        slab.slots[0].generation = u32::MAX;
        let last = u64::from(u32::MAX) << 32;
        assert!(slab.remove(last).is_some());
        let next = slab.insert(1, 10).unwrap();
        assert_eq!(next as u32, 1, "the used-up slot was taken again");
        assert!(slab.get(last).is_none());
    }
}
