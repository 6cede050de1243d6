//! Breadth first through every order of events within small bounds, on the
//! real core, with all safety properties checked in every state. Timers fire
//! when the search says so: time is not a part of a state.
//!
//! A message that stays under way is a message that is lost, so none is lost
//! expressly. Only the first election is always that of the first server: the
//! others differ from it in name alone.

mod world;

use std::collections::HashSet;
use std::time::Instant;

use crate::invariant::Violation;
use world::World;

/// How far the search goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Servers of the cluster.
    pub servers: usize,
    /// Events from the start.
    pub depth: usize,
    /// Election timers that fire.
    pub elections: u8,
    /// Commands.
    pub proposals: u8,
    /// Heartbeat timers that fire.
    pub heartbeats: u8,
    /// Crashes, each with a restart at once.
    pub crashes: u8,
    /// Messages that arrive twice.
    pub duplicates: u8,
    /// Messages under way at once; states with more are not visited.
    pub inflight: usize,
    /// States at which the search gives up.
    pub states_max: usize,
    /// Seconds after which it does.
    pub seconds_max: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            servers: 3,
            depth: 100,
            elections: 2,
            proposals: 1,
            heartbeats: 0,
            crashes: 1,
            duplicates: 0,
            inflight: 4,
            states_max: 40_000_000,
            seconds_max: 600,
        }
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Different states.
    pub states: usize,
    /// Events on the way to the farthest of them.
    pub depth: usize,
    /// Nothing within the bounds is left.
    pub complete: bool,
    /// The first violation, with the shortest list of events that leads to it.
    pub violation: Option<(Violation, Vec<String>)>,
}

/// How a state was reached: from which, and by which of its events.
#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    event: u16,
}

/// Searches within `bounds`.
pub fn search(bounds: &Bounds) -> Found {
    let begin = Instant::now();
    let root = World::new(bounds);
    let mut seen = HashSet::from([root.digest()]);
    let mut nodes = vec![Node { parent: 0, event: 0 }];
    let (mut at, mut depth, mut level_end) = (0, 0, 1);
    let found = |nodes: &Vec<Node>, depth, complete, violation| Found {
        states: nodes.len(),
        depth,
        complete,
        violation,
    };
    while at < nodes.len() {
        if at == level_end {
            (depth, level_end) = (depth + 1, nodes.len());
        }
        let late = at % 1024 == 0 && begin.elapsed().as_secs() >= bounds.seconds_max;
        if depth >= bounds.depth || nodes.len() >= bounds.states_max || late {
            return found(&nodes, depth, false, None);
        }
        let world = replay(&root, &nodes, at, None);
        for (event, step) in world.events(bounds).into_iter().enumerate() {
            let mut next = world.clone();
            if let Err(violation) = next.step(step) {
                let mut lines = Vec::new();
                let world = replay(&root, &nodes, at, Some(&mut lines));
                lines.push(world.describe(step));
                return found(&nodes, depth + 1, false, Some((violation, lines)));
            }
            if next.is_within(bounds) && seen.insert(next.digest()) {
                nodes.push(Node {
                    parent: at as u32,
                    event: event as u16,
                });
            }
        }
        at += 1;
    }
    found(&nodes, depth, true, None)
}

/// The state of a node, by doing again what led to it.
fn replay(root: &World, nodes: &[Node], at: usize, mut lines: Option<&mut Vec<String>>) -> World {
    let mut path = Vec::new();
    let mut here = at;
    while here != 0 {
        path.push(nodes[here].event);
        here = nodes[here].parent as usize;
    }
    let mut world = root.clone();
    for event in path.into_iter().rev() {
        let step = world.events(root.bounds())[usize::from(event)];
        if let Some(lines) = &mut lines {
            lines.push(world.describe(step));
        }
        world.step(step).expect("it held the first time");
    }
    world
}
