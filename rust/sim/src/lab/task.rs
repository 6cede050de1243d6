//! Tests are written as they read, with sleeps and with parts that run beside
//! each other; here they become tasks on simulated time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::world::{LabEvent, Site};
use crate::cluster::{Cluster, Event};

/// A test, or a part of one; an error says what went wrong.
pub(super) type Part = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// The cluster and what is around it.
pub(super) struct World {
    pub(super) cluster: Cluster<LabEvent>,
    pub(super) site: Site,
    /// The task that runs now.
    task: usize,
    /// Parts that were started and not looked at yet.
    started: VecDeque<(Part, Rc<Cell<bool>>)>,
}

/// What a test holds: all its parts share one world.
#[derive(Clone)]
pub(super) struct Lab {
    pub(super) world: Rc<RefCell<World>>,
}

/// Wakes its task at a simulated time.
pub(super) struct Sleep {
    lab: Lab,
    until_us: u64,
    set: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let until_us = self.until_us;
        let set = std::mem::replace(&mut self.set, true);
        let world = &mut *self.lab.world.borrow_mut();
        if world.cluster.now_us >= until_us {
            return Poll::Ready(());
        }
        if !set {
            let task = world.task;
            world
                .cluster
                .queue
                .push(until_us, Event::Outside(LabEvent::Woken { task }));
        }
        Poll::Pending
    }
}

impl Lab {
    pub(super) fn new(cluster: Cluster<LabEvent>, site: Site) -> Lab {
        let world = World {
            cluster,
            site,
            task: 0,
            started: VecDeque::new(),
        };
        Lab {
            world: Rc::new(RefCell::new(world)),
        }
    }

    pub(super) fn sleep(&self, ms: u64) -> Sleep {
        Sleep {
            until_us: self.world.borrow().cluster.now_us + 1000 * ms,
            lab: self.clone(),
            set: false,
        }
    }

    /// Runs `part` beside the rest. The answer becomes true when it is done.
    pub(super) fn spawn(&self, part: impl Future<Output = Result<(), String>> + 'static) -> Rc<Cell<bool>> {
        let done = Rc::new(Cell::new(false));
        self.world
            .borrow_mut()
            .started
            .push_back((Box::pin(part), done.clone()));
        done
    }

    /// Waits until all of `parts` are done.
    pub(super) async fn join(&self, parts: &[Rc<Cell<bool>>]) {
        while parts.iter().any(|done| !done.get()) {
            self.sleep(1).await;
        }
    }

    /// Drops parts that never ran: each holds the world that holds it.
    pub(super) fn forget_parts(&self) {
        let parts = std::mem::take(&mut self.world.borrow_mut().started);
        drop(parts);
    }

    /// Runs the test to its end, or until something fails, or for `limit_us`.
    pub(super) fn run(&self, test: Part, limit_us: u64) -> Result<(), String> {
        let mut tasks: Vec<Option<(Part, Rc<Cell<bool>>)>> = vec![Some((test, Rc::new(Cell::new(false))))];
        let mut context = Context::from_waker(Waker::noop());
        let mut next = 0;
        loop {
            self.world.borrow_mut().task = next;
            if let Some((part, done)) = &mut tasks[next]
                && let Poll::Ready(result) = part.as_mut().poll(&mut context)
            {
                done.set(true);
                tasks[next] = None;
                if result.is_err() || next == 0 {
                    return result;
                }
            }
            let world = &mut *self.world.borrow_mut();
            if let Some(part) = world.started.pop_front() {
                tasks.push(Some(part));
                next = tasks.len() - 1;
                continue;
            }
            world.cluster.run(&mut world.site, limit_us, u64::MAX);
            match world.site.woken.take() {
                Some(task) => next = task,
                None if world.cluster.violation.is_some() => return Ok(()),
                None => return Err(format!("the test hangs: {} s and no end", limit_us / 1_000_000)),
            }
        }
    }
}
