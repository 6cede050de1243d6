//! Replays one seed, or runs many.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use pontoon_sim::search::{Bounds, search};
use pontoon_sim::{lab, report, run_seed, run_seeds, silence_panics};

const USAGE: &str = "\
pontoon-sim --seed S [--steps N] [--trace]      replay one seed
pontoon-sim --seeds A..B [--jobs J]             run many
pontoon-sim --lab --seeds A..B [--test NAME]    the course's tests on simulated time
pontoon-sim --lab --seed S --test NAME --trace  one of them in words
pontoon-sim --search [--servers N --depth D --elections N --proposals N --heartbeats N --crashes N --duplicates N
            --inflight N --seconds N]           every order of events within small bounds
pontoon-sim --mutant NAME --seeds A..B          with a bug put back (needs the feature mutants)
pontoon-sim --mutants [--mutant NAME] [--seeds A..B] [--jobs J]
                                                every bug in turn, or one (seeds 0..2000)";

#[derive(Default)]
struct Options {
    seeds: Range<u64>,
    steps: Option<u64>,
    jobs: Option<usize>,
    trace: bool,
    lab: bool,
    test: Option<String>,
    mutant: Option<String>,
    mutants: bool,
    search: bool,
    bounds: Bounds,
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--seed" => {
                let seed = number(&arg, &value()?)?;
                options.seeds = seed..seed + 1;
            }
            "--seeds" => options.seeds = range(&arg, &value()?)?,
            "--steps" => options.steps = Some(number(&arg, &value()?)?),
            "--jobs" => options.jobs = Some(number(&arg, &value()?)? as usize),
            "--trace" => options.trace = true,
            "--lab" => options.lab = true,
            "--test" => options.test = Some(value()?),
            "--mutant" => options.mutant = Some(value()?),
            "--search" => options.search = true,
            "--servers" => options.bounds.servers = number(&arg, &value()?)? as usize,
            "--depth" => options.bounds.depth = number(&arg, &value()?)? as usize,
            "--elections" => options.bounds.elections = few(&arg, &value()?)?,
            "--proposals" => options.bounds.proposals = few(&arg, &value()?)?,
            "--heartbeats" => options.bounds.heartbeats = few(&arg, &value()?)?,
            "--crashes" => options.bounds.crashes = few(&arg, &value()?)?,
            "--duplicates" => options.bounds.duplicates = few(&arg, &value()?)?,
            "--inflight" => options.bounds.inflight = number(&arg, &value()?)? as usize,
            "--seconds" => options.bounds.seconds_max = number(&arg, &value()?)?,
            "--mutants" => options.mutants = true,
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    if options.mutants && options.seeds == (0..0) {
        options.seeds = 0..2000;
    }
    if !(1..=7).contains(&options.bounds.servers) {
        return Err("--servers takes 1 to 7".into());
    }
    if options.seeds.is_empty() && !options.search {
        return Err("say which seeds: --seed S or --seeds A..B".into());
    }
    Ok(options)
}

fn number(option: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{option} takes a number, not {text}"))
}

fn few(option: &str, text: &str) -> Result<u8, String> {
    text.parse()
        .map_err(|_| format!("{option} takes a number up to 255, not {text}"))
}

fn range(option: &str, text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| format!("{option} takes A..B, not {text}"))?;
    Ok(number(option, from)?..number(option, to)?)
}

fn main() -> ExitCode {
    silence_panics();
    match parse(std::env::args().skip(1)) {
        Ok(options) => match put_back(&options) {
            Ok(()) if options.mutants => hunt_mutants(&options),
            Ok(()) if options.search => run_search(&options.bounds),
            Ok(()) => run(&options),
            Err(text) => {
                eprintln!("{text}");
                ExitCode::from(2)
            }
        },
        Err(text) => {
            eprintln!("{text}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> ExitCode {
    let steps_max = options.steps.unwrap_or(u64::MAX);
    if options.trace && options.lab {
        return trace_lab(options);
    }
    if options.trace {
        let (lines, violation) = report::transcript(options.seeds.start, steps_max);
        lines.iter().for_each(|line| println!("{line}"));
        return if violation.is_some() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        };
    }
    if options.lab {
        return run_lab(options);
    }
    let start = Instant::now();
    let summary = run_seeds(options.seeds.clone(), jobs(options), false, |seed| {
        run_seed(seed, steps_max)
    });
    println!("{}", report::summary(&summary, start.elapsed().as_secs_f64()));
    let Some(failure) = summary.failures.first() else {
        return ExitCode::SUCCESS;
    };
    let mutant = options
        .mutant
        .as_ref()
        .map_or(String::new(), |name| format!(" --mutant {name}"));
    let steps = options.steps.map_or(String::new(), |steps| format!(" --steps {steps}"));
    let command = format!("pontoon-sim{mutant} --seed {}{steps}", failure.seed);
    println!("\n{}", report::failure(failure, &command, steps_max));
    ExitCode::FAILURE
}

fn run_search(bounds: &Bounds) -> ExitCode {
    let start = Instant::now();
    let found = search(bounds);
    let end = if found.complete {
        "nothing is left within the bounds"
    } else {
        "stopped"
    };
    let seconds = start.elapsed().as_secs_f64();
    println!("{bounds:?}");
    println!("{} states, depth {}, {seconds:.1} s: {end}", found.states, found.depth);
    let Some((violation, lines)) = found.violation else {
        return ExitCode::SUCCESS;
    };
    println!("\nVIOLATION {violation}\nThe shortest way there:");
    lines.iter().for_each(|line| println!("  {line}"));
    ExitCode::FAILURE
}

fn jobs(options: &Options) -> usize {
    options
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(feature = "mutants")]
fn put_back(options: &Options) -> Result<(), String> {
    options.mutant.as_deref().map_or(Ok(()), pontoon_sim::mutants::put_back)
}

#[cfg(feature = "mutants")]
fn hunt_mutants(options: &Options) -> ExitCode {
    let survivors = pontoon_sim::mutants::hunt(options.mutant.as_deref(), &options.seeds, jobs(options));
    match survivors.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            println!("survived: {}", survivors.join(", "));
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "mutants"))]
const WITHOUT: &str = "mutants are compiled only with: cargo run --release -p pontoon-sim --features mutants";

#[cfg(not(feature = "mutants"))]
fn put_back(options: &Options) -> Result<(), String> {
    options.mutant.as_ref().map_or(Ok(()), |_| Err(WITHOUT.into()))
}

#[cfg(not(feature = "mutants"))]
fn hunt_mutants(_: &Options) -> ExitCode {
    eprintln!("{WITHOUT}");
    ExitCode::from(2)
}

fn run_lab(options: &Options) -> ExitCode {
    let start = Instant::now();
    let filter = options.test.as_deref().unwrap_or("");
    let result = lab::run_tests(options.seeds.clone(), jobs(options), filter);
    print!("{}", result.table);
    println!("{}", report::summary(&result.summary, start.elapsed().as_secs_f64()));
    let (Some(failure), Some(test)) = (result.summary.failures.first(), result.failed) else {
        return ExitCode::SUCCESS;
    };
    println!("\nFAILED {test}, seed {}: {}", failure.seed, failure.violation);
    println!(
        "replay: pontoon-sim --lab --seed {} --test {test} --trace",
        failure.seed
    );
    ExitCode::FAILURE
}

fn trace_lab(options: &Options) -> ExitCode {
    let name = options.test.as_deref().unwrap_or("");
    let Some(test) = lab::TESTS.iter().find(|test| test.name == name) else {
        let names: Vec<&str> = lab::TESTS.iter().map(|test| test.name).collect();
        eprintln!("--test must name one test: {}", names.join(", "));
        return ExitCode::from(2);
    };
    let outcome = lab::run_lab(test, options.seeds.start, true);
    outcome.lines.iter().for_each(|line| println!("{line}"));
    match outcome.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("FAILED {name}: {violation}");
            ExitCode::FAILURE
        }
    }
}
