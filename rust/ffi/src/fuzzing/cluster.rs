//! Three servers on a network, with disks and crashes of the input's choice. It
//! keeps the host's side of the contract to the letter, so that every call
//! succeeds and Raft's safety holds (Figure 3).

use std::collections::{BTreeMap, VecDeque};
use std::ptr::{null, null_mut};

use super::host;
use super::input::Input;
use crate::abi::*;
use crate::api::*;

const VOTERS: [u64; 3] = [1, 2, 3];
const MAIL_MAX: usize = 200;
const LOG_MAX: u64 = 200;
const OK: PontoonStatus = PontoonStatus::PontoonOk;

struct Mail {
    from: usize,
    to: usize,
    ticket: u64,
    is_reply: bool,
    data: Vec<u8>,
}

#[derive(Clone, Default)]
struct Disk {
    state: Vec<u8>,
    snapshot: Vec<u8>,
    term: u64,
}

/// A batch on its way: sent early; then persisted; then sent and done.
struct Batch {
    work: PontoonWork,
    messages: Vec<Mail>,
    /// What to write, and then the term it holds.
    unwritten: Option<Disk>,
}

#[derive(Default)]
struct Server {
    node: Option<PontoonNode>,
    disk: Disk,
    batch: Option<Batch>,
    deadline_ms: u64,
    applied: u64,
}

struct Cluster {
    servers: [Server; 3],
    mail: VecDeque<Mail>,
    now_ms: u64,
    /// No more commands for a log as long as that.
    log_max: u64,
    /// Who led each term (election safety).
    leaders: BTreeMap<u64, usize>,
    /// What stands at index 1, 2 …, as the first to apply it saw it (state
    /// machine safety), and a sum of everything up to there.
    applied: Vec<(u64, Vec<u8>, u64)>,
}

/// Three servers whose network, disks and crashes the input chooses.
pub fn cluster(data: &[u8]) {
    let mut input = Input::new(data);
    let mut cluster = Cluster {
        servers: Default::default(),
        mail: VecDeque::new(),
        now_ms: 0,
        log_max: LOG_MAX,
        leaders: BTreeMap::new(),
        applied: vec![],
    };
    for me in 0..3 {
        cluster.boot(me);
    }
    while !input.is_empty() {
        cluster.event(&mut input);
    }
    // Whatever happened, what was applied is not lost, and goes on.
    for me in 0..3 {
        cluster.boot(me);
    }
    cluster.log_max = u64::MAX; // what is of an older term waits for a new command (§5.4.2)
    let goal = cluster.applied.len() as u64 + 1;
    let lags = |cluster: &Cluster| cluster.servers.iter().any(|server| server.applied < goal);
    for _ in 0..60 {
        if !lags(&cluster) {
            break;
        }
        cluster.calm(10);
    }
    assert!(!lags(&cluster), "no progress on a network that loses nothing");
    for me in 0..3 {
        cluster.crash(me);
    }
}

impl Cluster {
    fn event(&mut self, input: &mut Input) {
        let me = input.below(3);
        match input.below(16) {
            0 | 1 => self.tick(me, true),
            2 => {
                self.now_ms += input.below(200) as u64;
                self.tick(me, false);
            }
            3..=5 => {
                let at = input.below(256);
                self.deliver(at, false);
            }
            6 => {
                let at = input.below(256);
                self.deliver(at, true);
            }
            7 => self.drop_mail(input.below(256), input.one_in(2)),
            8 | 9 => self.go_on(me),
            10 => {
                while self.servers[me].batch.is_some() || self.take(me) {
                    self.go_on(me);
                }
            }
            11 => self.crash(me),
            12 => self.boot(me),
            13 => self.start(me, input.bytes(12)),
            14 => {
                self.apply(me, usize::from(input.byte()));
                if input.one_in(3) {
                    self.snapshot(me, input.below(4) as u64);
                }
            }
            _ => self.calm(1 + input.below(12)),
        }
    }

    fn boot(&mut self, me: usize) {
        let server = &mut self.servers[me];
        if server.node.is_some() {
            return;
        }
        let mut config = host::config(VOTERS[me], &VOTERS);
        config.max_inflight = 2;
        config.snapshot_chunk_bytes = 5;
        config.max_append_bytes = 80;
        let node = host::make(&config, &server.disk.state, &server.disk.snapshot, self.now_ms);
        let state = host::state(node).expect("alive");
        assert_eq!(state.term, server.disk.term, "the term that was written comes back");
        server.node = Some(node);
        server.applied = state.snapshot_index;
        server.deadline_ms = self.now_ms;
    }

    fn crash(&mut self, me: usize) {
        let server = &mut self.servers[me];
        server.batch = None;
        if let Some(node) = server.node.take() {
            assert_eq!(pontoon_free(node), OK);
        }
    }

    /// Makes a call that may fail with `or` alone, and looks at what became of the server.
    fn call(
        &mut self,
        me: usize,
        or: PontoonStatus,
        f: impl FnOnce(PontoonNode, u64, *mut PontoonStep) -> PontoonStatus,
    ) -> bool {
        let Some(node) = self.servers[me].node else {
            return false;
        };
        let mut step: PontoonStep = host::blank();
        let status = f(node, self.now_ms, &mut step);
        assert!(status == OK || status == or, "{status:?}: {}", host::last_error(node));
        if status == OK {
            self.servers[me].deadline_ms = step.deadline_ms;
        }
        let state = host::state(node).expect("alive");
        if state.role == PONTOON_ROLE_LEADER {
            let leader = *self.leaders.entry(state.term).or_insert(me);
            assert_eq!(leader, me, "two leaders of term {}", state.term);
        }
        assert!(state.delivered_index <= state.commit_index && state.commit_index <= state.last_index);
        status == OK
    }

    fn tick(&mut self, me: usize, due: bool) {
        if due && self.servers[me].node.is_some() {
            self.now_ms = self.now_ms.max(self.servers[me].deadline_ms);
        }
        // SAFETY: the step is live.
        self.call(me, OK, |node, now_ms, step| unsafe { pontoon_tick(node, now_ms, step) });
    }

    fn deliver(&mut self, at: usize, again: bool) {
        if self.mail.is_empty() {
            return;
        }
        let at = at % self.mail.len();
        let mail = self.mail.remove(at).expect("there is one");
        let (data, len) = (mail.data.as_ptr(), mail.data.len());
        // SAFETY: the message and the step are live.
        self.call(mail.to, OK, |node, now_ms, step| unsafe {
            pontoon_receive(node, now_ms, 7, data, len, step)
        });
        if again {
            self.mail.insert(at, mail);
        }
    }

    fn drop_mail(&mut self, at: usize, tell: bool) {
        if self.mail.is_empty() {
            return;
        }
        let mail = self.mail.remove(at % self.mail.len()).expect("there is one");
        if tell && !mail.is_reply {
            // SAFETY: the step is live.
            self.call(mail.from, OK, |node, now_ms, step| unsafe {
                pontoon_undelivered(node, now_ms, VOTERS[mail.to], mail.ticket, step)
            });
        }
    }

    fn send(&mut self, mail: Vec<Mail>) {
        self.mail.extend(mail);
        while self.mail.len() > MAIL_MAX {
            self.mail.pop_front();
        }
    }

    /// Takes a batch and sends what may leave early.
    fn take(&mut self, me: usize) -> bool {
        let mut work: PontoonWork = host::blank();
        // SAFETY: the struct is live.
        let taken = self.call(me, PontoonStatus::PontoonErrNoWork, |node, now_ms, _| unsafe {
            pontoon_work(node, now_ms, &mut work)
        });
        if !taken {
            return false;
        }
        // SAFETY: the views are valid until the batch is done.
        let (early, messages) = unsafe {
            let early = host::array(work.early, work.early_len);
            (early, host::array(work.messages, work.messages_len))
        };
        let mail = |messages: &[PontoonMessage]| messages.iter().map(|message| letter(me, message)).collect();
        self.send(mail(early));
        let term = self.servers[me].node.map(|node| host::state(node).expect("alive").term);
        // SAFETY: as above.
        let unwritten = (work.persist != 0).then(|| unsafe {
            Disk {
                state: host::copy(work.state),
                snapshot: host::copy(work.snapshot),
                term: term.expect("it has a node"),
            }
        });
        self.servers[me].batch = Some(Batch {
            work,
            messages: mail(messages),
            unwritten,
        });
        true
    }

    /// The next step of the batch that is on its way, or a new one.
    fn go_on(&mut self, me: usize) {
        let Some(mut batch) = self.servers[me].batch.take() else {
            self.take(me);
            return;
        };
        if let Some(disk) = batch.unwritten.take() {
            // SAFETY: the views are constant until the batch is done.
            unsafe {
                assert!(host::copy(batch.work.state) == disk.state && host::copy(batch.work.snapshot) == disk.snapshot);
            }
            self.servers[me].disk = disk;
            self.servers[me].batch = Some(batch);
            return;
        }
        self.send(batch.messages);
        // SAFETY: the step is live.
        self.call(me, OK, |node, now_ms, step| unsafe {
            pontoon_work_done(node, now_ms, batch.work.sequence, step)
        });
    }

    fn start(&mut self, me: usize, command: &[u8]) {
        let (data, len) = (command.as_ptr(), command.len());
        if self.servers[me]
            .node
            .is_some_and(|node| host::state(node).expect("alive").last_index > self.log_max)
        {
            return;
        }
        // SAFETY: the command and the step are live.
        self.call(me, PontoonStatus::PontoonErrNotLeader, |node, now_ms, step| unsafe {
            pontoon_start(node, now_ms, data, len, null_mut(), step)
        });
    }

    fn apply(&mut self, me: usize, max_bytes: usize) {
        let mut apply: PontoonApply = host::blank();
        // SAFETY: the struct is live.
        let some = self.call(me, PontoonStatus::PontoonErrNoWork, |node, _, step| unsafe {
            let status = pontoon_apply(node, max_bytes, &mut apply);
            match status {
                OK => pontoon_tick(node, 0, step),
                _ => status,
            }
        });
        if !some {
            return;
        }
        let server = &mut self.servers[me];
        if apply.has_snapshot != 0 {
            assert!(apply.snapshot_index > server.applied, "the state machine moves back");
            let (term, _, sum) = &self.applied[apply.snapshot_index as usize - 1];
            // SAFETY: the view is valid until the next call of pontoon_apply.
            let data = unsafe { host::copy(apply.snapshot) };
            assert_eq!(
                (apply.snapshot_term, data),
                (*term, snapshot_of(*sum)),
                "another history"
            );
            server.applied = apply.snapshot_index;
        }
        // SAFETY: as above.
        for entry in unsafe { host::array(apply.entries, apply.entries_len) } {
            server.applied += 1;
            assert_eq!(entry.index, server.applied);
            // SAFETY: as above.
            let data = unsafe { host::copy(entry.data) };
            let before = entry.index as usize - 1;
            match self.applied.get(before) {
                Some((term, known, _)) => assert_eq!((entry.term, &data), (*term, known), "index {}", entry.index),
                None => {
                    assert_eq!(before, self.applied.len(), "a gap");
                    let sum = self.applied.last().map_or(0, |last| last.2);
                    let sum = data
                        .iter()
                        .fold(sum + 1, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
                    self.applied.push((entry.term, data, sum));
                }
            }
        }
    }

    /// Of what was applied, less the last `behind` entries.
    fn snapshot(&mut self, me: usize, behind: u64) {
        let index = self.servers[me].applied.saturating_sub(behind);
        let data = match self.applied.get((index as usize).wrapping_sub(1)) {
            Some((_, _, sum)) => snapshot_of(*sum),
            None => return,
        };
        // SAFETY: the data and the step are live.
        self.call(me, PontoonStatus::PontoonErrOutOfRange, |node, now_ms, step| unsafe {
            pontoon_snapshot(node, now_ms, index, data.as_ptr(), data.len(), step)
        });
    }

    /// A while in which everything works.
    fn calm(&mut self, rounds: usize) {
        for round in 0..rounds {
            for me in 0..3 {
                while self.servers[me].batch.is_some() || self.take(me) {
                    self.go_on(me);
                }
                self.apply(me, usize::MAX);
            }
            match self.mail.is_empty() {
                true => {
                    let alive = (0..3).filter(|&me| self.servers[me].node.is_some());
                    if let Some(next) = alive.min_by_key(|&me| self.servers[me].deadline_ms) {
                        self.tick(next, true);
                    }
                }
                false => (0..self.mail.len()).for_each(|_| self.deliver(0, false)),
            }
            self.start(round % 3, b"calm");
        }
    }
}

fn letter(from: usize, message: &PontoonMessage) -> Mail {
    assert_ne!(message.data.data, null());
    Mail {
        from,
        to: message.to as usize - 1,
        ticket: message.ticket,
        is_reply: message.is_reply != 0,
        // SAFETY: the batch is not done.
        data: unsafe { host::copy(message.data) },
    }
}

/// Longer than a piece.
fn snapshot_of(sum: u64) -> Vec<u8> {
    format!("{sum:020}").into_bytes()
}
