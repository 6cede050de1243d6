//! What a cluster needs of the world around it.

use pontoon_core::{Apply, Outgoing, Snapshot};

use super::{Cluster, Damage};
use crate::invariant::{Link, OpenRequest};

/// What surrounds the servers. All times are simulated microseconds.
pub(crate) trait Outside {
    type Event;

    /// `outgoing` leaves server `from`; a reply says which request it answers.
    fn send(
        &mut self,
        cluster: &mut Cluster<Self::Event>,
        from: usize,
        outgoing: Outgoing,
        answers: Option<OpenRequest>,
    );
    /// How long this server's next write takes; 0: it is done at once.
    fn write_us(&mut self, at: usize) -> u64;
    /// What a crash does to the write under way.
    fn damage(&mut self, at: usize) -> Damage;
    /// How long after its messages left the core learns that a batch is done.
    fn done_us(&mut self, at: usize) -> u64;
    /// How long the state machine takes for what it is given now.
    fn apply_us(&mut self, at: usize) -> u64;
    /// How long the server's loop takes to come round after an input.
    fn wake_us(&mut self, at: usize) -> u64;
    /// How late a timer fires.
    fn late_us(&mut self, at: usize) -> u64;
    fn apply_bytes(&self, at: usize) -> usize;
    fn apply(&mut self, cluster: &mut Cluster<Self::Event>, at: usize, apply: Apply);
    /// What a snapshot's bytes say they stand for.
    fn read_snapshot(&self, snapshot: &Snapshot) -> Option<Link>;
    fn crashed(&mut self, cluster: &mut Cluster<Self::Event>, at: usize);
    fn event(&mut self, cluster: &mut Cluster<Self::Event>, event: Self::Event);
}
