//! The server's loop: take a batch, send early, persist, send, report; hand
//! committed entries to the state machine beside it. A crash can be set for
//! every step.

use super::server::Batch;
use super::{Cluster, CrashPoint, Event, Outside};
use crate::invariant::{election_timer, name};
use pontoon_core::{Apply, Message, Outgoing, Persist, Role};

impl<E> Cluster<E> {
    /// Does all that can be done now, and sets the timer for the rest.
    pub(crate) fn settle<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        while self.violation.is_none() && self.servers[at].raft.is_some() {
            let worked = self.servers[at].awake && self.begin_batch(outside, at);
            let applied = self.servers[at].raft.is_some() && self.begin_apply(outside, at);
            if !worked && !applied {
                break;
            }
        }
        self.arm_timer(outside, at);
    }

    fn begin_batch<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) -> bool {
        let server = &mut self.servers[at];
        if server.batch.is_some() {
            return false;
        }
        let now_ms = server.clock.read_ms(self.now_us);
        let raft = server.raft.as_mut().expect("the caller saw it running");
        let Some(work) = raft.take_work(now_ms) else {
            let checked = self.servers[at].check_idle(at, now_ms, self.servers.len());
            self.check(checked);
            return false;
        };
        let seen = work.persist.as_ref().and_then(|persist| persist.snapshot.as_ref());
        let seen = seen.and_then(|snapshot| outside.read_snapshot(snapshot));
        self.stepped(at);
        let status = &self.servers[at].status;
        let checked = self.oracle.taken(at, status, work.persist.as_ref(), seen);
        self.check(checked);
        self.servers[at].batch = Some(Batch {
            persist: work.persist,
            send: work.send,
        });
        for outgoing in work.send_early {
            self.send(outside, at, outgoing);
            if self.springs(outside, at, CrashPoint::AmidEarlySends) {
                return true;
            }
        }
        self.begin_persist(outside, at);
        true
    }

    fn begin_persist<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let server = &self.servers[at];
        let incarnation = server.incarnation;
        let Some(Batch {
            persist: Some(persist), ..
        }) = &server.batch
        else {
            return self.finish_batch(outside, at);
        };
        self.trace.say(|| format!("{} writes {}", name(at), describe(persist)));
        let batch = self.servers[at].batch.as_mut();
        let persist = batch.and_then(|batch| batch.persist.take()).expect("just seen");
        self.servers[at].disk.write(persist);
        if self.springs(outside, at, CrashPoint::BeforePersist) {
            return;
        }
        match outside.write_us(at) {
            0 => self.persisted(outside, at),
            after_us => self.schedule(
                after_us,
                Event::Persisted {
                    at: at as u8,
                    incarnation,
                },
            ),
        }
    }

    pub(super) fn persisted<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        self.servers[at].disk.sync();
        let checked = self.oracle.durable(at);
        self.check(checked);
        if !self.springs(outside, at, CrashPoint::AfterPersist) {
            self.finish_batch(outside, at);
        }
    }

    fn finish_batch<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let batch = self.servers[at].batch.as_mut().expect("a batch is being done");
        for outgoing in std::mem::take(&mut batch.send) {
            self.send(outside, at, outgoing);
            if self.springs(outside, at, CrashPoint::AmidSends) {
                return;
            }
        }
        if self.springs(outside, at, CrashPoint::BeforeDone) {
            return;
        }
        let incarnation = self.servers[at].incarnation;
        match outside.done_us(at) {
            0 => self.done(outside, at),
            after_us => self.schedule(
                after_us,
                Event::Done {
                    at: at as u8,
                    incarnation,
                },
            ),
        }
    }

    pub(super) fn done<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        self.servers[at].batch = None;
        self.input(at, |raft, now_ms| raft.work_done(now_ms));
        self.springs(outside, at, CrashPoint::AfterDone);
    }

    /// Crashes the server if its trap is set for this step.
    fn springs<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize, point: CrashPoint) -> bool {
        if self.servers[at].trap != Some(point) {
            return false;
        }
        self.trace.say(|| format!("{} is made to crash: {point:?}", name(at)));
        self.crash(outside, at);
        true
    }

    fn send<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize, outgoing: Outgoing) {
        self.stats.messages += 1;
        self.trace.note(outgoing.ticket);
        let checked = self.oracle.sent(at, &outgoing);
        self.check(checked);
        let message = &outgoing.envelope.message;
        let mut answers = None;
        self.stats.requests += u64::from(message.is_request());
        let to = outgoing.envelope.to as usize - 1;
        if matches!(message, Message::AppendEntries(_) | Message::InstallSnapshot(_)) {
            self.servers[at].said(to, self.now_us);
        }
        if !message.is_request() {
            match self.servers[at].open.answered(at, outgoing.ticket, to) {
                Err(violation) => return self.check(Err(violation)),
                Ok(request) => answers = Some(request),
            }
        }
        if let (Message::RequestVoteReply(reply), Some(request)) = (message, &answers) {
            let checked = election_timer::check_refused(at, request.moved_timer, reply.granted);
            self.check(checked);
        }
        outside.send(self, at, outgoing, answers);
    }

    fn begin_apply<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) -> bool {
        let server = &mut self.servers[at];
        let raft = server.raft.as_mut().expect("the caller saw it running");
        if server.applying.is_some() || !raft.has_apply() {
            return false;
        }
        let Some(apply) = raft.next_apply(outside.apply_bytes(at)) else {
            return false;
        };
        let incarnation = server.incarnation;
        let seen = match &apply {
            Apply::Snapshot(snapshot) => outside.read_snapshot(snapshot),
            Apply::Entries { .. } => None,
        };
        self.stepped(at);
        let checked = self.oracle.applied(at, &apply, seen);
        self.check(checked);
        self.stats.installs += u64::from(seen.is_some());
        self.trace
            .say(|| format!("{} applies {}", name(at), describe_apply(&apply)));
        self.servers[at].applying = Some(apply);
        match outside.apply_us(at) {
            0 => self.finish_apply(outside, at),
            after_us => self.schedule(
                after_us,
                Event::Applied {
                    at: at as u8,
                    incarnation,
                },
            ),
        }
        true
    }

    pub(super) fn finish_apply<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        if let Some(apply) = self.servers[at].applying.take() {
            outside.apply(self, at, apply);
        }
    }

    fn arm_timer<O: Outside<Event = E>>(&mut self, outside: &mut O, at: usize) {
        let now_us = self.now_us;
        let server = &mut self.servers[at];
        let Some(raft) = &server.raft else { return };
        let deadline_ms = raft.deadline_ms();
        let Some(due_us) = server.clock.when_us(now_us, deadline_ms) else {
            return;
        };
        // A leader's messages wait for the batch before them; a timer would
        // only find that out again and again.
        if due_us <= now_us && server.status.role == Role::Leader && (server.batch.is_some() || server.wake_scheduled) {
            return;
        }
        if due_us < server.timer_us {
            let due_us = due_us + outside.late_us(at);
            if due_us < server.timer_us {
                server.timer_us = due_us;
                self.queue.push(due_us, Event::Timer { at: at as u8 });
            }
        }
    }
}

fn describe(persist: &Persist) -> String {
    let mut words = format!("term {}", persist.hard_state.term);
    if let Some(candidate) = persist.hard_state.voted_for {
        words += &format!(", vote for S{candidate}");
    }
    if let Some(snapshot) = &persist.snapshot {
        words += &format!(", snapshot up to {} (term {})", snapshot.index, snapshot.term);
    }
    if let Some(delta) = &persist.log {
        let terms: Vec<u64> = delta.entries.iter().map(|entry| entry.term).collect();
        words += &format!(", log from {} on: terms {terms:?}", delta.from);
    }
    words
}

fn describe_apply(apply: &Apply) -> String {
    match apply {
        Apply::Snapshot(snapshot) => format!("the snapshot up to {}", snapshot.index),
        Apply::Entries { first_index, entries } => {
            format!("{}..={}", first_index, first_index + entries.len() as u64 - 1)
        }
    }
}
