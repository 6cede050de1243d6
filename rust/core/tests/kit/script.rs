//! Scripts: one command a line, each followed by what it brings about.
//!
//! ```text
//! # A comment.
//! > cluster 3 timeouts=300,400,500 inflight=4
//! > disk 1 t2 vote=3 snapshot=2@1:"ab" log=1:c 2:d
//! > advance 300
//!     the transcript, indented
//! ```

use std::str::FromStr;

use pontoon_core::*;

use super::cluster::{Cluster, Point, Which};
use super::entries;

/// The script with its transcripts as they now are.
pub fn run(script: &str) -> String {
    super::activate_mutant();
    let mut cluster = Cluster::new(Vec::new());
    let mut out = String::new();
    for line in script.lines().filter(|line| !line.starts_with("    ")) {
        out += line;
        out.push('\n');
        let Some(command) = line.strip_prefix("> ") else {
            assert!(
                line.is_empty() || line.starts_with('#'),
                "neither command nor comment: {line}"
            );
            continue;
        };
        let words: Vec<&str> = command.split_whitespace().collect();
        execute(&mut cluster, &words).unwrap_or_else(|why| panic!("{line}: {why}"));
        for line in cluster.lines.drain(..) {
            out += &format!("    {line}\n");
        }
    }
    out
}

fn execute(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    let some = |count: usize| {
        if count > 0 {
            Ok(())
        } else {
            Err("no such message is under way".to_string())
        }
    };
    match words {
        ["cluster", count, options @ ..] => *cluster = Cluster::new(configs(number(count)?, options)?),
        ["disk", id, rest @ ..] => cluster.set_disk(number(id)?, disk(rest)?),
        ["advance", ms] => cluster.advance(number(ms)?),
        ["run", ms] => cluster.run(number(ms)?),
        ["starve", ms] => cluster.starve(number(ms)?),
        ["propose", id, commands @ ..] => {
            let id = number(id)?;
            commands.iter().for_each(|command| cluster.propose(id, command));
        }
        ["snapshot", id, index, data] => cluster.snapshot(number(id)?, number(index)?, data),
        ["deliver"] => drop(cluster.deliver(Which::All)),
        ["deliver", rest @ ..] => for_each(rest, |which| some(cluster.deliver(which)))?,
        ["drop", rest @ ..] => for_each(rest, |which| some(cluster.lose(which, false)))?,
        ["undelivered", rest @ ..] => for_each(rest, |which| some(cluster.lose(which, true)))?,
        ["duplicate", rest @ ..] => for_each(rest, |which| some(cluster.duplicate(which)))?,
        ["delay", rest @ ..] => for_each(rest, |which| some(cluster.hold(which)))?,
        ["release"] => cluster.release(),
        ["partition", one, "|", other] => cluster.cut(&ids(one)?, &ids(other)?),
        ["heal"] => cluster.heal(),
        ["crash", id] => cluster.crash(number(id)?),
        ["crash", id, "before", "persist"] => cluster.crash_at(number(id)?, Point::BeforePersist),
        ["crash", id, "before", "send"] => cluster.crash_at(number(id)?, Point::BeforeSend),
        ["crash", id, "after", "send"] => cluster.crash_at(number(id)?, Point::AfterSend),
        ["restart", id] => cluster.restart(number(id)?),
        ["stall", id] => cluster.stall(number(id)?),
        ["unstall", id] => cluster.unstall(number(id)?),
        ["status"] => cluster.status(),
        ["quietly", rest @ ..] => {
            execute(cluster, rest)?;
            cluster.lines.clear();
        }
        _ => return Err("no such command".to_string()),
    }
    Ok(())
}

fn number<T: FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} is not a number"))
}

/// `1,2` or `1`
fn ids(word: &str) -> Result<Vec<NodeId>, String> {
    word.split(',').map(number).collect()
}

fn for_each(words: &[&str], mut act: impl FnMut(Which) -> Result<(), String>) -> Result<(), String> {
    match words {
        [] => act(Which::All),
        _ => words.iter().try_for_each(|word| act(which(word)?)),
    }
}

/// `m3`, `1->2`, `*->2`
fn which(word: &str) -> Result<Which, String> {
    if let Some(digits) = word.strip_prefix('m') {
        return Ok(Which::Number(number(digits)?));
    }
    let (from, to) = word.split_once("->").ok_or("a message is m3 or 1->2")?;
    let end = |word: &str| match word {
        "*" => Ok(None),
        _ => number(word).map(Some),
    };
    Ok(Which::Link(end(from)?, end(to)?))
}

/// Timeouts are fixed, so that a script knows who stands first.
fn configs(count: u64, options: &[&str]) -> Result<Vec<Config>, String> {
    let mut shared = Config::lab(1, (1..=count).collect(), 1);
    let mut timeouts: Vec<u64> = (3..3 + count).map(|hundreds| hundreds * 100).collect();
    for option in options {
        let (key, value) = option.split_once('=').ok_or("an option is key=value")?;
        match key {
            "timeouts" => timeouts = ids(value)?,
            "profile" => {
                shared.profile = if value == "service" {
                    Profile::Service
                } else {
                    Profile::Lab
                }
            }
            "inflight" => shared.max_inflight = number(value)?,
            "append_bytes" => shared.max_append_bytes = number(value)?,
            "chunk" => shared.snapshot_chunk_bytes = number(value)?,
            "coalesce" => shared.coalesce_ms = number(value)?,
            _ => return Err(format!("no option is called {key}")),
        }
    }
    let config = |(id, timeout_ms)| Config {
        id,
        election_timeout_ms_min: timeout_ms,
        election_timeout_ms_max: timeout_ms + 1,
        ..shared.clone()
    };
    Ok((1..=count).zip(timeouts).map(config).collect())
}

/// `t2 vote=3 snapshot=2@1:ab log=1:c 2:d`
fn disk(words: &[&str]) -> Result<Restored, String> {
    let mut restored = Restored::default();
    for (at, word) in words.iter().enumerate() {
        if let Some(first) = word.strip_prefix("log=") {
            restored.entries = entries(&[&[first], &words[at + 1..]].concat().join(" "));
            break;
        } else if let Some(vote) = word.strip_prefix("vote=") {
            restored.hard_state.voted_for = Some(number(vote)?);
        } else if let Some(snapshot) = word.strip_prefix("snapshot=") {
            let (position, data) = snapshot.split_once(':').ok_or("a snapshot is index@term:data")?;
            let (index, term) = position.split_once('@').ok_or("a position is index@term")?;
            restored.snapshot = Some(Snapshot {
                index: number(index)?,
                term: number(term)?,
                data: data.into(),
            });
        } else if let Some(term) = word.strip_prefix('t') {
            restored.hard_state.term = number(term)?;
        } else {
            return Err(format!("{word} is not part of a disk"));
        }
    }
    Ok(restored)
}
