//! pontoon_drain with callbacks that call back.

use libc::{c_int, c_void};

use super::calls::Caller;
use super::host;
use super::outputs::look;
use crate::abi::*;
use crate::api::*;
use PontoonStatus::*;

/// Drains within callbacks of drains, and so on.
const DEPTH_MAX: usize = 3;

/// What the callbacks get as their context.
struct Context<'c, 'a> {
    caller: &'c Caller<'a>,
    node: PontoonNode,
}

impl Caller<'_> {
    pub(super) fn drain(&self) {
        let (node, now_ms) = (self.node(), self.now());
        let context = Context { caller: self, node };
        let mut callbacks = PontoonCallbacks {
            struct_size: size_of::<PontoonCallbacks>(),
            persist: Some(persist),
            send: Some(send),
            apply: Some(apply),
        };
        let accepted = match self.below(12) {
            1 => {
                callbacks.persist = None;
                false
            }
            2 => {
                callbacks.send = None;
                false
            }
            3 => {
                callbacks.struct_size -= 1;
                false
            }
            4..=6 => {
                callbacks.apply = None;
                true
            }
            _ => true,
        };
        // SAFETY: the callbacks take this context, which outlives the call.
        let status = self.stepping("drain", node, accepted, |step| unsafe {
            pontoon_drain(node, now_ms, &callbacks, (&raw const context).cast_mut().cast(), step)
        });
        if status == PontoonErrStorage {
            self.update(node, |life| life.dead = Some(status));
        }
    }
}

/// # Safety
/// `context` is what [`Caller::drain`] passed.
unsafe fn inside(context: *mut c_void) {
    // SAFETY: as promised by the caller.
    let Context { caller, node } = unsafe { &*context.cast::<Context>() };
    caller.update(*node, |life| life.in_callback = true);
    caller.depth.set(caller.depth.get() + 1);
    if caller.depth.get() <= DEPTH_MAX {
        for _ in 0..caller.below(4) {
            caller.call();
        }
    }
    caller.depth.set(caller.depth.get() - 1);
    caller.update(*node, |life| life.in_callback = false);
}

unsafe extern "C" fn persist(context: *mut c_void, state: PontoonBytes, snapshot: PontoonBytes, _: u32) -> c_int {
    // SAFETY: the context is this caller's, and the views are valid during the callback.
    unsafe {
        let Context { caller, node } = &*context.cast::<Context>();
        let (before, other) = (host::copy(state), host::copy(snapshot));
        inside(context);
        assert!(
            host::copy(state) == before && host::copy(snapshot) == other,
            "a view changed"
        );
        caller.store(*node, before, other);
        caller.input.borrow_mut().one_in(24).into()
    }
}

unsafe extern "C" fn send(context: *mut c_void, message: *const PontoonMessage) {
    // SAFETY: as above.
    unsafe {
        let before = host::copy((*message).data);
        inside(context);
        assert!(host::copy((*message).data) == before, "a view changed");
        (*context.cast::<Context>()).caller.keep_mail(before);
    }
}

unsafe extern "C" fn apply(context: *mut c_void, apply: *const PontoonApply) {
    // SAFETY: as above.
    unsafe {
        look(&*apply);
        inside(context);
        look(&*apply);
    }
}
