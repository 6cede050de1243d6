//! Puts every deliberate bug back and expects the tests to notice: each by a
//! test of one rule, most by the random schedules too. The switch is one per
//! process, so this binary holds those tests as well and runs itself.
#![cfg(feature = "mutants")]

use std::collections::BTreeSet;
use std::process::Command;

use pontoon_core::mutant::ALL;

mod kit;

#[path = "paper/append_entries.rs"]
mod append_entries;
#[path = "paper/elections.rs"]
mod elections;
#[path = "paper/install_snapshot.rs"]
mod install_snapshot;
#[path = "paper/leaders.rs"]
mod leaders;
#[path = "paper/persistence.rs"]
mod persistence;
#[path = "paper/pipeline.rs"]
mod pipeline;
#[path = "paper/replication.rs"]
mod replication;
#[path = "paper/request_vote.rs"]
mod request_vote;
#[path = "paper/servers.rs"]
mod servers;
#[path = "paper/snapshots.rs"]
mod snapshots;
#[path = "paper/traps.rs"]
mod traps;

/// Seeds within which a random schedule has to notice.
const SEEDS: u64 = 300;

/// The bug, the test that notices it, and whether random schedules do.
#[rustfmt::skip]
const NOTICED: &[(&str, &str, bool)] = &[
    ("commit-old-term", "leaders::leaders_commit_older_terms_only_along_with_their_own", true),
    ("timer-on-any-message", "servers::nothing_else_resets_the_election_timeout", false),
    ("truncate-on-outdated", "pipeline::rule_23_a_reordered_shorter_append_cuts_nothing", true),
    ("vote-not-persisted", "persistence::rule_1_term_and_vote_are_written_together", true),
    ("term-not-persisted", "persistence::rule_1_a_new_term_alone_is_written", true),
    ("log-not-persisted", "persistence::rule_3_the_acknowledgement_waits_for_term_and_entries", true),
    ("vote-for-any-log", "request_vote::receiver_2_the_longer_log_of_the_same_term_wins", true),
    ("vote-by-length-only", "request_vote::receiver_2_the_later_last_term_wins", true),
    ("vote-twice", "request_vote::receiver_2_a_second_candidate_of_the_term_gets_none", true),
    ("count-stale-vote", "servers::candidates_count_only_votes_of_this_term", true),
    ("commit-without-quorum", "pipeline::rule_27_a_majority_is_more_than_half_in_any_order", true),
    ("commit-own-last-index", "append_entries::receiver_5_only_the_verified_part_is_committed", false),
    ("ack-own-last-index", "append_entries::success_reports_what_the_message_covered", true),
    ("skip-consistency-check", "append_entries::receiver_2_another_term_at_prev_is_refused", true),
    ("keep-conflicting", "append_entries::receiver_3_a_conflicting_entry_and_all_after_it_go", true),
    ("keep-log-on-install", "traps::rule_33_a_contradicted_suffix_does_not_come_back", true),
    ("install-old-snapshot", "install_snapshot::an_old_snapshot_is_ignored", true),
    ("count-self-early", "persistence::rule_5_the_leader_counts_itself_after_its_write", true),
    ("stay-leader", "servers::all_servers_follow_a_higher_term", true),
    ("forget-vote-on-follow", "persistence::rule_2_stepping_down_in_the_same_term_keeps_the_vote", true),
    ("reply-early", "persistence::rule_3_the_acknowledgement_waits_for_term_and_entries", true),
    ("stable-when-overwritten", "persistence::rule_4_an_overwritten_entry_does_not_make_the_new_one_durable", true),
    ("deliver-before-durable", "persistence::rule_6_delivery_does_not_run_ahead_of_the_disk", true),
    ("count-stale-ack", "traps::rule_12_an_acknowledgement_of_an_older_term_does_not_count", false),
    ("candidate-stays", "servers::candidates_follow_a_leader_of_their_term", false),
    ("allow-two-leaders", "traps::rule_15_a_follower_that_hears_two_leaders_panics", false),
    ("lone-server-waits", "elections::a_lone_server_elects_itself_and_commits", false),
    ("match-falls", "pipeline::rule_26_a_late_acknowledgement_does_not_lower_the_match", true),
    ("unsorted-match", "pipeline::rule_27_a_majority_is_more_than_half_in_any_order", true),
    ("trust-hint", "pipeline::rule_28_small_batches_still_reach_the_conflict", true),
    ("gap-in-pipeline", "pipeline::rule_29_pipelined_messages_are_contiguous", true),
    ("never-fall-back", "pipeline::rule_30_a_broken_pipeline_falls_back", true),
    ("count-lost-follower", "pipeline::rule_31_a_follower_that_lost_its_log_is_not_counted", false),
    ("silent-when-full", "pipeline::rule_32_a_full_pipeline_does_not_silence_the_leader", false),
    ("discard-matching-log", "install_snapshot::receiver_6_a_matching_log_is_kept", false),
    ("boundary-term-lost", "snapshots::the_entry_before_the_log_is_known_from_the_snapshot", true),
    ("heartbeat-aborts-transfer", "traps::rule_36_appends_do_not_abort_a_transfer", false),
    ("compact-under-transfer", "snapshots::the_log_after_a_snapshot_under_way_is_kept", false),
    ("noop-in-lab", "traps::rule_57_commands_have_consecutive_indexes_from_1", false),
    ("accept-stale-leader", "append_entries::receiver_1_an_older_term_is_refused", true),
    ("fixed-timeout", "elections::election_timeouts_are_random_in_the_interval", true),
];

/// What the random test does, with fewer words. Without a bug it passes.
#[test]
fn random_schedules() {
    (0..SEEDS).for_each(|seed| kit::schedule::run(seed, false));
}

#[test]
fn every_mutant_is_noticed() {
    let known: BTreeSet<&str> = ALL.iter().map(|(name, _)| *name).collect();
    let listed: BTreeSet<&str> = NOTICED.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(known, listed, "every mutant has its line here");
    let mut survivors = Vec::new();
    for (mutant, test, random) in NOTICED {
        let tests = [Some(*test), random.then_some("random_schedules")];
        for test in tests.into_iter().flatten().filter(|test| !fails_with(mutant, test)) {
            survivors.push(format!("{mutant} passes {test}"));
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// Whether one test of this binary, which passes as it is, fails with the bug.
fn fails_with(mutant: &str, test: &str) -> bool {
    let own = std::env::current_exe().expect("the path of this binary");
    let run = Command::new(own)
        .args(["--exact", test])
        .env("PONTOON_MUTANT", mutant)
        .output();
    let output = String::from_utf8_lossy(&run.expect("this binary can be run").stdout).into_owned();
    assert!(output.contains("running 1 test"), "no test is called {test}:\n{output}");
    assert!(!output.contains("no mutant is called"), "{output}");
    output.contains("test result: FAILED. 0 passed; 1 failed")
}
