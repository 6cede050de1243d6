//! The properties can fail: bugs that are put back are noticed, and what leads
//! to them is boiled down. One test, for a bug is there for the whole process.
#![cfg(feature = "mutants")]

use pontoon_sim::mutants::put_back;
use pontoon_sim::search::{Bounds, search};
use pontoon_sim::{report, run_seed, run_seeds};

#[test]
fn bugs_are_noticed_and_boiled_down() {
    let bugs = [
        ("reply-early", "durability"),
        ("disk-syncs-nothing", "durability"),
        ("disk-trusts-records", "durability"),
        ("disk-keeps-half-batches", "durability"),
        ("commit-old-term", "commit rule"),
        ("vote-not-persisted", "durability"),
        ("count-stale-vote", "election safety"),
        ("vote-for-any-log", "leader completeness"),
        ("keep-log-on-install", "log matching"),
        ("timer-on-any-message", "election timer"),
    ];
    for (name, property) in bugs {
        put_back(name).expect("there is such a mutant");
        let summary = run_seeds(0..40, 2, false, |seed| run_seed(seed, u64::MAX));
        let failure = summary.failures.first().unwrap_or_else(|| panic!("{name} survives"));
        assert_eq!(failure.violation.property, property, "{name}");
        let text = report::failure(failure, "the replay command", u64::MAX);
        assert!(
            text.contains("VIOLATION") && text.contains("the replay command"),
            "{text}"
        );
        let faults = text.lines().filter(|line| line.starts_with("  at ")).count();
        assert!(faults < 12, "{name}: {faults} faults are left\n{text}");
    }
    for name in ["vote-twice", "commit-without-quorum", "reply-early", "count-stale-vote"] {
        put_back(name).expect("there is such a mutant");
        let found = search(&Bounds::default());
        let (violation, lines) = found.violation.unwrap_or_else(|| panic!("the search misses {name}"));
        assert!(lines.len() < 15, "{name}: {violation}\n{lines:#?}");
    }
    put_back("no-such-bug").expect_err("there is none");
}
