//! Makes a failing run small: leaves out chunks of what happens to it while
//! the same property still fails (delta debugging, Zeller 1999), first of the
//! faults, then of what the network did to single messages, then of the setup.

use crate::plan::{MessageFaults, Plan, Setup};
use crate::run::Outcome;
use crate::scenario::simulate;

/// Events that all attempts together may take.
const STEPS_MAX: u64 = 60_000_000;

struct Shrinker {
    property: &'static str,
    steps_left: u64,
}

/// The smallest plan found that violates the same property, and how it went.
pub(crate) fn minimise(plan: &Plan, property: &'static str, steps_max: u64) -> (Plan, Outcome) {
    let mut shrinker = Shrinker {
        property,
        steps_left: STEPS_MAX,
    };
    let mut best = plan.clone();
    shrinker.shorten(&mut best);
    loop {
        let before = size(&best);
        shrinker.faults(&mut best);
        shrinker.messages(&mut best);
        shrinker.setup(&mut best);
        if size(&best) >= before || shrinker.steps_left == 0 {
            break;
        }
    }
    let outcome = simulate(&best, steps_max, true);
    (best, outcome)
}

fn size(plan: &Plan) -> usize {
    let messages = match &plan.messages {
        MessageFaults::Drawn => 0,
        MessageFaults::Listed(list) => list.len(),
    };
    plan.faults.len() + messages
}

impl Shrinker {
    fn fails(&mut self, plan: &Plan) -> Option<Outcome> {
        if self.steps_left == 0 {
            return None;
        }
        let outcome = simulate(plan, self.steps_left, false);
        self.steps_left = self.steps_left.saturating_sub(outcome.stats.steps);
        let violation = outcome.violation.as_ref()?;
        (violation.property == self.property).then_some(outcome)
    }

    /// Keeps `candidate` if it still fails.
    fn try_plan(&mut self, best: &mut Plan, candidate: Plan) -> bool {
        let kept = self.fails(&candidate).is_some();
        if kept {
            *best = candidate;
        }
        kept
    }

    /// Nothing after the failure matters; and a shorter trouble may do.
    fn shorten(&mut self, best: &mut Plan) {
        let Some(outcome) = self.fails(best) else { return };
        let failed_us = outcome.stats.simulated_us;
        best.faults.retain(|fault| fault.at_us <= failed_us);
        for _ in 0..6 {
            let mut candidate = best.clone();
            candidate.calm_us /= 2;
            candidate.faults.retain(|fault| fault.at_us <= candidate.calm_us);
            if !self.try_plan(best, candidate) {
                break;
            }
        }
    }

    fn faults(&mut self, best: &mut Plan) {
        let mut plan = best.clone();
        let faults = self.chunks(best.faults.clone(), |faults| {
            plan.faults = faults;
            plan.clone()
        });
        best.faults = faults;
    }

    /// Turns drawn mishaps into a list, and shortens that.
    fn messages(&mut self, best: &mut Plan) {
        if let MessageFaults::Drawn = best.messages {
            let Some(outcome) = self.fails(best) else { return };
            let mut candidate = best.clone();
            candidate.messages = MessageFaults::Listed(outcome.mishaps);
            if !self.try_plan(best, candidate) {
                return;
            }
        }
        let mut plan = best.clone();
        let MessageFaults::Listed(list) = best.messages.clone() else {
            return;
        };
        let list = self.chunks(list, |list| {
            plan.messages = MessageFaults::Listed(list);
            plan.clone()
        });
        best.messages = MessageFaults::Listed(list);
    }

    /// Drops chunks of `items`, smaller and smaller ones, while it still fails.
    fn chunks<T: Clone>(&mut self, mut items: Vec<T>, mut with: impl FnMut(Vec<T>) -> Plan) -> Vec<T> {
        let mut chunk = items.len();
        while chunk > 0 && !items.is_empty() {
            let mut at = 0;
            while at < items.len() {
                let mut fewer = items.clone();
                fewer.drain(at..(at + chunk).min(items.len()));
                if self.fails(&with(fewer.clone())).is_some() {
                    items = fewer;
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
        items
    }

    /// Plainer setups, each kept if it still fails.
    fn setup(&mut self, best: &mut Plan) {
        let plainer: [fn(&mut Setup); 14] = [
            |setup| setup.clients = 0,
            |setup| setup.clients = 1,
            |setup| setup.servers = 3,
            |setup| setup.snapshot_every = (0, 0),
            |setup| setup.snapshot_padding = 0,
            |setup| setup.command_padding = 0,
            |setup| setup.apply_us = (0, 0),
            |setup| setup.apply_bytes = 1 << 20,
            |setup| setup.wake_us = (0, 0),
            |setup| setup.done_us = (0, 0),
            |setup| setup.late_us = (0, 0),
            |setup| setup.drift_ppm = 0,
            |setup| setup.reported = 0,
            |setup| setup.think_us = (setup.think_us.1, 2 * setup.think_us.1),
        ];
        for change in plainer {
            let mut candidate = best.clone();
            change(&mut candidate.setup);
            let grows = candidate.setup.servers > best.setup.servers;
            if !grows && format!("{:?}", candidate.setup) != format!("{:?}", best.setup) {
                self.try_plan(best, candidate);
            }
        }
    }
}
