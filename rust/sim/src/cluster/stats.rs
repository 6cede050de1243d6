//! What is counted.

/// Counts for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events processed.
    pub steps: u64,
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
    /// Leaders that took office.
    pub elections: u64,
    /// Servers stopped, restarts not counted.
    pub crashes: u64,
    /// Writes that a crash tore, scattered, dropped or let pass.
    pub damages: u64,
    /// Messages handed to the network.
    pub messages: u64,
    /// Requests among them.
    pub requests: u64,
    /// Entries committed.
    pub entries: u64,
    /// Snapshots installed from a leader.
    pub installs: u64,
    /// Operations of clients.
    pub operations: u64,
}

impl Stats {
    /// Sums two runs.
    pub fn add(&mut self, other: &Stats) {
        self.steps += other.steps;
        self.simulated_us += other.simulated_us;
        self.elections += other.elections;
        self.crashes += other.crashes;
        self.damages += other.damages;
        self.messages += other.messages;
        self.requests += other.requests;
        self.entries += other.entries;
        self.installs += other.installs;
        self.operations += other.operations;
    }
}
