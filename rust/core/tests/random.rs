//! Random schedules with every fault there is, the paper's properties checked
//! after each step, and recovery once the faults end. `PONTOON_SEEDS=100000`
//! runs more of them, `PONTOON_SEED=7` one, with a trace.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

mod kit;

use kit::schedule;

#[test]
fn random_schedules_keep_the_papers_properties() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    if let Some(seed) = number("PONTOON_SEED") {
        return schedule::run(seed, true);
    }
    for seed in 0..number("PONTOON_SEEDS").unwrap_or(300) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| schedule::run(seed, false))) {
            eprintln!("seed {seed} fails; to replay it:");
            eprintln!("PONTOON_SEED={seed} cargo test -p pontoon-core --test random -- --nocapture");
            resume_unwind(panic);
        }
    }
}
