//! The command line: what it takes, and how it ends.

use std::process::{Command, Output};

fn sim(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pontoon-sim"));
    command.args(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn good_seeds_end_well_and_say_so() {
    let output = sim(&["--seeds", "0..3", "--jobs", "2"]);
    assert!(output.status.success());
    let said = text(&output.stdout);
    for word in [
        "3 seeds",
        "simulated hours",
        "cluster-hours",
        "elections",
        "crashes",
        "messages",
    ] {
        assert!(said.contains(word), "{word} is missing: {said}");
    }
    assert!(sim(&["--seed", "1", "--steps", "1000"]).status.success());
    let transcript = text(&sim(&["--seed", "1", "--trace", "--steps", "2000"]).stdout);
    assert!(transcript.contains("stands for term 1"), "{transcript}");
}

#[test]
fn a_lab_test_runs_by_name() {
    let output = sim(&["--lab", "--seeds", "0..2", "--test", "BasicAgree"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("BasicAgree"));
}

#[test]
fn what_makes_no_sense_is_told() {
    let cases: [(&[&str], &str); 6] = [
        (&[], "say which seeds"),
        (&["--seed"], "--seed needs a value"),
        (&["--seed", "x"], "--seed takes a number, not x"),
        (&["--seeds", "3"], "--seeds takes A..B, not 3"),
        (&["--fast"], "unknown option --fast"),
        (&["--lab", "--seed", "1", "--trace"], "--test must name one test"),
    ];
    for (args, told) in cases {
        let output = sim(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            text(&output.stderr).contains(told),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
}
