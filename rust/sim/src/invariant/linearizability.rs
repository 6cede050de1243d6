//! Linearizability of the registers on top of the log (§8): each command seems
//! to take effect at one moment between its call and its answer.
//!
//! Written values are unique, so the check is exact and fast (Gibbons and
//! Korach, "Testing Shared Memories", 1997): a write and the reads that return
//! its value form a cluster. From the first answer in a cluster to the last
//! call in it the register must hold its value.

use super::{Checked, Property};

const PROPERTY: Property = Property {
    name: "linearizability",
    section: "§8",
};

/// The answer that never came.
const NEVER: u64 = u64::MAX;

/// What a client asks of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Write(u64),
    /// The value is what the answer said; 0 is the register's first value.
    Read(u64),
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    key: usize,
    action: Action,
    called: u64,
    answered: u64,
    /// It is known that it will never take effect.
    void: bool,
}

/// All operations of a run. Moments are counted, not timed, so that no two are equal.
#[derive(Default)]
pub(crate) struct History {
    operations: Vec<Operation>,
    moment: u64,
}

/// A cluster's zone; `low..high` is a stretch in which the register must hold
/// the value if `forward`, else one in which it may.
#[derive(Clone, Copy, Debug)]
struct Zone {
    low: u64,
    high: u64,
    value: u64,
}

impl History {
    fn now(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// A client calls. Returns the operation's number.
    pub(crate) fn call(&mut self, key: usize, action: Action) -> usize {
        let called = self.now();
        self.operations.push(Operation {
            key,
            action,
            called,
            answered: NEVER,
            void: false,
        });
        self.operations.len() - 1
    }

    /// The answer came; a read's says `value`.
    pub(crate) fn answer(&mut self, operation: usize, value: u64) {
        let answered = self.now();
        let operation = &mut self.operations[operation];
        operation.answered = answered;
        if let Action::Read(read) = &mut operation.action {
            *read = value;
        }
    }

    /// Another command was committed in its place: it never takes effect.
    pub(crate) fn void(&mut self, operation: usize) {
        self.operations[operation].void = true;
    }

    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether the answers so far can be explained by one register per key.
    pub(crate) fn check(&self, keys: usize) -> Checked {
        (0..keys).try_for_each(|key| self.check_key(key))
    }

    fn check_key(&self, key: usize) -> Checked {
        let of_key = || {
            self.operations
                .iter()
                .filter(move |operation| operation.key == key && !operation.void)
        };
        let mut writes: Vec<(u64, Operation)> = of_key()
            .filter_map(|operation| match operation.action {
                Action::Write(value) => Some((value, *operation)),
                Action::Read(_) => None,
            })
            .collect();
        writes.sort_unstable_by_key(|(value, _)| *value);
        // (first answer, last call) of each write's cluster, the register's first value in front.
        let mut clusters: Vec<(u64, u64)> = vec![(0, 0)];
        clusters.extend(writes.iter().map(|(_, write)| (write.answered, write.called)));
        for read in of_key().filter(|operation| operation.answered != NEVER) {
            let Action::Read(value) = read.action else { continue };
            let at = match value {
                0 => 0,
                _ => {
                    let found = writes.binary_search_by_key(&value, |(value, _)| *value);
                    let at = found.map_err(|_| {
                        PROPERTY.violated(format!("register {key}: {value} was read and never written"))
                    })?;
                    PROPERTY.require(read.answered > writes[at].1.called, || {
                        format!("register {key}: {value} was read before it was written")
                    })?;
                    at + 1
                }
            };
            let (first_answer, last_call) = &mut clusters[at];
            *first_answer = read.answered.min(*first_answer);
            *last_call = read.called.max(*last_call);
        }
        let value_of = |at: usize| if at == 0 { 0 } else { writes[at - 1].0 };
        check_zones(
            key,
            clusters
                .iter()
                .enumerate()
                .map(|(at, cluster)| (value_of(at), *cluster)),
        )
    }
}

fn check_zones(key: usize, clusters: impl Iterator<Item = (u64, (u64, u64))>) -> Checked {
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for (value, (first_answer, last_call)) in clusters {
        match first_answer < last_call {
            true => forward.push(Zone {
                low: first_answer,
                high: last_call,
                value,
            }),
            false => backward.push(Zone {
                low: last_call,
                high: first_answer,
                value,
            }),
        }
    }
    forward.sort_unstable_by_key(|zone| zone.low);
    for pair in forward.windows(2) {
        PROPERTY.require(pair[0].high < pair[1].low, || {
            format!(
                "register {key}: {} and {} were both current at once",
                pair[0].value, pair[1].value
            )
        })?;
    }
    for zone in backward {
        // The last forward zone that begins before this one.
        let before = forward.partition_point(|other| other.low < zone.low);
        let around = before.checked_sub(1).map(|at| forward[at]);
        PROPERTY.require(around.is_none_or(|around| around.high < zone.high), || {
            let current = around.map_or(0, |around| around.value);
            format!("register {key}: {} was current while {current} was", zone.value)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    /// By definition: some order of the operations that respects time explains
    /// every answer. Tries all of them.
    fn by_definition(left: &[Operation], value: u64) -> bool {
        let earliest = left.iter().map(|operation| operation.answered).min().unwrap_or(NEVER);
        if earliest == NEVER {
            return true; // what was never answered need not have happened
        }
        left.iter().enumerate().any(|(at, operation)| {
            let mut rest = left.to_vec();
            rest.remove(at);
            let now = match operation.action {
                Action::Read(read) if operation.answered != NEVER && read != value => return false,
                Action::Read(_) => value,
                Action::Write(written) => written,
            };
            operation.called < earliest && by_definition(&rest, now)
        })
    }

    /// A small history of overlapping operations, right or wrong.
    fn random_history(rng: &mut SmallRng) -> History {
        let mut history = History::default();
        let mut open: Vec<usize> = Vec::new();
        let mut written = 0;
        for _ in 0..rng.random_range(2..14) {
            if open.len() < 3 && rng.random::<bool>() {
                let action = match rng.random::<bool>() {
                    true => {
                        written += 1;
                        Action::Write(written)
                    }
                    false => Action::Read(0),
                };
                open.push(history.call(0, action));
            } else if !open.is_empty() {
                let operation = open.swap_remove(rng.random_range(0..open.len()));
                history.answer(operation, rng.random_range(0..=written));
            }
        }
        history
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut rng = SmallRng::seed_from_u64(1);
        let mut verdicts = [0; 2];
        for _ in 0..20_000 {
            let history = random_history(&mut rng);
            let holds = by_definition(&history.operations, 0);
            assert_eq!(history.check(1).is_ok(), holds, "{:?}", history.operations);
            verdicts[usize::from(holds)] += 1;
        }
        assert!(verdicts.iter().all(|count| *count > 2000), "both happen: {verdicts:?}");
    }

    #[test]
    fn what_cannot_have_happened_is_not_read() {
        let mut history = History::default();
        let write = history.call(0, Action::Write(5));
        let read = history.call(0, Action::Read(0));
        history.answer(read, 5);
        assert!(history.check(1).is_ok());
        history.void(write);
        assert!(history.check(1).is_err(), "another command was committed in its place");
    }
}
