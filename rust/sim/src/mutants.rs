//! Puts each of the core's deliberate bugs back and looks whether some seed
//! notices it. A bug that survives is a hole in the properties or the faults.

use std::ops::Range;
use std::time::Instant;

use pontoon_core::mutant::{ALL, activate};

use crate::cluster::disk_mutant;
use crate::run::{run_seed, run_seeds};

/// Puts the named bug of the core, or of the simulated disk, back for the whole process.
///
/// # Errors
/// There is no such bug; the text lists the ones there are.
pub fn put_back(name: &str) -> Result<(), String> {
    let (core, disk) = (activate(name), disk_mutant::activate(name));
    if core || disk {
        return Ok(());
    }
    let disk = disk_mutant::ALL.iter().map(|(name, _)| *name);
    let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).chain(disk).collect();
    Err(format!("no mutant is called {name}; there are: {}", names.join(", ")))
}

/// Runs every mutant, or the one that is named, on the seeds and prints a line for each as it is done.
/// Returns the names of those that survived.
pub fn hunt(only: Option<&str>, seeds: &Range<u64>, jobs: usize) -> Vec<&'static str> {
    println!("| mutant | rule | killed |\n|---|---|---|");
    let mut survivors = Vec::new();
    // The disk's bugs are no bugs of the core: they are run when they are named.
    let disk = disk_mutant::ALL.iter().map(|(name, _)| (*name, "the simulated disk"));
    let disk = disk.filter(|(name, _)| only == Some(name));
    let core = ALL.iter().copied();
    let core = core.filter(|(name, _)| only.is_none_or(|only| only == *name));
    for (mutant, rule) in core.chain(disk) {
        put_back(mutant).expect("the name is from the list");
        let start = Instant::now();
        let summary = run_seeds(seeds.clone(), jobs, false, |seed| run_seed(seed, u64::MAX));
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match summary.failures.first() {
            Some(failure) => format!(
                "by seed {} in {seconds:.1} s: {}",
                failure.seed, failure.violation.property
            ),
            None => {
                survivors.push(mutant);
                format!("*survived* {} seeds in {seconds:.1} s", summary.seeds)
            }
        };
        println!("| {mutant} | {rule} | {verdict} |");
    }
    activate("");
    survivors
}
