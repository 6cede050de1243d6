//! The list of tests, and runs of all of them for many seeds.

use std::fmt::Write;
use std::future::Future;
use std::ops::Range;
use std::sync::Mutex;

use pontoon_core::Profile;

use super::bench::Tested;
use super::task::{Lab, Part};
use super::world::Site;
use super::{part_a, part_b, part_c, part_d};
use crate::cluster::{Cluster, Stats};
use crate::invariant::Violation;
use crate::run::{Summary, guarded, run_seeds};
use crate::trace::Trace;

/// A test may take no longer.
const LIMIT_US: u64 = 120_000_000;
/// Where a test that hangs is given up.
const HANG_US: u64 = 600_000_000;

/// One of the lab's tests.
pub struct Test {
    /// Its name, without the part.
    pub name: &'static str,
    servers: usize,
    unreliable: bool,
    snapshots: bool,
    script: fn(Lab) -> Part,
}

const fn test(name: &'static str, servers: usize, script: fn(Lab) -> Part) -> Test {
    Test {
        name,
        servers,
        unreliable: false,
        snapshots: false,
        script,
    }
}

const fn unreliable(test: Test) -> Test {
    Test {
        unreliable: true,
        ..test
    }
}

const fn snapshots(test: Test) -> Test {
    Test {
        snapshots: true,
        ..test
    }
}

fn part<F: Future<Output = Tested<()>> + 'static>(script: F) -> Part {
    Box::pin(script)
}

/// All of them, in the order of the lab.
pub const TESTS: &[Test] = &[
    test("InitialElection", 3, |lab| part(part_a::initial_election(lab))),
    test("ReElection", 3, |lab| part(part_a::re_election(lab))),
    test("ManyElections", 7, |lab| part(part_a::many_elections(lab))),
    test("BasicAgree", 3, |lab| part(part_b::basic_agree(lab))),
    test("RPCBytes", 3, |lab| part(part_b::rpc_bytes(lab))),
    test("FollowerFailure", 3, |lab| part(part_b::follower_failure(lab))),
    test("LeaderFailure", 3, |lab| part(part_b::leader_failure(lab))),
    test("FailAgree", 3, |lab| part(part_b::fail_agree(lab))),
    test("FailNoAgree", 5, |lab| part(part_b::fail_no_agree(lab))),
    test("ConcurrentStarts", 3, |lab| part(part_b::concurrent_starts(lab))),
    test("Rejoin", 3, |lab| part(part_b::rejoin(lab))),
    test("Backup", 5, |lab| part(part_b::backup(lab))),
    test("Count", 3, |lab| part(part_b::count(lab))),
    test("Persist1", 3, |lab| part(part_c::persist1(lab))),
    test("Persist2", 5, |lab| part(part_c::persist2(lab))),
    test("Persist3", 3, |lab| part(part_c::persist3(lab))),
    test("Figure8", 5, |lab| part(part_c::figure8(lab))),
    unreliable(test("UnreliableAgree", 5, |lab| part(part_c::unreliable_agree(lab)))),
    unreliable(test("Figure8Unreliable", 5, |lab| {
        part(part_c::figure8_unreliable(lab))
    })),
    test("ReliableChurn", 5, |lab| part(part_c::churn(lab))),
    unreliable(test("UnreliableChurn", 5, |lab| part(part_c::churn(lab)))),
    snapshots(test("SnapshotBasic", 3, |lab| part(part_d::snapshot_basic(lab)))),
    snapshots(test("SnapshotInstall", 3, |lab| part(part_d::snapshot_install(lab)))),
    snapshots(unreliable(test("SnapshotInstallUnreliable", 3, |lab| {
        part(part_d::snapshot_install(lab))
    }))),
    snapshots(test("SnapshotInstallCrash", 3, |lab| {
        part(part_d::snapshot_install_crash(lab))
    })),
    snapshots(unreliable(test("SnapshotInstallUnCrash", 3, |lab| {
        part(part_d::snapshot_install_crash(lab))
    }))),
    snapshots(test("SnapshotAllCrash", 3, |lab| part(part_d::snapshot_all_crash(lab)))),
    snapshots(test("SnapshotInit", 3, |lab| part(part_d::snapshot_init(lab)))),
];

/// What came of one run of one test.
pub struct LabOutcome {
    /// Not set if it passed.
    pub violation: Option<Violation>,
    /// Hash of all that happened.
    pub hash: u64,
    /// Simulated time, elections and so on.
    pub stats: Stats,
    /// Calls made on the lab's network.
    pub rpcs: u64,
    /// Their bytes and the answers'.
    pub bytes: u64,
    /// The transcript, if it was asked for.
    pub lines: Vec<String>,
}

/// Runs one test under one seed.
pub fn run_lab(test: &Test, seed: u64, in_words: bool) -> LabOutcome {
    let cluster = Cluster::new(test.servers, Profile::Lab, Trace::new(in_words));
    let lab = Lab::new(cluster, Site::new(test.servers, seed, test.unreliable, test.snapshots));
    let mut result = Ok(());
    let panicked = guarded(|| {
        (0..test.servers).for_each(|at| lab.start1(at));
        (0..test.servers).for_each(|at| lab.connect(at));
        result = lab.run((test.script)(lab.clone()), HANG_US);
    });
    lab.forget_parts();
    let Ok(world) = std::rc::Rc::try_unwrap(lab.world).map(std::cell::RefCell::into_inner) else {
        unreachable!("the test's parts are gone, and nobody else holds the world");
    };
    let (mut cluster, site) = (world.cluster, world.site);
    if let Err(text) = panicked {
        let property = "assertions of the core";
        cluster.check(Err(Violation {
            property,
            section: "a violated invariant panics",
            text,
        }));
    }
    let in_time = cluster.now_us <= LIMIT_US;
    let result = result.and_then(|()| {
        if in_time {
            Ok(())
        } else {
            Err("it took over 120 s".into())
        }
    });
    cluster.check(result.map_err(|text| Violation {
        property: test.name,
        section: "lab",
        text,
    }));
    LabOutcome {
        violation: cluster.violation.take(),
        hash: cluster.trace.hash(),
        stats: cluster.finish_stats(),
        rpcs: site.calls_made,
        bytes: site.bytes,
        lines: cluster.trace.into_lines(),
    }
}

/// Sums over the runs of one test.
#[derive(Clone, Copy, Default)]
struct Tally {
    runs: u64,
    failed: u64,
    simulated_us: u64,
    rpcs: u64,
    rpcs_max: u64,
    bytes: u64,
}

/// The result of many runs of the suite.
pub struct LabSummary {
    /// What all runs have in common, and the first failure.
    pub summary: Summary,
    /// A table, a line a test.
    pub table: String,
    /// The test that failed first.
    pub failed: Option<&'static str>,
}

/// Runs the tests whose name contains `filter`, all of them for each seed.
pub fn run_tests(seeds: Range<u64>, jobs: usize, filter: &str) -> LabSummary {
    let tests: Vec<&'static Test> = TESTS.iter().filter(|test| test.name.contains(filter)).collect();
    let tallies = Mutex::new(vec![Tally::default(); tests.len()]);
    let count = tests.len() as u64;
    let runs = seeds.start * count..seeds.end * count;
    let mut summary = run_seeds(runs, jobs, true, |run| {
        let at = (run % count) as usize;
        let outcome = run_lab(tests[at], run / count, false);
        let tally = &mut tallies.lock().expect("a run does not panic")[at];
        tally.runs += 1;
        tally.failed += u64::from(outcome.violation.is_some());
        tally.simulated_us += outcome.stats.simulated_us;
        tally.rpcs += outcome.rpcs;
        tally.rpcs_max = tally.rpcs_max.max(outcome.rpcs);
        tally.bytes += outcome.bytes;
        (outcome.hash, outcome.stats, outcome.violation)
    });
    let mut failed = None;
    for failure in &mut summary.failures {
        failed = failed.or(Some(tests[(failure.seed % count) as usize].name));
        failure.seed /= count;
    }
    summary.seeds = seeds.end - seeds.start;
    let tallies = tallies.into_inner().expect("a run does not panic");
    let table = table(&tests, &tallies);
    LabSummary { summary, table, failed }
}

fn table(tests: &[&Test], tallies: &[Tally]) -> String {
    let mut text = format!(
        "{:<26}{:>6}{:>7}{:>9}{:>9}{:>9}{:>10}\n",
        "test", "runs", "failed", "seconds", "RPCs", "at most", "bytes"
    );
    for (test, tally) in tests.iter().zip(tallies) {
        let runs = tally.runs.max(1);
        let seconds = tally.simulated_us as f64 / 1e6 / runs as f64;
        let _ = writeln!(
            text,
            "{:<26}{:>6}{:>7}{seconds:>9.1}{:>9}{:>9}{:>10}",
            test.name,
            tally.runs,
            tally.failed,
            tally.rpcs / runs,
            tally.rpcs_max,
            tally.bytes / runs
        );
    }
    text
}
