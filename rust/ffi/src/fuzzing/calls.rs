//! Any functions of the ABI in any order, on handles in any state, with any
//! arguments that C can pass.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::input::Input;
use super::model::{Life, Room, documented};
use super::{host, is_violation};
use crate::abi::*;
use crate::api::*;
use crate::codec;
use PontoonStatus::*;

pub(super) const SLOTS: usize = 3;
pub(super) const VOTERS: [u64; 3] = [1, 2, 3];
const MAIL_MAX: usize = 24;

type Slots = [AtomicU64; SLOTS];
/// The server and its cluster's size, its state and its snapshot.
type Stored = (u64, usize, Vec<u8>, Vec<u8>);

/// Sequences of calls from one thread: every status is the one that the
/// header says, and what fails changes nothing.
pub fn calls(data: &[u8]) {
    let slots = Slots::default();
    let caller = Caller::new(data, &slots, true);
    caller.run();
    caller.free_all();
}

/// The same from two threads on the same nodes: no call comes to anything that
/// its function does not document, or to no end.
pub fn threads(data: &[u8]) {
    let slots = Slots::default();
    let (mine, other) = data.split_at(data.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| Caller::new(other, &slots, false).run());
        Caller::new(mine, &slots, false).run();
    });
    Caller::new(&[], &slots, false).free_all();
}

pub(super) struct Caller<'a> {
    pub(super) input: RefCell<Input<'a>>,
    pub(super) slots: &'a Slots,
    /// Whether nobody else calls: then lives are known exactly.
    pub(super) exact: bool,
    pub(super) lives: RefCell<BTreeMap<PontoonNode, Life>>,
    mail: RefCell<Vec<Vec<u8>>>,
    pub(super) stored: RefCell<Option<Stored>>,
    deadline_ms: Cell<u64>,
    pub(super) depth: Cell<usize>,
}

impl<'a> Caller<'a> {
    fn new(data: &'a [u8], slots: &'a Slots, exact: bool) -> Caller<'a> {
        Caller {
            input: RefCell::new(Input::new(data)),
            slots,
            exact,
            lives: RefCell::default(),
            mail: RefCell::default(),
            stored: RefCell::default(),
            deadline_ms: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    fn run(&self) {
        while !self.input.borrow().is_empty() {
            self.call();
        }
    }

    fn free_all(&self) {
        for slot in self.slots {
            let node = slot.swap(0, SeqCst);
            if node != 0 {
                assert_eq!(pontoon_free(node), PontoonOk);
                assert_eq!(pontoon_kill(node), PontoonErrBadHandle);
            }
        }
    }

    pub(super) fn below(&self, count: usize) -> usize {
        self.input.borrow_mut().below(count)
    }

    pub(super) fn number(&self) -> u64 {
        self.input.borrow_mut().number()
    }

    /// One call of any function.
    pub(super) fn call(&self) {
        match self.below(20) {
            0 | 1 => self.make(),
            2 => {
                let node = self.node();
                let status = self.checked("kill", node, true, || pontoon_kill(node));
                self.update(node, |life| life.killed |= status == PontoonOk);
            }
            3 => self.free(),
            4 | 5 => self.start(),
            6 => self.snapshot(),
            7 | 8 => {
                let (node, now_ms) = (self.node(), self.now());
                // SAFETY: the step is live.
                self.stepping("tick", node, true, |step| unsafe { pontoon_tick(node, now_ms, step) });
            }
            9..=11 => self.receive(),
            12 => {
                let (node, now_ms, to, ticket) = (self.node(), self.now(), self.number(), self.number());
                // SAFETY: the step is live.
                self.stepping("undelivered", node, (1..=3).contains(&to), |step| unsafe {
                    pontoon_undelivered(node, now_ms, to, ticket, step)
                });
            }
            13 | 14 => self.work(),
            15 => self.work_done(),
            16 => self.apply(),
            17 | 18 => self.drain(),
            _ => self.ask(),
        }
    }

    /// A handle: mostly one that was made. One that was never given out cannot
    /// be another test's either, which may run beside this.
    pub(super) fn node(&self) -> PontoonNode {
        let slot = self.slots[self.below(SLOTS)].load(SeqCst);
        match self.below(16) {
            1 => 0,
            2 => self.number() | 1 << 31,
            3 => slot ^ 1 << 63,
            4 => *self.lives.borrow().keys().next().unwrap_or(&0),
            _ => slot,
        }
    }

    pub(super) fn now(&self) -> u64 {
        match self.below(4) {
            0 => 0,
            1 => self.number(),
            _ => self.deadline_ms.get(),
        }
    }

    pub(super) fn update(&self, node: PontoonNode, f: impl FnOnce(&mut Life)) {
        if let Some(life) = self.lives.borrow_mut().get_mut(&node) {
            f(life);
        }
    }

    /// Makes a call and looks at its status; `may_succeed` is false if an
    /// argument must be refused.
    pub(super) fn checked(
        &self,
        function: &'static str,
        node: PontoonNode,
        may_succeed: bool,
        f: impl FnOnce() -> PontoonStatus,
    ) -> PontoonStatus {
        let expected = self.exact.then(|| self.expected(function, node)).flatten();
        let before = host::state(node);
        let status = f();
        if let Some(expected) = expected {
            assert_eq!(status, expected, "{function} on {node:#x}");
            return status;
        }
        let known = match status {
            PontoonOk => may_succeed,
            PontoonErrPanic => true,
            PontoonErrBadHandle | PontoonErrReentry | PontoonErrKilled | PontoonErrStorage if !self.exact => true,
            status => documented(function).contains(&status),
        };
        assert!(known, "{function} on {node:#x}: {status:?}");
        match status {
            PontoonErrPanic => {
                let text = match self.exact {
                    true => host::last_error(node),
                    false => String::new(), // another thread's, or freed meanwhile
                };
                assert!(!self.exact || is_violation(&text), "{function}: {text}");
                self.update(node, |life| life.dead = Some(PontoonErrPanic));
            }
            PontoonOk => {}
            _ if self.exact && function != "drain" => {
                let (before, after) = (before.map(debug), host::state(node).map(debug));
                assert_eq!(before, after, "{function} failed with {status:?}");
            }
            _ => {}
        }
        status
    }

    /// The status that does not depend on the arguments, if there is one.
    fn expected(&self, function: &str, node: PontoonNode) -> Option<PontoonStatus> {
        let lives = self.lives.borrow();
        let Some(life) = lives.get(&node) else {
            return Some(PontoonErrBadHandle);
        };
        match function {
            "kill" => Some(PontoonOk),
            "last_error" => None,
            "free" if self.depth.get() > 0 => Some(PontoonErrReentry),
            "free" => Some(PontoonOk),
            "get_state" if life.in_callback => Some(PontoonErrReentry),
            "get_state" => life.dead,
            _ => life.usual(),
        }
    }

    /// A call with a PontoonStep, which may be NULL.
    pub(super) fn stepping(
        &self,
        function: &'static str,
        node: PontoonNode,
        may_succeed: bool,
        f: impl FnOnce(*mut PontoonStep) -> PontoonStatus,
    ) -> PontoonStatus {
        let mut room = Room::new::<PontoonStep>(&mut self.input.borrow_mut());
        let size = room.size();
        let may_succeed = may_succeed && room.is_accepted_optional();
        let status = self.checked(function, node, may_succeed, || f(room.ptr()));
        room.check::<PontoonStep>(size, status == PontoonOk);
        if status == PontoonOk && room.good {
            let step: PontoonStep = room.get();
            assert!(
                step.ready <= (PONTOON_READY_WORK | PONTOON_READY_APPLY | PONTOON_READY_EVENTS) && step.reserved == 0
            );
            self.deadline_ms.set(step.deadline_ms);
        }
        status
    }

    /// Bytes to pass: live ones, NULL, or more than any limit. And whether they may be accepted.
    fn bytes(&self, len_max: usize) -> (*const u8, usize, bool) {
        static LONG: OnceLock<Vec<u8>> = OnceLock::new();
        match self.below(12) {
            1 => (std::ptr::null(), 0, true),
            2 => (std::ptr::null(), 1 + self.below(200), false),
            3 => {
                let long = LONG.get_or_init(|| vec![0; PONTOON_MESSAGE_BYTES_MAX + 1]);
                (long.as_ptr(), len_max + 1, false)
            }
            _ => {
                let bytes = self.input.borrow_mut().bytes(20);
                (bytes.as_ptr(), bytes.len(), true)
            }
        }
    }

    fn start(&self) {
        let (node, now_ms) = (self.node(), self.now());
        let (data, len, accepted) = self.bytes(PONTOON_COMMAND_BYTES_MAX);
        let mut room = Room::new::<PontoonStarted>(&mut self.input.borrow_mut());
        let size = room.size();
        let accepted = accepted && room.is_accepted_optional();
        // SAFETY: `len` bytes, and rooms for the outputs.
        let status = self.stepping("start", node, accepted, |step| unsafe {
            pontoon_start(node, now_ms, data, len, room.ptr(), step)
        });
        room.check::<PontoonStarted>(size, status == PontoonOk);
    }

    fn snapshot(&self) {
        let (node, now_ms, index) = (self.node(), self.now(), self.number());
        let bytes = self.input.borrow_mut().bytes(20);
        let (data, len) = match self.below(8) {
            1 => (std::ptr::null(), 1),
            _ => (bytes.as_ptr(), bytes.len()),
        };
        // SAFETY: `len` bytes, and a room for the output.
        self.stepping("snapshot", node, !data.is_null(), |step| unsafe {
            pontoon_snapshot(node, now_ms, index, data, len, step)
        });
    }

    /// A message that a node sent, one made up, or no message at all.
    fn receive(&self) {
        let (node, now_ms, ticket) = (self.node(), self.now(), self.number());
        let mut message = vec![];
        let (mut data, mut len, mut accepted) = (std::ptr::null(), 0, true);
        match self.below(8) {
            0 => (data, len, accepted) = self.bytes(PONTOON_MESSAGE_BYTES_MAX),
            1..=3 => {
                let envelope = self.input.borrow_mut().envelope(|input| 1 + input.below(4) as u64);
                codec::encode_message(&envelope, &mut message).expect("short enough");
            }
            _ => {
                let mail = self.mail.borrow();
                let at = self.below(MAIL_MAX) % mail.len().max(1);
                message = mail.get(at).cloned().unwrap_or_default();
            }
        }
        if !message.is_empty() {
            if self.below(4) == 1 {
                self.input.borrow_mut().tamper(&mut message);
            }
            (data, len) = (message.as_ptr(), message.len());
        }
        // SAFETY: `len` bytes, and a room for the output.
        self.stepping("receive", node, accepted && len > 0, |step| unsafe {
            pontoon_receive(node, now_ms, ticket, data, len, step)
        });
    }

    pub(super) fn keep_mail(&self, data: Vec<u8>) {
        let mut mail = self.mail.borrow_mut();
        if mail.len() == MAIL_MAX {
            mail.remove(0);
        }
        mail.push(data);
    }

    pub(super) fn store(&self, node: PontoonNode, state: Vec<u8>, snapshot: Vec<u8>) {
        if let Some(life) = self.lives.borrow().get(&node) {
            *self.stored.borrow_mut() = Some((life.id, life.voters, state, snapshot));
        }
    }

    fn ask(&self) {
        let node = self.node();
        match self.below(4) {
            1 => {
                let mut room = Room::new::<PontoonState>(&mut self.input.borrow_mut());
                let size = room.size();
                // SAFETY: a room for the output.
                let status = self.checked("get_state", node, room.good, || unsafe {
                    pontoon_get_state(node, room.ptr())
                });
                return room.check::<PontoonState>(size, status == PontoonOk);
            }
            3 => return self.events(node),
            _ => {}
        }
        let (mut text, len, mut needed) = ([1_u8; 64], self.below(41), 0);
        let null = self.below(4) == 1;
        let buffer = if null {
            std::ptr::null_mut()
        } else {
            text.as_mut_ptr().cast()
        };
        let status = self.checked("last_error", node, !null || len == 0, || {
            // SAFETY: NULL, or a buffer of more than `len` bytes.
            unsafe { pontoon_last_error(node, buffer, len, &mut needed) }
        });
        assert_eq!(needed > 0, status == PontoonOk);
        assert!(text[len..].iter().all(|&byte| byte == 1), "a text beyond its buffer");
        // SAFETY: static text.
        let name = unsafe { std::ffi::CStr::from_ptr(pontoon_status_text(self.number() as i32)) };
        assert!(!name.is_empty());
    }
}

fn debug(state: PontoonState) -> String {
    format!("{state:?}")
}
