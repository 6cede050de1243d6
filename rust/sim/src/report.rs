//! What people read: summaries, and failures as transcripts.

use std::fmt::Write;

use crate::cluster::Stats;
use crate::invariant::{Violation, name};
use crate::plan::{Fault, MessageFaults, Mishap, Plan, Setup, Trouble, Who};
use crate::run::{Failure, Summary};
use crate::shrink;

/// Lines of a transcript that are printed; all of them with `--trace`.
const LINES_MAX: usize = 150;

/// The summary of many runs, on a few lines.
pub fn summary(summary: &Summary, wall_seconds: f64) -> String {
    let Stats {
        steps,
        simulated_us,
        elections,
        crashes,
        damages,
        messages,
        entries,
        installs,
        operations,
        ..
    } = summary.stats;
    let hours = simulated_us as f64 / 3.6e9;
    let per_minute = hours / wall_seconds * 60.0;
    format!(
        "{} seeds: {hours:.2} simulated hours in {wall_seconds:.1} s, {per_minute:.0} cluster-hours a wall minute\n\
         {elections} elections, {crashes} crashes ({damages} amid a write), {messages} messages, {entries} entries committed, \
         {operations} operations answered, {installs} snapshots installed, {steps} events\n\
         trace {:016x}",
        summary.seeds, summary.hash
    )
}

/// A failure: what does not hold, how to replay it, and the least that leads to it.
pub fn failure(failure: &Failure, command: &str, steps_max: u64) -> String {
    let Failure { seed, violation } = failure;
    let mut text = format!("FAILED seed {seed}: {violation}\nreplay: {command}\n");
    let (plan, outcome) = shrink::minimise(&Plan::of_seed(*seed), violation.property, steps_max);
    let _ = write!(text, "\nThe least that leads to it:\n{}", describe(&plan));
    if let Some(violation) = &outcome.violation {
        let _ = writeln!(
            text,
            "
Its end, heartbeats left out (all of it for a seed: --trace):"
        );
        text += &last_lines(&outcome.lines, LINES_MAX);
        let _ = writeln!(text, "\n{violation}");
    } else {
        text += "\n(the smaller run passes in words: look at the full one)\n";
    }
    text
}

/// The last lines, less what is said all the time before the very end.
fn last_lines(lines: &[String], count: usize) -> String {
    const END: usize = 30;
    let (before, end) = lines.split_at(lines.len().saturating_sub(END));
    let routine = |line: &&String| line.contains(": [], commit") || line.contains("outcome: Success");
    let kept: Vec<&String> = before.iter().filter(|line| !routine(line)).chain(end).collect();
    let mut text = String::new();
    for line in &kept[kept.len().saturating_sub(count)..] {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The whole transcript of a seed, and what was violated.
pub fn transcript(seed: u64, steps_max: u64) -> (Vec<String>, Option<Violation>) {
    let plan = Plan::of_seed(seed);
    let outcome = crate::scenario::simulate(&plan, steps_max, true);
    let mut lines: Vec<String> = describe(&plan).lines().map(str::to_owned).collect();
    lines.extend(outcome.lines);
    (lines, outcome.violation)
}

fn describe(plan: &Plan) -> String {
    let mut text = describe_setup(&plan.setup);
    for Fault { at_us, trouble } in &plan.faults {
        let _ = writeln!(
            text,
            "  at {:>10.3} ms  {}",
            *at_us as f64 / 1000.0,
            describe_trouble(trouble)
        );
    }
    match &plan.messages {
        MessageFaults::Drawn => {}
        MessageFaults::Listed(list) => {
            for fault in list {
                let (from, to) = (name(fault.from), name(fault.to));
                let _ = writeln!(
                    text,
                    "  message {} from {from} to {to} {}",
                    fault.nth,
                    describe_mishap(fault.mishap)
                );
            }
        }
    }
    let _ = writeln!(text, "  at {:>10.3} ms  all faults end", plan.calm_us as f64 / 1000.0);
    text
}

fn describe_setup(setup: &Setup) -> String {
    let Setup {
        servers,
        profile,
        election_ms,
        heartbeat_ms,
        ..
    } = setup;
    format!(
        "  {servers} servers, {profile:?}, election timeout {}..{} ms, heartbeat {heartbeat_ms} ms, \
         coalesce {} ms, {} in flight of {} bytes, pieces of {} bytes\n  \
         latency {:?} us, write {:?} us, done {:?} us, wake {:?} us, apply {:?} us, late {:?} us, {} clients, snapshot every {:?}\n",
        election_ms.0,
        election_ms.1,
        setup.coalesce_ms,
        setup.max_inflight,
        setup.max_append_bytes,
        setup.chunk_bytes,
        setup.latency_us,
        setup.write_us,
        setup.done_us,
        setup.wake_us,
        setup.apply_us,
        setup.late_us,
        setup.clients,
        setup.snapshot_every
    )
}

fn describe_who(who: Who) -> String {
    match who {
        Who::Server(at) => name(at),
        Who::LeaderOr(at) => format!("the leader (or {})", name(at)),
    }
}

fn servers(mask: u32) -> String {
    let names: Vec<String> = (0..8).filter(|at| mask >> at & 1 == 1).map(name).collect();
    names.join(" ")
}

fn describe_mishap(mishap: Mishap) -> String {
    match mishap {
        Mishap::Lost => "is lost".into(),
        Mishap::Duplicated { after_us } => format!("arrives again {} us later", after_us),
        Mishap::Delayed { by_us } => format!("is {by_us} us late"),
        Mishap::Misreported { after_us } => format!("is said to be lost after {after_us} us, and arrives"),
    }
}

fn describe_trouble(trouble: &Trouble) -> String {
    let ms = |us: u64| format!("{:.3} ms", us as f64 / 1000.0);
    match *trouble {
        Trouble::Crash { who, point, down_us } => {
            format!("{} is to crash ({point:?}) for {}", describe_who(who), ms(down_us))
        }
        Trouble::PowerLoss { down_us } => format!("all crash, for up to {}", ms(down_us)),
        Trouble::Partition { who, with, for_us } => {
            format!(
                "{} with [{}] cut off for {}",
                describe_who(who),
                servers(with),
                ms(for_us)
            )
        }
        Trouble::OneWay {
            who,
            to,
            inbound,
            for_us,
        } => {
            let way = if inbound { "to it from" } else { "from it to" };
            format!(
                "{}: nothing passes {way} [{}] for {}",
                describe_who(who),
                servers(to),
                ms(for_us)
            )
        }
        Trouble::Weather { weather, for_us } => format!("{weather:?} for {}", ms(for_us)),
        Trouble::Pause { who, for_us } => format!("{} stands still for {}", describe_who(who), ms(for_us)),
        Trouble::ClockJump { who, by_us } => format!("the clock of {} jumps by {}", describe_who(who), ms(by_us)),
        Trouble::ClockRate { who, ppm, for_us } => {
            format!(
                "the clock of {} gains {ppm} us a second for {}",
                describe_who(who),
                ms(for_us)
            )
        }
        Trouble::SlowDisk { who, extra_us, for_us } => {
            format!(
                "writes of {} take {} more for {}",
                describe_who(who),
                ms(extra_us),
                ms(for_us)
            )
        }
        Trouble::Burst { commands } => format!("{commands} commands at once for everybody who leads"),
        Trouble::Amnesia { who, entries, down_us } => {
            let who = describe_who(who);
            format!(
                "{who} crashes and loses its last {entries} entries, for {}",
                ms(down_us)
            )
        }
        Trouble::Impostor { who, down_us } => {
            let who = describe_who(who);
            format!("{who} hears of a second leader, and is gone for {}", ms(down_us))
        }
        Trouble::Snapshot { who } => format!("{} takes a snapshot", describe_who(who)),
    }
}
